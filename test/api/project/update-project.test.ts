import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const UPDATE = `mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { project { id slug name status version tenant { id } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const update = (caller: Caller, input: Record<string, unknown>) => caller.run(UPDATE, { input });
const rowOf = async (id: string) => (await app.sql("select name, slug, status, version, updated_at from tenant_projects where id = $1", [id]))[0];
async function home() {
  const tenant = await world.tenant();
  return { tenant, project: await tenant.project({ name: "before" }) };
}

describe("updateProject", () => {
  it.each([[null], [""], ["   "], ["a\u0000b"], ["a\u202eb"], ["a\ud800b"], ["x".repeat(201)]])("invalid: name %j is refused", async (name) => {
    const { tenant, project } = await home();
    fault(await update(tenant.admin, { id: project.id, name }), "BAD_USER_INPUT", "name");
    expect(await rowOf(project.id)).toMatchObject({ name: "before", version: 1 });
  });

  it("invalid: a slug is not among what can be changed", async () => {
    const { tenant, project } = await home();
    fault(await update(tenant.admin, { id: project.id, slug: "other" }), "BAD_USER_INPUT");
    expect(await rowOf(project.id)).toMatchObject({ slug: project.slug });
  });

  it("unauthenticated: nobody without a token changes one", async () => {
    const { project } = await home();
    fault(await update(world.anonymous, { id: project.id, name: "x" }), "UNAUTHENTICATED");
  });

  it("forbidden: members, auditors, support and services change none", async () => {
    const { tenant, project } = await home();
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await update(caller, { id: project.id, name: "x" }), "FORBIDDEN");
    expect(await rowOf(project.id)).toMatchObject({ name: "before", version: 1 });
  });

  it("someone else's: a project that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await home(), await home()];
    expect(await rowOf(theirs.project.id)).toMatchObject({ name: "before" });
    const refused = await update(mine.tenant.admin, { id: theirs.project.id, name: "x" });
    fault(refused, "NOT_FOUND");
    for (const id of [randomUUID(), "no-uuid"]) expect((await update(mine.tenant.admin, { id, name: "x" })).body).toEqual(refused.body);
    const narrowed = await world.operator.run(UPDATE, { input: { id: theirs.project.id, name: "x" } }, { "x-tenant-id": mine.tenant.id });
    expect(narrowed.body).toEqual(refused.body);
    expect(await rowOf(theirs.project.id)).toMatchObject({ name: "before", version: 1 });
    expect(await actionsIn(app, theirs.tenant.id)).toEqual([]);
  });

  it("archived: nobody changes anything, not even an operator", async () => {
    const tenant = await world.tenant({ status: "archived" });
    const project = await tenant.project({ name: "before" });
    for (const caller of [tenant.admin, world.operator]) fault(await update(caller, { id: project.id, name: "x" }), "TENANT_READ_ONLY");
    expect(await rowOf(project.id)).toMatchObject({ name: "before", version: 1 });
  });

  it("frozen: the tenant's own people change nothing, an operator may", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const project = await tenant.project({ name: "before" });
    fault(await update(tenant.admin, { id: project.id, name: "x" }), "TENANT_READ_ONLY");
    expect(await rowOf(project.id)).toMatchObject({ name: "before", version: 1 });
    data(await update(world.operator, { id: project.id, name: "after" }));
    expect(await rowOf(project.id)).toMatchObject({ name: "after", version: 2 });
  });

  it("an archived project is not changed, not even to what it is", async () => {
    const tenant = await world.tenant();
    const project = await tenant.project({ name: "before", status: "archived" });
    for (const name of ["x", "before"]) fault(await update(tenant.admin, { id: project.id, name }), "FAILED_PRECONDITION");
    expect(await rowOf(project.id)).toMatchObject({ name: "before", version: 1 });
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("an update of what somebody else changed meanwhile is refused", async () => {
    const { tenant, project } = await home();
    data(await update(tenant.admin, { id: project.id, name: "one", expectedVersion: 1 }));
    fault(await update(tenant.admin, { id: project.id, name: "two", expectedVersion: 1 }), "CONFLICT", "expectedVersion");
    expect(await rowOf(project.id)).toMatchObject({ name: "one", version: 2 });
  });

  it("of ten concurrent updates with one expected version exactly one wins, with one event", async () => {
    const { tenant, project } = await home();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => update(tenant.admin, { id: project.id, name: `name ${i}`, expectedVersion: 1 })));
    const winners = answers.filter(({ body }) => !body.errors);
    expect(winners).toHaveLength(1);
    for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "expectedVersion");
    expect(await rowOf(project.id)).toMatchObject({ name: winners[0]?.body.data?.["updateProject"].project.name, version: 2 });
    expect(await actionsIn(app, tenant.id)).toEqual(["project.update"]);
  });

  it("an update that changes nothing writes no event and no version", async () => {
    const { tenant, project } = await home();
    const before = await rowOf(project.id);
    for (const input of [{}, { name: "before" }, { expectedVersion: 1 }, { expectedVersion: null, name: "before" }]) data(await update(tenant.admin, { id: project.id, ...input }));
    expect(await rowOf(project.id)).toEqual(before);
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("later fields of one document see what the earlier ones changed", async () => {
    const { tenant, project } = await home();
    const twice = `mutation ($id: ID!) {
      one: updateProject(input: { id: $id, name: "one" }) { project { name version } }
      two: updateProject(input: { id: $id, name: "two", expectedVersion: 2 }) { project { name version } }
    }`;
    expect(data(await tenant.admin.run(twice, { id: project.id }))).toEqual({ one: { project: { name: "one", version: 2 } }, two: { project: { name: "two", version: 3 } } });
  });

  it("what is asked for below a change, and after it, shows the change", async () => {
    const { tenant, project } = await home();
    const around = `project { name tenant { projects { nodes { name } } auditEvents { nodes { action } } } }`;
    const document = `mutation ($id: ID!) { one: updateProject(input: { id: $id, name: "one" }) { ${around} } two: archiveProject(input: { id: $id }) { ${around} } }`;
    const shown = (...actions: string[]) => ({ project: { name: "one", tenant: { projects: { nodes: [{ name: "one" }] }, auditEvents: { nodes: actions.map((action) => ({ action })) } } } });
    expect(data(await tenant.admin.run(document, { id: project.id }))).toEqual({ one: shown("project.update"), two: shown("project.archive", "project.update") });
  });

  it("ok and audited: the row and its event are written together", async () => {
    const [{ tenant, project }, subject, requestId] = [await home(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await admin.run(UPDATE, { input: { id: project.id.toUpperCase(), name: "after", expectedVersion: 1 } }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["updateProject"].project).toEqual({ id: project.id, slug: project.slug, name: "after", status: "ACTIVE", version: 2, tenant: { id: tenant.id } });
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "project.update",
        actorType: "user",
        targetType: "project",
        targetId: project.id,
        targetName: project.slug,
        projectId: project.id,
        product: null,
        metadata: { changed: ["name"] },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
