import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const IDP_CONFIGS = `query ($tenant: ID!) { tenant(id: $tenant) { idpConfigs { id type metadata } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const ask = (caller: Caller, tenant: string) => caller.run(IDP_CONFIGS, { tenant });

describe("Tenant.idpConfigs", () => {
  it("unauthenticated: nobody without a token lists any", async () => {
    fault(await ask(world.anonymous, (await world.tenant()).id), "UNAUTHENTICATED");
  });

  it("forbidden: members and auditors list none, and still read the tenant", async () => {
    const tenant = await world.tenant();
    await tenant.idpConfig();
    for (const caller of [tenant.member, tenant.auditor]) {
      const answer = await caller.run(`{ myTenant { id idpConfigs { id } } }`);
      fault(answer, "FORBIDDEN");
      expect(answer.body.data).toEqual({ myTenant: { id: tenant.id, idpConfigs: null } });
    }
    fault(await ask(world.service, tenant.id), "FORBIDDEN");
  });

  it("someone else's: not listed", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.idpConfig();
    expect(data(await ask(theirs.admin, theirs.id))["tenant"].idpConfigs).toMatchObject([{ id }]);
    expect(data(await ask(mine.admin, mine.id))["tenant"].idpConfigs).toEqual([]);
    expect(data(await ask(mine.admin, theirs.id))).toEqual({ tenant: null });
  });

  it.each(["active", "frozen"])("ok: an admin and staff list a tenant's providers, %s or not", async (status) => {
    const tenant = await world.tenant({ status });
    const { id } = await tenant.idpConfig();
    await app.sql(`insert into tenant_idp_config (tenant_id, type, metadata) values ($1, 'saml', '{"entity_id": "x"}')`, [tenant.id]);
    for (const caller of [tenant.admin, world.support, world.operator]) {
      expect(data(await ask(caller, tenant.id))["tenant"].idpConfigs).toEqual([
        { id, type: "OIDC", metadata: { client_id: "portal" } },
        { id: expect.any(String), type: "SAML", metadata: { entity_id: "x" } },
      ]);
    }
  });
});
