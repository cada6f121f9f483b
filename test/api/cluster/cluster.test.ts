import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type World } from "../../testkit/world.js";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const CLUSTER = "query ($slug: String!) { cluster(slug: $slug) { slug known kind environmentCount } }";
const REFERENCES = "query ($of: [_Any!]!) { _entities(representations: $of) { ... on Cluster { slug known environmentCount } } }";

describe("clusters", () => {
  it("unauthenticated and forbidden: nobody but staff is told of all, for a dedicated one's name is a customer's", async () => {
    const tenant = await world.tenant();
    for (const [document, variables] of [["{ clusters { slug } }", {}], [CLUSTER, { slug: "shared" }], ["{ routes { nodes { cluster } } }", {}]] as const) {
      fault(await world.anonymous.run(document, variables), "UNAUTHENTICATED");
      for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.service]) fault(await caller.run(document, variables), "FORBIDDEN");
    }
  });

  it("a tenant's own people see the cluster that they are on, and not how many others are there", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.environment();
    fault(await tenant.admin.run("query ($id: ID!) { environment(id: $id) { cluster { slug environmentCount } } }", { id }), "FORBIDDEN");
    fault(await tenant.admin.run(REFERENCES, { of: [{ __typename: "Cluster", slug: "shared" }] }), "FORBIDDEN");
  });

  it("are listed in the file's order, with what each has of its own by reference", async () => {
    const { clusters } = data(await world.support.run("{ clusters { slug name kind domain known infrastructure { path } } }"));
    expect(clusters.map(({ slug, kind, known }: Record<string, unknown>) => [slug, kind, known])).toEqual([["shared", "SHARED", true], ["shared-2", "SHARED", true], ["bigcorp", "DEDICATED", true]]);
    expect(clusters[2]).toMatchObject({ name: "BigCorp", domain: "bigcorp.greentic.example", infrastructure: [{ path: "gbo/tenants/bigcorp/infrastructure/tables" }] });
  });

  it("one by its name; null for any that the file has not, whatever the text", async () => {
    expect(data(await world.operator.run(CLUSTER, { slug: "bigcorp" }))["cluster"]).toMatchObject({ slug: "bigcorp", kind: "DEDICATED" });
    for (const slug of ["gone", "", "constructor", "a\u0000", "x".repeat(1000)]) expect(data(await world.operator.run(CLUSTER, { slug }))["cluster"]).toBeNull();
  });

  it("by reference also one that the file does not have any more; what can be no cluster's name is none", async () => {
    const of = ["shared-2", "gone", "global", "A", "a\u0000", 5, null].map((slug) => ({ __typename: "Cluster", slug }));
    expect(data(await world.support.run(REFERENCES, { of }))["_entities"]).toEqual([
      { slug: "shared-2", known: true, environmentCount: expect.any(Number) },
      { slug: "gone", known: false, environmentCount: expect.any(Number) },
      null, null, null, null, null,
    ]);
  });

  it("count what they run: neither what was put away, nor what is elsewhere now, nor archived tenants'", async () => {
    const cluster = unique("c");
    const count = async () => data(await world.support.run(REFERENCES, { of: [{ __typename: "Cluster", slug: cluster }] }))["_entities"][0].environmentCount;
    expect(await count()).toBe(0);
    const [one, frozen, archived] = [await world.tenant(), await world.tenant({ status: "frozen" }), await world.tenant({ status: "archived" })];
    const moved = await one.environment({ cluster });
    await one.environment({ cluster, archivedAt: new Date() });
    for (const tenant of [one, frozen, archived]) await tenant.environment({ cluster });
    expect(await count()).toBe(3);
    data(await world.operator.run(`mutation ($id: ID!) { placeEnvironment(input: { id: $id, cluster: "shared" }) { environment { id } } }`, { id: moved.id }));
    expect(await count()).toBe(2);
  });
});
