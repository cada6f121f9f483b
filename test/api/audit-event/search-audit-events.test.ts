/** Owns the guarantees of searching events: each condition alone, in a filter and in words, and that a search never reaches beyond the caller's log. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { plantEvent } from "../../testkit/planted-events.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const SEARCH = "query ($filter: AuditEventFilter, $query: String) { auditEvents(filter: $filter, query: $query, first: 100) { nodes { id } } }";
const NESTED = "query ($id: ID!, $filter: AuditEventFilter, $query: String) { tenant(id: $id) { auditEvents(filter: $filter, query: $query, first: 100) { nodes { id } } } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

interface Asked {
  filter?: object | null;
  query?: string | null;
}
type Ids = { id: string }[];
const idsOf = (page: { nodes: Ids }) => page.nodes.map(({ id }) => id).sort();
const found = async (caller: Caller, asked: Asked) => idsOf(data(await caller.run(SEARCH, { ...asked }))["auditEvents"]);
const foundBelow = async (tenant: TenantInWorld, asked: Asked) => idsOf(data(await tenant.auditor.run(NESTED, { id: tenant.id, ...asked }))["tenant"].auditEvents);

/** Both ways in give the same. */
async function bothWays(tenant: TenantInWorld, asked: Asked): Promise<string[]> {
  const ids = await found(tenant.auditor, asked);
  expect(await foundBelow(tenant, asked)).toEqual(ids);
  return ids;
}

/** What an event may be found by: its columns, the filter, and the same in words; the words of the last are `null` where there are none. */
const WAYS: [what: string, columns: Record<string, unknown>, filter: object | null, query: string | null][] = [
  ["its action", { action: "report.openedTwice" }, { action: "report.openedTwice" }, "action:report.openedTwice"],
  ["the beginning of its action", { action: "report.openedTwice" }, { action: "report.o*" }, "action:report.*"],
  ["creating", { crud: "c" }, { crud: "CREATE" }, "crud:c"],
  ["reading", { crud: "r" }, { crud: "READ" }, "crud:r"],
  ["changing", { crud: "u" }, { crud: "UPDATE" }, "crud:u"],
  ["deleting", { crud: "d" }, { crud: "DELETE" }, "crud:d"],
  ["having failed", { is_failure: true }, { isFailure: true }, "is_failure:true"],
  ["its actor", { actor_id: "auth0|7 x" }, { actorId: "auth0|7 x" }, 'actor.id:"auth0|7 x"'],
  ["its actor's name", { actor_name: "Ada LOVELACE" }, null, 'actor.name:"a lovelace"'],
  ["its target", { target_id: "d-1" }, { targetId: "d-1" }, "target.id:d-1"],
  ["its target's kind", { target_type: "document" }, { targetType: "document" }, "target.type:document"],
  ["its target's name", { target_name: "Bericht Ärger" }, null, "target.name:ärger"],
  ["its product", { product: "crm" }, { product: "crm" }, "product:crm"],
  ["its request", { request_id: "r-1" }, { requestId: "r-1" }, "request_id:r-1"],
  ["its description", { description: "Looked at 100% of the Quarterly report" }, { text: "at 100% of" }, '"at 100% of" quarterly description:REPORT'],
  ["when it happened", { created_at: "2020-02-01T00:00:00.5Z" }, { from: "2020-02-01T00:00:00Z", until: "2020-02-02T00:00:00Z" }, "created:2020-02-01,2020-02-02"],
  ["when it was received", { created_at: "2020-02-01T00:00:00Z", received_at: "2020-02-03T00:00:00Z" }, null, "received:2020-02-02T12:00,2020-02-04"],
  ["when it happened, where nothing else is known", { created_at: "2020-02-01T00:00:00Z", received_at: null }, null, "received:2020-02-01,2020-02-02"],
];

