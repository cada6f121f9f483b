import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { PAGE_ARGUMENTS, PAGE_FIELDS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const TEAMS = `query ($tenant: ID!, $archived: Boolean, ${PAGE_VARIABLES}) {
  tenant(id: $tenant) { teams(archived: $archived, ${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} totalCount } }
}`;

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let neighbour: TenantInWorld;
let slack: string;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [tenant, neighbour] = [await world.tenant(), await world.tenant()];
  for (const home of [tenant, neighbour]) {
    for (const slug of ["support", "sales", "a", "z", "back-office"]) {
      const team = await home.team({ slug, settings: { language: "de" } });
      if (slug === "sales") slack = (await home.channel(team, { slug: "slack" })).slug;
      if (slug === "sales") await home.channel(team, { slug: "gone", archivedAt: new Date() });
    }
    await home.team({ slug: "past", archivedAt: new Date() });
  }
});

const ask = (variables: object = {}, caller: Caller = tenant.member) => caller.run(TEAMS, { tenant: tenant.id, archived: false, ...variables });
const LISTED = ["a", "back-office", "sales", "support", "z"];

describe("Tenant.teams", () => {
  it("unauthenticated and forbidden: nobody without a token lists any, and neither does a service", async () => {
    fault(await ask({}, world.anonymous), "UNAUTHENTICATED");
    fault(await ask({}, world.service), "FORBIDDEN");
  });

  it("someone else's: neither listed nor counted", async () => {
    expect(await app.sql("select 1 from tenant_teams where tenant_id = $1", [neighbour.id])).toHaveLength(6);
    expect(data(await ask({ tenant: neighbour.id }))).toEqual({ tenant: null });
    expect(data(await ask())["tenant"].teams.totalCount).toBe(5);
  });

  it.each([false, true])("pages from either end hold every team once, by slug; archived ones are among them: %s", async (archived) => {
    const rows = await app.sql<{ id: string }>("select id from tenant_teams where tenant_id = $1 and (archived_at is null or $2) order by slug", [tenant.id, archived]);
    for (const caller of [tenant.member, world.support]) {
      const list = { caller, document: TEAMS, variables: { tenant: tenant.id, archived }, at: (answer: Record<string, any>) => answer["tenant"].teams }; // any: as in walk
      for (const size of [1, 2, 6]) {
        for (const direction of ["forward", "backward"] as const) expect(await walk({ ...list, size, direction })).toEqual(rows.map(({ id }) => id));
      }
    }
    expect(data(await ask({ archived }))["tenant"].teams.totalCount).toBe(rows.length);
  });

  it.each([[{ first: 0 }, "first"], [{ first: 101 }, "first"], [{ first: 1, last: 1 }, "last"], [{ after: "garbage" }, "after"]])("invalid: %o is refused, and the tenant is still answered", async (variables, field) => {
    const answer = await ask(variables);
    fault(answer, "BAD_USER_INPUT", field);
    expect(answer.body.data).toEqual({ tenant: { teams: null } });
  });

  it("a team that was added or put away while pages are read takes none of the others away", async () => {
    const home = await world.tenant();
    for (const slug of ["b", "d", "f"]) await home.team({ slug });
    const list = { caller: home.member, document: TEAMS, variables: { tenant: home.id, archived: false }, at: (answer: Record<string, any>) => answer["tenant"].teams }; // any: as in walk
    const between = () => app.sql("insert into tenant_teams (tenant_id, slug, name) values ($1, 'a', 'x') on conflict do nothing", [home.id]);
    const ids = await walk({ ...list, size: 1, direction: "forward", between });
    expect(await app.sql("select slug from tenant_teams where id = any($1) order by slug", [ids])).toEqual([{ slug: "b" }, { slug: "d" }, { slug: "f" }]);
  });

  // Answers that Postgres writes, and that resolvers give because the same document asks for something that only they can answer.
  it.each(["", 'resolved: projects(filter: { nameContains: "zzz" }) { nodes { id } }'])("with settings and channels below it is the same in every way of answering: %s", async (beside) => {
    const { myTenant } = data(await tenant.member.run(`{ myTenant {
      settings { language }
      teams { nodes { slug settings { language weekStart __typename } channels { slug config } all: channels(archived: true) { slug } archivedAt } totalCount }
      every: teams(archived: true, last: 100) { nodes { slug } } ${beside}
    } }`));
    const settings = { language: "de", weekStart: null, __typename: "Settings" };
    const team = (slug: string) => ({ slug, settings, channels: slug === "sales" ? [{ slug: slack, config: {} }] : [], all: slug === "sales" ? [{ slug: "gone" }, { slug: slack }] : [], archivedAt: null });
    expect(myTenant.settings).toEqual({ language: null });
    expect(myTenant.teams).toEqual({ nodes: LISTED.map(team), totalCount: 5 });
    expect(myTenant.every.nodes.map(({ slug }: { slug: string }) => slug)).toEqual(["a", "back-office", "past", "sales", "support", "z"]);
  });

  it("each of several tenants gets its own page and its own count", async () => {
    const empty = await world.tenant();
    const { nodes } = data(await world.support.run(`query ($a: ID!, $b: ID!, $c: ID!) { nodes: _entities(representations: [{ __typename: "Tenant", id: $a }, { __typename: "Tenant", id: $b }, { __typename: "Tenant", id: $c }]) {
      ... on Tenant { id teams(first: 2) { nodes { tenant { id } } totalCount pageInfo { hasNextPage } } }
    } }`, { a: tenant.id, b: empty.id, c: neighbour.id }));
    const own = ({ id }: TenantInWorld) => ({ id, teams: { nodes: [{ tenant: { id } }, { tenant: { id } }], totalCount: 5, pageInfo: { hasNextPage: true } } });
    expect(nodes).toEqual([own(tenant), { id: empty.id, teams: { nodes: [], totalCount: 0, pageInfo: { hasNextPage: false } } }, own(neighbour)]);
  });
});
