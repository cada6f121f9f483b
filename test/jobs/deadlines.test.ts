/** Owns the proof that jobs store of tenants what is already true, each step once and with its own time, and announce what is near once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { JobHandlers } from "../../src/job/job.handlers.js";
import { REGISTRY_ITSELF } from "../../src/kernel/principal.js";
import type { RequestContext } from "../../src/kernel/request.js";
import { advanceTenant, SWEEP_AT_MOST, sweepDeadlines } from "../../src/tenant/tenant.deadlines.js";
import { eventsOf } from "../testkit/events.js";
import { data } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { houseOf, visit } from "../walls/visits.js";
import { openInstance } from "./instances.js";

const HANDLERS: Partial<JobHandlers> = { "deadlines.sweep": sweepDeadlines, "tenant.advance": advanceTenant };
/** It is on the full minute, as sweeps are. */
const DEADLINE = new Date("2031-05-01T10:00:00.000Z");
const MINUTE = 60_000;
const at = (days: number, ms = 0) => new Date(DEADLINE.getTime() + days * 86_400_000 + ms);

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await openRegistry({ jobHandlers: HANDLERS });
  world = await openWorld(app);
});
afterAll(() => app.close());
afterEach(async () => {
  app.clock.now = null;
  await app.sql("delete from pgboss.job");
  await app.sql("delete from tenants");
});

/** What the clock asks for at that time, done by one instance or by several, of which none knows what another one did. */
async function sweepAt(time: Date, count = 1): Promise<void> {
  app.clock.now = time;
  const instances = Array.from({ length: count }, () => openInstance(app, HANDLERS));
  await Promise.all(instances.map((jobs) => jobs.tend()));
  await Promise.all(instances.map((jobs) => jobs.drain()));
  await app.jobs.drain();
}

const told = async ({ id }: TenantInWorld) => (await eventsOf(app, id)).map(({ action, actorType, targetId, metadata }) => {
  expect([actorType, targetId]).toEqual(["system", id]);
  return { action, ...metadata };
});
const rowOf = async ({ id }: TenantInWorld) =>
  (await app.sql<{ status: string }>(`select status, frozen_at as "frozenAt", archived_at as "archivedAt", cancel_reason as reason, version from tenants where id = $1`, [id]))[0];
const trialOf = (trialEndsAt = DEADLINE) => world.tenant({ status: "trial", trialEndsAt });
const frozenSince = (frozenAt = at(-30)) => world.tenant({ status: "frozen", frozenAt });
const json = (value: object) => JSON.parse(JSON.stringify(value)) as object;

const TRIAL_END = json({ action: "tenant.trial_end", from: "trial", to: "frozen", reason: "trial_ended", frozenAt: DEADLINE });

