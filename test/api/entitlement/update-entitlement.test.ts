import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { BAD_CONFIGS, NAMED_AS_IN_OBJECTS, UNFIT_FOR_DESK } from "../../testkit/configs.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const UPDATE = `mutation ($input: UpdateEntitlementInput!) { updateEntitlement(input: $input) { entitlement { id enabled config expiresAt version } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const update = (caller: Caller, input: Record<string, unknown>) => caller.run(UPDATE, { input: { product: "crm", ...input } });
const rowsOf = (tenantId: string) => app.sql("select * from tenant_products where tenant_id = $1 order by product", [tenantId]);
async function home({ status = "active", config = { seats: 1 } }: { status?: string; config?: object } = {}) {
  const tenant = await world.tenant({ status });
  await tenant.entitlement("crm");
  await app.sql("update tenant_products set config = $2, expires_at = '2099-01-01' where tenant_id = $1", [tenant.id, JSON.stringify(config)]);
  return tenant;
}

describe("updateEntitlement", () => {
  describe("invalid", () => {
    it.each(BAD_CONFIGS)("settings are refused that are %s", async (_, config) => {
      const { id } = await home();
      const before = await rowsOf(id);
      fault(await update(world.operator, { tenantId: id, config }), "BAD_USER_INPUT", "config");
      expect(await rowsOf(id)).toEqual(before);
    });

    it.each(UNFIT_FOR_DESK)("settings are refused that the product's schema does not take: %j", async (config, field, message) => {
      const tenant = await world.tenant();
      await tenant.entitlement("desk");
      const before = await rowsOf(tenant.id);
      expect(fault(await update(world.operator, { tenantId: tenant.id, product: "desk", config }), "BAD_USER_INPUT", field).message).toBe(message);
      expect(await rowsOf(tenant.id)).toEqual(before);
      expect(await actionsIn(app, tenant.id)).toEqual([]);
    });

    it("an end in the past is refused", async () => {
      const { id } = await home();
      const before = await rowsOf(id);
      fault(await update(world.operator, { tenantId: id, expiresAt: "2020-01-01T00:00:00Z", config: {} }), "BAD_USER_INPUT", "expiresAt");
      expect(await rowsOf(id)).toEqual(before);
    });

    it.each(["", "CRM", "a\u0000b"])("product %j is refused", async (product) => {
      fault(await update(world.operator, { tenantId: (await home()).id, product }), "BAD_USER_INPUT", "product");
    });
  });

  it("unauthenticated: nobody without a token changes one", async () => {
    fault(await update(world.anonymous, { tenantId: (await home()).id, config: {} }), "UNAUTHENTICATED");
  });

  it("forbidden: only operators change one, not even an admin its own tenant's", async () => {
    const tenant = await home();
    const before = await rowsOf(tenant.id);
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.support, world.service]) fault(await update(caller, { tenantId: tenant.id, config: {} }), "FORBIDDEN");
    expect(await rowsOf(tenant.id)).toEqual(before);
  });

  it("someone else's: an operator who narrowed gets the same answer for another tenant as for none, and nothing is written", async () => {
    const [mine, theirs] = [await home(), await home()];
    const before = await rowsOf(theirs.id);
    expect(before).toHaveLength(1);
    const narrowed = (tenantId: string) => world.operator.run(UPDATE, { input: { tenantId, product: "crm", config: {} } }, { "x-tenant-id": mine.id });
    const refused = await narrowed(theirs.id);
    fault(refused, "NOT_FOUND");
    expect((await narrowed(randomUUID())).body).toEqual(refused.body);
    expect(await rowsOf(theirs.id)).toEqual(before);
    expect(await actionsIn(app, theirs.id)).toEqual([]);
  });

  it("what was never granted is not found", async () => {
    const { id } = await home();
    fault(await update(world.operator, { tenantId: id, product: "erp", config: {} }), "NOT_FOUND");
    expect(await rowsOf(id)).toHaveLength(1);
  });

  it("what is withdrawn is not changed", async () => {
    const { id } = await home();
    await app.sql("update tenant_products set enabled = false where tenant_id = $1", [id]);
    const before = await rowsOf(id);
    fault(await update(world.operator, { tenantId: id, config: {} }), "FAILED_PRECONDITION");
    expect(await rowsOf(id)).toEqual(before);
    expect(await actionsIn(app, id)).toEqual([]);
  });

  it("what has ended is not changed, whether a job has written that down or not", async () => {
    const { id } = await home();
    await app.sql("update tenant_products set expires_at = now() - interval '1 second' where tenant_id = $1", [id]);
    for (const enabled of [true, false]) {
      await app.sql("update tenant_products set enabled = $2 where tenant_id = $1", [id, enabled]);
      fault(await update(world.operator, { tenantId: id, expiresAt: "2099-01-01T00:00:00Z" }), "FAILED_PRECONDITION");
    }
    expect(await actionsIn(app, id)).toEqual([]);
  });

  it("a trial can be prolonged, and stays a trial with an end", async () => {
    const { id } = await home();
    await app.sql("update tenant_products set source = 'trial', trial_started_at = now() where tenant_id = $1", [id]);
    fault(await update(world.operator, { tenantId: id, expiresAt: null }), "BAD_USER_INPUT", "expiresAt");
    data(await update(world.operator, { tenantId: id, expiresAt: "2098-01-01T00:00:00Z" }));
    expect(await rowsOf(id)).toMatchObject([{ source: "trial", expires_at: new Date("2098-01-01T00:00:00Z"), version: 2 }]);
  });

  it("archived: not even an operator may", async () => {
    const { id } = await home({ status: "archived" });
    fault(await update(world.operator, { tenantId: id, config: {} }), "TENANT_READ_ONLY");
    expect(await actionsIn(app, id)).toEqual([]);
  });

  it("frozen: an operator may", async () => {
    const { id } = await home({ status: "frozen" });
    data(await update(world.operator, { tenantId: id, config: {} }));
    expect(await actionsIn(app, id)).toEqual(["entitlement.update"]);
  });

  it("an update of what somebody else changed meanwhile is refused", async () => {
    const { id } = await home();
    data(await update(world.operator, { tenantId: id, config: { seats: 2 }, expectedVersion: 1 }));
    fault(await update(world.operator, { tenantId: id, config: { seats: 3 }, expectedVersion: 1 }), "CONFLICT", "expectedVersion");
    expect(await rowsOf(id)).toMatchObject([{ config: { seats: 2 }, version: 2 }]);
  });

  it("of ten concurrent updates with one expected version exactly one wins, with one event", async () => {
    const { id } = await home();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, seats) => update(world.operator, { tenantId: id, config: { seats: seats + 10 }, expectedVersion: 1 })));
    const winners = answers.filter(({ body }) => !body.errors);
    expect(winners).toHaveLength(1);
    for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "expectedVersion");
    expect(await rowsOf(id)).toMatchObject([{ config: winners[0]?.body.data?.["updateEntitlement"].entitlement.config, version: 2 }]);
    expect(await actionsIn(app, id)).toEqual(["entitlement.update"]);
  });

  it("an update that changes nothing writes no event and no version, in whatever order the settings are given", async () => {
    const { id } = await home({ config: { seats: 1, a: { z: [1, { y: 2, x: 3 }], b: null } } });
    const before = await rowsOf(id);
    for (const input of [{}, { config: { seats: 1, a: { z: [1, { y: 2, x: 3 }], b: null } } }, { expiresAt: "2099-01-01T00:00:00Z" }, { expiresAt: "2099-01-01T01:00:00+01:00" }]) {
      data(await update(world.operator, { tenantId: id, ...input }));
    }
    expect(await rowsOf(id)).toEqual(before);
    expect(await actionsIn(app, id)).toEqual([]);
  });

  it("settings that were adopted and do not fit may stay while something else changes, but not become others that do not fit", async () => {
    const tenant = await world.tenant();
    for (const product of ["desk", "legacy-suite"]) await tenant.entitlement(product);
    await app.sql(`update tenant_products set config = '{"color": "red"}' where tenant_id = $1`, [tenant.id]);
    const expiresAt = "2099-01-01T00:00:00.000Z";
    for (const product of ["desk", "legacy-suite"]) {
      const same = { tenantId: tenant.id, product, config: { color: "red" }, expiresAt };
      expect(data(await update(world.operator, same))["updateEntitlement"].entitlement).toMatchObject({ config: { color: "red" }, expiresAt, version: 2 });
    }
    fault(await update(world.operator, { tenantId: tenant.id, product: "desk", config: { color: "blue" } }), "BAD_USER_INPUT", "config");
    fault(await update(world.operator, { tenantId: tenant.id, product: "legacy-suite", config: {} }), "BAD_USER_INPUT", "product");
    expect(await rowsOf(tenant.id)).toMatchObject([{ config: { color: "red" }, version: 2 }, { config: { color: "red" }, version: 2 }]);
  });

  it("the order of a list counts", async () => {
    const { id } = await home({ config: { list: [1, 2] } });
    expect(data(await update(world.operator, { tenantId: id, config: { list: [2, 1] } }))["updateEntitlement"].entitlement).toMatchObject({ config: { list: [2, 1] }, version: 2 });
  });

  it("settings with the names of what every object has are settings like any other, before and after", async () => {
    const { id } = await home({ config: NAMED_AS_IN_OBJECTS });
    for (const config of [{ ...NAMED_AS_IN_OBJECTS, inner: { toString: { c: 4 } } }, { seats: 1 }, NAMED_AS_IN_OBJECTS]) {
      expect(data(await update(world.operator, { tenantId: id, config }))["updateEntitlement"].entitlement.config).toEqual(config);
      expect((await rowsOf(id))[0]?.["config"]).toEqual(config);
    }
    data(await update(world.operator, { tenantId: id, expiresAt: null }));
    expect(await rowsOf(id)).toMatchObject([{ config: NAMED_AS_IN_OBJECTS, expires_at: null, version: 5 }]);
  });

  it("settings are replaced as a whole, null takes the end away, and what is left out stays", async () => {
    const { id } = await home();
    data(await update(world.operator, { tenantId: id, config: { color: "red" } }));
    expect(await rowsOf(id)).toMatchObject([{ config: { color: "red" }, expires_at: new Date("2099-01-01T00:00:00Z"), version: 2 }]);
    data(await update(world.operator, { tenantId: id, expiresAt: null }));
    expect(await rowsOf(id)).toMatchObject([{ config: { color: "red" }, expires_at: null, version: 3 }]);
    expect((await eventsOf(app, id)).map(({ metadata }) => metadata["changed"])).toEqual([["config"], ["expiresAt"]]);
  });

  it("ok and audited: the row and its event are written together, and the settings stay out of the log", async () => {
    const [{ id }, subject, requestId] = [await home(), unique("op"), unique("request")];
    const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
    const input = { tenantId: id, product: "crm", config: { password: "x" }, expiresAt: "2098-01-01T00:00:00.000Z", expectedVersion: 1 };
    const answer = await operator.run(UPDATE, { input }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["updateEntitlement"].entitlement).toEqual({ id: `${id}:crm`, enabled: true, config: { password: "x" }, expiresAt: "2098-01-01T00:00:00.000Z", version: 2 });
    expect(await eventsOf(app, id)).toEqual([
      {
        action: "entitlement.update",
        actorType: "user",
        targetType: "entitlement",
        targetId: `${id}:crm`,
        targetName: "crm",
        projectId: null,
        product: "crm",
        metadata: { changed: ["config", "expiresAt"], actor_role: "operator" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Olga" });
  });
});
