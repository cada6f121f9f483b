import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { CHANNELS_AT_MOST, CHANNELS_EVER } from "../../../src/team/team.rules.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const CREATE = `mutation ($input: CreateChannelInput!) { createChannel(input: $input) { channel { id slug provider config archivedAt version team { id } tenant { id } } } }`;
const ARCHIVE_TEAM = `mutation ($id: ID!) { updateTeam(input: { id: $id, archived: true }) { team { id } } }`;
const SLACK = "messaging-slack";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const create = (caller: Caller, input: Record<string, unknown>, headers = {}) => caller.run(CREATE, { input: { provider: SLACK, ...input } }, headers);
const channelsOf = (teamId: string) => app.sql("select slug, provider, config from team_channels where team_id = $1 and archived_at is null order by slug", [teamId]);
async function home(fields: Parameters<World["tenant"]>[0] = {}) {
  const tenant = await world.tenant(fields);
  return { tenant, team: await tenant.team() };
}

describe("createChannel", () => {
  it.each(["", "A", "-a", "a_b", "a.b", "a/b", "../x", "a".repeat(41), "default", "global", "con", "a\u0000", "*", ">", randomUUID()])("invalid: the slug %j is refused", async (slug) => {
    const { tenant, team } = await home();
    fault(await create(tenant.admin, { teamId: team.id, slug }), "BAD_USER_INPUT", "slug");
    expect(await channelsOf(team.id)).toEqual([]);
  });

  it.each([
    [{ provider: "messaging-carrier-pigeon" }, "provider"],
    [{ provider: "Messaging-Slack" }, "provider"],
    [{ provider: "constructor" }, "provider"],
    [{ provider: null }, undefined],
    [{ config: null }, "config"],
    [{ config: { workspace_id: "nonsense" } }, "config.workspace_id"],
    [{ config: { channel_id: 5 } }, "config.channel_id"],
    // What the provider does not know is the sender's own, and not repeated.
    [{ config: { token: "xoxb-secret" } }, "config"],
    [{ provider: "messaging-telegram", config: { workspace_id: "T0123456" } }, "config"],
    [{ config: { channel_id: "C\u0000" } }, "config"],
    [{ config: { channel_id: "C".repeat(20_000) } }, "config"],
    [{ config: JSON.parse(`${'{"a":'.repeat(40)}1${"}".repeat(40)}`) as object }, "config"],
    [{ config: [] }, undefined],
    [{ config: "text" }, undefined],
  ])("invalid: %j is refused", async (input, field) => {
    const { tenant, team } = await home();
    const answer = await create(tenant.admin, { teamId: team.id, slug: "slack", ...input });
    const error = fault(answer, "BAD_USER_INPUT", field);
    expect(JSON.stringify(error)).not.toContain("xoxb");
    expect(await channelsOf(team.id)).toEqual([]);
  });

  it("unauthenticated and forbidden: without a token nobody creates one, and neither do members, auditors, support or services", async () => {
    const { tenant, team } = await home();
    fault(await create(world.anonymous, { teamId: team.id, slug: "slack" }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await create(caller, { teamId: team.id, slug: "slack" }), "FORBIDDEN");
    expect(await channelsOf(team.id)).toEqual([]);
  });

  it("someone else's: a team that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await home(), await home()];
    expect(await app.sql("select 1 from tenant_teams where id = $1", [theirs.team.id])).toHaveLength(1);
    const refused = await create(mine.tenant.admin, { teamId: theirs.team.id, slug: "slack" });
    fault(refused, "NOT_FOUND");
    for (const teamId of [randomUUID(), "no-uuid", ""]) expect((await create(mine.tenant.admin, { teamId, slug: "slack" })).body).toEqual(refused.body);
    expect((await create(world.operator, { teamId: theirs.team.id, slug: "slack" }, { "x-tenant-id": mine.tenant.id })).body).toEqual(refused.body);
    expect(await channelsOf(theirs.team.id)).toEqual([]);
    expect(await actionsIn(app, theirs.tenant.id)).toEqual([]);
  });

  it("archived: nobody creates one, not even an operator", async () => {
    const { tenant, team } = await home({ status: "archived" });
    for (const caller of [tenant.admin, world.operator]) fault(await create(caller, { teamId: team.id, slug: "slack" }), "TENANT_READ_ONLY");
    expect(await channelsOf(team.id)).toEqual([]);
  });

  it("frozen: the tenant's own people create none, an operator may", async () => {
    const { tenant, team } = await home({ status: "frozen" });
    fault(await create(tenant.admin, { teamId: team.id, slug: "slack" }), "TENANT_READ_ONLY");
    data(await create(world.operator, { teamId: team.id, slug: "slack" }));
  });

  it("an archived team gets none, also when it is put away at the same time", async () => {
    const { tenant, team } = await home();
    const away = await tenant.team({ archivedAt: new Date() });
    fault(await create(tenant.admin, { teamId: away.id, slug: "slack" }), "FAILED_PRECONDITION", "teamId");
    await Promise.all([tenant.admin.run(ARCHIVE_TEAM, { id: team.id }), ...["a", "b", "c"].map((slug) => create(tenant.admin, { teamId: team.id, slug }))]);
    expect(await channelsOf(team.id)).toEqual([]);
  });

  it("a slug is unique in its team and free in every other", async () => {
    const { tenant, team } = await home();
    const other = await tenant.team();
    data(await create(tenant.admin, { teamId: team.id, slug: "slack" }));
    fault(await create(tenant.admin, { teamId: team.id, slug: "slack", provider: "messaging-telegram" }), "CONFLICT", "slug");
    data(await create(tenant.admin, { teamId: other.id, slug: "slack" }));
    expect(await channelsOf(team.id)).toEqual([{ slug: "slack", provider: SLACK, config: {} }]);
    expect(await actionsIn(app, tenant.id)).toEqual(["channel.create", "channel.create"]);
  });

  it("of ten concurrent creations of one slug exactly one wins, with one event", async () => {
    const { tenant, team } = await home();
    const answers = await Promise.all(Array.from({ length: 10 }, () => create(tenant.admin, { teamId: team.id, slug: "race" })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "CONFLICT", "slug");
    expect(await actionsIn(app, tenant.id)).toEqual(["channel.create"]);
  });

  it("of an archived one's slug it brings the same channel back, as it is given now", async () => {
    const { tenant, team } = await home();
    const channel = await tenant.channel(team, { slug: "chat", provider: SLACK, config: { channel_id: "C0123456" }, archivedAt: new Date() });
    const created = data(await create(tenant.admin, { teamId: team.id, slug: "chat", provider: "messaging-telegram" }))["createChannel"].channel;
    expect(created).toEqual({ id: channel.id, slug: "chat", provider: "messaging-telegram", config: {}, archivedAt: null, version: 2, team: { id: team.id }, tenant: { id: tenant.id } });
    expect((await eventsOf(app, tenant.id)).map(({ targetId, metadata }) => ({ targetId, metadata }))).toEqual([{ targetId: channel.id, metadata: { team: team.slug, provider: "messaging-telegram", restored: true } }]);
  });

  describe("in a team that has as many as may be", () => {
    const plant = (tenantId: string, teamId: string, count: number, archived: boolean) =>
      app.sql("insert into team_channels (tenant_id, team_id, slug, provider, archived_at) select $1, $2, $3 || n, 'messaging-slack', case when $5 then now() end from generate_series(1, $4::int) n", [
        tenantId, teamId, archived ? "old-" : "c-", count, archived,
      ]);

    it("creates none, and none of those who come at once steps over it", async () => {
      const { tenant, team } = await home();
      await plant(tenant.id, team.id, CHANNELS_AT_MOST - 1, false);
      const answers = await Promise.all(["a", "b", "c", "d"].map((slug) => create(tenant.admin, { teamId: team.id, slug })));
      expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
      for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "LIMIT_EXCEEDED");
      expect(await channelsOf(team.id)).toHaveLength(CHANNELS_AT_MOST);
      data(await create(tenant.admin, { teamId: (await tenant.team()).id, slug: "a" }));
    });

    it("counts archived ones only towards how many there ever were", async () => {
      const { tenant, team } = await home();
      await plant(tenant.id, team.id, CHANNELS_EVER - 1, true);
      data(await create(tenant.admin, { teamId: team.id, slug: "last" }));
      fault(await create(tenant.admin, { teamId: team.id, slug: "one-more" }), "LIMIT_EXCEEDED");
      data(await create(tenant.admin, { teamId: team.id, slug: "old-1" }));
    });
  });

  describeRepeatable(() => app, "channel.create", async () => {
    const { tenant, team } = await home();
    const colleague = await world.caller({ tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    return {
      send: (idempotencyKey, { other, by } = {}) => create(by ? colleague : tenant.admin, { teamId: team.id, slug: other ? "two" : "one", config: { channel_id: "C0123456" }, idempotencyKey }),
      async hinder() {
        const { id } = await tenant.channel(team, { slug: "one" });
        return async () => void (await app.sql("delete from team_channels where id = $1", [id]));
      },
      count: async () => (await channelsOf(team.id)).length,
      tenantId: async () => tenant.id,
    };
  });

  it("ok and audited: the row and its event are written together, and its configuration is in no event", async () => {
    const [{ tenant, team }, subject, requestId] = [await home(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const config = { workspace_id: "T0123456", channel_id: "C0123456" };
    const answer = await create(admin, { teamId: team.id.toUpperCase(), slug: "slack", config }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { channel } = data(answer)["createChannel"];
    expect(channel).toEqual({ id: expect.any(String), slug: "slack", provider: SLACK, config, archivedAt: null, version: 1, team: { id: team.id }, tenant: { id: tenant.id } });
    expect(await channelsOf(team.id)).toEqual([{ slug: "slack", provider: SLACK, config }]);
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "channel.create",
        actorType: "user",
        targetType: "channel",
        targetId: channel.id,
        targetName: "slack",
        projectId: null,
        product: null,
        metadata: { team: team.slug, provider: SLACK, restored: false },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
