/** Owns the proof that the log is settled once and whole by several instances at the same time, whatever becomes of writers and instances. */
import { randomInt, randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { expectWholeChain } from "../testkit/chain.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { deploy, LISTENING, type Deployment } from "../testkit/deployed.js";
import { notaryOf } from "../testkit/notary.js";
import { data } from "../testkit/outcome.js";
import { stopPrograms } from "../testkit/program.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";

const cluster = await startCluster();
const WRITERS = 50;
const EVENTS_EACH = 1_000;
const UNCHAINED = "select count(*)::int as count from audit_log a where not exists (select from audit_chain c where c.event = a.id)";

afterAll(() => cluster?.remove());

/** Writes until `count` events are acknowledged, and tells which; every tenth transaction is rolled back, every fiftieth loses its connection. */
async function write(url: string, tenants: readonly string[], count: number): Promise<{ acknowledged: string[]; abandoned: string[] }> {
  const [acknowledged, abandoned]: [string[], string[]] = [[], []];
  let client = await connected(url);
  const insert = async () => {
    const uids = Array.from({ length: randomInt(1, 40) }, () => randomUUID());
    await client.query("insert into audit_log (uid, tenant_id, action) select u, $2, 'test.happened' from unnest($1::uuid[]) u", [uids, tenants[randomInt(tenants.length)]]);
    return uids;
  };
  while (acknowledged.length < count) {
    await client.query("begin");
    const kept = await insert();
    await client.query("savepoint s");
    const other = await insert();
    const chance = randomInt(50);
    await client.query(chance % 7 === 0 ? "rollback to s" : "release s");
    if (chance === 1) {
      client.on("error", () => {});
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      abandoned.push(...kept, ...other);
      client = await connected(url);
      continue;
    }
    const isRolledBack = chance % 10 === 2;
    await client.query(isRolledBack ? "rollback" : "commit");
    (isRolledBack ? abandoned : acknowledged).push(...kept);
    (isRolledBack || chance % 7 === 0 ? abandoned : acknowledged).push(...other);
  }
  await client.end();
  return { acknowledged, abandoned };
}

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "two instances and fifty writers", () => {
  let deployment: Deployment | undefined;
  afterEach(async () => {
    await stopPrograms();
    await deployment?.close();
  });

  it("make one chain a tenant, without a gap or a fork, of everything that was committed and of nothing else, though writers give up and instances are killed", { timeout: 300_000 }, async () => {
    deployment = await deploy(cluster!);
    const { sql, databaseUrl } = deployment;
    const instance = async () => {
      const started = await deployment!.instance({ DATABASE_POOL_SIZE: "3" });
      await started.says(LISTENING);
      return started;
    };
    const steady = await instance();
    let unsteady = await instance();
    const tenants = (await Promise.all(Array.from({ length: 5 }, () => deployment!.tenant()))).map(({ id }) => id);
    const startedAt = performance.now();
    const chained = async () => ((await sql("select count(*)::int as count from audit_chain"))[0] as { count: number }).count;
    const writing = Promise.all(Array.from({ length: WRITERS }, () => write(databaseUrl, tenants, EVENTS_EACH)));
    for (const atLeast of [5_000, 15_000, 25_000]) {
      await vi.waitFor(async () => expect(await chained()).toBeGreaterThan(atLeast), { timeout: 120_000, interval: 20 });
      unsteady.signal("SIGKILL");
      await unsteady.ended;
      unsteady = await instance();
    }
    const written = await writing;
    const writtenAt = performance.now();
    await vi.waitFor(async () => expect(await sql(UNCHAINED)).toEqual([{ count: 0 }]), { timeout: 120_000, interval: 50 });
    const settledAt = performance.now();

    const acknowledged = written.flatMap((one) => one.acknowledged);
    const rows = (text: string, values?: unknown[]) => sql(text, values) as Promise<never[]>;
    const chains = await Promise.all(tenants.map((tenant) => expectWholeChain({ sql: rows }, tenant)));
    expect(chains.flatMap(({ uids }) => uids).toSorted()).toEqual(acknowledged.toSorted());
    expect(acknowledged.length).toBeGreaterThanOrEqual(WRITERS * EVENTS_EACH);
    expect(await sql("select tenant_id from audit_chain group by tenant_id having max(position) <> count(*) or min(position) <> 1")).toEqual([]);
    for (const program of [steady, unsteady]) expect(program.log().filter(({ level }) => level >= 50)).toEqual([]);
    const perSecond = Math.round((acknowledged.length / (settledAt - startedAt)) * 1_000);
    console.log(`${acknowledged.length} events by ${WRITERS} writers in ${Math.round(writtenAt - startedAt)} ms; the last was chained ${Math.round(settledAt - writtenAt)} ms later: ${perSecond} a second`);
  });
});

