import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const POLICY = "retentionDays heldAt version";
const mutation = (name: string) => `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { policy { ${POLICY} } } }`;
const READ = `query ($id: ID!) { tenant(id: $id) { id auditPolicy { ${POLICY} } } }`;
const NO_POLICY = { retentionDays: 365, heldAt: null, version: 0 };

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const set = (caller: Caller, input: Record<string, unknown>, headers = {}) => caller.run(mutation("setAuditRetention"), { input }, headers);
const hold = (caller: Caller, input: Record<string, unknown>, headers = {}) => caller.run(mutation("placeLegalHold"), { input: { reason: "case 7", ...input } }, headers);
const release = (caller: Caller, input: Record<string, unknown>, headers = {}) => caller.run(mutation("releaseLegalHold"), { input }, headers);
const read = async (caller: Caller, { id }: { id: string }) => data(await caller.run(READ, { id }))["tenant"]?.auditPolicy;
const rowsOf = ({ id }: { id: string }) => app.sql("select retention_days, held_at is not null as held, hold_reason, version from audit_policies where tenant_id = $1", [id]);
const expectUntouched = async (tenant: TenantInWorld) => expect([await rowsOf(tenant), await actionsIn(app, tenant.id)]).toEqual([[], []]);

describe("setAuditRetention", () => {
  it("unauthenticated and forbidden: nobody but an admin or an operator says how long events are kept", async () => {
    const tenant = await world.tenant();
    fault(await set(world.anonymous, { tenantId: tenant.id, retentionDays: 10 }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await set(caller, { tenantId: tenant.id, retentionDays: 10 }), "FORBIDDEN");
    await expectUntouched(tenant);
  });

  it("someone else's: a tenant that is there and one that is not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    data(await set(theirs.admin, { retentionDays: 1_000 }));
    const there = [{ retention_days: 1_000, held: false, hold_reason: null, version: 1 }];
    expect(await rowsOf(theirs)).toEqual(there);
    const refused = await set(mine.admin, { tenantId: theirs.id, retentionDays: 7 });
    fault(refused, "NOT_FOUND");
    for (const tenantId of [randomUUID(), "no-uuid"]) expect((await set(mine.admin, { tenantId, retentionDays: 7 })).body).toEqual(refused.body);
    expect((await set(world.operator, { tenantId: theirs.id, retentionDays: 7 }, { "x-tenant-id": mine.id })).body).toEqual(refused.body);
    expect(await rowsOf(theirs)).toEqual(there);
    await expectUntouched(mine);
  });

  it.each([6, 0, -1, 3_651])("invalid: %i days are refused", async (retentionDays) => {
    const tenant = await world.tenant();
    fault(await set(tenant.admin, { retentionDays }), "BAD_USER_INPUT", "retentionDays");
    await expectUntouched(tenant);
  });

  it("invalid: staff must name the tenant", async () => {
    fault(await set(world.operator, { retentionDays: 10 }), "BAD_USER_INPUT", "tenantId");
  });

  it("frozen: its own people change nothing, an operator may; archived: nobody does", async () => {
    const [frozen, archived] = [await world.tenant({ status: "frozen" }), await world.tenant({ status: "archived" })];
    fault(await set(frozen.admin, { retentionDays: 10 }), "TENANT_READ_ONLY");
    for (const caller of [archived.admin, world.operator]) fault(await set(caller, { tenantId: archived.id, retentionDays: 10 }), "TENANT_READ_ONLY");
    await expectUntouched(frozen);
    await expectUntouched(archived);
    data(await set(world.operator, { tenantId: frozen.id, retentionDays: 10 }));
    expect(await read(world.operator, frozen)).toEqual({ retentionDays: 10, heldAt: null, version: 1 });
  });

  it("a policy that somebody else changed meanwhile is refused, also one that was not there yet", async () => {
    const tenant = await world.tenant();
    fault(await set(tenant.admin, { retentionDays: 10, expectedVersion: 1 }), "CONFLICT", "expectedVersion");
    await expectUntouched(tenant);
    data(await set(tenant.admin, { retentionDays: 10, expectedVersion: 0 }));
    fault(await set(tenant.admin, { retentionDays: 20, expectedVersion: 0 }), "CONFLICT", "expectedVersion");
    data(await set(tenant.admin, { retentionDays: 20, expectedVersion: 1 }));
    expect(await rowsOf(tenant)).toEqual([{ retention_days: 20, held: false, hold_reason: null, version: 2 }]);
  });

  it.each([0, 1])("of ten at once that saw version %i exactly one is done, with one event; the others conflict", async (expectedVersion) => {
    const tenant = await world.tenant();
    if (expectedVersion > 0) data(await set(tenant.admin, { retentionDays: 300 }));
    const before = await actionsIn(app, tenant.id);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => set(tenant.admin, { retentionDays: n + 7, expectedVersion })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "expectedVersion");
    expect(await rowsOf(tenant)).toMatchObject([{ version: expectedVersion + 1 }]);
    expect(await actionsIn(app, tenant.id)).toEqual([...before, "audit.set_retention"]);
  });

  it("what already holds changes nothing and writes no event, also where there is no policy yet", async () => {
    const tenant = await world.tenant();
    expect(data(await set(tenant.admin, { retentionDays: 365 }))["setAuditRetention"].policy).toEqual(NO_POLICY);
    await expectUntouched(tenant);
    for (let round = 0; round < 2; round++) expect(data(await set(tenant.admin, { retentionDays: 7 }))["setAuditRetention"].policy.version).toBe(1);
    expect(await actionsIn(app, tenant.id)).toEqual(["audit.set_retention"]);
  });

  it("ok and audited: the row and its event are written together, and what is answered is what everybody then reads", async () => {
    const [tenant, subject, requestId] = [await world.tenant(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const { policy } = data(await set(admin, { retentionDays: 3_650 }, { "x-request-id": requestId, "user-agent": "portal/1" }))["setAuditRetention"];
    expect(policy).toEqual({ retentionDays: 3_650, heldAt: null, version: 1 });
    for (const caller of [tenant.admin, tenant.auditor, world.support, world.operator]) expect(await read(caller, tenant)).toEqual(policy);
    expect(await eventsOf(app, tenant.id)).toEqual([
      { action: "audit.set_retention", actorType: "user", targetType: "audit_policy", targetId: tenant.id, targetName: tenant.slug, projectId: null, product: null, metadata: { before: 365, after: 3_650 } },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});

describe("placeLegalHold and releaseLegalHold", () => {
  it("unauthenticated and forbidden: nobody but an operator holds or releases", async () => {
    const tenant = await world.tenant();
    for (const step of [hold, release]) {
      fault(await step(world.anonymous, { tenantId: tenant.id }), "UNAUTHENTICATED");
      for (const caller of [tenant.member, tenant.auditor, tenant.admin, world.support, world.service]) fault(await step(caller, { tenantId: tenant.id }), "FORBIDDEN");
    }
    await expectUntouched(tenant);
  });

  it("a tenant that is not there is not found, and neither is one outside the narrowing", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    data(await hold(world.operator, { tenantId: theirs.id }));
    for (const step of [hold, release]) {
      const refused = await step(world.operator, { tenantId: randomUUID() });
      fault(refused, "NOT_FOUND");
      expect((await step(world.operator, { tenantId: theirs.id }, { "x-tenant-id": mine.id })).body).toEqual(refused.body);
    }
    expect(await rowsOf(theirs)).toMatchObject([{ held: true, version: 1 }]);
  });

  it.each(["", "x".repeat(501), "a\0b"])("invalid: the reason %j is refused", async (reason) => {
    const tenant = await world.tenant();
    fault(await hold(world.operator, { tenantId: tenant.id, reason }), "BAD_USER_INPUT", "reason");
    await expectUntouched(tenant);
  });

  it.each(["trial", "active", "frozen", "archived"])("ok: a tenant that is %s is held and released, each once, with its event", async (status) => {
    const tenant = await world.tenant({ status });
    const first = data(await hold(world.operator, { tenantId: tenant.id }))["placeLegalHold"].policy;
    expect(first).toEqual({ retentionDays: 365, heldAt: expect.any(String), version: 1 });
    expect(data(await hold(world.operator, { tenantId: tenant.id }))["placeLegalHold"].policy).toEqual(first);
    expect(data(await release(world.operator, { tenantId: tenant.id }))["releaseLegalHold"].policy).toEqual({ ...NO_POLICY, version: 2 });
    expect(data(await release(world.operator, { tenantId: tenant.id }))["releaseLegalHold"].policy).toEqual({ ...NO_POLICY, version: 2 });
    expect(await eventsOf(app, tenant.id)).toEqual([
      expect.objectContaining({ action: "audit.place_hold", targetType: "audit_policy", targetId: tenant.id, metadata: { actor_role: "operator" } }),
      expect.objectContaining({ action: "audit.release_hold", metadata: { heldAt: first.heldAt, actor_role: "operator" } }),
    ]);
  });

  it("where nothing was ever held, releasing changes nothing", async () => {
    const tenant = await world.tenant();
    expect(data(await release(world.operator, { tenantId: tenant.id }))["releaseLegalHold"].policy).toEqual(NO_POLICY);
    await expectUntouched(tenant);
  });

  it("another reason is noted, and it stays the same hold", async () => {
    const tenant = await world.tenant();
    const { heldAt } = data(await hold(world.operator, { tenantId: tenant.id }))["placeLegalHold"].policy;
    expect(data(await hold(world.operator, { tenantId: tenant.id, reason: "case 8" }))["placeLegalHold"].policy).toEqual({ retentionDays: 365, heldAt, version: 2 });
    expect(await rowsOf(tenant)).toEqual([{ retention_days: 365, held: true, hold_reason: "case 8", version: 2 }]);
    expect(await actionsIn(app, tenant.id)).toEqual(["audit.place_hold", "audit.place_hold"]);
  });

  it("of ten at once one places it; a hold keeps the retention, and the tenant's admin changes the retention beside the hold", async () => {
    const tenant = await world.tenant();
    for (const answer of await Promise.all(Array.from({ length: 10 }, () => hold(world.operator, { tenantId: tenant.id })))) data(answer);
    expect(await actionsIn(app, tenant.id)).toEqual(["audit.place_hold"]);
    data(await set(tenant.admin, { retentionDays: 7 }));
    expect(await rowsOf(tenant)).toEqual([{ retention_days: 7, held: true, hold_reason: "case 7", version: 2 }]);
    data(await release(world.operator, { tenantId: tenant.id }));
    expect(await rowsOf(tenant)).toEqual([{ retention_days: 7, held: false, hold_reason: null, version: 3 }]);
  });

  it("why it is held is for staff: the tenant's people see that it is, and neither policy nor event tell them why", async () => {
    const tenant = await world.tenant();
    const reason = unique("reason");
    data(await hold(world.operator, { tenantId: tenant.id, reason }));
    const document = `query ($id: ID!) { tenant(id: $id) { auditPolicy { heldAt holdReason } } }`;
    expect(data(await world.support.run(document, { id: tenant.id }))["tenant"].auditPolicy).toEqual({ heldAt: expect.any(String), holdReason: reason });
    const asked = await tenant.admin.run(document, { id: tenant.id });
    fault(asked, "FORBIDDEN");
    expect(JSON.stringify(asked.body)).not.toContain(reason);
    expect(JSON.stringify(await app.sql("select * from audit_log where tenant_id = $1", [tenant.id]))).not.toContain(reason);
  });
});

describe("Tenant.auditPolicy", () => {
  it("forbidden: members and services do not read it, and still read the tenant", async () => {
    const tenant = await world.tenant();
    const answer = await tenant.member.run(READ, { id: tenant.id });
    fault(answer, "FORBIDDEN");
    expect(answer.body.data).toEqual({ tenant: { id: tenant.id, auditPolicy: null } });
    fault(await world.service.run(READ, { id: tenant.id }), "FORBIDDEN");
  });

  it("is each tenant's own, and what holds without one where there is none: in one look-up, and resolved field by field", async () => {
    const [word, tenants] = [unique("policy"), [await world.tenant(), await world.tenant(), await world.tenant()]];
    const [one, other, none] = tenants as [TenantInWorld, TenantInWorld, TenantInWorld];
    await app.sql("update tenants set name = $1 where id = any($2)", [word, tenants.map(({ id }) => id)]);
    data(await set(one.admin, { retentionDays: 7 }));
    const { policy: held } = data(await hold(world.operator, { tenantId: other.id }))["placeLegalHold"];
    const expected = { [one.id]: { retentionDays: 7, heldAt: null, version: 1 }, [other.id]: held, [none.id]: NO_POLICY };
    for (const { id, auditor } of tenants) expect(await read(auditor, { id })).toEqual(expected[id]);
    for (const beside of ["", "projects(filter: { status: ACTIVE }) { totalCount }"]) {
      const document = `query ($word: String!) { tenants(filter: { nameContains: $word }) { nodes { id ${beside} auditPolicy { ${POLICY} } } } }`;
      const { nodes } = data(await world.support.run(document, { word }))["tenants"];
      expect(Object.fromEntries(nodes.map(({ id, auditPolicy }: { id: string; auditPolicy: object }) => [id, auditPolicy]))).toEqual(expected);
    }
  });
});
