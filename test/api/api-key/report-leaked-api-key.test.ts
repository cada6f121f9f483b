import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { codeOf, revokeKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { endOf, forgedKey, NOT_ENDED, notTheKey, successorOf, wholeKey, type WholeKey } from "../../testkit/leaked-keys.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const REPORT = "mutation ($input: ReportLeakedApiKeyInput!) { reportLeakedApiKey(input: $input) { revoked } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const report = (caller: Caller, { plaintext: key }: Pick<WholeKey, "plaintext">, more: Record<string, unknown> = {}, headers = {}) => caller.run(REPORT, { input: { key, ...more } }, headers);
const revoked = async (answer: ReturnType<typeof report>) => data(await answer)["reportLeakedApiKey"].revoked as boolean;
const become = (tenantId: string, state: string) => app.sql(`update tenants set ${state} where id = $1`, [tenantId]);
const reportsIn = async (tenantId: string) => (await eventsOf(app, tenantId)).filter(({ action }) => action === "api_key.report_leak");

/** A tenant that may have keys, and one of them. */
async function home(): Promise<{ tenant: TenantInWorld; key: WholeKey }> {
  const tenant = await tenantWithCrm(world);
  return { tenant, key: await wholeKey(tenant) };
}

async function expectNothingDone({ tenant, key }: { tenant: TenantInWorld; key: WholeKey }): Promise<void> {
  expect(await endOf(app, key)).toEqual(NOT_ENDED);
  expect(await reportsIn(tenant.id)).toEqual([]);
}

describe("reportLeakedApiKey", () => {
  it("unauthenticated: nobody without a token revokes a key, not even with the key", async () => {
    const here = await home();
    fault(await report(world.anonymous, here.key), "UNAUTHENTICATED");
    await expectNothingDone(here);
  });

  it("forbidden: members, auditors and support do not", async () => {
    const here = await home();
    for (const caller of [here.tenant.member, here.tenant.auditor, world.support]) fault(await report(caller, here.key), "FORBIDDEN");
    await expectNothingDone(here);
  });

  it("less than the whole key revokes nothing, whoever has it, and every answer is that of a key that never was", async () => {
    const here = await home();
    const missing = await report(world.service, { plaintext: forgedKey("000000000000") });
    fault(missing, "NOT_FOUND");
    for (const [what, plaintext] of notTheKey(here.key)) {
      for (const caller of [here.tenant.admin, world.service, world.operator]) {
        const answer = await report(caller, { plaintext });
        if (what === "what no column can hold") fault(answer, "BAD_USER_INPUT", "key");
        else expect([what, answer.body]).toEqual([what, missing.body]);
      }
    }
    await expectNothingDone(here);
  });

  it("someone else's: to another tenant's admin the whole key is as good as none, although it is there", async () => {
    const [mine, theirs] = [await home(), await home()];
    expect(await app.sql("select tenant_id from api_keys where id = $1", [theirs.key.id])).toEqual([{ tenant_id: theirs.tenant.id }]);
    const [others, missing] = [await report(mine.tenant.admin, theirs.key), await report(mine.tenant.admin, { plaintext: forgedKey("000000000000") })];
    fault(others, "NOT_FOUND");
    expect(others.body).toEqual(missing.body);
    await expectNothingDone(theirs);
    expect(await revoked(report(theirs.tenant.admin, theirs.key))).toBe(true);
  });

  it("someone else's: so it is to an operator who narrowed to another tenant", async () => {
    const [mine, theirs] = [await home(), await home()];
    const narrowed = (key: Pick<WholeKey, "plaintext">) => report(world.operator, key, {}, { "x-tenant-id": mine.tenant.id });
    const refused = await narrowed(theirs.key);
    fault(refused, "NOT_FOUND");
    expect((await narrowed({ plaintext: forgedKey("000000000000") })).body).toEqual(refused.body);
    await expectNothingDone(theirs);
    expect(await revoked(narrowed(mine.key))).toBe(true);
  });

  it("invalid: a place of more than 500 characters is refused, and the key is not revoked", async () => {
    const here = await home();
    fault(await report(here.tenant.admin, here.key, { foundAt: "x".repeat(501) }), "BAD_USER_INPUT", "foundAt");
    fault(await report(here.tenant.admin, here.key, { foundAt: "a\u0000" }), "BAD_USER_INPUT", "foundAt");
    await expectNothingDone(here);
  });

  describe("in a tenant whose people may not change it", () => {
    it.each([
      ["frozen", "status = 'frozen', frozen_at = now()", "TENANT_READ_ONLY"],
      ["a trial that is over", "status = 'trial', trial_ends_at = now() - interval '1 minute'", "TENANT_READ_ONLY"],
      ["a demo", "status = 'demo', kind = 'demo'", "FAILED_PRECONDITION"],
    ])("%s: its admin is refused, and services and operators revoke all the same", async (_what, state, code) => {
      const here = await home();
      const second = await wholeKey(here.tenant);
      await become(here.tenant.id, state);
      fault(await report(here.tenant.admin, here.key), code);
      await expectNothingDone(here);
      expect(await revoked(report(world.service, here.key))).toBe(true);
      expect(await revoked(report(world.operator, second))).toBe(true);
      for (const key of [here.key, second]) expect(await endOf(app, key)).toMatchObject({ at: expect.any(Date), reason: "leaked" });
    });

    it.each([
      ["archived", "status = 'archived', archived_at = now()"],
      ["frozen for 30 days, which no job has noticed", "status = 'frozen', frozen_at = now() - interval '30 days'"],
    ])("%s: nothing can be changed any more, and to a service the key has ended", async (_what, state) => {
      const here = await home();
      await become(here.tenant.id, state);
      for (const caller of [here.tenant.admin, world.operator]) fault(await report(caller, here.key), "TENANT_READ_ONLY");
      expect(await revoked(report(world.service, here.key))).toBe(false);
      await expectNothingDone(here);
    });
  });

  describe("a key that has ended", () => {
    it("already revoked: the report changes nothing and is not recorded, and says so", async () => {
      const { tenant, key } = await home();
      expect(await revoked(report(world.service, key))).toBe(true);
      const [end, recorded] = [await endOf(app, key), await actionsIn(app, tenant.id)];
      for (const caller of [tenant.admin, world.service, world.operator]) expect(await revoked(report(caller, key))).toBe(false);
      expect([await endOf(app, key), await actionsIn(app, tenant.id)]).toEqual([end, recorded]);
    });

    it("revoked for another reason: that stays the reason", async () => {
      const { tenant, key } = await home();
      data(await revokeKey(tenant.admin, { id: key.id }));
      expect(await revoked(report(world.service, key))).toBe(false);
      expect(await endOf(app, key)).toMatchObject({ reason: "requested" });
    });

    it("by itself: it is revoked all the same, so that the log says that it leaked", async () => {
      const { tenant, key } = await home();
      await app.sql("update api_keys set expires_at = now() - interval '1 day' where id = $1", [key.id]);
      expect(await revoked(report(tenant.admin, key))).toBe(true);
      expect(await reportsIn(tenant.id)).toMatchObject([{ targetId: key.id }]);
    });
  });

  describe("a rotated key", () => {
    it("inside its overlap: it ends at once, its successor stays, and the event names that", async () => {
      const { tenant, key } = await home();
      const successor = await successorOf(key, tenant, 3_600);
      expect(await revoked(report(world.service, key))).toBe(true);
      expect([await endOf(app, key), await endOf(app, successor)]).toEqual([expect.objectContaining({ reason: "leaked" }), NOT_ENDED]);
      expect(await reportsIn(tenant.id)).toMatchObject([{ targetId: key.id, metadata: { successor: successor.id } }]);
    });

    it("whose successor leaked: only the successor ends", async () => {
      const { tenant, key } = await home();
      const successor = await successorOf(key, tenant, 3_600);
      expect(await revoked(report(tenant.admin, successor))).toBe(true);
      expect([await endOf(app, key), await endOf(app, successor)]).toEqual([NOT_ENDED, expect.objectContaining({ reason: "leaked" })]);
    });
  });

  it("of twenty reports at once, from everybody who may, one revokes, and one event is written", async () => {
    const { tenant, key } = await home();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => revoked(report([tenant.admin, world.service, world.operator][n % 3] as Caller, key))));
    expect(answers.filter(Boolean)).toEqual([true]);
    expect(await reportsIn(tenant.id)).toHaveLength(1);
  });

  it("other keys of the tenant stay as they are", async () => {
    const { tenant, key } = await home();
    const other = await wholeKey(tenant);
    expect(await revoked(report(tenant.admin, key))).toBe(true);
    expect(await endOf(app, other)).toEqual(NOT_ENDED);
  });

  it("it stops working with the answer, also where it was known to work", async () => {
    const { tenant, key } = await home();
    for (const _ of [1, 2]) expect(await codeOf(world.service, key.plaintext)).toBe("VALID");
    expect(await revoked(report(tenant.admin, key))).toBe(true);
    expect(await codeOf(world.service, key.plaintext)).toBe("REVOKED");
  });

  it("whoever has the whole key may report it, a service of another product as well", async () => {
    const { key } = await home();
    expect(await revoked(report(await world.caller({ product: "erp" }), key))).toBe(true);
  });

  it("ok and audited: the key ends now, and its event says who reported it and where it was found", async () => {
    const [{ tenant, key }, subject, requestId] = [await home(), unique("admin"), unique("request")];
    app.clock.now = new Date(Date.now() + 60_000);
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await report(admin, key, { foundAt: "https://code.example/acme/blob/main/.env" }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)).toEqual({ reportLeakedApiKey: { revoked: true } });
    expect(await endOf(app, key)).toEqual({ at: app.clock.now, by: subject, reason: "leaked" });
    expect(await reportsIn(tenant.id)).toEqual([
      {
        action: "api_key.report_leak",
        actorType: "user",
        targetType: "api_key",
        targetId: key.id,
        targetName: key.name,
        projectId: null,
        product: "crm",
        metadata: { lookup_id: key.lookupId, reported_by: subject, found_at: "https://code.example/acme/blob/main/.env" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });

  it("ok for services: the registry revokes, and the event names the service that reported", async () => {
    const [{ tenant, key }, subject, requestId] = [await home(), unique("scanner"), unique("request")];
    expect(await revoked(report(await world.caller({ sub: subject, product: "crm" }), key, {}, { "x-request-id": requestId }))).toBe(true);
    expect(await endOf(app, key)).toMatchObject({ by: subject });
    expect(await reportsIn(tenant.id)).toMatchObject([{ actorType: "system", metadata: { lookup_id: key.lookupId, reported_by: subject, found_at: null } }]);
    expect(await app.sql("select actor_id from audit_log where request_id = $1", [requestId])).toEqual([{ actor_id: "system:leaks" }]);
  });

  it.each<[string, (key: WholeKey, secret: string) => string, (key: WholeKey) => string]>([
    ["the key", ({ plaintext }) => `https://x.example/?key=${plaintext}&a=1`, ({ lookupId }) => `https://x.example/?key=trk_prod_${lookupId}_…&a=1`],
    ["its beginning", ({ plaintext }) => `${plaintext.slice(0, -20)} and more`, ({ lookupId }) => `trk_prod_${lookupId}_… and more`],
    ["its secret", (_, secret) => `/tmp/${secret}.txt`, () => "/tmp/….txt"],
    ["the key with an escaped character", ({ plaintext }) => `?key=${plaintext.replaceAll("_", "%5F")}`, ({ lookupId }) => `?key=trk%5Fprod%5F${lookupId}%5F…`],
    ["another key of ours", () => `${forgedKey("zzzzzzzzzzzz")}, too`, () => "trk_prod_zzzzzzzzzzzz_…, too"],
    ["two others, one after the other", () => `${forgedKey("zzzzzzzzzzzz")}${forgedKey("yyyyyyyyyyyy")}.txt`, () => "trk_prod_zzzzzzzzzzzz_…trk_prod_yyyyyyyyyyyy_….txt"],
    ...["%5F", "%5f", "%255F", "\\_", "\\u005f", "&#95;", "&#x5F;"].map((escaped): [string, () => string, () => string] => [
      `another key, in which ${escaped} is written for _`,
      () => `?a=${forgedKey("zzzzzzzzzzzz").replaceAll("_", escaped)}&b=c`,
      () => `?a=${"trk_prod_zzzzzzzzzzzz_".replaceAll("_", escaped)}…&b=c`,
    ]),
  ])("what is kept of the place is without %s", async (_what, foundAt, kept) => {
    const { tenant, key } = await home();
    const place = foundAt(key, key.plaintext.split("_").at(-1) ?? "");
    expect(await revoked(report(tenant.admin, key, { foundAt: place }))).toBe(true);
    expect(await reportsIn(tenant.id)).toMatchObject([{ metadata: { found_at: kept(key) } }]);
  });
});
