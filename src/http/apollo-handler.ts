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

function headersOf({ headers }: FastifyRequest): HeaderMap {
  const map = new HeaderMap();
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  return map;
}
