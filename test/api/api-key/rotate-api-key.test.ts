import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { allowLifetime, codeOf, createKey, insist, keyRows, madeKey, revokeKey, rotateKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const NOW = new Date("2026-05-01T10:00:00.000Z");
const after = (days: number, ms = 0) => new Date(NOW.getTime() + days * 86_400_000 + ms);

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
async function place(input: Record<string, unknown> = {}): Promise<TenantInWorld & { key: string; plaintext: string }> {
  const tenant = await tenantWithCrm(world);
  const { plaintext, apiKey } = await madeKey(tenant.admin, input);
  return { ...tenant, plaintext, key: apiKey["id"] };
}

/** Nothing has come of it: there is one key, that nobody has rotated, and the event of its creation. */
async function unchanged({ id }: { id: string }): Promise<void> {
  expect([await keyRows(app, id), await actionsIn(app, id)]).toMatchObject([[{ rotated_at: null, overlap_ends_at: null, revoked_at: null }], ["api_key.create"]]);
}

describe("rotateApiKey", () => {
  it.each([-1, 2_592_001])("invalid: an overlap of %i seconds is refused", async (overlapSeconds) => {
    const tenant = await place();
    fault(await rotateKey(tenant.admin, { id: tenant.key, overlapSeconds }), "BAD_USER_INPUT", "overlapSeconds");
    await unchanged(tenant);
  });

  it.each([
    ["in the past", after(0, -1)],
    ["later than the policy allows", after(90, 1)],
    ["never, without a policy that allows it", null],
  ])("invalid: an end %s is refused", async (_, expiresAt) => {
    app.clock.now = NOW;
    const tenant = await place();
    fault(await rotateKey(tenant.admin, { id: tenant.key, expiresAt }), "BAD_USER_INPUT", "expiresAt");
    await unchanged(tenant);
  });

  it("unauthenticated and forbidden: nobody but an admin or an operator rotates one", async () => {
    const tenant = await place();
    fault(await rotateKey(world.anonymous, { id: tenant.key }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await rotateKey(caller, { id: tenant.key }), "FORBIDDEN");
    await unchanged(tenant);
  });

  it("someone else's: a key that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await place(), await place()];
    expect(await keyRows(app, theirs.id)).toMatchObject([{ id: theirs.key }]);
    const refused = await rotateKey(mine.admin, { id: theirs.key });
    fault(refused, "NOT_FOUND");
    for (const id of [randomUUID(), "no-uuid", ""]) expect((await rotateKey(mine.admin, { id })).body).toEqual(refused.body);
    expect((await world.operator.run("mutation ($id: ID!) { rotateApiKey(input: { id: $id, overlapSeconds: 0 }) { plaintext } }", { id: theirs.key }, { "x-tenant-id": mine.id })).body.errors).toMatchObject([
      { extensions: { code: "NOT_FOUND" } },
    ]);
    for (const tenant of [mine, theirs]) await unchanged(tenant);
  });

  it.each([
    ["archived", "status = 'archived', archived_at = now()", "TENANT_READ_ONLY", "TENANT_READ_ONLY"],
    ["frozen", "status = 'frozen', frozen_at = now()", "TENANT_READ_ONLY", "FAILED_PRECONDITION"],
    ["a trial that is over", "status = 'trial', trial_ends_at = now() - interval '1 second'", "TENANT_READ_ONLY", "FAILED_PRECONDITION"],
  ])("%s: neither the tenant's own people nor an operator rotate one", async (_, state, forAdmin, forOperator) => {
    const tenant = await place();
    await app.sql(`update tenants set ${state} where id = $1`, [tenant.id]);
    fault(await rotateKey(tenant.admin, { id: tenant.key }), forAdmin);
    fault(await rotateKey(world.operator, { id: tenant.key }), forOperator);
    await unchanged(tenant);
  });

  it("a demo's own people have no keys to rotate", async () => {
    const tenant = await place();
    await app.sql("update tenants set status = 'demo', kind = 'demo' where id = $1", [tenant.id]);
    fault(await rotateKey(tenant.admin, { id: tenant.key }), "FAILED_PRECONDITION");
    await unchanged(tenant);
  });

  it("a product that the tenant no longer has gets no new keys, from nobody", async () => {
    const tenant = await place();
    await app.sql("update tenant_products set enabled = false, source = 'override' where tenant_id = $1", [tenant.id]);
    for (const caller of [tenant.admin, world.operator]) fault(await rotateKey(caller, { id: tenant.key }), "FAILED_PRECONDITION", "id");
    await unchanged(tenant);
  });

  it.each([
    ["revoked", "revoked_at = now()", "revoked"],
    ["revoked, as far as anybody can tell", "revoked_at = '2099-01-01'", "revoked"],
    ["expired", "expires_at = now()", "expired"],
    ["rotated", "rotated_at = now(), overlap_ends_at = now() + interval '1 hour'", "rotated"],
    ["rotated, and its overlap is over", "rotated_at = now() - interval '1 hour', overlap_ends_at = now()", "revoked"],
  ])("one that is %s is not rotated, and the refusal says what it is", async (_, state, told) => {
    const { id, admin, key } = await place();
    await app.sql(`update api_keys set ${state} where id = $1`, [key]);
    expect(fault(await rotateKey(admin, { id: key }), "FAILED_PRECONDITION", "id").message).toContain(told);
    expect(await keyRows(app, id)).toHaveLength(1);
    expect(await actionsIn(app, id)).toEqual(["api_key.create"]);
  });

  it.each(["product", "environment"])("one from elsewhere that is bound to no %s cannot be rotated into one that is", async (column) => {
    const { admin, apiKey } = await tenantWithCrm(world);
    const { id } = await apiKey();
    await app.sql(`update api_keys set ${column} = null where id = $1`, [id]);
    fault(await rotateKey(admin, { id }), "FAILED_PRECONDITION", "id");
  });

  describe("a person's own key", () => {
    const admin = (tenantId: string, sub: string): Promise<Caller> => world.caller({ sub, tenant_id: tenantId, realm_access: { roles: ["IT_ADMIN"] } });

    it("is rotated by nobody else, because the new one would speak for its owner; anybody may revoke it", async () => {
      const tenant = await tenantWithCrm(world);
      const { apiKey } = await madeKey(await admin(tenant.id, unique("ada")), { ownerKind: "USER" });
      for (const caller of [tenant.admin, world.operator]) fault(await rotateKey(caller, { id: apiKey["id"] }), "FORBIDDEN", "id");
      await unchanged(tenant);
      data(await revokeKey(tenant.admin, { id: apiKey["id"] }));
    });

    it("stays that person's own", async () => {
      const [{ id }, subject] = [await tenantWithCrm(world), unique("ada")];
      const ada = await admin(id, subject);
      const { apiKey } = await madeKey(ada, { ownerKind: "USER" });
      expect(data(await rotateKey(ada, { id: apiKey["id"] }))["rotateApiKey"].apiKey).toMatchObject({ ownerKind: "USER", owner: { id: subject } });
    });
  });

  it("of twenty rotations at once one is done, with one event; the others are told that it was rotated", async () => {
    const { id, admin, key } = await place();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => insist(() => rotateKey(admin, { id: key, idempotencyKey: `caller-${n}` }))));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const answer of answers.filter(({ body }) => body.errors)) expect(fault(answer, "FAILED_PRECONDITION", "id").message).toContain("rotated");
    expect([(await keyRows(app, id)).length, await actionsIn(app, id)]).toEqual([2, ["api_key.create", "api_key.rotate"]]);
  });

  it("of a rotation and a revocation at once both orders are whole: no successor of a revoked key, and none of them lost", async () => {
    for (const _ of [1, 2, 3, 4]) {
      const { id, admin, key } = await place();
      const [rotated] = await Promise.all([rotateKey(admin, { id: key }), revokeKey(admin, { id: key }).then(data)]);
      const rows = await keyRows(app, id);
      expect(rows.find((row) => row["id"] === key)).toMatchObject({ revoked_at: expect.any(Date) });
      if (rotated.body.errors) expect([fault(rotated, "FAILED_PRECONDITION").message, rows.length]).toEqual([expect.stringContaining("revoked"), 1]);
      else expect(rows).toHaveLength(2);
    }
  });

  describe("the end of the new key", () => {
    const DAY = 86_400_000;
    /** As `rotated` answers, when a key that was made at {@link NOW} is rotated some days later. */
    async function endOf({ made, since, asked = {} }: { made: [policy: [number, boolean] | null, input: Record<string, unknown>]; since?: [number, boolean]; asked?: object }): Promise<number | null> {
      app.clock.now = NOW;
      const { id, admin } = await tenantWithCrm(world);
      const [policy, input] = made;
      if (policy) await allowLifetime(app, id, ...policy);
      const { apiKey } = await madeKey(admin, input);
      if (since) await app.sql("delete from api_key_policies where tenant_id = $1", [id]);
      if (since) await allowLifetime(app, id, ...since);
      app.clock.now = after(5);
      // A token of then has expired by now.
      const later = await world.caller({ tenant_id: id, realm_access: { roles: ["IT_ADMIN"] } });
      const { expiresAt } = data(await rotateKey(later, { id: apiKey["id"], ...asked }))["rotateApiKey"].apiKey;
      return expiresAt === null ? null : (Date.parse(expiresAt) - NOW.getTime()) / DAY;
    }

    it("is as far away as that of the other was when it was made", async () => {
      expect(await endOf({ made: [null, { expiresAt: after(7) }] })).toBe(12);
    });

    it("is the latest that the policy allows, when that has become stricter", async () => {
      expect(await endOf({ made: [[365, false], { expiresAt: after(365) }], since: [10, false] })).toBe(15);
    });

    it("is the latest that the policy allows, when that of the other is what Postgres calls infinity", async () => {
      const { admin, key } = await place();
      await app.sql("update api_keys set expires_at = 'infinity' where id = $1", [key]);
      const { apiKey } = data(await rotateKey(admin, { id: key }))["rotateApiKey"];
      expect(Date.parse(apiKey.expiresAt) - Date.parse(apiKey.createdAt)).toBe(90 * DAY);
    });

    it("is what is asked for, as far as the policy allows", async () => {
      expect(await endOf({ made: [null, { expiresAt: after(7) }], asked: { expiresAt: after(95) } })).toBe(95);
    });

    it("never comes when the other had none, unless the policy has come to want one", async () => {
      expect(await endOf({ made: [[90, true], { expiresAt: null }] })).toBeNull();
      expect(await endOf({ made: [[90, true], { expiresAt: null }], since: [60, false] })).toBe(65);
    });
  });

  describe("the overlap", () => {
    it("lets both work until its end, and not a moment longer", async () => {
      app.clock.now = NOW;
      const { admin, plaintext, key } = await place({ expiresAt: after(30) });
      const service = await world.caller({ product: "crm" });
      const rotated = data(await rotateKey(admin, { id: key, overlapSeconds: 60 }))["rotateApiKey"];
      expect(rotated.replaced).toMatchObject({ id: key, state: "ROTATED", overlapEndsAt: after(0, 60_000).toISOString(), revokedAt: null, expiresAt: after(30).toISOString() });
      app.clock.now = after(0, 59_999);
      expect([await codeOf(service, plaintext), await codeOf(service, rotated.plaintext)]).toEqual(["VALID", "VALID"]);
      app.clock.now = after(0, 60_000);
      expect([await codeOf(service, plaintext), await codeOf(service, rotated.plaintext)]).toEqual(["REVOKED", "VALID"]);
    });

    it("of nothing, for a key that has leaked, revokes it at once", async () => {
      app.clock.now = NOW;
      const subject = unique("admin");
      const { id, plaintext, key } = await place();
      const admin = await world.caller({ sub: subject, tenant_id: id, realm_access: { roles: ["IT_ADMIN"] } });
      const service = await world.caller({ product: "crm" });
      expect(await codeOf(service, plaintext)).toBe("VALID");
      const rotated = data(await rotateKey(admin, { id: key, overlapSeconds: 0 }))["rotateApiKey"];
      const now = NOW.toISOString();
      expect(rotated.replaced).toMatchObject({ id: key, state: "REVOKED", overlapEndsAt: now, revokedAt: now, revokeReason: "ROTATED", revokedBy: { id: subject } });
      expect([await codeOf(service, plaintext), await codeOf(service, rotated.plaintext)]).toEqual(["REVOKED", "VALID"]);
    });
  });

  it("the name belongs to the new key from then on: it is taken during the overlap, and free once the new one is revoked", async () => {
    const { id, admin, key } = await place();
    const { apiKey } = data(await rotateKey(admin, { id: key }))["rotateApiKey"];
    expect(apiKey.name).toBe("ci");
    fault(await createKey(admin), "CONFLICT", "name");
    data(await revokeKey(admin, { id: apiKey.id }));
    await madeKey(admin);
    expect(await keyRows(app, id)).toMatchObject([{ id: key, revoked_at: null }, { id: apiKey.id }, { revoked_at: null }]);
  });

  it("the new key can be rotated in its turn, and the line be followed back", async () => {
    const { admin, key } = await place();
    const second = data(await rotateKey(admin, { id: key }))["rotateApiKey"].apiKey;
    const third = data(await rotateKey(admin, { id: second.id, overlapSeconds: 0 }))["rotateApiKey"].apiKey;
    expect([second.rotatedFrom, third.rotatedFrom]).toEqual([{ id: key }, { id: second.id }]);
  });

  describe("under an idempotency key", () => {
    it("is done once and recorded once; a repetition gets the same keys and is not told the plaintext again", async () => {
      const { id, admin, key } = await place();
      const first = data(await rotateKey(admin, { id: key, idempotencyKey: "key" }))["rotateApiKey"];
      expect(first.plaintext).toEqual(expect.any(String));
      for (const _ of [1, 2]) expect(data(await rotateKey(admin, { id: key, idempotencyKey: "key" }))["rotateApiKey"]).toEqual({ ...first, plaintext: null });
      expect([(await keyRows(app, id)).length, await actionsIn(app, id)]).toEqual([2, ["api_key.create", "api_key.rotate"]]);
    });

    it("what is kept for repetitions holds neither a plaintext nor a hash", async () => {
      const { id, admin, key } = await place();
      const { plaintext } = data(await rotateKey(admin, { id: key, idempotencyKey: "key" }))["rotateApiKey"];
      const hashes = (await keyRows(app, id)).map((row) => row["hash"]);
      const [kept] = await app.sql<{ result: string }>("select result::text from idempotency_keys where tenant_id = $1", [id]);
      expect(kept?.result).toContain(key);
      for (const secret of [plaintext.slice(-36), ...hashes, "argon2", "hash", "pepper"]) expect(kept?.result).not.toContain(secret);
    });

    it("with other input is a conflict", async () => {
      const { id, admin, key } = await place();
      data(await rotateKey(admin, { id: key, idempotencyKey: "key" }));
      fault(await rotateKey(admin, { id: key, idempotencyKey: "key", overlapSeconds: 0 }), "CONFLICT", "idempotencyKey");
      expect(await keyRows(app, id)).toHaveLength(2);
    });

    it("of twenty at once has one effect, and one of them is told the plaintext", async () => {
      const { id, admin, key } = await place();
      const answers = await Promise.all(Array.from({ length: 20 }, () => rotateKey(admin, { id: key, idempotencyKey: "key" })));
      for (const answer of answers.filter(({ body }) => body.errors)) expect(fault(answer, "UNAVAILABLE").extensions.retryable).toBe(true);
      const told = answers.flatMap(({ body }) => body.data?.["rotateApiKey"]?.plaintext ?? []);
      expect([told.length, (await keyRows(app, id)).length]).toEqual([1, 2]);
    });
  });

  it("ok for operators, and for one that was planted without a secret: the event says who and in which role", async () => {
    const tenant = await tenantWithCrm(world);
    const { id } = await tenant.apiKey();
    await app.sql("update api_keys set scopes = '{read,of-old}' where id = $1", [id]);
    expect(data(await rotateKey(world.operator, { id }))["rotateApiKey"].apiKey.scopes).toEqual(["read", "of-old"]);
    expect(await eventsOf(app, tenant.id)).toMatchObject([{ action: "api_key.rotate", metadata: { actor_role: "operator", rotated_from: id } }]);
  });

  it("ok and audited: the new key may do exactly what the other may, what is answered is what everybody then reads, and one event tells of both", async () => {
    app.clock.now = NOW;
    const [tenant, subject, requestId] = [await tenantWithCrm(world), unique("admin"), unique("request")];
    const { id: projectId } = await tenant.project();
    const before = await madeKey(tenant.admin, { environment: "STAGING", scopes: ["write"], projectId, allowedIps: ["10.0.0.0/8"], expiresAt: after(7) });
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await rotateKey(admin, { id: before.apiKey["id"].toUpperCase(), overlapSeconds: 60 }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { plaintext, apiKey, replaced } = data(answer)["rotateApiKey"];
    const [, lookupId] = /^trk_staging_([0-9A-Za-z]{12})_[0-9A-Za-z]{36}$/.exec(plaintext) ?? [];
    const overlapEndsAt = after(0, 60_000).toISOString();
    expect(plaintext).not.toBe(before.plaintext);
    expect(apiKey).toEqual({ ...before.apiKey, id: expect.any(String), lookupId, createdBy: { id: subject }, rotatedFrom: { id: before.apiKey["id"] } });
    expect(apiKey.id).not.toBe(before.apiKey["id"]);
    expect(replaced).toEqual({ ...before.apiKey, state: "ROTATED", overlapEndsAt });
    const read = "query ($id: ID!) { apiKey(id: $id) { id state overlapEndsAt lookupId rotatedFrom { id } } }";
    for (const { id, state, overlapEndsAt: ends, lookupId: found, rotatedFrom } of [apiKey, replaced]) {
      expect(data(await admin.run(read, { id }))["apiKey"]).toEqual({ id, state, overlapEndsAt: ends, lookupId: found, rotatedFrom });
    }
    expect((await eventsOf(app, tenant.id)).slice(1)).toEqual([
      {
        action: "api_key.rotate",
        actorType: "user",
        targetType: "api_key",
        targetId: apiKey.id,
        targetName: "ci",
        projectId,
        product: "crm",
        metadata: { lookup_id: lookupId, rotated_from: before.apiKey["id"], overlap_ends_at: overlapEndsAt, expires_at: after(7).toISOString() },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
    const everything = JSON.stringify([await keyRows(app, tenant.id), await app.sql("select * from audit_log where tenant_id = $1", [tenant.id]), app.logged]);
    expect(everything).not.toContain(plaintext.slice(-36));
  });
});
