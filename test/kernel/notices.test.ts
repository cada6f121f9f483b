/** Owns the proof that notices of changes are heard in time or known not to be: what was read before is then not trusted any more. */
import { randomUUID } from "node:crypto";
import { createServer, type AddressInfo } from "node:net";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { listen } from "../../src/kernel/notices.connection.js";
import { openNotices, type Notice, type Notices, type NoticeTiming } from "../../src/kernel/notices.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { startPostgresProxy, type PostgresProxy } from "../testkit/postgres-proxy.js";

const cluster = await startCluster();
/** One that every server has, and that may do next to nothing. */
const ROLE = "pg_read_all_stats";
/** Quick, and slow enough for a machine that is busy with other tests. */
const QUICK: Partial<NoticeTiming> = { connectTimeoutMs: 500, beatMs: 20, beatTimeoutMs: 500, firstRetryMs: 10, lastRetryMs: 100 };

const opened: Notices[] = [];
afterEach(async () => {
  for (const notices of opened.splice(0)) await notices.close();
});

/** As an instance has them, with what they told and logged. */
function open(url: string | null, timing: Partial<NoticeTiming> = QUICK, role = ROLE) {
  const heard: Notice[] = [];
  const logged: string[] = [];
  const log = { info: (line: string) => logged.push(line), warn: (_about: object, line: string) => logged.push(line) };
  const notices = openNotices({ url, role, timing, log: log as unknown as Parameters<typeof openNotices>[0]["log"] });
  notices.on((notice) => heard.push(notice));
  opened.push(notices);
  return { notices, heard, logged };
}

const until = (check: () => unknown) => vi.waitFor(async () => expect(await check()).toBe(true), { timeout: 20_000, interval: 5 });
const readNow = ({ epoch }: Notices, agoMs = 0) => ({ epoch, readAtMs: performance.now() - agoMs });

