import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { codeOf, insist, keyRows, madeKey, revokeKey, rotateKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type World } from "../../testkit/world.js";

const NOW = new Date("2026-05-01T10:00:00.000Z");
const later = (ms: number) => new Date(NOW.getTime() + ms);

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

/** A tenant with one key, made by its admin. */
async function place() {
  const tenant = await tenantWithCrm(world);
  const { plaintext, apiKey } = await madeKey(tenant.admin);
  return { ...tenant, plaintext, key: apiKey["id"] as string };
}

/** Nothing has come of it: the key works, and only its creation was recorded. */
async function unchanged({ id }: { id: string }): Promise<void> {
  expect([await keyRows(app, id), await actionsIn(app, id)]).toMatchObject([[{ revoked_at: null, revoked_by: null, revoke_reason: null }], ["api_key.create"]]);
}

describe("revokeApiKey", () => {
  it("invalid: only a rotation rotates a key", async () => {
    const tenant = await place();
    fault(await revokeKey(tenant.admin, { id: tenant.key, reason: "ROTATED" }), "BAD_USER_INPUT", "reason");
    await unchanged(tenant);
  });

  it("unauthenticated and forbidden: nobody but an admin or an operator revokes one", async () => {
    const tenant = await place();
    fault(await revokeKey(world.anonymous, { id: tenant.key }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await revokeKey(caller, { id: tenant.key }), "FORBIDDEN");
    await unchanged(tenant);
  });

  it("someone else's: a key that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await place(), await place()];
    expect(await keyRows(app, theirs.id)).toMatchObject([{ id: theirs.key }]);
    const refused = await revokeKey(mine.admin, { id: theirs.key });
    fault(refused, "NOT_FOUND");
    for (const id of [randomUUID(), "no-uuid", ""]) expect((await revokeKey(mine.admin, { id })).body).toEqual(refused.body);
    expect((await revokeKey(world.operator, { id: theirs.key }, { "x-tenant-id": mine.id })).body).toEqual(refused.body);
    await unchanged(theirs);
  });

  it("archived: nobody changes anything, not even an operator", async () => {
    const tenant = await place();
    await app.sql("update tenants set status = 'archived', archived_at = now() where id = $1", [tenant.id]);
    for (const caller of [tenant.admin, world.operator]) fault(await revokeKey(caller, { id: tenant.key }), "TENANT_READ_ONLY");
    await unchanged(tenant);
  });

  it("frozen: the tenant's own people change nothing, an operator may", async () => {
    const tenant = await place();
    await app.sql("update tenants set status = 'frozen', frozen_at = now() where id = $1", [tenant.id]);
    fault(await revokeKey(tenant.admin, { id: tenant.key }), "TENANT_READ_ONLY");
    await unchanged(tenant);
    data(await revokeKey(world.operator, { id: tenant.key }));
  });

  it("a demo's own people have no keys to revoke, an operator may", async () => {
    const tenant = await place();
    await app.sql("update tenants set status = 'demo', kind = 'demo' where id = $1", [tenant.id]);
    fault(await revokeKey(tenant.admin, { id: tenant.key }), "FAILED_PRECONDITION");
    await unchanged(tenant);
    data(await revokeKey(world.operator, { id: tenant.key }));
  });

  it("a key of a product that the tenant no longer has is revoked all the same", async () => {
    const { id, admin, key } = await place();
    await app.sql("delete from tenant_products where tenant_id = $1", [id]);
    expect(data(await revokeKey(admin, { id: key }))["revokeApiKey"].apiKey.state).toBe("REVOKED");
  });

  it("one that has expired is revoked, so that its name is free", async () => {
    const { id, admin, key } = await place();
    await app.sql("update api_keys set expires_at = now() - interval '1 day' where id = $1", [key]);
    data(await revokeKey(admin, { id: key }));
    await madeKey(admin);
    expect(await actionsIn(app, id)).toEqual(["api_key.create", "api_key.revoke", "api_key.create"]);
  });

  it("one that has a successor is revoked, and the successor stays", async () => {
    app.clock.now = NOW;
    const { id, admin, plaintext, key } = await place();
    const service = await world.caller({ product: "crm" });
    const rotated = data(await rotateKey(admin, { id: key }))["rotateApiKey"];
    expect(data(await revokeKey(admin, { id: key }))["revokeApiKey"].apiKey).toMatchObject({ state: "REVOKED", revokeReason: "REQUESTED", overlapEndsAt: rotated.replaced.overlapEndsAt });
    expect([await codeOf(service, plaintext), await codeOf(service, rotated.plaintext)]).toEqual(["REVOKED", "VALID"]);
    expect(await actionsIn(app, id)).toEqual(["api_key.create", "api_key.rotate", "api_key.revoke"]);
  });

  describe("of one that has ended already", () => {
    it("a second revocation changes nothing and is not recorded: the first time, person and reason stay", async () => {
      app.clock.now = NOW;
      const { id, admin, key } = await place();
      const first = data(await revokeKey(admin, { id: key, reason: "LEAKED" }))["revokeApiKey"];
      app.clock.now = later(1_000);
      expect(data(await revokeKey(await world.caller({ realm_access: { roles: ["platform-operator"] } }), { id: key }))["revokeApiKey"]).toEqual(first);
      expect(await actionsIn(app, id)).toEqual(["api_key.create", "api_key.revoke"]);
    });

    it("nothing is left to revoke when its time beside its successor is over", async () => {
      app.clock.now = NOW;
      const { id, admin, key } = await place();
      data(await rotateKey(admin, { id: key, overlapSeconds: 1 }));
      app.clock.now = later(1_000);
      expect(data(await revokeKey(admin, { id: key }))["revokeApiKey"].apiKey).toMatchObject({ state: "REVOKED", revokedAt: null, revokeReason: null });
      expect(await actionsIn(app, id)).toEqual(["api_key.create", "api_key.rotate"]);
    });
  });

  it("of twenty at once one is recorded, and all get the same answer", async () => {
    const { id, admin, key } = await place();
    const answers = await Promise.all(Array.from({ length: 20 }, () => insist(() => revokeKey(admin, { id: key }))));
    expect(new Set(answers.map((answer) => JSON.stringify(data(answer)))).size).toBe(1);
    expect(await actionsIn(app, id)).toEqual(["api_key.create", "api_key.revoke"]);
  });

  it("what was verified a moment ago is refused as soon as the revocation is answered", async () => {
    const { admin, plaintext, key } = await place();
    expect(await codeOf(world.service, plaintext)).toBe("VALID");
    data(await revokeKey(admin, { id: key }));
    expect(await codeOf(world.service, plaintext)).toBe("REVOKED");
  });

  it("ok: also one from elsewhere, which could never be verified", async () => {
    const { id, admin, apiKey } = await world.tenant();
    const planted = await apiKey();
    expect(data(await revokeKey(admin, { id: planted.id }))["revokeApiKey"].apiKey).toMatchObject({ id: planted.id, lookupId: null, state: "REVOKED" });
    expect(await eventsOf(app, id)).toMatchObject([{ action: "api_key.revoke", metadata: { lookup_id: null } }]);
  });

  it("ok and audited: it tells when, by whom and why, and the row and its event are written together", async () => {
    app.clock.now = NOW;
    const [tenant, subject, requestId] = [await place(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await revokeKey(admin, { id: tenant.key.toUpperCase(), reason: "LEAKED" }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { apiKey } = data(answer)["revokeApiKey"];
    expect(apiKey).toMatchObject({ id: tenant.key, state: "REVOKED", revokedAt: NOW.toISOString(), revokeReason: "LEAKED", revokedBy: { id: subject }, overlapEndsAt: null });
    expect(await keyRows(app, tenant.id)).toMatchObject([{ revoked_at: NOW, revoked_by: subject, revoke_reason: "leaked" }]);
    expect((await eventsOf(app, tenant.id)).slice(1)).toEqual([
      {
        action: "api_key.revoke",
        actorType: "user",
        targetType: "api_key",
        targetId: tenant.key,
        targetName: "ci",
        projectId: null,
        product: "crm",
        metadata: { lookup_id: apiKey.lookupId, reason: "leaked" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
