/** Owns the HTTP face: routes, headers, and the bounds on bytes and seconds. It reads no environment: tests start the real thing. */
import { randomUUID } from "node:crypto";
import Fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { GraphQLSchema } from "graphql";
import type { Logger } from "pino";
import { openApollo } from "./http/apollo.js";
import { apolloHandler } from "./http/apollo-handler.js";
import { BOUNDS } from "./config.js";
import { requestError } from "./kernel/http-status.js";
import type { RequestContext } from "./kernel/request.js";
import { hangUpWhenClosing } from "./http/hang-up.js";
import { healthEndpoints, openReadiness, type ReadinessBounds, type ReadinessChecks } from "./http/readiness.js";
import { refuse, refuseError, refuseSocket } from "./http/refusal.js";
import { within } from "./kernel/within.js";

export interface ServerParts {
  schema: GraphQLSchema;
  context(request: FastifyRequest): Promise<RequestContext>;
  /** What features answer over plain HTTP. */
  endpoints?: readonly ((app: FastifyInstance) => void)[];
  /** All must hold for `/readyz` to answer 200. */
  readiness: ReadinessChecks;
  introspection: boolean;
  log: Logger;
  /** How many routers and balancers in front are believed about the caller's address; 0 believes nobody. */
  trustedHops?: number;
  bounds?: Partial<HttpBounds>;
}

/** What one connection may take of us. */
export interface HttpBounds {
  bodyBytes: number;
  headerBytes: number;
  /** The headers must have arrived within this time, and the whole request within the next one. */
  headersMs: number;
  requestMs: number;
  /** How often the two before are looked at. */
  arrivalCheckMs: number;
  /** From the whole request to its answer: a backstop above the operation's own time, for what the doors cannot stop. */
  answerMs: number;
  /** A connection on which no byte moves is closed, so that nobody keeps an answer by not reading it. */
  silentMs: number;
  readiness: ReadinessBounds;
}

const HTTP_BOUNDS: HttpBounds = {
  bodyBytes: BOUNDS.bodyBytes,
  headerBytes: 16 * 1024,
  headersMs: 5_000,
  requestMs: 10_000,
  arrivalCheckMs: 1_000,
  answerMs: BOUNDS.operationMs + 2_000,
  silentMs: 30_000,
  readiness: { timeoutMs: BOUNDS.connectMs, rememberMs: 1_000 },
};

export interface RegistryServer {
  app: FastifyInstance;
  /** Answer `/readyz` with 503 from now on, so that balancers look elsewhere before connections are refused. */
  startDraining(): void;
}

/** Build the server; it listens when `app.listen` is called. */
export async function buildServer(parts: ServerParts): Promise<RegistryServer> {
  const bounds = { ...HTTP_BOUNDS, ...parts.bounds };
  const app = openApp(parts, bounds);
  const apollo = openApollo(parts);
  await apollo.start();
  app.addHook("onClose", () => apollo.stop());
  const answer = apolloHandler(apollo, contextOrRefusal(parts.context));
  app.route({
    method: ["GET", "POST"],
    url: "/graphql",
    exposeHeadRoute: false,
    // Not Fastify's handlerTimeout: 5.12 forgets it as soon as a body has been read.
    handler: (request, reply) => within(answer(request, reply), bounds.answerMs),
  });
  app.route({
    method: ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"],
    url: "/graphql",
    // No CORS: portals talk to the router, and a page of another origin has no business here.
    handler: (request, reply) => refuse(request, reply.header("allow", "GET, POST"), 405),
  });
  for (const open of parts.endpoints ?? []) open(app);
  const startDraining = healthEndpoints(app, openReadiness(parts.readiness, bounds.readiness, parts.log));
  return { app, startDraining };
}

function openApp({ log, trustedHops = 0 }: ServerParts, bounds: HttpBounds): FastifyInstance {
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    // A logger for each request costs more than most requests; lines name theirs themselves.
    childLoggerFactory: (logger) => logger,
    bodyLimit: bounds.bodyBytes,
    requestTimeout: bounds.requestMs,
    connectionTimeout: bounds.silentMs,
    http: { maxHeaderSize: bounds.headerBytes, headersTimeout: bounds.headersMs, connectionsCheckingInterval: bounds.arrivalCheckMs },
    forceCloseConnections: "idle",
    trustProxy: (_address: string, hop: number) => hop < trustedHops,
    genReqId: ({ headers }) => requestIdFrom(headers["x-request-id"]) ?? randomUUID(),
    clientErrorHandler: refuseSocket,
    // A path that is no URL never comes to the hooks.
    frameworkErrors: (error, request, reply) => refuseError(error, request, withStandardHeaders(request, reply)),
  });
  hangUpWhenClosing(app, bounds.answerMs);
  app.removeContentTypeParser("text/plain");
  // Hooks with callbacks: they are around every request, and each promise among them would cost its share.
  app.addHook("onRequest", (request, reply, done) => {
    if ((request.headers["content-encoding"] ?? "identity") !== "identity") refuse(request, reply, 415);
    else if (!HOST.test(request.host)) refuse(request, reply, 400);
    else done();
  });
  app.addHook("onSend", (request, reply, payload, done) => {
    withStandardHeaders(request, reply);
    done(null, payload);
  });
  app.setErrorHandler<FastifyError>(refuseError);
  app.setNotFoundHandler((request, reply) => refuse(request, reply, 404));
  return app;
}

/** What browsers are to do with an answer, unless a route has said so itself: neither guess, nor show, nor keep it. */
const STANDARD_HEADERS = Object.entries({
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
});

function withStandardHeaders(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  for (const [name, value] of STANDARD_HEADERS) if (!reply.hasHeader(name)) reply.header(name, value);
  return reply.header("x-request-id", request.id);
}

/** A name or an address, with or without a port. */
const HOST = /^[\w.-]*(?::\d+)?$|^\[[\da-f:.]+\](?::\d+)?$/i;

const REQUEST_ID = /^[\w.:-]{1,100}$/;

/** A router's request id is kept, so that one id follows a request through every log; anything unreadable is replaced. */
function requestIdFrom(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && REQUEST_ID.test(header) ? header : undefined;
}

/** A caller who cannot be told, or may not be here, is answered and logged before there is an operation. */
function contextOrRefusal(context: ServerParts["context"]) {
  return async (request: FastifyRequest): Promise<RequestContext> => {
    try {
      return await context(request);
    } catch (thrown) {
      const error = requestError(thrown, request.id);
      const code = error.extensions["code"];
      const line = { requestId: request.id, principal: null, tenant: null, code, err: error.originalError };
      if (code === "INTERNAL_SERVER_ERROR") request.log.error(line, "internal error");
      else request.log.warn(line, "request refused");
      throw error;
    }
  };
}
