import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const AUDIT_EVENT = `query ($id: ID!) { auditEvent(id: $id) {
  id action actorId actorName actorType targetId targetType targetName product metadata sourceIp userAgent requestId createdAt tenant { id } project { id }
} }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const ask = (caller: Caller, id: string, headers = {}) => caller.run(AUDIT_EVENT, { id }, headers);

describe("auditEvent", () => {
  it.each(["", "x", "a\u0000b", "\ud800"])("invalid: %j is the id of none", async (id) => {
    expect(data(await ask(world.support, id))).toEqual({ auditEvent: null });
  });

  it("invalid: the number of its row is no id", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.auditEvent();
    const [row] = await app.sql<{ id: string }>("select id from audit_log where uid = $1", [id]);
    expect(data(await ask(tenant.auditor, String(row?.id)))).toEqual({ auditEvent: null });
  });

  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous, (await (await world.tenant()).auditEvent()).id), "UNAUTHENTICATED");
  });

  it("forbidden: members and services see none, whether it exists or not", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.auditEvent();
    for (const caller of [tenant.member, world.service]) {
      const refused = await ask(caller, id);
      fault(refused, "FORBIDDEN");
      expect((await ask(caller, randomUUID())).body).toEqual(refused.body);
    }
  });

  it("someone else's: an event that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.auditEvent();
    expect(data(await ask(theirs.auditor, id))["auditEvent"].id).toBe(id);
    for (const caller of [mine.auditor, mine.admin]) {
      const answer = await ask(caller, id);
      expect(data(answer)).toEqual({ auditEvent: null });
      expect(answer.body).toEqual((await ask(caller, randomUUID())).body);
    }
    expect(data(await ask(world.support, id, { "x-tenant-id": mine.id }))).toEqual({ auditEvent: null });
    expect(data(await ask(world.support, id))["auditEvent"].tenant.id).toBe(theirs.id);
  });

  it.each(["frozen", "archived"])("%s: the tenant's own auditors still read it", async (status) => {
    const tenant = await world.tenant({ status });
    const { id } = await tenant.auditEvent();
    expect(data(await tenant.auditor.run("query ($id: ID!) { auditEvent(id: $id) { id action } }", { id }))["auditEvent"]).toEqual({ id, action: "test.happened" });
  });

  it("ok: an event shows who did what to what, from where, in which request", async () => {
    const [tenant, requestId] = [await world.tenant(), unique("request")];
    const admin = await world.caller({ sub: "sub-ada", name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const create = `mutation { createProject(input: { slug: "site", name: "Website" }) { project { id } } }`;
    const { project } = data(await admin.run(create, {}, { "x-request-id": requestId, "user-agent": "portal/1" }))["createProject"];
    const [row] = await app.sql<{ uid: string }>("select uid from audit_log where request_id = $1", [requestId]);
    expect(data(await ask(tenant.auditor, String(row?.uid).toUpperCase()))["auditEvent"]).toEqual({
      id: row?.uid,
      action: "project.create",
      actorId: "sub-ada",
      actorName: "Ada",
      actorType: "user",
      targetId: project.id,
      targetType: "project",
      targetName: "site",
      product: null,
      metadata: { slug: "site" },
      sourceIp: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
      userAgent: "portal/1",
      requestId,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      tenant: { id: tenant.id },
      project: { id: project.id },
    });
  });

  it("ok: an event outlives what it is about", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.auditEvent();
    await app.sql("update audit_log set project_id = $2 where uid = $1", [id, randomUUID()]);
    expect(data(await ask(tenant.auditor, id))["auditEvent"]).toMatchObject({ id, project: null });
    await app.sql("delete from tenants where id = $1", [tenant.id]);
    expect(data(await ask(world.support, id))["auditEvent"]).toMatchObject({ id, tenant: null });
  });
});
