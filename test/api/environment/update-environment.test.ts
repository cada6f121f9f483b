import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const UPDATE = `mutation ($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { environment {
  id slug name version archivedAt settings { timezone language currency weekStart } tenant { id } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const update = (caller: Caller, input: Record<string, unknown>) => caller.run(UPDATE, { input });
const updated = async (caller: Caller, input: Record<string, unknown>) => data(await update(caller, input))["updateEnvironment"].environment;
const rowOf = async (id: string) => (await app.sql("select name, slug, settings, archived_at, version, updated_at from tenant_environments where id = $1", [id]))[0];
async function home(fields: Parameters<Awaited<ReturnType<World["tenant"]>>["environment"]>[0] = {}, of: Parameters<World["tenant"]>[0] = {}) {
  const tenant = await world.tenant(of);
  return { tenant, environment: await tenant.environment({ name: "before", ...fields }) };
}

describe("updateEnvironment", () => {
  it.each([[null], [""], ["   "], ["a\u0000b"], ["a\u202eb"], ["x".repeat(201)]])("invalid: name %j is refused", async (name) => {
    const { tenant, environment } = await home();
    fault(await update(tenant.admin, { id: environment.id, name }), "BAD_USER_INPUT", "name");
    expect(await rowOf(environment.id)).toMatchObject({ name: "before", version: 1 });
  });

  it.each([
    [{ settings: null }, "settings"],
    [{ settings: { timezone: "Mars/Olympus" } }, "settings.timezone"],
    [{ settings: { language: "de, en" } }, "settings.language"],
    [{ settings: { currency: "euro" } }, "settings.currency"],
  ])("invalid: %j is refused, and nothing else of the change is done", async (changes, field) => {
    const { tenant, environment } = await home();
    fault(await update(tenant.admin, { id: environment.id, name: "after", ...changes }), "BAD_USER_INPUT", field);
    expect(await rowOf(environment.id)).toMatchObject({ name: "before", version: 1 });
  });

  it("invalid: neither the slug nor the cluster is among what can be changed, and archived is not null", async () => {
    const { environment } = await home();
    for (const changes of [{ slug: "other" }, { cluster: "shared-2" }]) fault(await update(world.operator, { id: environment.id, ...changes }), "BAD_USER_INPUT");
    fault(await update(world.operator, { id: environment.id, archived: null }), "BAD_USER_INPUT", "archived");
    expect(await rowOf(environment.id)).toMatchObject({ slug: environment.slug, version: 1 });
  });

  it("unauthenticated: nobody without a token changes one", async () => {
    const { environment } = await home();
    fault(await update(world.anonymous, { id: environment.id, name: "x" }), "UNAUTHENTICATED");
  });

  it("forbidden: members, auditors, support and services change none, and an administrator puts none away", async () => {
    const { tenant, environment } = await home();
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await update(caller, { id: environment.id, name: "x" }), "FORBIDDEN");
    for (const archived of [true, false]) fault(await update(tenant.admin, { id: environment.id, archived }), "FORBIDDEN", "archived");
    expect(await rowOf(environment.id)).toMatchObject({ name: "before", version: 1, archived_at: null });
  });

  it("someone else's: an environment that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await home(), await home()];
    expect(await rowOf(theirs.environment.id)).toMatchObject({ name: "before" });
    const refused = await update(mine.tenant.admin, { id: theirs.environment.id, name: "x" });
    fault(refused, "NOT_FOUND");
    for (const id of [randomUUID(), "no-uuid"]) expect((await update(mine.tenant.admin, { id, name: "x" })).body).toEqual(refused.body);
    const narrowed = await world.operator.run(UPDATE, { input: { id: theirs.environment.id, name: "x" } }, { "x-tenant-id": mine.tenant.id });
    expect(narrowed.body).toEqual(refused.body);
    expect(await rowOf(theirs.environment.id)).toMatchObject({ name: "before", version: 1 });
    expect(await actionsIn(app, theirs.tenant.id)).toEqual([]);
  });

  it("in an archived tenant: nobody changes anything, not even an operator", async () => {
    const { tenant, environment } = await home({}, { status: "archived" });
    for (const caller of [tenant.admin, world.operator]) fault(await update(caller, { id: environment.id, name: "x" }), "TENANT_READ_ONLY");
    expect(await rowOf(environment.id)).toMatchObject({ name: "before", version: 1 });
  });

  it("in a frozen tenant: its own people change nothing, an operator may; in a demo both may", async () => {
    const frozen = await home({}, { status: "frozen" });
    fault(await update(frozen.tenant.admin, { id: frozen.environment.id, name: "x" }), "TENANT_READ_ONLY");
    expect(await updated(world.operator, { id: frozen.environment.id, name: "after" })).toMatchObject({ name: "after", version: 2 });
    const demo = await home({}, { status: "demo", kind: "demo" });
    expect(await updated(demo.tenant.admin, { id: demo.environment.id, name: "after" })).toMatchObject({ name: "after", version: 2 });
  });

  it("an update of what somebody else changed meanwhile is refused, and of ten at once one is done", async () => {
    const { tenant, environment } = await home();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, n) => update(tenant.admin, { id: environment.id, name: `name ${n}`, expectedVersion: 1 })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "expectedVersion");
    expect(await rowOf(environment.id)).toMatchObject({ version: 2 });
    expect(await actionsIn(app, tenant.id)).toEqual(["environment.update"]);
  });

  it("an update that changes nothing writes no event and no version", async () => {
    const { environment, tenant } = await home({ settings: { timezone: "Europe/Berlin", language: "de-CH" } });
    const before = await rowOf(environment.id);
    const same = [{}, { name: "before" }, { archived: false }, { settings: {} }, { settings: { currency: null } }, { settings: { language: "DE-ch", timezone: "Europe/Berlin" } }];
    for (const input of same) await updated(world.operator, { id: environment.id, ...input });
    expect(await rowOf(environment.id)).toEqual(before);
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("of settings what is given replaces, null inherits again, and what is omitted stays", async () => {
    const { tenant, environment } = await home({ settings: { timezone: "Europe/Berlin", language: "de" } });
    const { settings } = await updated(tenant.admin, { id: environment.id, settings: { language: null, currency: "CHF", weekStart: "SUNDAY" } });
    expect(settings).toEqual({ timezone: "Europe/Berlin", language: null, currency: "CHF", weekStart: "SUNDAY" });
    expect(await rowOf(environment.id)).toMatchObject({ settings: { timezone: "Europe/Berlin", currency: "CHF", weekStart: "sunday" }, version: 2 });
  });

  describe("put away", () => {
    it("it is not changed until it is brought back, not even to what it is; putting it away again changes nothing", async () => {
      const { tenant, environment } = await home({ archivedAt: new Date() });
      const before = await rowOf(environment.id);
      for (const changes of [{ name: "x" }, { name: "before" }, { settings: {} }, {}, { archived: true, name: "x" }]) {
        fault(await update(world.operator, { id: environment.id, ...changes }), "FAILED_PRECONDITION", "id");
      }
      await updated(world.operator, { id: environment.id, archived: true });
      expect(await rowOf(environment.id)).toEqual(before);
      expect(await actionsIn(app, tenant.id)).toEqual([]);
    });

    it("it is out of the list and of the routes, and comes back with what it had", async () => {
      const { tenant, environment } = await home({ cluster: "shared-2", settings: { language: "de" } });
      const seen = async () => {
        const { tenant: found, routes } = data(
          await world.operator.run(
            `query ($id: ID!) { tenant(id: $id) { inUse: environments { id } away: environments(archived: true) { id } deployment } routes(first: 100, cluster: "shared-2") { nodes { tenantId } } }`,
            { id: tenant.id },
          ),
        );
        return [found.inUse.length, found.away.length, found.deployment, routes.nodes.filter(({ tenantId }: { tenantId: string }) => tenantId === tenant.id).length];
      };
      expect(await seen()).toEqual([1, 0, "SHARED", 1]);
      expect(await updated(world.operator, { id: environment.id, archived: true })).toMatchObject({ archivedAt: expect.any(String), version: 2 });
      expect(await seen()).toEqual([0, 1, null, 0]);
      expect(await updated(world.operator, { id: environment.id, archived: false, name: "after" })).toMatchObject({ archivedAt: null, name: "after", version: 3, settings: { language: "de" } });
      expect(await seen()).toEqual([1, 0, "SHARED", 1]);
      expect((await eventsOf(app, tenant.id)).map(({ metadata }) => metadata["changed"])).toEqual([["archived"], ["archived", "name"]]);
    });

    it("is not brought back as the twenty-first, also not when two are at once", async () => {
      const { tenant, environment } = await home({ archivedAt: new Date() });
      const other = await tenant.environment({ archivedAt: new Date() });
      for (let n = 0; n < 19; n++) await tenant.environment();
      const answers = await Promise.all([environment, other].map(({ id }) => update(world.operator, { id, archived: false })));
      const [refused, ...more] = answers.filter(({ body }) => body.errors);
      expect(more).toEqual([]);
      fault(refused as (typeof answers)[number], "LIMIT_EXCEEDED");
    });
  });

  it("ok and audited: the row and its event are written together", async () => {
    const [{ tenant, environment }, subject, requestId] = [await home(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const input = { id: environment.id.toUpperCase(), name: "after", settings: { language: "de-ch" }, expectedVersion: 1 };
    const answer = await admin.run(UPDATE, { input }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["updateEnvironment"].environment).toEqual({
      id: environment.id,
      slug: environment.slug,
      name: "after",
      version: 2,
      archivedAt: null,
      settings: { timezone: null, language: "de-CH", currency: null, weekStart: null },
      tenant: { id: tenant.id },
    });
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "environment.update",
        actorType: "user",
        targetType: "environment",
        targetId: environment.id,
        targetName: environment.slug,
        projectId: null,
        product: null,
        metadata: { changed: ["name", "settings"] },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
