import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { fault } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { countStatements } from "../testkit/statements.js";
import { openWorld, unique, type Answer, type Caller, type TenantInWorld, type World } from "../testkit/world.js";

const WHERE = "{ viewer { subject } tenantContext { environment team } }";

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

interface Home extends TenantInWorld {
  prod: { id: string; slug: string };
  staging: { id: string; slug: string };
  support: { id: string; slug: string };
}

async function home(): Promise<Home> {
  const tenant = await world.tenant();
  const [prod, staging] = [await tenant.environment({ slug: "prod" }), await tenant.environment({ slug: "staging" })];
  return { ...tenant, prod, staging, support: await tenant.team({ slug: "support" }) };
}

const ask = (caller: Caller, headers: Record<string, string>, document = WHERE) => caller.run(document, {}, headers);
const archive = (table: string, { id }: { id: string }) => app.sql(`update ${table} set archived_at = now() where id = $1`, [id]);
/** Apart from the request's own id. */
const seen = ({ status, body }: Answer) => ({ status, body });

/** `fetch` would join two headers of one name. */
function sendRaw(caller: Caller, headers: [string, string][]): Promise<Pick<Answer, "status" | "body">> {
  const body = JSON.stringify({ query: WHERE });
  const sent = [["authorization", `Bearer ${caller.token}`], ["content-type", "application/json"], ["content-length", String(body.length)], ...headers].flat();
  return new Promise((resolve, reject) => {
    const sending = request(`${app.url}/graphql`, { method: "POST", headers: ["host", new URL(app.url).host, ...sent] as unknown as Record<string, string> }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part)).on("end", () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as Answer["body"] }));
    });
    sending.on("error", reject).end(body);
  });
}

