/** Owns the guarantees that nobody keeps an archive open for ever, nor the process: not by silence, not drop by drop, not at the end. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { exportEndpoint, type ExportParts } from "../../src/tenant-export/tenant-export.endpoint.js";
import { data } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld } from "../testkit/world.js";
import { houseOf, poolOf } from "../walls/visits.js";
import { startServer, type OwnServer } from "./own-server.js";
import { ended, open, parsed } from "./wire.js";

const EXPORT = "mutation ($tenantId: ID!) { exportTenant(input: { tenantId: $tenantId }) { downloadUrl } }";

let app: Registry;
let path: string;
beforeAll(async () => {
  app = await registry();
  const world = await openWorld(app);
  const { id } = await world.tenant();
  // More than the buffers on the way hold; the noise repeats itself too late for a compressor.
  await app.sql("insert into audit_log (tenant_id, action, metadata) select $1, 'large.' || n, $2 from generate_series(1, 400) n", [id, JSON.stringify({ noise: randomBytes(36_000).toString("base64") })]);
  path = new URL(data(await world.operator.run(EXPORT, { tenantId: id }))["exportTenant"].downloadUrl).pathname;
});

let server: OwnServer | undefined;
afterEach(() => server?.app.close());

async function serving(bounds: ExportParts["bounds"], silentMs = 30_000): Promise<OwnServer> {
  const parts = { house: houseOf(app), now: () => new Date(), operationMs: 10_000, ...(bounds && { bounds }) };
  server = await startServer({ bounds: { silentMs }, endpoints: [(fastify) => exportEndpoint(fastify, parts)] });
  return server;
}

/** A reader that has the first bytes and takes no more by itself. */
async function begun(url: string): Promise<Socket> {
  const socket = await open(url);
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  await once(socket, "readable");
  return socket;
}

const cutOff = ({ logged }: OwnServer) => logged.filter(({ msg }) => msg === "export cut off");

describe("a download", () => {
  it("whose reader takes nothing is cut off by the bound on silence", async () => {
    const own = await serving({}, 300);
    const socket = await begun(own.url);
    await vi.waitFor(() => expect(cutOff(own)).toHaveLength(1), { timeout: 30_000 });
    socket.destroy();
  });

  it("whose reader takes a little now and then, and so is never silent, is cut off when it takes too long", async () => {
    const own = await serving({ longestMs: 500 });
    const socket = await begun(own.url);
    while (cutOff(own).length === 0) {
      socket.read(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(cutOff(own)).toHaveLength(1);
    socket.destroy();
  });

  it("that is under way when the process leaves is cut off and not waited for", async () => {
    const own = await serving({});
    const socket = await begun(own.url);
    const closed = own.app.close();
    expect((await ended(socket)).endsWith("0\r\n\r\n")).toBe(false);
    await closed;
    expect(cutOff(own)).toHaveLength(1);
  });

  it("that was asked for when the process was told to leave, and comes to its turn only then, is refused for now", async () => {
    const own = await serving({});
    const pool = poolOf(app);
    const taken = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
    const asked = await open(own.url);
    const heard = ended(asked);
    asked.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    await vi.waitFor(() => expect(pool.waitingCount).toBe(1));
    const closed = own.app.close();
    await vi.waitFor(() => expect(own.app.server.listening).toBe(false));
    for (const client of taken) client.release();
    await closed;
    expect(parsed(await heard)).toMatchObject({ status: 503, json: { errors: [{ extensions: { code: "UNAVAILABLE", retryable: true } }] } });
  });

  it("of an instance that has as many as it may is refused for now, and possible when one has ended", async () => {
    const own = await serving({ atOnce: 1 });
    const socket = await begun(own.url);
    expect((await fetch(`${own.url}${path}`)).status).toBe(503);
    socket.destroy();
    await vi.waitFor(async () => expect((await fetch(`${own.url}${path}`)).status).toBe(200), { timeout: 30_000 });
  });
});