describe.skipIf(cluster === null)("while another session writes", () => {
  let app: Registry;
  let world: World;
  let slow: pg.Client;
  const opened = async () => {
    app = await openRegistry({ databaseUrl: cluster!.url });
    world = await openWorld(app);
    slow = await connected(app.config.database!.ownerUrl);
  };
  afterEach(async () => {
    await slow.end();
    await app.close();
  });
  const unchained = async () => (await app.sql<{ count: number }>(UNCHAINED))[0]?.count;

  it("what came after it waits, and is told to wait; it is read all the same, and operators hear of it once when it takes long", async () => {
    await opened();
    const tenant = await world.tenant();
    const lines: string[] = [];
    const notary = notaryOf(app, { patienceMs: 0, log: { info: (...line: unknown[]) => void lines.push(String(line.at(-1))), warn: (...line: unknown[]) => void lines.push(String(line.at(-1))), error() {} } });
    await slow.query("begin");
    await slow.query("create table held (id int)");
    const since = new Date(Date.now() - 120_000);
    await app.sql("insert into audit_log (tenant_id, action, received_at) values ($1, 'test.happened', $2)", [tenant.id, since]);
    for (let round = 0; round < 3; round++) await notary.settle();
    expect(data(await tenant.auditor.run("{ auditHorizon { position oldestUnsettledAt } auditEvents { nodes { action settlement { position } } } }"))).toEqual({
      auditHorizon: { position: "0", oldestUnsettledAt: since.toISOString() },
      auditEvents: { nodes: [{ action: "test.happened", settlement: null }] },
    });
    await slow.query("commit");
    await vi.waitFor(async () => {
      await notary.settle();
      expect(data(await tenant.auditor.run("{ auditHorizon { position oldestUnsettledAt } }"))).toEqual({ auditHorizon: { position: "1", oldestUnsettledAt: null } });
    }, { timeout: 30_000 });
    expect(lines).toEqual([expect.stringContaining("cannot be chained: a transaction"), "audit events are chained again"]);
  });

  it("whoever asks for it to be settled waits for a transaction that ends soon", async () => {
    await opened();
    const tenant = await world.tenant();
    await slow.query("begin");
    await slow.query("create table held (id int)");
    await tenant.auditEvent();
    const settled = notaryOf(app, { patienceMs: 30_000 }).settle();
    await slow.query("commit");
    await settled;
    expect(await unchained()).toBe(0);
  });

  it("a session that only reads, however long, holds nothing up", async () => {
    await opened();
    const tenant = await world.tenant();
    await slow.query("begin isolation level repeatable read");
    await slow.query("select count(*) from audit_log");
    await tenant.auditEvent();
    await app.service.audit.settle();
    expect(await unchained()).toBe(0);
    await slow.query("commit");
  });

  it("many notaries that settle at once make one chain, and each waits until all is settled", async () => {
    await opened();
    const tenant = await world.tenant();
    await app.sql("insert into audit_log (tenant_id, action) select $1, 'test.happened' from generate_series(1, 5000)", [tenant.id]);
    await Promise.all(Array.from({ length: 5 }, async () => {
      await notaryOf(app).settle();
      expect(await unchained()).toBe(0);
    }));
    expect((await expectWholeChain(app, tenant.id)).size).toBe(5_000);
  });

  it("settling fails, is told once, and goes on by itself when it can", async () => {
    await opened();
    const tenant = await world.tenant();
    await slow.query("alter table audit_chain rename to audit_chain_away");
    const lines: string[] = [];
    const failed = new Promise<void>((resolve) => {
      const notary = notaryOf(app, { everyMs: 5, log: { info: (...line: unknown[]) => void lines.push(String(line.at(-1))), warn() {}, error: (...line: unknown[]) => { lines.push(String(line.at(-1))); resolve(); } } });
      stop = () => notary.close();
      notary.start();
    });
    await tenant.auditEvent();
    await failed;
    await slow.query("alter table audit_chain_away rename to audit_chain");
    await vi.waitFor(async () => expect(await unchained()).toBe(0), { timeout: 20_000 });
    await vi.waitFor(() => expect(lines).toEqual(["the audit log could not be settled; it is tried again", "the audit log is settled again"]));
    await stop();
  });
  let stop: () => Promise<void>;
});
