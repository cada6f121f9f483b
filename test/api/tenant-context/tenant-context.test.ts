import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { countStatements } from "../../testkit/statements.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const FIELDS = `tenantId tenantSlug environmentId environment teamId team readOnly cluster { slug known kind domain }
  settings { timezone { value from } language { value from } currency { value from } weekStart { value from } } flows { flow number label body }`;
const ASK = `query ($tenant: String, $environment: String, $team: String) { tenantContext(tenant: $tenant, environment: $environment, team: $team) { ${FIELDS} } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
  vi.restoreAllMocks();
});

const ask = (caller: Caller, question: Record<string, unknown> = {}, headers: Record<string, string> = {}) => caller.run(ASK, question, headers);
const contextOf = async (caller: Caller, question: Record<string, unknown> = {}, headers: Record<string, string> = {}) => data(await ask(caller, question, headers))["tenantContext"];

interface Home extends TenantInWorld {
  prod: { id: string; slug: string };
  staging: { id: string; slug: string };
  support: { id: string; slug: string };
}

async function home(fields?: Parameters<World["tenant"]>[0]): Promise<Home> {
  const tenant = await world.tenant(fields);
  const [prod, staging] = [await tenant.environment({ slug: "prod" }), await tenant.environment({ slug: "staging" })];
  return { ...tenant, prod, staging, support: await tenant.team({ slug: "support" }) };
}

const archive = (table: string, { id }: { id: string }) => app.sql(`update ${table} set archived_at = now() where id = $1`, [id]);

