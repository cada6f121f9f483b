import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const POLICY = "maxLifetimeDays mayNeverExpire version";
const UPDATE = `mutation ($input: UpdateApiKeyPolicyInput!) { updateApiKeyPolicy(input: $input) { policy { ${POLICY} } } }`;
const READ = `query ($id: ID!) { tenant(id: $id) { id apiKeyPolicy { ${POLICY} } } }`;
const NO_POLICY = { maxLifetimeDays: 90, mayNeverExpire: false, version: 0 };

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const update = (caller: Caller, input: Record<string, unknown>, headers = {}) => caller.run(UPDATE, { input }, headers);
const read = async (caller: Caller, { id }: { id: string }) => data(await caller.run(READ, { id }))["tenant"]?.apiKeyPolicy;
const rowsOf = ({ id }: { id: string }) => app.sql("select max_lifetime_days, may_never_expire, version from api_key_policies where tenant_id = $1", [id]);
const expectUntouched = async (tenant: TenantInWorld) => expect([await rowsOf(tenant), await actionsIn(app, tenant.id)]).toEqual([[], []]);

describe("updateApiKeyPolicy", () => {
  it("unauthenticated and forbidden: nobody but an admin or an operator says how long keys live", async () => {
    const tenant = await world.tenant();
    fault(await update(world.anonymous, { tenantId: tenant.id, maxLifetimeDays: 10 }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await update(caller, { tenantId: tenant.id, maxLifetimeDays: 10 }), "FORBIDDEN");
    await expectUntouched(tenant);
  });

  it("someone else's: a tenant that is there and one that is not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    data(await update(theirs.admin, { maxLifetimeDays: 200 }));
    expect(await rowsOf(theirs)).toEqual([{ max_lifetime_days: 200, may_never_expire: false, version: 1 }]);
    const refused = await update(mine.admin, { tenantId: theirs.id, maxLifetimeDays: 1 });
    fault(refused, "NOT_FOUND");
    for (const tenantId of [randomUUID(), "no-uuid"]) expect((await update(mine.admin, { tenantId, maxLifetimeDays: 1 })).body).toEqual(refused.body);
    expect((await update(world.operator, { tenantId: theirs.id, maxLifetimeDays: 1 }, { "x-tenant-id": mine.id })).body).toEqual(refused.body);
    expect(await rowsOf(theirs)).toEqual([{ max_lifetime_days: 200, may_never_expire: false, version: 1 }]);
    await expectUntouched(mine);
  });

  it("forbidden: a tenant's admin neither allows nor takes back keys that never expire, not even together with what it may change", async () => {
    const tenant = await world.tenant();
    for (const mayNeverExpire of [true, false]) fault(await update(tenant.admin, { maxLifetimeDays: 10, mayNeverExpire }), "FORBIDDEN", "mayNeverExpire");
    await expectUntouched(tenant);
  });

  it.each([
    [{ maxLifetimeDays: 0 }, "maxLifetimeDays"],
    [{ maxLifetimeDays: -1 }, "maxLifetimeDays"],
    [{ maxLifetimeDays: 366 }, "maxLifetimeDays"],
    [{ maxLifetimeDays: null }, "maxLifetimeDays"],
    [{ mayNeverExpire: null }, "mayNeverExpire"],
  ])("invalid: %o is refused", async (input, field) => {
    const tenant = await world.tenant();
    fault(await update(world.operator, { tenantId: tenant.id, ...input }), "BAD_USER_INPUT", field);
    await expectUntouched(tenant);
  });

  it("invalid: staff must name the tenant", async () => {
    fault(await update(world.operator, { maxLifetimeDays: 10 }), "BAD_USER_INPUT", "tenantId");
  });

  it("in a demo its own people change nothing, and in an archived tenant nobody does", async () => {
    const [demo, archived] = [await world.tenant({ status: "demo", kind: "demo" }), await world.tenant({ status: "archived" })];
    fault(await update(demo.admin, { maxLifetimeDays: 10 }), "FAILED_PRECONDITION");
    for (const caller of [archived.admin, world.operator]) fault(await update(caller, { tenantId: archived.id, maxLifetimeDays: 10 }), "TENANT_READ_ONLY");
    await expectUntouched(demo);
    await expectUntouched(archived);
  });

  it("in a frozen tenant its own people change nothing, an operator may", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    fault(await update(tenant.admin, { maxLifetimeDays: 10 }), "TENANT_READ_ONLY");
    await expectUntouched(tenant);
    data(await update(world.operator, { tenantId: tenant.id, maxLifetimeDays: 10 }));
    expect(await read(tenant.admin, tenant)).toEqual({ maxLifetimeDays: 10, mayNeverExpire: false, version: 1 });
  });

  it("a policy that somebody else changed meanwhile is refused, also one that was not there yet", async () => {
    const tenant = await world.tenant();
    fault(await update(tenant.admin, { maxLifetimeDays: 10, expectedVersion: 1 }), "CONFLICT", "expectedVersion");
    await expectUntouched(tenant);
    data(await update(tenant.admin, { maxLifetimeDays: 10, expectedVersion: 0 }));
    fault(await update(tenant.admin, { maxLifetimeDays: 20, expectedVersion: 0 }), "CONFLICT", "expectedVersion");
    data(await update(tenant.admin, { maxLifetimeDays: 20, expectedVersion: 1 }));
    expect(await rowsOf(tenant)).toEqual([{ max_lifetime_days: 20, may_never_expire: false, version: 2 }]);
  });

  it.each([0, 1])("of twenty at once that saw version %i exactly one is done, with one event; the others conflict", async (expectedVersion) => {
    const tenant = await world.tenant();
    if (expectedVersion > 0) data(await update(tenant.admin, { maxLifetimeDays: 300 }));
    const before = await actionsIn(app, tenant.id);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => update(tenant.admin, { maxLifetimeDays: n + 1, expectedVersion })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "expectedVersion");
    expect(await rowsOf(tenant)).toMatchObject([{ version: expectedVersion + 1 }]);
    expect(await actionsIn(app, tenant.id)).toEqual([...before, "api_key.update_policy"]);
  });

  it("of twenty at once that differ all are done, one after the other, and each is recorded", async () => {
    const tenant = await world.tenant();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => update(tenant.admin, { maxLifetimeDays: n + 1 })));
    const versions = answers.map((answer) => data(answer)["updateApiKeyPolicy"].policy.version).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    expect(await rowsOf(tenant)).toMatchObject([{ version: 20 }]);
    expect(await actionsIn(app, tenant.id)).toHaveLength(20);
  });

  it("what already holds changes nothing and writes no event, also where there is no policy yet", async () => {
    const tenant = await world.tenant();
    for (const input of [{}, { maxLifetimeDays: 90 }]) expect(data(await update(tenant.admin, input))["updateApiKeyPolicy"].policy).toEqual(NO_POLICY);
    await expectUntouched(tenant);
    data(await update(tenant.admin, { maxLifetimeDays: 10 }));
    expect(data(await update(tenant.admin, { maxLifetimeDays: 10 }))["updateApiKeyPolicy"].policy.version).toBe(1);
    expect(await actionsIn(app, tenant.id)).toEqual(["api_key.update_policy"]);
  });

  it("ok: what an operator allowed stays when the tenant's admin changes the rest, and goes when the operator takes it back", async () => {
    const tenant = await world.tenant();
    data(await update(world.operator, { tenantId: tenant.id, mayNeverExpire: true }));
    expect(data(await update(tenant.admin, { maxLifetimeDays: 365 }))["updateApiKeyPolicy"].policy).toEqual({ maxLifetimeDays: 365, mayNeverExpire: true, version: 2 });
    expect(data(await update(world.operator, { tenantId: tenant.id, mayNeverExpire: false }))["updateApiKeyPolicy"].policy).toEqual({ maxLifetimeDays: 365, mayNeverExpire: false, version: 3 });
  });

  it("ok and audited: the row and its event are written together, and what is answered is what everybody then reads", async () => {
    const [tenant, subject, requestId] = [await world.tenant(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await update(admin, { maxLifetimeDays: 1 }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { policy } = data(answer)["updateApiKeyPolicy"];
    expect(policy).toEqual({ maxLifetimeDays: 1, mayNeverExpire: false, version: 1 });
    for (const caller of [tenant.admin, world.support, world.operator]) expect(await read(caller, tenant)).toEqual(policy);
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "api_key.update_policy",
        actorType: "user",
        targetType: "api_key_policy",
        targetId: tenant.id,
        targetName: tenant.slug,
        projectId: null,
        product: null,
        metadata: { changed: ["maxLifetimeDays"], max_lifetime_days: 1, may_never_expire: false },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});

describe("Tenant.apiKeyPolicy", () => {
  it("forbidden: members, auditors and services do not read it, and still read the tenant", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.member, tenant.auditor]) {
      const answer = await caller.run(READ, { id: tenant.id });
      fault(answer, "FORBIDDEN");
      expect(answer.body.data).toEqual({ tenant: { id: tenant.id, apiKeyPolicy: null } });
    }
    fault(await world.service.run(READ, { id: tenant.id }), "FORBIDDEN");
    fault(await world.anonymous.run(READ, { id: tenant.id }), "UNAUTHENTICATED");
  });

  it("is each tenant's own, and what holds without one where there is none: in one look-up, in a search, and resolved field by field", async () => {
    const [word, tenants] = [unique("policy"), [await world.tenant(), await world.tenant(), await world.tenant()]];
    const [one, other, none] = tenants as [TenantInWorld, TenantInWorld, TenantInWorld];
    await app.sql("update tenants set name = $1 where id = any($2)", [word, tenants.map(({ id }) => id)]);
    data(await update(one.admin, { maxLifetimeDays: 1 }));
    data(await update(world.operator, { tenantId: other.id, maxLifetimeDays: 2, mayNeverExpire: true }));
    const expected = { [one.id]: { maxLifetimeDays: 1, mayNeverExpire: false, version: 1 }, [other.id]: { maxLifetimeDays: 2, mayNeverExpire: true, version: 1 }, [none.id]: NO_POLICY };
    for (const { id, admin } of tenants) expect(await read(admin, { id })).toEqual(expected[id]);
    // A list with a filter is resolved field by field, and so is everything beside it.
    for (const beside of ["", "projects(filter: { status: ACTIVE }) { totalCount }"]) {
      const document = `query ($word: String!) { tenants(filter: { nameContains: $word }) { nodes { id ${beside} apiKeyPolicy { ${POLICY} } } } }`;
      const { nodes } = data(await world.support.run(document, { word }))["tenants"];
      expect(Object.fromEntries(nodes.map(({ id, apiKeyPolicy }: { id: string; apiKeyPolicy: object }) => [id, apiKeyPolicy]))).toEqual(expected);
    }
  });
});