describe("a deadline that is reached is stored", () => {
  it("a trial is frozen since its end, however late the job is, and Keycloak is to hear of it", async () => {
    const [tenant, other] = [await trialOf(), await trialOf(at(20))];
    await sweepAt(at(0, -MINUTE));
    expect(await rowOf(tenant)).toMatchObject({ status: "trial", version: 1 });
    await sweepAt(at(7));
    expect(await rowOf(tenant)).toEqual({ status: "frozen", frozenAt: DEADLINE, archivedAt: null, reason: "trial_ended", version: 2 });
    expect((await told(tenant)).slice(-1)).toEqual([TRIAL_END]);
    expect(await app.sql("select name from pgboss.job where data->>'tenantId' = $1 and state = 'created'", [tenant.id])).toEqual([{ name: "tenant.provision" }]);
    expect(await rowOf(other)).toMatchObject({ status: "trial", version: 1 });
  });

  it("a frozen tenant is archived since the end of its grace, and what it had is erased", async () => {
    const tenant = await frozenSince();
    await tenant.project();
    await sweepAt(at(7));
    expect(await rowOf(tenant)).toEqual({ status: "archived", frozenAt: at(-30), archivedAt: DEADLINE, reason: null, version: 2 });
    expect(await told(tenant)).toEqual([json({ action: "tenant.grace_end", from: "frozen", to: "archived", frozenAt: at(-30), reason: null, erased: { tenant_projects: 1 } })]);
    expect(await app.sql("select id from tenant_projects where tenant_id = $1", [tenant.id])).toEqual([]);
  });

  it("a tenant that nobody looked at for years takes every step, each with its own time", async () => {
    const tenant = await trialOf();
    await sweepAt(at(2000));
    expect(await rowOf(tenant)).toEqual({ status: "archived", frozenAt: DEADLINE, archivedAt: at(30), reason: "trial_ended", version: 3 });
    expect(await told(tenant)).toEqual([TRIAL_END, json({ action: "tenant.grace_end", from: "frozen", to: "archived", frozenAt: DEADLINE, reason: "trial_ended", erased: {} })]);
  });

  it("once, by however many instances at once and however often", async () => {
    const tenants = [await trialOf(), await trialOf(at(-40)), await frozenSince()];
    for (const time of [at(1), at(1, MINUTE), at(1, 2 * MINUTE)]) await sweepAt(time, 3);
    await Promise.all(Array.from({ length: 5 }, () => tenants.map(({ id }) => advanceTenant(contextAt(at(1)), { tenantId: id }))).flat());
    const actions = await Promise.all(tenants.map(async (tenant) => (await told(tenant)).map(({ action }) => action)));
    expect(actions).toEqual([["tenant.trial_end"], ["tenant.trial_end", "tenant.grace_end"], ["tenant.grace_end"]]);
  });

  it("not of a tenant that somebody moved on before its job was run, and not of one that is gone", async () => {
    const [reactivated, gone] = [await trialOf(), await trialOf()];
    app.clock.now = at(1);
    const operator = await world.caller({ realm_access: { roles: ["platform-operator"] } });
    expect((await sweepDeadlines(contextAt(at(1)))).map(({ payload }) => payload.tenantId).sort()).toEqual([reactivated.id, gone.id].sort());
    data(await operator.run("mutation ($id: ID!) { reactivateTenant(input: { id: $id }) { tenant { id } } }", { id: reactivated.id }));
    await app.sql("delete from tenants where id = $1", [gone.id]);
    for (const { id } of [reactivated, gone]) await advanceTenant(contextAt(at(1)), { tenantId: id });
    expect(await rowOf(reactivated)).toMatchObject({ status: "active", frozenAt: null });
    expect((await eventsOf(app, reactivated.id)).map(({ action }) => action)).toEqual(["tenant.reactivate"]);
    expect(await eventsOf(app, gone.id)).toEqual([]);
  });

  it.each([
    ["a demo", { status: "demo", kind: "demo" }],
    ["an active tenant whose trial is over", { status: "active", trialEndsAt: DEADLINE }],
    ["a trial without an end, as adopted ones can be", { status: "trial" }],
    ["an archived tenant", { status: "archived", frozenAt: at(-30) }],
  ])("never of %s", async (_, fields) => {
    app.clock.now = DEADLINE;
    const tenant = await world.tenant(fields);
    const before = await rowOf(tenant);
    for (const time of [at(-1), at(0), at(30), at(2000)]) expect([await sweepDeadlines(contextAt(time)), await advanceTenant(contextAt(time), { tenantId: tenant.id })]).toEqual([[], undefined]);
    expect([await rowOf(tenant), await told(tenant)]).toEqual([before, []]);
  });
});

/** A request of the registry to itself, at a time of its own. */
function contextAt(time: Date): RequestContext {
  return { doors: visit(houseOf(app), REGISTRY_ITSELF), now: () => time } as RequestContext;
}

