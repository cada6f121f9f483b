/** Owns the HTTP status and headers that failures of a GraphQL request have. */
import { HeaderMap } from "@apollo/server";
import { GraphQLError } from "graphql";
import { faultFromDatabase } from "./database-fault.js";
import { INTERNAL_MESSAGE, publicExtensions, type ErrorCode } from "./error-format.js";
import { Fault, type FaultCode } from "./fault.js";
import type { OperationListener, OperationPart } from "./operation-plugin.js";

/** Statuses of what is refused before there is an operation; 400 for the others. */
const STATUS: Partial<Record<FaultCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  INTERNAL_SERVER_ERROR: 500,
  DEADLINE_EXCEEDED: 503,
  UNAVAILABLE: 503,
};

/** Seconds after which a retryable request is worth another try. */
export const RETRY_AFTER_SECONDS = "1";

/** A failure before there is an operation (a bad token, say) as the error that Apollo turns into an HTTP answer. */
export function requestError(thrown: unknown, requestId: string): GraphQLError {
  const fault = faultFromDatabase(thrown);
  const known = fault instanceof Fault ? fault : new Fault("INTERNAL_SERVER_ERROR", INTERNAL_MESSAGE, { internal: thrown });
  const status = STATUS[known.code] ?? 400;
  const headers = new HeaderMap();
  if (status === 401) headers.set("www-authenticate", 'Bearer error="invalid_token"');
  if (status === 503) headers.set("retry-after", RETRY_AFTER_SECONDS);
  // Apollo reads a HeaderMap here; a gateway among the development dependencies declares the same member otherwise.
  const http: object = { status, headers };
  return new GraphQLError(known.message, {
    extensions: { ...publicExtensions(known), ...(status === 500 && { reference: requestId }), http },
    originalError: known,
  });
}

/** Refusals of a well-formed request, for which GraphQL over HTTP asks for 200 when the answer is `application/json`. */
const REFUSED_DOCUMENT: ReadonlySet<unknown> = new Set<ErrorCode>([
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
  "OPERATION_RESOLUTION_FAILURE",
  "BAD_USER_INPUT",
  "LIMIT_EXCEEDED",
]);

/**
 * Two corrections of Apollo Server's statuses.
 *
 * It answers 400 to a document or variables that it refuses, whatever the client accepts; GraphQL over HTTP asks for 200 under
 * `application/json`. And it answers 200 when execution began, although nothing could be had: then, if the same request may
 * succeed later, 503 with Retry-After tells it to clients and balancers that do not read GraphQL.
 */
export const answerStatus: OperationPart = () => CORRECTIONS;

const CORRECTIONS: OperationListener = {
  willSendResponse({ request, response: { body, http } }) {
    if (body.kind !== "single" || body.singleResult.errors === undefined) return;
    const { data, errors = [] } = body.singleResult;
    const legacy = !request.http?.headers.get("accept")?.includes("application/graphql-response+json");
    if (legacy && http.status === 400 && errors.every(({ extensions }) => REFUSED_DOCUMENT.has(extensions?.["code"]))) http.status = 200;
    if (errors.length === 0 || Object.values(data ?? {}).some((value) => value !== null)) return;
    if (!errors.every(({ extensions }) => extensions?.["retryable"] === true)) return;
    http.status = 503;
    http.headers.set("retry-after", RETRY_AFTER_SECONDS);
  },
};
