import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { PAGE_ARGUMENTS, PAGE_FIELDS, PAGE_VARIABLES, walk } from "../../testkit/pages.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const API_KEYS = `query ($tenant: ID!, $filter: ApiKeyFilter, ${PAGE_VARIABLES}) {
  tenant(id: $tenant) { apiKeys(filter: $filter, ${PAGE_ARGUMENTS}) { ${PAGE_FIELDS} totalCount } }
}`;

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let neighbour: TenantInWorld;
/** Ids by what the key is, for instance `crm revoked`. */
const keys = new Map<string, string>();
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [tenant, neighbour] = [await world.tenant(), await world.tenant()];
  await neighbour.apiKey();
  for (const [what, product, revokedAt, createdAt] of [
    ["crm", "crm", null, "2020-01-01T00:00:00.000001Z"],
    ["crm revoked", "crm", "2026-01-01", "2020-01-01T00:00:00.000001Z"],
    ["erp", "erp", null, "2020-01-01T00:00:00.000002Z"],
    ["all", null, null, "2020-01-01T00:00:00Z"],
    ["all revoked", null, "2099-01-01", "2020-01-01T00:00:00.000002Z"],
  ] as const) {
    const { id } = await tenant.apiKey();
    keys.set(what, id);
    await app.sql("update api_keys set product = $2, revoked_at = $3, created_at = $4 where id = $1", [id, product, revokedAt, createdAt]);
  }
});

const ask = (variables: object = {}, caller: Caller = tenant.admin) => caller.run(API_KEYS, { tenant: tenant.id, ...variables });

describe("Tenant.apiKeys", () => {
  it("unauthenticated: nobody without a token lists any", async () => {
    fault(await ask({}, world.anonymous), "UNAUTHENTICATED");
  });

  it("forbidden: members and auditors list none, and still read the tenant", async () => {
    for (const caller of [tenant.member, tenant.auditor]) {
      const answer = await caller.run(`{ myTenant { id apiKeys { totalCount } } }`);
      fault(answer, "FORBIDDEN");
      expect(answer.body.data).toEqual({ myTenant: { id: tenant.id, apiKeys: null } });
    }
    fault(await ask({}, world.service), "FORBIDDEN");
  });

  it("someone else's: neither listed nor counted", async () => {
    expect(await app.sql("select 1 from api_keys where tenant_id = $1", [neighbour.id])).toHaveLength(1);
    expect(data(await ask({ tenant: neighbour.id }))).toEqual({ tenant: null });
    expect(data(await ask())["tenant"].apiKeys.totalCount).toBe(5);
  });

  it("newest first: pages from either end hold every key once, in order", async () => {
    const rows = await app.sql<{ id: string }>("select id from api_keys where tenant_id = $1 order by created_at desc, id desc", [tenant.id]);
    for (const caller of [tenant.admin, world.support]) {
      const list = { caller, document: API_KEYS, variables: { tenant: tenant.id }, at: (answer: Record<string, any>) => answer["tenant"].apiKeys }; // any: as in walk
      for (const size of [1, 2, 5]) {
        expect(await walk({ ...list, size, direction: "forward" })).toEqual(rows.map(({ id }) => id));
        expect(await walk({ ...list, size, direction: "backward" })).toEqual(rows.map(({ id }) => id));
      }
    }
  });

  it.each([
    [{}, ["crm", "crm revoked", "erp", "all", "all revoked"]],
    [{ revoked: null, product: null }, ["crm", "crm revoked", "erp", "all", "all revoked"]],
    [{ revoked: true }, ["crm revoked", "all revoked"]],
    [{ revoked: false }, ["crm", "erp", "all"]],
    [{ product: "crm" }, ["crm", "crm revoked"]],
    [{ product: "crm", revoked: false }, ["crm"]],
    [{ product: "docs" }, []],
  ])("the filter %o finds %o", async (filter, expected) => {
    const { nodes, totalCount } = data(await ask({ filter }))["tenant"].apiKeys;
    expect(nodes.map(({ id }: { id: string }) => id).sort()).toEqual(expected.map((what) => keys.get(what)).sort());
    expect(totalCount).toBe(expected.length);
  });

  it.each([
    [{ first: 0 }, "first"],
    [{ first: 101 }, "first"],
    [{ first: 1, last: 1 }, "last"],
    [{ after: "garbage" }, "after"],
    [{ filter: { product: "" } }, "product"],
    [{ filter: { product: "CRM" } }, "product"],
    [{ filter: { product: "a\u0000" } }, "product"],
    [{ filter: { createdById: "" } }, "createdById"],
    [{ filter: { createdById: "a\u0000" } }, "createdById"],
    [{ filter: { prefix: "" } }, "prefix"],
    [{ filter: { prefix: "a".repeat(65) } }, "prefix"],
    [{ filter: { lookupId: "\ud800" } }, "lookupId"],
    [{ filter: { projectId: "\u0000" } }, "projectId"],
  ])("invalid: %o is refused", async (variables, field) => {
    fault(await ask(variables), "BAD_USER_INPUT", field);
  });
});

describe("the filters of Tenant.apiKeys", () => {
  let shelf: TenantInWorld;
  let project: { id: string };
  let elsewhere: { id: string };
  /** Ids by what the key is. */
  const on = new Map<string, string>();
  beforeAll(async () => {
    shelf = await world.tenant();
    [project, elsewhere] = [await shelf.project(), await neighbour.project()];
    for (const [what, set] of [
      ["prod", "environment = 'prod', created_by = 'ada', expires_at = '2030-01-01'"],
      ["project's", `project_id = '${project.id}', expires_at = '2031-01-01'`],
      ["public part", "lookup_id = 'ABCDEFabcdef', prefix = 'trk_prod', created_by = 'ada'"],
      ["everywhere", "environment = null, prefix = 'trk_prod', expires_at = '2029-12-31 23:59:59.999999'"],
    ] as const) {
      const { id } = await shelf.apiKey();
      on.set(what, id);
      await app.sql(`update api_keys set ${set} where id = $1`, [id]);
    }
    const { id } = await neighbour.apiKey();
    // Everything that is looked for here, in another tenant.
    await app.sql(`update api_keys set environment = 'prod', created_by = 'ada', prefix = 'trk_prod', expires_at = '2029-01-01', project_id = $2 where id = $1`, [id, elsewhere.id]);
  });

  const found = async (filter: object, caller: Caller = shelf.admin) => {
    const { nodes, totalCount } = data(await caller.run(API_KEYS, { tenant: shelf.id, filter }))["tenant"].apiKeys;
    expect(totalCount).toBe(nodes.length);
    return nodes.map(({ id }: { id: string }) => [...on].find(([, known]) => known === id)?.[0]).sort();
  };

  it("someone else's: what another tenant's key has is not found here, although it is there", async () => {
    const [theirs] = await app.sql("select environment, created_by, prefix from api_keys where project_id = $1", [elsewhere.id]);
    expect(theirs).toEqual({ environment: "prod", created_by: "ada", prefix: "trk_prod" });
    for (const caller of [shelf.admin, world.support, world.operator]) {
      expect(await found({ projectId: elsewhere.id }, caller)).toEqual([]);
      expect(await found({ expiresBefore: "2029-06-01T00:00:00Z" }, caller)).toEqual([]);
      expect(await found({ prefix: "trk_prod", environment: "PROD" }, caller)).toEqual([]);
      expect(await found({ createdById: "ada" }, caller)).toEqual(["prod", "public part"]);
    }
  });

  it.each([
    [{ environment: "PROD" }, ["prod"]],
    [{ environment: "DEV" }, ["project's", "public part"]],
    [{ environment: "STAGING" }, []],
    [{ createdById: "ada" }, ["prod", "public part"]],
    [{ createdById: "Ada" }, []],
    [{ createdById: "' or true --" }, []],
    [{ projectId: "no-uuid" }, []],
    [{ expiresBefore: "2030-01-01T00:00:00Z" }, ["everywhere"]],
    [{ expiresBefore: "2030-01-01T00:00:00.001Z" }, ["everywhere", "prod"]],
    [{ prefix: "trk_prod" }, ["everywhere", "public part"]],
    [{ prefix: "trk_" }, []],
    [{ prefix: "trk_pro%" }, []],
    [{ lookupId: "ABCDEFabcdef" }, ["public part"]],
    [{ lookupId: "abcdefABCDEF" }, []],
    [{ environment: "DEV", createdById: "ada", prefix: "trk_prod", state: "ACTIVE", revoked: false }, ["public part"]],
    [{ environment: "DEV", createdById: "ada", prefix: "trk_prod", state: "REVOKED" }, []],
    [{ environment: null, projectId: null, state: null, createdById: null, expiresBefore: null, prefix: null, lookupId: null }, ["everywhere", "prod", "project's", "public part"]],
  ])("%o finds %o", async (filter, expected) => {
    expect(await found(filter)).toEqual(expected);
  });

  it("the project is found in any letter case of its id", async () => {
    for (const projectId of [project.id, project.id.toUpperCase()]) expect(await found({ projectId })).toEqual(["project's"]);
  });
});

describe("ApiKey.state", () => {
  /** Later than the keys are planted, and before the callers' tokens end. */
  const AT = new Date(Date.now() + 60_000);
  const at = (text: string) => `timestamptz '${AT.toISOString()}' + interval '${text}'`;
  /** What the key is → what is stored of it, and what that is at {@link AT}. */
  const KEYS: Record<string, [stored: string, state: string]> = {
    "without an end": ["name = name", "ACTIVE"],
    "in its last millisecond": [`expires_at = ${at("1 millisecond")}`, "ACTIVE"],
    "that ends for ever later": ["expires_at = 'infinity'", "ACTIVE"],
    "that ends now": [`expires_at = ${at("0")}`, "EXPIRED"],
    "that ends within this millisecond": [`expires_at = ${at("999 microseconds")}`, "EXPIRED"],
    "that ended": [`expires_at = ${at("-1 day")}`, "EXPIRED"],
    "rotated, in its overlap's last millisecond": [`rotated_at = now(), overlap_ends_at = ${at("1 millisecond")}`, "ROTATED"],
    "rotated, whose overlap ends now": [`rotated_at = now(), overlap_ends_at = ${at("0")}`, "REVOKED"],
    "rotated, whose overlap ends within this millisecond": [`rotated_at = now(), overlap_ends_at = ${at("999 microseconds")}`, "REVOKED"],
    "rotated, that ended within its overlap": [`rotated_at = now(), overlap_ends_at = ${at("1 day")}, expires_at = ${at("-1 second")}`, "EXPIRED"],
    "revoked": ["revoked_at = now()", "REVOKED"],
    "revoked, that would have ended": [`revoked_at = now(), expires_at = ${at("-1 day")}`, "REVOKED"],
    "revoked within its overlap": [`revoked_at = now(), rotated_at = now(), overlap_ends_at = ${at("1 day")}`, "REVOKED"],
  };
  let shelf: TenantInWorld;
  const on = new Map<string, string>();
  beforeAll(async () => {
    shelf = await world.tenant();
    for (const [what, [stored]] of Object.entries(KEYS)) {
      const { id } = await shelf.apiKey();
      on.set(what, id);
      await app.sql(`update api_keys set ${stored} where id = $1`, [id]);
    }
  });
  beforeEach(() => {
    app.clock.now = AT;
  });
  afterEach(() => {
    app.clock.now = null;
  });

  const statesIn = (nodes: { id: string; state: string }[]) => Object.fromEntries(nodes.map(({ id, state }) => [[...on].find(([, known]) => known === id)?.[0], state]));
  const EXPECTED = Object.fromEntries(Object.entries(KEYS).map(([what, [, state]]) => [what, state]));

  it("is the same by id, in a list that Postgres writes, and in one that is resolved", async () => {
    const keys = await Promise.all([...on.values()].map(async (id) => data(await shelf.admin.run("query ($id: ID!) { apiKey(id: $id) { id state } }", { id }))["apiKey"]));
    expect(statesIn(keys)).toEqual(EXPECTED);
    for (const list of ["apiKeys(first: 100) { nodes { id state } }", "apiKeys(first: 100) { nodes { id state tenant { id } } }", "apiKeys(first: 100, filter: {}) { nodes { id state } }"]) {
      expect(statesIn(data(await shelf.admin.run(`{ myTenant { ${list} } }`))["myTenant"].apiKeys.nodes)).toEqual(EXPECTED);
    }
  });

  it.each(["ACTIVE", "ROTATED", "EXPIRED", "REVOKED"])("is what the filter finds keys by: %s", async (state) => {
    const listed = async (filter: string) => statesIn(data(await shelf.admin.run(`{ myTenant { apiKeys(first: 100, filter: { ${filter} }) { nodes { id state } } } }`))["myTenant"].apiKeys.nodes);
    const expected = Object.fromEntries(Object.entries(EXPECTED).filter(([, one]) => one === state));
    expect(Object.keys(expected)).not.toEqual([]);
    expect(await listed(`state: ${state}`)).toEqual(expected);
    expect(await listed(`state: ${state}, revoked: ${state === "REVOKED"}`)).toEqual(expected);
    expect(await listed(`state: ${state}, revoked: ${state !== "REVOKED"}`)).toEqual({});
  });
});
