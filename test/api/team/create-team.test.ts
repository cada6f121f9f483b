import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { TEAMS_AT_MOST, TEAMS_EVER } from "../../../src/team/team.rules.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const CREATE = `mutation ($input: CreateTeamInput!) { createTeam(input: $input) {
  team { id slug name settings { timezone language currency weekStart } channels { slug } archivedAt version tenant { id } }
} }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const create = (caller: Caller, input: Record<string, unknown>, headers = {}) => caller.run(CREATE, { input }, headers);
const teamsOf = (tenantId: string) => app.sql("select slug, name, settings from tenant_teams where tenant_id = $1 and archived_at is null order by slug", [tenantId]);
const UNSAID = { timezone: null, language: null, currency: null, weekStart: null };

describe("createTeam", () => {
  it.each([
    "", "A", "-a", "a-", "a_b", "a.b", "a/b", "../x", "a b", "é", "a".repeat(41), "default", "global", "con", "nul", "com1", "lpt9", "a\u0000", "a\n", "\ud800", "*", ">", randomUUID(),
  ])("invalid: the slug %j is refused", async (slug) => {
    const tenant = await world.tenant();
    fault(await create(tenant.admin, { slug, name: "x" }), "BAD_USER_INPUT", "slug");
    expect(await teamsOf(tenant.id)).toEqual([]);
  });

  it.each(["a", "0", "a".repeat(40), "support", "com10", "admin", "teams", "environments"])("the slug %j is one", async (slug) => {
    const tenant = await world.tenant();
    expect(data(await create(tenant.admin, { slug, name: "x" }))["createTeam"].team.slug).toBe(slug);
  });

  it.each([[""], ["  "], ["a\u0000b"], ["a\u202eb"], ["x".repeat(201)]])("invalid: the name %j is refused", async (name) => {
    const tenant = await world.tenant();
    fault(await create(tenant.admin, { slug: "support", name }), "BAD_USER_INPUT", "name");
    expect(await teamsOf(tenant.id)).toEqual([]);
  });

  it.each([
    [{ timezone: "Europe/Atlantis" }, "settings.timezone"],
    [{ timezone: "UTC", language: "german" }, "settings.language"],
    [{ currency: "eur" }, "settings.currency"],
  ])("invalid: the settings %j are refused", async (settings, field) => {
    const tenant = await world.tenant();
    fault(await create(tenant.admin, { slug: "support", name: "x", settings }), "BAD_USER_INPUT", field);
    expect(await teamsOf(tenant.id)).toEqual([]);
  });

  it("invalid: a setting that there is not, and a day that is none, are refused", async () => {
    const tenant = await world.tenant();
    for (const settings of [{ colour: "red" }, { weekStart: "monday" }]) fault(await create(tenant.admin, { slug: "support", name: "x", settings }), "BAD_USER_INPUT");
  });

  it("unauthenticated and forbidden: without a token nobody creates one, and neither do members, auditors, support or services", async () => {
    const tenant = await world.tenant();
    fault(await create(world.anonymous, { tenantId: tenant.id, slug: "support", name: "x" }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await create(caller, { tenantId: tenant.id, slug: "support", name: "x" }), "FORBIDDEN");
    expect(await teamsOf(tenant.id)).toEqual([]);
  });

  it("someone else's: a tenant that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    expect(await app.sql("select 1 from tenants where id = $1", [theirs.id])).toHaveLength(1);
    const refused = await create(mine.admin, { tenantId: theirs.id, slug: "support", name: "x" });
    fault(refused, "NOT_FOUND");
    expect((await create(mine.admin, { tenantId: randomUUID(), slug: "support", name: "x" })).body).toEqual(refused.body);
    expect(await teamsOf(theirs.id)).toEqual([]);
    expect(await actionsIn(app, theirs.id)).toEqual([]);
  });

  it("an operator without a tenant has to name one", async () => {
    fault(await create(world.operator, { slug: "support", name: "x" }), "BAD_USER_INPUT");
  });

  it("archived: nobody creates one, not even an operator", async () => {
    const tenant = await world.tenant({ status: "archived" });
    for (const caller of [tenant.admin, world.operator]) fault(await create(caller, { tenantId: tenant.id, slug: "support", name: "x" }), "TENANT_READ_ONLY");
    expect(await teamsOf(tenant.id)).toEqual([]);
  });

  it("frozen: the tenant's own people create none, an operator may", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    fault(await create(tenant.admin, { slug: "support", name: "x" }), "TENANT_READ_ONLY");
    expect(await teamsOf(tenant.id)).toEqual([]);
    data(await create(world.operator, { tenantId: tenant.id, slug: "support", name: "x" }));
  });

  it("in a demo one may be created: the night takes it away", async () => {
    const demo = await world.tenant({ status: "demo", kind: "demo" });
    data(await create(demo.admin, { slug: "support", name: "x" }));
  });

  it("a slug is unique in its tenant and free in every other", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    data(await create(one.admin, { slug: "support", name: "x" }));
    fault(await create(one.admin, { slug: "support", name: "y" }), "CONFLICT", "slug");
    data(await create(other.admin, { slug: "support", name: "x" }));
    expect(await teamsOf(one.id)).toEqual([{ slug: "support", name: "x", settings: {} }]);
    expect(await actionsIn(app, one.id)).toEqual(["team.create"]);
  });

  it("of ten concurrent creations of one slug exactly one wins, with one event", async () => {
    const tenant = await world.tenant();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(tenant.admin, { slug: "race", name: "x" })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "CONFLICT", "slug");
    expect(await actionsIn(app, tenant.id)).toEqual(["team.create"]);
  });

  describe("of an archived one's slug", () => {
    it("brings the same team back, as it is given now and without channels", async () => {
      const tenant = await world.tenant();
      const team = await tenant.team({ slug: "support", name: "Old", settings: { language: "de", currency: "CHF" }, archivedAt: new Date() });
      await tenant.channel(team, { slug: "slack", archivedAt: new Date() });
      const created = data(await create(tenant.admin, { slug: "support", name: "New", settings: { language: "fr" } }))["createTeam"].team;
      expect(created).toEqual({ id: team.id, slug: "support", name: "New", settings: { ...UNSAID, language: "fr" }, channels: [], archivedAt: null, version: 2, tenant: { id: tenant.id } });
      expect(await teamsOf(tenant.id)).toEqual([{ slug: "support", name: "New", settings: { language: "fr" } }]);
      expect((await eventsOf(app, tenant.id)).map(({ action, targetId, metadata }) => ({ action, targetId, metadata }))).toEqual([{ action: "team.create", targetId: team.id, metadata: { slug: "support", restored: true } }]);
    });

    it("brings nothing back of another tenant's", async () => {
      const [mine, theirs] = [await world.tenant(), await world.tenant()];
      const team = await theirs.team({ slug: "support", archivedAt: new Date() });
      expect(data(await create(mine.admin, { slug: "support", name: "x" }))["createTeam"].team.id).not.toBe(team.id);
      expect(await teamsOf(theirs.id)).toEqual([]);
    });

    it("brings it back once, of ten at once", async () => {
      const tenant = await world.tenant();
      await tenant.team({ slug: "race", archivedAt: new Date() });
      const answers = await Promise.all(Array.from({ length: 10 }, () => create(tenant.admin, { slug: "race", name: "x" })));
      expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
      for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "CONFLICT", "slug");
      expect(await actionsIn(app, tenant.id)).toEqual(["team.create"]);
    });
  });

  describe("where there are as many as may be", () => {
    const plant = (tenantId: string, count: number, archived: boolean) =>
      app.sql("insert into tenant_teams (tenant_id, slug, name, archived_at) select $1, $2 || n, 'x', case when $4 then now() end from generate_series(1, $3::int) n", [tenantId, archived ? "old-" : "team-", count, archived]);

    it("creates none, and none of those who come at once steps over it", async () => {
      const tenant = await world.tenant();
      await plant(tenant.id, TEAMS_AT_MOST - 1, false);
      const answers = await Promise.all(["a", "b", "c", "d"].map((slug) => create(tenant.admin, { slug, name: "x" })));
      expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
      for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "LIMIT_EXCEEDED");
      expect(await teamsOf(tenant.id)).toHaveLength(TEAMS_AT_MOST);
      expect(await actionsIn(app, tenant.id)).toEqual(["team.create"]);
    });

    it("counts archived ones only towards how many there ever were", async () => {
      const tenant = await world.tenant();
      await plant(tenant.id, TEAMS_EVER - 1, true);
      data(await create(tenant.admin, { slug: "last", name: "x" }));
      fault(await create(tenant.admin, { slug: "one-more", name: "x" }), "LIMIT_EXCEEDED");
      data(await create(tenant.admin, { slug: "old-1", name: "x" }));
    });
  });

  describeRepeatable(() => app, "team.create", async () => {
    const tenant = await world.tenant();
    const colleague = await world.caller({ tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    return {
      send: (idempotencyKey, { other, by } = {}) => create(by ? colleague : tenant.admin, { slug: other ? "two" : "one", name: "x", settings: { language: "de" }, idempotencyKey }),
      async hinder() {
        const { id } = await tenant.team({ slug: "one" });
        return async () => void (await app.sql("delete from tenant_teams where id = $1", [id]));
      },
      count: async () => (await teamsOf(tenant.id)).length,
      tenantId: async () => tenant.id,
    };
  });

  it("ok and audited: the row and its event are written together", async () => {
    const [tenant, subject, requestId] = [await world.tenant(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const input = { slug: "support", name: "Customer Support", settings: { timezone: "Asia/Kolkata", language: "en-in", weekStart: "SUNDAY", currency: null } };
    const { team } = data(await create(admin, input, { "x-request-id": requestId, "user-agent": "portal/1" }))["createTeam"];
    expect(team).toEqual({
      id: expect.any(String),
      slug: "support",
      name: "Customer Support",
      settings: { timezone: "Asia/Kolkata", language: "en-IN", currency: null, weekStart: "SUNDAY" },
      channels: [],
      archivedAt: null,
      version: 1,
      tenant: { id: tenant.id },
    });
    expect(await teamsOf(tenant.id)).toEqual([{ slug: "support", name: "Customer Support", settings: { timezone: "Asia/Kolkata", language: "en-IN", weekStart: "sunday" } }]);
    expect(await eventsOf(app, tenant.id)).toEqual([
      { action: "team.create", actorType: "user", targetType: "team", targetId: team.id, targetName: "support", projectId: null, product: null, metadata: { slug: "support", restored: false } },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
