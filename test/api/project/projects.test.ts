import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { PAGE_ARGUMENTS, PAGE_FIELDS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const PROJECTS = `query ($tenant: ID!, $filter: ProjectFilter, $orderBy: ProjectOrder, ${PAGE_VARIABLES}) {
  tenant(id: $tenant) { projects(filter: $filter, orderBy: $orderBy, ${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} totalCount } }
}`;

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let neighbour: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [tenant, neighbour] = [await world.tenant(), await world.tenant()];
  for (const home of [tenant, neighbour]) {
    for (const [name, createdAt] of [
      ["Beta", "2020-01-01T00:00:00.000001Z"],
      ["alpha", "2020-01-01T00:00:00.000001Z"],
      ["Beta", "2020-01-01T00:00:00.000002Z"],
      ["Ärger", "2020-01-01T00:00:00.000002Z"],
      ["Beta", "2020-01-01T00:00:00Z"],
    ] as const) {
      const { id } = await home.project({ name });
      await app.sql("update tenant_projects set created_at = $2 where id = $1", [id, createdAt]);
    }
  }
});

const ask = (variables: object = {}, caller: Caller = tenant.member) => caller.run(PROJECTS, { tenant: tenant.id, ...variables });
const found = async (home: TenantInWorld, filter: object) => {
  const { nodes, totalCount } = data(await home.member.run(PROJECTS, { tenant: home.id, filter }))["tenant"].projects;
  expect(totalCount, "the count is that of the filtered list").toBe(nodes.length);
  return nodes.map(({ id }: { id: string }) => id);
};

