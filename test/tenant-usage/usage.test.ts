import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { data, fault } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type Caller, type World } from "../testkit/world.js";

const USAGE = "query ($id: ID!, $from: LocalDate, $until: LocalDate) { tenant(id: $id) { id usage(from: $from, until: $until) { day environment operations errors } } }";
/** The last moment of a day. */
const NOW = new Date("2031-05-10T23:59:59.999Z");
const TODAY = "2031-05-10";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  app.clock.now = NOW;
  world = await openWorld(app);
});
beforeEach(() => {
  app.clock.now = NOW;
});
afterAll(() => {
  app.clock.now = null;
});

const usageOf = async (caller: Caller, { id }: { id: string }, span = {}) => data(await caller.run(USAGE, { id, ...span }))["tenant"].usage;
const row = (day: string, operations: number, errors = 0, environment: string | null = "prod") => ({ day, environment, operations, errors });

describe("Tenant.usage", () => {
  it("someone else's: it is counted nowhere but in its own tenant, although it is there", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    await mine.usage({ day: TODAY, operations: 1 });
    await theirs.usage({ day: TODAY, operations: 100, errors: 50 });
    expect(await usageOf(theirs.admin, theirs)).toEqual([row(TODAY, 100, 50)]);
    expect(await usageOf(mine.admin, mine)).toEqual([row(TODAY, 1)]);
    for (const caller of [world.support, world.operator]) expect([await usageOf(caller, mine), await usageOf(caller, theirs)]).toEqual([[row(TODAY, 1)], [row(TODAY, 100, 50)]]);
    expect(data(await mine.admin.run(USAGE, { id: theirs.id }))).toEqual({ tenant: null });
  });

  it("unauthenticated and forbidden: members and services see none of it, and members still read the tenant", async () => {
    const tenant = await world.tenant();
    await tenant.usage({ day: TODAY });
    fault(await world.anonymous.run(USAGE, { id: tenant.id }), "UNAUTHENTICATED");
    const answer = await tenant.member.run(USAGE, { id: tenant.id });
    fault(answer, "FORBIDDEN");
    expect(answer.body.data).toEqual({ tenant: { id: tenant.id, usage: null } });
    fault(await world.service.run(USAGE, { id: tenant.id }), "FORBIDDEN");
    for (const caller of [tenant.auditor, tenant.admin]) expect(await usageOf(caller, tenant)).toHaveLength(1);
  });

  it("frozen: it is still read; archived: by staff only", async () => {
    const [frozen, archived] = [await world.tenant({ status: "frozen" }), await world.tenant({ status: "archived" })];
    for (const tenant of [frozen, archived]) await tenant.usage({ day: TODAY });
    expect(await usageOf(frozen.auditor, frozen)).toHaveLength(1);
    fault(await archived.auditor.run(USAGE, { id: archived.id }), "FORBIDDEN");
    expect(await usageOf(world.support, archived)).toHaveLength(1);
  });

  it.each([
    [{ from: "2031-05-02", until: "2031-05-01" }],
    [{ from: "2031-05-11" }],
    [{ from: "2030-05-09", until: TODAY }],
    [{ from: "0001-01-01", until: "9999-12-31" }],
  ])("invalid: %o is refused", async (span) => {
    const tenant = await world.tenant();
    fault(await tenant.admin.run(USAGE, { id: tenant.id, ...span }), "BAD_USER_INPUT", "from");
  });

  it.each(["", "yesterday", "2031-02-30", "0000-01-01"])("invalid: %j is no day", async (from) => {
    const tenant = await world.tenant();
    fault(await tenant.admin.run(USAGE, { id: tenant.id, from }), "BAD_USER_INPUT");
  });

  it("ok: by day and environment in their order; what was for no environment says so by null", async () => {
    const tenant = await world.tenant();
    await tenant.usage({ day: TODAY, environment: "staging", operations: 3 });
    await tenant.usage({ day: TODAY, environment: "", operations: 7, errors: 2 });
    await tenant.usage({ day: TODAY, operations: 9_007_199_254_740, errors: 5 });
    await tenant.usage({ day: "2031-05-09", operations: 1 });
    expect(await usageOf(tenant.auditor, tenant)).toEqual([row("2031-05-09", 1), row(TODAY, 7, 2, null), row(TODAY, 9_007_199_254_740, 5), row(TODAY, 3, 0, "staging")]);
  });

  it("both days are in it, and 366 of them can be asked for", async () => {
    const tenant = await world.tenant();
    for (const day of ["2030-05-09", "2030-05-10", TODAY, "2031-05-11"]) await tenant.usage({ day });
    const days = async (span = {}) => (await usageOf(tenant.admin, tenant, span)).map(({ day }: { day: string }) => day);
    expect(await days({ from: "2030-05-10", until: TODAY })).toEqual(["2030-05-10", TODAY]);
    expect(await days({ from: "2031-05-11", until: "2031-05-11" })).toEqual(["2031-05-11"]);
  });

  it("without an end it ends today, and without a start it is thirty days; a day ends at midnight UTC", async () => {
    const tenant = await world.tenant();
    for (const day of ["2031-04-10", "2031-04-11", "2031-04-12", TODAY, "2031-05-11"]) await tenant.usage({ day });
    const days = async (span = {}) => (await usageOf(tenant.admin, tenant, span)).map(({ day }: { day: string }) => day.slice(5));
    expect(await days()).toEqual(["04-11", "04-12", "05-10"]);
    expect(await days({ until: "2031-05-11" })).toEqual(["04-12", "05-10", "05-11"]);
    app.clock.now = new Date(NOW.getTime() + 1);
    expect(await days()).toEqual(["04-12", "05-10", "05-11"]);
  });

  it("of many tenants at once each has its own", async () => {
    const tenants = [await world.tenant({ name: "usage of many" }), await world.tenant({ name: "usage of many" }), await world.tenant({ name: "usage of many" })];
    for (const [index, tenant] of tenants.entries()) if (index > 0) await tenant.usage({ day: TODAY, operations: index });
    const { nodes } = data(await world.support.run('{ tenants(filter: { nameContains: "usage of many" }) { nodes { id usage { operations } } } }'))["tenants"];
    const seen = new Map(nodes.map(({ id, usage }: { id: string; usage: { operations: number }[] }) => [id, usage.map(({ operations }) => operations)]));
    expect(tenants.map(({ id }) => seen.get(id))).toEqual([[], [1], [2]]);
  });
});
