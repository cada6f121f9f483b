import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const TEAM = `query ($id: ID!) { team(id: $id) {
  id slug name settings { timezone language currency weekStart } channels { slug provider config team { id } } all: channels(archived: true) { slug archivedAt } archivedAt version createdAt updatedAt tenant { id slug }
} }`;

let world: World;
beforeAll(async () => {
  world = await openWorld(await registry());
});

const ask = (caller: Caller, id: string, headers = {}) => caller.run(TEAM, { id }, headers);

describe("team", () => {
  it.each(["", "x", "00000000-0000-0000-0000-00000000000", "a\u0000b", "\ud800"])("invalid: %j is the id of no team", async (id) => {
    expect(data(await ask(world.support, id))).toEqual({ team: null });
  });

  it("unauthenticated and forbidden: nobody without a token sees one, and neither does a service or a person without a tenant", async () => {
    const { id } = await (await world.tenant()).team();
    fault(await ask(world.anonymous, id), "UNAUTHENTICATED");
    for (const caller of [world.service, await world.caller({})]) fault(await ask(caller, id), "FORBIDDEN");
  });

  it("someone else's: a team that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.team();
    expect(data(await ask(theirs.member, id))["team"].id).toBe(id);
    const answer = await ask(mine.admin, id);
    expect(data(answer)).toEqual({ team: null });
    expect(answer.body).toEqual((await ask(mine.admin, randomUUID())).body);
    expect(data(await ask(world.support, id, { "x-tenant-id": mine.id }))).toEqual({ team: null });
    expect(data(await ask(world.support, id))["team"].tenant.id).toBe(theirs.id);
  });

  it("frozen: the tenant's own people still read it", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.team();
    expect(data(await ask(tenant.member, id))["team"].id).toBe(id);
  });

  it("ok: a member reads a team of its tenant with its channels by slug, those that are put away only when it asks for them", async () => {
    const tenant = await world.tenant();
    const team = await tenant.team({ slug: "support", name: "Support", settings: { timezone: "Europe/Berlin", weekStart: "sunday" } });
    const archivedAt = new Date("2026-02-03T04:05:06.007Z");
    await tenant.channel(team, { slug: "telegram", provider: "messaging-telegram", config: { chat_id: "-100" } });
    await tenant.channel(team, { slug: "slack" });
    await tenant.channel(team, { slug: "gone", archivedAt });
    await tenant.channel(undefined, { slug: "elsewhere" });
    for (const id of [team.id, team.id.toUpperCase()]) {
      expect(data(await ask(tenant.member, id))["team"]).toEqual({
        id: team.id,
        slug: "support",
        name: "Support",
        settings: { timezone: "Europe/Berlin", language: null, currency: null, weekStart: "SUNDAY" },
        channels: [
          { slug: "slack", provider: "messaging-slack", config: {}, team: { id: team.id } },
          { slug: "telegram", provider: "messaging-telegram", config: { chat_id: "-100" }, team: { id: team.id } },
        ],
        all: [{ slug: "gone", archivedAt: "2026-02-03T04:05:06.007Z" }, { slug: "slack", archivedAt: null }, { slug: "telegram", archivedAt: null }],
        archivedAt: null,
        version: 1,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
        tenant: { id: tenant.id, slug: tenant.slug },
      });
    }
  });

  it("an archived team is still read, and says since when it is", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.team({ archivedAt: new Date("2026-01-02T03:04:05.006Z") });
    expect(data(await ask(tenant.member, id))["team"]).toMatchObject({ id, archivedAt: "2026-01-02T03:04:05.006Z" });
  });
});
