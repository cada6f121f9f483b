import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const CREATE = `mutation ($input: CreateTenantInput!) { createTenant(input: $input) { tenant {
  id slug name status kind plan trialEndsAt contractStart contractEnd erpCustomerId stripeCustomerId salesOwner keycloakOrganizationId version
} } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const create = (caller: Caller, input: Record<string, unknown>) => caller.run(CREATE, { input: { slug: unique("t"), name: "A tenant", ...input } });
const idOf = async (slug: string) => (await app.sql<{ id: string }>("select id from tenants where slug = $1", [slug])).map(({ id }) => id);

describe("createTenant", () => {
  describe("invalid", () => {
    it.each([
      ["ab", "too short"],
      ["-abc", "a leading hyphen"],
      ["abc-", "a trailing hyphen"],
      ["Abc", "an upper-case letter"],
      ["a_b", "an underscore"],
      ["abc\n", "a line break"],
      ["a\u0000c", "a null character"],
      ["a".repeat(41), "too long"],
      ["admin", "reserved"],
      ["graphql", "reserved"],
      ["tenants", "reserved"],
    ])("slug %j is refused: %s", async (slug) => {
      fault(await create(world.operator, { slug }), "BAD_USER_INPUT", "slug");
      if (!slug.includes("\u0000")) expect(await idOf(slug)).toEqual([]);
    });

    it.each([
      ["name", ""],
      ["name", "  "],
      ["name", "a\u0000b"],
      ["name", "a\u202eb"],
      ["name", "a\ud800b"],
      ["name", "x".repeat(201)],
      ["plan", ""],
      ["plan", "Enterprise"],
      ["plan", "p".repeat(64)],
      ["plan", "of-no-catalogue"],
      ["trialDays", 0],
      ["trialDays", -1],
      ["trialDays", 91],
      ["erpCustomerId", ""],
      ["erpCustomerId", "e".repeat(201)],
      ["erpCustomerId", "a\u0000b"],
      ["stripeCustomerId", "a\ud800b"],
      ["salesOwner", ""],
    ])("%s %j is refused", async (field, value) => {
      const slug = unique("t");
      fault(await create(world.operator, { slug, [field]: value }), "BAD_USER_INPUT", field);
      expect(await idOf(slug)).toEqual([]);
    });

    it.each([
      [{ status: "FROZEN" }, "status"],
      [{ status: "ARCHIVED" }, "status"],
      [{ status: "DEMO" }, "status"],
      [{ kind: "DEMO", status: "ACTIVE" }, "status"],
      [{ kind: "DEMO", status: "TRIAL" }, "status"],
      [{ kind: "DEMO", trialDays: 7 }, "trialDays"],
      [{ status: "ACTIVE", trialDays: 7 }, "trialDays"],
      [{ contractStart: "2026-02-01", contractEnd: "2026-01-31" }, "contractEnd"],
    ])("%o is refused at %s", async (input, field) => {
      const slug = unique("t");
      fault(await create(world.operator, { slug, ...input }), "BAD_USER_INPUT", field);
      expect(await idOf(slug)).toEqual([]);
    });

    it.each(["2026-02-30", "2026-13-01", "01.02.2026", "0000-01-01"])("a contract does not start on %s", async (contractStart) => {
      fault(await create(world.operator, { contractStart }), "BAD_USER_INPUT");
    });
  });

  it("unauthenticated: nobody without a token creates one", async () => {
    fault(await create(world.anonymous, {}), "UNAUTHENTICATED");
  });

  it("forbidden: only operators create tenants", async () => {
    const tenant = await world.tenant();
    const slug = unique("t");
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.support, world.service]) fault(await create(caller, { slug }), "FORBIDDEN");
    expect(await idOf(slug)).toEqual([]);
  });

  it("someone else's: an operator who narrowed to one tenant makes no other", async () => {
    const [tenant, slug] = [await world.tenant(), unique("t")];
    fault(await world.operator.run(CREATE, { input: { slug, name: "x" } }, { "x-tenant-id": tenant.id }), "BAD_USER_INPUT", "X-Tenant-ID");
    expect(await idOf(slug)).toEqual([]);
  });

  describe("taken", () => {
    it("a slug is used once, also after its tenant was archived", async () => {
      for (const status of ["active", "archived"]) {
        const { slug, id } = await world.tenant({ status });
        fault(await create(world.operator, { slug }), "CONFLICT", "slug");
        expect(await idOf(slug)).toEqual([id]);
        expect(await actionsIn(app, id)).toEqual([]);
      }
    });

    it.each(["erpCustomerId", "stripeCustomerId"])("a customer's %s belongs to one tenant, and the answer names the field", async (field) => {
      const [reference, slug] = [unique("ref"), unique("t")];
      data(await create(world.operator, { [field]: reference }));
      fault(await create(world.operator, { slug, [field]: reference }), "CONFLICT", field);
      expect(await idOf(slug)).toEqual([]);
    });

    it("any number of tenants have no reference at all", async () => {
      for (let i = 0; i < 2; i++) data(await create(world.operator, { erpCustomerId: null, stripeCustomerId: null }));
    });

    it("of twenty concurrent creations of one slug exactly one wins, with one event", async () => {
      const slug = unique("race");
      const answers = await Promise.all(Array.from({ length: 20 }, () => create(world.operator, { slug })));
      const [winner, ...others] = answers.filter(({ body }) => !body.errors);
      expect(others).toEqual([]);
      for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "slug");
      expect(await idOf(slug)).toEqual([winner?.body.data?.["createTenant"].tenant.id]);
      expect(await app.sql("select action from audit_log where target_name = $1", [slug])).toEqual([{ action: "tenant.create" }]);
    });
  });

  it.each([
    [undefined, "2026-05-15T10:00:00.000Z"],
    [1, "2026-05-02T10:00:00.000Z"],
    [90, "2026-07-30T10:00:00.000Z"],
  ])("a trial of %s days ends at %s by the service's clock", async (trialDays, trialEndsAt) => {
    app.clock.now = new Date("2026-05-01T10:00:00.000Z");
    const operator = await world.caller({ realm_access: { roles: ["platform-operator"] } });
    expect(data(await create(operator, { trialDays }))["createTenant"].tenant).toMatchObject({ status: "TRIAL", trialEndsAt });
  });

  it.each([
    [{ status: "ACTIVE" }, { kind: "CUSTOMER", status: "ACTIVE", trialEndsAt: null }],
    [{ kind: "DEMO" }, { kind: "DEMO", status: "DEMO", trialEndsAt: null }],
    [{ kind: "DEMO", status: "DEMO" }, { kind: "DEMO", status: "DEMO", trialEndsAt: null }],
  ])("%o begins as %o", async (input, begun) => {
    expect(data(await create(world.operator, input))["createTenant"].tenant).toMatchObject(begun);
  });

  const anOperator = () => world.caller({ realm_access: { roles: ["platform-operator"] } });

  describeRepeatable(() => app, "tenant.create", async () => {
    const [operator, colleague] = [await anOperator(), await anOperator()];
    const [slug, otherSlug] = [unique("t"), unique("t")];
    return {
      send: (idempotencyKey, { other, by } = {}) => create(by ? colleague : operator, { slug: other ? otherSlug : slug, idempotencyKey }),
      async hinder() {
        const tenant = await world.tenant();
        await app.sql("update tenants set slug = $2 where id = $1", [tenant.id, slug]);
        return async () => void (await app.sql("update tenants set slug = $2 where id = $1", [tenant.id, unique("t")]));
      },
      count: async () => (await idOf(slug)).length + (await idOf(otherSlug)).length,
      tenantId: async () => (await idOf(slug))[0] ?? null,
    };
  });

  it("a key that is no longer kept still makes no second tenant", async () => {
    const [operator, idempotencyKey] = [await anOperator(), unique("key")];
    const { id } = data(await create(operator, { idempotencyKey }))["createTenant"].tenant;
    expect(await app.sql("delete from idempotency_keys where tenant_id = $1 returning operation", [id])).toEqual([[{ operation: "createTenant" }], 1]);
    const slug = unique("t");
    fault(await create(operator, { slug, idempotencyKey }), "CONFLICT", "idempotencyKey");
    expect(await idOf(slug)).toEqual([]);
  });

  it("ok and audited: the row and its event are written together, and what was answered is what is stored", async () => {
    const [slug, erpCustomerId, stripeCustomerId, subject] = [unique("t"), unique("erp"), unique("cus"), unique("op")];
    const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
    const commercial = { plan: "enterprise", erpCustomerId, stripeCustomerId, salesOwner: "dana", contractStart: "2026-01-01", contractEnd: "2026-12-31" };
    const requestId = unique("request");
    const input = { slug, name: "Acme GmbH 🚀", status: "ACTIVE", ...commercial };
    const answer = await operator.run(CREATE, { input }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { tenant } = data(answer)["createTenant"];
    expect(tenant).toEqual({
      ...commercial,
      id: expect.any(String),
      slug,
      name: "Acme GmbH 🚀",
      status: "ACTIVE",
      kind: "CUSTOMER",
      trialEndsAt: null,
      keycloakOrganizationId: null,
      version: 1,
    });
    const FIELDS = /tenant \{([^}]*)\}/.exec(CREATE)?.[1];
    expect(data(await operator.run(`query ($id: ID!) { tenant(id: $id) { ${FIELDS} } }`, { id: tenant.id }))["tenant"]).toEqual(tenant);
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "tenant.create",
        actorType: "user",
        targetType: "tenant",
        targetId: tenant.id,
        targetName: slug,
        projectId: null,
        product: null,
        metadata: { slug, kind: "customer", plan: "enterprise", status: "active", trialEndsAt: null, actor_role: "operator" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Olga" });
  });
});
