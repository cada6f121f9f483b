import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ended, exchanged, open, parsed, post, raw, refusedWith } from "./wire.js";
import { startServer, type OwnServer } from "./own-server.js";

let server: OwnServer;
beforeAll(async () => {
  const readiness = { timeoutMs: 50, rememberMs: 0 };
  const never = new Promise<never>(() => {});
  server = await startServer({
    bounds: { headersMs: 100, requestMs: 200, arrivalCheckMs: 20, answerMs: 300, silentMs: 400, readiness },
    context: async () => never,
  });
});
afterAll(() => server.app.close());

const POST = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

/** The server is held to its own time limits: a test that hangs has failed. */
describe("a request that does not come to its end is cut off by the server", () => {
  it.each([
    ["nothing after the request line", "GET /healthz HTTP/1.1\r\n"],
    ["headers without an end", "GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: "],
    ["a body that never begins", `${POST}content-length: 100\r\n\r\n`],
    ["a body that stops", `${POST}content-length: 100\r\n\r\n{"query":`],
    ["chunks without a last one", `${POST}transfer-encoding: chunked\r\n\r\n5\r\n{"que\r\n`],
  ])("%s", async (_what, bytes) => {
    const answer = parsed(await raw(server.url, bytes));
    expect([answer.status, ...refusedWith(answer)]).toEqual([408, "DEADLINE_EXCEEDED"]);
    expect(answer.json.errors?.[0]?.extensions).toEqual({ code: "DEADLINE_EXCEEDED", retryable: true });
  });

  it("a body that trickles in forever", async () => {
    const socket = await open(server.url);
    socket.write(`${POST}transfer-encoding: chunked\r\n\r\n`);
    const trickle = setInterval(() => socket.writable && socket.write("1\r\nx\r\n"), 10);
    const answer = parsed(await ended(socket));
    clearInterval(trickle);
    expect([answer.status, ...refusedWith(answer)]).toEqual([408, "DEADLINE_EXCEEDED"]);
  });

  it("a connection on which nobody speaks", async () => {
    expect(await raw(server.url)).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
  });
});

describe("an operation that does not end", () => {
  it("is answered as one that took too long, with when to try again", async () => {
    const answer = await post(server.url, { query: "{ __typename }" });
    expect([answer.status, answer.headers.get("retry-after"), ...refusedWith(answer)]).toEqual([503, "1", "DEADLINE_EXCEEDED"]);
    expect(answer.json.errors?.[0]?.extensions).toEqual({ code: "DEADLINE_EXCEEDED", retryable: true });
  });

  it("does not keep the server from answering others", async () => {
    const socket = await open(server.url);
    socket.write(`${POST}content-length: 22\r\n\r\n{"query":"{ __typename`);
    expect((await exchanged(await fetch(`${server.url}/healthz`))).json).toEqual({ status: "ok" });
    socket.destroy();
    await once(socket, "close");
  });
});
