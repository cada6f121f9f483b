import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const ROUTES = `query ($cluster: String, $first: Int, $after: String, $last: Int, $before: String) { routes(cluster: $cluster, first: $first, after: $after, last: $last, before: $before) {
  totalCount pageInfo { hasNextPage hasPreviousPage endCursor startCursor } nodes { tenantId tenantSlug environment cluster domain kind since readOnly } } }`;
type Route = Record<"tenantId" | "tenantSlug" | "environment" | "cluster" | "domain" | "kind" | "since", string> & { readOnly: boolean };
const routes = async (variables: Record<string, unknown>, headers: Record<string, string> = {}, by: Caller = world.support) => data(await by.run(ROUTES, variables, headers))["routes"] as { totalCount: number; pageInfo: Record<string, string | boolean>; nodes: Route[] };
/** A cluster of this test alone. */
const somewhere = () => unique("c");

describe("routes", () => {
  it.each([[{ first: 0 }, "first"], [{ first: 101 }, "first"], [{ first: 1, after: "nothing" }, "after"]])("invalid: %j is refused", async (variables, field) => {
    fault(await world.support.run(ROUTES, variables), "BAD_USER_INPUT", field);
  });

  it("to a cluster that there is not, or could not be, are none", async () => {
    for (const cluster of ["nowhere", "", "A", "a\u0000", "x".repeat(1000)]) expect(await routes({ cluster })).toMatchObject({ totalCount: 0, nodes: [] });
  });

  it("say of every environment in use where it is, by tenant and environment", async () => {
    const cluster = somewhere();
    const [one, other] = [await world.tenant(), await world.tenant()].sort((a, b) => (a.slug < b.slug ? -1 : 1)) as [Awaited<ReturnType<World["tenant"]>>, Awaited<ReturnType<World["tenant"]>>];
    for (const [tenant, slug] of [[other, "prod"], [one, "staging"], [one, "prod"], [one, "prod-2"]] as const) await tenant.environment({ slug, cluster });
    await one.environment({ cluster, archivedAt: new Date() });
    await one.environment({ cluster: null });
    const { nodes, totalCount } = await routes({ cluster });
    expect(nodes.map(({ tenantSlug, environment }) => [tenantSlug, environment])).toEqual([[one.slug, "prod"], [one.slug, "prod-2"], [one.slug, "staging"], [other.slug, "prod"]]);
    expect(nodes[0]).toEqual({ tenantId: one.id, tenantSlug: one.slug, environment: "prod", cluster, domain: null, kind: null, since: expect.any(String), readOnly: false });
    expect(totalCount).toBe(4);
  });

  it("name the domain and the kind of a cluster that the file has", async () => {
    const tenant = await world.tenant();
    await tenant.environment({ slug: "prod" });
    const { nodes } = await routes({}, { "x-tenant-id": tenant.id });
    expect(nodes).toEqual([{ tenantId: tenant.id, tenantSlug: tenant.slug, environment: "prod", cluster: "shared", domain: "eu.greentic.example", kind: "SHARED", since: expect.any(String), readOnly: false }]);
  });

  it("of an archived tenant are none, of a frozen one read-only, by every deadline that has passed at this moment", async () => {
    const cluster = somewhere();
    const now = new Date();
    const [trial, frozen, archived, demo] = [
      await world.tenant({ status: "trial", trialEndsAt: new Date(now.getTime() + 60_000) }),
      await world.tenant({ status: "frozen", frozenAt: new Date(now.getTime() - 86_400_000) }),
      await world.tenant({ status: "archived" }),
      await world.tenant({ status: "demo", kind: "demo" }),
    ];
    for (const tenant of [trial, frozen, archived, demo]) await tenant.environment({ cluster });
    // Who asks later has a later token.
    const shown = async () => new Map((await routes({ cluster }, {}, (await openWorld(app)).support)).nodes.map(({ tenantId, readOnly }) => [tenantId, readOnly]));
    expect(await shown()).toEqual(new Map([[trial.id, false], [frozen.id, true], [demo.id, false]]));
    app.clock.now = new Date(now.getTime() + 60_001);
    expect(await shown()).toEqual(new Map([[trial.id, true], [frozen.id, true], [demo.id, false]]));
    app.clock.now = new Date(now.getTime() + 29 * 86_400_000);
    expect(await shown()).toEqual(new Map([[trial.id, true], [demo.id, false]]));
    app.clock.now = new Date(now.getTime() + 40 * 86_400_000);
    expect(await shown()).toEqual(new Map([[demo.id, false]]));
  });

  it("are paged both ways without losing or repeating any, also when a tenant's slug is the beginning of another's", async () => {
    const cluster = somewhere();
    const [short, long] = [await world.tenant(), await world.tenant()];
    await app.sql("update tenants set slug = $2 where id = $1", [long.id, `${short.slug}-2`]);
    for (const tenant of [long, short]) for (const slug of ["a", "b", "c"]) await tenant.environment({ slug, cluster });
    const names = ({ nodes }: { nodes: Route[] }) => nodes.map(({ tenantSlug, environment }) => `${tenantSlug} ${environment}`);
    const whole = [short.slug, `${short.slug}-2`].flatMap((tenant) => ["a", "b", "c"].map((slug) => `${tenant} ${slug}`));
    const forwards: string[] = [];
    for (let after: unknown = null, more: unknown = true; more; ) {
      const page = await routes({ cluster, first: 2, after });
      forwards.push(...names(page));
      [after, more] = [page.pageInfo["endCursor"], page.pageInfo["hasNextPage"]];
    }
    const backwards: string[] = [];
    for (let before: unknown = null, more: unknown = true; more; ) {
      const page = await routes({ cluster, last: 4, before });
      backwards.unshift(...names(page));
      [before, more] = [page.pageInfo["startCursor"], page.pageInfo["hasPreviousPage"]];
    }
    expect([forwards, backwards]).toEqual([whole, whole]);
  });

  it("follow a placement at once", async () => {
    const [tenant, cluster] = [await world.tenant(), somewhere()];
    const { id } = await tenant.environment({ slug: "prod", cluster });
    data(await world.operator.run(`mutation ($id: ID!) { placeEnvironment(input: { id: $id, cluster: "shared-2" }) { environment { id } } }`, { id }));
    expect((await routes({ cluster })).nodes).toEqual([]);
    expect((await routes({}, { "x-tenant-id": tenant.id })).nodes).toMatchObject([{ environment: "prod", cluster: "shared-2" }]);
  });
});
