import { createHash, randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const EXPORT = "mutation ($input: ExportTenantInput!) { exportTenant(input: $input) { downloadUrl expiresAt } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const ask = (caller: Caller, input: Record<string, unknown> = {}) => caller.run(EXPORT, { input });
const exportsOf = (tenantId: string) => app.sql("select id, requested_by, token_hash, expires_at from tenant_exports where tenant_id = $1 order by created_at", [tenantId]);
const become = (tenantId: string, state: string) => app.sql(`update tenants set ${state} where id = $1`, [tenantId]);

describe("exportTenant", () => {
  it("unauthenticated: nobody without a token takes anything out", async () => {
    const { id } = await world.tenant();
    fault(await ask(world.anonymous, { tenantId: id }), "UNAUTHENTICATED");
    expect(await exportsOf(id)).toEqual([]);
  });

  it("forbidden: members, auditors, support and services do not take it out", async () => {
    const { id, member, auditor } = await world.tenant();
    for (const caller of [member, auditor, world.support, world.service]) fault(await ask(caller, { tenantId: id }), "FORBIDDEN");
    expect(await exportsOf(id)).toEqual([]);
  });

  it("someone else's: another tenant is not there, and neither is one that never was", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    expect(await app.sql("select id from tenants where id = $1", [theirs.id])).toHaveLength(1);
    const [others, missing] = [await ask(mine.admin, { tenantId: theirs.id }), await ask(mine.admin, { tenantId: randomUUID() })];
    fault(others, "NOT_FOUND");
    expect(others.body).toEqual(missing.body);
    fault(await ask(world.operator, { tenantId: randomUUID() }), "NOT_FOUND");
    expect([await exportsOf(mine.id), await exportsOf(theirs.id)]).toEqual([[], []]);
  });

  it("invalid: staff must name the tenant", async () => {
    fault(await ask(world.operator), "BAD_USER_INPUT", "tenantId");
  });

  it.each(["", "a b", "kéy", "k".repeat(201)])("invalid: the idempotency key %j is refused", async (idempotencyKey) => {
    const { id, admin } = await world.tenant();
    fault(await ask(admin, { idempotencyKey }), "BAD_USER_INPUT", "idempotencyKey");
    expect(await exportsOf(id)).toEqual([]);
  });

  describe("in every state of the tenant until it is archived", () => {
    it.each([
      ["active", "status = 'active'"],
      ["on trial", "status = 'trial', trial_ends_at = now() + interval '1 day'"],
      ["whose trial is over", "status = 'trial', trial_ends_at = now() - interval '1 day'"],
      ["frozen", "status = 'frozen', frozen_at = now()"],
      ["frozen until a minute from now", "status = 'frozen', frozen_at = now() - interval '30 days' + interval '1 minute'"],
      ["a demo", "status = 'demo', kind = 'demo'"],
    ])("one that is %s is taken out by its admin", async (_what, state) => {
      const { id, admin } = await world.tenant();
      await become(id, state);
      expect(data(await ask(admin))["exportTenant"].downloadUrl).toEqual(expect.any(String));
      expect(await exportsOf(id)).toHaveLength(1);
    });

    it.each([
      ["archived", "status = 'archived', archived_at = now()"],
      ["frozen for 30 days, which no job has noticed", "status = 'frozen', frozen_at = now() - interval '30 days'"],
    ])("one that is %s is taken out by nobody", async (_what, state) => {
      const { id, admin } = await world.tenant();
      await become(id, state);
      expect(["TENANT_READ_ONLY", "FORBIDDEN"]).toContain((await ask(admin)).body.errors?.[0]?.extensions.code);
      fault(await ask(world.operator, { tenantId: id }), "TENANT_READ_ONLY");
      expect(await exportsOf(id)).toEqual([]);
    });
  });

  describe("under an idempotency key", () => {
    it("is done once and recorded once, and whoever repeats it is not told the address again", async () => {
      const { id, admin } = await world.tenant();
      const first = data(await ask(admin, { idempotencyKey: "key" }))["exportTenant"];
      for (const _ of [1, 2]) expect(data(await ask(admin, { idempotencyKey: "key" }))["exportTenant"]).toEqual({ downloadUrl: null, expiresAt: first.expiresAt });
      expect([await exportsOf(id), await eventsOf(app, id)]).toEqual([[expect.anything()], [expect.anything()]]);
      const kept = await app.sql("select result::text from idempotency_keys where tenant_id = $1", [id]);
      expect(JSON.stringify(kept)).not.toContain(first.downloadUrl.split(".").at(-1));
    });

    it("with another tenant is a conflict", async () => {
      const { id, admin } = await world.tenant();
      data(await ask(admin, { idempotencyKey: "key" }));
      fault(await ask(admin, { idempotencyKey: "key", tenantId: id }), "CONFLICT", "idempotencyKey");
      expect(await exportsOf(id)).toHaveLength(1);
    });

    it("of twenty at once has one effect, and one of them is told the address", async () => {
      const { id, admin } = await world.tenant();
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(admin, { idempotencyKey: "key" })));
      for (const answer of answers.filter(({ body }) => body.errors)) expect(fault(answer, "UNAVAILABLE").extensions.retryable).toBe(true);
      const told = answers.flatMap(({ body }) => body.data?.["exportTenant"]?.downloadUrl ?? []);
      expect([told.length, (await exportsOf(id)).length, (await eventsOf(app, id)).length]).toEqual([1, 1, 1]);
    });
  });

  it("without a key each request is an export of its own", async () => {
    const { id, admin } = await world.tenant();
    const answers = await Promise.all([ask(admin), ask(admin)]);
    expect(new Set(answers.map((answer) => data(answer)["exportTenant"].downloadUrl)).size).toBe(2);
    expect(await exportsOf(id)).toHaveLength(2);
  });

  it("ok and audited: an address that names the tenant and holds a secret, of which only the hash is kept, and one event", async () => {
    app.clock.now = new Date("2026-05-01T10:00:00.000Z");
    const [{ id, slug }, subject, requestId] = [await world.tenant(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await admin.run(EXPORT, { input: {} }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { downloadUrl, expiresAt } = data(answer)["exportTenant"];
    const [, home, secret] = /^(?:.*)\/exports\/([^/.]+)\.([\w-]{43})$/.exec(downloadUrl) ?? [];
    expect([downloadUrl.startsWith(app.config.publicUrl), home, expiresAt]).toEqual([true, id, "2026-05-01T10:15:00.000Z"]);
    const [asked] = await exportsOf(id);
    expect(asked).toEqual({ id: expect.any(String), requested_by: subject, token_hash: createHash("sha256").update(secret ?? "").digest("hex"), expires_at: new Date(expiresAt) });
    expect(await eventsOf(app, id)).toEqual([
      {
        action: "tenant.export",
        actorType: "user",
        targetType: "tenant_export",
        targetId: asked?.["id"],
        targetName: slug,
        projectId: null,
        product: null,
        metadata: { expiresAt },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });

  it("ok for operators: the event says who and in which role", async () => {
    const { id } = await world.tenant();
    data(await ask(world.operator, { tenantId: id }));
    expect(await eventsOf(app, id)).toMatchObject([{ action: "tenant.export", metadata: { actor_role: "operator" } }]);
  });
});
