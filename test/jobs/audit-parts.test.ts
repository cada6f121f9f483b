/** Owns the guarantees of the audit log's parts: there is one for every month that comes, and every event has a place, whoever made none. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { auditParts, makeParts } from "../../src/audit-event/audit-event.parts.js";
import { inNotary } from "../../src/kernel/notary-door.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { houseOf, poolOf } from "../walls/visits.js";

let app: Registry;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await openRegistry({ jobHandlers: { "audit.parts": makeParts } });
  tenant = await (await openWorld(app)).tenant();
});
afterAll(() => app.close());

const parts = async () =>
  (await app.sql<{ name: string }>("select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_log'::regclass order by 1")).map(({ name }) => name);
const months = async (from: number, until: number) =>
  (await app.sql<{ name: string }>(
    "select 'audit_log_' || to_char(date_trunc('month', now() at time zone 'UTC') + g * interval '1 month', 'YYYY_MM') as name from generate_series($1::int, $2::int) g order by 1",
    [from, until],
  )).map(({ name }) => name);
/** Forget the months ahead: the last part begins with next month, as if nobody had made any for a while. */
const fallBehind = async () => {
  for (const name of await months(1, 3)) await app.sql(`drop table ${name}`);
  await app.sql("drop table audit_log_later");
  await app.sql("set local timezone = 'UTC'");
  await app.sql(`do $$ begin execute format('create table audit_log_later partition of audit_log for values from (%L) to (maxvalue)',
    (date_trunc('month', now() at time zone 'UTC') + interval '1 month') at time zone 'UTC'); end $$`);
  await app.sql("alter table audit_log_later enable row level security, force row level security");
};
const where = async (id: string) => (await app.sql<{ name: string }>("select tableoid::regclass::text as name from audit_log where uid = $1", [id]))[0]?.name;

describe("the daily job", () => {
  it("makes this month and the three that come, and done again it does nothing", async () => {
    const ahead = [...(await months(0, 3)), "audit_log_before", "audit_log_later"];
    expect(await parts()).toEqual(ahead);
    await fallBehind();
    for (let round = 0; round < 2; round++) {
      app.clock.now = new Date(Date.now() + round * 86_400_000);
      await app.jobs.tend();
      expect(await app.jobs.drain()).toEqual(expect.arrayContaining([expect.objectContaining({ kind: "audit.parts", outcome: "done" })]));
      expect(await parts()).toEqual(ahead);
    }
    app.clock.now = null;
    const walls = await app.sql("select distinct relrowsecurity as enabled, relforcerowsecurity as forced, relacl is null as closed from pg_class where relispartition and relname like 'audit\\_log\\_%' and relkind = 'r'");
    expect(walls).toEqual([{ enabled: true, forced: true, closed: true }]);
  });

  it("closes the last part behind what came into it, and every event stays where it can be found", async () => {
    await fallBehind();
    const late = await tenant.auditEvent({ createdAt: new Date(Date.now() + 45 * 86_400_000).toISOString() });
    expect(await where(late.id)).toBe("audit_log_later");
    await auditParts(houseOf(app))();
    expect(await where(late.id)).toMatch(/^audit_log_\d{4}_\d\d$/);
    expect(await parts()).toContain("audit_log_later");
    for (const createdAt of ["1970-01-01", "2999-01-01", new Date().toISOString()]) {
      const { id } = await tenant.auditEvent({ createdAt });
      expect(await where(id)).toBeDefined();
      expect((await tenant.auditor.run("query ($id: ID!) { auditEvent(id: $id) { id } }", { id })).body.data).toEqual({ auditEvent: { id } });
    }
  });
});

describe("the notary's door", () => {
  it("ends with its transaction: nothing of its role is left on the connection, whatever happened in it", async () => {
    const house = houseOf(app);
    const role = () => inNotary(house, { readOnly: true }, (db) => db.query<{ role: string; tenant: string }>("select current_user as role, current_setting('registry.tenant') as tenant"));
    expect(await role()).toEqual([{ role: "registry_notary", tenant: "" }]);
    await expect(inNotary(house, { readOnly: true }, (db) => db.query("select no_such_thing"))).rejects.toThrow();
    await expect(inNotary(house, { readOnly: true }, () => Promise.reject(new Error("our own")))).rejects.toThrow("our own");
    await expect(inNotary(house, { readOnly: true }, (db) => db.query("update audit_settlement set settled_at = now()"))).rejects.toThrow(/./);
    const client: pg.PoolClient = await poolOf(app).connect();
    try {
      expect((await client.query("select current_user as role")).rows).toEqual([{ role: "registry_service" }]);
    } finally {
      client.release();
    }
  });

  it("commits what was done, and nothing of what failed halfway", async () => {
    const house = houseOf(app);
    const settledAt = async () => (await app.sql<{ at: Date }>("select settled_at as at from audit_settlement"))[0]?.at.toISOString();
    const set = (at: string, fails: boolean) => inNotary(house, { readOnly: false }, async (db) => {
      await db.query("update audit_settlement set settled_at = $1", [at]);
      if (fails) throw new Error("halfway");
    });
    await set("2026-01-01T00:00:00.000Z", false);
    expect(await settledAt()).toBe("2026-01-01T00:00:00.000Z");
    await expect(set("2026-02-02T00:00:00.000Z", true)).rejects.toThrow("halfway");
    expect(await settledAt()).toBe("2026-01-01T00:00:00.000Z");
  });
});
