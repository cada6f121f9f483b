/** Owns the guarantees of reading events in the log's own order: what is settled, in places that never change, whatever is recorded late. */
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { PAGE_ARGUMENTS, PAGE_FIELDS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { plantEvent, settleEvent } from "../../testkit/planted-events.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const SETTLED = `query ($filter: AuditEventFilter, $query: String, ${PAGE_VARIABLES}) { auditEvents(order: SETTLED, filter: $filter, query: $query, ${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} } }`;
const NEWEST = `query (${PAGE_VARIABLES}) { auditEvents(${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const at = (answer: Record<string, any>) => answer["auditEvents"]; // any: as in walk
const read = async (caller: Caller, variables: object = {}, headers = {}) =>
  (at(data(await caller.run(SETTLED, { first: 100, ...variables }, headers))).nodes as { id: string }[]).map(({ id }) => id);

/** Events that were settled in another order than that of their times. */
async function tenantWithLog(): Promise<{ tenant: TenantInWorld; log: string[] }> {
  const tenant = await world.tenant();
  const log: string[] = [];
  for (const createdAt of ["2026-01-03", "2020-05-01", "2026-01-03", "2026-01-01", "2026-03-01"]) {
    const id = await plantEvent(app, tenant.id, { created_at: createdAt, crud: createdAt.startsWith("2020") ? "d" : "c" });
    await settleEvent(app, id);
    log.push(id);
  }
  return { tenant, log };
}

describe("auditEvents(order: SETTLED)", () => {
  it("someone else's log is not read, and staff read that of the tenant that they narrowed to", async () => {
    const [{ tenant, log }, { tenant: other }] = [await tenantWithLog(), await tenantWithLog()];
    expect(await read(tenant.auditor)).toEqual(log);
    expect(await read(other.auditor)).not.toEqual(log);
    for (const staff of [world.support, world.operator]) expect(await read(staff, {}, { "x-tenant-id": tenant.id })).toEqual(log);
  });

  it("invalid: staff who did not narrow are told to, because places are one tenant's", async () => {
    fault(await world.support.run(SETTLED, {}), "BAD_USER_INPUT", "order");
  });

  it("pages from either end hold every settled event once, in the order in which they were settled", async () => {
    const { tenant, log } = await tenantWithLog();
    for (const size of [1, 2, 5]) {
      expect(await walk({ caller: tenant.auditor, document: SETTLED, at, size, direction: "forward" })).toEqual(log);
      expect(await walk({ caller: tenant.auditor, document: SETTLED, at, size, direction: "backward" })).toEqual(log);
    }
  });

  it("what is not settled yet is not in it, and then comes at its end, however early it happened: a reader misses nothing", async () => {
    const { tenant, log } = await tenantWithLog();
    const late = await plantEvent(app, tenant.id, { created_at: "2019-01-01" });
    expect(await read(tenant.auditor)).toEqual(log);
    const settle = [late, ...(await Promise.all(["2026-02-01", "2018-01-01"].map((createdAt) => plantEvent(app, tenant.id, { created_at: createdAt }))))];
    const expected = [...log, ...settle];
    const between = async () => {
      const next = settle.shift();
      if (next) await settleEvent(app, next);
    };
    expect(await walk({ caller: tenant.auditor, document: SETTLED, at, size: 2, direction: "forward", between })).toEqual(expected);
  });

  it("filters and words leave the order as it is", async () => {
    const { tenant, log } = await tenantWithLog();
    expect(await read(tenant.auditor, { filter: { crud: "CREATE" } })).toEqual(log.filter((_, n) => n !== 1));
    expect(await read(tenant.auditor, { query: "action:test.* crud:d" })).toEqual([log[1]]);
  });

  it("invalid: a cursor of one order is none of the other, and a forged place is no cursor", async () => {
    const { tenant } = await tenantWithLog();
    const { pageInfo: settled } = at(data(await tenant.auditor.run(SETTLED, { first: 1 })));
    const { pageInfo: newest } = at(data(await tenant.auditor.run(NEWEST, { first: 1 })));
    fault(await tenant.auditor.run(NEWEST, { first: 1, after: settled.endCursor }), "BAD_USER_INPUT", "after");
    fault(await tenant.auditor.run(SETTLED, { first: 1, after: newest.endCursor }), "BAD_USER_INPUT", "after");
    for (const place of ["-1", "1.5", "01", "", "1e3", "9".repeat(19), "x", "0x10"]) {
      const forged = Buffer.from(JSON.stringify(["audit_event.position", place, tenant.id])).toString("base64url");
      fault(await tenant.auditor.run(SETTLED, { first: 1, after: forged }), "BAD_USER_INPUT", "after");
    }
    const beyond = Buffer.from(JSON.stringify(["audit_event.position", "9".repeat(18), tenant.id])).toString("base64url");
    expect(at(data(await tenant.auditor.run(SETTLED, { first: 1, after: beyond }))).nodes).toEqual([]);
  });
});
