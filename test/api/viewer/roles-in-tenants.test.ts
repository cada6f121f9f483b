import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const ROLES = `{ viewer { kind roles tenant { id } } }`;
const RENAME = `mutation ($input: UpdateTenantInput!) { updateTenant(input: $input) { tenant { name } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

/** A tenant with its organisation. */
async function mapped(): Promise<TenantInWorld & { organization: string }> {
  const [tenant, organization] = [await world.tenant(), randomUUID()];
  await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [tenant.id, organization]);
  return { ...tenant, organization };
}

/** What Keycloak says of a member of these organisations who is in these groups of them. */
function memberships(...of: [tenant: TenantInWorld & { organization: string }, ...groups: string[]][]) {
  return { organization: Object.fromEntries(of.map(([{ slug, organization }, ...groups]) => [slug, { id: organization, groups }])) };
}

const inTenant = (caller: Caller, { id }: { id: string }) => ({
  roles: async () => data(await caller.run(ROLES, {}, { "x-tenant-id": id }))["viewer"].roles,
  rename: (input: { id: string; name: string }) => caller.run(RENAME, { input }, { "x-tenant-id": id }),
});
const nameOf = async ({ id }: { id: string }) => (await app.sql<{ name: string }>("select name from tenants where id = $1", [id]))[0]?.name;

describe("a person who is admin in one tenant and member in another", () => {
  it("manages the one, and in the other neither it nor, from there, the first", async () => {
    const [own, other] = [await mapped(), await mapped()];
    const person = await world.caller(memberships([own, "/IT_ADMIN"], [other, "/sales"]));
    const [here, there] = [inTenant(person, own), inTenant(person, other)];
    expect(await nameOf(other)).toBe("A tenant");

    fault(await there.rename({ id: other.id, name: "Taken over" }), "FORBIDDEN");
    fault(await there.rename({ id: own.id, name: "From elsewhere" }), "FORBIDDEN");
    fault(await here.rename({ id: other.id, name: "Taken over" }), "NOT_FOUND");
    const name = unique("Ours");
    expect(data(await here.rename({ id: own.id, name }))).toEqual({ updateTenant: { tenant: { name } } });
    expect([await nameOf(own), await nameOf(other)]).toEqual([name, "A tenant"]);
  });

  it("has in each request the roles of the tenant that it names, whatever it was in the request before", async () => {
    const [own, other] = [await mapped(), await mapped()];
    const person = await world.caller(memberships([own, "/IT_ADMIN"], [other]));
    const seen = [];
    for (const tenant of [own, other, own, other]) seen.push(await inTenant(person, tenant).roles());
    expect(seen).toEqual([["member", "admin"], ["member"], ["member", "admin"], ["member"]]);
    const both = await Promise.all([inTenant(person, other).roles(), inTenant(person, own).roles()]);
    expect(both).toEqual([["member"], ["member", "admin"]]);
    fault(await person.run(ROLES), "BAD_USER_INPUT", "X-Tenant-ID");
  });

  it("is nothing in a third one", async () => {
    const [own, third] = [await mapped(), await mapped()];
    const person = await world.caller(memberships([own, "/IT_ADMIN"]));
    fault(await person.run(ROLES, {}, { "x-tenant-id": third.id }), "NOT_FOUND");
  });
});

describe("roles inside a tenant", () => {
  it("stand beside those that count in every tenant", async () => {
    const [own, other] = [await mapped(), await mapped()];
    const person = await world.caller({ realm_access: { roles: ["AUDITOR"] }, ...memberships([own, "/IT_ADMIN"], [other]) });
    expect([await inTenant(person, own).roles(), await inTenant(person, other).roles()]).toEqual([["member", "auditor", "admin"], ["member", "auditor"]]);
  });

  it("are the same tenant's, by whichever of its names the token gives them", async () => {
    const own = await mapped();
    const person = await world.caller({ tenant_id: own.id, ...memberships([own, "/IT_ADMIN"]) });
    expect(data(await person.run(ROLES))).toEqual({ viewer: { kind: "USER", roles: ["member", "admin"], tenant: { id: own.id } } });
    const unmapped = await world.tenant();
    const byAlias = await world.caller({ organization: { [unmapped.slug]: { groups: ["/IT_ADMIN"] } } });
    expect(await inTenant(byAlias, unmapped).roles()).toEqual(["member", "admin"]);
  });

  it("go with the organisation: one that took over the slug of another gives none in its tenant", async () => {
    const own = await mapped();
    const stranger = await world.caller({ organization: { [own.slug]: { id: randomUUID(), groups: ["/IT_ADMIN"] } } });
    fault(await stranger.run(ROLES), "FORBIDDEN");
    const nameless = await world.caller({ organization: { [own.slug]: { groups: ["/IT_ADMIN"] } } });
    fault(await nameless.run(ROLES), "FORBIDDEN");
  });

  it("make nobody staff, however their groups are called", async () => {
    const own = await mapped();
    const person = await world.caller(memberships([own, "/platform-operator", "/platform-support", "/operator", "/IT_ADMIN/below", "/below/IT_ADMIN", "/service"]));
    expect(data(await person.run(ROLES))).toEqual({ viewer: { kind: "USER", roles: ["member"], tenant: { id: own.id } } });
    fault(await person.run("{ tenants { nodes { id } } }"), "FORBIDDEN");
  });
});
