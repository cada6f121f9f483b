import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { TEAMS_AT_MOST } from "../../../src/team/team.rules.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const UPDATE = `mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) {
  team { id slug name settings { timezone language currency weekStart } channels { slug } archivedAt updatedAt version tenant { id } }
} }`;
const CREATE = `mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }`;
const UNSAID = { timezone: null, language: null, currency: null, weekStart: null };

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const update = (caller: Caller, input: Record<string, unknown>, headers = {}) => caller.run(UPDATE, { input }, headers);
const rowOf = async (id: string) => (await app.sql("select slug, name, settings, archived_at, version, updated_at from tenant_teams where id = $1", [id]))[0];
const channelsOf = (teamId: string) => app.sql("select slug, archived_at is null as used, version from team_channels where team_id = $1 order by slug", [teamId]);
async function home() {
  const tenant = await world.tenant();
  return { tenant, team: await tenant.team({ name: "before", settings: { language: "de", currency: "CHF" } }) };
}

describe("updateTeam", () => {
  it.each([
    ["name", null], ["name", ""], ["name", "   "], ["name", "a\u0000b"], ["name", "a\u202eb"], ["name", "a\ud800b"], ["name", "x".repeat(201)], ["settings", null], ["archived", null],
  ])("invalid: %s %j is refused", async (field, value) => {
    const { tenant, team } = await home();
    fault(await update(tenant.admin, { id: team.id, [field]: value }), "BAD_USER_INPUT", field);
    expect(await rowOf(team.id)).toMatchObject({ name: "before", version: 1 });
  });

  it("invalid: one setting that is wrong leaves all as they were", async () => {
    const { tenant, team } = await home();
    fault(await update(tenant.admin, { id: team.id, name: "x", settings: { currency: "EUR", timezone: "Mars" } }), "BAD_USER_INPUT", "settings.timezone");
    expect(await rowOf(team.id)).toMatchObject({ name: "before", settings: { language: "de", currency: "CHF" }, version: 1 });
  });

  it("invalid: a slug is not among what can be changed", async () => {
    const { tenant, team } = await home();
    fault(await update(tenant.admin, { id: team.id, slug: "other" }), "BAD_USER_INPUT");
    expect(await rowOf(team.id)).toMatchObject({ slug: team.slug });
  });

  it("unauthenticated and forbidden: without a token nobody changes one, and neither do members, auditors, support or services", async () => {
    const { tenant, team } = await home();
    fault(await update(world.anonymous, { id: team.id, name: "x" }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await update(caller, { id: team.id, name: "x" }), "FORBIDDEN");
    expect(await rowOf(team.id)).toMatchObject({ name: "before", version: 1 });
  });

  it("someone else's: a team that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await home(), await home()];
    expect(await rowOf(theirs.team.id)).toMatchObject({ name: "before" });
    const refused = await update(mine.tenant.admin, { id: theirs.team.id, name: "x" });
    fault(refused, "NOT_FOUND");
    for (const id of [randomUUID(), "no-uuid"]) expect((await update(mine.tenant.admin, { id, name: "x" })).body).toEqual(refused.body);
    expect((await update(world.operator, { id: theirs.team.id, name: "x" }, { "x-tenant-id": mine.tenant.id })).body).toEqual(refused.body);
    expect(await rowOf(theirs.team.id)).toMatchObject({ name: "before", version: 1 });
    expect(await actionsIn(app, theirs.tenant.id)).toEqual([]);
  });

  it("archived: nobody changes one, not even an operator", async () => {
    const tenant = await world.tenant({ status: "archived" });
    const team = await tenant.team({ name: "before" });
    for (const caller of [tenant.admin, world.operator]) fault(await update(caller, { id: team.id, name: "x" }), "TENANT_READ_ONLY");
    expect(await rowOf(team.id)).toMatchObject({ name: "before", version: 1 });
  });

  it("frozen: the tenant's own people change none, an operator may", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const team = await tenant.team({ name: "before" });
    fault(await update(tenant.admin, { id: team.id, name: "x" }), "TENANT_READ_ONLY");
    data(await update(world.operator, { id: team.id, name: "after" }));
    expect(await rowOf(team.id)).toMatchObject({ name: "after", version: 2 });
  });

  it("an update of what somebody else changed meanwhile is refused", async () => {
    const { tenant, team } = await home();
    data(await update(tenant.admin, { id: team.id, name: "one", expectedVersion: 1 }));
    fault(await update(tenant.admin, { id: team.id, name: "two", expectedVersion: 1 }), "CONFLICT", "expectedVersion");
    expect(await rowOf(team.id)).toMatchObject({ name: "one", version: 2 });
  });

  it("of ten concurrent updates with one expected version exactly one wins, with one event", async () => {
    const { tenant, team } = await home();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => update(tenant.admin, { id: team.id, name: `name ${i}`, expectedVersion: 1 })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "expectedVersion");
    expect(await actionsIn(app, tenant.id)).toEqual(["team.update"]);
  });

  it("an update that changes nothing writes no event and no version", async () => {
    const { tenant, team } = await home();
    const before = await rowOf(team.id);
    const nothing = [{}, { name: "before" }, { settings: {} }, { settings: { currency: "CHF", language: "DE", timezone: null } }, { archived: false }, { expectedVersion: 1 }];
    for (const input of nothing) data(await update(tenant.admin, { id: team.id, ...input }));
    expect(await rowOf(team.id)).toEqual(before);
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("settings that are given replace, null is inherited again, and the others stay", async () => {
    const { tenant, team } = await home();
    const { settings } = data(await update(tenant.admin, { id: team.id, settings: { currency: null, timezone: "Europe/Zurich" } }))["updateTeam"].team;
    expect(settings).toEqual({ ...UNSAID, language: "de", timezone: "Europe/Zurich" });
    expect(await rowOf(team.id)).toMatchObject({ settings: { language: "de", timezone: "Europe/Zurich" } });
  });

  describe("put away", () => {
    it("takes the channels that are in use along, and brought back brings those back and no others", async () => {
      const { tenant, team } = await home();
      await tenant.channel(team, { slug: "slack" });
      await tenant.channel(team, { slug: "telegram" });
      await tenant.channel(team, { slug: "old", archivedAt: new Date("2026-01-01T00:00:00Z") });
      const other = await tenant.channel();

      const away = data(await update(tenant.admin, { id: team.id, archived: true }))["updateTeam"].team;
      expect(away).toMatchObject({ archivedAt: expect.any(String), channels: [], version: 2 });
      expect(await channelsOf(team.id)).toEqual([{ slug: "old", used: false, version: 1 }, { slug: "slack", used: false, version: 2 }, { slug: "telegram", used: false, version: 2 }]);
      expect(await channelsOf(other.teamId)).toEqual([{ slug: other.slug, used: true, version: 1 }]);

      const back = data(await update(tenant.admin, { id: team.id, archived: false, name: "after" }))["updateTeam"].team;
      expect(back).toMatchObject({ name: "after", archivedAt: null, channels: [{ slug: "slack" }, { slug: "telegram" }], version: 3 });
      const channels = ["slack", "telegram"];
      expect((await eventsOf(app, tenant.id)).map(({ metadata }) => metadata)).toEqual([{ changed: ["archived"], channels }, { changed: ["archived", "name"], channels }]);
    });

    it("twice is once: the second changes nothing, and keeps the time", async () => {
      const { tenant, team } = await home();
      const first = data(await update(tenant.admin, { id: team.id, archived: true }));
      expect(data(await update(tenant.admin, { id: team.id, archived: true }))).toEqual(first);
      expect(await actionsIn(app, tenant.id)).toEqual(["team.update"]);
    });

    it("is not changed until it is brought back, also in one step", async () => {
      const { tenant } = await home();
      const team = await tenant.team({ name: "before", archivedAt: new Date() });
      for (const input of [{ name: "x" }, { archived: true, name: "x" }, { settings: { language: "fr" } }]) fault(await update(tenant.admin, { id: team.id, ...input }), "FAILED_PRECONDITION", "id");
      expect(await rowOf(team.id)).toMatchObject({ name: "before", version: 1 });
      expect(data(await update(tenant.admin, { id: team.id, archived: false, name: "x" }))["updateTeam"].team).toMatchObject({ name: "x", archivedAt: null, version: 2 });
    });

    it("is not brought back to a tenant that has as many as may be, nor are two at once for one place", async () => {
      const { tenant, team } = await home();
      await app.sql("insert into tenant_teams (tenant_id, slug, name) select $1, 'team-' || n, 'x' from generate_series(1, $2::int) n", [tenant.id, TEAMS_AT_MOST - 1]);
      const gone = [await tenant.team({ archivedAt: new Date() }), await tenant.team({ archivedAt: new Date() })];
      for (const { id } of gone) fault(await update(tenant.admin, { id, archived: false }), "LIMIT_EXCEEDED");
      expect(await rowOf(gone[0]?.id ?? "")).toMatchObject({ archived_at: expect.any(Date), version: 1 });
      data(await update(tenant.admin, { id: team.id, archived: true }));
      const answers = await Promise.all([...gone.map(({ id }) => update(tenant.admin, { id, archived: false })), tenant.admin.run(CREATE, { input: { slug: "new", name: "x" } })]);
      expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
      for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "LIMIT_EXCEEDED");
    });
  });

  it("ok and audited: the row and its event are written together", async () => {
    const [{ tenant, team }, subject, requestId] = [await home(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const before = await rowOf(team.id);
    const answer = await update(admin, { id: team.id.toUpperCase(), name: "after", settings: { language: "fr", currency: null }, expectedVersion: 1 }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { updatedAt, ...changed } = data(answer)["updateTeam"].team;
    expect(changed).toEqual({ id: team.id, slug: team.slug, name: "after", settings: { ...UNSAID, language: "fr" }, channels: [], archivedAt: null, version: 2, tenant: { id: tenant.id } });
    const after = await rowOf(team.id);
    expect(after).toMatchObject({ settings: { language: "fr" }, archived_at: null, version: 2 });
    expect(new Date(updatedAt)).toEqual(after?.["updated_at"]);
    expect(after?.["updated_at"]).not.toEqual(before?.["updated_at"]);
    expect(await eventsOf(app, tenant.id)).toEqual([
      { action: "team.update", actorType: "user", targetType: "team", targetId: team.id, targetName: team.slug, projectId: null, product: null, metadata: { changed: ["name", "settings"] } },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
