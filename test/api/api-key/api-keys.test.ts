import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { PAGE_ARGUMENTS, PAGE_FIELDS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const API_KEYS = `query ($tenant: ID!, $filter: ApiKeyFilter, ${PAGE_VARIABLES}) {
  tenant(id: $tenant) { apiKeys(filter: $filter, ${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} totalCount } }
}`;

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let neighbour: TenantInWorld;
/** Ids by what the key is, for instance `crm revoked`. */
const keys = new Map<string, string>();
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [tenant, neighbour] = [await world.tenant(), await world.tenant()];
  await neighbour.apiKey();
  for (const [what, product, revokedAt, createdAt] of [
    ["crm", "crm", null, "2020-01-01T00:00:00.000001Z"],
    ["crm revoked", "crm", "2026-01-01", "2020-01-01T00:00:00.000001Z"],
    ["erp", "erp", null, "2020-01-01T00:00:00.000002Z"],
    ["all", null, null, "2020-01-01T00:00:00Z"],
    ["all revoked", null, "2099-01-01", "2020-01-01T00:00:00.000002Z"],
  ] as const) {
    const { id } = await tenant.apiKey();
    keys.set(what, id);
    await app.sql("update api_keys set product = $2, revoked_at = $3, created_at = $4 where id = $1", [id, product, revokedAt, createdAt]);
  }
});

const ask = (variables: object = {}, caller: Caller = tenant.admin) => caller.run(API_KEYS, { tenant: tenant.id, ...variables });

describe("Tenant.apiKeys", () => {
  it("unauthenticated: nobody without a token lists any", async () => {
    fault(await ask({}, world.anonymous), "UNAUTHENTICATED");
  });

  it("forbidden: members and auditors list none, and still read the tenant", async () => {
    for (const caller of [tenant.member, tenant.auditor]) {
      const answer = await caller.run(`{ myTenant { id apiKeys { totalCount } } }`);
      fault(answer, "FORBIDDEN");
      expect(answer.body.data).toEqual({ myTenant: { id: tenant.id, apiKeys: null } });
    }
    fault(await ask({}, world.service), "FORBIDDEN");
  });

  it("someone else's: neither listed nor counted", async () => {
    expect(await app.sql("select 1 from api_keys where tenant_id = $1", [neighbour.id])).toHaveLength(1);
    expect(data(await ask({ tenant: neighbour.id }))).toEqual({ tenant: null });
    expect(data(await ask())["tenant"].apiKeys.totalCount).toBe(5);
  });

  it("newest first: pages from either end hold every key once, in order", async () => {
    const rows = await app.sql<{ id: string }>("select id from api_keys where tenant_id = $1 order by created_at desc, id desc", [tenant.id]);
    for (const caller of [tenant.admin, world.support]) {
      const list = { caller, document: API_KEYS, variables: { tenant: tenant.id }, at: (answer: Record<string, any>) => answer["tenant"].apiKeys }; // any: as in walk
      for (const size of [1, 2, 5]) {
        expect(await walk({ ...list, size, direction: "forward" })).toEqual(rows.map(({ id }) => id));
        expect(await walk({ ...list, size, direction: "backward" })).toEqual(rows.map(({ id }) => id));
      }
    }
  });

  it.each([
    [{}, ["crm", "crm revoked", "erp", "all", "all revoked"]],
    [{ revoked: null, product: null }, ["crm", "crm revoked", "erp", "all", "all revoked"]],
    [{ revoked: true }, ["crm revoked", "all revoked"]],
    [{ revoked: false }, ["crm", "erp", "all"]],
    [{ product: "crm" }, ["crm", "crm revoked"]],
    [{ product: "crm", revoked: false }, ["crm"]],
    [{ product: "docs" }, []],
  ])("the filter %o finds %o", async (filter, expected) => {
    const { nodes, totalCount } = data(await ask({ filter }))["tenant"].apiKeys;
    expect(nodes.map(({ id }: { id: string }) => id).sort()).toEqual(expected.map((what) => keys.get(what)).sort());
    expect(totalCount).toBe(expected.length);
  });

  it.each([
    [{ first: 0 }, "first"],
    [{ first: 101 }, "first"],
    [{ first: 1, last: 1 }, "last"],
    [{ after: "garbage" }, "after"],
    [{ filter: { product: "" } }, "product"],
    [{ filter: { product: "CRM" } }, "product"],
    [{ filter: { product: "a\u0000" } }, "product"],
  ])("invalid: %o is refused", async (variables, field) => {
    fault(await ask(variables), "BAD_USER_INPUT", field);
  });
});
