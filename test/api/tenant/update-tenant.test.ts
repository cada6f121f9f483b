import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const UPDATE = `mutation ($input: UpdateTenantInput!) { updateTenant(input: $input) { tenant { id slug name plan version } } }`;
const COMMERCIAL = { plan: "pro", erpCustomerId: "e", stripeCustomerId: "s", contractStart: "2026-01-01", contractEnd: "2026-12-31", salesOwner: "d", keycloakOrganizationId: "k" };

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const update = (caller: Caller, input: Record<string, unknown>) => caller.run(UPDATE, { input });
const rowOf = async (id: string) =>
  (await app.sql(
    `select name, plan, version, erp_customer_id, stripe_cust_id, sales_owner, keycloak_org_id,
            contract_start::text, contract_end::text from tenants where id = $1`,
    [id],
  ))[0];

describe("updateTenant", () => {
  describe("invalid", () => {
    it.each([
      ["name", null],
      ["name", ""],
      ["name", "a\u0000b"],
      ["name", "a\ud800b"],
      ["name", "x".repeat(201)],
      ["plan", null],
      ["plan", "Pro"],
      ["plan", "of-no-catalogue"],
      ["erpCustomerId", ""],
      ["stripeCustomerId", "a\u0000b"],
      ["keycloakOrganizationId", "k".repeat(201)],
    ])("%s %j is refused", async (field, value) => {
      const tenant = await world.tenant();
      const before = await rowOf(tenant.id);
      fault(await update(world.operator, { id: tenant.id, [field]: value }), "BAD_USER_INPUT", field);
      expect(await rowOf(tenant.id)).toEqual(before);
    });

    it("a contract does not end before it starts, whichever of the two is given", async () => {
      const { id } = await world.tenant();
      data(await update(world.operator, { id, contractStart: "2026-02-01", contractEnd: "2026-03-01" }));
      fault(await update(world.operator, { id, contractEnd: "2026-01-31" }), "BAD_USER_INPUT", "contractEnd");
      fault(await update(world.operator, { id, contractStart: "2026-03-02" }), "BAD_USER_INPUT", "contractEnd");
      expect(await rowOf(id)).toMatchObject({ contract_start: "2026-02-01", contract_end: "2026-03-01", version: 2 });
      expect(await actionsIn(app, id)).toEqual(["tenant.update"]);
    });
  });

  it("a plan that was adopted and that the catalogue does not know may stay, and is left for one that it knows", async () => {
    const { id } = await world.tenant();
    await app.sql("update tenants set plan = 'gold-2019' where id = $1", [id]);
    for (const input of [{ name: "Renamed" }, { plan: "gold-2019", salesOwner: "lee" }]) data(await update(world.operator, { id, ...input }));
    expect(await rowOf(id)).toMatchObject({ name: "Renamed", plan: "gold-2019", sales_owner: "lee", version: 3 });
    fault(await update(world.operator, { id, plan: "gold-2020" }), "BAD_USER_INPUT", "plan");
    data(await update(world.operator, { id, plan: "pro" }));
    expect(await rowOf(id)).toMatchObject({ plan: "pro", version: 4 });
  });

  it("unauthenticated: nobody without a token changes one", async () => {
    const { id } = await world.tenant();
    fault(await update(world.anonymous, { id, name: "x" }), "UNAUTHENTICATED");
  });

  describe("forbidden", () => {
    it("members, auditors, support and services change nothing", async () => {
      const tenant = await world.tenant({ name: "before" });
      for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) {
        fault(await update(caller, { id: tenant.id, name: "x" }), "FORBIDDEN");
      }
      expect(await rowOf(tenant.id)).toMatchObject({ name: "before", version: 1 });
    });

    it.each(Object.keys(COMMERCIAL))("an admin may not even clear %s, and the name given beside it is not changed either", async (field) => {
      const tenant = await world.tenant({ name: "before" });
      const before = await rowOf(tenant.id);
      for (const value of [COMMERCIAL[field as keyof typeof COMMERCIAL], null]) {
        fault(await update(tenant.admin, { id: tenant.id, name: "x", [field]: value }), "FORBIDDEN", field);
      }
      expect(await rowOf(tenant.id)).toEqual(before);
      expect(await actionsIn(app, tenant.id)).toEqual([]);
    });
  });

  it("someone else's: a tenant that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant({ name: "theirs" })];
    expect(await rowOf(theirs.id)).toMatchObject({ name: "theirs" });
    const refused = await update(mine.admin, { id: theirs.id, name: "x" });
    fault(refused, "NOT_FOUND");
    expect((await update(mine.admin, { id: randomUUID(), name: "x" })).body).toEqual(refused.body);
    expect((await update(mine.admin, { id: "no-uuid", name: "x" })).body).toEqual(refused.body);
    expect((await update(world.operator, { id: randomUUID(), name: "x" })).body).toEqual(refused.body);
    expect((await world.operator.run(UPDATE, { input: { id: theirs.id, name: "x" } }, { "x-tenant-id": mine.id })).body).toEqual(refused.body);
    expect(await rowOf(theirs.id)).toMatchObject({ name: "theirs", version: 1 });
    expect(await actionsIn(app, theirs.id)).toEqual([]);
  });

  it("archived: nobody changes anything, not even an operator", async () => {
    const tenant = await world.tenant({ status: "archived", name: "before" });
    for (const caller of [tenant.admin, world.operator]) fault(await update(caller, { id: tenant.id, name: "x" }), "TENANT_READ_ONLY");
    expect(await rowOf(tenant.id)).toMatchObject({ name: "before", version: 1 });
  });

  it("frozen: the tenant's own people change nothing, an operator may", async () => {
    const tenant = await world.tenant({ status: "frozen", name: "before" });
    fault(await update(tenant.admin, { id: tenant.id, name: "x" }), "TENANT_READ_ONLY");
    expect(await rowOf(tenant.id)).toMatchObject({ name: "before", version: 1 });
    data(await update(world.operator, { id: tenant.id, name: "after" }));
    expect(await rowOf(tenant.id)).toMatchObject({ name: "after", version: 2 });
  });

  it.each(["erpCustomerId", "stripeCustomerId", "keycloakOrganizationId"])("%s belongs to one tenant, and the answer names the field", async (field) => {
    const [one, other, reference] = [await world.tenant(), await world.tenant(), unique("ref")];
    data(await update(world.operator, { id: one.id, [field]: reference }));
    const before = await rowOf(other.id);
    fault(await update(world.operator, { id: other.id, [field]: reference }), "CONFLICT", field);
    expect(await rowOf(other.id)).toEqual(before);
    expect(await actionsIn(app, other.id)).toEqual([]);
  });

  describe("version", () => {
    it("an update of what somebody else changed meanwhile is refused", async () => {
      const tenant = await world.tenant();
      data(await update(tenant.admin, { id: tenant.id, name: "one", expectedVersion: 1 }));
      fault(await update(tenant.admin, { id: tenant.id, name: "two", expectedVersion: 1 }), "CONFLICT", "expectedVersion");
      fault(await update(tenant.admin, { id: tenant.id, name: "two", expectedVersion: 3 }), "CONFLICT", "expectedVersion");
      expect(await rowOf(tenant.id)).toMatchObject({ name: "one", version: 2 });
    });

    it("of twenty concurrent updates with one expected version exactly one wins, with one event", async () => {
      const tenant = await world.tenant();
      const names = Array.from({ length: 20 }, (_, i) => `name ${i}`);
      const answers = await Promise.all(names.map((name) => update(tenant.admin, { id: tenant.id, name, expectedVersion: 1 })));
      const winners = answers.filter(({ body }) => !body.errors);
      expect(winners).toHaveLength(1);
      for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "expectedVersion");
      expect(await rowOf(tenant.id)).toMatchObject({ name: winners[0]?.body.data?.["updateTenant"].tenant.name, version: 2 });
      expect(await actionsIn(app, tenant.id)).toEqual(["tenant.update"]);
    });

    it("concurrent updates without one all happen, one after the other, each with its event", async () => {
      const tenant = await world.tenant();
      const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => update(tenant.admin, { id: tenant.id, name: `name ${i}` })));
      const versions = answers.map((answer) => data(answer)["updateTenant"].tenant.version as number);
      expect(versions.sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
      expect(await actionsIn(app, tenant.id)).toHaveLength(8);
    });
  });

  it("an update that changes nothing writes no event and no version", async () => {
    const tenant = await world.tenant({ name: "same" });
    const row = () => app.sql("select * from tenants where id = $1", [tenant.id]);
    const before = await row();
    for (const input of [{}, { name: "same" }, { name: "same", plan: "starter", salesOwner: "dana", contractStart: null, erpCustomerId: `erp-${tenant.slug}` }]) {
      expect(data(await update(world.operator, { id: tenant.id, ...input }))["updateTenant"].tenant).toMatchObject({ name: "same", version: 1 });
    }
    expect(await row()).toEqual(before);
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("the same contract dates given again change nothing", async () => {
    const { id } = await world.tenant();
    const dates = { contractStart: "2026-01-01", contractEnd: "2026-12-31" };
    for (let i = 0; i < 2; i++) data(await update(world.operator, { id, ...dates }));
    expect(await rowOf(id)).toMatchObject({ version: 2 });
    expect(await actionsIn(app, id)).toEqual(["tenant.update"]);
  });

  it("null clears what can be empty, and what is left out stays", async () => {
    const { id } = await world.tenant();
    const set = { erpCustomerId: unique("erp"), stripeCustomerId: unique("cus"), contractStart: "2026-01-01", contractEnd: "2026-12-31", salesOwner: "eva", keycloakOrganizationId: unique("org") };
    data(await update(world.operator, { id, plan: "pro", ...set }));
    data(await update(world.operator, { id, ...Object.fromEntries(Object.keys(set).map((field) => [field, null])) }));
    expect(await rowOf(id)).toEqual({
      name: "A tenant",
      plan: "pro",
      version: 3,
      erp_customer_id: null,
      stripe_cust_id: null,
      sales_owner: null,
      keycloak_org_id: null,
      contract_start: null,
      contract_end: null,
    });
    expect((await eventsOf(app, id)).map(({ metadata }) => metadata["changed"])).toEqual([["plan", ...Object.keys(set)].sort(), Object.keys(set).sort()]);
  });

  it("ok and audited: the row and its event are written together", async () => {
    const [tenant, subject, requestId] = [await world.tenant(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await admin.run(UPDATE, { input: { id: tenant.id.toUpperCase(), name: "New name", expectedVersion: 1 } }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["updateTenant"].tenant).toEqual({ id: tenant.id, slug: tenant.slug, name: "New name", plan: "starter", version: 2 });
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "tenant.update",
        actorType: "user",
        targetType: "tenant",
        targetId: tenant.id,
        targetName: tenant.slug,
        projectId: null,
        product: null,
        metadata: {
          changed: ["name"],
          before: { name: "A tenant", plan: "starter", keycloakOrganizationId: null },
          after: { name: "New name", plan: "starter", keycloakOrganizationId: null },
        },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
