/** Owns the GraphQL face of failures: what reaches the caller, in which words, and what only reaches the log. */
import { HeaderMap, type ApolloServerPlugin } from "@apollo/server";
import { unwrapResolverError } from "@apollo/server/errors";
import { GraphQLError, type GraphQLFormattedError } from "graphql";
import { Fault, type FaultCode } from "./fault.js";
import { faultFromDatabase } from "./database-fault.js";
import type { RequestContext } from "./request.js";

const HTTP_STATUS: Partial<Record<FaultCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  DEADLINE_EXCEEDED: 503,
  UNAVAILABLE: 503,
};

/** Codes that GraphQL itself gives to a document or its variables; their messages quote the sender and are reworded. */
const REWORDED: Record<string, string> = {
  GRAPHQL_PARSE_FAILED: "The document is not valid GraphQL",
  GRAPHQL_VALIDATION_FAILED: "The document does not fit the schema",
};
const OWN_WORDS = new Set(["LIMIT_EXCEEDED", "OPERATION_RESOLUTION_FAILURE", "BAD_REQUEST", "PERSISTED_QUERY_NOT_SUPPORTED"]);

/** A failure before there is an operation (a bad token, say) as the error that Apollo turns into an HTTP answer. */
export function requestError(thrown: unknown, requestId: string): GraphQLError {
  const fault = faultFromDatabase(thrown);
  const known = fault instanceof Fault ? fault : new Fault("INTERNAL_SERVER_ERROR", INTERNAL, { internal: thrown });
  const status = HTTP_STATUS[known.code] ?? (known.code === "INTERNAL_SERVER_ERROR" ? 500 : 400);
  const headers = new HeaderMap();
  if (status === 401) headers.set("www-authenticate", 'Bearer error="invalid_token"');
  if (status === 503) headers.set("retry-after", "1");
  // Apollo reads a HeaderMap here; a gateway among the development dependencies declares the same member otherwise.
  const http: object = { status, headers };
  return new GraphQLError(known.message, {
    extensions: { ...publicExtensions(known), ...(status === 500 && { reference: requestId }), http },
    originalError: known,
  });
}

const INTERNAL = "Something went wrong on our side";

function publicExtensions({ code, field, retryable }: Fault): { code: FaultCode; field?: string; retryable?: boolean } {
  return { code, ...(field !== undefined && { field }), ...(retryable && { retryable }) };
}

/** Apollo's `formatError`: only faults and GraphQL's own errors get through, and no input is quoted back. */
export function formatError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
  const { locations, path } = formatted;
  const place = { ...(locations && { locations }), ...(path && { path }) };
  const original = unwrapResolverError(thrown);
  const code = String(formatted.extensions?.["code"]);
  if (original instanceof Fault) {
    const { http: _, ...extensions } = formatted.extensions ?? {};
    return { message: original.message, ...place, extensions: { ...extensions, ...publicExtensions(original) } };
  }
  if (OWN_WORDS.has(code)) return { message: formatted.message, ...place, extensions: { code } };
  if (REWORDED[code] !== undefined) return { message: reworded(formatted.message, code), ...place, extensions: { code } };
  if (code === "BAD_USER_INPUT") return { ...badVariable(formatted.message), ...place };
  return { message: INTERNAL, ...place, extensions: { code: "INTERNAL_SERVER_ERROR", reference: formatted.extensions?.["reference"] } };
}

/** Validation messages about names help the developer and quote only names; those about values quote the value. */
function reworded(message: string, code: string): string {
  const aboutNames = /^(Cannot query field|Unknown (argument|type|fragment|directive)|Field "\w+" (of type|argument)|Variable "\$\w+" (is|of type)|Fragment )/;
  return code === "GRAPHQL_VALIDATION_FAILED" && aboutNames.test(message) ? message : (REWORDED[code] ?? INTERNAL);
}

/** `Variable "$input" got invalid value "…" at "input.name"; …`: the place is kept, the value is not. */
function badVariable(message: string): GraphQLFormattedError {
  const [, variable, path] = /^Variable "\$(\w+)" got invalid value .*? at "([\w.[\]]+)"; /s.exec(message) ?? /^Variable "\$(\w+)"/.exec(message) ?? [];
  const field = path ?? variable;
  return {
    message: field === undefined ? "An input value is not valid" : `The value of ${field} is not valid`,
    extensions: { code: "BAD_USER_INPUT", ...(field !== undefined && { field }) },
  };
}

/**
 * Logs one line for each operation and one for each failure that is ours. A masked error carries the request's id as its
 * reference, which is how a caller's report is found in the log.
 */
export function operationLogPlugin(): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart({ request }) {
      const started = performance.now();
      const codes: string[] = [];
      return {
        async didEncounterErrors({ errors, contextValue }) {
          for (const error of errors) codes.push(noted(error, contextValue));
        },
        async willSendResponse({ contextValue, operation, operationName }) {
          contextValue.log.info(
            {
              operation: operationName ?? request.operationName ?? null,
              type: operation?.operation ?? null,
              durationMs: Math.round((performance.now() - started) * 10) / 10,
              ...(codes.length > 0 && { codes: [...new Set(codes)] }),
            },
            "operation",
          );
        },
      };
    },
  };
}

function noted(error: GraphQLError, { log, requestId }: RequestContext): string {
  const original = error.originalError;
  if (original instanceof Fault) {
    if (original.internal !== undefined) log.warn({ code: original.code, err: original.internal, path: error.path }, original.message);
    return original.code;
  }
  const code = String(error.extensions["code"] ?? "INTERNAL_SERVER_ERROR");
  if (code !== "INTERNAL_SERVER_ERROR") return code;
  error.extensions["reference"] = requestId;
  log.error({ err: original ?? error, path: error.path }, "internal error");
  return code;
}

/**
 * GraphQL over HTTP asks for status 200 whenever an `application/json` answer has a well-formed body, also for documents
 * that do not parse or validate; Apollo answers 400 to those whatever the client accepts.
 */
export function statusPlugin(): ApolloServerPlugin<RequestContext> {
  return {
    async requestDidStart({ request }) {
      const accept = request.http?.headers.get("accept") ?? "";
      const legacy = !accept.includes("application/graphql-response+json");
      return {
        async willSendResponse({ response }) {
          if (legacy && response.body.kind === "single" && response.http.status === 400) response.http.status = 200;
        },
      };
    },
  };
}
