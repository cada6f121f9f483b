import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const BY_ID = `query ($id: ID!) { environment(id: $id) { id slug name archivedAt settings { timezone language currency weekStart }
  cluster { slug name kind domain known infrastructure { kind path } } placements { cluster { slug } placedAt endedAt } tenant { id slug } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const ask = async (caller: Caller, id: string) => data(await caller.run(BY_ID, { id }))["environment"];

describe("environment(id)", () => {
  it("unauthenticated: nobody without a token is told of one; forbidden: products' services are not", async () => {
    const { id } = await (await world.tenant()).environment();
    fault(await world.anonymous.run(BY_ID, { id }), "UNAUTHENTICATED");
    fault(await world.service.run(BY_ID, { id }), "FORBIDDEN");
  });

  it("someone else's, a missing one and what is no id are the same answer: null", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.environment();
    expect(await ask(theirs.member, id)).toMatchObject({ id });
    const answers = await Promise.all([id, randomUUID(), "no-uuid", "a\u0000"].map((one) => mine.admin.run(BY_ID, { id: one })));
    expect(answers.map(({ body }) => body)).toEqual(answers.map(() => ({ data: { environment: null } })));
  });

  it("shows where it runs and ran, and what it says for itself, to everybody of its tenant and to staff", async () => {
    const tenant = await world.tenant();
    const { id, slug } = await tenant.environment({ name: "Production", settings: { timezone: "Europe/Berlin", weekStart: "sunday" }, cluster: "shared-2" });
    for (const caller of [tenant.member, tenant.auditor, tenant.admin, world.support, world.operator]) {
      expect(await ask(caller, id)).toEqual({
        id,
        slug,
        name: "Production",
        archivedAt: null,
        settings: { timezone: "Europe/Berlin", language: null, currency: null, weekStart: "SUNDAY" },
        cluster: {
          slug: "shared-2",
          name: "Shared US",
          kind: "SHARED",
          domain: "us.greentic.example",
          known: true,
          infrastructure: ["tables", "drive", "cache"].map((kind) => ({ kind, path: `gbo/tenants/shared-2/infrastructure/${kind}` })),
        },
        placements: [{ cluster: { slug: "shared-2" }, placedAt: expect.any(String), endedAt: null }],
        tenant: { id: tenant.id, slug: tenant.slug },
      });
    }
  });

  it("that was never placed runs nowhere", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.environment({ cluster: null });
    expect(await ask(tenant.member, id)).toMatchObject({ cluster: null, placements: [] });
  });

  it("on a cluster that the file does not have any more is told so, and nothing fails", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.environment({ cluster: "gone" });
    expect(await ask(tenant.member, id)).toMatchObject({ cluster: { slug: "gone", name: null, kind: null, domain: null, known: false, infrastructure: [] } });
  });

  it("shows of a long history the latest hundred", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.environment({ cluster: null });
    await app.sql(
      `insert into environment_placements (tenant_id, environment_id, cluster, placed_at, ended_at)
       select $1, $2, 'c-' || n, timestamptz '2026-01-01' + n * interval '1 hour', timestamptz '2026-01-01' + (n + 1) * interval '1 hour' from generate_series(1, 150) n`,
      [tenant.id, id],
    );
    const { placements } = await ask(tenant.member, id);
    expect(placements.map(({ cluster }: { cluster: { slug: string } }) => cluster.slug)).toEqual(Array.from({ length: 100 }, (_, n) => `c-${150 - n}`));
  });

  it("is found by reference, many in one statement", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const [one, two, foreign] = [await mine.environment(), await mine.environment(), await theirs.environment()];
    const of = [one, foreign, two].map(({ id }) => ({ __typename: "Environment", id }));
    const answer = await mine.member.run("query ($of: [_Any!]!) { _entities(representations: $of) { ... on Environment { slug cluster { slug } } } }", { of });
    expect(data(answer)["_entities"]).toEqual([{ slug: one.slug, cluster: { slug: "shared" } }, null, { slug: two.slug, cluster: { slug: "shared" } }]);
  });
});

describe("Tenant.environments and Tenant.deployment", () => {
  const LISTS = "{ myTenant { environments { slug settings { language } cluster { slug } } away: environments(archived: true) { slug } deployment } }";
  const deploymentOn = async (...clusters: (string | null)[]) => {
    const tenant = await world.tenant();
    for (const cluster of clusters) await tenant.environment({ cluster });
    return data(await tenant.member.run(LISTS))["myTenant"].deployment;
  };

  it("lists those in use by slug, and on demand those that were put away, never another tenant's", async () => {
    const [tenant, other] = [await world.tenant(), await world.tenant()];
    await other.environment({ slug: "theirs" });
    for (const slug of ["staging", "prod"]) await tenant.environment({ slug, settings: { language: "de" } });
    await tenant.environment({ slug: "old", archivedAt: new Date(), cluster: "bigcorp" });
    expect(data(await tenant.member.run(LISTS))["myTenant"]).toEqual({
      environments: ["prod", "staging"].map((slug) => ({ slug, settings: { language: "de" }, cluster: { slug: "shared" } })),
      away: [{ slug: "old" }],
      deployment: "SHARED",
    });
  });

  it.each([
    ["shared clusters only", ["shared", "shared-2"], "SHARED"],
    ["clusters of its own only", ["bigcorp"], "SINGLE_TENANT"],
    ["both", ["shared", "bigcorp"], "HYBRID"],
    ["shared ones, and one that the file does not have any more", ["shared", "gone"], "SHARED"],
    ["only one that the file does not have any more", ["gone"], null],
    ["none", [null], null],
  ])("a tenant on %s", async (_, clusters, model) => {
    expect(await deploymentOn(...clusters)).toBe(model);
  });

  it("a tenant without environments has no model", async () => {
    expect(await deploymentOn()).toBeNull();
  });

  it("many tenants' lists are read together", async () => {
    const tenants = await Promise.all([world.tenant(), world.tenant()]);
    for (const tenant of tenants) await tenant.environment({ slug: "prod" });
    const of = tenants.map(({ id }) => ({ __typename: "Tenant", id }));
    const answer = await world.support.run("query ($of: [_Any!]!) { _entities(representations: $of) { ... on Tenant { environments { slug tenant { id } } } } }", { of });
    expect(data(answer)["_entities"]).toEqual(tenants.map(({ id }) => ({ environments: [{ slug: "prod", tenant: { id } }] })));
  });
});
