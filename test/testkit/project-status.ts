/** Owns what archiving and restoring a project have in common: each is the other's way back, and both refuse the same callers. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "./events.js";
import { data, fault } from "./outcome.js";
import { registry, type Registry } from "./registry.js";
import { openWorld, unique, type Caller, type World } from "./world.js";

export interface StatusOperation {
  operation: "archiveProject" | "restoreProject";
  action: string;
  from: string;
  to: string;
}

/** The tests of one of the two. */
export function describeStatusOperation({ operation, action, from, to }: StatusOperation): void {
  const document = `mutation ($input: ProjectStatusInput!) { ${operation}(input: $input) { project { id slug name status version tenant { id } } } }`;
  let app: Registry;
  let world: World;
  beforeAll(async () => {
    app = await registry();
    world = await openWorld(app);
  });

  const run = (caller: Caller, input: Record<string, unknown>) => caller.run(document, { input });
  const rowOf = async (id: string) => (await app.sql("select name, slug, status, version, updated_at from tenant_projects where id = $1", [id]))[0];
  const home = async (status?: string) => {
    const tenant = await world.tenant(status === undefined ? {} : { status });
    return { tenant, project: await tenant.project({ status: from }) };
  };

  describe(operation, () => {
    it.each([[{}], [{ id: null }], [{ id: ["x"] }]])("invalid: %o names no project", async (input) => {
      fault(await run((await home()).tenant.admin, input), "BAD_USER_INPUT");
    });

    it("unauthenticated: nobody without a token does it", async () => {
      fault(await run(world.anonymous, { id: (await home()).project.id }), "UNAUTHENTICATED");
    });

    it("forbidden: members, auditors, support and services do not", async () => {
      const { tenant, project } = await home();
      for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await run(caller, { id: project.id }), "FORBIDDEN");
      expect(await rowOf(project.id)).toMatchObject({ status: from, version: 1 });
    });

    it("someone else's: a project that exists and one that does not are the same answer, and nothing is written", async () => {
      const [mine, theirs] = [await home(), await home()];
      expect(await rowOf(theirs.project.id)).toMatchObject({ status: from });
      const refused = await run(mine.tenant.admin, { id: theirs.project.id });
      fault(refused, "NOT_FOUND");
      for (const id of [randomUUID(), "no-uuid"]) expect((await run(mine.tenant.admin, { id })).body).toEqual(refused.body);
      const narrowed = await world.operator.run(document, { input: { id: theirs.project.id } }, { "x-tenant-id": mine.tenant.id });
      expect(narrowed.body).toEqual(refused.body);
      expect(await rowOf(theirs.project.id)).toMatchObject({ status: from, version: 1 });
      expect(await actionsIn(app, theirs.tenant.id)).toEqual([]);
    });

    it("archived: nobody changes anything, not even an operator", async () => {
      const { tenant, project } = await home("archived");
      for (const caller of [tenant.admin, world.operator]) fault(await run(caller, { id: project.id }), "TENANT_READ_ONLY");
      expect(await rowOf(project.id)).toMatchObject({ status: from, version: 1 });
    });

    it("frozen: the tenant's own people change nothing, an operator may", async () => {
      const { tenant, project } = await home("frozen");
      fault(await run(tenant.admin, { id: project.id }), "TENANT_READ_ONLY");
      expect(await rowOf(project.id)).toMatchObject({ status: from, version: 1 });
      data(await run(world.operator, { id: project.id }));
      expect(await rowOf(project.id)).toMatchObject({ status: to, version: 2 });
    });

    it("a project that somebody else changed meanwhile is refused, also when it already is so", async () => {
      const { tenant, project } = await home();
      fault(await run(tenant.admin, { id: project.id, expectedVersion: 2 }), "CONFLICT", "expectedVersion");
      data(await run(tenant.admin, { id: project.id, expectedVersion: 1 }));
      fault(await run(tenant.admin, { id: project.id, expectedVersion: 1 }), "CONFLICT", "expectedVersion");
      expect(await actionsIn(app, tenant.id)).toEqual([action]);
    });

    it("doing it again changes nothing and writes no event", async () => {
      const { tenant, project } = await home();
      data(await run(tenant.admin, { id: project.id }));
      const after = await rowOf(project.id);
      expect(data(await run(tenant.admin, { id: project.id }))[operation].project).toMatchObject({ status: to.toUpperCase(), version: 2 });
      expect(await rowOf(project.id)).toEqual(after);
      expect(await actionsIn(app, tenant.id)).toEqual([action]);
    });

    it("of ten at once all succeed and one is recorded", async () => {
      const { tenant, project } = await home();
      const answers = await Promise.all(Array.from({ length: 10 }, () => run(tenant.admin, { id: project.id })));
      for (const answer of answers) expect(data(answer)[operation].project).toMatchObject({ status: to.toUpperCase(), version: 2 });
      expect(await actionsIn(app, tenant.id)).toEqual([action]);
    });

    it("ok and audited: the row and its event are written together", async () => {
      const [{ tenant, project }, subject, requestId] = [await home(), unique("admin"), unique("request")];
      const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
      const answer = await admin.run(document, { input: { id: project.id } }, { "x-request-id": requestId, "user-agent": "portal/1" });
      expect(data(answer)[operation].project).toEqual({
        id: project.id,
        slug: project.slug,
        name: "A project",
        status: to.toUpperCase(),
        version: 2,
        tenant: { id: tenant.id },
      });
      expect(await eventsOf(app, tenant.id)).toEqual([
        { action, actorType: "user", targetType: "project", targetId: project.id, targetName: project.slug, projectId: project.id, product: null, metadata: {} },
      ]);
      await expectOrigin(app, requestId, { subject, name: "Ada" });
    });
  });
}
