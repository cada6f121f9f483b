/** Owns the execution of operations where one is needed, with answers that Postgres wrote in it, and how such an answer becomes JSON. */
import { execute, type DocumentNode, type ExecutionResult, type GraphQLSchema, type OperationDefinitionNode } from "graphql";
import { answeredPlainly } from "./plain-query.js";
import { project } from "./projected-query.js";
import type { RequestContext } from "./request.js";
import { withTwins, Written } from "./twin-schema.js";

/** Executes operations on `schema`, with the answers of such fields written by Postgres. */
export function projectingExecutor(schema: GraphQLSchema, maxCoercionErrors: number) {
  const twins = withTwins(schema);
  return async (executable: Executable): Promise<ExecutionResult> => {
    const plain = answeredPlainly(schema, executable);
    if (plain) return plain;
    const { document, operation, request, context } = executable;
    const { caller } = context;
    const variables = request.variables ?? {};
    const written = caller && operation && project(schema, document, operation, caller, variables);
    return execute({
      schema: written ? twins : schema,
      document: written ?? document,
      operationName: request.operationName ?? null,
      variableValues: variables,
      contextValue: context,
      options: { maxCoercionErrors },
    });
  };
}

/** What Apollo Server hands over to be executed. */
export interface Executable {
  document: DocumentNode;
  /** Absent where the document has none of that name; the execution then says so. */
  operation?: OperationDefinitionNode | undefined;
  request: { variables?: Record<string, unknown> | undefined; operationName?: string | undefined };
  context: RequestContext;
}

/** An answer as JSON; what Postgres wrote stays as it is. */
export function stringifyAnswer(answer: { data?: unknown }): string {
  const { data } = answer;
  if (typeof data !== "object" || data === null || !Object.values(data).some(isWritten)) return JSON.stringify(answer);
  const members = Object.entries(answer).flatMap(([name, value]) => (value === undefined ? [] : [`${JSON.stringify(name)}:${name === "data" ? stringifyData(data) : JSON.stringify(value)}`]));
  return `{${members.join()}}`;
}

const isWritten = (value: unknown): boolean => value instanceof Written || (Array.isArray(value) && value.some((one) => one instanceof Written));

function stringifyData(data: object): string {
  return `{${Object.entries(data).map(([name, value]) => `${JSON.stringify(name)}:${stringifyField(value)}`).join()}}`;
}

function stringifyField(value: unknown): string {
  if (value instanceof Written) return value.text;
  return isWritten(value) ? `[${(value as unknown[]).map(stringifyField).join()}]` : JSON.stringify(value);
}
