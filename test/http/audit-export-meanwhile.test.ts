/** Owns the guarantees of an export of the audit log while something happens to the log, to its reader or to the process. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { openNotary, type Notary } from "../../src/audit-chain/audit-chain.notary.js";
import { AuditCheckpointKind } from "../../src/audit-chain/audit-checkpoint.entity.js";
import { auditExportEndpoint, type AuditExportParts } from "../../src/audit-export/audit-export.endpoint.js";
import { openTickets } from "../../src/audit-export/audit-export.tickets.js";
import { signingKeyFrom } from "../../src/audit-proof/audit-proof.keys.js";
import { addressFor, begunOf, eventsIn, logIn, verdictOn } from "../testkit/audit-export.js";
import { eventsOf } from "../testkit/events.js";
import { plantEvent, settleAll } from "../testkit/planted-events.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";
import { houseOf } from "../walls/visits.js";
import { startServer, type OwnServer } from "./own-server.js";
import { ended, open } from "./wire.js";

// A registry of its own: events are deleted here.
let app: Registry;
let world: World;
let notary: Notary;
beforeAll(async () => {
  app = await openRegistry();
  world = await openWorld(app);
  notary = openNotary({ house: houseOf(app), keys: keys(), checkpointDirectory: null, now: () => new Date(), log: { info() {}, warn() {}, error() {} } });
});
afterAll(() => app.close());
let server: OwnServer | undefined;
afterEach(() => server?.app.close());

let largeOne: Promise<TenantInWorld> | undefined;
/** One whose log nobody changes. */
function largeTenant(): Promise<TenantInWorld> {
  const planted = async () => {
    const tenant = await world.tenant();
    await plantLarge(tenant);
    return tenant;
  };
  return (largeOne ??= planted());
}

function keys(): [ReturnType<typeof signingKeyFrom>] {
  const [{ id, seed }] = app.config.audit.keys as [{ id: string; seed: Buffer }];
  return [signingKeyFrom(id, seed)];
}

/** More than the buffers on the way hold. Everybody is somebody else; since the given time or just now. */
const plantLarge = async ({ id }: TenantInWorld, count = 400, at = new Date()) => {
  await app.sql(
    "insert into audit_log (tenant_id, action, actor_id, actor_name, metadata, created_at) select $1, 'large.' || n, 'person ' || n, 'Person ' || n, $2::jsonb, $4 from generate_series(1, $3::int) n",
    [id, JSON.stringify({ noise: randomBytes(36_000).toString("base64") }), count, at],
  );
  await settleAll(app);
};

/** A reader that has begun and takes no more until it is told to. */
async function begun(address: string) {
  const reader = (await fetch(address)).body?.getReader();
  if (!reader) throw new Error("the answer has no body");
  const chunks = [(await reader.read()).value];
  return {
    async rest(): Promise<string> {
      for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
      return Buffer.concat(chunks.map((chunk) => chunk ?? new Uint8Array())).toString();
    },
    /** What came before it was cut off. */
    async cutOff(): Promise<string> {
      await expect(this.rest()).rejects.toThrow();
      return Buffer.concat(chunks.map((chunk) => chunk ?? new Uint8Array())).toString();
    },
    leave: () => reader.cancel(),
  };
}

/** As the registry erases somebody; the event that says so comes with it. */
async function erase({ id }: TenantInWorld, person: string): Promise<string> {
  return app.dataSource.transaction(async (tx) => {
    await tx.query("set local role none");
    await tx.query("select set_config('registry.tenant', $1, true)", [id]);
    const rows = await tx.query<{ place: string; groups: string }[]>("select place, groups from audit_log_erase($1, $2)", [id, person]);
    const places = rows.map(({ place, groups }) => `${place}${groups}`).join();
    await tx.query("insert into audit_log (tenant_id, action, metadata) values ($1, 'audit.erase_person', $2)", [id, JSON.stringify({ events: rows.length, unsettled: 0, places })]);
    return places;
  });
}

/** Sign up to a place, and delete what is before it and old enough. */
async function purge({ id }: TenantInWorld, position: number): Promise<void> {
  await notary.checkpointAt(id, position, AuditCheckpointKind.PURGE);
  for (;;) {
    const [row] = await app.sql<{ gone: string }>("select audit_log_purge($1) as gone", [id]);
    if (Number(row?.gone) === 0) return;
  }
}

const LONG_AGO = new Date(Date.now() - 800 * 86_400_000);
const fetchesOf = async ({ id }: TenantInWorld) => (await eventsOf(app, id)).filter(({ action }) => action === "audit.fetch_export").map(({ metadata }) => metadata);

