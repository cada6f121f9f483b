import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const CHANNEL = `query ($id: ID!) { channel(id: $id) { id slug provider config archivedAt version createdAt updatedAt team { id slug } tenant { id slug } } }`;

let world: World;
beforeAll(async () => {
  world = await openWorld(await registry());
});

const ask = (caller: Caller, id: string, headers = {}) => caller.run(CHANNEL, { id }, headers);

describe("channel", () => {
  it.each(["", "x", "00000000-0000-0000-0000-00000000000", "a\u0000b", "\ud800"])("invalid: %j is the id of no channel", async (id) => {
    expect(data(await ask(world.support, id))).toEqual({ channel: null });
  });

  it("unauthenticated and forbidden: nobody without a token sees one, and neither does a service or a person without a tenant", async () => {
    const { id } = await (await world.tenant()).channel();
    fault(await ask(world.anonymous, id), "UNAUTHENTICATED");
    for (const caller of [world.service, await world.caller({})]) fault(await ask(caller, id), "FORBIDDEN");
  });

  it("someone else's: a channel that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.channel();
    expect(data(await ask(theirs.member, id))["channel"].id).toBe(id);
    const answer = await ask(mine.admin, id);
    expect(data(answer)).toEqual({ channel: null });
    expect(answer.body).toEqual((await ask(mine.admin, randomUUID())).body);
    expect(data(await ask(world.support, id, { "x-tenant-id": mine.id }))).toEqual({ channel: null });
    expect(data(await ask(world.support, id))["channel"].tenant.id).toBe(theirs.id);
  });

  it("frozen: the tenant's own people still read it", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.channel();
    expect(data(await ask(tenant.member, id))["channel"].id).toBe(id);
  });

  it("ok: a member reads a channel of its tenant, also one that is put away, by an id in any letter case", async () => {
    const tenant = await world.tenant();
    const team = await tenant.team();
    const { id, slug } = await tenant.channel(team, { config: { channel_id: "C0123456" }, archivedAt: new Date("2026-01-02T03:04:05.006Z") });
    for (const spelling of [id, id.toUpperCase()]) {
      expect(data(await ask(tenant.member, spelling))["channel"]).toEqual({
        id,
        slug,
        provider: "messaging-slack",
        config: { channel_id: "C0123456" },
        archivedAt: "2026-01-02T03:04:05.006Z",
        version: 1,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
        team: { id: team.id, slug: team.slug },
        tenant: { id: tenant.id, slug: tenant.slug },
      });
    }
  });
});
