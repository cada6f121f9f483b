import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { madeKey, revokeKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { forgedKey, notTheKey, wholeKey } from "../../testkit/leaked-keys.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const ASK = `query ($key: String!, $environment: String, $team: String, $scopes: [String!], $acceptReadOnly: Boolean, $clientIp: String) {
  tenantContextOfKey(key: $key, environment: $environment, team: $team, scopes: $scopes, acceptReadOnly: $acceptReadOnly, clientIp: $clientIp) {
    verdict { valid code readOnly tenantId environment } context { tenantId tenantSlug environment team readOnly names { stateKey(session: "a") } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

type Question = Record<string, unknown>;
const ask = (caller: Caller, key: string, more: Question = {}, headers: Record<string, string> = {}) => caller.run(ASK, { key, ...more }, headers);
const told = async (key: string, more: Question = {}, headers: Record<string, string> = {}) => data(await ask(world.service, key, more, headers))["tenantContextOfKey"];

interface Home extends TenantInWorld {
  key: string;
  keyId: string;
}

/** A tenant with a key, bound to an environment or to none, and with these environments and one team. */
async function home(environments: string[], bound: string | null = null): Promise<Home> {
  const tenant = await tenantWithCrm(world);
  const { plaintext, apiKey } = await madeKey(tenant.admin, { environment: bound ?? "PROD" });
  // As keys are that were brought here from elsewhere.
  if (bound === null) await app.sql("update api_keys set environment = null where id = $1", [apiKey["id"]]);
  for (const slug of environments) await tenant.environment({ slug });
  await tenant.team({ slug: "support" });
  return { ...tenant, key: plaintext, keyId: apiKey["id"] };
}

/** What is told of a key that may not be used. */
const refused = (code: string) => ({ verdict: { valid: false, code, readOnly: false, tenantId: null, environment: null }, context: null });

describe("tenantContextOfKey", () => {
  it("unauthenticated: nobody without a token gets a context for a key", async () => {
    fault(await ask(world.anonymous, (await home(["prod"])).key), "UNAUTHENTICATED");
  });

  it("forbidden: neither the tenant's own people nor staff do, whether the key is right or not", async () => {
    const { key, admin, auditor, member } = await home(["prod"]);
    for (const caller of [admin, auditor, member, world.support, world.operator, await world.caller({})]) {
      const answer = await ask(caller, key);
      fault(answer, "FORBIDDEN");
      expect((await ask(caller, forgedKey("000000000000"))).body).toEqual(answer.body);
    }
  });

  it("is not asked with GET, where the key would stand in the address", async () => {
    const { key } = await home(["prod"]);
    const address = new URL(`${app.url}/graphql`);
    address.searchParams.set("query", `{ tenantContextOfKey(key: "${key}") { verdict { code } } }`);
    const response = await fetch(address, { headers: { authorization: `Bearer ${world.service.token}`, "apollo-require-preflight": "yes" } });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("invalid: as verifyApiKey has it", async () => {
    const { key } = await home(["prod"]);
    fault(await ask(world.service, key, { clientIp: "10.0.0.0/8" }), "BAD_USER_INPUT", "clientIp");
    fault(await ask(world.service, key, { scopes: Array.from({ length: 51 }, (_, n) => `s${n}`) }), "BAD_USER_INPUT", "scopes");
  });

  it("of what is not the key there is no context, nor the name of a tenant", async () => {
    const tenant = await tenantWithCrm(world);
    await tenant.environment({ slug: "prod" });
    const whole = await wholeKey(tenant);
    expect(await told(whole.plaintext)).toMatchObject({ context: { tenantId: tenant.id } });
    for (const [what, text] of notTheKey(whole)) {
      const { verdict, context } = await told(text);
      expect([what, verdict.valid, verdict.tenantId, context]).toEqual([what, false, null, null]);
    }
  });

  it("another product's, a revoked one and one without the scopes have none", async () => {
    const { admin, key, keyId } = await home(["prod"]);
    const other = await world.caller({ product: "desk" });
    expect(data(await ask(other, key))["tenantContextOfKey"]).toEqual(refused("WRONG_PRODUCT"));
    expect(await told(key, { scopes: ["read", "write"] })).toEqual(refused("INSUFFICIENT_SCOPE"));
    data(await revokeKey(admin, { id: keyId, reason: "REQUESTED" }));
    expect(await told(key)).toEqual(refused("REVOKED"));
  });

  it("ok: a key of every environment, where there is one environment and where one is named", async () => {
    const one = await home(["live"]);
    const expected = (tenant: Home, environment: string, team: string | null) => ({
      verdict: { valid: true, code: "VALID", readOnly: false, tenantId: tenant.id, environment: null },
      context: { tenantId: tenant.id, tenantSlug: tenant.slug, environment, team, readOnly: false, names: { stateKey: `state:${tenant.slug}:${environment}:${team ?? "default"}:a` } },
    });
    expect(await told(one.key)).toEqual(expected(one, "live", null));
    const several = await home(["prod", "qa"]);
    expect(await told(several.key, { environment: "qa", team: "support" })).toEqual(expected(several, "qa", "support"));
    expect(await told(several.key, {}, { "x-environment-id": "prod", "x-team-id": "support" })).toEqual(expected(several, "prod", "support"));
    fault(await ask(world.service, several.key), "BAD_USER_INPUT", "X-Environment-ID");
    fault(await ask(world.service, several.key, { environment: "qa" }, { "x-environment-id": "prod" }), "BAD_USER_INPUT", "environment");
  });

  it("a key of one environment goes by its own, and is refused for every other, whether the tenant has it or not", async () => {
    const tenant = await home(["prod", "staging", "qa"], "PROD");
    expect(await told(tenant.key)).toMatchObject({ verdict: { valid: true, environment: "PROD" }, context: { environment: "prod" } });
    expect(await told(tenant.key, { environment: "prod" })).toMatchObject({ verdict: { valid: true }, context: { environment: "prod" } });
    for (const environment of ["staging", "qa", "dev", unique("env"), "", "PROD", "\0"]) expect([environment, await told(tenant.key, { environment })]).toEqual([environment, refused("WRONG_ENVIRONMENT")]);
    expect(await told(tenant.key, {}, { "x-environment-id": "qa" })).toEqual(refused("WRONG_ENVIRONMENT"));
  });

  it("a key that may be used has no context where its tenant has no such environment or team, or has archived it", async () => {
    const bound = await home(["staging"], "PROD");
    expect(await told(bound.key)).toMatchObject({ verdict: { valid: true }, context: null });
    const free = await home(["prod"]);
    for (const more of [{ environment: unique("env") }, { environment: "" }, { environment: "prod", team: unique("team") }, { team: "" }]) {
      expect(await told(free.key, more)).toMatchObject({ verdict: { valid: true }, context: null });
    }
    expect(await told((await home([])).key)).toMatchObject({ verdict: { valid: true }, context: null });
    await app.sql("update tenant_environments set archived_at = now() where tenant_id = $1", [free.id]);
    expect(await told(free.key, { environment: "prod" })).toMatchObject({ verdict: { valid: true }, context: null });
  });

  it("another tenant's environment or team is none, by slug and by id", async () => {
    const [mine, theirs] = [await home(["prod"]), await home([])];
    const [environment, team] = [await theirs.environment(), await theirs.team()];
    for (const by of ["id", "slug"] as const) {
      expect(await told(theirs.key, { environment: environment[by], team: team[by] })).toMatchObject({ context: { tenantId: theirs.id, team: team.slug } });
      expect((await told(mine.key, { environment: environment[by] })).context).toBeNull();
      expect((await told(mine.key, { environment: "prod", team: team[by] })).context).toBeNull();
    }
  });

  it("frozen: none unless the asker accepts to serve it read-only, and then the context says so; archived: none", async () => {
    const tenant = await home(["prod"]);
    await app.sql("update tenants set status = 'frozen', frozen_at = now() where id = $1", [tenant.id]);
    expect(await told(tenant.key)).toEqual(refused("TENANT_FROZEN"));
    expect(await told(tenant.key, { acceptReadOnly: true })).toMatchObject({ verdict: { valid: false, code: "TENANT_FROZEN", readOnly: true }, context: { environment: "prod", readOnly: true } });
    await app.sql("update tenants set status = 'archived', archived_at = now() where id = $1", [tenant.id]);
    // The verdict may be a moment old; the context never is.
    expect(await told(tenant.key, { acceptReadOnly: true })).toMatchObject({ verdict: { valid: false, code: "TENANT_FROZEN" }, context: null });
  });
});