describe("when somebody is erased", () => {
  it("from events that were not read yet, the export can still be verified, and says of how many", async () => {
    const tenant = await world.tenant();
    await plantLarge(tenant);
    const download = await begun(await addressFor(app, tenant.auditor));
    expect(await erase(tenant, "person 399")).toBe("399ax");
    const text = await download.rest();
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, erased: 1 });
    expect(text).not.toContain("Person 399");
    expect(eventsIn(text).map(({ columns }) => columns["action"])).toContain("audit.erase_person");
  });

  it("from events that were read already, the export can still be verified, because it is as it was then", async () => {
    const tenant = await world.tenant();
    await plantLarge(tenant);
    const download = await begun(await addressFor(app, tenant.auditor));
    await erase(tenant, "person 1");
    const text = await download.rest();
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, erased: 0 });
    expect(text).toContain("Person 1");
  });

  it("between a download that was cut off and the one that continues it, the two together can be verified", async () => {
    const tenant = await world.tenant();
    await plantLarge(tenant, 20);
    const address = await addressFor(app, tenant.auditor);
    const whole = await (await fetch(address)).text();
    const { text, after } = begunOf(whole.slice(0, whole.length / 2));
    for (const person of ["person 2", "person 19"]) await erase(tenant, person);
    expect(await verdictOn(app, text + (await (await fetch(`${address}?after=${after}`)).text()))).toMatchObject({ valid: true, erased: 1 });
  });

  it("before, it can be verified, and an erasure that no event accounts for is found", async () => {
    const tenant = await world.tenant();
    await plantLarge(tenant, 3);
    await erase(tenant, "person 2");
    const address = await addressFor(app, tenant.auditor);
    const text = await (await fetch(address)).text();
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, erased: 1 });
    await app.dataSource.transaction(async (tx) => {
      await tx.query("set local role none");
      await tx.query("select set_config('registry.tenant', $1, true)", [tenant.id]);
      await tx.query("select audit_log_erase($1, 'person 3')", [tenant.id]);
    });
    expect(await verdictOn(app, await (await fetch(address)).text())).toMatchObject({ valid: false, failure: { position: 3, reason: "erasure_unrecorded" } });
  });
});

describe("when the oldest events have been deleted", () => {
  it.each([[300, 256], [256, 256], [5, 1]])("up to place %i, the export begins behind it, with what proves that it is not the beginning", async (upTo, chainFrom) => {
    const tenant = await world.tenant();
    await app.sql("insert into audit_log (tenant_id, action, created_at) select $1, 'old.event', $3 from generate_series(1, $2::int)", [tenant.id, upTo, LONG_AGO]);
    await settleAll(app);
    for (let n = 0; n < 3; n += 1) await plantEvent(app, tenant.id);
    await settleAll(app);
    await notary.checkpoint(tenant.id, AuditCheckpointKind.INTERVAL);
    await purge(tenant, upTo);
    expect(await app.sql("select min(position)::int as first from audit_chain where tenant_id = $1", [tenant.id])).toEqual([{ first: chainFrom }]);
    const address = await addressFor(app, tenant.auditor);
    const text = await (await fetch(address)).text();
    expect(logIn(text)).toMatchObject({ after: upTo, whole: true, base: expect.any(String) });
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, from: upTo + 1, to: upTo + 4 });
    const { text: start, after } = begunOf(text.slice(0, text.lastIndexOf('{"type":"event"')));
    expect(await verdictOn(app, start + (await (await fetch(`${address}?after=${after}`)).text()))).toMatchObject({ valid: true, from: upTo + 1 });
    expect((await fetch(`${address}?after=${upTo - 1}`)).status).toBe(400);
    expect(eventsIn(await (await fetch(await addressFor(app, tenant.auditor, { filter: { action: "old.*" } }))).text())).toEqual([]);
  });

  it("while it is fetched, it is cut off, and what there is of it can neither pass for whole nor be continued", async () => {
    const tenant = await world.tenant();
    await plantLarge(tenant, 400, LONG_AGO);
    const address = await addressFor(app, tenant.auditor);
    const download = await begun(address);
    await purge(tenant, 390);
    const text = await download.cutOff();
    const { after } = begunOf(text);
    expect(after).toBeLessThan(390);
    expect(await verdictOn(app, text)).toMatchObject({ valid: false, failure: { reason: "tail_missing" } });
    const refused = await fetch(`${address}?after=${after}`);
    expect([refused.status, await refused.json()]).toMatchObject([409, { errors: [{ extensions: { code: "CONFLICT" } }] }]);
    expect(await verdictOn(app, await (await fetch(address)).text())).toMatchObject({ valid: true, from: 391 });
  });
});

