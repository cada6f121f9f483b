/** Owns the graph that Retraced's clients ask: one query in their words. It is no part of the registry's own, and answers whole or not at all. */
import { buildSchema, execute, GraphQLError, NoSchemaIntrospectionCustomRule, parse, specifiedRules, validate, type DocumentNode, type ExecutionResult } from "graphql";
import { documentLimits } from "../kernel/document-limits.js";
import { Fault } from "../kernel/fault.js";
import { DEFAULT_LIMITS } from "../kernel/limits.js";
import type { RetracedRequest } from "./retraced.callers.js";
import { search, type SearchArgs } from "./retraced.search.js";

const SCHEMA = buildSchema(`
  type Query {
    search(query: String!, first: Int, after: String, last: Int, before: String): EventsConnection
  }
  type EventsConnection {
    "At most ten thousand."
    totalCount: Int
    pageInfo: PageInfo!
    edges: [EventEdge!]!
  }
  type PageInfo {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
  }
  type EventEdge {
    cursor: String!
    node: EventNode!
  }
  type EventNode {
    id: String
    action: String
    crud: String
    description: String
    group: Group
    actor: Actor
    target: Target
    "Never there: there are no templates."
    display: Display
    received: String
    created: String
    canonical_time: String
    is_failure: Boolean
    is_anonymous: Boolean
    source_ip: String
    "Never there, like the next two: addresses are not looked up."
    country: String
    loc_subdiv1: String
    loc_subdiv2: String
    component: String
    version: String
    fields: [Field!]
    external_id: String
    metadata: [Field!]
  }
  type Group {
    id: String
    name: String
  }
  type Actor {
    id: String
    name: String
    href: String
    fields: [Field!]
  }
  type Target {
    id: String
    name: String
    href: String
    type: String
    fields: [Field!]
  }
  type Display {
    markdown: String
  }
  type Field {
    key: String
    value: String
  }
`);

/** Each search is two statements. */
const LIMITS = { ...DEFAULT_LIMITS, maxRootFields: 1 };
const RULES = [...specifiedRules, NoSchemaIntrospectionCustomRule, documentLimits(LIMITS)];

/**
 * The answer to one document.
 *
 * Faults  BAD_USER_INPUT for a body that is none, a document that cannot be read or asks for what is not there, and variables that do not
 *         fit it; LIMIT_EXCEEDED for one that is too large; those of {@link search}.
 */
export async function answerTo(asked: RetracedRequest, body: unknown): Promise<{ data: unknown }> {
  const { query, variables, operationName } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof query !== "string") throw new Fault("BAD_USER_INPUT", 'Send { "query": …, "variables": { … } }', { field: "query" });
  const result: ExecutionResult = await execute({
    schema: SCHEMA,
    document: documentFrom(query),
    rootValue: { search: (args: SearchArgs) => search(asked, args) },
    variableValues: typeof variables === "object" && variables !== null && !Array.isArray(variables) ? { ...variables } : {},
    operationName: typeof operationName === "string" ? operationName : null,
  });
  const [error] = result.errors ?? [];
  if (error?.originalError && !(error.originalError instanceof GraphQLError)) throw error.originalError;
  // The words of graphql-js would repeat values.
  if (error) throw new Fault("BAD_USER_INPUT", "The variables do not fit the document, or it has several operations and names none", { field: "variables" });
  return { data: result.data };
}

function documentFrom(query: string): DocumentNode {
  const document = parsed(query);
  const [error] = validate(SCHEMA, document, RULES, { maxErrors: 1 });
  if (error) throw new Fault(error.extensions["code"] === "LIMIT_EXCEEDED" ? "LIMIT_EXCEEDED" : "BAD_USER_INPUT", error.message, { field: "query" });
  return document;
}

function parsed(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: LIMITS.maxTokens, noLocation: true });
  } catch {
    throw new Fault("BAD_USER_INPUT", `The document is no GraphQL, or has more than ${LIMITS.maxTokens} tokens`, { field: "query" });
  }
}
