import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { PAGE_ARGUMENTS, PAGE_FIELDS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const JOBS = `query ($filter: JobFilter, ${PAGE_VARIABLES}) { jobs(filter: $filter, ${PAGE_ARGUMENTS}) { totalCount ${PAGE_FIELDS} } }`;
const WHOLE = "query ($filter: JobFilter) { jobs(filter: $filter) { nodes { id kind state tenant { slug } attempts maxAttempts lastError { code message } createdAt startAfter startedAt completedAt } } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
// Other files run what waits in this queue, and expect to find what they asked for.
afterAll(() => app.sql("delete from pgboss.job"));

const found = async (caller: Caller, filter: object, headers = {}) =>
  (data(await caller.run(JOBS, { filter, first: 100 }, headers))["jobs"].nodes as { id: string }[]).map(({ id }) => id);
const whole = async (filter: object) => data(await world.support.run(WHOLE, { filter }))["jobs"].nodes as Record<string, unknown>[];
const platformJob = async () => (await app.sql<{ id: string }>("insert into pgboss.job (name, data) values ('deadlines.sweep', '{}') returning id"))[0]?.id as string;

describe("jobs", () => {
  it("unauthenticated: nobody without a token sees them", async () => {
    fault(await world.anonymous.run(JOBS), "UNAUTHENTICATED");
  });

  it("forbidden: no tenant's people and no service sees them, not even its own", async () => {
    const tenant = await world.tenant();
    await tenant.job();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.service]) fault(await caller.run(JOBS, { filter: { tenantId: tenant.id } }), "FORBIDDEN");
  });

  it("staff see those of all tenants and the platform's own, and who narrowed to a tenant only that one's", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    const ids = { one: (await one.job()).id, other: (await other.job()).id, platform: await platformJob() };
    for (const caller of [world.support, world.operator]) {
      expect(await found(caller, {})).toEqual(expect.arrayContaining(Object.values(ids)));
      expect(await found(caller, {}, { "x-tenant-id": one.slug })).toEqual([ids.one]);
      expect(await found(caller, { tenantId: other.id }, { "x-tenant-id": one.slug })).toEqual([]);
    }
  });

  it("tells of a tenant's job whose it is, how often it was tried and what went wrong", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.job();
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    expect(await whole({ tenantId: tenant.id.toUpperCase() })).toEqual([{
      id, kind: "tenant.provision", state: "FAILED", tenant: { slug: tenant.slug }, attempts: 3, maxAttempts: 3,
      lastError: { code: "UNAVAILABLE", message: "Keycloak does not answer" }, createdAt: time, startAfter: time, startedAt: time, completedAt: time,
    }]);
  });

  it("tells of a job whose instance is gone that it did not end in time", async () => {
    const tenant = await world.tenant();
    await tenant.job({ state: "active" });
    await app.sql("update pgboss.job set retry_count = 0, started_on = now() - interval '1 hour' where data->>'tenantId' = $1", [tenant.id]);
    await app.jobs.tend();
    expect(await whole({ tenantId: tenant.id })).toMatchObject([{ state: "RETRYING", lastError: { code: "DEADLINE_EXCEEDED", message: "It was not ended in time; perhaps its instance was" } }]);
  });

  it("tells of the platform's own that it is no tenant's and has not begun", async () => {
    const id = await platformJob();
    expect((await whole({ kind: "deadlines.sweep", state: ["WAITING"] })).find((job) => job["id"] === id)).toMatchObject({ tenant: null, attempts: 0, lastError: null, startedAt: null, completedAt: null });
  });

  it("pages from either end hold every job once, newest first", async () => {
    const tenant = await world.tenant();
    for (const kind of ["tenant.provision", "tenant.advance", "tenant.provision", "tenant.advance", "tenant.advance"]) await tenant.job({ kind });
    // Two at the same microsecond, and of different kinds: the order is total all the same.
    await app.sql("update pgboss.job set created_on = date_trunc('hour', created_on) where data->>'tenantId' = $1 and id in (select id from pgboss.job where data->>'tenantId' = $1 order by name limit 4)", [tenant.id]);
    const all = (await app.sql<{ id: string }>("select id from pgboss.job where data->>'tenantId' = $1 order by created_on desc, id desc", [tenant.id])).map(({ id }) => id);
    const list = { caller: world.support, document: JOBS, variables: { filter: { tenantId: tenant.id } }, at: (answer: Record<string, any>) => answer["jobs"] }; // any: as in walk
    for (const size of [1, 2, 5]) {
      expect(await walk({ ...list, size, direction: "forward" })).toEqual(all);
      expect(await walk({ ...list, size, direction: "backward" })).toEqual(all);
    }
    expect(data(await world.support.run(JOBS, { filter: { tenantId: tenant.id }, first: 1 }))["jobs"].totalCount).toBe(5);
  });

  it("filter: by kind, by states and by tenant, and all that are given must hold", async () => {
    const tenant = await world.tenant();
    const ids = { failed: (await tenant.job()).id, waiting: (await tenant.job({ kind: "tenant.advance", state: "created" })).id, done: (await tenant.job({ kind: "tenant.advance", state: "completed" })).id };
    const mine = (filter: object) => found(world.support, { tenantId: tenant.id, ...filter });
    expect(await mine({ kind: "tenant.provision" })).toEqual([ids.failed]);
    expect((await mine({ state: ["WAITING", "DONE"] })).toSorted()).toEqual([ids.waiting, ids.done].toSorted());
    expect(await mine({ kind: "tenant.advance", state: ["DONE"] })).toEqual([ids.done]);
    for (const none of [{ kind: "tenant.%" }, { kind: "" }, { state: [] }, { state: ["CANCELLED"] }, { tenantId: "nobody" }]) expect(await mine(none)).toEqual([]);
  });

  it.each([[{}, { first: 101 }, "first"], [{}, { after: "garbage" }, "after"], [{ kind: "x".repeat(101) }, {}, "kind"], [{ kind: "\u0000" }, {}, "kind"]])("invalid: the filter %o with the page %o is refused", async (filter, page, field) => {
    fault(await world.support.run(JOBS, { filter, ...page }), "BAD_USER_INPUT", field);
  });
});
