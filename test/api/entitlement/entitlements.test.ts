import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const ENTITLEMENTS = `query ($tenant: ID!) { tenant(id: $tenant) { entitlements { id enabled expiresAt product { key } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const ask = (caller: Caller, tenant: string) => caller.run(ENTITLEMENTS, { tenant });

describe("Tenant.entitlements", () => {
  it("unauthenticated: nobody without a token lists any", async () => {
    fault(await ask(world.anonymous, (await world.tenant()).id), "UNAUTHENTICATED");
  });

  it("forbidden: a service lists none", async () => {
    fault(await ask(world.service, (await world.tenant()).id), "FORBIDDEN");
  });

  it("someone else's: not listed", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const [own, { id }] = [await mine.entitlement("erp"), await theirs.entitlement("crm")];
    expect(data(await ask(theirs.member, theirs.id))["tenant"].entitlements).toMatchObject([{ id }]);
    expect(data(await ask(mine.admin, mine.id))["tenant"].entitlements).toMatchObject([{ id: own.id }]);
    expect(data(await ask(mine.admin, theirs.id))).toEqual({ tenant: null });
  });

  it("frozen: the tenant's own people still list them", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    await tenant.entitlement();
    expect(data(await ask(tenant.member, tenant.id))["tenant"].entitlements).toHaveLength(1);
  });

  it("each of several tenants gets its own list", async () => {
    const [one, none, other] = [await world.tenant(), await world.tenant(), await world.tenant()];
    const ids = [(await one.entitlement("crm")).id, (await other.entitlement("crm")).id];
    const document = `query ($a: ID!, $b: ID!, $c: ID!) { a: tenant(id: $a) { entitlements { id } } b: tenant(id: $b) { entitlements { id } } c: tenant(id: $c) { entitlements { id } } }`;
    expect(data(await world.support.run(document, { a: one.id, b: none.id, c: other.id }))).toEqual({
      a: { entitlements: [{ id: ids[0] }] },
      b: { entitlements: [] },
      c: { entitlements: [{ id: ids[1] }] },
    });
  });

  it("ok: a member lists what its tenant has by product key, withdrawn and ended ones included", async () => {
    const tenant = await world.tenant();
    for (const product of ["erp", "crm", "docs"]) await tenant.entitlement(product);
    await app.sql("update tenant_products set enabled = false where tenant_id = $1 and product = 'crm'", [tenant.id]);
    await app.sql("update tenant_products set expires_at = '2020-01-01' where tenant_id = $1 and product = 'docs'", [tenant.id]);
    const row = (key: string, more = {}) => ({ id: `${tenant.id}:${key}`, enabled: true, expiresAt: null, product: { key }, ...more });
    expect(data(await ask(tenant.member, tenant.id))["tenant"].entitlements).toEqual([
      row("crm", { enabled: false }),
      row("docs", { expiresAt: "2020-01-01T00:00:00.000Z" }),
      row("erp"),
    ]);
  });
});
