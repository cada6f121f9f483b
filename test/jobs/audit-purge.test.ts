/** Owns the guarantees of the daily purge of the audit log: what is past its retention goes, what is held stays, and what is left is still proven. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { purgeAuditLog } from "../../src/audit-retention/audit-retention.jobs.js";
import type { AuditPurge } from "../../src/audit-retention/audit-retention.purge.js";
import type { RequestContext } from "../../src/kernel/request.js";
import { addressFor, eventsIn, linesIn, logIn, verdictOn } from "../testkit/audit-export.js";
import { eventsOf } from "../testkit/events.js";
import { data } from "../testkit/outcome.js";
import { plantEvent, settleAll } from "../testkit/planted-events.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
/** What Postgres is asked for in the next run, if it is something else. */
let amended: (purge: AuditPurge) => Partial<AuditPurge> = () => ({});
let runs = 0;
beforeAll(async () => {
  app = await openRegistry({
    jobHandlers: {
      "audit.purge": (context) => {
        const { auditPurge } = context.facilities;
        const facilities = { ...context.facilities, auditPurge: { ...auditPurge, ...amended(auditPurge) } };
        return purgeAuditLog(Object.create(context, { facilities: { value: facilities } }) as RequestContext);
      },
    },
  });
  world = await openWorld(app);
});
afterEach(() => {
  amended = () => ({});
});
afterAll(() => app.close());

/** The next day's run; how each attempt at it ended. */
async function purge(): Promise<string[]> {
  await settleAll(app);
  app.clock.now = new Date(Date.now() + ++runs * 86_400_000);
  try {
    await app.jobs.tend();
    return (await app.jobs.drain()).filter(({ kind }) => kind === "audit.purge").map(({ outcome }) => outcome);
  } finally {
    app.clock.now = null;
  }
}

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
/** Events of so many days ago, in this order; their actions say how many. */
const plant = async (tenantId: string | null, ...days: number[]) => {
  for (const ago of days) await plantEvent(app, tenantId, { action: `ago.d${ago}`, created_at: daysAgo(ago) });
};
const plantMany = (tenantId: string, count: number, ago: number) =>
  app.sql("insert into audit_log (tenant_id, action, created_at) select $1, 'ago.many', $3::timestamptz from generate_series(1, $2::int)", [tenantId, count, daysAgo(ago)]);
const left = async ({ id }: { id: string }) => (await eventsOf(app, id)).map(({ action }) => action);
const purged = async ({ id }: { id: string }) => (await eventsOf(app, id)).filter(({ action }) => action === "audit.purge").map(({ metadata }) => metadata);
const signed = async ({ id }: { id: string }) =>
  (await app.sql<{ position: string }>("select position from audit_checkpoints where tenant_id = $1 and kind = 'purge' order by number", [id])).map(({ position }) => Number(position));
/** An export of everything up to now. */
async function whole(tenant: TenantInWorld): Promise<string> {
  await settleAll(app);
  return (await fetch(await addressFor(app, tenant.auditor))).text();
}
const keptIn = (text: string) => linesIn(text).flatMap((line) => (line.type === "checkpoint" ? [line.signed] : []));
const hold = async ({ id }: { id: string }) => void data(await world.operator.run("mutation ($id: ID!) { placeLegalHold(input: { tenantId: $id, reason: \"case 7\" }) { policy { version } } }", { id }));
const release = async ({ id }: { id: string }) => void data(await world.operator.run("mutation ($id: ID!) { releaseLegalHold(input: { tenantId: $id }) { policy { version } } }", { id }));
const keepFor = async ({ admin }: TenantInWorld, days: number) => void data(await admin.run("mutation ($days: Int!) { setAuditRetention(input: { retentionDays: $days }) { policy { version } } }", { days }));

/** A tenant of whose events two were to go, when somebody placed a hold. */
async function heldMeanwhile(): Promise<TenantInWorld> {
  const tenant = await world.tenant();
  await plant(tenant.id, 500, 400, 1);
  amended = ({ deleteCovered }) => ({
    async deleteCovered(tenantId) {
      if (tenantId === tenant.id && (await signed(tenant)).length > 0) {
        // Tomorrow nobody's token is good any more.
        app.clock.now = null;
        await hold(tenant);
      }
      return deleteCovered(tenantId);
    },
  });
  expect(await purge()).toEqual(["done"]);
  amended = () => ({});
  expect(await signed(tenant)).toEqual([2]);
  return tenant;
}

