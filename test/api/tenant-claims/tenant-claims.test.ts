import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const FIELDS = "tenantId slug status plan products { key source validUntil } asOf version stale";
const ASK = `query ($tenantId: ID, $organizationId: String, $alias: String) {
  tenantClaims(tenantId: $tenantId, organizationId: $organizationId, alias: $alias) { ${FIELDS} }
}`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const ask = (caller: Caller, question: Record<string, unknown>) => caller.run(ASK, question);
const claimsOf = async (question: Record<string, unknown>) => data(await ask(await world.caller({ product: "crm" }), question))["tenantClaims"];
const mapped = async (id: string) => {
  const organizationId = randomUUID();
  await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [id, organizationId]);
  return organizationId;
};

describe("tenantClaims", () => {
  it("unauthenticated: nobody without a token is told", async () => {
    fault(await ask(world.anonymous, { tenantId: (await world.tenant()).id }), "UNAUTHENTICATED");
  });

  it("forbidden: a tenant's own people are not, not even its admin", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member]) fault(await ask(caller, { tenantId: tenant.id }), "FORBIDDEN");
  });

  it.each([{}, { tenantId: "" }, { tenantId: null, alias: null }, { tenantId: "x", alias: "y" }, { organizationId: "x", alias: "y" }, { tenantId: "x", organizationId: "y", alias: "z" }])(
    "invalid: %o names not exactly one",
    async (question) => {
      expect(fault(await ask(world.service, question), "BAD_USER_INPUT").extensions.field).toMatch(/^(tenantId|organizationId|alias)$/);
    },
  );

  it("an empty text counts as not given", async () => {
    const { id } = await world.tenant();
    expect(await claimsOf({ tenantId: id, organizationId: "", alias: "" })).toMatchObject({ tenantId: id });
  });

  it("unknown, malformed and unstorable are one answer", async () => {
    const names = { tenantId: [randomUUID(), "x", "\0", "' or true --"], organizationId: [randomUUID(), "\0", "x".repeat(10_000)], alias: [unique("t"), "\0", "Not A Slug", "x".repeat(10_000)] };
    for (const [by, values] of Object.entries(names)) {
      for (const value of values) expect([by, (await ask(world.service, { [by]: value })).body]).toEqual([by, { data: { tenantClaims: null } }]);
    }
  });

  it("staff who narrowed are told about that tenant and no other", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    for (const staff of [world.support, world.operator]) {
      expect(data(await ask(staff, { tenantId: theirs.id }))["tenantClaims"].slug).toBe(theirs.slug);
      const narrowed = async (tenantId: string) => (await staff.run(ASK, { tenantId }, { "x-tenant-id": mine.id })).body;
      expect((await narrowed(mine.id)).data?.["tenantClaims"].slug).toBe(mine.slug);
      expect(await narrowed(theirs.id)).toEqual(await narrowed(randomUUID()));
    }
  });

  it("ok: the plan's products and the granted ones, in whatever letter case the id comes", async () => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    const before = Date.now();
    const claims = await claimsOf({ tenantId: tenant.id.toUpperCase() });
    expect(claims).toEqual({
      tenantId: tenant.id,
      slug: tenant.slug,
      status: "ACTIVE",
      plan: "starter",
      products: [{ key: "crm", source: "OVERRIDE", validUntil: null }, { key: "docs", source: "PLAN", validUntil: null }],
      asOf: expect.any(String),
      version: expect.any(String),
      stale: false,
    });
    expect(Date.parse(claims.asOf)).toBeGreaterThanOrEqual(before);
  });

  it("by organisation and by alias it is the same tenant, and an alias means nothing once there is an organisation", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    expect(await claimsOf({ alias: one.slug })).toMatchObject({ tenantId: one.id });
    const organizationId = await mapped(other.id);
    expect(await claimsOf({ organizationId })).toMatchObject({ tenantId: other.id });
    expect(await claimsOf({ alias: other.slug })).toBeNull();
    expect(await claimsOf({ organizationId: other.slug })).toBeNull();
    expect(await claimsOf({ alias: organizationId })).toBeNull();
  });

  it.each([["frozen", "FROZEN"], ["archived", "ARCHIVED"]])("%s: the status is told, and no products", async (status, said) => {
    const tenant = await world.tenant({ status });
    await tenant.entitlement();
    expect(await claimsOf({ tenantId: tenant.id })).toMatchObject({ status: said, products: [], stale: false });
  });

  it("a change is told at once, with another version, and what is as before has the version of before", async () => {
    const tenant = await world.tenant();
    const first = await claimsOf({ tenantId: tenant.id });
    await tenant.entitlement("desk");
    const second = await claimsOf({ tenantId: tenant.id });
    expect(second.products.map(({ key }: { key: string }) => key)).toEqual(["desk", "docs"]);
    await app.sql("update tenant_products set enabled = false where tenant_id = $1", [tenant.id]);
    const third = await claimsOf({ tenantId: tenant.id });
    expect([second.version === first.version, third.version === first.version]).toEqual([false, true]);
    await app.sql("update tenants set status = 'frozen', frozen_at = now() where id = $1", [tenant.id]);
    expect(await claimsOf({ tenantId: tenant.id })).toMatchObject({ status: "FROZEN", products: [] });
  });

  it("a trial is over at its end, although no job has noticed", async () => {
    const trialEndsAt = new Date("2030-05-01T12:00:00.000Z");
    const tenant = await world.tenant({ status: "trial", trialEndsAt });
    await tenant.entitlement();
    app.clock.now = new Date(trialEndsAt.getTime() - 1);
    expect(await claimsOf({ tenantId: tenant.id })).toMatchObject({ status: "TRIAL", products: [{ key: "crm", validUntil: trialEndsAt.toISOString() }, { key: "docs" }] });
    app.clock.now = trialEndsAt;
    expect(await claimsOf({ tenantId: tenant.id })).toMatchObject({ status: "FROZEN", products: [] });
  });

  it("nothing is told about another tenant's products", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    await theirs.entitlement("erp");
    expect(await claimsOf({ tenantId: theirs.id })).toMatchObject({ products: [{ key: "docs" }, { key: "erp" }] });
    expect(await claimsOf({ tenantId: mine.id })).toMatchObject({ products: [{ key: "docs" }] });
  });

  it("several are asked about in one document", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    const both = `query ($one: ID!, $other: ID!) { one: tenantClaims(tenantId: $one) { slug } other: tenantClaims(tenantId: $other) { slug } }`;
    expect(data(await world.service.run(both, { one: one.id, other: other.id }))).toEqual({ one: { slug: one.slug }, other: { slug: other.slug } });
  });
});