describe("without a database that tells anything", () => {
  it("what was read is told for a second, and this is said", async () => {
    const { notices, heard, logged } = open(null, {});
    notices.start();
    expect([notices.live, notices.maxStalenessMs]).toEqual([false, 1_000]);
    expect([notices.trusts(readNow(notices)), notices.trusts(readNow(notices, 500)), notices.trusts(readNow(notices, 1_000))]).toEqual([true, true, false]);
    await notices.close();
    expect([heard, logged]).toEqual([[], []]);
  });

  it("it is asked again and again from the start to the end, and this is said once", async () => {
    let asked = 0;
    const nobody = createServer((socket) => {
      asked++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
    try {
      const { notices, heard, logged } = open(`postgres://127.0.0.1:${(nobody.address() as AddressInfo).port}/nowhere`);
      expect([notices.live, notices.maxStalenessMs, asked]).toEqual([false, 1_000, 0]);
      notices.start();
      await until(() => asked > 3);
      await notices.close();
      expect([heard, logged]).toEqual([[], [expect.stringMatching(/does not tell/)]]);
    } finally {
      await new Promise((resolve) => nobody.close(resolve));
    }
  });
});

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "a database that tells of changes", () => {
  let url: string;
  let database: pg.Pool;
  let proxy: PostgresProxy;
  beforeAll(async () => {
    url = await cluster!.freshDatabase();
    database = new pg.Pool({ connectionString: url, max: 4 });
    database.on("error", () => {}); // The database is dropped under its last connections.
    proxy = await startPostgresProxy(url);
  });
  afterEach(() => proxy.behave("pass"));
  afterAll(async () => {
    await proxy?.close();
    await database?.end();
    await cluster?.remove();
  });

  const tell = (payload: string) => database.query("select pg_notify('registry_keys', $1)", [payload]);
  const sessions = async () => (await database.query<{ pid: number }>("select pid from pg_stat_activity where datname = current_database() and application_name = 'tenant-registry-notices'")).rows;
  const started = async (...parts: Parameters<typeof open>) => {
    const instance = open(...parts);
    instance.notices.start();
    await until(() => instance.notices.live);
    return instance;
  };

  it("is heard: keys and tenants by name, and what this version does not know as anything", async () => {
    const { notices, heard } = await started(url);
    const tenantId = randomUUID();
    const before = notices.epoch;
    for (const payload of ["k 0123456789AB", `t ${tenantId.toUpperCase()}`, "k ~6162636465666768", "x 0123456789AB", "t nobody", "k ", ""]) await tell(payload);
    await until(() => heard.length === 8);
    expect(heard).toEqual([
      { kind: "all" },
      { kind: "key", lookupId: "0123456789AB" },
      { kind: "tenant", tenantId },
      { kind: "key", lookupId: "~6162636465666768" },
      ...Array.from({ length: 4 }, () => ({ kind: "all" })),
    ]);
    expect(notices.epoch, "what was read before those is not trusted").toBe(before + 4);
  });

  it("is believed for a lease: what was read before it listened is not trusted, and what was read since is, for a minute", async () => {
    const { notices } = open(url, { ...QUICK, leaseMs: 60_000 });
    const early = readNow(notices);
    expect(notices.trusts(early)).toBe(true);
    notices.start();
    await until(() => notices.live);
    expect(notices.maxStalenessMs).toBe(60_000);
    expect([notices.trusts(early), notices.trusts(readNow(notices)), notices.trusts(readNow(notices, 50_000)), notices.trusts(readNow(notices, 60_000))]).toEqual([false, true, true, false]);
  });

  it("is not believed any longer than a lease without a beat, although the connection stands", async () => {
    const { notices, logged } = await started(url, { ...QUICK, beatMs: 60_000, leaseMs: 200 });
    const { epoch } = notices;
    await until(() => !notices.live);
    expect(await sessions()).toHaveLength(1);
    expect([notices.maxStalenessMs, notices.epoch, logged.length]).toEqual([1_000, epoch, 1]);
    expect([notices.trusts(readNow(notices)), notices.trusts(readNow(notices, 1_000))]).toEqual([true, false]);
  });

  it("has told of every change that was acknowledged before a beat was sent, when the beat comes back", async () => {
    const acknowledged: { payload: string; atMs: number }[] = [];
    const heard = new Set<string>();
    const missed: string[] = [];
    let beats = 0;
    const lost: unknown[] = [];
    const close = listen({
      url,
      role: ROLE,
      timing: { connectTimeoutMs: 5_000, beatMs: 0, beatTimeoutMs: 20_000 },
      listening: () => acknowledged.splice(0),
      heard: (payload) => heard.add(payload),
      beaten(sentAtMs) {
        beats++;
        for (const { payload, atMs } of acknowledged) if (atMs < sentAtMs && !heard.has(payload)) missed.push(payload);
      },
      lost: (error) => lost.push(error),
    });
    await until(() => beats > 0);
    const writer = async (name: number) => {
      for (let n = 0; n < 250; n++) {
        await tell(`${name} ${n}`);
        acknowledged.push({ payload: `${name} ${n}`, atMs: performance.now() });
      }
    };
    await Promise.all([writer(1), writer(2), writer(3), writer(4)]);
    await until(() => heard.size === 1_000);
    expect(beats).toBeGreaterThan(10);
    await close();
    expect([missed, lost]).toEqual([[], []]);
  });

  it("is believed from when the beat was sent, however late it comes back: what was changed since may come behind it", async () => {
    const sent: number[] = [];
    const close = listen({
      url: proxy.url,
      role: ROLE,
      timing: { connectTimeoutMs: 5_000, beatMs: 0, beatTimeoutMs: 20_000 },
      listening: () => {},
      heard: () => {},
      beaten: (sentAtMs) => void sent.push(sentAtMs),
      lost: () => {},
    });
    await until(() => sent.length > 0);
    proxy.behave("swallow");
    await tell("k 0123456789AB");
    const acknowledgedAtMs = performance.now();
    const before = sent.length;
    proxy.behave("pass");
    await until(() => sent.length > before);
    await close();
    expect(sent[before]).toBeLessThan(acknowledgedAtMs);
  });

  it.each(["refuse", "swallow"] as const)("and is cut off (%s) is not believed, is asked again by itself, and is then believed for what is read from then on", async (behaviour) => {
    const { notices, heard, logged } = await started(proxy.url);
    const before = readNow(notices);
    proxy.behave(behaviour);
    await until(() => !notices.live);
    expect([notices.maxStalenessMs, notices.trusts(readNow(notices)), notices.trusts(readNow(notices, 1_000))]).toEqual([1_000, true, false]);
    await tell("k missedmissed");
    proxy.behave("pass");
    await until(() => notices.live);
    expect(notices.trusts(before)).toBe(false);
    await tell("k heard0heard0");
    await until(() => heard.some((notice) => notice.kind === "key" && notice.lookupId === "heard0heard0"));
    expect(heard).not.toContainEqual({ kind: "key", lookupId: "missedmissed" });
    expect(heard.filter(({ kind }) => kind === "all").length, "each time, what is being read is overtaken").toBeGreaterThanOrEqual(2);
    expect(logged.slice(0, 3)).toEqual([expect.stringMatching(/tells/), expect.stringMatching(/does not tell/), expect.stringMatching(/tells/)]);
  });

  it("and ends the session is listened to again", async () => {
    const { notices, heard } = await started(url);
    const before = readNow(notices);
    await database.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'tenant-registry-notices'");
    await until(() => notices.epoch > before.epoch && notices.live);
    expect(notices.trusts(before)).toBe(false);
    await tell("k 0123456789AB");
    await until(() => heard.some(({ kind }) => kind === "key"));
  });

  it("is not believed behind a pooler that hands its sessions around, although the beats come back", async () => {
    const pooler = await startPostgresProxy(url, { fromServer: withAnotherSession() });
    try {
      const { notices, heard, logged } = open(pooler.url);
      notices.start();
      await until(() => logged.length > 0);
      expect([notices.live, notices.maxStalenessMs, logged, heard[0]]).toEqual([false, 1_000, [expect.stringMatching(/does not tell/)], { kind: "all" }]);
    } finally {
      for (const notices of opened.splice(0)) await notices.close();
      await pooler.close();
    }
  });

  it("is listened to as a role that has to be there", async () => {
    const { notices, logged } = open(url, QUICK, 'no "such" role');
    notices.start();
    await until(() => logged.length > 0);
    expect([notices.live, logged]).toEqual([false, [expect.stringMatching(/does not tell/)]]);
  });

  it.each(["pass", "swallow"] as const)("is left when the instance ends (connections: %s): no session, and nothing begins again", async (behaviour) => {
    const { notices } = await started(proxy.url);
    proxy.behave(behaviour);
    await notices.close();
    expect([notices.live, notices.maxStalenessMs]).toEqual([false, 1_000]);
    proxy.behave("pass");
    await until(async () => (await sessions()).length === 0);
  });
});

/** As a pooler does: the number of the session that it tells the client is not the server's own. */
function withAnotherSession(): (chunk: Buffer) => Buffer {
  return (chunk) => {
    // BackendKeyData: "K", its length of 12, the session's number, a secret.
    const at = chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
    if (at >= 0) chunk.writeUInt32BE((chunk.readUInt32BE(at + 5) ^ 1) >>> 0, at + 5);
    return chunk;
  };
}