describe("a reader", () => {
  it("that leaves is recorded with what it got at most, and nothing more is read for it", async () => {
    const tenant = await largeTenant();
    const before = (await fetchesOf(tenant)).length;
    const download = await begun(await addressFor(app, tenant.auditor));
    await download.leave();
    await vi.waitFor(async () => expect((await fetchesOf(tenant)).slice(before)).toMatchObject([{ complete: false, from: "0" }]), { timeout: 30_000 });
    const [{ events }] = (await fetchesOf(tenant)).slice(before) as [{ events: number }];
    expect([events > 0, events < 400]).toEqual([true, true]);
  });

  it("is one of two at a time for one tenant: the third is asked to come back, and another tenant's is not in its way", async () => {
    const [tenant, other] = [await largeTenant(), await world.tenant()];
    const address = await addressFor(app, tenant.auditor);
    const downloads = [await begun(address), await begun(address)];
    const refused = await fetch(address);
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toMatchObject([503, "1", { errors: [{ extensions: { code: "UNAVAILABLE", retryable: true } }] }]);
    expect((await fetch(await addressFor(app, other.auditor))).status).toBe(200);
    for (const download of downloads) await download.leave();
    await vi.waitFor(async () => {
      const response = await fetch(address);
      await response.body?.cancel();
      expect(response.status).toBe(200);
    }, { timeout: 30_000 });
  });
});

describe("a server", () => {
  async function serving(changed: Partial<AuditExportParts>, silentMs = 30_000): Promise<OwnServer> {
    const now = () => new Date();
    const parts: AuditExportParts = { house: houseOf(app), notary, tickets: openTickets({ keys: keys(), issuer: app.config.publicUrl, now }), now, operationMs: 10_000, ...changed };
    server = await startServer({ bounds: { silentMs }, endpoints: [(fastify) => auditExportEndpoint(fastify, parts)] });
    return server;
  }

  const largePath = async () => new URL(await addressFor(app, (await largeTenant()).auditor)).pathname;

  async function takingNothing(url: string, path: string, requestId = unique("request")): Promise<Socket> {
    const socket = await open(url);
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nx-request-id: ${requestId}\r\nconnection: close\r\n\r\n`);
    await once(socket, "readable");
    return socket;
  }

  const cutOff = ({ logged }: OwnServer) => logged.filter(({ msg }) => msg === "audit export cut off");

  it("cuts a reader off that takes nothing", async () => {
    const path = await largePath();
    const own = await serving({}, 300);
    const socket = await takingNothing(own.url, path);
    await vi.waitFor(() => expect(cutOff(own)).toHaveLength(1), { timeout: 30_000 });
    socket.destroy();
  });

  it("cuts nobody off for its own silence, while it looks at many events of which none is wanted", async () => {
    const tenant = await world.tenant();
    await app.sql("insert into audit_log (tenant_id, action) select $1, 'x.x' from generate_series(1, 3000)", [tenant.id]);
    await settleAll(app);
    const path = new URL(await addressFor(app, tenant.auditor, { format: "CSV", filter: { action: "y.y" } })).pathname;
    const heard: number[] = [];
    const own = await serving({}, 20_000);
    own.app.server.on("connection", (socket: Socket) => {
      const set = socket.setTimeout.bind(socket);
      socket.setTimeout = (ms, ...more) => (heard.push(ms), set(ms, ...more));
    });
    expect((await (await fetch(`${own.url}${path}`)).text()).split("\r\n")).toHaveLength(2);
    expect(heard.filter((ms) => ms === 20_000).length).toBeGreaterThan(3);
  });

  it("that leaves waits for no reader, and records what it cut off", async () => {
    const [path, requestId] = [await largePath(), unique("request")];
    const own = await serving({});
    const socket = await takingNothing(own.url, path, requestId);
    const closed = own.app.close();
    expect((await ended(socket)).endsWith("0\r\n\r\n")).toBe(false);
    await closed;
    expect(cutOff(own)).toHaveLength(1);
    expect(await app.sql("select action, metadata from audit_log where request_id = $1", [requestId])).toMatchObject([{ action: "audit.fetch_export", metadata: { complete: false } }]);
  });

  it("that cannot record a download says so in its log, and the download is not undone", async () => {
    const tenant = await world.tenant();
    const path = new URL(await addressFor(app, tenant.auditor)).pathname;
    const house = { ...houseOf(app), record: () => Promise.reject(new Error("no")) };
    const own = await serving({ house });
    expect(await verdictOn(app, await (await fetch(`${own.url}${path}`)).text())).toMatchObject({ valid: true });
    await vi.waitFor(() => expect(own.logged.filter(({ msg }) => String(msg).startsWith("it could not be recorded"))).toHaveLength(1), { timeout: 10_000 });
  });

  it("whose database is gone says that it may be tried again", async () => {
    const path = await largePath();
    const own = await serving({ notary: { ...notary, settle: () => Promise.reject(Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" })) } });
    expect((await fetch(`${own.url}${path}`)).status).toBe(503);
  });
});
