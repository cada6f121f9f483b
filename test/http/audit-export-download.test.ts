/** Owns the guarantees of an export of the audit log that is fetched: all of it can be verified offline, however it was fetched and whatever happened meanwhile. */
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { addressFor, begunOf, eventsIn, linesIn, logIn, verdictOn } from "../testkit/audit-export.js";
import { eventsOf } from "../testkit/events.js";
import { plantEvent } from "../testkit/planted-events.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

async function fetched(address: string): Promise<string> {
  const response = await fetch(address);
  expect(response.status).toBe(200);
  return response.text();
}

/** As many small events in one statement. */
const plant = ({ id }: TenantInWorld, count: number) =>
  app.sql("insert into audit_log (tenant_id, action, crud, actor_id, actor_name, description, metadata) select $1, 'n.n' || n, 'c', 'ada', 'Ada', 'number ' || n, jsonb_build_object('n', n) from generate_series(1, $2::int) n", [id, count]);

describe("a whole export", () => {
  it("can be verified offline, and has every event up to the moment of its fetching, also those that were not settled", async () => {
    const tenant = await world.tenant();
    await plant(tenant, 700);
    await plantEvent(app, tenant.id, { description: 'quotes " and \\ and \u2028 and 漢字 and 🙂\n', metadata: '{"a": {"b": [1.50, "x"]}}', source_ip: "10.0.0.1" });
    const text = await fetched(await addressFor(app, tenant.auditor));
    expect(await verdictOn(app, text)).toMatchObject({ valid: true, events: 702, from: 1, to: 702, erased: 0, failure: null });
    expect(logIn(text)).toMatchObject({ type: "log", tenant: tenant.id, after: 0, whole: true, base: null, frontier: [] });
    expect(eventsIn(text).at(-1)?.columns).toMatchObject({ action: "audit.export", tenant_id: tenant.id });
    expect(linesIn(text).at(-1)).toEqual({ type: "end", events: 702, position: 702 });
  });

  it("fetched again goes further, and its first checkpoints are those of the one before, which it is verified against", async () => {
    const tenant = await world.tenant();
    const address = await addressFor(app, tenant.auditor);
    const first = await fetched(address);
    await plant(tenant, 3);
    const second = await fetched(address);
    const kept = linesIn(first).flatMap((line) => (line.type === "checkpoint" ? [line.signed] : []));
    expect(kept.length).toBeGreaterThan(0);
    expect(await verdictOn(app, second, kept)).toMatchObject({ valid: true });
    expect(await verdictOn(app, first, linesIn(second).flatMap((line) => (line.type === "checkpoint" ? [line.signed] : [])))).toMatchObject({ valid: false, failure: { reason: "tail_missing" } });
  });

  it("holds nothing of another tenant, which has events too, and which the same words would find", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    for (const tenant of [mine, theirs]) await plant(tenant, 5);
    const foreign = await app.sql<{ uid: string }>("select uid from audit_log where tenant_id = $1", [theirs.id]);
    expect(foreign).toHaveLength(5);
    for (const input of [{}, { filter: { actorId: "ada" } }, { format: "CSV" }]) {
      const text = await fetched(await addressFor(app, mine.auditor, input));
      expect(text).toContain("n.n5");
      for (const value of [theirs.id, ...foreign.map(({ uid }) => uid)]) expect(text).not.toContain(value);
    }
  });

  it("is sent as a file that nobody keeps, guesses about or shows", async () => {
    app.clock.now = new Date("2026-05-01T10:00:00.000Z");
    const tenant = await world.tenant();
    const auditor = await world.caller({ tenant_id: tenant.id, realm_access: { roles: ["AUDITOR"] } });
    for (const [format, type] of [["ndjson", "application/x-ndjson; charset=utf-8"], ["csv", "text/csv; charset=utf-8"]]) {
      const { headers } = await fetch(await addressFor(app, auditor, { format: format?.toUpperCase() }));
      expect(Object.fromEntries(headers)).toMatchObject({
        "content-type": type,
        "content-disposition": `attachment; filename="${tenant.slug}-audit-2026-05-01.${format}"`,
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
      });
    }
  });

  it("is recorded when it is over: by whose leave, from where to where, and whether it was whole", async () => {
    const tenant = await world.tenant();
    await plant(tenant, 3);
    const address = await addressFor(app, world.operator, { tenantId: tenant.id });
    await (await fetch(address, { headers: { "user-agent": "fetcher/1", "x-request-id": "fetching-it" } })).text();
    await vi.waitFor(async () => expect((await eventsOf(app, tenant.id)).at(-1)?.action).toBe("audit.fetch_export"), { timeout: 10_000 });
    const [asked, recorded] = (await eventsOf(app, tenant.id)).slice(-2);
    const [row] = await app.sql("select actor_id as subject from audit_log where tenant_id = $1 and action = 'audit.export'", [tenant.id]);
    expect(recorded).toMatchObject({
      action: "audit.fetch_export", actorType: "system", targetType: "audit_export", targetId: asked?.targetId, targetName: tenant.slug,
      metadata: { format: "ndjson", events: 4, from: "0", upTo: "4", complete: true, requested_by: row?.["subject"] },
    });
    expect(await app.sql("select actor_id, host(source_ip) as ip, user_agent from audit_log where tenant_id = $1 and request_id = 'fetching-it'", [tenant.id])).toEqual([
      { actor_id: "system:export", ip: expect.stringMatching(/^(127\.0\.0\.1|::1)$/), user_agent: "fetcher/1" },
    ]);
  });
});

