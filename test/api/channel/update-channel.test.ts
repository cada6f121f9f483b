import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { CHANNELS_AT_MOST } from "../../../src/team/team.rules.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const UPDATE = `mutation ($input: UpdateChannelInput!) { updateChannel(input: $input) { channel { id slug provider config archivedAt version team { id } tenant { id } } } }`;
const SLACK = "messaging-slack";
const CONFIG = { channel_id: "C0123456" };

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const update = (caller: Caller, input: Record<string, unknown>, headers = {}) => caller.run(UPDATE, { input }, headers);
const rowOf = async (id: string) => (await app.sql("select slug, provider, config, archived_at, version from team_channels where id = $1", [id]))[0];
async function home(fields: Parameters<World["tenant"]>[0] = {}) {
  const tenant = await world.tenant(fields);
  const team = await tenant.team();
  return { tenant, team, channel: await tenant.channel(team, { provider: SLACK, config: CONFIG }) };
}
const UNTOUCHED = { provider: SLACK, config: CONFIG, archived_at: null, version: 1 };

describe("updateChannel", () => {
  it.each([
    [{ provider: null }, "provider"],
    [{ provider: "messaging-carrier-pigeon" }, "provider"],
    [{ config: null }, "config"],
    [{ config: { channel_id: "nonsense" } }, "config.channel_id"],
    [{ config: { token: "x" } }, "config"],
    [{ archived: null }, "archived"],
    // What it is configured with would be none of the new provider's.
    [{ provider: "messaging-telegram" }, "config"],
    [{ slug: "other" }, undefined],
    [{ teamId: randomUUID() }, undefined],
  ])("invalid: %j is refused", async (input, field) => {
    const { tenant, channel } = await home();
    fault(await update(tenant.admin, { id: channel.id, ...input }), "BAD_USER_INPUT", field);
    expect(await rowOf(channel.id)).toMatchObject(UNTOUCHED);
  });

  it("unauthenticated and forbidden: without a token nobody changes one, and neither do members, auditors, support or services", async () => {
    const { tenant, channel } = await home();
    fault(await update(world.anonymous, { id: channel.id, archived: true }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await update(caller, { id: channel.id, archived: true }), "FORBIDDEN");
    expect(await rowOf(channel.id)).toMatchObject(UNTOUCHED);
  });

  it("someone else's: a channel that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await home(), await home()];
    expect(await rowOf(theirs.channel.id)).toMatchObject(UNTOUCHED);
    const refused = await update(mine.tenant.admin, { id: theirs.channel.id, archived: true });
    fault(refused, "NOT_FOUND");
    for (const id of [randomUUID(), "no-uuid"]) expect((await update(mine.tenant.admin, { id, archived: true })).body).toEqual(refused.body);
    expect((await update(world.operator, { id: theirs.channel.id, archived: true }, { "x-tenant-id": mine.tenant.id })).body).toEqual(refused.body);
    expect(await rowOf(theirs.channel.id)).toMatchObject(UNTOUCHED);
    expect(await actionsIn(app, theirs.tenant.id)).toEqual([]);
  });

  it("archived: nobody changes one, not even an operator", async () => {
    const { tenant, channel } = await home({ status: "archived" });
    for (const caller of [tenant.admin, world.operator]) fault(await update(caller, { id: channel.id, archived: true }), "TENANT_READ_ONLY");
    expect(await rowOf(channel.id)).toMatchObject(UNTOUCHED);
  });

  it("frozen: the tenant's own people change none, an operator may", async () => {
    const { tenant, channel } = await home({ status: "frozen" });
    fault(await update(tenant.admin, { id: channel.id, archived: true }), "TENANT_READ_ONLY");
    data(await update(world.operator, { id: channel.id, archived: true }));
    expect(await rowOf(channel.id)).toMatchObject({ archived_at: expect.any(Date), version: 2 });
  });

  it("an update of what somebody else changed meanwhile is refused, and of ten at once exactly one wins", async () => {
    const { tenant, channel } = await home();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => update(tenant.admin, { id: channel.id, config: { channel_id: `C000000${i}` }, expectedVersion: 1 })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "CONFLICT", "expectedVersion");
    expect(await actionsIn(app, tenant.id)).toEqual(["channel.update"]);
  });

  it("an update that changes nothing writes no event and no version", async () => {
    const { tenant, channel } = await home();
    for (const input of [{}, { provider: SLACK }, { config: CONFIG }, { archived: false }, { expectedVersion: 1 }]) data(await update(tenant.admin, { id: channel.id, ...input }));
    expect(await rowOf(channel.id)).toMatchObject(UNTOUCHED);
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("becomes another provider's when its configuration does too", async () => {
    const { tenant, channel } = await home();
    const changed = data(await update(tenant.admin, { id: channel.id, provider: "messaging-telegram", config: { chat_id: "-100" } }))["updateChannel"].channel;
    expect(changed).toMatchObject({ provider: "messaging-telegram", config: { chat_id: "-100" }, version: 2 });
    expect((await eventsOf(app, tenant.id)).map(({ metadata }) => metadata)).toEqual([{ changed: ["config", "provider"] }]);
  });

  it("of a provider that has left the platform's file, or by rules that have changed since, it can be put away, and is not configured anew", async () => {
    const { tenant, team } = await home();
    const channel = await tenant.channel(team, { provider: "messaging-icq", config: { uin: 1 } });
    fault(await update(tenant.admin, { id: channel.id, config: {} }), "BAD_USER_INPUT", "provider");
    for (const archived of [true, false]) data(await update(tenant.admin, { id: channel.id, archived }));
    expect(await rowOf(channel.id)).toMatchObject({ provider: "messaging-icq", config: { uin: 1 }, version: 3 });
  });

  describe("put away", () => {
    it("twice is once, and it is not changed until it is brought back, also in one step", async () => {
      const { tenant, channel } = await home();
      const first = data(await update(tenant.admin, { id: channel.id, archived: true }));
      expect(data(await update(tenant.admin, { id: channel.id, archived: true }))).toEqual(first);
      fault(await update(tenant.admin, { id: channel.id, config: {} }), "FAILED_PRECONDITION", "id");
      expect(data(await update(tenant.admin, { id: channel.id, archived: false, config: {} }))["updateChannel"].channel).toMatchObject({ archivedAt: null, config: {}, version: 3 });
      expect((await eventsOf(app, tenant.id)).map(({ metadata }) => metadata)).toEqual([{ changed: ["archived"] }, { changed: ["archived", "config"] }]);
    });

    it("is not brought back to a team that is put away", async () => {
      const { tenant } = await home();
      const team = await tenant.team({ archivedAt: new Date() });
      const channel = await tenant.channel(team, { archivedAt: new Date() });
      fault(await update(tenant.admin, { id: channel.id, archived: false }), "FAILED_PRECONDITION", "id");
      expect(await rowOf(channel.id)).toMatchObject({ archived_at: expect.any(Date), version: 1 });
    });

    it("is not brought back to a team that has as many as may be, nor are two at once for one place", async () => {
      const { tenant, team, channel } = await home();
      await app.sql("insert into team_channels (tenant_id, team_id, slug, provider) select $1, $2, 'c-' || n, 'messaging-slack' from generate_series(1, $3::int) n", [tenant.id, team.id, CHANNELS_AT_MOST - 1]);
      const gone = [await tenant.channel(team, { archivedAt: new Date() }), await tenant.channel(team, { archivedAt: new Date() })];
      for (const { id } of gone) fault(await update(tenant.admin, { id, archived: false }), "LIMIT_EXCEEDED");
      data(await update(tenant.admin, { id: channel.id, archived: true }));
      const answers = await Promise.all(gone.map(({ id }) => update(tenant.admin, { id, archived: false })));
      expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    });
  });

  it("ok and audited: the row and its event are written together, and its configuration is in no event", async () => {
    const [{ tenant, team, channel }, subject, requestId] = [await home(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const config = { workspace_id: "T0123456" };
    const answer = await update(admin, { id: channel.id.toUpperCase(), config, expectedVersion: 1 }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["updateChannel"].channel).toEqual({ id: channel.id, slug: channel.slug, provider: SLACK, config, archivedAt: null, version: 2, team: { id: team.id }, tenant: { id: tenant.id } });
    expect(await eventsOf(app, tenant.id)).toEqual([
      { action: "channel.update", actorType: "user", targetType: "channel", targetId: channel.id, targetName: channel.slug, projectId: null, product: null, metadata: { changed: ["config"] } },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
