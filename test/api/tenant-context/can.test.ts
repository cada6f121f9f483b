import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { CHANGE_ACTIONS, READ_ACTIONS, SERVICE_ACTIONS, SYSTEM_ACTIONS } from "../../../src/kernel/action.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { countStatements } from "../../testkit/statements.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const ASK = `query ($tenant: String, $environment: String, $team: String, $action: String!, $resource: String!) {
  tenantContext(tenant: $tenant, environment: $environment, team: $team) { can(action: $action, resource: $resource) } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface Named {
  id: string;
  slug: string;
}

interface Home extends TenantInWorld {
  prod: Named;
  staging: Named;
  support: Named;
  sales: Named;
  slack: Named & { teamId: string };
  supportFlow: { id: string; name: string };
  /** The tenant's name as a resource. */
  name: string;
}

async function home(fields?: Parameters<World["tenant"]>[0]): Promise<Home> {
  const tenant = await world.tenant(fields);
  const [prod, staging] = [await tenant.environment({ slug: "prod" }), await tenant.environment({ slug: "staging" })];
  const [support, sales] = [await tenant.team({ slug: "support" }), await tenant.team({ slug: "sales" })];
  const slack = await tenant.channel(support, { slug: "slack" });
  return { ...tenant, prod, staging, support, sales, slack, supportFlow: await tenant.flow({ name: "support_flow" }), name: `tenants/${tenant.slug}` };
}

type Where = { tenant?: string; environment?: string; team?: string };
const ask = (caller: Caller, action: string, resource: string, where: Where = {}) => caller.run(ASK, { environment: "prod", ...where, action, resource });
const can = async (...asked: Parameters<typeof ask>) => data(await ask(...asked))["tenantContext"].can as boolean;
const archive = (table: string, { id }: { id: string }) => app.sql(`update ${table} set archived_at = now() where id = $1`, [id]);

/** Each entity that a resource can be, with the query that tells of it by its id, and its name. */
const KINDS: [query: string, action: string, of: (tenant: Home) => { id: string; resource: string }][] = [
  ["environment", "environment.read", ({ prod: { id }, name }) => ({ id, resource: `${name}/environments/prod` })],
  ["team", "team.read", ({ support: { id }, name }) => ({ id, resource: `${name}/teams/support` })],
  ["channel", "team.read", ({ slack: { id }, name }) => ({ id, resource: `${name}/teams/support/channels/slack` })],
  ["flow", "flow.read", ({ supportFlow: { id }, name }) => ({ id, resource: `${name}/flows/support_flow` })],
];

describe("can", () => {
  it.each([...SYSTEM_ACTIONS, "", "Tenant.read", "tenant.*", "tenant", "channel.read", "\0", "constructor", "x".repeat(50_000)])("invalid: %.30s is no action", async (action) => {
    const { member, name } = await home();
    fault(await ask(member, action, name), "BAD_USER_INPUT", "action");
  });

  it.each(KINDS)("%s: is true for whoever the query by id tells of it, and for nobody else", async (query, action, of) => {
    const [mine, theirs] = [await home(), await home()];
    const callers = { member: mine.member, auditor: mine.auditor, admin: mine.admin, support: world.support, operator: world.operator, service: world.service };
    for (const [role, caller] of Object.entries(callers)) {
      const staff = role === "support" || role === "operator";
      for (const [whose, { id, resource }] of Object.entries({ own: of(mine), "other's": of(theirs), missing: { id: randomUUID(), resource: of(mine).resource.replace(/[^/]+$/, "missing") } })) {
        const { body } = await caller.run(`query ($id: ID!) { ${query}(id: $id) { id } }`, { id });
        const told = body.data?.[query] != null;
        // Who is at home with every tenant has a context in each.
        const where = { tenant: whose === "other's" && staff ? theirs.slug : mine.slug };
        expect([role, whose, await can(caller, action, resource, where)]).toEqual([role, whose, told]);
      }
    }
    expect(await can(theirs.member, action, of(theirs).resource)).toBe(true);
  });

  it("what is archived is not there: environment, team, a channel, and the channels of a team", async () => {
    const tenant = await home();
    const teams = `${tenant.name}/teams/support`;
    expect([await can(tenant.member, "team.read", teams), await can(tenant.member, "team.read", `${teams}/channels/slack`)]).toEqual([true, true]);
    await archive("team_channels", tenant.slack);
    expect([await can(tenant.member, "team.read", teams), await can(tenant.member, "team.read", `${teams}/channels/slack`)]).toEqual([true, false]);
    await app.sql("update team_channels set archived_at = null where id = $1", [tenant.slack.id]);
    await archive("tenant_teams", tenant.support);
    expect([await can(tenant.member, "team.read", teams), await can(tenant.member, "team.read", `${teams}/channels/slack`)]).toEqual([false, false]);
    await archive("tenant_environments", tenant.staging);
    expect(await can(tenant.member, "environment.read", `${tenant.name}/environments/staging`)).toBe(false);
  });

  it("is true inside the context only: of another environment or team it is false although both are there", async () => {
    const { member, name } = await home();
    const of = async (resource: string, where: Where = {}) => can(member, "tenant_context.read", `${name}${resource}`, where);
    expect(await of("")).toBe(true);
    expect(await of("/environments/prod")).toBe(true);
    expect(await of("/environments/staging")).toBe(false);
    expect(await of("/environments/staging", { environment: "staging" })).toBe(true);
    expect(await of("/environments/staging/flows/support_flow")).toBe(false);
    expect(await of("/teams/sales", { team: "support" })).toBe(false);
    expect(await of("/teams/support", { team: "support" })).toBe(true);
    expect(await of("/teams/support/channels/slack", { team: "support" })).toBe(true);
    expect(await of("/teams/support/channels/slack", { team: "sales" })).toBe(false);
    expect(await of("/environments/prod/teams/sales")).toBe(true);
    expect(await of("/teams/sales/channels/slack")).toBe(false);
    expect(await of("/teams/missing/flows/support_flow")).toBe(false);
  });

  it("sessions and secrets are the products' own: inside the context the name is enough", async () => {
    const { member, name } = await home();
    expect(await can(member, "tenant_context.read", `${name}/environments/prod/sessions/any=20one`)).toBe(true);
    expect(await can(member, "tenant_context.read", `${name}/secrets/api_key`)).toBe(true);
    expect(await can(member, "tenant_context.read", `${name}/environments/prod/teams/support/secrets/api_key`)).toBe(true);
    expect(await can(member, "tenant_context.read", `${name}/environments/prod/teams/missing/secrets/api_key`)).toBe(false);
    expect(await can(member, "tenant_context.read", `${name}/environments/staging/sessions/one`)).toBe(false);
  });

  it.each(["", "/", "tenants", "tenants/", "*", "tenants/*", "\0", "%", "tenants/%", "../tenants/x", "default", "x".repeat(50_000), "tenants/\ud800"])("what names no resource is false and no error: %.30s", async (resource) => {
    const { member, admin, name } = await home();
    expect(await can(member, "tenant_context.read", resource)).toBe(false);
    for (const wrong of [`${name}/`, `${name}//`, ` ${name}`, `${name}\n`, name.toUpperCase(), `${name}/teams/`, `${name}/teams/default`, `${name}/channels/slack`, `${name}/flows/support_flow/1`, `${name}/sessions/one`]) {
      expect([wrong, await can(admin, "team.read", wrong)]).toEqual([wrong, false]);
    }
  });

  it("names no tenant by its id: a name has one spelling", async () => {
    const tenant = await home();
    expect(await can(tenant.member, "tenant.read", `tenants/${tenant.id}`)).toBe(false);
  });

  it("whether another tenant has it makes no difference, not even to the database; nor does how many are missing", async () => {
    const [mine, theirs] = [await home(), await home()];
    await can(mine.member, "tenant.read", mine.name);
    const counted = async (resource: string) => {
      const statements = countStatements();
      expect(await can(mine.member, "team.read", resource)).toBe(false);
      vi.restoreAllMocks();
      return statements;
    };
    const ownTeams = await counted(`${mine.name}/teams/missing`);
    for (const rest of ["", "/teams/support", "/teams/support/channels/slack", "/flows/support_flow", "/teams/missing"]) {
      const nobodys = await counted(`tenants/${unique("t")}${rest}`);
      expect(await counted(`${theirs.name}${rest}`)).toEqual(nobodys);
      expect(nobodys.length).toBeLessThan(ownTeams.length);
    }
    expect(await counted(`${mine.name}/teams/also-missing`)).toEqual(ownTeams);
    const theirTeam = await theirs.team();
    expect(await counted(`${mine.name}/teams/${theirTeam.slug}`)).toEqual(ownTeams);
  });

  it("twenty questions of one document are one statement for teams and one for flows", async () => {
    const tenant = await home();
    await can(tenant.member, "tenant.read", tenant.name);
    const questions = Array.from({ length: 10 }, (_, n) => `c${n}: can(action: "team.read", resource: "${tenant.name}/teams/${n % 2 ? "support" : `missing-${n}`}")
      f${n}: can(action: "flow.read", resource: "${tenant.name}/flows/${n % 2 ? "support_flow" : `missing_${n}`}")`);
    const statements = countStatements();
    const answer = data(await tenant.member.run(`{ tenantContext(environment: "prod") { ${questions.join("\n")} } }`))["tenantContext"] as Record<string, boolean>;
    expect(statements).toHaveLength(3);
    for (const [alias, allowed] of Object.entries(answer)) expect([alias, allowed]).toEqual([alias, Number(alias.slice(1)) % 2 === 1]);
  });

  it.each([["active", {}], ["frozen", {}], ["demo", { kind: "demo" }]])("%s: of the tenant itself it says for every action what viewer.actions says, whoever asks", async (status, fields) => {
    const tenant = await home({ status, ...fields });
    const words = [...READ_ACTIONS, ...SERVICE_ACTIONS, ...CHANGE_ACTIONS];
    for (const caller of [tenant.member, tenant.auditor, tenant.admin, world.service, world.support, world.operator]) {
      const allowed: string[] = [];
      // A document has at most so many aliases.
      for (let from = 0; from < words.length; from += 20) {
        const some = words.slice(from, from + 20);
        const questions = some.map((action, n) => `a${n}: can(action: "${action}", resource: "${tenant.name}")`).join("\n");
        const { tenantContext } = data(await caller.run(`query ($tenant: String) { tenantContext(tenant: $tenant, environment: "prod") { ${questions} } }`, { tenant: tenant.slug }));
        allowed.push(...some.filter((_, n) => tenantContext[`a${n}`]));
      }
      expect(allowed.sort()).toEqual(data(await caller.run("{ viewer { actions } }"))["viewer"].actions);
    }
    expect(await can(tenant.admin, "team.update", `${tenant.name}/teams/support`)).toBe(status !== "frozen");
  });

  it("a service is told of the tenant that it names what is there, and what it may itself do", async () => {
    const [mine, theirs] = [await home(), await home()];
    const where = { tenant: mine.slug };
    expect(await can(world.service, "tenant_context.read", `${mine.name}/teams/support/channels/slack`, where)).toBe(true);
    expect(await can(world.service, "tenant_context.read", `${mine.name}/flows/support_flow`, where)).toBe(true);
    expect(await can(world.service, "tenant_context.read", `${mine.name}/flows/missing`, where)).toBe(false);
    expect(await can(world.service, "tenant_context.read", theirs.name, where)).toBe(false);
    expect(await can(world.service, "team.update", `${mine.name}/teams/support`, where)).toBe(false);
  });
});