describe("what stays", () => {
  it("is everything that is held, however old, also when the retention is made shorter meanwhile; it goes when the hold ends", async () => {
    const tenant = await world.tenant();
    await plant(tenant.id, 4_000, 400, 20);
    await hold(tenant);
    await keepFor(tenant, 7);
    expect(await purge()).toEqual(["done"]);
    expect(await left(tenant)).toEqual(["ago.d4000", "ago.d400", "ago.d20", "audit.place_hold", "audit.set_retention"]);
    expect(await signed(tenant)).toEqual([]);
    await release(tenant);
    expect(await purge()).toEqual(["done"]);
    expect(await left(tenant)).toEqual(["audit.place_hold", "audit.set_retention", "audit.release_hold", "audit.purge"]);
  });

  it("is what a hold is placed on after it was signed and before it is deleted; it goes when the hold ends, and is recorded once", async () => {
    const tenant = await heldMeanwhile();
    expect(await purge()).toEqual(["done"]);
    expect((await left(tenant)).slice(0, 3)).toEqual(["ago.d500", "ago.d400", "ago.d1"]);
    await release(tenant);
    expect(await purge()).toEqual(["done"]);
    expect((await left(tenant))[0]).toBe("ago.d1");
    expect(await purged(tenant)).toEqual([{ events: 2, upTo: "2" }]);
    expect(await signed(tenant)).toEqual([2]);
    expect(await verdictOn(app, await whole(tenant))).toMatchObject({ valid: true, from: 3, failure: null });
  });

  it("is in an export, although a checkpoint of a purge has been signed behind it", async () => {
    const text = await whole(await heldMeanwhile());
    expect(logIn(text)).toMatchObject({ after: 0, base: null });
    expect(eventsIn(text).map(({ columns }) => columns["action"])).toEqual(expect.arrayContaining(["ago.d500", "ago.d400", "ago.d1"]));
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, from: 1, failure: null });
  });

  it("is another tenant's event of the same age, which is kept for longer", async () => {
    const [short, long, usual] = [await world.tenant(), await world.tenant(), await world.tenant()];
    for (const { id } of [short, long, usual]) await plant(id, 600, 100, 8, 6);
    await keepFor(short, 7);
    await keepFor(long, 3_650);
    expect(await purge()).toEqual(["done"]);
    expect(await left(short)).toEqual(["ago.d6", "audit.set_retention", "audit.purge"]);
    expect(await left(usual)).toEqual(["ago.d100", "ago.d8", "ago.d6", "audit.purge"]);
    expect(await left(long)).toEqual(["ago.d600", "ago.d100", "ago.d8", "ago.d6", "audit.set_retention"]);
  });

  it("is what stands in the chain behind an event that is not due yet, until that one is", async () => {
    const tenant = await world.tenant();
    await plant(tenant.id, 400, 363, 401, 402);
    expect(await purge()).toEqual(["done"]);
    expect(await left(tenant)).toEqual(["ago.d363", "ago.d401", "ago.d402", "audit.purge"]);
    await keepFor(tenant, 362);
    expect(await purge()).toEqual(["done"]);
    expect(await left(tenant)).toEqual(["audit.purge", "audit.set_retention", "audit.purge"]);
    expect(await purged(tenant)).toEqual([{ events: 1, upTo: "1" }, { events: 3, upTo: "4" }]);
  });

  it("is what the chain does not have yet, however old, and what will be due in some minutes", async () => {
    const tenant = await world.tenant();
    await plant(tenant.id, 400);
    await plantEvent(app, tenant.id, { action: "ago.nearly", created_at: new Date(Date.now() - 365 * 86_400_000 + 600_000).toISOString() });
    amended = ({ tenantIds }) => ({
      async tenantIds() {
        await plant(tenant.id, 401);
        return tenantIds();
      },
    });
    expect(await purge()).toEqual(["done"]);
    expect(await left(tenant)).toEqual(["ago.nearly", "ago.d401", "audit.purge"]);
  });
});

