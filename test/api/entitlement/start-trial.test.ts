import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const START = `mutation ($input: StartTrialInput!) { startTrial(input: $input) { entitlement {
  id enabled source config expiresAt trialStartedAt version verdict { granted reason source validUntil } } } }`;
const DAY_MS = 86_400_000;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

/** Stop the clock; tokens that were made just before are still good. */
const freeze = (): Date => (app.clock.now = new Date());
const start = (caller: Caller, input: Record<string, unknown> = {}) => caller.run(START, { input: { product: "crm", ...input } });
const rowsOf = (tenantId: string) => app.sql("select * from tenant_products where tenant_id = $1 order by product", [tenantId]);

describe("startTrial", () => {
  it.each(["", "CRM", "a\u0000b", "no-such-product"])("invalid: product %j is refused", async (product) => {
    const { id, admin } = await world.tenant();
    fault(await start(admin, { product }), "BAD_USER_INPUT", "product");
    expect(await rowsOf(id)).toEqual([]);
  });

  it("unauthenticated: nobody without a token starts one", async () => {
    fault(await start(world.anonymous), "UNAUTHENTICATED");
  });

  it("forbidden: neither members nor auditors nor support nor services start one", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await start(caller, { tenantId: tenant.id }), "FORBIDDEN");
    expect(await rowsOf(tenant.id)).toEqual([]);
  });

  it("someone else's: an admin gets the same answer for another tenant as for none, and nothing is written", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    data(await start(theirs.admin));
    const before = await rowsOf(theirs.id);
    const refused = await start(mine.admin, { tenantId: theirs.id, product: "chat" });
    fault(refused, "NOT_FOUND");
    expect((await start(mine.admin, { tenantId: randomUUID(), product: "chat" })).body).toEqual(refused.body);
    expect(await rowsOf(theirs.id)).toEqual(before);
  });

  it.each(["frozen", "archived"])("%s: the tenant's own people may not", async (status) => {
    const tenant = await world.tenant({ status });
    fault(await start(tenant.admin), "TENANT_READ_ONLY");
    expect(await rowsOf(tenant.id)).toEqual([]);
  });

  it("not even an operator starts one in a tenant that is frozen, or a demo", async () => {
    for (const fields of [{ status: "frozen" }, { status: "trial", trialEndsAt: new Date(Date.now() - 1_000) }, { status: "demo", kind: "demo" }]) {
      const { id } = await world.tenant(fields);
      fault(await start(world.operator, { tenantId: id }), "FAILED_PRECONDITION", "product");
      expect(await rowsOf(id)).toEqual([]);
    }
  });

  it("a demo's own people may not", async () => {
    const tenant = await world.tenant({ status: "demo", kind: "demo" });
    expect((await start(tenant.admin)).body.errors).toHaveLength(1);
    expect([await rowsOf(tenant.id), await actionsIn(app, tenant.id)]).toEqual([[], []]);
  });

  it.each([
    ["a product without a trial", "erp", "starter"],
    ["a product that the plan gives", "crm", "pro"],
  ])("%s is not tried", async (_, product, plan) => {
    const { id, admin } = await world.tenant({ plan });
    fault(await start(admin, { product }), "FAILED_PRECONDITION", "product");
    expect(await rowsOf(id)).toEqual([]);
  });

  it.each([
    ["granted", "enabled = true"],
    ["granted until a time that is past", "expires_at = '2020-01-01'"],
    ["withdrawn", "enabled = false"],
  ])("what an operator has %s is not tried: that was a decision", async (_, state) => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    await app.sql(`update tenant_products set ${state} where tenant_id = $1`, [tenant.id]);
    const before = await rowsOf(tenant.id);
    fault(await start(tenant.admin), "FAILED_PRECONDITION", "product");
    expect(await rowsOf(tenant.id)).toEqual(before);
  });

  describe("once, ever", () => {
    it.each([
      ["while it runs", ""],
      ["when it is over", "update tenant_products set expires_at = '2020-01-01' where tenant_id = $1"],
      ["when its end is stored", "update tenant_products set expires_at = '2020-01-01', enabled = false where tenant_id = $1"],
      ["when an operator took it back", "update tenant_products set source = 'override', enabled = false where tenant_id = $1"],
    ])("%s there is no second one, and the first stays as it was", async (_, then) => {
      const { id, admin } = await world.tenant();
      data(await start(admin));
      if (then) await app.sql(then, [id]);
      const before = await rowsOf(id);
      for (const caller of [admin, world.operator]) fault(await start(caller, { tenantId: id }), "FAILED_PRECONDITION", "product");
      expect(await rowsOf(id)).toEqual(before);
      expect(await actionsIn(app, id)).toEqual(["entitlement.start_trial"]);
    });

    it("of twenty at once exactly one starts it, with one event; the others are told why not", async () => {
      for (let round = 0; round < 3; round++) {
        const { id, admin } = await world.tenant();
        const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => start(n % 2 ? admin : world.operator, { tenantId: id })));
        expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
        for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "FAILED_PRECONDITION", "product");
        expect(await rowsOf(id)).toMatchObject([{ source: "trial", version: 1 }]);
        expect(await actionsIn(app, id)).toEqual(["entitlement.start_trial"]);
      }
    });

    it("of a grant and a trial at once the tenant ends with one row, and with the grant when that came second", async () => {
      const { id, admin } = await world.tenant();
      const grant = "mutation ($input: GrantEntitlementInput!) { grantEntitlement(input: $input) { entitlement { source } } }";
      const [trial, granted] = await Promise.all([start(admin), world.operator.run(grant, { input: { tenantId: id, product: "crm" } })]);
      expect(await rowsOf(id)).toHaveLength(1);
      if (!granted.body.errors) expect(await rowsOf(id)).toMatchObject([{ source: "override", expires_at: null, enabled: true }]);
      else expect(data(trial)).toBeDefined();
    });
  });

  describeRepeatable(() => app, "entitlement.start_trial", async () => {
    const tenant = await world.tenant();
    const colleague = await world.caller({ tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    return {
      send: (idempotencyKey, { other, by } = {}) => start(by ? colleague : tenant.admin, { product: other ? "chat" : "crm", idempotencyKey }),
      async hinder() {
        await tenant.entitlement("crm");
        return async () => void (await app.sql("delete from tenant_products where tenant_id = $1", [tenant.id]));
      },
      count: async () => (await rowsOf(tenant.id)).length,
      tenantId: async () => tenant.id,
    };
  });

  it.each([
    ["crm", 14],
    ["desk", 30],
  ])("%s is tried for %i days, and not a moment longer, with no job run", async (product, days) => {
    const { id, admin } = await world.tenant();
    const now = freeze();
    const end = new Date(now.getTime() + days * DAY_MS);
    const { entitlement } = data(await start(admin, { product }))["startTrial"];
    expect(entitlement).toEqual({
      id: `${id}:${product}`,
      enabled: true,
      source: "TRIAL",
      config: {},
      expiresAt: end.toISOString(),
      trialStartedAt: now.toISOString(),
      version: 1,
      verdict: { granted: true, reason: "GRANTED", source: "TRIAL", validUntil: end.toISOString() },
    });
    const verdict = async (at: Date) => {
      app.clock.now = at;
      const later = await world.caller({ tenant_id: id });
      return data(await later.run(`{ entitlement(id: "${id}:${product}") { verdict { reason } } }`))["entitlement"].verdict.reason;
    };
    expect(await verdict(new Date(end.getTime() - 1))).toBe("GRANTED");
    expect(await verdict(end)).toBe("TRIAL_ENDED");
  });

  it("ends with the tenant's own trial when that ends before", async () => {
    const trialEndsAt = new Date(freeze().getTime() + 5 * DAY_MS);
    const { admin } = await world.tenant({ status: "trial", trialEndsAt });
    expect(data(await start(admin))["startTrial"].entitlement.verdict.validUntil).toBe(trialEndsAt.toISOString());
  });

  it("an operator starts it for a tenant that is named", async () => {
    const { id } = await world.tenant();
    data(await start(world.operator, { tenantId: id }));
    expect(await actionsIn(app, id)).toEqual(["entitlement.start_trial"]);
    fault(await start(world.operator), "BAD_USER_INPUT", "tenantId");
  });

  it("ok and audited: the row and its event are written together", async () => {
    const [{ id }, subject, requestId] = [await world.tenant(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await admin.run(START, { input: { product: "crm" } }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { expiresAt } = data(answer)["startTrial"].entitlement;
    expect(await eventsOf(app, id)).toEqual([
      {
        action: "entitlement.start_trial",
        actorType: "user",
        targetType: "entitlement",
        targetId: `${id}:crm`,
        targetName: "crm",
        projectId: null,
        product: "crm",
        metadata: { expires_at: expiresAt },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
