import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
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