describe("what goes", () => {
  it("leaves a checkpoint from which the rest is verified, also against checkpoints that were kept from before", async () => {
    const tenant = await world.tenant();
    await plant(tenant.id, 400, 399, 366, 364);
    const kept = keptIn(await whole(tenant));
    await plant(tenant.id, 1);
    expect(await purge()).toEqual(["done"]);
    // That it was fetched is recorded when it is over, whenever that is.
    expect((await left(tenant)).filter((action) => action !== "audit.fetch_export")).toEqual(["ago.d364", "audit.export", "ago.d1", "audit.purge"]);
    expect(await signed(tenant)).toEqual([3]);
    const text = await whole(tenant);
    expect(logIn(text)).toMatchObject({ after: 3, base: expect.any(String) });
    expect(await verdictOn(app, text, kept)).toMatchObject({ valid: true, from: 4, failure: null });
    // Again and again, with other checkpoints in between.
    await plant(tenant.id, 2);
    await keepFor(tenant, 363);
    expect(await purge()).toEqual(["done"]);
    expect(await signed(tenant)).toEqual([3, 4]);
    const again = await whole(tenant);
    expect(await verdictOn(app, again, [...kept, ...keptIn(text)])).toMatchObject({ valid: true, from: 5, failure: null });
    expect(await eventsOf(app, tenant.id)).toContainEqual({
      action: "audit.purge", actorType: "system", targetType: "audit_log", targetId: tenant.id, targetName: tenant.slug, projectId: null, product: null, metadata: { events: 3, upTo: "3" },
    });
  });

  it("goes in steps when it is much: each is signed and recorded, nothing due is left, and the chain keeps less than a tile", async () => {
    const tenant = await world.tenant();
    await plantMany(tenant.id, 3_600, 400);
    await plant(tenant.id, 1);
    expect(await purge()).toEqual(["done"]);
    expect(await left(tenant)).toEqual(["ago.d1", "audit.purge", "audit.purge", "audit.purge"]);
    expect(await signed(tenant)).toEqual([1_700, 3_400, 3_600]);
    expect(await purged(tenant)).toEqual([{ events: 1_700, upTo: "1700" }, { events: 1_700, upTo: "3400" }, { events: 200, upTo: "3600" }]);
    expect(await app.sql("select min(position)::int as first from audit_chain where tenant_id = $1", [tenant.id])).toEqual([{ first: 3_584 }]);
    const text = await whole(tenant);
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, from: 3_601, failure: null });
  });

  it("goes of an archived tenant too, of nobody's events and of a tenant that is no more, which have no log to record it in", async () => {
    const [archived, gone] = [await world.tenant({ status: "archived" }), await world.tenant()];
    for (const id of [archived.id, gone.id, null]) await plant(id, 400, 1);
    await app.sql("delete from tenants where id = $1", [gone.id]);
    expect(await purge()).toEqual(["done"]);
    expect(await left(archived)).toEqual(["ago.d1", "audit.purge"]);
    expect(await left(gone)).toEqual(["ago.d1"]);
    expect(await app.sql("select action from audit_log where tenant_id is null")).toEqual([{ action: "ago.d1" }]);
  });

  it("takes external ids of the same age with it, and leaves younger ones", async () => {
    const tenant = await world.tenant();
    await plant(tenant.id, 400);
    for (const ago of [400, 1]) {
      await app.sql("insert into audit_external_ids (tenant_id, product, external_id, event_id, created_at) values ($1, 'crm', $2, gen_random_uuid(), $3)", [tenant.id, `e-${ago}`, daysAgo(ago)]);
    }
    expect(await purge()).toEqual(["done"]);
    expect(await app.sql("select external_id from audit_external_ids where tenant_id = $1", [tenant.id])).toEqual([{ external_id: "e-1" }]);
  });

  it("may be events from which somebody was erased: the erasures of the rest are still accounted for", async () => {
    const tenant = await world.tenant();
    for (const ago of [400, 1]) await plantEvent(app, tenant.id, { actor_id: "ada", action: `ago.d${ago}`, created_at: daysAgo(ago) });
    await settleAll(app);
    data(await world.operator.run("mutation ($id: ID!) { eraseAuditPerson(input: { tenantId: $id, actorId: \"ada\" }) { events } }", { id: tenant.id }));
    expect(await purge()).toEqual(["done"]);
    expect(await verdictOn(app, await whole(tenant))).toMatchObject({ valid: true, from: 2, erased: 1, failure: null });
  });

  it("goes once: the next run finds nothing, signs nothing and records nothing", async () => {
    const tenant = await world.tenant();
    await plant(tenant.id, 400, 1);
    expect(await purge()).toEqual(["done"]);
    const before = [await left(tenant), await signed(tenant)];
    expect(await purge()).toEqual(["done"]);
    expect([await left(tenant), await signed(tenant)]).toEqual(before);
  });
});

