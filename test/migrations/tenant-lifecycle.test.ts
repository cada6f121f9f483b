/** Owns the proof of what migration 7 makes of tenants that were there before it: nobody is thawed by it, and nobody erased. */
import type { DataSource } from "typeorm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { TenantLifecycle1700000000007 } from "../../migrations/7-tenant-lifecycle.js";
import { openDataSource } from "../../src/database/data-source.js";
import { openEmbedded } from "../../src/database/embedded.js";
import { down, up } from "../../src/database/migrate.js";
import { TenantStatus } from "../../src/tenant/tenant.entity.js";
import { graceEnd, statusAt, type Standing } from "../../src/tenant/tenant.lifecycle.js";
import { TIMEOUTS } from "../database/schema-bench.js";

const NUMBER = MIGRATIONS.indexOf(TenantLifecycle1700000000007) + 1;
/** Whoever owns the tables in production is not above row security, which is forced on it: statements that forgot it would change nothing. */
const OWNER = "registry_plain_owner";
const DAY = 86_400_000;

interface Row extends Standing {
  slug: string;
  archivedAt: Date | null;
  reason: string | null;
  updatedAt: Date;
  version: number;
}

let owner: DataSource;
let close: () => Promise<void>;
let before: Map<string, Date>;
let rows: Map<string, Row>;
const began = Date.now();

const daysAgo = (days: number) => new Date(began - days * DAY);
const row = (slug: string) => rows.get(slug) as Row;

/** Beyond row security, as nobody is in production. */
const asSuperuser = <Found>(statement: string, values: readonly unknown[] = []): Promise<Found> =>
  owner.transaction(async (tx) => {
    await tx.query("set local role none");
    return tx.query(statement, [...values]);
  });

beforeAll(async () => {
  const embedded = await openEmbedded({ dataDir: null });
  const superuser = await openDataSource({ ...TIMEOUTS, embedded });
  await superuser.query(`create role ${OWNER} createrole; grant create on database postgres to ${OWNER}; grant all on schema public to ${OWNER}`);
  await superuser.destroy();
  owner = await openDataSource({ ...TIMEOUTS, embedded, migrations: MIGRATIONS, role: OWNER });
  close = () => owner.destroy().then(() => embedded.close());
  await up(owner, NUMBER - 1);
  for (const [slug, status, trialEndsAt, updatedAt] of [
    ["frozen-lately", "frozen", null, daysAgo(10)],
    ["frozen-long-ago", "frozen", daysAgo(500), daysAgo(400)],
    ["archived", "archived", null, daysAgo(50)],
    ["trial", "trial", daysAgo(-5), daysAgo(9)],
    ["trial-over", "trial", daysAgo(5), daysAgo(19)],
    ["trial-long-over", "trial", daysAgo(400), daysAgo(414)],
    ["trial-without-end", "trial", null, daysAgo(400)],
    ["active", "active", daysAgo(400), daysAgo(390)],
    ["demo", "demo", null, daysAgo(400)],
  ] as const) {
    await asSuperuser("insert into tenants (slug, name, status, trial_ends_at, updated_at) values ($1, 'x', $2, $3, $4)", [slug, status, trialEndsAt, updatedAt]);
  }
  before = new Map((await asSuperuser<{ slug: string; updatedAt: Date }[]>(`select slug, updated_at as "updatedAt" from tenants`)).map((one) => [one.slug, one.updatedAt]));
  await up(owner, NUMBER);
  const after = await asSuperuser<Row[]>(`
    select slug, status, trial_ends_at as "trialEndsAt", frozen_at as "frozenAt", archived_at as "archivedAt", cancel_reason as reason, updated_at as "updatedAt", version from tenants`);
  rows = new Map(after.map((one) => [one.slug, one]));
});
afterAll(() => close());

describe("the migration to the lifecycle, by an owner like production's", () => {
  it("freezes since when the row last changed, but leaves a week at least: nobody is archived by an upgrade", () => {
    expect(row("frozen-lately").frozenAt).toEqual(daysAgo(10));
    for (const one of rows.values()) {
      if (one.slug === "archived") continue;
      expect([one.slug, statusAt(one, new Date(Date.now() + 6 * DAY))]).not.toEqual([one.slug, TenantStatus.ARCHIVED]);
      if (one.frozenAt) expect(graceEnd(one.frozenAt).getTime()).toBeGreaterThanOrEqual(began + 7 * DAY - 60_000);
    }
  });

  it("stores that a trial is long over, with an event, and leaves one that is lately over to its job", async () => {
    expect(row("trial-long-over")).toMatchObject({ status: "frozen", reason: "trial_ended", trialEndsAt: daysAgo(400), version: 2 });
    expect(row("trial-over")).toMatchObject({ status: "trial", frozenAt: null, version: 1 });
    const events = await asSuperuser<{ slug: string }[]>("select target_name as slug, actor_id, actor_type, action, metadata->>'to' as to from audit_log a join tenants t on t.id = a.tenant_id");
    expect(events).toEqual([{ slug: "trial-long-over", actor_id: "system:migration", actor_type: "system", action: "tenant.trial_end", to: "frozen" }]);
  });

  it("keeps the rest as it was, and writes down since when it has been so without touching when it changed", () => {
    expect(row("archived")).toMatchObject({ status: "archived", archivedAt: daysAgo(50), frozenAt: null });
    for (const slug of ["trial", "trial-without-end", "active", "demo"]) expect(row(slug)).toMatchObject({ frozenAt: null, archivedAt: null, reason: null, version: 1 });
    for (const [slug, one] of rows) if (slug !== "trial-long-over") expect([slug, one.updatedAt]).toEqual([slug, before.get(slug)]);
  });

  it("leaves row security and the trigger as they were", async () => {
    expect(await asSuperuser("select distinct relrowsecurity, relforcerowsecurity from pg_class where relname in ('tenants', 'audit_log')")).toEqual([{ relrowsecurity: true, relforcerowsecurity: true }]);
    expect(await asSuperuser("select tgenabled::text from pg_trigger where tgname = 'tenants_touch_updated_at'")).toEqual([{ tgenabled: "O" }]);
  });

  it.each([
    ["frozen since never", "update tenants set status = 'frozen' where slug = 'active'", "tenants_frozen_at_check"],
    ["active and frozen", "update tenants set frozen_at = now() where slug = 'active'", "tenants_frozen_at_check"],
    ["archived since never", "update tenants set status = 'archived' where slug = 'demo'", "tenants_archived_at_check"],
    ["archived and active", "update tenants set archived_at = now() where slug = 'active'", "tenants_archived_at_check"],
    ["noted at length", "update tenants set cancel_note = repeat('x', 501) where slug = 'active'", "tenants_cancel_note_check"],
  ])("from then on no tenant is %s", async (_, statement, constraint) => {
    await expect(asSuperuser(statement)).rejects.toThrow(constraint);
  });

  it("goes down and up again with rows of every state", async () => {
    await down(owner, 1, { forwardOnly: false });
    await up(owner, NUMBER);
    const [counted] = await asSuperuser<{ count: string }[]>("select count(*) from tenants where status = 'frozen' and frozen_at is not null");
    expect(counted?.count).toBe("3");
  });
});
