import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { addressFor, askFor, eventsIn } from "../../testkit/audit-export.js";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { plantEvent, settleAll } from "../../testkit/planted-events.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type World } from "../../testkit/world.js";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const become = (tenantId: string, state: string) => app.sql(`update tenants set ${state} where id = $1`, [tenantId]);

/** What a ticket says, for whoever looks into the address. */
function ticketIn(downloadUrl: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [header, payload] = (downloadUrl.split("/").at(-1) ?? "").split(".").slice(0, 2).map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>);
  return { header: header ?? {}, payload: payload ?? {} };
}

describe("exportAuditEvents", () => {
  it("unauthenticated: nobody without a token takes anything out", async () => {
    const { id } = await world.tenant();
    fault(await askFor(world.anonymous, { tenantId: id }), "UNAUTHENTICATED");
    expect(await eventsOf(app, id)).toEqual([]);
  });

  it("forbidden: members, support and services do not take it out", async () => {
    const { id, member } = await world.tenant();
    for (const caller of [member, world.support, world.service]) fault(await askFor(caller, { tenantId: id }), "FORBIDDEN");
    expect(await eventsOf(app, id)).toEqual([]);
  });

  it("someone else's: another tenant is not there, and neither is one that never was", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    expect(await app.sql("select id from tenants where id = $1", [theirs.id])).toHaveLength(1);
    const [others, missing] = [await askFor(mine.auditor, { tenantId: theirs.id }), await askFor(mine.auditor, { tenantId: randomUUID() })];
    fault(others, "NOT_FOUND");
    expect(others.body).toEqual(missing.body);
    fault(await askFor(world.operator, { tenantId: randomUUID() }), "NOT_FOUND");
    expect([await eventsOf(app, mine.id), await eventsOf(app, theirs.id)]).toEqual([[], []]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["an action that is none", { filter: { action: "no action" } }, "action"],
    ["a text that is too short", { filter: { text: "a" } }, "text"],
    ["a null character", { filter: { actorId: "a\0" } }, "actorId"],
    ["half a character", { filter: { actorId: "\ud800" } }, "actorId"],
    ["a query with an unknown name", { query: "nothing:here" }, "query"],
    ["a query that is too long", { query: "x".repeat(1_001) }, "query"],
    ["conditions that no address can hold", { filter: { projectId: "x".repeat(5_000) } }, "filter"],
  ])("invalid: %s is refused, and nothing is recorded", async (_what, input, field) => {
    const { id, auditor } = await world.tenant();
    fault(await askFor(auditor, input), "BAD_USER_INPUT", field);
    expect(await eventsOf(app, id)).toEqual([]);
  });

  it("invalid: staff must name the tenant, and a format must be one", async () => {
    fault(await askFor(world.operator), "BAD_USER_INPUT", "tenantId");
    const { id, auditor } = await world.tenant();
    fault(await askFor(auditor, { format: "XML" }), "BAD_USER_INPUT");
    expect(await eventsOf(app, id)).toEqual([]);
  });

  it.each([
    ["active", "status = 'active'"],
    ["on trial", "status = 'trial', trial_ends_at = now() + interval '1 day'"],
    ["frozen", "status = 'frozen', frozen_at = now()"],
    ["a demo", "status = 'demo', kind = 'demo'"],
    ["archived", "status = 'archived', archived_at = now()"],
    ["frozen for 30 days, which no job has noticed", "status = 'frozen', frozen_at = now() - interval '30 days'"],
  ])("in every state: the log of one that is %s is taken out, by its own people and by operators", async (_what, state) => {
    const { id, auditor } = await world.tenant();
    await become(id, state);
    for (const [caller, tenantId] of [[auditor, undefined], [world.operator, id]] as const) {
      const response = await fetch(await addressFor(app, caller, { tenantId }));
      expect([response.status, eventsIn(await response.text()).length]).toEqual([200, expect.any(Number)]);
    }
    // That it was fetched is recorded when the answer's end has left, which the reader may see first.
    await vi.waitFor(async () => expect((await actionsIn(app, id)).toSorted()).toEqual(["audit.export", "audit.export", "audit.fetch_export", "audit.fetch_export"]), { timeout: 10_000 });
  });

  it("ok and audited: an address that holds what was asked for, signed, and one event that says the same and how far the log went", async () => {
    app.clock.now = new Date("2026-05-01T10:00:00.700Z");
    const [{ id, slug }, subject, requestId] = [await world.tenant(), unique("auditor"), unique("request")];
    for (let n = 0; n < 3; n += 1) await plantEvent(app, id);
    await settleAll(app);
    const auditor = await world.caller({ sub: subject, name: "Ada", tenant_id: id, realm_access: { roles: ["AUDITOR"] } });
    const asked = { filter: { action: "test.*", from: "2026-01-01T00:00:00.000Z" }, query: "crud:c" };
    const { downloadUrl, expiresAt } = data(await askFor(auditor, { format: "CSV", ...asked }, { "x-request-id": requestId, "user-agent": "portal/1" }))["exportAuditEvents"];
    const { header, payload } = ticketIn(downloadUrl);
    expect([downloadUrl.startsWith(`${app.config.publicUrl}/audit/exports/`), expiresAt]).toEqual([true, "2026-05-01T11:00:00.000Z"]);
    expect(header).toEqual({ alg: "EdDSA", kid: "dev", typ: "audit-export+jwt" });
    expect(payload).toEqual({ tenant: id, format: "csv", ...asked, purged: 0, sub: subject, jti: expect.any(String), iss: app.config.publicUrl, aud: "audit-export", iat: expect.any(Number), exp: Date.parse(expiresAt) / 1_000 });
    expect((await eventsOf(app, id)).slice(3)).toEqual([
      {
        action: "audit.export", actorType: "user", targetType: "audit_export", targetId: payload["jti"], targetName: slug, projectId: null, product: null,
        metadata: { format: "csv", ...asked, upTo: "3", expiresAt },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });

  it("ok for operators: the event says who and in which role", async () => {
    const { id } = await world.tenant();
    data(await askFor(world.operator, { tenantId: id }));
    expect(await eventsOf(app, id)).toMatchObject([{ action: "audit.export", metadata: { actor_role: "operator", filter: null, query: null } }]);
  });

  it("stores no ticket: the row of the event has nothing of its signature", async () => {
    const { id, auditor } = await world.tenant();
    const signature = (await addressFor(app, auditor)).split(".").at(-1) ?? "";
    expect(signature.length).toBeGreaterThan(40);
    expect(JSON.stringify(await app.sql("select a::text from audit_log a where tenant_id = $1", [id]))).not.toContain(signature);
    expect(app.logged.join("")).not.toContain(signature);
  });

  describe("of an API key", () => {
    const KEYS = { ours: "trk_prod_ABCDEFGHIJKL_MNOPQRSTUVWXYZabcdefghijklmnop012345", foreign: `sk_live_${randomUUID()}` };
    const filterKept = async (apiKey: string, prepare: (tenantId: string) => Promise<unknown> = async () => undefined) => {
      const { id, auditor } = await world.tenant();
      await prepare(id);
      const address = await addressFor(app, auditor, { filter: { apiKey } });
      const kept = (ticketIn(address).payload["filter"] as { apiKey: string }).apiKey;
      expect((await eventsOf(app, id)).at(-1)).toMatchObject({ action: "audit.export", metadata: { filter: { apiKey: kept } } });
      return kept;
    };

    it.each(["abcdefghijkl", randomUUID(), KEYS.foreign])("that %j could itself be, no more is kept than its public part", async (apiKey) => {
      const kept = await filterKept(apiKey);
      expect(kept).toBe(`~${Buffer.from(apiKey.slice(0, 8)).toString("hex")}`);
    });

    it("that has a typo, nothing is kept", async () => {
      expect(await filterKept(KEYS.ours)).toBe("");
    });

    it("an id and a look-up id that are known are kept as they are, also when only events know them", async () => {
      const [lookupId, erased] = ["knownLookup1", randomUUID()];
      await filterKept(lookupId, (tenantId) => app.sql("insert into api_keys (tenant_id, product, name, hash, prefix, environment, lookup_id) values ($1, 'crm', 'x', '*', 'abcdefgh', 'dev', $2)", [tenantId, lookupId])).then((kept) => expect(kept).toBe(lookupId));
      await filterKept(erased, (tenantId) => plantEvent(app, tenantId, { action: "api_key.create", target_type: "api_key", target_id: erased })).then((kept) => expect(kept).toBe(erased));
    });

    it("names that only another tenant knows are not known", async () => {
      const theirs = await world.tenant();
      const { id } = await theirs.apiKey();
      expect(await app.sql("select id from api_keys where id = $1", [id])).toHaveLength(1);
      expect(await filterKept(id)).toBe(`~${Buffer.from(id.slice(0, 8)).toString("hex")}`);
    });
  });
});