describe("a run that fails", () => {
  it("between signing and deleting is finished by the next one, and recorded once", async () => {
    const tenant = await world.tenant();
    await plant(tenant.id, 400, 1);
    let broken = false;
    amended = ({ deleteCovered }) => ({
      async deleteCovered(tenantId) {
        if (tenantId === tenant.id && !broken && (await signed(tenant)).length > 0) {
          broken = true;
          throw new Error("the connection is gone");
        }
        return deleteCovered(tenantId);
      },
    });
    expect(await purge()).toEqual(["retrying", "done"]);
    expect(await left(tenant)).toEqual(["ago.d1", "audit.purge"]);
    expect(await verdictOn(app, await whole(tenant))).toMatchObject({ valid: true, from: 2 });
  });

  it("in one tenant's log does not keep the others from theirs, and says whose it was", async () => {
    const [bad, good] = [await world.tenant(), await world.tenant()];
    for (const { id } of [bad, good]) await plant(id, 400, 1);
    amended = ({ deleteCovered }) => ({
      deleteCovered: (tenantId) => (tenantId === bad.id ? Promise.reject(new Error("the disk is full")) : deleteCovered(tenantId)),
    });
    expect((await purge()).at(-1)).toBe("failed");
    expect(await left(good)).toEqual(["ago.d1", "audit.purge"]);
    expect(await left(bad)).toEqual(["ago.d400", "ago.d1"]);
    expect(app.logged.filter((line) => line.includes("could not be purged") && line.includes(bad.id)).length).toBeGreaterThan(0);
  });
});

describe("parts", () => {
  const parts = async () =>
    (await app.sql<{ name: string }>("select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_log'::regclass order by 1")).map(({ name }) => name);
  const atPlaces = (name: string) => app.sql(`select count(*)::int as rows from ${name}`);
  /** Months of long ago, as a registry has them that has run since. */
  beforeAll(async () => {
    await app.sql(`
      do $$ declare first text := (select substring(pg_get_expr(relpartbound, oid) from $b$TO \\('([^']+)'\\)$b$) from pg_class where oid = 'audit_log_before'::regclass);
      begin
        alter table audit_log detach partition audit_log_before;
        drop table audit_log_before;
        create table audit_log_before partition of audit_log for values from (minvalue) to ('2020-01-01Z');
        create table audit_log_2020_01 partition of audit_log for values from ('2020-01-01Z') to ('2020-02-01Z');
        create table audit_log_2020_02 partition of audit_log for values from ('2020-02-01Z') to ('2020-03-01Z');
        execute format('create table audit_log_2020_03 partition of audit_log for values from (%L) to (%L)', '2020-03-01Z', first);
        alter table audit_log_before enable row level security, force row level security;
        alter table audit_log_2020_01 enable row level security, force row level security;
        alter table audit_log_2020_02 enable row level security, force row level security;
        alter table audit_log_2020_03 enable row level security, force row level security;
        delete from audit_chain; delete from audit_checkpoints; delete from audit_nodes; delete from audit_log;
      end $$`);
  });
  const at = (tenantId: string | null, created_at: string) => plantEvent(app, tenantId, { action: "at.then", created_at });

  it("stay as long as one event in them is held; others' events go from them one by one", async () => {
    const [held, free] = [await world.tenant(), await world.tenant()];
    for (const { id } of [held, free]) await at(id, "2020-01-10Z");
    await hold(held);
    expect(await purge()).toEqual(["done"]);
    expect(await parts()).toContain("audit_log_2020_01");
    expect(await left(free)).toEqual(["audit.purge"]);
    expect(await left(held)).toEqual(["at.then", "audit.place_hold"]);
    await release(held);
  });

  it("go as a whole when everything in them is due, one after the other; the first one is emptied, and what is left is verified", async () => {
    const tenant = await world.tenant();
    for (const time of ["2019-01-01Z", "2020-01-10Z", "2020-02-10Z"]) for (const id of [tenant.id, null]) await at(id, time);
    await plant(tenant.id, 2);
    let asked = 0;
    amended = ({ dropPart }) => ({
      dropPart() {
        asked++;
        return dropPart();
      },
    });
    expect(await purge()).toEqual(["done"]);
    const names = await parts();
    for (const name of ["audit_log_2020_01", "audit_log_2020_02"]) expect(names).not.toContain(name);
    expect(names).toEqual(expect.arrayContaining(["audit_log_before", "audit_log_later"]));
    expect(asked).toBeGreaterThanOrEqual(3);
    expect(await atPlaces("audit_log_before")).toEqual([{ rows: 0 }]);
    expect(await left(tenant)).toEqual(["ago.d2", "audit.purge"]);
    expect(await verdictOn(app, await whole(tenant))).toMatchObject({ valid: true, from: 4, failure: null });
    // Whatever is older than every part still has a place.
    await at(tenant.id, "2018-01-01Z");
  });
});
