/** Owns the proof that a hold, a purge and an erasure that come at once leave what each of them promises: with many sessions, as only a server has them. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { purgeAuditLog } from "../../src/audit-retention/audit-retention.jobs.js";
import { openAuditPurge } from "../../src/audit-retention/audit-retention.purge.js";
import { addressFor, verdictOn } from "../testkit/audit-export.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { data } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { houseOf } from "../walls/visits.js";

// One of its own: what other databases of a server write keeps this one's log from being settled.
const cluster = await startCluster({ private: true });
const HOLD = 'mutation ($id: ID!) { placeLegalHold(input: { tenantId: $id, reason: "case 7" }) { policy { version } } }';
const ERASE = 'mutation ($id: ID!) { eraseAuditPerson(input: { tenantId: $id, actorId: "ada" }) { events complete } }';

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "at the same time", () => {
  let app: Registry;
  let world: World;
  let slow: pg.Client;
  beforeAll(async () => {
    app = await openRegistry({ databaseUrl: cluster!.url, jobHandlers: { "audit.purge": purgeAuditLog } });
    world = await openWorld(app);
    slow = new pg.Client({ connectionString: app.config.database!.ownerUrl });
    await slow.connect();
  });
  afterAll(async () => {
    await slow?.end();
    await app?.close();
    await cluster?.remove();
  });

  const plant = (id: string, count: number, days: number) =>
    app.sql("insert into audit_log (tenant_id, action, actor_id, description, created_at) select $1, 'ago.many', 'ada', 'by ada', now() - make_interval(days => $3) from generate_series(1, $2::int)", [id, count, days]);
  const count = async ({ id }: TenantInWorld) => (await app.sql<{ n: number }>("select count(*)::int as n from audit_log where tenant_id = $1 and action = 'ago.many'", [id]))[0]?.n;
  /** Due, settled and signed: only the deleting is left. */
  async function due(events = 3): Promise<TenantInWorld> {
    const tenant = await world.tenant();
    await plant(tenant.id, events, 400);
    await app.service.audit.settle();
    await app.sql("insert into audit_checkpoints (tenant_id, number, kind, position, signed) values ($1, 1, 'purge', $2, '')", [tenant.id, events]);
    return tenant;
  }
  const waiting = async () => {
    for (;;) {
      const [row] = await app.sql<{ n: number }>("select count(*)::int as n from pg_locks where not granted and relation = 'audit_policies'::regclass");
      if (row && row.n > 0) return;
    }
  };

  /** Until nobody is left; who waits for others too long is told to try again. */
  async function erase({ id }: TenantInWorld): Promise<void> {
    for (;;) {
      const { body } = await world.operator.run(ERASE, { id });
      if (body.data?.["eraseAuditPerson"]?.complete === true) return;
      expect(body.errors?.map(({ extensions }) => extensions.code) ?? []).not.toContainEqual(expect.not.stringMatching(/^UNAVAILABLE$/));
    }
  }

  it("a purge waits for the first hold of a tenant that is being placed, and then deletes nothing", async () => {
    const tenant = await due();
    await slow.query("begin");
    await slow.query("insert into audit_policies (tenant_id, held_at) values ($1, now())", [tenant.id]);
    const deleting = openAuditPurge(houseOf(app)).deleteCovered(tenant.id);
    await waiting();
    await slow.query("commit");
    expect(await deleting).toBe(0);
    expect(await count(tenant)).toBe(3);
  });

  it("a hold waits for what is being deleted, and when it is answered nothing more goes", async () => {
    const tenant = await due();
    await slow.query("begin");
    await slow.query("select audit_log_purge($1)", [tenant.id]);
    const holding = world.operator.run(HOLD, { id: tenant.id });
    await waiting();
    expect(await count(tenant)).toBe(3);
    await slow.query("commit");
    data(await holding);
    expect(await count(tenant)).toBe(0);
  });

  it("nobody is erased from what is held at that moment", async () => {
    const tenant = await due();
    await slow.query("begin");
    await slow.query("insert into audit_policies (tenant_id, held_at) values ($1, now())", [tenant.id]);
    const erasing = world.operator.run(ERASE, { id: tenant.id });
    await waiting();
    await slow.query("commit");
    expect((await erasing).body.errors?.[0]?.extensions.code).toBe("FAILED_PRECONDITION");
    expect(await app.sql("select distinct actor_id from audit_log where tenant_id = $1 and action = 'ago.many'", [tenant.id])).toEqual([{ actor_id: "ada" }]);
  });

  it("people are erased while the log is settled, purged and written, none of them ends the other, and what is left is verified", async () => {
    const tenant = await world.tenant();
    await plant(tenant.id, 4_000, 400);
    await app.service.audit.settle();
    await app.jobs.tend();
    const writing = Array.from({ length: 20 }, () => plant(tenant.id, 20, 1).then(() => app.service.audit.settle()));
    const erasing = Array.from({ length: 3 }, () => erase(tenant));
    const [ran] = await Promise.all([app.jobs.drain(), ...writing, ...erasing]);
    expect(ran.filter(({ kind }) => kind === "audit.purge").at(-1)).toMatchObject({ outcome: "done" });
    await erase(tenant);
    const text = await (await fetch(await addressFor(app, tenant.auditor))).text();
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, failure: null });
    expect(text).not.toContain('"actor_id":"ada"');
    expect(await app.sql("select count(*)::int as n from audit_log where tenant_id = $1 and created_at < now() - interval '365 days'", [tenant.id])).toEqual([{ n: 0 }]);
  });
});
