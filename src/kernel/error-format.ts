/** Owns the GraphQL face of failures: which code, which words and which details reach the caller. Statuses are `http-status.ts`, log lines `operation-log.ts`. */
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { Fault, type FaultCode } from "./fault.js";
import { validationWords } from "./validation-words.js";

/** What GraphQL and its transport refuse by themselves; with {@link FaultCode} every code that an answer can carry. */
export const GRAPHQL_CODES = [
  "BAD_REQUEST",
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "PERSISTED_QUERY_NOT_SUPPORTED",
] as const;

export type GraphqlCode = (typeof GRAPHQL_CODES)[number];
export type ErrorCode = FaultCode | GraphqlCode;

export const INTERNAL_MESSAGE = "Something went wrong on our side";

/** The body of an answer that is one error, for what is refused before there is an operation. */
export function errorBody(message: string, code: ErrorCode, more: { reference?: string; retryable?: true } = {}) {
  return { errors: [{ message, extensions: { code, ...more } }] };
}

/** What a fault tells its caller besides the message. */
export function publicExtensions({ code, field, retryable }: Fault): { code: FaultCode; field?: string; retryable?: true } {
  return { code, ...(field !== undefined && { field }), ...(retryable && { retryable }) };
}

/** Errors of graphql-js that carry no code although the sender caused them; everything else without a code is ours. */
const CAUSED_BY_SENDER: readonly [RegExp, ErrorCode][] = [
  [/^Argument "/, "BAD_USER_INPUT"],
  [/^Too many errors processing variables/, "BAD_USER_INPUT"],
  [/^Schema is not configured to execute /, "BAD_REQUEST"],
];

/** What was thrown, below the error that Apollo Server reports. */
export function originalOf(error: GraphQLError): Error {
  return error.originalError ?? error;
}

/** The code of any error that Apollo Server reports; INTERNAL_SERVER_ERROR for what is our failure. */
export function codeOf(error: GraphQLError): string {
  const original = originalOf(error);
  if (original instanceof Fault) return original.code;
  const code = error.extensions["code"];
  if (code !== undefined) return String(code);
  const known = original instanceof GraphQLError ? CAUSED_BY_SENDER.find(([pattern]) => pattern.test(original.message)) : undefined;
  return known?.[1] ?? "INTERNAL_SERVER_ERROR";
}

/**
 * Apollo's `formatError`: only faults and GraphQL's own errors get through, and nothing that the sender wrote is quoted back,
 * names included: answers end up in logs and screens of routers, and anything may have been pasted into a request.
 */
export function formatError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
  const { locations, path } = formatted;
  const place = { ...(locations && { locations }), ...(path && { path }) };
  const original = thrown instanceof GraphQLError ? originalOf(thrown) : thrown;
  const { reference, field } = (formatted.extensions ?? {}) as { reference?: string; field?: string };
  if (original instanceof Fault) {
    return { message: original.message, ...place, extensions: { ...publicExtensions(original), ...(reference !== undefined && { reference }) } };
  }
  const code = thrown instanceof GraphQLError ? codeOf(thrown) : "INTERNAL_SERVER_ERROR";
  switch (code) {
    case "LIMIT_EXCEEDED":
    case "BAD_REQUEST":
    case "PERSISTED_QUERY_NOT_SUPPORTED":
      return { message: formatted.message, ...place, extensions: { code } };
    case "OPERATION_RESOLUTION_FAILURE":
      return { message: operationWords(formatted.message), ...place, extensions: { code } };
    case "GRAPHQL_PARSE_FAILED":
      return { message: "The document is not valid GraphQL", ...place, extensions: { code } };
    case "GRAPHQL_VALIDATION_FAILED":
      return { message: validationWords(formatted.message), ...place, extensions: { code } };
    case "BAD_USER_INPUT":
      if (field !== undefined) return { message: formatted.message, ...place, extensions: { code, field } };
      return { ...badValue(formatted.message), ...place };
    default:
      return { message: INTERNAL_MESSAGE, ...place, extensions: { code: "INTERNAL_SERVER_ERROR", ...(reference !== undefined && { reference }) } };
  }
}

function operationWords(message: string): string {
  if (message.startsWith("Unknown operation named")) return "The document has no operation of that name";
  return message.startsWith("Must provide operation name") ? "The document has several operations: say which in operationName" : "The document has no operation";
}

/** `Variable "$input" got invalid value "…" at "input.name"; …`: the place is kept, the value is not. */
function badValue(message: string): GraphQLFormattedError {
  const [, name] = /^(?:Variable "\$|Argument ")(\w{1,100})"/.exec(message) ?? [];
  // A value may contain such an "at" too, but only in quotation marks of its own or as a name; it must at least start like ours.
  const [, path] = /^Variable "\$(?:\w+)" got invalid value .*? at "([\w.[\]]{1,200})"; /s.exec(message) ?? [];
  const field = path !== undefined && /^\w+/.exec(path)?.[0] === name ? path : name;
  return {
    message: field === undefined ? "An input value is not valid" : `The value of ${field} is not valid`,
    extensions: { code: "BAD_USER_INPUT", ...(field !== undefined && { field }) },
  };
}