describe("tenantContext", () => {
  it("unauthenticated: nobody without a token gets a context", async () => {
    fault(await ask(world.anonymous, { tenant: (await home()).slug, environment: "prod" }), "UNAUTHENTICATED");
  });

  it("forbidden: nor does somebody without a tenant, nor an archived tenant's own people", async () => {
    fault(await ask(await world.caller({ realm_access: { roles: ["IT_ADMIN"] } }), { environment: "prod" }), "FORBIDDEN");
    const gone = await home({ status: "archived" });
    for (const caller of [gone.admin, gone.auditor, gone.member]) fault(await ask(caller, { environment: "prod" }), "FORBIDDEN");
  });

  it("another tenant's is the same as a missing one: tenant, environment and team, by slug and by id, for every kind of person", async () => {
    const [mine, theirs] = [await home(), await home()];
    const theirEnvironment = await theirs.environment();
    const theirTeam = await theirs.team();
    expect(await contextOf(theirs.admin, { tenant: theirs.id, environment: theirEnvironment.id, team: theirTeam.id })).toMatchObject({ team: theirTeam.slug });
    for (const caller of [mine.admin, mine.auditor, mine.member]) {
      for (const question of [
        { tenant: theirs.slug, environment: "prod" }, { tenant: theirs.id, environment: "prod" }, { tenant: theirs.id, environment: theirs.prod.id },
        { environment: theirEnvironment.id }, { environment: theirEnvironment.slug },
        { environment: "prod", team: theirTeam.id }, { environment: "prod", team: theirTeam.slug },
        { tenant: unique("t"), environment: "prod" }, { tenant: randomUUID(), environment: "prod" }, { environment: randomUUID() }, { environment: unique("env") },
        { environment: "prod", team: randomUUID() }, { environment: "prod", team: unique("team") },
        { environment: "", team: "\0" }, { environment: "prod", team: "\0" }, { tenant: "\0", environment: "prod" }, { environment: "x".repeat(50_000) }, { environment: "Prod" }, { environment: "default" },
      ]) {
        expect((await ask(caller, question)).body, JSON.stringify(question).slice(0, 200)).toEqual({ data: { tenantContext: null } });
      }
    }
  });

  it("takes as many statements for another tenant's as for a missing one", async () => {
    const [mine, theirs] = [await home(), await home()];
    const counted = async (question: Record<string, unknown>) => {
      await contextOf(mine.member, { environment: "prod" });
      const statements = countStatements();
      expect(await contextOf(mine.member, question)).toBeNull();
      vi.restoreAllMocks();
      return statements;
    };
    for (const by of ["id", "slug"] as const) {
      const missing = by === "id" ? randomUUID() : unique("t");
      expect(await counted({ tenant: theirs[by], environment: "prod" })).toEqual(await counted({ tenant: missing, environment: "prod" }));
    }
    const environment = await theirs.environment();
    expect(await counted({ environment: environment.slug })).toEqual(await counted({ environment: unique("env") }));
  });

  it("an archived environment or team is not there, and is back when it is live again", async () => {
    const tenant = await home();
    await archive("tenant_environments", tenant.staging);
    expect(await contextOf(tenant.member, { environment: "staging" })).toBeNull();
    expect(await contextOf(tenant.member, { environment: tenant.staging.id })).toBeNull();
    await archive("tenant_teams", tenant.support);
    expect(await contextOf(tenant.member, { environment: "prod", team: "support" })).toBeNull();
    await app.sql("update tenant_environments set archived_at = null where id = $1", [tenant.staging.id]);
    await app.sql("update tenant_teams set archived_at = null where id = $1", [tenant.support.id]);
    expect(await contextOf(tenant.member, { environment: "staging", team: "support" })).toMatchObject({ environment: "staging", team: "support" });
  });

  it("without an environment it is the only live one; of several one must be named, and of none there is no context", async () => {
    const tenant = await home();
    fault(await ask(tenant.member), "BAD_USER_INPUT", "X-Environment-ID");
    fault(await ask(tenant.member, { team: "support" }), "BAD_USER_INPUT", "X-Environment-ID");
    expect(await contextOf(tenant.member, { team: unique("team") })).toBeNull();
    await archive("tenant_environments", tenant.staging);
    expect(await contextOf(tenant.member)).toMatchObject({ environment: "prod", environmentId: tenant.prod.id, team: null, teamId: null });
    await archive("tenant_environments", tenant.prod);
    expect(await contextOf(tenant.member)).toBeNull();
  });

  it("ok: by slugs and by ids in whatever letter case it is the same, with everything that holds there", async () => {
    const tenant = await world.tenant();
    await app.sql("update tenants set settings = $2 where id = $1", [tenant.id, { language: "de", timezone: "Europe/Berlin" }]);
    const prod = await tenant.environment({ slug: "prod", settings: { timezone: "Asia/Kolkata" } });
    const team = await tenant.team({ slug: "support", settings: { weekStart: "sunday" } });
    const [flow, other] = [await tenant.flow({ name: "b_flow", versions: 3 }), await tenant.flow({ name: "a_flow" })];
    await tenant.running(prod, flow, 2);
    await tenant.running(prod, other, null);
    const expected = {
      tenantId: tenant.id, tenantSlug: tenant.slug, environmentId: prod.id, environment: "prod", teamId: team.id, team: "support", readOnly: false,
      cluster: { slug: "shared", known: true, kind: "SHARED", domain: expect.any(String) },
      settings: {
        timezone: { value: "Asia/Kolkata", from: "ENVIRONMENT" }, language: { value: "de", from: "TENANT" }, currency: { value: "EUR", from: "DEFAULT" }, weekStart: { value: "SUNDAY", from: "TEAM" },
      },
      flows: [{ flow: "b_flow", number: 2, label: "2", body: { version: "2", nodes: [{ id: "start", type: "message" }] } }],
    };
    for (const caller of [tenant.member, tenant.auditor, tenant.admin, world.service, world.support, world.operator]) {
      expect(await contextOf(caller, { tenant: tenant.slug, environment: "prod", team: "support" })).toEqual(expected);
      expect(await contextOf(caller, { tenant: tenant.id.toUpperCase(), environment: prod.id.toUpperCase(), team: team.id.toUpperCase() })).toEqual(expected);
    }
  });

  it("is one statement, whatever of it is asked for but its flows", async () => {
    const tenant = await home();
    await contextOf(tenant.member, { environment: "prod" });
    const statements = countStatements();
    data(await tenant.member.run('{ tenantContext(environment: "prod", team: "support") { tenantSlug cluster { slug } settings { timezone { value } } names { subjectFilter } } }'));
    expect(statements).toHaveLength(1);
  });

  it("a cluster that the platform's file does not have any more is told by its name; an environment on none has none", async () => {
    const tenant = await world.tenant();
    await tenant.environment({ slug: "old", cluster: "taken-out" });
    await tenant.environment({ slug: "nowhere", cluster: null });
    expect(await contextOf(tenant.member, { environment: "old" })).toMatchObject({ cluster: { slug: "taken-out", known: false, kind: null, domain: null } });
    expect(await contextOf(tenant.member, { environment: "nowhere" })).toMatchObject({ cluster: null });
  });

  it("frozen is read-only, from the very end of a trial on; demo is as usual; archived is none for services and staff", async () => {
    const frozen = await home({ status: "frozen" });
    for (const caller of [frozen.member, world.service, world.operator]) {
      expect(await contextOf(caller, { tenant: frozen.slug, environment: "prod" })).toMatchObject({ readOnly: true });
    }
    const demo = await home({ status: "demo", kind: "demo" });
    expect(await contextOf(demo.member, { environment: "prod" })).toMatchObject({ readOnly: false });
    const archived = await home({ status: "archived" });
    for (const caller of [world.service, world.support, world.operator]) expect(await contextOf(caller, { tenant: archived.slug, environment: "prod" })).toBeNull();

    const trialEndsAt = new Date(Date.now() + 60_000);
    const trial = await home({ status: "trial", trialEndsAt });
    app.clock.now = new Date(trialEndsAt.getTime() - 1);
    expect(await contextOf(world.operator, { tenant: trial.slug, environment: "prod" })).toMatchObject({ readOnly: false });
    app.clock.now = trialEndsAt;
    expect(await contextOf(world.operator, { tenant: trial.slug, environment: "prod" })).toMatchObject({ readOnly: true });
  });

  it("services and staff name the tenant; staff may narrow instead, and then see no other", async () => {
    const [mine, theirs] = [await home(), await home()];
    for (const caller of [world.service, world.support, world.operator]) {
      fault(await ask(caller, { environment: "prod" }), "BAD_USER_INPUT", "tenant");
      for (const tenant of [unique("t"), randomUUID(), "\0", "", "x".repeat(50_000)]) expect(await contextOf(caller, { tenant, environment: "prod" })).toBeNull();
    }
    for (const staff of [world.support, world.operator]) {
      const narrowed = { "x-tenant-id": mine.slug };
      expect(await contextOf(staff, { environment: "prod" }, narrowed)).toMatchObject({ tenantId: mine.id });
      expect(await contextOf(staff, { tenant: theirs.slug, environment: "prod" }, narrowed)).toBeNull();
      expect(await contextOf(staff, { tenant: theirs.slug, environment: "prod" })).toMatchObject({ tenantId: theirs.id });
    }
  });

  it("several contexts of several tenants are asked for in one document, and each is its own", async () => {
    const [one, other] = [await home(), await home()];
    await other.running(other.prod, await other.flow({ name: "theirs" }));
    const both = `query ($one: String, $other: String) {
      one: tenantContext(tenant: $one, environment: "prod") { tenantSlug flows { flow } } other: tenantContext(tenant: $other, environment: "prod") { tenantSlug flows { flow } } }`;
    for (const caller of [world.service, world.support]) {
      expect(data(await caller.run(both, { one: one.slug, other: other.slug }))).toEqual({
        one: { tenantSlug: one.slug, flows: [] },
        other: { tenantSlug: other.slug, flows: [{ flow: "theirs" }] },
      });
    }
  });

  it("a tenant whose slug no name can hold has no context, and the reason is told without repeating it", async () => {
    const tenant = await home();
    await app.sql("update tenants set slug = 'lpt9' where id = $1", [tenant.id]);
    try {
      const { message } = fault(await ask(tenant.admin, { environment: "prod" }), "BAD_USER_INPUT", "tenant");
      expect(message).not.toContain("lpt9");
    } finally {
      await app.sql("update tenants set slug = $2 where id = $1", [tenant.id, tenant.slug]);
    }
  });
});

