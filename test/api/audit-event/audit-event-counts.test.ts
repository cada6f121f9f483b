import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { plantEvent } from "../../testkit/planted-events.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const COUNTS = "query ($by: AuditEventCountBy!, $filter: AuditEventFilter, $query: String) { auditEventCounts(by: $by, filter: $filter, query: $query) { key count } }";
const MARCH = { from: "2026-03-01T00:00:00Z", until: "2026-04-01T00:00:00Z" };

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
  const events: [string, string, string | null][] = [
    ["2026-02-28T23:59:59.999999Z", "a.one", "ada"],
    ["2026-03-01T00:00:00Z", "a.one", "ada"],
    ["2026-03-01T23:59:59.999999Z", "a.two", "ada"],
    ["2026-03-02T00:00:00Z", "b.one", null],
    ["2026-03-31T23:30:00Z", "a.two", "bob"],
    ["2026-04-01T00:00:00Z", "a.one", "ada"],
  ];
  for (const [createdAt, action, actor] of events) await plantEvent(app, tenant.id, { created_at: createdAt, action, actor_id: actor });
});

const ask = (caller: Caller, by: string, filter: object | null = MARCH, query?: string, headers = {}) => caller.run(COUNTS, { by, filter, query }, headers);
const counted = async (...args: Parameters<typeof ask>) =>
  (data(await ask(...args))["auditEventCounts"] as { key: string | null; count: number }[]).map(({ key, count }) => [key, count]);

describe("auditEventCounts", () => {
  it("unauthenticated and forbidden: who may not read the log may not count it", async () => {
    fault(await ask(world.anonymous, "ACTION"), "UNAUTHENTICATED");
    for (const caller of [tenant.member, world.service]) fault(await ask(caller, "ACTION"), "FORBIDDEN");
  });

  it("someone else's events are not counted; staff count all, or those of the tenant that they narrowed to", async () => {
    const other = await world.tenant();
    for (const by of ["ACTION", "ACTOR", "DAY"]) expect(await counted(other.auditor, by)).toEqual([]);
    expect(await counted(world.support, "DAY", MARCH, undefined, { "x-tenant-id": tenant.id })).toEqual(await counted(tenant.auditor, "DAY"));
    const of = (counts: unknown[][], key: string) => Number(counts.find(([one]) => one === key)?.[1] ?? 0);
    await plantEvent(app, other.id, { created_at: "2026-03-01T10:00:00Z" });
    expect(of(await counted(world.support, "DAY"), "2026-03-01")).toBeGreaterThanOrEqual(3);
  });

  it("by action and actor the most frequent come first, and among equals the order is that of the names", async () => {
    expect(await counted(tenant.auditor, "ACTION")).toEqual([["a.two", 2], ["a.one", 1], ["b.one", 1]]);
    expect(await counted(tenant.auditor, "ACTOR")).toEqual([["ada", 2], ["bob", 1], [null, 1]]);
  });

  it("days are those of UTC, in their order, and those without events are left out", async () => {
    expect(await counted(tenant.auditor, "DAY")).toEqual([["2026-03-01", 2], ["2026-03-02", 1], ["2026-03-31", 1]]);
  });

  it("only what the filter and the words both leave is counted, over the time that both give", async () => {
    expect(await counted(tenant.auditor, "ACTION", { ...MARCH, action: "a.*" })).toEqual([["a.two", 2], ["a.one", 1]]);
    expect(await counted(tenant.auditor, "ACTION", MARCH, "actor.id:ada created:2026-02-01,2026-03-01T12:00")).toEqual([["a.one", 1]]);
    expect(await counted(tenant.auditor, "DAY", null, "created:2026-03-02,2026-03-03")).toEqual([["2026-03-02", 1]]);
    expect(await counted(tenant.auditor, "DAY", { from: MARCH.from }, "created:,2026-03-02")).toEqual([["2026-03-01", 2]]);
    expect(await counted(tenant.auditor, "DAY", { from: MARCH.until, until: MARCH.from })).toEqual([]);
  });

  it("at most a hundred are told", async () => {
    const busy = await world.tenant();
    await app.sql("insert into audit_log (tenant_id, action, created_at) select $1, 'busy.' || g, '2026-03-10' from generate_series(1, 120) g", [busy.id]);
    await plantEvent(app, busy.id, { action: "busy.77", created_at: "2026-03-10T00:00:00Z" });
    const counts = await counted(busy.auditor, "ACTION");
    expect([counts.length, counts[0]]).toEqual([100, ["busy.77", 2]]);
  });

  it.each([
    [null, undefined],
    [{ from: MARCH.from }, undefined],
    [{ until: MARCH.until }, undefined],
    [{ from: "2026-01-01T00:00:00Z", until: "2026-04-03T00:00:00.001Z" }, undefined],
    [null, "created:2026-01-01,2027-01-01"],
    [null, "received:2026-03-01,2026-03-02"],
  ])("invalid: the time of %o and %j has not two ends, or is too long", async (filter, query) => {
    fault(await ask(tenant.auditor, "DAY", filter, query), "BAD_USER_INPUT", "filter");
  });

  it("invalid: words that are none", async () => {
    fault(await ask(tenant.auditor, "DAY", MARCH, "nothing:x"), "BAD_USER_INPUT", "query");
  });
});