describe("Tenant.projects", () => {
  it("unauthenticated: nobody without a token lists any", async () => {
    fault(await ask({}, world.anonymous), "UNAUTHENTICATED");
  });

  it("forbidden: a service lists none", async () => {
    fault(await ask({}, world.service), "FORBIDDEN");
  });

  it("someone else's: neither listed nor counted", async () => {
    expect(await app.sql("select 1 from tenant_projects where tenant_id = $1", [neighbour.id])).toHaveLength(5);
    expect(data(await ask({ tenant: neighbour.id }))).toEqual({ tenant: null });
    expect(data(await ask())["tenant"].projects.totalCount).toBe(5);
  });

  const cases = Object.entries({ CREATED_AT: "created_at", NAME: "name", SLUG: "slug" }).flatMap(([field, key]) => [false, true].map((descending) => ({ field, descending, key })));

  it.each(cases)("$field, descending $descending: pages from either end hold every project once, in order", async ({ field, descending, key }) => {
    const direction = descending ? "desc" : "asc";
    const rows = await app.sql<{ id: string }>(`select id from tenant_projects where tenant_id = $1 order by ${key} ${direction}, id ${direction}`, [tenant.id]);
    const all = rows.map(({ id }) => id);
    for (const caller of [tenant.member, world.support]) {
      const list = { caller, document: PROJECTS, variables: { tenant: tenant.id, orderBy: { field, descending } }, at: (answer: Record<string, any>) => answer["tenant"].projects }; // any: as in walk
      for (const size of [1, 2, 5]) {
        expect(await walk({ ...list, size, direction: "forward" })).toEqual(all);
        expect(await walk({ ...list, size, direction: "backward" })).toEqual(all);
      }
    }
  });

  it("each of several tenants gets its own page and its own count", async () => {
    const empty = await world.tenant();
    const { nodes } = data(await world.support.run(`query ($a: ID!, $b: ID!, $c: ID!) { nodes: _entities(representations: [{ __typename: "Tenant", id: $a }, { __typename: "Tenant", id: $b }, { __typename: "Tenant", id: $c }]) {
      ... on Tenant { id projects(first: 2) { nodes { tenant { id } } totalCount pageInfo { hasNextPage } } }
    } }`, { a: tenant.id, b: empty.id, c: neighbour.id }));
    const own = ({ id }: TenantInWorld) => ({ id, projects: { nodes: [{ tenant: { id } }, { tenant: { id } }], totalCount: 5, pageInfo: { hasNextPage: true } } });
    expect(nodes).toEqual([own(tenant), { id: empty.id, projects: { nodes: [], totalCount: 0, pageInfo: { hasNextPage: false } } }, own(neighbour)]);
  });

  it("the same list under two names with other arguments is two lists", async () => {
    const answer = await tenant.member.run(`{ myTenant { some: projects(first: 2) { nodes { id } } all: projects { nodes { id } } none: projects(filter: { nameContains: "zzz" }) { nodes { id } } } }`);
    const { some, all, none } = data(answer)["myTenant"];
    expect([some.nodes.length, all.nodes.length, none.nodes]).toEqual([2, 5, []]);
    expect(all.nodes.slice(0, 2)).toEqual(some.nodes);
  });

  describe("filter", () => {
    it("status finds those and no others", async () => {
      const home = await world.tenant();
      const [active, archived] = [await home.project(), await home.project({ status: "archived" })];
      expect(await found(home, { status: "ACTIVE" })).toEqual([active.id]);
      expect(await found(home, { status: "ARCHIVED" })).toEqual([archived.id]);
      expect((await found(home, { status: null, nameContains: null })).sort()).toEqual([active.id, archived.id].sort());
    });

    it("a name is found by any part of it or of the slug, whatever the letter case, and nothing is a wildcard", async () => {
      const home = await world.tenant();
      const [one, other] = [await home.project({ name: "100% Söhne_A" }), await home.project({ name: "100 Percent" })];
      for (const text of ["SÖHNE", "%", "_", one.slug.toUpperCase()]) expect(await found(home, { nameContains: text })).toEqual([one.id]);
      expect(await found(home, { nameContains: "percent", status: "ACTIVE" })).toEqual([other.id]);
      expect(await found(home, { nameContains: "\\" })).toEqual([]);
    });
  });

  describe("invalid", () => {
    it.each([
      [{ first: 0 }, "first"],
      [{ first: 101 }, "first"],
      [{ first: -1 }, "first"],
      [{ last: 101 }, "last"],
      [{ first: 1, last: 1 }, "last"],
      [{ first: 1, before: "x" }, "before"],
      [{ last: 1, after: "x" }, "after"],
      [{ after: "garbage" }, "after"],
      [{ filter: { nameContains: "" } }, "nameContains"],
      [{ filter: { nameContains: "a\u0000" } }, "nameContains"],
      [{ filter: { nameContains: "\ud800" } }, "nameContains"],
    ])("%o is refused, and the tenant is still answered", async (variables, field) => {
      const answer = await ask(variables);
      fault(answer, "BAD_USER_INPUT", field);
      expect(answer.body.data).toEqual({ tenant: { projects: null } });
    });

    it("a cursor of another order is refused", async () => {
      const { pageInfo } = data(await ask({ first: 1 }))["tenant"].projects;
      fault(await ask({ first: 1, after: pageInfo.endCursor, orderBy: { field: "NAME" } }), "BAD_USER_INPUT", "after");
      fault(await ask({ first: 1, after: pageInfo.endCursor, orderBy: { field: "CREATED_AT", descending: true } }), "BAD_USER_INPUT", "after");
    });

    it("another tenant's cursor opens nothing of that tenant", async () => {
      const theirs = data(await neighbour.member.run(PROJECTS, { tenant: neighbour.id, first: 1 }))["tenant"].projects;
      const { nodes } = data(await ask({ first: 100, after: theirs.pageInfo.endCursor }))["tenant"].projects;
      const own = (await app.sql<{ id: string }>("select id from tenant_projects where tenant_id = $1", [tenant.id])).map(({ id }) => id);
      expect(own).toEqual(expect.arrayContaining(nodes.map(({ id }: { id: string }) => id)));
    });
  });
});