describe.each([
  ["a trial", "tenant.trial_ending", () => trialOf()],
  ["a frozen tenant", "tenant.grace_ending", () => frozenSince()],
] as const)("the deadline of %s is announced", (_, action, plant) => {
  const announced = (daysLeft: number, deadline = DEADLINE) => json({ action, daysLeft, deadline });

  it("three days and one day ahead, once each, however often somebody looks and in how many places", async () => {
    const tenant = await plant();
    for (const [days, instances] of [[-4, 1], [-3, 3], [-2.9, 1], [-2, 2], [-1, 3], [-0.9, 1], [-0.1, 2]] as const) await sweepAt(at(days), instances);
    await Promise.all(Array.from({ length: 5 }, () => advanceTenant(contextAt(at(-0.5)), { tenantId: tenant.id })));
    expect(await told(tenant)).toEqual([announced(3), announced(1)]);
    expect(await rowOf(tenant)).toMatchObject({ version: 1 });
  });

  it("late, with the days that are left; what was missed is not made up for when the next is due", async () => {
    const [late, later, tooLate] = [await plant(), await plant(), await plant()];
    await advanceTenant(contextAt(at(-1.5)), { tenantId: late.id });
    await advanceTenant(contextAt(at(0, -1)), { tenantId: later.id });
    await advanceTenant(contextAt(at(0)), { tenantId: tooLate.id });
    expect([await told(late), await told(later)]).toEqual([[announced(2)], [announced(1)]]);
    expect((await told(tooLate)).map((event) => event.action)).not.toContain(action);
  });
});

describe("a deadline that is moved", () => {
  it("is announced anew, and the old one no more", async () => {
    const tenant = await trialOf();
    await sweepAt(at(-3));
    app.clock.now = at(-2.5);
    const operator = await world.caller({ realm_access: { roles: ["platform-operator"] } });
    data(await operator.run("mutation ($id: ID!) { extendTrial(input: { id: $id, days: 10 }) { tenant { id } } }", { id: tenant.id }));
    for (const days of [-1, 0, 6.9, 7, 9, 9.5]) await sweepAt(at(days));
    const reminders = (await eventsOf(app, tenant.id)).filter(({ action }) => action === "tenant.trial_ending").map(({ metadata }) => metadata);
    expect(reminders).toEqual([{ daysLeft: 3, deadline: DEADLINE }, { daysLeft: 3, deadline: at(10) }, { daysLeft: 1, deadline: at(10) }].map(json));
    expect(await rowOf(tenant)).toMatchObject({ status: "trial" });
  });

  it("into the past of a later look, by a hand that is not ours, is found to the microsecond", async () => {
    const tenant = await trialOf();
    await app.sql("update tenants set trial_ends_at = '2031-05-01T10:00:00.000999Z' where id = $1", [tenant.id]);
    for (const days of [-3, -1]) await sweepAt(at(days));
    expect(await sweepDeadlines(contextAt(at(-0.5)))).toEqual([]);
    await sweepAt(at(0));
    expect((await told(tenant)).map(({ action }) => action)).toEqual(["tenant.trial_ending", "tenant.trial_ending", "tenant.trial_end"]);
  });
});

describe("a sweep", () => {
  it("is bounded, begins with what is longest due, and takes up the rest the next time", async () => {
    await app.sql("insert into tenants (slug, name, status, trial_ends_at) select 'many-' || n, 'x', 'trial', $1::timestamptz + n * interval '1 minute' from generate_series(1, $2::int) n", [DEADLINE, SWEEP_AT_MOST + 2]);
    const found = await sweepDeadlines(contextAt(at(30)));
    const last = await app.sql<{ id: string }>("select id from tenants order by trial_ends_at desc limit 2");
    expect([found.length, found.filter(({ payload }) => last.some(({ id }) => id === payload.tenantId))]).toEqual([SWEEP_AT_MOST, []]);
    await app.sql("delete from tenants where id = any($1)", [found.map(({ payload }) => payload.tenantId)]);
    expect((await sweepDeadlines(contextAt(at(30)))).map(({ payload }) => payload.tenantId)).toEqual(last.map(({ id }) => id).reverse());
  });
});
