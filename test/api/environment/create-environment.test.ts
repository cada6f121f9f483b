import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const CREATE = `mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { environment {
  id slug name version archivedAt settings { timezone language } cluster { slug domain } placements { cluster { slug } endedAt } tenant { id } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const create = (caller: Caller, input: Record<string, unknown>) => caller.run(CREATE, { input: { name: "Production", ...input } });
const rowsOf = (tenantId: string) =>
  app.sql<{ slug: string; cluster: string | null }>(
    `select n.slug, l.cluster from tenant_environments n left join environment_placements l on l.environment_id = n.id and l.ended_at is null
     where n.tenant_id = $1 and n.archived_at is null order by n.slug`,
    [tenantId],
  );
const created = async (caller: Caller, input: Record<string, unknown>) => data(await create(caller, input))["createEnvironment"].environment;

describe("createEnvironment", () => {
  describe("invalid", () => {
    it.each([
      ["", "nothing"],
      ["-a", "a leading hyphen"],
      ["a-", "a trailing hyphen"],
      ["Prod", "an upper-case letter"],
      ["a.b", "a dot"],
      ["a_b", "an underscore"],
      ["../a", "a path"],
      ["a\n", "a line break"],
      ["a\u0000", "a null character"],
      ["a".repeat(41), "too long"],
      ["default", "the word for no team"],
      ["global", "the word for the platform"],
      ["con", "a device's name"],
      ["00000000-0000-0000-0000-000000000001", "one that reads as an id"],
    ])("slug %j is refused: %s", async (slug) => {
      const tenant = await world.tenant();
      fault(await create(world.operator, { tenantId: tenant.id, slug }), "BAD_USER_INPUT", "slug");
      expect(await rowsOf(tenant.id)).toEqual([]);
    });

    it.each([[""], ["   "], ["a\u0000b"], ["x".repeat(201)]])("name %j is refused", async (name) => {
      const tenant = await world.tenant();
      fault(await create(world.operator, { tenantId: tenant.id, slug: "prod", name }), "BAD_USER_INPUT", "name");
    });

    it("a setting that breaks its rule is refused, and nothing is written", async () => {
      const tenant = await world.tenant();
      fault(await create(world.operator, { tenantId: tenant.id, slug: "prod", settings: { timezone: "+01:00" } }), "BAD_USER_INPUT", "settings.timezone");
      expect(await rowsOf(tenant.id)).toEqual([]);
    });

    it("another tenant's own cluster is refused in the words in which one is that there is not", async () => {
      const tenant = await world.tenant();
      const answers = await Promise.all(["bigcorp", "nowhere", "", "constructor", "a\u0000"].map((cluster) => create(world.operator, { tenantId: tenant.id, slug: "prod", cluster })));
      for (const answer of answers) fault(answer, "BAD_USER_INPUT", "cluster");
      expect(answers[0]?.body).toEqual(answers[1]?.body);
      expect(await rowsOf(tenant.id)).toEqual([]);
    });

    it("staff must name the tenant", async () => {
      fault(await create(world.operator, { slug: "prod" }), "BAD_USER_INPUT", "tenantId");
    });
  });

  it("unauthenticated: nobody without a token creates one", async () => {
    const tenant = await world.tenant();
    fault(await create(world.anonymous, { tenantId: tenant.id, slug: "prod" }), "UNAUTHENTICATED");
  });

  it("forbidden: a tenant's own people, support and services create none", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.admin, tenant.member, tenant.auditor, world.support, world.service]) fault(await create(caller, { tenantId: tenant.id, slug: "prod" }), "FORBIDDEN");
    expect(await rowsOf(tenant.id)).toEqual([]);
  });

  it("a tenant that there is not, and one that the operator's request is not about, are the same answer", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    const missing = await create(world.operator, { tenantId: randomUUID(), slug: "prod" });
    fault(missing, "NOT_FOUND");
    const narrowed = await world.operator.run(CREATE, { input: { tenantId: other.id, slug: "prod", name: "x" } }, { "x-tenant-id": one.id });
    expect(narrowed.body).toEqual(missing.body);
    expect(await rowsOf(other.id)).toEqual([]);
  });

  it("archived: not even an operator; frozen and in a demo: an operator may", async () => {
    const archived = await world.tenant({ status: "archived" });
    fault(await create(world.operator, { tenantId: archived.id, slug: "prod" }), "TENANT_READ_ONLY");
    expect(await rowsOf(archived.id)).toEqual([]);
    for (const tenant of [await world.tenant({ status: "frozen" }), await world.tenant({ status: "demo", kind: "demo" })]) {
      await created(world.operator, { tenantId: tenant.id, slug: "prod" });
      expect(await rowsOf(tenant.id)).toEqual([{ slug: "prod", cluster: "shared" }]);
    }
  });

  it("a slug is unique in its tenant and free in every other", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    for (const { id } of [one, other]) await created(world.operator, { tenantId: id, slug: "prod" });
    fault(await create(world.operator, { tenantId: one.id, slug: "prod", name: "y" }), "CONFLICT", "slug");
    expect(await rowsOf(one.id)).toHaveLength(1);
    expect(await actionsIn(app, one.id)).toEqual(["environment.create"]);
  });

  it("of ten at once with one slug exactly one wins, with one event and one placement", async () => {
    const tenant = await world.tenant();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(world.operator, { tenantId: tenant.id, slug: "race" })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "CONFLICT", "slug");
    expect(await rowsOf(tenant.id)).toHaveLength(1);
    expect(await actionsIn(app, tenant.id)).toEqual(["environment.create"]);
  });

  it("twenty are in use at most, however many are asked for at once", async () => {
    const tenant = await world.tenant();
    for (let n = 0; n < 17; n++) await tenant.environment({ slug: `e${n}` });
    await tenant.environment({ archivedAt: new Date() });
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => create(world.operator, { tenantId: tenant.id, slug: `more-${n}` })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(3);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "LIMIT_EXCEEDED");
    expect(await rowsOf(tenant.id)).toHaveLength(20);
  });

  it("a hundred are the most that there can ever have been", async () => {
    const tenant = await world.tenant();
    await app.sql("insert into tenant_environments (tenant_id, slug, name, archived_at) select $1, 'old-' || n, 'Old', now() from generate_series(1, 100) n", [tenant.id]);
    fault(await create(world.operator, { tenantId: tenant.id, slug: "new" }), "LIMIT_EXCEEDED");
    await created(world.operator, { tenantId: tenant.id, slug: "old-1" });
  });

  describe("one that was put away", () => {
    it("is brought back as the same, with what is said of it now, and stays where it was", async () => {
      const tenant = await world.tenant();
      const before = await tenant.environment({ slug: "prod", name: "Old", cluster: "shared-2", settings: { timezone: "Europe/Rome" }, archivedAt: new Date() });
      const environment = await created(world.operator, { tenantId: tenant.id, slug: "prod", name: "New", settings: { language: "de" } });
      expect(environment).toMatchObject({ id: before.id, name: "New", version: 2, archivedAt: null, settings: { timezone: null, language: "de" }, cluster: { slug: "shared-2" } });
      expect(environment.placements).toHaveLength(1);
      expect(await eventsOf(app, tenant.id)).toMatchObject([{ action: "environment.create", targetId: before.id, metadata: { slug: "prod", cluster: "shared-2", restored: true } }]);
    });

    it("goes where it is wanted, and its history has both", async () => {
      const tenant = await world.tenant();
      await tenant.environment({ slug: "prod", cluster: "shared-2", archivedAt: new Date() });
      const { placements } = await created(world.operator, { tenantId: tenant.id, slug: "prod", cluster: "shared" });
      expect(placements).toEqual([{ cluster: { slug: "shared" }, endedAt: null }, { cluster: { slug: "shared-2" }, endedAt: expect.any(String) }]);
    });

    it("counts as in use again", async () => {
      const tenant = await world.tenant();
      for (let n = 0; n < 20; n++) await tenant.environment({ slug: `e${n}` });
      await tenant.environment({ slug: "old", archivedAt: new Date() });
      fault(await create(world.operator, { tenantId: tenant.id, slug: "old" }), "LIMIT_EXCEEDED");
    });
  });

  describeRepeatable(() => app, "environment.create", async () => {
    const tenant = await world.tenant();
    const colleague = await world.caller({ realm_access: { roles: ["platform-operator"] } });
    return {
      send: (idempotencyKey, { other, by } = {}) => create(by ? colleague : world.operator, { tenantId: tenant.id, slug: other ? "two" : "one", idempotencyKey }),
      async hinder() {
        const { id } = await tenant.environment({ slug: "one" });
        return async () => void (await app.sql("delete from tenant_environments where id = $1", [id]));
      },
      count: async () => (await rowsOf(tenant.id)).length,
      tenantId: async () => tenant.id,
    };
  });

  it("ok and audited: the environment, where it is placed and the event are written together", async () => {
    const [tenant, subject, requestId] = [await world.tenant(), unique("operator"), unique("request")];
    const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
    const input = { tenantId: tenant.id, slug: "prod", name: "Production", settings: { timezone: "Europe/Berlin" } };
    const { environment } = data(await operator.run(CREATE, { input }, { "x-request-id": requestId, "user-agent": "portal/1" }))["createEnvironment"];
    expect(environment).toEqual({
      id: expect.any(String),
      slug: "prod",
      name: "Production",
      version: 1,
      archivedAt: null,
      settings: { timezone: "Europe/Berlin", language: null },
      cluster: { slug: "shared", domain: "eu.greentic.example" },
      placements: [{ cluster: { slug: "shared" }, endedAt: null }],
      tenant: { id: tenant.id },
    });
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "environment.create",
        actorType: "user",
        targetType: "environment",
        targetId: environment.id,
        targetName: "prod",
        projectId: null,
        product: null,
        metadata: { slug: "prod", cluster: "shared", restored: false, actor_role: "operator" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Olga" });
  });
});
