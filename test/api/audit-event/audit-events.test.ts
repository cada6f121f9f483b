import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { PAGE_ARGUMENTS, PAGE_FIELDS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const OWN = `query ($filter: AuditEventFilter, ${PAGE_VARIABLES}) { auditEvents(filter: $filter, ${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} } }`;
const NESTED = `query ($tenant: ID!, $filter: AuditEventFilter, ${PAGE_VARIABLES}) { tenant(id: $tenant) { auditEvents(filter: $filter, ${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

type Ids = { id: string }[];
const ask = (caller: Caller, filter: object = {}, page: object = {}, headers = {}) => caller.run(OWN, { filter, ...page }, headers);
const found = async (caller: Caller, filter: object, headers = {}) => (data(await ask(caller, filter, { first: 100 }, headers))["auditEvents"].nodes as Ids).map(({ id }) => id);
const newestFirst = async (tenantId: string) =>
  (await app.sql<{ id: string }>("select uid as id from audit_log where tenant_id = $1 order by created_at desc, uid desc", [tenantId])).map(({ id }) => id);

async function tenantWithEvents(): Promise<TenantInWorld> {
  const tenant = await world.tenant();
  for (const createdAt of ["2020-01-01T00:00:00.000001Z", "2020-01-01T00:00:00.000002Z", "2020-01-01T00:00:00.000002Z", "2020-01-01T00:00:00.000002Z", "2020-01-01T00:00:00Z"]) {
    await tenant.auditEvent({ createdAt });
  }
  return tenant;
}

describe("auditEvents", () => {
  it("unauthenticated: nobody without a token reads the log", async () => {
    fault(await ask(world.anonymous), "UNAUTHENTICATED");
    fault(await world.anonymous.run(NESTED, { tenant: (await world.tenant()).id }), "UNAUTHENTICATED");
  });

  it("forbidden: members and services do not read it, and a member still reads the tenant", async () => {
    const tenant = await tenantWithEvents();
    for (const caller of [tenant.member, world.service]) fault(await ask(caller), "FORBIDDEN");
    const answer = await tenant.member.run(NESTED, { tenant: tenant.id });
    fault(answer, "FORBIDDEN");
    expect(answer.body.data).toEqual({ tenant: { auditEvents: null } });
  });

  it("someone else's: a tenant reads its own log, whatever it filters by", async () => {
    const [mine, theirs] = [await tenantWithEvents(), await tenantWithEvents()];
    const project = await theirs.project();
    await app.sql("update audit_log set project_id = $2, actor_id = 'neighbour', request_id = $3 where tenant_id = $1", [theirs.id, project.id, theirs.slug]);
    expect(await found(theirs.auditor, { projectId: project.id })).toHaveLength(5);
    for (const caller of [mine.auditor, mine.admin]) {
      expect(await found(caller, {})).toEqual(await newestFirst(mine.id));
      for (const filter of [{ projectId: project.id }, { actorId: "neighbour" }, { requestId: theirs.slug }]) expect(await found(caller, filter)).toEqual([]);
      expect(data(await caller.run(NESTED, { tenant: theirs.id }))).toEqual({ tenant: null });
      fault(await ask(caller, {}, {}, { "x-tenant-id": theirs.id }), "NOT_FOUND");
    }
  });

  it("staff read the log of all tenants, and only that of the one that they narrowed to", async () => {
    const [one, other, actor] = [await tenantWithEvents(), await tenantWithEvents(), unique("actor")];
    await app.sql("update audit_log set actor_id = $3 where tenant_id in ($1, $2)", [one.id, other.id, actor]);
    for (const caller of [world.support, world.operator]) {
      expect(await found(caller, { actorId: actor })).toHaveLength(10);
      for (const name of [one.id, one.slug]) expect(await found(caller, { actorId: actor }, { "x-tenant-id": name })).toEqual(await newestFirst(one.id));
      expect((data(await caller.run(NESTED, { tenant: other.id }))["tenant"].auditEvents.nodes as Ids).map(({ id }) => id)).toEqual(await newestFirst(other.id));
    }
  });

  it.each(["frozen", "archived"])("%s: the tenant's own auditors still read it", async (status) => {
    const tenant = await world.tenant({ status });
    const { id } = await tenant.auditEvent();
    expect(await found(tenant.auditor, {})).toEqual([id]);
  });

  describe("newest first", () => {
    it("pages from either end hold every event once, in order, alone and under the tenant", async () => {
      const tenant = await tenantWithEvents();
      const all = await newestFirst(tenant.id);
      expect(all).toHaveLength(5);
      const lists = [
        { document: OWN, at: (answer: Record<string, any>) => answer["auditEvents"] }, // any: as in walk
        { document: NESTED, variables: { tenant: tenant.id }, at: (answer: Record<string, any>) => answer["tenant"].auditEvents }, // any: as in walk
      ];
      for (const list of lists) {
        for (const size of [1, 2, 5]) {
          expect(await walk({ ...list, caller: tenant.auditor, size, direction: "forward" })).toEqual(all);
          expect(await walk({ ...list, caller: tenant.auditor, size, direction: "backward" })).toEqual(all);
        }
      }
    });

    it("events that arrive while the log is read neither push others off a page nor onto it twice", async () => {
      const tenant = await tenantWithEvents();
      const before = await newestFirst(tenant.id);
      const list = { caller: tenant.auditor, document: OWN, at: (answer: Record<string, any>) => answer["auditEvents"], size: 2 }; // any: as in walk
      expect(await walk({ ...list, direction: "forward", between: () => tenant.auditEvent() })).toEqual(before);
      const known = await newestFirst(tenant.id);
      expect((await walk({ ...list, size: 3, direction: "backward" })).slice(-5)).toEqual(before);
      expect(known.length).toBeGreaterThan(before.length);
    });

    it("twenty at a time unless asked otherwise", async () => {
      const tenant = await world.tenant();
      await app.sql("insert into audit_log (tenant_id, action) select $1, 'test.happened' from generate_series(1, 21)", [tenant.id]);
      const { nodes, pageInfo } = data(await ask(tenant.auditor))["auditEvents"];
      expect([nodes.length, pageInfo.hasNextPage, pageInfo.hasPreviousPage]).toEqual([20, true, false]);
    });
  });

  describe("filter", () => {
    it("an action is matched as a whole, or by its beginning before a `*`; nothing else is a wildcard", async () => {
      const tenant = await world.tenant();
      const ids = new Map<string, string>();
      for (const action of ["api_key.create", "api_key.revoke", "apixkey.create", "api_keys.create", "api", "tenant.update"]) ids.set(action, (await tenant.auditEvent({ action })).id);
      for (const [action, expected] of [
        ["api_key.create", ["api_key.create"]],
        ["api_key.*", ["api_key.create", "api_key.revoke"]],
        ["api_*", ["api_key.create", "api_key.revoke", "api_keys.create"]],
        ["api*", ["api", "api_key.create", "api_key.revoke", "api_keys.create", "apixkey.create"]],
        ["api_key", []],
        ["a_i*", []],
        ["tenant.update*", ["tenant.update"]],
      ] as const) {
        expect((await found(tenant.auditor, { action })).sort(), action).toEqual(expected.map((one) => ids.get(one)).sort());
      }
    });

    it.each(["*", "%", "api%", "api_key.%", "*.create", "api*.create", "API_KEY.*", "", "api_key.**", "a\n", "a".repeat(101)])("invalid: the action %j is refused", async (action) => {
      fault(await ask((await world.tenant()).auditor, { action }), "BAD_USER_INPUT", "action");
    });

    it.each([
      ["actor_id", "actorId", "sub-1"],
      ["target_type", "targetType", "project"],
      ["target_id", "targetId", "00000000-0000-0000-0000-000000000001"],
      ["product", "product", "crm"],
      ["project_id", "projectId", randomUUID()],
      ["request_id", "requestId", "request-1"],
    ])("%s is matched as a whole", async (column, field, value) => {
      const tenant = await tenantWithEvents();
      const { id } = await tenant.auditEvent();
      await app.sql(`update audit_log set ${column} = $2 where uid = $1`, [id, value]);
      expect(await found(tenant.auditor, { [field]: value })).toEqual([id]);
      for (const other of [value.slice(0, -1), `${value}x`, "%", ""]) expect(await found(tenant.auditor, { [field]: other })).toEqual([]);
      expect(await found(tenant.auditor, { [field]: null })).toHaveLength(6);
    });

    it("a time range includes its beginning and not its end, to the microsecond", async () => {
      const tenant = await world.tenant();
      const [first, second, third] = [
        await tenant.auditEvent({ createdAt: "2020-01-01T00:00:00Z" }),
        await tenant.auditEvent({ createdAt: "2020-01-01T00:00:00.000999Z" }),
        await tenant.auditEvent({ createdAt: "2020-01-01T00:00:00.001Z" }),
      ].map(({ id }) => id);
      expect(await found(tenant.auditor, { from: "2020-01-01T00:00:00Z", until: "2020-01-01T00:00:00.001Z" })).toEqual([second, first]);
      expect(await found(tenant.auditor, { from: "2020-01-01T00:00:00.001Z" })).toEqual([third]);
      expect(await found(tenant.auditor, { until: "2020-01-01T00:00:00Z" })).toEqual([]);
      expect(await found(tenant.auditor, { from: "2020-01-01T01:00:00+01:00", until: "2020-01-01T00:00:00Z" })).toEqual([]);
    });

    it("all that are given must hold", async () => {
      const tenant = await tenantWithEvents();
      const { id } = await tenant.auditEvent({ action: "project.create" });
      await app.sql("update audit_log set actor_id = 'ada' where tenant_id = $1", [tenant.id]);
      expect(await found(tenant.auditor, { action: "project.*", actorId: "ada", from: "2020-01-01T00:00:00Z" })).toEqual([id]);
      expect(await found(tenant.auditor, { action: "project.*", actorId: "bob" })).toEqual([]);
    });
  });

  describe("invalid", () => {
    it.each([
      [{}, { first: 0 }, "first"],
      [{}, { first: 101 }, "first"],
      [{}, { last: -1 }, "last"],
      [{}, { first: 1, last: 1 }, "last"],
      [{}, { after: "garbage" }, "after"],
      [{ actorId: "x".repeat(256) }, {}, "actorId"],
      [{ targetId: "x".repeat(256) }, {}, "targetId"],
      [{ targetType: "x".repeat(101) }, {}, "targetType"],
      [{ requestId: "x".repeat(101) }, {}, "requestId"],
      [{ product: "x".repeat(101) }, {}, "product"],
      [{ actorId: "a\u0000" }, {}, "actorId"],
      [{ targetType: "\ud800" }, {}, "targetType"],
      [{ targetId: "\udfff" }, {}, "targetId"],
      [{ product: "\u0000" }, {}, "product"],
      [{ requestId: "a\u0000" }, {}, "requestId"],
      [{ projectId: "a\u0000" }, {}, "projectId"],
    ])("the filter %o with the page %o is refused", async (filter, page, field) => {
      fault(await ask((await world.tenant()).auditor, filter, page), "BAD_USER_INPUT", field);
    });

    it("the log is not counted: a count would walk all of it", async () => {
      fault(await world.support.run(`{ auditEvents { totalCount } }`), "GRAPHQL_VALIDATION_FAILED");
    });
  });
});
