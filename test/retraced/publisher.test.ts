/** Owns the proof that Retraced's paths take events from whom they should, all of a request or none, and answer in one shape. */
import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { tenantWithCrm, revokeKey } from "../testkit/api-keys.js";
import { actionsIn } from "../testkit/events.js";
import { data } from "../testkit/outcome.js";
import type { Registry } from "../testkit/registry.js";
import { addressIn, auditKey, openRetracedRegistry, post } from "../testkit/retraced.js";
import { openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let key: string;
beforeAll(async () => {
  app = await openRetracedRegistry();
  world = await openWorld(app);
  tenant = await tenantWithCrm(world);
  key = (await auditKey(tenant)).text;
});
afterAll(() => app.close());
afterEach(() => {
  app.clock.now = null;
});

const EVENT = { action: "tea.buy", crud: "c", actor: { id: "ada" } };
const one = (body: unknown, token: string | null = key, product = "crm") => post(addressIn(app, "/event", product), token, body);
const many = (body: unknown, token: string | null = key) => post(addressIn(app, "/event/bulk"), token, body);
const refused = (status: number, code: string) => ({ status, json: { error: expect.objectContaining({ code, message: expect.any(String) }) } });
const recordedIn = async ({ id }: TenantInWorld) => (await actionsIn(app, id)).filter((action) => action.startsWith("tea.")).length;

describe("who may publish", () => {
  it("unauthenticated: nobody without a token, and no key that is wrong, ended or another product's", async () => {
    const before = await recordedIn(tenant);
    const revoked = await auditKey(tenant);
    data(await revokeKey(tenant.admin, { id: revoked.id }));
    await tenant.entitlement("chat");
    for (const token of [null, "x", "", "eyJ.x.y", `${key.slice(0, -1)}!`, revoked.text, "a b"]) expect(await one(EVENT, token), String(token)).toMatchObject(refused(401, "UNAUTHENTICATED"));
    expect(await one(EVENT, key, "chat")).toMatchObject(refused(401, "UNAUTHENTICATED"));
    expect(await recordedIn(tenant)).toBe(before);
  });

  it("forbidden: people, whatever their roles, and keys without the scope", async () => {
    const before = await recordedIn(tenant);
    const without = await auditKey(tenant, { scopes: ["audit:read", "read"] });
    for (const token of [tenant.admin.token, tenant.member.token, world.operator.token, without.text]) {
      expect(await one({ ...EVENT, group: { id: tenant.id } }, token)).toMatchObject(refused(403, "FORBIDDEN"));
    }
    expect(await recordedIn(tenant)).toBe(before);
  });

  it("a service publishes for its own product only", async () => {
    const body = { ...EVENT, group: { id: tenant.id } };
    for (const product of ["desk", "nothing", "%00", "a%2Fb"]) expect(await one(body, world.service.token, product)).toMatchObject(refused(404, "NOT_FOUND"));
    expect(await one(body, world.service.token)).toMatchObject({ status: 201 });
  });

  it("someone else's tenant, and none at all, are not there: for a key every tenant but its own", async () => {
    const other = await tenantWithCrm(world);
    for (const id of [other.id, randomUUID(), "x", tenant.slug]) expect(await one({ ...EVENT, group: { id } })).toMatchObject(refused(404, "NOT_FOUND"));
    for (const id of [randomUUID(), "x"]) expect(await one({ ...EVENT, group: { id } }, world.service.token)).toMatchObject(refused(404, "NOT_FOUND"));
    expect(await recordedIn(other)).toBe(0);
    expect(await one({ ...EVENT, group: { id: tenant.id.toUpperCase() } })).toMatchObject({ status: 201 });
  });

  it("a key that is bound to addresses or to a project publishes from there, and about that", async () => {
    const elsewhere = await auditKey(tenant, { allowedIps: ["203.0.113.0/24"] });
    expect(await one(EVENT, elsewhere.text)).toMatchObject(refused(403, "FORBIDDEN"));
    const project = await tenant.project();
    const bound = await auditKey(tenant, { projectId: project.id });
    const { json } = await one(EVENT, bound.text);
    expect(await app.sql("select project_id, writer, actor_id from audit_log where uid = $1", [json.id])).toEqual([{ project_id: project.id, writer: `key:${bound.id}`, actor_id: "ada" }]);
  });

  it("the header is written in any of three ways, and only once", async () => {
    const send = (authorization: string) => fetch(addressIn(app, "/event"), { method: "POST", headers: { "content-type": "application/json", authorization }, body: JSON.stringify(EVENT) });
    for (const way of [`token=${key}`, `Token token=${key}`, `Bearer ${key}`, `bearer ${key}`]) expect((await send(way)).status, way).toBe(201);
    for (const way of [key, `Token ${key}`, `token="${key}"`, `Basic ${key}`, `token=${key}, token=${key}`]) expect((await send(way)).status, way).toBe(401);
  });
});

describe("what is published", () => {
  it("all of a request or nothing, and everything that is wrong with it is told", async () => {
    const before = await recordedIn(tenant);
    const { status, json } = await many({ events: [EVENT, { ...EVENT, crud: "x" }, { ...EVENT, actor: null, source_ip: "nowhere" }] });
    expect(status).toBe(400);
    expect(json.error).toEqual({
      code: "BAD_USER_INPUT",
      field: "events",
      message: "Event 1: crud must be one of c, r, u and d and 2 more",
      violations: [
        { index: 1, field: "crud", message: expect.stringMatching(/^crud /) },
        { index: 2, field: "actor", message: expect.stringMatching(/^actor /) },
        { index: 2, field: "source_ip", message: expect.stringMatching(/^source_ip /) },
      ],
    });
    expect(await recordedIn(tenant)).toBe(before);
  });

  it("many are of one tenant, which a service names in each of them", async () => {
    const other = await tenantWithCrm(world);
    const of = (...groups: (string | null)[]) => many({ events: groups.map((id) => ({ ...EVENT, ...(id && { group: { id } }) })) }, world.service.token);
    expect(await of(tenant.id, tenant.id)).toMatchObject({ status: 201 });
    expect((await of(tenant.id, other.id)).json.error.violations).toEqual([{ index: 1, field: "group.id", message: expect.any(String) }]);
    expect((await of(tenant.id, null)).json.error.violations).toEqual([{ index: 1, field: "group", message: expect.any(String) }]);
    expect(await many({ events: [EVENT, { ...EVENT, group: { id: other.id } }] })).toMatchObject(refused(404, "NOT_FOUND"));
    expect(await recordedIn(other)).toBe(0);
  });

  it.each([
    ["no list", {}],
    ["an empty list", { events: [] }],
    ["something beside the list", { events: [EVENT], event: EVENT }],
    ["a bare list", [EVENT]],
    ["nothing", "null"],
    ["no JSON", "{"],
  ])("%s instead of many is refused", async (_what, body) => {
    expect((await many(body)).status).toBe(400);
  });

  it("fifty at once, and not one more; a megabyte at once, and a quarter of one alone", async () => {
    const events = (count: number) => ({ events: Array.from({ length: count }, () => EVENT) });
    expect((await many(events(50))).json).toHaveLength(50);
    expect(await many(events(51))).toMatchObject(refused(400, "LIMIT_EXCEEDED"));
    const long = { ...EVENT, fields: Object.fromEntries(Array.from({ length: 45 }, (_, n) => [`f${n}`, "x".repeat(4_000)])) };
    expect(await many({ events: Array.from({ length: 5 }, () => long) })).toMatchObject({ status: 201 });
    expect(await many({ events: Array.from({ length: 6 }, () => long) })).toMatchObject(refused(413, "LIMIT_EXCEEDED"));
    expect(await one({ ...long, metadata: long.fields })).toMatchObject(refused(413, "LIMIT_EXCEEDED"));
  });

  it("twice under one external id is recorded once, and something else under it is a conflict", async () => {
    const event = { ...EVENT, external_id: unique("e") };
    const [first, again] = [await one(event), await one({ ...event, group: { id: tenant.id } })];
    expect(again.json.id).toBe(first.json.id);
    // The group is part of their hash, and was sent the second time only.
    expect(again.json.hash).not.toBe(first.json.hash);
    expect(await one({ ...event, description: "other" })).toMatchObject(refused(400, "CONFLICT"));
    expect(await app.sql("select count(*)::int as count from audit_log where external_id = $1", [event.external_id])).toEqual([{ count: 1 }]);
  });

  it.each([
    ["frozen", "status = 'frozen', frozen_at = now()", 201],
    ["archived", "status = 'archived', archived_at = now()", 403],
    ["a demo", "status = 'demo', kind = 'demo'", 403],
  ])("in a tenant that is %s what a product refuses to it goes on being recorded, as long as it has keys", async (_what, state, status) => {
    const home = await tenantWithCrm(world);
    const own = await auditKey(home);
    await app.sql(`update tenants set ${state} where id = $1`, [home.id]);
    expect((await one(EVENT, own.text)).status).toBe(status);
  });
});

describe("how it is asked", () => {
  it("with the one method that a path has", async () => {
    for (const [path, method, allow] of [["/event", "GET", "POST"], ["/event/bulk", "PUT", "POST"], ["/viewertoken", "POST", "GET"], ["/graphql", "GET", "POST"]] as const) {
      const response = await fetch(addressIn(app, path), { method, headers: { authorization: `token=${key}` } });
      expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
    }
  });

  it("a viewer token names who looks, once and as text", async () => {
    const ask = async (query: string) => {
      const response = await fetch(addressIn(app, `/viewertoken?${query}`), { headers: { authorization: `Token token=${key}` } });
      return { status: response.status, json: (await response.json()) as Record<string, any> }; // any: every test knows the shape that it asked for
    };
    for (const [query, field] of [["", "actor_id"], ["actor_id=", "actor_id"], ["actor_id=a&actor_id=b", "actor_id"], ["actor_id=a&is_admin=yes", "is_admin"], [`actor_id=${"x".repeat(256)}`, "actor_id"], ["actor_id=a%00", "actor_id"], ["actor_id=a&is_admin=constructor", "is_admin"]]) {
      expect((await ask(query as string)).json["error"], query).toMatchObject({ code: "BAD_USER_INPUT", field });
    }
    expect(await ask("actor_id=ada&is_admin=false&target_id=t&view_log_action=x.y")).toEqual({ status: 200, json: { token: expect.any(String) } });
  });
});

describe("what is searched", () => {
  const SEARCH = "query ($query: String!, $first: Int, $after: String, $last: Int, $before: String) { search(query: $query, first: $first, after: $after, last: $last, before: $before) { totalCount pageInfo { hasNextPage hasPreviousPage } edges { cursor node { action } } } }";
  const ask = (variables: object, query = SEARCH) => post(addressIn(app, "/graphql"), key, { query, variables });

  it("leads from the oldest to the newest with first and after, and back with last and before", async () => {
    const actor = unique("steps");
    for (const step of ["step.a", "step.b", "step.c"]) await one({ ...EVENT, action: step, actor: { id: actor } });
    const query = `actor.id:${actor}`;
    const page = async (variables: object) => {
      const { edges, pageInfo, totalCount } = (await ask({ query, ...variables })).json.data.search;
      return { actions: edges.map(({ node }: { node: { action: string } }) => node.action), cursor: edges.at(-1)?.cursor, ...pageInfo, totalCount };
    };
    const oldest = await page({ first: 2, after: "" });
    expect(oldest).toEqual({ actions: ["step.a", "step.b"], cursor: expect.any(String), hasNextPage: true, hasPreviousPage: false, totalCount: 3 });
    expect(await page({ first: 2, after: oldest.cursor })).toMatchObject({ actions: ["step.c"], hasNextPage: false, hasPreviousPage: true });
    const newest = await page({ last: 2, before: "" });
    expect(newest).toMatchObject({ actions: ["step.c", "step.b"], hasNextPage: false, hasPreviousPage: true });
    expect(await page({ last: 2, before: newest.cursor })).toMatchObject({ actions: ["step.a"], hasNextPage: true, hasPreviousPage: false });
    expect(await page({})).toMatchObject({ actions: ["step.c", "step.b", "step.a"] });
  });

  it.each([
    ["both ends", { query: "", first: 1, last: 1 }, "last"],
    ["none", { query: "", first: 0 }, "first"],
    ["too many", { query: "", last: 101 }, "last"],
    ["a cursor that is none", { query: "", last: 1, before: "x" }, "before"],
    ["a cursor that is none, forward", { query: "", first: 1, after: "x" }, "after"],
    ["where a caller was", { query: 'location:"Berlin"' }, "query"],
    ["variables that do not fit", { query: 1 }, "variables"],
  ])("%s is refused, in the names that were sent", async (_what, variables, field) => {
    expect((await ask(variables)).json.error).toMatchObject({ code: "BAD_USER_INPUT", field });
  });

  it.each([
    ["no document", undefined],
    ["no GraphQL", "{"],
    ["what is not there", "{ events { id } }"],
    ["the schema", "{ __schema { types { name } } }"],
    ["a change", "mutation { search }"],
    ["several operations", 'query a { search(query: "") { totalCount } } query b { search(query: "") { totalCount } }'],
  ])("%s is refused", async (_what, query) => {
    expect(await post(addressIn(app, "/graphql"), key, { query })).toMatchObject(refused(400, "BAD_USER_INPUT"));
  });

  it("one search at a time, of a document of no more than fifteen hundred tokens", async () => {
    expect(await ask({}, '{ a: search(query: "") { totalCount } b: search(query: "") { totalCount } }')).toMatchObject(refused(400, "LIMIT_EXCEEDED"));
    expect(await ask({}, `{ search(query: "") { ${"totalCount ".repeat(1_500)} } }`)).toMatchObject(refused(400, "BAD_USER_INPUT"));
  });

  it("not by services, people, or keys that only append", async () => {
    const appendsOnly = await auditKey(tenant, { scopes: ["audit:append"] });
    for (const token of [world.service.token, tenant.auditor.token, world.operator.token, appendsOnly.text]) {
      expect(await post(addressIn(app, "/graphql"), token, { query: SEARCH, variables: { query: "" } })).toMatchObject(refused(403, "FORBIDDEN"));
    }
  });
});
