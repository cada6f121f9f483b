/** Owns the numbers that bound one GraphQL document, and the refusal of what is above them. What is counted, and how, is `document-limits.ts` and `cost.ts`; bytes and seconds are the server's. */
import { GraphQLError, type ASTNode } from "graphql";
import type { FaultCode } from "./fault.js";

/** What one GraphQL request may ask for. Everything counts per operation with its fragments expanded, tokens excepted. */
export interface Limits {
  /** Lexical tokens of the document, for graphql-js' parser. Also what bounds every recursion over the document. */
  readonly maxTokens: number;
  /** Fields on the longest path from the root to a leaf; `__schema` and `__type` count as leaves. */
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxDirectives: number;
  /** Fields directly on Query, Mutation or Subscription. */
  readonly maxRootFields: number;
  /** Fields, inline fragments and spreads, for Apollo Server's own rule. */
  readonly maxRecursiveSelections: number;
  /** Units of `operationCost`. */
  readonly maxCost: number;
  /** Entries in one `_entities(representations:)`. */
  readonly maxRepresentations: number;
  /** Lists and objects inside each other in the variables; what reads or prints them may then recurse. */
  readonly maxVariableDepth: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxTokens: 1_500,
  maxDepth: 15,
  maxAliases: 20,
  maxDirectives: 20,
  maxRootFields: 10,
  maxRecursiveSelections: 2_000,
  maxCost: 5_000,
  maxRepresentations: 100,
  maxVariableDepth: 50,
};

/** Sums stop here, at the largest GraphQL Int: beyond it the exact number helps nobody and doubles would lose digits. */
export const CEILING = 2_147_483_647;

/** `value`, or the largest number that is counted to. */
export function saturate(value: number): number {
  return Math.min(value, CEILING);
}

/** The refusal of a request that is too large. It names the bound and the number, and nothing the caller wrote. */
export function limitExceeded(what: string, value: number, limit: number, node?: ASTNode): GraphQLError {
  return new GraphQLError(`${what} ${value} exceeds the limit of ${limit}`, {
    nodes: node,
    extensions: { code: "LIMIT_EXCEEDED" satisfies FaultCode, http: { status: 400 } },
  });
}
