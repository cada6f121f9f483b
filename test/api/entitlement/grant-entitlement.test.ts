import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { BAD_CONFIGS, NAMED_AS_IN_OBJECTS, nested, UNFIT_FOR_DESK } from "../../testkit/configs.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Answer, type Caller, type World } from "../../testkit/world.js";

const GRANT = `mutation ($input: GrantEntitlementInput!) { grantEntitlement(input: $input) { entitlement { id enabled config expiresAt version product { key } tenant { id } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

afterEach(() => {
  app.clock.now = null;
});

const grant = (caller: Caller, input: Record<string, unknown>) => caller.run(GRANT, { input: { product: "crm", ...input } });
const rowsOf = (tenantId: string) => app.sql<Record<string, unknown>>("select product, enabled, config, expires_at, version, created_at from tenant_products where tenant_id = $1 order by product", [tenantId]);

describe("grantEntitlement", () => {
  describe("invalid", () => {
    it.each(["", "CRM", "1crm", "c rm", "crm\n", "a\u0000b", "c".repeat(64)])("product %j is refused", async (product) => {
      const { id } = await world.tenant();
      fault(await grant(world.operator, { tenantId: id, product }), "BAD_USER_INPUT", "product");
      expect(await rowsOf(id)).toEqual([]);
    });

    it.each(BAD_CONFIGS)("settings are refused that are %s", async (_, config) => {
      const { id } = await world.tenant();
      fault(await grant(world.operator, { tenantId: id, config }), "BAD_USER_INPUT", "config");
      expect(await rowsOf(id)).toEqual([]);
    });

    it("settings of a hundred thousand levels are refused before anything recurses into them, and the service goes on", async () => {
      const { id } = await world.tenant();
      const config = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
      const body = `{"query":${JSON.stringify(GRANT)},"variables":{"input":{"tenantId":"${id}","product":"crm","config":${config}}}}`;
      const response = await fetch(`${app.url}/graphql`, { method: "POST", headers: { "content-type": "application/json", authorization: `Bearer ${world.operator.token}` }, body });
      fault({ status: response.status, headers: response.headers, body: (await response.json()) as Answer["body"] }, "LIMIT_EXCEEDED");
      data(await grant(world.operator, { tenantId: id }));
    });

    it.each(["cmr", "constructor", "legacy-suite"])("product %j is refused, which the catalogue does not know", async (product) => {
      const { id } = await world.tenant();
      expect(fault(await grant(world.operator, { tenantId: id, product }), "BAD_USER_INPUT", "product").message).toBe("The catalogue has no such product");
      expect(await rowsOf(id)).toEqual([]);
      expect(await actionsIn(app, id)).toEqual([]);
    });

    it.each(UNFIT_FOR_DESK)("settings are refused that the product's schema does not take: %j", async (config, field, message) => {
      const { id } = await world.tenant();
      expect(fault(await grant(world.operator, { tenantId: id, product: "desk", config }), "BAD_USER_INPUT", field).message).toBe(message);
      expect(await rowsOf(id)).toEqual([]);
      expect(await actionsIn(app, id)).toEqual([]);
    });

    it.each(["{ __proto__: { a: 1 } }", "{ list: [{ __proto__: 1 }] }", "{ n: 1e400 }"])("settings are refused that would not be kept as they are written in the document: %s", async (config) => {
      const { id } = await world.tenant();
      fault(await world.operator.run(`mutation { grantEntitlement(input: { tenantId: "${id}", product: "crm", config: ${config} }) { entitlement { id } } }`), "BAD_USER_INPUT", "config");
      expect(await rowsOf(id)).toEqual([]);
    });

    it.each([[[]], ["text"], [7]])("settings %j are no object", async (config) => {
      fault(await grant(world.operator, { tenantId: (await world.tenant()).id, config }), "BAD_USER_INPUT");
    });

    it.each(["2020-01-01T00:00:00Z", "0000-01-01T00:00:00Z"])("an end in the past is refused: %s", async (expiresAt) => {
      const { id } = await world.tenant();
      fault(await grant(world.operator, { tenantId: id, expiresAt }), "BAD_USER_INPUT", "expiresAt");
      expect(await rowsOf(id)).toEqual([]);
    });
  });

  it("unauthenticated: nobody without a token grants one", async () => {
    fault(await grant(world.anonymous, { tenantId: (await world.tenant()).id }), "UNAUTHENTICATED");
  });

  it("forbidden: only operators grant, not even an admin to its own tenant", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.support, world.service]) fault(await grant(caller, { tenantId: tenant.id }), "FORBIDDEN");
    expect(await rowsOf(tenant.id)).toEqual([]);
  });

  it("someone else's: an operator who narrowed gets the same answer for another tenant as for none, and nothing is written", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    data(await grant(world.operator, { tenantId: theirs.id, product: "erp" }));
    const before = await rowsOf(theirs.id);
    const narrowed = (tenantId: string) => world.operator.run(GRANT, { input: { tenantId, product: "crm" } }, { "x-tenant-id": mine.id });
    const refused = await narrowed(theirs.id);
    fault(refused, "NOT_FOUND");
    for (const id of [randomUUID(), "no-uuid"]) expect((await narrowed(id)).body).toEqual(refused.body);
    expect((await grant(world.operator, { tenantId: randomUUID() })).body).toEqual(refused.body);
    expect(await rowsOf(theirs.id)).toEqual(before);
  });

  it("archived: not even an operator may", async () => {
    const tenant = await world.tenant({ status: "archived" });
    fault(await grant(world.operator, { tenantId: tenant.id }), "TENANT_READ_ONLY");
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it.each(["demo", "trial", "frozen"])("%s: an operator may", async (status) => {
    const tenant = await world.tenant({ status });
    data(await grant(world.operator, { tenantId: tenant.id }));
    expect(await actionsIn(app, tenant.id)).toEqual(["entitlement.grant"]);
  });

  it("a product is granted once", async () => {
    const { id } = await world.tenant();
    data(await grant(world.operator, { tenantId: id, config: { seats: 1 } }));
    fault(await grant(world.operator, { tenantId: id, config: { seats: 2 } }), "CONFLICT", "product");
    expect(await rowsOf(id)).toMatchObject([{ config: { seats: 1 }, version: 1 }]);
    expect(await actionsIn(app, id)).toEqual(["entitlement.grant"]);
  });

  it("of twenty concurrent grants of one product exactly one wins, with one event, and its settings are kept", async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await world.tenant();
      const answers = await Promise.all(Array.from({ length: 20 }, (_, seats) => grant(world.operator, { tenantId: id, config: { seats } })));
      const winners = answers.filter(({ body }) => !body.errors);
      expect(winners).toHaveLength(1);
      for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "product");
      expect(await rowsOf(id)).toMatchObject([{ config: winners[0]?.body.data?.["grantEntitlement"].entitlement.config, version: 1 }]);
      expect(await actionsIn(app, id)).toEqual(["entitlement.grant"]);
    }
  });

  it("granting again after a withdrawal keeps the row, with new settings", async () => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    await app.sql(`update tenant_products set enabled = false, config = '{"old": true}', expires_at = now() where tenant_id = $1`, [tenant.id]);
    const [before] = await rowsOf(tenant.id);
    expect(data(await grant(world.operator, { tenantId: tenant.id, config: { seats: 3 } }))["grantEntitlement"].entitlement).toMatchObject({ enabled: true, version: 2 });
    expect(await rowsOf(tenant.id)).toEqual([{ ...before, enabled: true, config: { seats: 3 }, expires_at: null, version: 2 }]);
    expect((await eventsOf(app, tenant.id)).map(({ metadata }) => metadata["again"])).toEqual([true]);
  });

  it.each([
    ["that has ended", "expires_at = now() - interval '1 second'"],
    ["that has ended, its end stored by the job", "expires_at = now() - interval '1 second', enabled = false"],
  ])("a grant %s does not stand in the way of a new one", async (_, state) => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    await app.sql(`update tenant_products set ${state} where tenant_id = $1`, [tenant.id]);
    data(await grant(world.operator, { tenantId: tenant.id }));
    expect(await rowsOf(tenant.id)).toMatchObject([{ enabled: true, expires_at: null, version: 2 }]);
  });

  it.each([
    ["runs", "interval '1 day'"],
    ["is over", "interval '-1 day'"],
  ])("a trial that %s becomes an operator's grant, and that there was a trial stays written", async (_, left) => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    await app.sql(`update tenant_products set source = 'trial', trial_started_at = '2020-01-01', expires_at = now() + ${left} where tenant_id = $1`, [tenant.id]);
    data(await grant(world.operator, { tenantId: tenant.id }));
    expect(await app.sql("select source, trial_started_at, expires_at, enabled from tenant_products where tenant_id = $1", [tenant.id])).toEqual([
      { source: "override", trial_started_at: new Date("2020-01-01T00:00:00Z"), expires_at: null, enabled: true },
    ]);
    fault(await grant(world.operator, { tenantId: tenant.id }), "CONFLICT", "product");
  });

  it("what only the plan gives may be granted, with an end of its own", async () => {
    const { id } = await world.tenant({ plan: "pro" });
    data(await grant(world.operator, { tenantId: id, expiresAt: "2099-01-01T00:00:00Z" }));
    expect(await rowsOf(id)).toMatchObject([{ product: "crm", enabled: true }]);
  });

  it("of ten concurrent grants after a withdrawal exactly one wins", async () => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    await app.sql("update tenant_products set enabled = false where tenant_id = $1", [tenant.id]);
    const answers = await Promise.all(Array.from({ length: 10 }, () => grant(world.operator, { tenantId: tenant.id })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    expect(await rowsOf(tenant.id)).toMatchObject([{ enabled: true, version: 2 }]);
    expect(await actionsIn(app, tenant.id)).toEqual(["entitlement.grant"]);
  });

  it("settings are kept as they were given, without the defaults that they were checked with", async () => {
    const { id } = await world.tenant();
    const config = { mail: { footer: "Yours" }, priority: "high" };
    data(await grant(world.operator, { tenantId: id, product: "desk", config }));
    expect(await rowsOf(id)).toMatchObject([{ product: "desk", config }]);
  });

  it("settings come back as they were given, as large and as deep as is allowed", async () => {
    const { id } = await world.tenant();
    const config = { b: 1, a: { z: [1, -2.5, "3", null, true] }, "": "", "key with \"quotes\" \\u0000": "\u2028 🚀 \\u0000", deep: nested(31), large: "x".repeat(15_000) };
    const { entitlement } = data(await grant(world.operator, { tenantId: id, config }))["grantEntitlement"];
    expect(entitlement.config).toEqual(config);
    const stored = data(await world.support.run(`query ($id: ID!) { entitlement(id: $id) { config } }`, { id: `${id}:crm` }))["entitlement"].config;
    expect(stored).toEqual(config);
  });

  it("settings with the names of what every object has are settings like any other, granted for the first time and again", async () => {
    const { id } = await world.tenant();
    for (const config of [NAMED_AS_IN_OBJECTS, { ...NAMED_AS_IN_OBJECTS, valueOf: { e: 5 } }]) {
      expect(data(await grant(world.operator, { tenantId: id, config }))["grantEntitlement"].entitlement.config).toEqual(config);
      expect(await rowsOf(id)).toMatchObject([{ config }]);
      await app.sql("update tenant_products set enabled = false where tenant_id = $1", [id]);
    }
  });

  describeRepeatable(() => app, "entitlement.grant", async () => {
    const { id } = await world.tenant();
    const colleague = await world.caller({ realm_access: { roles: ["platform-operator"] } });
    // Members in an order that the database would not keep, and a time with more than it keeps.
    const one = { product: "crm", config: { seats: 3, a: { z: 1, b: 2 } }, expiresAt: "2099-12-31T23:59:59.123Z" };
    return {
      send: (idempotencyKey, { other, by } = {}) => grant(by ? colleague : world.operator, { tenantId: id, ...(other ? { product: "desk" } : one), idempotencyKey }),
      async hinder() {
        await app.sql("insert into tenant_products (tenant_id, product) values ($1, 'crm')", [id]);
        return async () => void (await app.sql("delete from tenant_products where tenant_id = $1", [id]));
      },
      count: async () => (await rowsOf(id)).length,
      tenantId: async () => id,
    };
  });

  it("repeated under its key after the entitlement has ended, is answered as it was", async () => {
    const { id: tenantId } = await world.tenant();
    app.clock.now = new Date("2026-05-01T10:00:00.000Z");
    const repeat = async () => grant(await world.caller({ sub: "olga", realm_access: { roles: ["platform-operator"] } }), { tenantId, expiresAt: "2026-05-02T00:00:00.000Z", idempotencyKey: "key" });
    const first = await repeat();
    expect(first.body.errors).toBeUndefined();
    app.clock.now = new Date("2026-05-03T10:00:00.000Z");
    expect((await repeat()).body).toEqual(first.body);
  });

  it("ok and audited: the row and its event are written together", async () => {
    const [{ id }, subject, requestId] = [await world.tenant(), unique("op"), unique("request")];
    const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
    const input = { tenantId: id.toUpperCase(), product: "crm", expiresAt: "2099-12-31T23:59:59.999Z" };
    const answer = await operator.run(GRANT, { input }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["grantEntitlement"].entitlement).toEqual({
      id: `${id}:crm`,
      enabled: true,
      config: {},
      expiresAt: "2099-12-31T23:59:59.999Z",
      version: 1,
      product: { key: "crm" },
      tenant: { id },
    });
    expect(await eventsOf(app, id)).toEqual([
      {
        action: "entitlement.grant",
        actorType: "user",
        targetType: "entitlement",
        targetId: `${id}:crm`,
        targetName: "crm",
        projectId: null,
        product: "crm",
        metadata: { again: false, expires_at: "2099-12-31T23:59:59.999Z", actor_role: "operator" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Olga" });
  });
});
