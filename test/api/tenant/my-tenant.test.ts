import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Answer, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const MY_TENANT = `{ myTenant { id } }`;

let app: Registry;
let world: World;
let acme: TenantInWorld;
let globex: TenantInWorld;
let foreign: TenantInWorld;
/** Not mapped to an organisation yet, so that the alias speaks for them. */
let initech: TenantInWorld;
let hooli: TenantInWorld;
const organization = { acme: unique("org"), globex: unique("org") };
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [acme, globex, foreign, initech, hooli] = [await world.tenant(), await world.tenant(), await world.tenant(), await world.tenant(), await world.tenant()];
  await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [acme.id, organization.acme]);
  await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [globex.id, organization.globex]);
});

const ask = (caller: Caller, tenant?: string) => caller.run(MY_TENANT, {}, tenant === undefined ? {} : { "x-tenant-id": tenant });
const memberOf = (claim: unknown, more = {}) => world.caller({ organization: claim, ...more });
const mine = async (caller: Caller, tenant?: string) => data(await ask(caller, tenant))["myTenant"];

/** fetch would join the two headers into one. */
async function askTwice({ token }: Caller, first: string, second: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}`, "x-tenant-id": [first, second] };
    const sent = request(`${app.url}/graphql`, { method: "POST", headers }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: new Headers(), body: JSON.parse(body) as Answer["body"] }));
    });
    sent.once("error", reject).end(JSON.stringify({ query: MY_TENANT }));
  });
}

describe("myTenant", () => {
  it("unauthenticated: nobody without a token acts in a tenant, whatever the header says", async () => {
    fault(await ask(world.anonymous), "UNAUTHENTICATED");
    fault(await ask(world.anonymous, acme.id), "UNAUTHENTICATED");
  });

  it("forbidden: a service belongs to no tenant, and the header gives it none", async () => {
    fault(await ask(world.service), "FORBIDDEN");
    fault(await ask(world.service, acme.id), "FORBIDDEN");
  });

  describe("a person in one organisation", () => {
    it.each([
      ["one alias", () => initech.slug],
      ["a list of aliases", () => [initech.slug]],
      ["a map by alias", () => ({ [initech.slug]: {} })],
      ["a map with attributes", () => ({ [initech.slug]: { attributes: ["x"] } })],
      ["an alias twice", () => [initech.slug, initech.slug]],
      ["an organisation that is no tenant beside it", () => [unique("gone"), initech.slug]],
      ["an id that is no tenant beside it", () => ({ gone: { id: unique("org") }, [initech.slug]: {} })],
    ])("acts in it: %s", async (_, claim) => {
      expect(await mine(await memberOf(claim()))).toEqual({ id: initech.id });
    });

    it.each([
      ["a map with the organisation's id", () => ({ "any-alias": { id: organization.acme } })],
      ["a map whose id counts more than its alias", () => ({ [initech.slug]: { id: organization.acme } })],
    ])("acts in the one that its id is mapped to: %s", async (_, claim) => {
      expect(await mine(await memberOf(claim()))).toEqual({ id: acme.id });
    });

    it.each([
      ["an alias that is no tenant", () => unique("gone")],
      ["an alias of a tenant that is mapped to an organisation's id: it may be somebody else's by now", () => [acme.slug]],
      ["an organisation's id where an alias belongs", () => organization.acme],
      ["an id that is no organisation of ours, under an alias that is", () => ({ [acme.slug]: { id: unique("org") } })],
      ["an id that is a tenant's, not an organisation's", () => ({ [acme.slug]: { id: acme.id } })],
      ["an unusable id under a good alias", () => ({ [acme.slug]: { id: 7 } })],
      ["an alias in upper case", () => acme.slug.toUpperCase()],
      ["no organisation", () => undefined],
      ["an empty list", () => []],
    ])("acts in none and may do nothing: %s", async (_, claim) => {
      fault(await ask(await memberOf(claim(), { realm_access: { roles: ["IT_ADMIN"] } })), "FORBIDDEN");
    });

    it("may name it by id, in any letter case, and by slug", async () => {
      const callers = [[acme, acme.member], [initech, await memberOf(initech.slug)], [acme, await memberOf({ x: { id: organization.acme } })]] as const;
      for (const [tenant, caller] of callers) {
        for (const name of [tenant.id, tenant.id.toUpperCase(), tenant.slug]) expect(await mine(caller, name)).toEqual({ id: tenant.id });
      }
    });

    it("one named by id and by organisation is one", async () => {
      expect(await mine(await memberOf([initech.slug], { tenant_id: initech.id }))).toEqual({ id: initech.id });
    });
  });

  describe("a person in several organisations", () => {
    const SHAPES: [string, () => unknown, () => TenantInWorld[]][] = [
      ["aliases", () => [initech.slug, hooli.slug], () => [initech, hooli]],
      ["ids", () => ({ a: { id: organization.acme }, b: { id: organization.globex } }), () => [acme, globex]],
      ["an alias and an id", () => ({ [initech.slug]: {}, b: { id: organization.globex } }), () => [initech, globex]],
    ];

    it.each(SHAPES)("invalid: must name one (%s)", async (_, claim) => {
      fault(await ask(await memberOf(claim())), "BAD_USER_INPUT", "X-Tenant-ID");
    });

    it.each(SHAPES)("acts in the one that it names (%s)", async (_, claim, tenants) => {
      const caller = await memberOf(claim());
      for (const tenant of tenants()) {
        for (const name of [tenant.id, tenant.slug]) expect(await mine(caller, name)).toEqual({ id: tenant.id });
      }
    });

    it.each(SHAPES)("someone else's: a tenant that exists and one that does not are the same answer (%s)", async (_, claim) => {
      expect(await mine(foreign.member)).toEqual({ id: foreign.id });
      const caller = await memberOf(claim());
      const refused = await ask(caller, foreign.id);
      fault(refused, "NOT_FOUND");
      expect(refused.status).toBe(404);
      for (const name of [foreign.slug, randomUUID(), unique("gone"), "not a slug", ""]) {
        const { status, body } = await ask(caller, name);
        expect({ status, body }).toEqual({ status: refused.status, body: refused.body });
      }
    });

    it("sees the rows of the one that it named, and of no other", async () => {
      const caller = await memberOf([initech.slug, hooli.slug]);
      const tenants = `query ($a: ID!, $b: ID!) { a: tenant(id: $a) { id } b: tenant(id: $b) { id } }`;
      const answer = await caller.run(tenants, { a: initech.id, b: hooli.id }, { "x-tenant-id": initech.id });
      expect(data(answer)).toEqual({ a: { id: initech.id }, b: null });
    });
  });

  it("invalid: a person in one organisation who names another gets the same answer as for one that does not exist", async () => {
    const refused = await ask(acme.admin, foreign.id);
    fault(refused, "NOT_FOUND");
    expect((await ask(acme.admin, randomUUID())).body).toEqual(refused.body);
  });

  it("invalid: one request names one tenant, once", async () => {
    fault(await ask(world.support, `${acme.id}, ${globex.id}`), "NOT_FOUND");
    for (const second of [acme.id, globex.id]) fault(await askTwice(world.support, acme.id, second), "BAD_USER_INPUT", "X-Tenant-ID");
  });

  it("an organisation that was just mapped to a tenant is found at once, and was in none before", async () => {
    const [tenant, id] = [await world.tenant(), unique("org")];
    const caller = await memberOf({ [tenant.slug]: { id } });
    fault(await ask(caller), "FORBIDDEN");
    const map = `mutation ($input: UpdateTenantInput!) { updateTenant(input: $input) { tenant { id } } }`;
    data(await world.operator.run(map, { input: { id: tenant.id, keycloakOrganizationId: id } }));
    expect(await mine(caller)).toEqual({ id: tenant.id });
  });

  it("staff act in no tenant until they name one", async () => {
    for (const caller of [world.support, world.operator]) {
      expect(await mine(caller)).toBeNull();
      for (const name of [acme.id, acme.slug]) expect(await mine(caller, name)).toEqual({ id: acme.id });
      for (const missing of [randomUUID(), unique("gone")]) fault(await ask(caller, missing), "NOT_FOUND");
    }
  });

  it("staff stay staff whatever organisations they are members of", async () => {
    const support = await memberOf([acme.slug, globex.slug], { realm_access: { roles: ["platform-support"] } });
    expect(await mine(support)).toBeNull();
    expect(await mine(support, foreign.id)).toEqual({ id: foreign.id });
  });

  it("a token that names a tenant that is gone acts in nothing", async () => {
    fault(await ask(await world.caller({ tenant_id: randomUUID() })), "FORBIDDEN");
  });

  it.each(["demo", "trial", "frozen"])("%s: the tenant's own people read it", async (status) => {
    const tenant = await world.tenant({ status });
    expect(await mine(tenant.member)).toEqual({ id: tenant.id });
  });
});
