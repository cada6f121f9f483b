import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { NAMED_AS_IN_OBJECTS } from "../../testkit/configs.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const WITHDRAW = `mutation ($input: WithdrawEntitlementInput!) { withdrawEntitlement(input: $input) { entitlement { id enabled version } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const withdraw = (caller: Caller, input: Record<string, unknown>) => caller.run(WITHDRAW, { input: { product: "crm", ...input } });
const rowsOf = (tenantId: string) => app.sql("select * from tenant_products where tenant_id = $1 order by product", [tenantId]);
async function home(status = "active") {
  const tenant = await world.tenant({ status });
  await tenant.entitlement("crm");
  return tenant;
}

describe("withdrawEntitlement", () => {
  it.each(["", "CRM", "a\u0000b"])("invalid: product %j is refused", async (product) => {
    fault(await withdraw(world.operator, { tenantId: (await home()).id, product }), "BAD_USER_INPUT", "product");
  });

  it("unauthenticated: nobody without a token withdraws one", async () => {
    fault(await withdraw(world.anonymous, { tenantId: (await home()).id }), "UNAUTHENTICATED");
  });

  it("forbidden: only operators withdraw, not even an admin its own tenant's", async () => {
    const tenant = await home();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.support, world.service]) fault(await withdraw(caller, { tenantId: tenant.id }), "FORBIDDEN");
    expect(await rowsOf(tenant.id)).toMatchObject([{ enabled: true, version: 1 }]);
  });

  it("someone else's: an operator who narrowed gets the same answer for another tenant as for none, and nothing is written", async () => {
    const [mine, theirs] = [await home(), await home()];
    const before = await rowsOf(theirs.id);
    expect(before).toMatchObject([{ enabled: true }]);
    const narrowed = (tenantId: string) => world.operator.run(WITHDRAW, { input: { tenantId, product: "crm" } }, { "x-tenant-id": mine.id });
    const refused = await narrowed(theirs.id);
    fault(refused, "NOT_FOUND");
    expect((await narrowed(randomUUID())).body).toEqual(refused.body);
    expect(await rowsOf(theirs.id)).toEqual(before);
    expect(await actionsIn(app, theirs.id)).toEqual([]);
  });

  it("what was never granted is not found", async () => {
    const { id } = await home();
    fault(await withdraw(world.operator, { tenantId: id, product: "erp" }), "NOT_FOUND");
    expect(await actionsIn(app, id)).toEqual([]);
  });

  it("what only the plan gives is withdrawn in a row of its own, once", async () => {
    const { id } = await world.tenant({ plan: "pro" });
    const answers = await Promise.all(Array.from({ length: 10 }, () => withdraw(world.operator, { tenantId: id })));
    for (const answer of answers) expect(data(answer)["withdrawEntitlement"].entitlement).toMatchObject({ id: `${id}:crm`, enabled: false });
    expect(await rowsOf(id)).toMatchObject([{ product: "crm", enabled: false, source: "override" }]);
    expect(await actionsIn(app, id)).toEqual(["entitlement.withdraw"]);
    expect(data(await world.service.run(`{ checkEntitlement(tenantId: "${id}", product: "crm") { verdict { reason } } }`))["checkEntitlement"].verdict.reason).toBe("WITHDRAWN");
  });

  it.each([
    ["runs", "enabled = true, expires_at = now() + interval '1 day'", "WITHDRAWN"],
    ["is over", "enabled = false, expires_at = now() - interval '1 day'", "EXPIRED"],
  ])("a trial that %s is taken back for good: a plan that is bought later does not bring the product back", async (_, state, reason) => {
    const { id } = await home();
    await app.sql(`update tenant_products set source = 'trial', trial_started_at = '2020-01-01', ${state} where tenant_id = $1`, [id]);
    data(await withdraw(world.operator, { tenantId: id }));
    await app.sql("update tenants set plan = 'pro' where id = $1", [id]);
    expect(await rowsOf(id)).toMatchObject([{ enabled: false, source: "override", trial_started_at: new Date("2020-01-01T00:00:00Z") }]);
    expect(data(await world.service.run(`{ checkEntitlement(tenantId: "${id}", product: "crm") { verdict { reason } } }`))["checkEntitlement"].verdict.reason).toBe(reason);
    expect(await actionsIn(app, id)).toEqual(["entitlement.withdraw"]);
  });

  it("archived: not even an operator may", async () => {
    const { id } = await home("archived");
    fault(await withdraw(world.operator, { tenantId: id }), "TENANT_READ_ONLY");
    expect(await rowsOf(id)).toMatchObject([{ enabled: true }]);
  });

  it.each(["demo", "trial", "frozen"])("%s: an operator may", async (status) => {
    const { id } = await home(status);
    data(await withdraw(world.operator, { tenantId: id }));
    expect(await rowsOf(id)).toMatchObject([{ enabled: false }]);
  });

  it("what somebody else changed meanwhile is refused", async () => {
    const { id } = await home();
    fault(await withdraw(world.operator, { tenantId: id, expectedVersion: 2 }), "CONFLICT", "expectedVersion");
    expect(await rowsOf(id)).toMatchObject([{ enabled: true, version: 1 }]);
  });

  it("of ten at once all succeed and one is recorded; again changes nothing", async () => {
    const { id } = await home();
    const answers = await Promise.all(Array.from({ length: 10 }, () => withdraw(world.operator, { tenantId: id })));
    for (const answer of answers) expect(data(answer)["withdrawEntitlement"].entitlement).toMatchObject({ enabled: false, version: 2 });
    const after = await rowsOf(id);
    data(await withdraw(world.operator, { tenantId: id, expectedVersion: 2 }));
    expect(await rowsOf(id)).toEqual(after);
    expect(await actionsIn(app, id)).toEqual(["entitlement.withdraw"]);
  });

  it("what is withdrawn keeps its settings, whatever they are called", async () => {
    const { id } = await home();
    await app.sql("update tenant_products set config = $2 where tenant_id = $1", [id, JSON.stringify(NAMED_AS_IN_OBJECTS)]);
    data(await withdraw(world.operator, { tenantId: id }));
    expect(await rowsOf(id)).toMatchObject([{ enabled: false, config: NAMED_AS_IN_OBJECTS, version: 2 }]);
  });

  it("other products of the tenant stay as they are", async () => {
    const tenant = await home();
    await tenant.entitlement("erp");
    data(await withdraw(world.operator, { tenantId: tenant.id, product: "erp" }));
    expect(await rowsOf(tenant.id)).toMatchObject([{ product: "crm", enabled: true, version: 1 }, { product: "erp", enabled: false, version: 2 }]);
  });

  it("ok and audited: the row stays with its settings, and its event is written with it", async () => {
    const [{ id }, subject, requestId] = [await home(), unique("op"), unique("request")];
    await app.sql(`update tenant_products set config = '{"seats": 5}' where tenant_id = $1`, [id]);
    const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
    const answer = await operator.run(WITHDRAW, { input: { tenantId: id, product: "crm", expectedVersion: 1 } }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["withdrawEntitlement"].entitlement).toEqual({ id: `${id}:crm`, enabled: false, version: 2 });
    expect(await rowsOf(id)).toMatchObject([{ config: { seats: 5 }, enabled: false }]);
    expect(await eventsOf(app, id)).toEqual([
      {
        action: "entitlement.withdraw",
        actorType: "user",
        targetType: "entitlement",
        targetId: `${id}:crm`,
        targetName: "crm",
        projectId: null,
        product: "crm",
        metadata: { actor_role: "operator" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Olga" });
  });
});
