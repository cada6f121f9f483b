import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { PAGE_ARGUMENTS, PAGE_FIELDS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const SEARCH = `query ($filter: ProductRequestFilter, ${PAGE_VARIABLES}) { productRequests(filter: $filter, ${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} totalCount } }`;
const OF_TENANT = `query ($tenant: ID!, ${PAGE_VARIABLES}) { tenant(id: $tenant) { productRequests(${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} totalCount } } }`;

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let neighbour: TenantInWorld;
/** Of `tenant`, newest first. */
let ids: string[];
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [tenant, neighbour] = [await world.tenant(), await world.tenant()];
  for (const home of [tenant, neighbour]) {
    await home.productRequest({ product: "crm", status: "lost", createdAt: "2020-01-01T00:00:00.000001Z" });
    await home.productRequest({ product: "crm", status: "won", createdAt: "2020-01-01T00:00:00.000002Z" });
    await home.productRequest({ product: "crm", status: "open", createdAt: "2020-01-01T00:00:00.000002Z" });
    await home.productRequest({ product: "desk", status: "open", createdAt: "2020-01-01T00:00:00.000003Z" });
  }
  ids = (await app.sql<{ id: string }>("select id from product_requests where tenant_id = $1 order by created_at desc, id desc", [tenant.id])).map(({ id }) => id);
});

const search = (filter: object = {}, caller: Caller = world.support, headers = {}) => caller.run(SEARCH, { filter }, headers);
const found = async (filter: object) => data(await search({ tenantId: tenant.id, ...filter }))["productRequests"];
const inState = async (status: string) => (await app.sql<{ id: string }>("select id from product_requests where tenant_id = $1 and status = $2 order by created_at desc, id desc", [tenant.id, status])).map(({ id }) => id);

describe("productRequests", () => {
  it("unauthenticated: nobody without a token searches", async () => {
    fault(await search({}, world.anonymous), "UNAUTHENTICATED");
  });

  it("forbidden: neither the tenant's own people nor a service search", async () => {
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.service]) fault(await search({}, caller), "FORBIDDEN");
  });

  it.each(["CRM", "a\u0000b"])("invalid: product %j is refused", async (product) => {
    fault(await search({ product }), "BAD_USER_INPUT", "product");
  });

  it("someone else's: staff who narrowed see one tenant's, and no count of another's", async () => {
    expect(data(await search({ tenantId: neighbour.id }))["productRequests"].totalCount).toBe(4);
    const narrowed = data(await search({}, world.support, { "x-tenant-id": tenant.id }))["productRequests"];
    expect([narrowed.nodes.map(({ id }: { id: string }) => id), narrowed.totalCount]).toEqual([ids, 4]);
    expect(data(await search({ tenantId: neighbour.id }, world.support, { "x-tenant-id": tenant.id }))["productRequests"].totalCount).toBe(0);
  });

  it("every condition that is given must hold", async () => {
    for (const status of ["open", "won", "lost"]) expect((await found({ status: status.toUpperCase() })).nodes.map(({ id }: { id: string }) => id)).toEqual(await inState(status));
    expect((await found({ product: "desk" })).totalCount).toBe(1);
    expect((await found({ product: "crm", status: "OPEN" })).totalCount).toBe(1);
    expect((await found({ product: "desk", status: "WON" })).totalCount).toBe(0);
    for (const tenantId of ["no-uuid", "a\u0000b"]) expect((await search({ tenantId })).body.data?.["productRequests"]?.totalCount ?? 0).toBe(0);
  });

  it("pages from either end hold every request once, newest first", async () => {
    const list = { caller: world.operator, document: SEARCH, variables: { filter: { tenantId: tenant.id } }, at: (answer: Record<string, any>) => answer["productRequests"] }; // any: as in walk
    for (const size of [1, 3]) {
      expect(await walk({ ...list, size, direction: "forward" })).toEqual(ids);
      expect(await walk({ ...list, size, direction: "backward" })).toEqual(ids);
    }
  });
});

describe("Tenant.productRequests", () => {
  const ask = (home: TenantInWorld, caller: Caller) => caller.run(OF_TENANT, { tenant: home.id });

  it("unauthenticated and forbidden: nobody without a token lists any, nor does a service", async () => {
    fault(await ask(tenant, world.anonymous), "UNAUTHENTICATED");
    fault(await ask(tenant, world.service), "FORBIDDEN");
  });

  it("someone else's: neither listed nor counted", async () => {
    expect(data(await ask(neighbour, neighbour.member))["tenant"].productRequests.totalCount).toBe(4);
    expect(data(await ask(neighbour, tenant.admin))).toEqual({ tenant: null });
    expect(data(await ask(tenant, tenant.member))["tenant"].productRequests.totalCount).toBe(4);
  });

  it("pages from either end hold every request once, newest first", async () => {
    for (const caller of [tenant.member, world.support]) {
      const list = { caller, document: OF_TENANT, variables: { tenant: tenant.id }, at: (answer: Record<string, any>) => answer["tenant"].productRequests }; // any: as in walk
      expect(await walk({ ...list, size: 1, direction: "forward" })).toEqual(ids);
      expect(await walk({ ...list, size: 3, direction: "backward" })).toEqual(ids);
    }
  });
});
