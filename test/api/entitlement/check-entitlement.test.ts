import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const CHECK = `query ($tenantId: ID!, $product: String!, $project: String) { checkEntitlement(tenantId: $tenantId, product: $product, project: $project) {
  tenantId product project { id slug } verdict { granted reason source limits config validUntil demo } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const check = (caller: Caller, tenantId: string, { product = "crm", project }: { product?: string; project?: string | null } = {}) => caller.run(CHECK, { tenantId, product, project });
const checked = async (caller: Caller, tenantId: string, more = {}) => data(await check(caller, tenantId, more))["checkEntitlement"];
const reason = async (caller: Caller, tenantId: string, more = {}) => (await checked(caller, tenantId, more)).verdict.reason;
async function home(fields: Parameters<World["tenant"]>[0] = {}): Promise<TenantInWorld> {
  const tenant = await world.tenant(fields);
  await tenant.entitlement("crm");
  return tenant;
}

const DENIED = { granted: false, source: null, limits: {}, config: {}, validUntil: null, demo: false };
const CRM_LIMITS = { seats: 5, storageGb: 1, sso: false };

describe("checkEntitlement", () => {
  it("unauthenticated: nobody without a token checks one", async () => {
    fault(await check(world.anonymous, (await home()).id), "UNAUTHENTICATED");
  });

  it("forbidden: the tenant's own people do not check, they see", async () => {
    const tenant = await home();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, await world.caller({})]) fault(await check(caller, tenant.id), "FORBIDDEN");
  });

  it("forbidden: a service checks its own product only, and learns nothing of the tenant from the refusal", async () => {
    const tenant = await home();
    await tenant.entitlement("erp");
    expect(await reason(await world.caller({ product: "erp" }), tenant.id, { product: "erp" })).toBe("GRANTED");
    const refused = await check(world.service, tenant.id, { product: "erp" });
    fault(refused, "FORBIDDEN", "product");
    expect((await check(world.service, randomUUID(), { product: "erp" })).body).toEqual(refused.body);
  });

  it.each([randomUUID(), "", "no-uuid", "a\u0000b"])("the tenant %j is not found, which is an error and no denial", async (id) => {
    for (const caller of [world.service, world.support]) fault(await check(caller, id), "NOT_FOUND");
  });

  it("someone else's: staff who narrowed to one tenant get the same answer for another as for none", async () => {
    const [mine, theirs] = [await home(), await home()];
    expect(await reason(world.support, theirs.id)).toBe("GRANTED");
    const narrowed = (tenantId: string) => world.support.run(CHECK, { tenantId, product: "crm" }, { "x-tenant-id": mine.id });
    const refused = await narrowed(theirs.id);
    fault(refused, "NOT_FOUND");
    expect((await narrowed(randomUUID())).body).toEqual(refused.body);
  });

  it("an X-Tenant-ID changes nothing for a service", async () => {
    const [named, asked] = [await world.tenant(), await home()];
    const answer = await world.service.run(CHECK, { tenantId: asked.id, product: "crm" }, { "x-tenant-id": named.id });
    expect(data(answer)["checkEntitlement"]).toMatchObject({ tenantId: asked.id, verdict: { granted: true } });
  });

  it.each(["", "CRM", "a\u0000b", "no product", "x".repeat(10_000)])("the product %j is unknown", async (product) => {
    expect(await reason(world.support, (await home()).id, { product })).toBe("UNKNOWN_PRODUCT");
  });

  describe("the verdict", () => {
    /** Stop the clock, so many milliseconds before the time that comes back. */
    const freeze = (ms: number): Date => {
      app.clock.now = new Date();
      return new Date(app.clock.now.getTime() + ms);
    };

    it("is granted with source, limits, settings and the implicit project", async () => {
      const tenant = await home();
      await app.sql(`update tenant_products set config = '{"max_seats": 9}', expires_at = '2099-01-01' where tenant_id = $1`, [tenant.id]);
      for (const caller of [world.service, world.support, world.operator]) {
        expect(await checked(caller, tenant.id)).toEqual({
          tenantId: tenant.id,
          product: "crm",
          project: { id: null, slug: "default" },
          verdict: { granted: true, reason: "GRANTED", source: "OVERRIDE", limits: CRM_LIMITS, config: { max_seats: 9 }, validUntil: "2099-01-01T00:00:00.000Z", demo: false },
        });
      }
    });

    it("counts the plan without a row, and the plan's limits", async () => {
      const { id } = await world.tenant({ plan: "pro" });
      expect((await checked(world.service, id)).verdict).toMatchObject({ granted: true, source: "PLAN", limits: { seats: 25, storageGb: 10, sso: false } });
    });

    it("is denied with a reason and nothing else", async () => {
      const { id } = await world.tenant();
      expect((await checked(world.service, id)).verdict).toEqual({ ...DENIED, reason: "NOT_ENTITLED" });
    });

    it.each([
      ["just before", 1, "GRANTED"],
      ["at", 0, "EXPIRED"],
      ["just after", -1, "EXPIRED"],
    ])("%s its end, with no job run: %s", async (_when, ms, expected) => {
      const { id } = await home();
      await app.sql("update tenant_products set expires_at = $2 where tenant_id = $1", [id, freeze(ms)]);
      expect(await reason(world.service, id)).toBe(expected);
    });

    it.each([
      ["just before", 1, "GRANTED"],
      ["at", 0, "TENANT_FROZEN"],
      ["just after", -1, "TENANT_FROZEN"],
    ])("%s the end of the tenant's trial, whatever is stored: %s", async (_when, ms, expected) => {
      const { id } = await home({ status: "trial", trialEndsAt: freeze(ms) });
      expect(await reason(world.service, id)).toBe(expected);
    });

    it.each([
      ["frozen", "TENANT_FROZEN"],
      ["archived", "TENANT_ARCHIVED"],
    ])("a tenant that is %s has no product, from whatever source", async (status, expected) => {
      const { id } = await home({ status, plan: "pro" });
      expect((await checked(world.service, id)).verdict).toEqual({ ...DENIED, reason: expected });
    });

    it("is marked as demo in a demo tenant", async () => {
      const { id } = await home({ status: "demo", kind: "demo" });
      expect((await checked(world.service, id)).verdict).toMatchObject({ granted: true, source: "DEMO", demo: true });
    });

    it("is withdrawn also against the plan", async () => {
      const { id } = await home({ plan: "pro" });
      await app.sql("update tenant_products set enabled = false where tenant_id = $1", [id]);
      expect(await reason(world.service, id)).toBe("WITHDRAWN");
    });

    it("comes with an end as soon as it is changed: no verdict is kept here", async () => {
      const { id } = await home();
      expect(await reason(world.service, id)).toBe("GRANTED");
      await app.sql("update tenant_products set enabled = false where tenant_id = $1", [id]);
      expect(await reason(world.service, id)).toBe("WITHDRAWN");
    });
  });

  describe("in a project", () => {
    it("is named by slug or by id in any letter case, and answered with both", async () => {
      const tenant = await home();
      const { id, slug } = await tenant.project();
      for (const project of [slug, id, id.toUpperCase()]) {
        expect(await checked(world.service, tenant.id, { project })).toMatchObject({ project: { id, slug }, verdict: { reason: "GRANTED" } });
      }
    });

    it.each([null, "default"])("%j is the implicit one, which there is without a row", async (project) => {
      const tenant = await home();
      expect(await checked(world.service, tenant.id, { project })).toMatchObject({ project: { id: null, slug: "default" }, verdict: { reason: "GRANTED" } });
    });

    it("an archived one is denied, with nothing of what the tenant has", async () => {
      const tenant = await home();
      const { id, slug } = await tenant.project({ status: "archived" });
      expect(await checked(world.service, tenant.id, { project: slug })).toMatchObject({ project: { id, slug }, verdict: { ...DENIED, reason: "PROJECT_ARCHIVED" } });
    });

    it("another tenant's is the same answer as none", async () => {
      const [tenant, other] = [await home(), await home()];
      const theirs = await other.project();
      expect(await reason(world.service, other.id, { project: theirs.slug })).toBe("GRANTED");
      for (const project of [theirs.slug, theirs.id, randomUUID(), "nowhere", "", "a\u0000b", "' or true --"]) {
        expect(await checked(world.service, tenant.id, { project })).toMatchObject({ project: null, verdict: { ...DENIED, reason: "PROJECT_NOT_FOUND" } });
      }
    });

    it("tells the tenant's reason first", async () => {
      const tenant = await home({ status: "frozen" });
      const { slug } = await tenant.project({ status: "archived" });
      expect(await reason(world.service, tenant.id, { project: slug })).toBe("TENANT_FROZEN");
    });

    it("is refused for a product that keeps no projects apart", async () => {
      const tenant = await world.tenant();
      const { slug } = await tenant.project();
      fault(await check(world.support, tenant.id, { product: "docs", project: slug }), "BAD_USER_INPUT", "project");
      expect(await checked(world.support, tenant.id, { product: "docs", project: "default" })).toMatchObject({ project: { slug: "default" }, verdict: { granted: true } });
    });
  });
});
