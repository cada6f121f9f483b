import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { allowLifetime, createKey, insist, keyRows, madeKey, revokeKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type World } from "../../testkit/world.js";

const NOW = new Date("2026-05-01T10:00:00.000Z");
const daysFromNow = (days: number, ms = 0) => new Date(NOW.getTime() + days * 86_400_000 + ms).toISOString();

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const nothingIn = async (tenantId: string) => expect([await keyRows(app, tenantId), await eventsOf(app, tenantId)]).toEqual([[], []]);

describe("createApiKey", () => {
  describe("invalid", () => {
    it.each<[string, Record<string, unknown>, string]>([
      ["a name of nothing", { name: "" }, "name"],
      ["a blank name", { name: "  " }, "name"],
      ["a name that is too long", { name: "x".repeat(201) }, "name"],
      ["a name that reorders the text around it", { name: "a\u202eb" }, "name"],
      ["a product that is no key", { product: "C R M" }, "product"],
      ["a product that the catalogue does not know", { product: "fax" }, "product"],
      ["no scope", { scopes: [] }, "scopes"],
      ["a scope twice", { scopes: ["read", "read"] }, "scopes"],
      ["a scope that the product has not got", { scopes: ["read", "delete"] }, "scopes"],
      ["a scope of another product", { scopes: ["tickets:read"] }, "scopes"],
      ["a scope in another letter case", { scopes: ["Read"] }, "scopes"],
      ["a scope that would match everything", { scopes: ["*"] }, "scopes"],
      ["the beginning of a scope", { scopes: ["rea"] }, "scopes"],
      ["a scope that cannot be stored", { scopes: ["read\u0000"] }, "scopes"],
      ["more scopes than a key can have", { scopes: Array.from({ length: 51 }, (_, n) => `s${n}`) }, "scopes"],
      ["an address that is none", { allowedIps: ["10.0.0.256"] }, "allowedIps"],
      ["an address that is a name", { allowedIps: ["localhost"] }, "allowedIps"],
      ["a block that is longer than its address", { allowedIps: ["10.0.0.0/33"] }, "allowedIps"],
      ["more addresses than a key can have", { allowedIps: Array.from({ length: 21 }, (_, n) => `10.0.0.${n}`) }, "allowedIps"],
      ["an owner who is staff", { ownerKind: "USER" }, "ownerKind"],
      ["no tenant, from staff", { tenantId: null }, "tenantId"],
      ["an idempotency key of nothing", { idempotencyKey: "" }, "idempotencyKey"],
    ])("%s is refused", async (_, input, field) => {
      const { id } = await tenantWithCrm(world);
      fault(await createKey(world.operator, { tenantId: id, ...input }), "BAD_USER_INPUT", field);
      await nothingIn(id);
    });

    it("a product without scopes has no keys", async () => {
      const { id, admin } = await world.tenant();
      fault(await createKey(admin, { product: "docs" }), "BAD_USER_INPUT", "scopes");
      await nothingIn(id);
    });

    it("a project for a product that keeps none apart", async () => {
      const { id, admin, project, entitlement } = await world.tenant();
      await entitlement("erp");
      fault(await createKey(admin, { product: "erp", scopes: ["invoices:read"], projectId: (await project()).id }), "BAD_USER_INPUT", "projectId");
      await nothingIn(id);
    });
  });

  it("unauthenticated: nobody without a token creates one", async () => {
    const { id } = await tenantWithCrm(world);
    fault(await createKey(world.anonymous, { tenantId: id }), "UNAUTHENTICATED");
    await nothingIn(id);
  });

  it("forbidden: members, auditors, support and services do not create one", async () => {
    const { id, member, auditor } = await tenantWithCrm(world);
    for (const caller of [member, auditor, world.support, world.service]) fault(await createKey(caller, { tenantId: id }), "FORBIDDEN");
    await nothingIn(id);
  });

  it("someone else's: a tenant that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await tenantWithCrm(world), await tenantWithCrm(world)];
    expect(await app.sql("select 1 from tenants where id = $1", [theirs.id])).toHaveLength(1);
    const refused = await createKey(mine.admin, { tenantId: theirs.id });
    fault(refused, "NOT_FOUND");
    expect(refused.body).toEqual((await createKey(mine.admin, { tenantId: randomUUID() })).body);
    for (const { id } of [mine, theirs]) await nothingIn(id);
  });

  describe("for a project", () => {
    it("that is another tenant's, missing or malformed, the answer is the same", async () => {
      const [mine, theirs] = [await tenantWithCrm(world), await tenantWithCrm(world)];
      const project = await theirs.project();
      data(await createKey(theirs.admin, { projectId: project.id }));
      const refused = await createKey(mine.admin, { projectId: project.id });
      fault(refused, "NOT_FOUND");
      for (const projectId of [randomUUID(), "no-uuid", ""]) expect((await createKey(mine.admin, { projectId })).body).toEqual(refused.body);
      await nothingIn(mine.id);
    });

    it("that is archived, none is created", async () => {
      const { id, admin, project } = await tenantWithCrm(world);
      fault(await createKey(admin, { projectId: (await project({ status: "archived" })).id }), "FAILED_PRECONDITION", "projectId");
      await nothingIn(id);
    });

    it("of the tenant, it is bound to that", async () => {
      const { id, admin, project } = await tenantWithCrm(world);
      const site = await project();
      expect((await madeKey(admin, { projectId: site.id.toUpperCase() })).apiKey["project"]).toEqual({ id: site.id });
      expect(await eventsOf(app, id)).toMatchObject([{ projectId: site.id }]);
    });
  });

  describe("nobody grants what the tenant has not got", () => {
    it.each<[string, string | null]>([
      ["was never given", null],
      ["was withdrawn", "enabled = false, source = 'override'"],
      ["has ended", "expires_at = now() - interval '1 second'"],
      ["was only tried, until its trial was over", "source = 'trial', trial_started_at = now() - interval '14 days', expires_at = now() - interval '1 second'"],
    ])("a product that %s", async (_, state) => {
      const { id, admin, entitlement } = await world.tenant();
      if (state) {
        await entitlement("crm");
        await app.sql(`update tenant_products set ${state} where tenant_id = $1`, [id]);
      }
      for (const caller of [admin, world.operator]) fault(await createKey(caller, { tenantId: id }), "FAILED_PRECONDITION", "product");
      await nothingIn(id);
    });

    it("what the plan brings along is the tenant's own", async () => {
      const { admin } = await world.tenant({ plan: "pro" });
      data(await createKey(admin));
    });
  });

  it.each([
    ["archived", "TENANT_READ_ONLY", "TENANT_READ_ONLY"],
    ["frozen", "TENANT_READ_ONLY", "FAILED_PRECONDITION"],
  ] as const)("%s: neither the tenant's own people nor an operator create one", async (status, forAdmin, forOperator) => {
    const { id, admin } = await tenantWithCrm(world, { status });
    fault(await createKey(admin), forAdmin);
    fault(await createKey(world.operator, { tenantId: id }), forOperator);
    await nothingIn(id);
  });

  it("a trial that is over is read-only although nothing has frozen it yet", async () => {
    const { id, admin } = await tenantWithCrm(world, { status: "trial", trialEndsAt: new Date(Date.now() - 1000) });
    fault(await createKey(admin), "TENANT_READ_ONLY");
    await nothingIn(id);
  });

  it("a demo's own people have no keys", async () => {
    const { id, admin } = await tenantWithCrm(world, { status: "demo", kind: "demo" });
    fault(await createKey(admin), "FAILED_PRECONDITION");
    await nothingIn(id);
  });

  describe("its end", () => {
    const at = async (policy?: [days: number, never?: boolean]) => {
      app.clock.now = NOW;
      const tenant = await tenantWithCrm(world);
      if (policy) await allowLifetime(app, tenant.id, ...policy);
      return tenant;
    };

    it.each<[string, [number, boolean?] | undefined, string | null]>([
      ["that has passed", undefined, daysFromNow(0, -1)],
      ["that is now", undefined, daysFromNow(0)],
      ["in more than 90 days, without a policy", undefined, daysFromNow(90, 1)],
      ["in 366 days, whatever the policy", [365, true], daysFromNow(366)],
      ["later than the policy allows", [30], daysFromNow(30, 1)],
      ["in a year that has no usual spelling", [365], "9999-12-31T23:59:59-23:59"],
      ["that never comes, without a policy", undefined, null],
      ["that never comes, when the policy does not say so", [365, false], null],
    ])("is not one %s", async (_, policy, expiresAt) => {
      const { id, admin } = await at(policy);
      fault(await createKey(admin, { expiresAt }), "BAD_USER_INPUT", "expiresAt");
      await nothingIn(id);
    });

    it.each<[string, [number, boolean?] | undefined, Record<string, unknown>, string | null]>([
      ["is in 90 days when nothing is said", undefined, {}, daysFromNow(90)],
      ["is as late as the policy allows when nothing is said and that is earlier", [7], {}, daysFromNow(7)],
      ["is in 90 days when nothing is said and the policy allows more", [365, true], {}, daysFromNow(90)],
      ["can be the last moment that is allowed", undefined, { expiresAt: daysFromNow(90) }, daysFromNow(90)],
      ["can be in a year when the policy says so", [365], { expiresAt: daysFromNow(365) }, daysFromNow(365)],
      ["can be the next millisecond", undefined, { expiresAt: daysFromNow(0, 1) }, daysFromNow(0, 1)],
      ["never comes when that is asked for and the policy allows it", [90, true], { expiresAt: null }, null],
    ])("%s", async (_, policy, input, expiresAt) => {
      const { id, admin } = await at(policy);
      expect((await madeKey(admin, input)).apiKey["expiresAt"]).toBe(expiresAt);
      expect(await keyRows(app, id)).toMatchObject([{ expires_at: expiresAt === null ? null : new Date(expiresAt) }]);
    });
  });

  describe("its name", () => {
    it("is unique in its tenant and free in every other", async () => {
      const [one, other] = [await tenantWithCrm(world), await tenantWithCrm(world)];
      await madeKey(one.admin);
      fault(await createKey(one.admin, { environment: "PROD" }), "CONFLICT", "name");
      await madeKey(other.admin);
      expect([await keyRows(app, one.id), await eventsOf(app, one.id)]).toMatchObject([[{ environment: "dev" }], [{ action: "api_key.create" }]]);
    });

    it("of fifty at once exactly one gets it, with one event; the others are told that it is taken", async () => {
      const { id, admin } = await tenantWithCrm(world);
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => insist(() => createKey(admin, { idempotencyKey: `caller-${n}` }))));
      expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
      for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "CONFLICT", "name");
      expect([(await keyRows(app, id)).length, (await eventsOf(app, id)).length]).toEqual([1, 1]);
    });

    it("is free again after a revocation, and held by a key that has only expired", async () => {
      const { id, admin } = await tenantWithCrm(world);
      const { apiKey } = await madeKey(admin);
      await app.sql("update api_keys set expires_at = now() - interval '1 day' where tenant_id = $1", [id]);
      fault(await createKey(admin), "CONFLICT", "name");
      data(await revokeKey(admin, { id: apiKey["id"] }));
      await madeKey(admin);
      expect(await keyRows(app, id)).toMatchObject([{ name: "ci" }, { name: "ci" }]);
    });
  });

  describe("under an idempotency key", () => {
    it("is done once and recorded once; a repetition gets the same key and is not told its plaintext again", async () => {
      const { id, admin } = await tenantWithCrm(world);
      const first = data(await createKey(admin, { idempotencyKey: "key" }))["createApiKey"];
      expect(first.plaintext).toEqual(expect.any(String));
      for (const _ of [1, 2]) expect(data(await createKey(admin, { idempotencyKey: "key" }))["createApiKey"]).toEqual({ ...first, plaintext: null });
      expect([(await keyRows(app, id)).length, (await eventsOf(app, id)).length]).toEqual([1, 1]);
    });

    it("what is kept for repetitions holds neither the plaintext nor its hash", async () => {
      const { id, admin } = await tenantWithCrm(world);
      const { plaintext, apiKey } = await madeKey(admin, { idempotencyKey: "key" });
      const [row] = await keyRows(app, id);
      const [kept] = await app.sql<{ result: string }>("select result::text from idempotency_keys where tenant_id = $1", [id]);
      expect(kept?.result).toContain(apiKey["id"]);
      for (const secret of [plaintext.slice(-36), row?.["hash"], "argon2", "hash", "pepper"]) expect(kept?.result).not.toContain(secret);
    });

    it("with other input is a conflict", async () => {
      const { id, admin } = await tenantWithCrm(world);
      await madeKey(admin, { idempotencyKey: "key" });
      fault(await createKey(admin, { idempotencyKey: "key", scopes: ["write"] }), "CONFLICT", "idempotencyKey");
      expect(await keyRows(app, id)).toMatchObject([{ scopes: ["read"] }]);
    });

    it("of twenty at once has one effect, and one of them is told the plaintext", async () => {
      const { id, admin } = await tenantWithCrm(world);
      const answers = await Promise.all(Array.from({ length: 20 }, () => createKey(admin, { idempotencyKey: "key" })));
      for (const answer of answers.filter(({ body }) => body.errors)) expect(fault(answer, "UNAVAILABLE").extensions.retryable).toBe(true);
      const told = answers.flatMap(({ body }) => body.data?.["createApiKey"]?.plaintext ?? []);
      expect([told.length, (await keyRows(app, id)).length, (await eventsOf(app, id)).length]).toEqual([1, 1, 1]);
    });

    it("is answered also when the key has been revoked, and the tenant frozen and without the product, since", async () => {
      const { id, admin } = await tenantWithCrm(world);
      const first = await madeKey(admin, { idempotencyKey: "key" });
      data(await revokeKey(admin, { id: first.apiKey["id"] }));
      await app.sql("delete from tenant_products where tenant_id = $1", [id]);
      await app.sql("update tenants set status = 'frozen', frozen_at = now() where id = $1", [id]);
      expect(data(await createKey(admin, { idempotencyKey: "key" }))["createApiKey"]).toMatchObject({ plaintext: null, apiKey: { id: first.apiKey["id"] } });
      fault(await createKey(admin, { idempotencyKey: "another" }), "TENANT_READ_ONLY");
    });

    it("that failed is free again", async () => {
      const { admin, entitlement } = await world.tenant();
      fault(await createKey(admin, { idempotencyKey: "key" }), "FAILED_PRECONDITION", "product");
      await entitlement("crm");
      expect((await madeKey(admin, { idempotencyKey: "key" })).plaintext).toEqual(expect.any(String));
    });
  });

  it("ok: a person's own key stands for that person", async () => {
    const [{ id }, subject] = [await tenantWithCrm(world), unique("admin")];
    const admin = await world.caller({ sub: subject, tenant_id: id, realm_access: { roles: ["IT_ADMIN"] } });
    expect((await madeKey(admin, { ownerKind: "USER" })).apiKey).toMatchObject({ ownerKind: "USER", owner: { id: subject } });
  });

  it("ok: addresses and blocks of them, of either family, are kept as they were given", async () => {
    const { admin } = await tenantWithCrm(world);
    const allowedIps = ["192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "::1"];
    expect((await madeKey(admin, { allowedIps })).apiKey["allowedIps"]).toEqual(allowedIps);
  });

  it("ok for operators: the event says who and in which role", async () => {
    const { id } = await tenantWithCrm(world);
    await madeKey(world.operator, { tenantId: id });
    expect(await eventsOf(app, id)).toMatchObject([{ action: "api_key.create", metadata: { actor_role: "operator" } }]);
  });

  it("ok and audited: the plaintext is told once, only its hash is kept, and the row and its event are written together", async () => {
    app.clock.now = NOW;
    const [{ id }, subject, requestId] = [await tenantWithCrm(world), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await createKey(admin, { environment: "PROD", scopes: ["write", "read"] }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { plaintext, apiKey } = data(answer)["createApiKey"];
    const [, lookupId] = /^trk_prod_([0-9A-Za-z]{12})_[0-9A-Za-z]{36}$/.exec(plaintext) ?? [];
    const expiresAt = daysFromNow(90);
    expect(apiKey).toEqual({
      id: expect.any(String),
      name: "ci",
      prefix: "trk_prod",
      lookupId,
      scopes: ["write", "read"],
      environment: "PROD",
      allowedIps: [],
      ownerKind: "TENANT",
      state: "ACTIVE",
      expiresAt,
      createdAt: NOW.toISOString(),
      lastUsedAt: null,
      overlapEndsAt: null,
      revokedAt: null,
      revokeReason: null,
      imported: false,
      product: { key: "crm" },
      project: null,
      owner: null,
      createdBy: { id: subject },
      revokedBy: null,
      rotatedFrom: null,
      tenant: { id },
    });
    expect(await eventsOf(app, id)).toEqual([
      {
        action: "api_key.create",
        actorType: "user",
        targetType: "api_key",
        targetId: apiKey.id,
        targetName: "ci",
        projectId: null,
        product: "crm",
        metadata: { lookup_id: lookupId, scopes: ["write", "read"], environment: "prod", expires_at: expiresAt },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
    const [row] = await keyRows(app, id);
    expect(row).toMatchObject({ id: apiKey.id, hash: expect.stringMatching(/^\$argon2id\$v=19\$/), pepper_id: expect.any(String) });
    const everything = JSON.stringify([row, await app.sql("select * from audit_log where tenant_id = $1", [id]), app.logged]);
    expect(everything).not.toContain(plaintext.slice(-36));
  });
});
