import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const CREATE = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id slug name status version tenant { id } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const create = (caller: Caller, input: Record<string, unknown>) => caller.run(CREATE, { input });
const projectsOf = (tenantId: string) => app.sql("select slug from tenant_projects where tenant_id = $1 order by slug", [tenantId]);
const eventsOf = (tenantId: string) =>
  app.sql("select action, actor_id, actor_type, target_id, target_type, target_name, project_id, request_id from audit_log where tenant_id = $1 order by id", [tenantId]);

describe("createProject", () => {
  describe("invalid", () => {
    it.each([
      ["a", "too short"],
      ["-abc", "a leading hyphen"],
      ["abc-", "a trailing hyphen"],
      ["Abc", "an upper-case letter"],
      ["a_b", "an underscore"],
      ["ab\n", "a line break"],
      ["a".repeat(41), "too long"],
      ["default", "that of the implicit project"],
      ["00000000-0000-0000-0000-000000000001", "one that reads as an id"],
    ])("slug %j is refused: %s", async (slug) => {
      const tenant = await world.tenant();
      fault(await create(tenant.admin, { slug, name: "x" }), "BAD_USER_INPUT", "slug");
      expect(await projectsOf(tenant.id)).toEqual([]);
    });

    it.each([[""], ["   "], ["a\u0000b"], ["a\u202eb"], ["x".repeat(201)]])("name %j is refused", async (name) => {
      const tenant = await world.tenant();
      fault(await create(tenant.admin, { slug: "p1", name }), "BAD_USER_INPUT", "name");
    });

    it("staff must name the tenant", async () => {
      fault(await create(world.operator, { slug: "p1", name: "x" }), "BAD_USER_INPUT", "tenantId");
    });
  });

  it("unauthenticated: nobody without a token creates one", async () => {
    const tenant = await world.tenant();
    fault(await create(world.anonymous, { tenantId: tenant.id, slug: "p1", name: "x" }), "UNAUTHENTICATED");
  });

  it("forbidden: members, auditors, support and services do not create one", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) {
      fault(await create(caller, { tenantId: tenant.id, slug: "p1", name: "x" }), "FORBIDDEN");
    }
    expect(await projectsOf(tenant.id)).toEqual([]);
  });

  it("someone else's: a tenant that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    expect(await app.sql("select 1 from tenants where id = $1", [theirs.id])).toHaveLength(1);
    const refused = await create(mine.admin, { tenantId: theirs.id, slug: "p1", name: "x" });
    const missing = await create(mine.admin, { tenantId: randomUUID(), slug: "p1", name: "x" });
    fault(refused, "NOT_FOUND");
    expect(refused.body).toEqual(missing.body);
    expect(await projectsOf(theirs.id)).toEqual([]);
    expect(await eventsOf(theirs.id)).toEqual([]);
  });

  it("archived: nobody changes anything, not even an operator", async () => {
    const tenant = await world.tenant({ status: "archived" });
    for (const caller of [tenant.admin, world.operator]) fault(await create(caller, { tenantId: tenant.id, slug: "p1", name: "x" }), "TENANT_READ_ONLY");
    expect(await projectsOf(tenant.id)).toEqual([]);
  });

  it("frozen: the tenant's own people change nothing, an operator may", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    fault(await create(tenant.admin, { slug: "p1", name: "x" }), "TENANT_READ_ONLY");
    expect(await projectsOf(tenant.id)).toEqual([]);
    data(await create(world.operator, { tenantId: tenant.id, slug: "p1", name: "x" }));
  });

  it("a trial that is over is read-only although nothing has frozen it yet", async () => {
    const tenant = await world.tenant({ status: "trial", trialEndsAt: new Date(Date.now() - 1000) });
    fault(await create(tenant.admin, { slug: "p1", name: "x" }), "TENANT_READ_ONLY");
  });

  it("a slug is unique in its tenant and free in every other", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    data(await create(one.admin, { slug: "p1", name: "x" }));
    fault(await create(one.admin, { slug: "p1", name: "y" }), "CONFLICT", "slug");
    data(await create(other.admin, { slug: "p1", name: "x" }));
    expect(await projectsOf(one.id)).toEqual([{ slug: "p1" }]);
    expect(await eventsOf(one.id)).toHaveLength(1);
  });

  it("of ten concurrent creations of one slug exactly one wins, with one event", async () => {
    const tenant = await world.tenant();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(tenant.admin, { slug: "race", name: "x" })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "CONFLICT", "slug");
    expect(await eventsOf(tenant.id)).toHaveLength(1);
  });

  describeRepeatable(() => app, "project.create", async () => {
    const tenant = await world.tenant();
    const colleague = await world.caller({ tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    return {
      send: (idempotencyKey, { other, by } = {}) => create(by ? colleague : tenant.admin, { slug: other ? "two" : "one", name: "x", idempotencyKey }),
      async hinder() {
        const { id } = await tenant.project({ slug: "one" });
        return async () => void (await app.sql("delete from tenant_projects where id = $1", [id]));
      },
      count: async () => (await projectsOf(tenant.id)).length,
      tenantId: async () => tenant.id,
    };
  });

  describe("repeated under its idempotency key", () => {
    const once = { slug: "one", name: "x", idempotencyKey: "key" };

    it("is answered as it was, also when the project has changed since", async () => {
      const { id, admin } = await world.tenant();
      const first = await create(admin, once);
      await app.sql("update tenant_projects set name = 'y', version = 2 where tenant_id = $1", [id]);
      expect((await create(admin, once)).body).toEqual(first.body);
    });

    it("is answered in a tenant that is frozen since, where nothing new is created", async () => {
      const { id, admin } = await world.tenant();
      const first = await create(admin, once);
      await app.sql("update tenants set status = 'frozen', frozen_at = now() where id = $1", [id]);
      expect((await create(admin, once)).body).toEqual(first.body);
      fault(await create(admin, { ...once, idempotencyKey: "another" }), "TENANT_READ_ONLY");
    });

    it("is refused to somebody who may no longer create one", async () => {
      const { id } = await world.tenant();
      const as = (role: string) => world.caller({ sub: "dana", tenant_id: id, realm_access: { roles: [role] } });
      data(await create(await as("IT_ADMIN"), once));
      fault(await create(await as("MEMBER"), once), "FORBIDDEN");
    });

    it("in another tenant is another creation, also for the same person", async () => {
      const [one, other] = [await world.tenant(), await world.tenant()];
      const ids = [];
      for (const { id: tenantId } of [one, other]) ids.push(data(await create(world.operator, { ...once, tenantId }))["createProject"].project.id);
      expect(new Set(ids).size).toBe(2);
      expect(await projectsOf(other.id)).toEqual([{ slug: "one" }]);
    });
  });

  it("ok and audited: the row and its event are written together", async () => {
    const tenant = await world.tenant();
    const requestId = unique("request");
    const answer = await tenant.admin.run(CREATE, { input: { slug: "site", name: "Website" } }, { "x-request-id": requestId });
    const { project } = data(answer)["createProject"];
    expect(project).toEqual({ id: expect.any(String), slug: "site", name: "Website", status: "ACTIVE", version: 1, tenant: { id: tenant.id } });
    expect(await eventsOf(tenant.id)).toEqual([
      {
        action: "project.create",
        actor_id: expect.any(String),
        actor_type: "user",
        target_id: project.id,
        target_type: "project",
        target_name: "site",
        project_id: project.id,
        request_id: requestId,
      },
    ]);
  });
});