describe("an export that was cut off", () => {
  it("anywhere is continued behind its last whole event, and the two together can be verified", async () => {
    const tenant = await world.tenant();
    await plant(tenant, 600);
    const address = await addressFor(app, tenant.auditor);
    const whole = await fetched(address);
    for (const part of [0.001, 0.2, 0.5, 0.77, 0.999]) {
      const { text, after } = begunOf(whole.slice(0, Math.floor(whole.length * part)));
      if (text === "") continue;
      await plantEvent(app, tenant.id);
      const rest = await fetched(`${address}?after=${after}`);
      expect(eventsIn(rest)[0]?.position).toBe(after + 1);
      expect(await verdictOn(app, text + rest)).toMatchObject({ valid: true, from: 1 });
    }
  });

  it("behind its last event gets what is still missing: checkpoints and the end", async () => {
    const tenant = await world.tenant();
    const address = await addressFor(app, tenant.auditor);
    const { text, after } = begunOf(await fetched(address));
    const rest = await fetched(`${address}?after=${after}`);
    expect(await verdictOn(app, text + rest)).toMatchObject({ valid: true });
  });

  it("does not pass for a whole one", async () => {
    const tenant = await world.tenant();
    await plant(tenant, 50);
    const whole = await fetched(await addressFor(app, tenant.auditor));
    const { text } = begunOf(whole.slice(0, whole.length / 2));
    expect(await verdictOn(app, text)).toMatchObject({ valid: false, failure: { reason: "tail_missing" } });
  });

  it.each(["-1", "1.5", "x", "", "01", "9".repeat(16), "1&after=1"])("is not continued behind %j, which is no place", async (after) => {
    const response = await fetch(`${await addressFor(app, (await world.tenant()).auditor)}?after=${after}`);
    expect([response.status, await response.json()]).toMatchObject([400, { errors: [{ extensions: { code: "BAD_USER_INPUT" } }] }]);
  });

  it("is not continued behind a place that the log does not have", async () => {
    const response = await fetch(`${await addressFor(app, (await world.tenant()).auditor)}?after=2`);
    expect(response.status).toBe(400);
  });
});

describe("an export with a filter", () => {
  it("has the events of the filter, says that it is not whole, and does not pass for a proof that it is", async () => {
    const tenant = await world.tenant();
    await plant(tenant, 1_500);
    await plantEvent(app, tenant.id, { action: "rare.thing", actor_id: "bob", created_at: "2026-01-02T00:00:00Z" });
    const filters = [{ filter: { action: "rare.*" } }, { filter: { actorId: "bob" } }, { query: "actor.id:bob" }, { filter: { from: "2026-01-01T00:00:00Z", until: "2026-01-03T00:00:00Z" } }, { filter: { action: "rare.thing" }, query: "created:2026-01-02,2026-01-03" }];
    for (const input of filters) {
      const text = await fetched(await addressFor(app, tenant.auditor, input));
      expect(eventsIn(text).map(({ columns }) => columns["action"])).toEqual(["rare.thing"]);
      expect([logIn(text).whole, linesIn(text).at(-1)]).toEqual([false, { type: "end", events: 1, position: expect.any(Number) }]);
      expect(await verdictOn(app, text)).toMatchObject({ valid: false, failure: { reason: "filtered_export" } });
    }
    expect(eventsIn(await fetched(await addressFor(app, tenant.auditor, { filter: { actorId: "nobody" } })))).toEqual([]);
  });

  it("can be continued too", async () => {
    const tenant = await world.tenant();
    await plant(tenant, 30);
    const address = await addressFor(app, tenant.auditor, { filter: { actorId: "ada" } });
    expect(eventsIn(await fetched(`${address}?after=28`)).map(({ position }) => position)).toEqual([29, 30]);
  });
});

describe("a table", () => {
  it("has a line of names and one line for each event, with the places of the log", async () => {
    const tenant = await world.tenant();
    const id = await plantEvent(app, tenant.id, { description: "one, two", metadata: '{"a": 1}', created_at: "2026-01-02T03:04:05.678901Z" });
    const [head = "", first = "", second = "", ...more] = (await fetched(await addressFor(app, tenant.auditor, { format: "CSV" }))).split("\r\n");
    expect(head.split(",").slice(0, 5)).toEqual(["position", "id", "tenantId", "projectId", "action"]);
    expect(first.startsWith(`1,${id},${tenant.id},,test.happened,`)).toBe(true);
    for (const text of ["2026-01-02T03:04:05.678901Z", '"one, two"', '"{""a"": 1}"']) expect(first).toContain(text);
    expect([second.startsWith("2,"), second.includes("audit.export"), more]).toEqual([true, true, [""]]);
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", '=cmd|"/C calc"!A0'])("has no cell that a spreadsheet would take for a formula: %j", async (text) => {
    const tenant = await world.tenant();
    await plantEvent(app, tenant.id, { actor_name: text, target_name: `x${text}` });
    const table = await fetched(await addressFor(app, tenant.auditor, { format: "CSV" }));
    const written = text.replaceAll('"', '""');
    expect(table).toContain(`'${written}`);
    expect(table).not.toMatch(new RegExp(`(?:^|[,"])${written.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`));
    expect(table).toContain(`x${written}`);
  });

  it("that is continued has no line of names again", async () => {
    const tenant = await world.tenant();
    await plant(tenant, 3);
    const address = await addressFor(app, tenant.auditor, { format: "CSV" });
    const whole = (await fetched(address)).split("\r\n");
    expect((await fetched(`${address}?after=2`)).split("\r\n").slice(0, 2)).toEqual(whole.slice(3, 5));
  });
});
