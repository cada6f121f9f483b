/** Owns how a path beside the graph speaks: JSON, and every refusal as `{ error: { code, message, … } }`, whoever refuses. */
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { requestError } from "./http-status.js";
import type { RequestContext } from "./request.js";

export interface PlainPath {
  path: string;
  methods: readonly Method[];
  bodyBytes: number;
  context(request: FastifyRequest): Promise<RequestContext>;
  /** What is sent. A fault that it throws is told, anything else masked. */
  answer(request: FastifyRequest, context: RequestContext): Promise<object>;
  /** Adds what bodies may be besides JSON. */
  parsers?(here: FastifyInstance): void;
}

const METHODS = ["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"] as const;
type Method = (typeof METHODS)[number];

export function plainPath(app: FastifyInstance, { path, methods, bodyBytes, context, answer, parsers }: PlainPath): void {
  void app.register(async (here) => {
    parsers?.(here);
    // Whatever else refuses a request speaks as GraphQL does.
    here.addHook("preSerialization", async (_request, _reply, payload) => (isGraphqlError(payload) ? plainError(payload) : payload));
    here.route({
      method: [...methods],
      url: path,
      exposeHeadRoute: false,
      bodyLimit: bodyBytes,
      handler: async (request, reply) => {
        let log = request.log.child({ requestId: request.id, principal: null, tenant: null });
        try {
          const asked = await context(request);
          ({ log } = asked);
          return reply.send(await answer(request, asked));
        } catch (thrown) {
          return refuse(reply, thrown, log);
        }
      },
    });
    here.route({
      method: METHODS.filter((method) => !methods.includes(method)),
      url: path,
      handler: async (request, reply) => {
        const refusal = { code: "BAD_REQUEST", message: `Use ${methods.join(" or ")}` };
        request.log.info({ requestId: request.id, principal: null, tenant: null, status: 405, code: refusal.code }, "request refused");
        return reply.code(405).header("allow", methods.join(", ")).send({ error: refusal });
      },
    });
  });
}

function refuse(reply: FastifyReply, thrown: unknown, log: FastifyBaseLogger): FastifyReply {
  const { message, originalError, extensions } = requestError(thrown, reply.request.id);
  const { http, ...more } = extensions as object as { code: string; http: { status: number; headers: Map<string, string> } };
  const line = { code: more.code, err: originalError };
  if (http.status === 500) log.error(line, "internal error");
  else log.warn(line, "request refused");
  return reply.code(http.status).headers(Object.fromEntries(http.headers)).send({ error: { message, ...more } });
}

interface GraphqlErrors {
  errors: [{ message: string; extensions: object }];
}

function isGraphqlError(payload: unknown): payload is GraphqlErrors {
  return typeof payload === "object" && payload !== null && "errors" in payload;
}

function plainError({ errors: [{ message, extensions }] }: GraphqlErrors) {
  return { error: { ...extensions, message } };
}