describe("X-Environment-ID and X-Team-ID", () => {
  it("name an environment and a team by slug or id, in whatever letter case the id comes", async () => {
    const tenant = await home();
    for (const environment of ["staging", tenant.staging.id, tenant.staging.id.toUpperCase()]) {
      for (const team of ["support", tenant.support.id, tenant.support.id.toUpperCase()]) {
        expect((await ask(tenant.member, { "x-environment-id": environment, "x-team-id": team })).body.data?.["tenantContext"]).toEqual({ environment: "staging", team: "support" });
      }
    }
  });

  it("refuse the whole request for what is not there: missing, archived and another tenant's in the same words, and nothing is done", async () => {
    const [mine, theirs] = [await home(), await home()];
    const [environment, team] = [await theirs.environment(), await theirs.team()];
    const gone = { environment: await mine.environment(), team: await mine.team() };
    await archive("tenant_environments", gone.environment);
    await archive("tenant_teams", gone.team);
    const create = `mutation { createProject(input: { slug: "never", name: "Never" }) { project { id } } }`;
    for (const caller of [mine.member, mine.auditor, mine.admin]) {
      for (const document of ["{ __typename }", WHERE, create]) {
        for (const [header, what, names] of [
          ["x-environment-id", "Environment", [environment.id, environment.slug, gone.environment.id, gone.environment.slug, "", "Prod", "*", "default", "prod,prod", "' or true --", "x".repeat(5_000)]],
          ["x-team-id", "Team", [team.id, team.slug, gone.team.id, gone.team.slug, "", "default", "support prod"]],
        ] as const) {
          const missing = seen(await ask(caller, { [header]: randomUUID() }, document));
          expect(missing.body.errors?.[0]).toMatchObject({ message: `${what} not found`, extensions: { code: "NOT_FOUND" } });
          expect(missing.body.data ?? null).toBeNull();
          for (const name of names) expect([name.slice(0, 50), seen(await ask(caller, { [header]: name }, document))]).toEqual([name.slice(0, 50), missing]);
        }
      }
      const both = (environment: string, team: string) => ask(caller, { "x-environment-id": environment, "x-team-id": team });
      expect(fault(await both("prod", team.id), "NOT_FOUND").message).toBe("Environment or team not found");
      expect(seen(await both(environment.id, "support"))).toEqual(seen(await both("prod", team.id)));
    }
    expect(await app.sql("select id from tenant_projects where tenant_id = $1 and slug = 'never'", [mine.id])).toEqual([]);
    expect((await ask(theirs.member, { "x-environment-id": environment.id, "x-team-id": team.id })).body.errors).toBeUndefined();
  });

  it("take as many statements for another tenant's as for a missing one", async () => {
    const [mine, theirs] = [await home(), await home()];
    const [environment, team] = [await theirs.environment(), await theirs.team()];
    await ask(mine.member, {});
    const counted = async (headers: Record<string, string>) => {
      const statements = countStatements();
      fault(await ask(mine.member, headers), "NOT_FOUND");
      vi.restoreAllMocks();
      return statements;
    };
    for (const [header, theirOne] of [["x-environment-id", environment], ["x-team-id", team]] as const) {
      expect(await counted({ [header]: theirOne.slug })).toEqual(await counted({ [header]: unique("x") }));
      expect(await counted({ [header]: theirOne.id })).toEqual(await counted({ [header]: randomUUID() }));
    }
  });

  it("are given once each", async () => {
    const tenant = await home();
    for (const [caller, more] of [[tenant.member, []], [world.service, []], [world.support, [["x-tenant-id", tenant.id]]]] as [Caller, [string, string][]][]) {
      for (const called of ["X-Environment-ID", "X-Team-ID"]) {
        const name = called.toLowerCase();
        const { body } = await sendRaw(caller, [...more, [name, "prod"], [called, "prod"]]);
        expect(body.errors).toMatchObject([{ extensions: { code: "BAD_USER_INPUT", field: called } }]);
      }
    }
  });

  it("staff say first in which tenant", async () => {
    const tenant = await home();
    for (const staff of [world.support, world.operator]) {
      for (const header of ["x-environment-id", "x-team-id"]) fault(await ask(staff, { [header]: "prod" }), "BAD_USER_INPUT", "X-Tenant-ID");
      const narrowed = { "x-tenant-id": tenant.slug };
      expect((await ask(staff, { ...narrowed, "x-environment-id": "prod" })).body.data?.["tenantContext"]).toEqual({ environment: "prod", team: null });
      fault(await ask(staff, { ...narrowed, "x-environment-id": randomUUID() }), "NOT_FOUND");
    }
  });

  it("somebody without a tenant has none of them, and nobody at all is asked nothing", async () => {
    const tenant = await home();
    const withoutTenant = await world.caller({ realm_access: { roles: ["MEMBER"] } });
    fault(await ask(withoutTenant, { "x-environment-id": tenant.prod.id }, "{ viewer { subject } }"), "NOT_FOUND");
    expect((await ask(world.anonymous, { "x-environment-id": tenant.prod.id }, "{ __typename }")).body).toEqual({ data: { __typename: "Query" } });
  });

  it("an archived tenant's people, who may not read its contexts, do not learn from them what it has", async () => {
    const { admin, environment } = await world.tenant({ status: "archived" });
    await environment({ slug: "prod" });
    const viewer = "{ viewer { kind } }";
    expect((await ask(admin, {}, viewer)).body.errors).toBeUndefined();
    const missing = await ask(admin, { "x-environment-id": randomUUID() }, viewer);
    fault(missing, "NOT_FOUND");
    expect(seen(await ask(admin, { "x-environment-id": "prod" }, viewer))).toEqual(seen(missing));
  });

  it("a service's are not looked up before it says in which tenant", async () => {
    const tenant = await home();
    const statements = countStatements();
    expect((await ask(world.service, { "x-environment-id": randomUUID(), "x-team-id": unique("team") }, "{ viewer { kind } }")).body).toEqual({ data: { viewer: { kind: "SERVICE" } } });
    expect(statements).toEqual([]);
    const document = `{ tenantContext(tenant: "${tenant.slug}") { environment } }`;
    expect((await ask(world.service, { "x-environment-id": "prod" }, document)).body).toEqual({ data: { tenantContext: { environment: "prod" } } });
    expect((await ask(world.service, { "x-environment-id": "missing" }, document)).body).toEqual({ data: { tenantContext: null } });
  });

  it("a team alone is looked up too, where there are several environments or none", async () => {
    const tenant = await home();
    const viewer = "{ viewer { kind } }";
    expect((await ask(tenant.member, { "x-team-id": "support" }, viewer)).body).toEqual({ data: { viewer: { kind: "USER" } } });
    const without = await world.tenant();
    const team = await without.team();
    expect((await ask(without.member, { "x-team-id": team.slug }, viewer)).body).toEqual({ data: { viewer: { kind: "USER" } } });
    fault(await ask(without.member, { "x-team-id": "missing" }, viewer), "NOT_FOUND");
  });

  it("what was found is looked up again after 30 seconds: until then an archived one may be taken for live, but has no context any more", async () => {
    const tenant = await home();
    app.clock.now = new Date();
    const began = app.clock.now.getTime();
    const headers = { "x-environment-id": "staging" };
    const viewer = "{ viewer { kind } }";
    const statements = countStatements();
    for (const _ of [1, 2, 3]) expect((await ask(tenant.member, headers, viewer)).body.errors).toBeUndefined();
    expect(statements.filter((text) => text.includes("tenant_environments"))).toHaveLength(1);
    vi.restoreAllMocks();
    await archive("tenant_environments", tenant.staging);
    app.clock.now = new Date(began + 29_999);
    expect((await ask(tenant.member, headers, viewer)).body.errors).toBeUndefined();
    expect((await ask(tenant.member, headers)).body.data?.["tenantContext"]).toBeNull();
    app.clock.now = new Date(began + 30_000);
    fault(await ask(tenant.member, headers, viewer), "NOT_FOUND");
  });

  it("what was not found is looked up again at once, and nobody is told what was found for another", async () => {
    const [mine, theirs] = [await home(), await home()];
    const slug = unique("env");
    fault(await ask(mine.member, { "x-environment-id": slug }), "NOT_FOUND");
    await mine.environment({ slug });
    expect((await ask(mine.member, { "x-environment-id": slug })).body.errors).toBeUndefined();
    fault(await ask(theirs.member, { "x-environment-id": slug }), "NOT_FOUND");
  });

  it("without them nothing is looked up: a request is as many statements as before there were any", async () => {
    const tenant = await home();
    await ask(tenant.member, {}, "{ __typename }");
    const statements = countStatements();
    for (const caller of [tenant.member, world.service, world.support, world.anonymous]) await ask(caller, {}, "{ __typename }");
    expect(statements).toEqual([]);
  });

  it("a tenant whose slug no name can hold is refused with them, and answered without", async () => {
    const tenant = await home();
    await app.sql("update tenants set slug = 'lpt8' where id = $1", [tenant.id]);
    try {
      fault(await ask(tenant.member, { "x-environment-id": "prod" }, "{ viewer { kind } }"), "BAD_USER_INPUT", "tenant");
      expect((await ask(tenant.member, {}, "{ viewer { kind } }")).body.errors).toBeUndefined();
    } finally {
      await app.sql("update tenants set slug = $2 where id = $1", [tenant.id, tenant.slug]);
    }
  });
});
