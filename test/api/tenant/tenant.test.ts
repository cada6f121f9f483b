import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const TENANT = `query ($id: ID!) { tenant(id: $id) { id slug name status kind plan trialEndsAt createdAt updatedAt version } }`;
const BILLING = ["erpCustomerId", "stripeCustomerId", "contractStart", "contractEnd", "salesOwner", "keycloakOrganizationId"];

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const ask = (caller: Caller, id: string, headers = {}) => caller.run(TENANT, { id }, headers);

describe("tenant", () => {
  it.each(["", "x", "null", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000001", "{00000000-0000-0000-0000-000000000001}", "a\u0000b", "\ud800", "' or 1=1 --"])(
    "invalid: %j is the id of no tenant",
    async (id) => {
      expect(data(await ask(world.support, id))).toEqual({ tenant: null });
    },
  );

  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous, (await world.tenant()).id), "UNAUTHENTICATED");
  });

  it("forbidden: a service and a person without a tenant see none", async () => {
    const { id } = await world.tenant();
    const nobody = await world.caller({ realm_access: { roles: ["IT_ADMIN"] } });
    for (const caller of [world.service, nobody]) fault(await ask(caller, id), "FORBIDDEN");
  });

  it("someone else's: a tenant that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    expect(data(await ask(theirs.member, theirs.id))["tenant"].id).toBe(theirs.id);
    for (const caller of [mine.member, mine.auditor, mine.admin]) {
      const answer = await ask(caller, theirs.id);
      expect(data(answer)).toEqual({ tenant: null });
      expect(answer.body).toEqual((await ask(caller, randomUUID())).body);
    }
  });

  it("staff see every tenant, and only the one that they narrowed to", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    for (const caller of [world.support, world.operator]) {
      expect(data(await ask(caller, other.id))["tenant"].id).toBe(other.id);
      for (const narrowed of [one.id, one.id.toUpperCase(), one.slug]) {
        expect(data(await ask(caller, one.id, { "x-tenant-id": narrowed }))["tenant"].id).toBe(one.id);
        expect(data(await ask(caller, other.id, { "x-tenant-id": narrowed }))).toEqual({ tenant: null });
      }
    }
  });

  it.each(["demo", "trial", "active", "frozen", "archived"])("%s: staff read it, and the tenant's own people as long as it is not archived", async (status) => {
    const tenant = await world.tenant({ status });
    const own = [tenant.member, tenant.admin];
    for (const caller of status === "archived" ? [] : own) expect(data(await ask(caller, tenant.id))["tenant"].status).toBe(status.toUpperCase());
    for (const caller of status === "archived" ? own : []) expect(fault(await ask(caller, tenant.id), "FORBIDDEN").message).toContain("archived");
    expect(data(await ask(world.support, tenant.id))["tenant"].status).toBe(status.toUpperCase());
  });

  describe("billing", () => {
    it.each(BILLING)("%s is for staff; everyone else reads the rest of the tenant", async (field) => {
      const tenant = await world.tenant();
      for (const caller of [tenant.member, tenant.auditor, tenant.admin]) {
        const answer = await caller.run(`query ($id: ID!) { tenant(id: $id) { id ${field} } }`, { id: tenant.id });
        fault(answer, "FORBIDDEN");
        expect(answer.body.data).toEqual({ tenant: { id: tenant.id, [field]: null } });
      }
      for (const caller of [world.support, world.operator]) data(await caller.run(`query ($id: ID!) { tenant(id: $id) { id ${field} } }`, { id: tenant.id }));
    });

    it("staff read every field as it is stored", async () => {
      const tenant = await world.tenant();
      await app.sql("update tenants set contract_start = '2026-01-01', contract_end = '9999-12-31', keycloak_org_id = $2 where id = $1", [tenant.id, `org-${tenant.slug}`]);
      expect(data(await world.support.run(`query ($id: ID!) { tenant(id: $id) { ${BILLING.join(" ")} } }`, { id: tenant.id }))["tenant"]).toEqual({
        erpCustomerId: `erp-${tenant.slug}`,
        stripeCustomerId: `cus-${tenant.slug}`,
        contractStart: "2026-01-01",
        contractEnd: "9999-12-31",
        salesOwner: "dana",
        keycloakOrganizationId: `org-${tenant.slug}`,
      });
    });
  });

  it("ok: a member reads its own tenant, by an id in any letter case", async () => {
    const tenant = await world.tenant({ status: "trial", trialEndsAt: new Date("2099-01-01T00:00:00.000Z"), name: "Acme" });
    for (const id of [tenant.id, tenant.id.toUpperCase()]) {
      expect(data(await ask(tenant.member, id))["tenant"]).toEqual({
        id: tenant.id,
        slug: tenant.slug,
        name: "Acme",
        status: "TRIAL",
        kind: "CUSTOMER",
        plan: "starter",
        trialEndsAt: "2099-01-01T00:00:00.000Z",
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        version: 1,
      });
    }
  });
});
