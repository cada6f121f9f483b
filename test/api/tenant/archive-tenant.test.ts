import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "../../testkit/events.js";
import { data } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { daysFromNow, describeStep, NOW } from "../../testkit/tenant-step.js";
import { openWorld, type World } from "../../testkit/world.js";

describeStep({
  operation: "archiveTenant",
  action: "tenant.archive",
  from: ["frozen", "frozen in the last millisecond of its grace", "a trial that just ended", "a demo"],
  to: { status: "ARCHIVED", frozenAt: daysFromNow(-10).toISOString(), archivedAt: NOW.toISOString() },
  recorded: { frozenAt: daysFromNow(-10).toISOString(), reason: null, erased: {} },
});

const ARCHIVE = `mutation ($id: ID!) { archiveTenant(input: { id: $id }) { tenant {
  id slug name kind status plan trialEndsAt frozenAt archivedAt cancelReason cancelNote erpCustomerId stripeCustomerId salesOwner
  projects { totalCount } entitlements { id } apiKeys { totalCount } idpConfigs { id }
} } }`;

describe("archiveTenant", () => {
  let app: Registry;
  let world: World;
  beforeAll(async () => {
    app = await registry();
    app.clock.now = NOW;
    world = await openWorld(app);
  });
  afterEach(() => {
    app.clock.now = null;
  });

  it("leaves the tombstone and the audit log, and of another tenant everything", async () => {
    app.clock.now = NOW;
    const [tenant, other] = [await world.tenant({ name: "Gone" }), await world.tenant()];
    for (const one of [tenant, other]) await Promise.all([one.project(), one.entitlement(), one.apiKey(), one.idpConfig(), one.auditEvent()]);
    data(await world.operator.run(`mutation ($id: ID!) { cancelTenant(input: { id: $id, reason: OTHER, note: "x" }) { tenant { id } } }`, { id: tenant.id }));
    expect(data(await world.operator.run(ARCHIVE, { id: tenant.id }))["archiveTenant"].tenant).toEqual({
      id: tenant.id,
      slug: tenant.slug,
      name: "Gone",
      kind: "CUSTOMER",
      status: "ARCHIVED",
      plan: "starter",
      trialEndsAt: null,
      frozenAt: NOW.toISOString(),
      archivedAt: NOW.toISOString(),
      cancelReason: "OTHER",
      cancelNote: null,
      erpCustomerId: null,
      stripeCustomerId: null,
      salesOwner: null,
      projects: { totalCount: 0 },
      entitlements: [],
      apiKeys: { totalCount: 0 },
      idpConfigs: [],
    });
    const rows = async (id: string) =>
      (await app.sql<{ count: number }>(
        `select (select count(*) from tenant_projects where tenant_id = $1) + (select count(*) from tenant_products where tenant_id = $1)
              + (select count(*) from api_keys where tenant_id = $1) + (select count(*) from tenant_idp_config where tenant_id = $1) as count`,
        [id],
      ))[0]?.count;
    expect([Number(await rows(tenant.id)), Number(await rows(other.id))]).toEqual([0, 4]);
    const events = await eventsOf(app, tenant.id);
    expect(events.map(({ action }) => action)).toEqual(["test.happened", "tenant.cancel", "tenant.archive"]);
    expect(events[2]?.metadata).toMatchObject({ erased: { tenant_projects: 1, tenant_products: 1, api_keys: 1, tenant_idp_config: 1 } });
  });

  it("a demo is archived without ever having been frozen", async () => {
    app.clock.now = NOW;
    const tenant = await world.tenant({ status: "demo", kind: "demo" });
    expect(data(await world.operator.run(ARCHIVE, { id: tenant.id }))["archiveTenant"].tenant).toMatchObject({ status: "ARCHIVED", frozenAt: null, archivedAt: NOW.toISOString(), cancelReason: null });
  });
});