describe("tenantContext with headers", () => {
  it("takes from them what is not named in the document, for people, services and narrowed staff alike", async () => {
    const tenant = await home();
    const headers = { "x-environment-id": "staging", "x-team-id": tenant.support.id };
    expect(await contextOf(tenant.member, {}, headers)).toMatchObject({ environment: "staging", team: "support" });
    expect(await contextOf(tenant.member, { environment: "staging", team: "support" }, headers)).toMatchObject({ environment: "staging", team: "support" });
    expect(await contextOf(tenant.member, { environment: tenant.staging.id }, headers)).toMatchObject({ environment: "staging", team: "support" });
    expect(await contextOf(world.service, { tenant: tenant.slug }, headers)).toMatchObject({ environment: "staging", team: "support" });
    expect(await contextOf(world.support, {}, { ...headers, "x-tenant-id": tenant.id })).toMatchObject({ environment: "staging", team: "support" });
  });

  it("a team in the header alone goes with whichever environment the document names", async () => {
    const tenant = await home();
    for (const environment of ["prod", "staging"]) expect(await contextOf(tenant.member, { environment }, { "x-team-id": "support" })).toMatchObject({ environment, team: "support" });
  });

  it("refuses a document that names another place than they do", async () => {
    const tenant = await home();
    await tenant.team({ slug: "sales" });
    const headers = { "x-environment-id": "staging", "x-team-id": "support" };
    for (const [caller, more] of [[tenant.member, {}], [world.service, { tenant: tenant.slug }]] as const) {
      fault(await ask(caller, { ...more, environment: "prod" }, headers), "BAD_USER_INPUT", "environment");
      fault(await ask(caller, { ...more, environment: tenant.prod.id }, headers), "BAD_USER_INPUT", "environment");
      fault(await ask(caller, { ...more, team: "sales" }, headers), "BAD_USER_INPUT", "team");
      expect(await contextOf(caller, { ...more, environment: unique("env") }, headers)).toBeNull();
    }
  });

  it("a service's mean something in the tenant that it names, and nothing in another", async () => {
    const [one, other] = [await home(), await home()];
    const team = await one.team();
    expect(await contextOf(world.service, { tenant: one.slug, environment: "prod" }, { "x-team-id": team.slug })).toMatchObject({ team: team.slug });
    expect(await contextOf(world.service, { tenant: other.slug, environment: "prod" }, { "x-team-id": team.slug })).toBeNull();
    expect(await contextOf(world.service, { tenant: other.slug, environment: "prod" }, { "x-team-id": team.id })).toBeNull();
  });
});