describe("an event is found", () => {
  it.each(WAYS)("by %s, and no other is", async (_what, columns, filter, query) => {
    const tenant = await world.tenant();
    const others = await Promise.all([plantEvent(app, tenant.id), plantEvent(app, tenant.id, { actor_name: "Eve", target_name: "Bericht", description: "Looked at 1000 of the Quarterly reports" })]);
    const id = await plantEvent(app, tenant.id, columns);
    expect(await bothWays(tenant, {})).toEqual([...others, id].sort());
    if (filter) expect(await bothWays(tenant, { filter })).toEqual([id]);
    if (query) expect(await bothWays(tenant, { query })).toEqual([id]);
  });

  it("by what its product calls it, which is remembered beside the log", async () => {
    const tenant = await world.tenant();
    const [id, other] = [await plantEvent(app, tenant.id, { external_id: "e-1", product: "crm" }), await plantEvent(app, tenant.id, { external_id: "e-2", product: "crm" })];
    for (const [name, event] of [["e-1", id], ["e-2", other], ["view:e-1", id]]) {
      await app.sql("insert into audit_external_ids (tenant_id, product, external_id, event_id) values ($1, 'crm', $2, $3)", [tenant.id, name, event]);
    }
    expect(await bothWays(tenant, { filter: { externalId: "e-1" } })).toEqual([id]);
    expect(await bothWays(tenant, { query: "external_id:e-2 product:crm" })).toEqual([other]);
    for (const externalId of ["e", "e-3", "", "view:e-1"]) expect(await bothWays(tenant, { filter: { externalId } })).toEqual([]);
  });

  it("not by what it is not: failures among what succeeded, letters that stand for any letter, words that are apart", async () => {
    const tenant = await world.tenant();
    const [ok, failed] = [await plantEvent(app, tenant.id, { description: "one two" }), await plantEvent(app, tenant.id, { is_failure: true, description: "one 2 two" })];
    expect(await bothWays(tenant, { filter: { isFailure: false } })).toEqual([ok]);
    expect(await bothWays(tenant, { query: "is_failure:false" })).toEqual([ok]);
    expect(await bothWays(tenant, { filter: { text: "one two" } })).toEqual([ok]);
    expect(await bothWays(tenant, { query: "two one" })).toEqual([ok, failed].sort());
    for (const text of ["o%o", "on_ two", "o\\ne"]) expect(await bothWays(tenant, { filter: { text } })).toEqual([]);
  });

  it("by several kinds at once, and by a filter and words only where both hold", async () => {
    const tenant = await world.tenant();
    const [c, , d] = [await plantEvent(app, tenant.id, { crud: "c" }), await plantEvent(app, tenant.id, { crud: "u" }), await plantEvent(app, tenant.id, { crud: "d", actor_id: "ada" }), await plantEvent(app, tenant.id)];
    expect(await bothWays(tenant, { query: "crud:c,d" })).toEqual([c, d].sort());
    expect(await bothWays(tenant, { query: "crud:c,d", filter: { actorId: "ada" } })).toEqual([d]);
    expect(await bothWays(tenant, { query: "crud:c,d", filter: { crud: "UPDATE" } })).toEqual([]);
    expect(await bothWays(tenant, { query: "  ", filter: { crud: null } })).toHaveLength(4);
  });

  it("by the beginning of its action also where more begin so than are looked up at once, and page by page", async () => {
    const tenant = await world.tenant();
    await app.sql("insert into audit_log (tenant_id, action, created_at) select $1, 'busy.' || (g % 7), now() - g * interval '1 second' from generate_series(1, 2100) g", [tenant.id]);
    await app.sql("insert into audit_log (tenant_id, action, created_at) select $1, 'busz.' || g, now() - g * interval '1 second' from generate_series(1, 5) g", [tenant.id]);
    const PAGE = "query ($action: String, $after: String) { auditEvents(filter: { action: $action }, first: 100, after: $after) { nodes { action } pageInfo { hasNextPage endCursor } } }";
    const all = async (action: string) => {
      const actions: string[] = [];
      for (let after: string | null = null, more = true; more; ) {
        const { nodes, pageInfo }: Record<string, any> = data(await tenant.auditor.run(PAGE, { action, after }))["auditEvents"]; // any: asked for above
        actions.push(...(nodes as { action: string }[]).map((node) => node.action));
        [after, more] = [pageInfo.endCursor, pageInfo.hasNextPage];
      }
      return actions;
    };
    expect((await all("busy.*")).length).toBe(2100);
    expect(await all("busz.*")).toEqual(["busz.1", "busz.2", "busz.3", "busz.4", "busz.5"]);
    expect(await all("busy.3*")).toEqual(Array.from({ length: 300 }, () => "busy.3"));
  });
});

describe("someone else's", () => {
  it("whatever is asked for, in whichever way, only one's own log answers; staff find it in every log", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const secret = randomUUID();
    const id = await plantEvent(app, theirs.id, { actor_id: secret, target_id: secret, request_id: secret, external_id: secret, action: `x.${secret.replaceAll("-", "_")}`, description: `about ${secret}` });
    await app.sql("insert into audit_external_ids (tenant_id, product, external_id, event_id) values ($1, 'crm', $2, $3)", [theirs.id, secret, id]);
    const ways: Asked[] = [
      { filter: { actorId: secret } },
      { filter: { targetId: secret } },
      { filter: { requestId: secret } },
      { filter: { externalId: secret } },
      { filter: { action: `x.${secret.replaceAll("-", "_").slice(0, 30)}*` } },
      { filter: { text: secret } },
      { query: secret },
    ];
    for (const asked of ways) {
      expect(await found(theirs.auditor, asked)).toEqual([id]);
      expect(await found(world.support, asked)).toEqual([id]);
      expect(await bothWays(mine, asked)).toEqual([]);
    }
  });
});

describe("invalid", () => {
  it.each([
    [{ text: "x" }, "text"],
    [{ text: "x".repeat(201) }, "text"],
    [{ text: "ab\u0000" }, "text"],
    [{ externalId: "x".repeat(256) }, "externalId"],
    [{ externalId: "\ud800" }, "externalId"],
  ])("the filter %o is refused", async (filter, field) => {
    fault(await (await world.tenant()).auditor.run(SEARCH, { filter }), "BAD_USER_INPUT", field);
  });

  it.each([{ texts: ["ab"] }, { cruds: ["c"] }, { actorName: "ab" }, { receivedFrom: "2026-01-01T00:00:00Z" }])("the filter %o: what only words can say is no field", async (filter) => {
    fault(await (await world.tenant()).auditor.run(SEARCH, { filter }), "BAD_USER_INPUT");
  });

  it("a search in words that is none is refused at its own field, also below a tenant", async () => {
    const tenant = await world.tenant();
    fault(await tenant.auditor.run(SEARCH, { query: "hunter2:x" }), "BAD_USER_INPUT", "query");
    const answer = await tenant.auditor.run(NESTED, { id: tenant.id, query: "hunter2:x" });
    fault(answer, "BAD_USER_INPUT", "query");
    expect(answer.body.data).toEqual({ tenant: { auditEvents: null } });
    expect(JSON.stringify(answer.body)).not.toContain("hunter2");
  });
});
