/** Owns the HTTP face: Apollo Server on Fastify, health endpoints, and the bounds on bytes. It reads no environment: tests start the real thing. */
import { randomUUID } from "node:crypto";
import { ApolloServer } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { fastifyApolloHandler } from "@as-integrations/fastify";
import Fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyInstance, type FastifyRequest } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import { BOUNDS } from "./config.js";
import { formatError, operationLogPlugin, requestError, statusPlugin } from "./kernel/errors-plugin.js";
import type { FaultCode } from "./kernel/fault.js";
import { documentLimits } from "./kernel/limits.js";
import { limitsPlugin } from "./kernel/limits-plugin.js";
import type { RequestContext } from "./kernel/request.js";

export interface ServerParts {
  schema: GraphQLSchema;
  context(request: FastifyRequest): Promise<RequestContext>;
  /** Name → check; each rejects with what is missing. All must hold for `/readyz` to answer 200. */
  readiness: Readonly<Record<string, () => Promise<void>>>;
  introspection: boolean;
  log: Logger;
}

export interface RegistryServer {
  app: FastifyInstance;
  /** Answer `/readyz` with 503 from now on, so that balancers look elsewhere before connections are refused. */
  startDraining(): void;
}

const REQUEST_ID = /^[\w.:-]{1,100}$/;

/** Build the server; it listens when `app.listen` is called. */
export async function buildServer({ schema, context, readiness, introspection, log }: ServerParts): Promise<RegistryServer> {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "requestId" }),
    bodyLimit: BOUNDS.bodyBytes,
    requestTimeout: BOUNDS.operationMs,
    forceCloseConnections: "idle",
    genReqId: ({ headers }) => requestIdFrom(headers["x-request-id"]) ?? randomUUID(),
  });
  const apollo = new ApolloServer<RequestContext>({
    schema,
    introspection,
    formatError,
    logger: log,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    hideSchemaDetailsFromClientErrors: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    stringifyResult: (value) => JSON.stringify(value),
    parseOptions: { maxTokens: BOUNDS.requests.maxTokens },
    maxRecursiveSelections: BOUNDS.requests.maxRecursiveSelections,
    validationRules: [documentLimits(BOUNDS.requests)],
    plugins: [
      limitsPlugin(schema, BOUNDS.requests),
      operationLogPlugin(),
      statusPlugin(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();
  app.addHook("onClose", () => apollo.stop());
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id).header("x-content-type-options", "nosniff").header("cache-control", reply.getHeader("cache-control") ?? "no-store");
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => reply.code(error.statusCode ?? 500).send(refusal(error, request)));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(errorBody("There is nothing here", "NOT_FOUND")));
  app.route({
    method: ["GET", "POST", "OPTIONS"],
    url: "/graphql",
    handler: fastifyApolloHandler(apollo, {
      context: async (request: FastifyRequest) => {
        try {
          return await context(request);
        } catch (thrown) {
          const error = requestError(thrown, request.id);
          request.log.warn({ err: error.originalError, code: error.extensions["code"] }, "request refused");
          throw error;
        }
      },
    }),
  });
  const startDraining = healthEndpoints(app, readiness);
  return { app, startDraining };
}

/** `/healthz`: the process answers. `/readyz`: it can do its work; names what is missing, without details. */
function healthEndpoints(app: FastifyInstance, readiness: ServerParts["readiness"]): () => void {
  let draining = false;
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", async (request, reply) => {
    const failed: string[] = draining ? ["draining"] : [];
    await Promise.all(
      Object.entries(readiness).map(async ([name, check]) => {
        await check().catch((err: unknown) => {
          failed.push(name);
          request.log.warn({ err, check: name }, "not ready");
        });
      }),
    );
    return reply.code(failed.length > 0 ? 503 : 200).send(failed.length > 0 ? { status: "unavailable", failed: failed.sort() } : { status: "ready" });
  });
  return () => {
    draining = true;
  };
}

/** A router's request id is kept, so that one id follows a request through every log; anything unreadable is replaced. */
function requestIdFrom(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && REQUEST_ID.test(header) ? header : undefined;
}

/** What Fastify refuses before GraphQL sees it, in GraphQL's shape and without the parser's quotations. */
function refusal(error: FastifyError, request: FastifyRequest) {
  const status = error.statusCode ?? 500;
  if (status === 413) return errorBody(`The request is larger than ${BOUNDS.bodyBytes} bytes`, "LIMIT_EXCEEDED");
  if (status === 415) return errorBody("Send application/json", "BAD_REQUEST");
  if (status < 500) return errorBody("The request is not readable", "BAD_REQUEST");
  request.log.error({ err: error }, "internal error");
  return errorBody("Something went wrong on our side", "INTERNAL_SERVER_ERROR", { reference: request.id });
}

function errorBody(message: string, code: FaultCode | "BAD_REQUEST", more: object = {}) {
  return { errors: [{ message, extensions: { code, ...more } }] };
}
