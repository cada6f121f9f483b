/**
 * Owns how the federation router treats requests, headers and errors. Which subgraphs it joins is the supergraph's matter.
 *
 * Loaded by the Hive Gateway image as it is, so it imports nothing but types and what that image itself carries.
 */
import type { GatewayConfigSupergraph } from "@graphql-hive/gateway-runtime";
import { GraphQLError } from "graphql";

/**
 * The only client headers that subgraphs get: who is calling, which of the caller's tenants is meant, and the request id (which the
 * gateway makes up when the client sent none, and always passes on). Every other identity header stops here.
 */
export const PROPAGATED_HEADERS = ["authorization", "x-tenant-id", "x-environment-id", "x-team-id"] as const;

/** What a subgraph may tell a client about a failure, besides its message. */
export const PUBLIC_ERROR_EXTENSIONS = ["code", "field", "retryable", "reference"] as const;

/** The configuration without the supergraph, which the command line names. */
export const gatewayConfig: Omit<GatewayConfigSupergraph, "supergraph"> = {
  healthCheckEndpoint: "/healthcheck",
  readinessCheckEndpoint: "/readiness",
  landingPage: false,
  requestId: true,
  propagateHeaders: {
    fromClientToSubgraphs: ({ request }) =>
      Object.fromEntries(
        PROPAGATED_HEADERS.flatMap((name) => {
          const value = request.headers.get(name);
          return value === null ? [] : [[name, value]];
        }),
      ),
  },
  // Above the subgraph's own 10 s for an operation, so that its answer, a coded fault, wins over a bare timeout of ours.
  upstreamTimeout: 15_000,
  subgraphErrors: { subgraphNameProp: false },
  maskedErrors: { maskError: (error) => publicError(error) },
};

/**
 * What the client sees of an error: message, path and the listed extensions.
 *
 * Faults of subgraphs and complaints about the client's document are GraphQL errors and keep their message. A request to a subgraph
 * that failed, which would tell addresses or a proxy's page, becomes a retryable UNAVAILABLE. Whatever else was thrown is replaced.
 */
export function publicError(error: unknown): GraphQLError {
  if (!isGraphQLError(error)) return new GraphQLError("Internal server error.", INTERNAL);
  const { message, nodes, source, positions, path, extensions, originalError } = error;
  if (FAILED_SUBREQUEST.has(extensions.code)) return new GraphQLError("A part of the graph cannot be reached at the moment.", { path, ...UNAVAILABLE });
  if (originalError && !isGraphQLError(originalError)) return new GraphQLError("Internal server error.", { path, ...INTERNAL });
  const named = PUBLIC_ERROR_EXTENSIONS.filter((name) => extensions[name] !== undefined);
  const publicExtensions = Object.fromEntries(named.map((name) => [name, extensions[name]]));
  return new GraphQLError(message, { nodes, source, positions, path, extensions: publicExtensions });
}

/** The gateway's own codes for: refused connection, no answer in time, an answer that is not GraphQL. */
const FAILED_SUBREQUEST: ReadonlySet<unknown> = new Set([
  "SUBREQUEST_HTTP_ERROR",
  "TIMEOUT_ERROR",
  "GATEWAY_TIMEOUT",
  "RESPONSE_VALIDATION_FAILED",
]);
const UNAVAILABLE = { extensions: { code: "UNAVAILABLE", retryable: true } };
const INTERNAL = { extensions: { code: "INTERNAL_SERVER_ERROR" } };

/** By name: the gateway may carry more than one copy of graphql. */
function isGraphQLError(error: unknown): error is GraphQLError {
  return error instanceof Error && error.name === "GraphQLError";
}
