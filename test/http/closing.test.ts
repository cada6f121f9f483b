/** Owns the guarantee that nobody keeps a server from closing: what has come in is answered, and everybody else is hung up on. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startServer, type OwnServer } from "./own-server.js";
import { ended, open, parsed } from "./wire.js";

const POST = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
const GET = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

let sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Connections last longer than a test may, so that a server that waits for one has failed. */
function serving(bounds: { answerMs: number }, context?: () => Promise<never>): Promise<OwnServer> {
  return startServer({ bounds: { ...bounds, headersMs: 300_000, requestMs: 300_000, silentMs: 300_000 }, ...(context && { context }) });
}

async function connected({ url, app }: OwnServer, bytes: string): Promise<Socket> {
  const accepted = once(app.server, "connection");
  const socket = await open(url);
  sockets.push(socket);
  const [theirs] = (await accepted) as [Socket];
  if (bytes !== "") socket.write(bytes);
  await vi.waitFor(() => expect(theirs.bytesRead).toBe(bytes.length));
  return socket;
}

describe("a server that closes", () => {
  it.each([
    ["has said nothing", ""],
    ["has said half of what it asks", "GET /healthz HTTP/1.1\r\nhost: "],
    ["was answered, and has begun to ask once more", `${GET}GET /healthz HTTP`],
  ])("does not wait for whoever %s", async (_what, bytes) => {
    const server = await serving({ answerMs: 600_000 });
    const socket = await connected(server, bytes);
    const heard = ended(socket);
    if (bytes.startsWith(GET)) await vi.waitFor(() => expect(socket.bytesRead).toBeGreaterThan(0));
    await server.app.close();
    expect(await heard).toMatch(/^(?:HTTP\/1\.1 200 |$)/);
  });

  it("waits no longer for a body than it would take to answer", async () => {
    const server = await serving({ answerMs: 200 });
    const heard = ended(await connected(server, `${POST}content-length: 100\r\n\r\n{"query":`));
    await server.app.close();
    expect(await heard).toBe("");
  });

  it("answers whatever has come in, also behind another on one connection", async () => {
    let refuse: (late: Error) => void = () => {};
    const waiting = new Promise<never>((_, reject) => (refuse = reject));
    const server = await serving({ answerMs: 60_000 }, () => waiting);
    const body = '{"query":"{ __typename }"}';
    const heard = ended(await connected(server, `${GET}${POST}content-length: ${body.length}\r\n\r\n${body}`));
    server.startDraining();
    const closed = server.app.close();
    await vi.waitFor(() => expect(server.app.server.listening).toBe(false));
    refuse(new Error("now"));
    await closed;
    const [first = "", second = ""] = (await heard).split(/(?=HTTP\/1\.1 )/);
    expect([first, second].map((answer) => parsed(answer).status)).toEqual([200, 500]);
  });
});
