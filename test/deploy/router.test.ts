/** Owns the proof of what the router's configuration lets through, with the real gateway runtime and a stub subgraph on loopback. */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createGatewayRuntime } from "@graphql-hive/gateway-runtime";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { composeSupergraph } from "../../deploy/router/compose-supergraph.js";
import { gatewayConfig, publicError } from "../../deploy/router/gateway.config.js";

const SDL = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { thing: Thing }
  type Thing @key(fields: "id") { id: ID! name: String }
`;

let seen: IncomingHttpHeaders;
let answer: object | string;
let stub: Server;
let gateway: ReturnType<typeof createGatewayRuntime>;

const runtimeOf = (url: string) =>
  createGatewayRuntime({ ...gatewayConfig, logging: false, supergraph: composeSupergraph([{ name: "stub", url, sdl: SDL }]) });

async function ask(headers: Record<string, string> = {}, runtime = gateway, query = "{ thing { name } }") {
  const response = await runtime.fetch("http://router.example/graphql", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ query }),
  });
  return { headers: response.headers, body: (await response.json()) as { data?: unknown; errors?: Record<string, unknown>[] } };
}

beforeAll(async () => {
  stub = createServer((request, response) => {
    seen = request.headers;
    request.resume();
    response.setHeader("content-type", "application/json").end(typeof answer === "string" ? answer : JSON.stringify(answer));
  });
  await new Promise<void>((listening) => stub.listen(0, "127.0.0.1", listening));
  gateway = runtimeOf(`http://127.0.0.1:${(stub.address() as AddressInfo).port}/graphql`);
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  stub.closeAllConnections();
  await new Promise((closed) => stub.close(closed));
});

beforeEach(() => {
  answer = { data: { thing: { name: "one" } } };
});

describe("headers to a subgraph", () => {
  it("carry the caller's token, the wanted tenant, environment and team, and the request id", async () => {
    const sent = {
      authorization: "Bearer abc",
      "x-tenant-id": "t-1",
      "x-environment-id": "e-1",
      "x-team-id": "team-1",
      "x-request-id": "request-1",
    };
    expect((await ask(sent)).body).toEqual({ data: { thing: { name: "one" } } });
    expect(seen).toMatchObject(sent);
  });

  it("carry a request id when the client sent none, the one that the client is told", async () => {
    const { headers } = await ask();
    expect(seen["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get("x-request-id")).toBe(seen["x-request-id"]);
  });

  it.each(["x-user-id", "x-forwarded-user", "cookie", "x-roles"])("do not carry the client's %s", async (name) => {
    await ask({ [name]: "mallory" });
    expect(seen).not.toHaveProperty(name);
  });
});

describe("errors to a client", () => {
  it("keep message, path, code, field and retryable of a subgraph's fault, and nothing else", async () => {
    const extensions = { code: "CONFLICT", field: "slug", retryable: false, stacktrace: ["at /srv"], serviceName: "stub" };
    answer = { data: { thing: null }, errors: [{ message: "The slug is taken.", path: ["thing"], extensions }] };
    const { body } = await ask();
    expect(body.errors).toEqual([
      { message: "The slug is taken.", path: ["thing"], extensions: { code: "CONFLICT", field: "slug", retryable: false } },
    ]);
  });

  it("say of a subgraph that cannot be reached only that it may be tried again", async () => {
    const unreachable = runtimeOf("http://127.0.0.1:1/graphql");
    const { body } = await ask({}, unreachable);
    await unreachable[Symbol.asyncDispose]();
    expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|ECONNREFUSED|stub/);
    expect(body.errors).toMatchObject([{ extensions: { code: "UNAVAILABLE", retryable: true } }]);
  });

  it("say the same when the answer is no GraphQL at all", async () => {
    answer = "<html>502 from proxy 10.0.0.7</html>";
    const { body } = await ask();
    expect(JSON.stringify(body)).not.toContain("10.0.0.7");
    expect(body.errors).toMatchObject([{ path: ["thing"], extensions: { code: "UNAVAILABLE", retryable: true } }]);
  });

  it("tell of an invalid document what is wrong with it", async () => {
    const { body } = await ask({}, gateway, "{ thing { nme } }");
    expect(body.errors).toMatchObject([{ extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }]);
  });

  it("say nothing of a failure that is no GraphQL error", () => {
    expect(publicError(new TypeError("secret")).toJSON()).toEqual({
      message: "Internal server error.",
      extensions: { code: "INTERNAL_SERVER_ERROR" },
    });
  });
});

describe("composition", () => {
  it("names everything that it refuses", () => {
    const broken = { name: "broken", url: "http://broken.example/", sdl: `type Query { a: Missing b: Absent }` };
    expect(() => composeSupergraph([broken])).toThrow(/do not compose:[^]*Missing[^]*Absent/);
  });
});
