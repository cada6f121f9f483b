/** Owns how a Fastify request becomes one of Apollo Server, and its answer a reply. */
import { HeaderMap, type ApolloServer } from "@apollo/server";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { RequestContext } from "../kernel/request.js";

/** Answers are never in parts: neither `@defer` nor `@stream` is in the schema. */
export function apolloHandler(apollo: ApolloServer<RequestContext>, context: (request: FastifyRequest) => Promise<RequestContext>) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<string> => {
    const { url, body: sent, method } = request;
    const mark = url.indexOf("?");
    const { headers, status, body } = await apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method, headers: headersOf(request), search: mark < 0 ? "" : url.slice(mark), body: sent },
      context: () => context(request),
    });
    for (const [name, value] of headers) void reply.header(name, value);
    void reply.code(status ?? 200);
    if (body.kind !== "complete") throw new Error("an answer in parts");
    return body.string;
  };
}

/** What accepts the default in so many words is not negotiated with. */
const ACCEPTS_THE_DEFAULT: ReadonlySet<unknown> = new Set(["*/*", "application/json"]);

/**
 * A body that was read is JSON, as no other is taken, so its content type would only be parsed again: the header that is there for
 * it says that no page of another site can have sent this without being asked first.
 */
const PREFLIGHTED = "apollo-require-preflight";

function headersOf({ headers, body }: FastifyRequest): HeaderMap {
  const map = new HeaderMap();
  for (const name in headers) {
    const value = headers[name];
    if (name === "accept" && ACCEPTS_THE_DEFAULT.has(value)) continue;
    if (name === "content-type" && body !== undefined) map.set(PREFLIGHTED, "true");
    else if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return map;
}
