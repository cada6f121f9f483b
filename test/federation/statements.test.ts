import pg from "pg";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { SCOPE_SQL } from "../../src/kernel/scoped-query.js";
import { data } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type World } from "../testkit/world.js";

const NESTED = `
  id name
  projects(first: 2) { nodes { id slug } }
  entitlements { id enabled }
  apiKeys(first: 2) { nodes { id name } }
  idpConfigs { id type }
  auditEvents(first: 2) { nodes { id action } }`;

let app: Registry;
let world: World;
let statements: string[];
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

beforeEach(() => {
  statements = [];
  const send = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  vi.spyOn(pg.Client.prototype, "query").mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const [query] = args as [string | { text: string }];
    const text = typeof query === "string" ? query : query.text;
    if (text !== SCOPE_SQL) statements.push(text);
    return send.apply(this, args);
  } as never); // never: pg declares a dozen overloads, and the spy passes through whichever was called
});
afterEach(() => vi.restoreAllMocks());

/** Tenants with two rows of everything, all named with the same word. */
async function plant(count: number): Promise<{ word: string; ids: string[] }> {
  const word = unique("counted");
  const tenants = await app.sql<{ id: string }>(
    "insert into tenants (slug, name) select $1 || '-' || n, $1 from generate_series(1, $2::int) n returning id",
    [word, count],
  );
  const ids = tenants.map(({ id }) => id);
  await app.sql("insert into tenant_projects (tenant_id, slug, name) select id, 'p' || n, 'x' from unnest($1::uuid[]) id, generate_series(1, 2) n", [ids]);
  await app.sql("insert into tenant_products (tenant_id, product) select id, 'product-' || n from unnest($1::uuid[]) id, generate_series(1, 2) n", [ids]);
  await app.sql("insert into api_keys (tenant_id, name, hash, prefix) select id, 'k' || n, '*', 'abcdefgh' from unnest($1::uuid[]) id, generate_series(1, 2) n", [ids]);
  await app.sql("insert into tenant_idp_config (tenant_id, type) select id, kind from unnest($1::uuid[]) id, unnest(enum_range(null::idp_kind)) kind", [ids]);
  await app.sql("insert into audit_log (tenant_id, action) select id, 'test.happened' from unnest($1::uuid[]) id, generate_series(1, 2) n", [ids]);
  statements.length = 0;
  return { word, ids };
}

const twoOfEach = {
  projects: { nodes: [expect.anything(), expect.anything()] },
  entitlements: [expect.anything(), expect.anything()],
  apiKeys: { nodes: [expect.anything(), expect.anything()] },
  idpConfigs: [expect.anything(), expect.anything()],
  auditEvents: { nodes: [expect.anything(), expect.anything()] },
};

describe("SQL statements of one request", () => {
  it.each([1, 10, 50])("a search for %i tenants with all that is nested in them takes one", async (count) => {
    const { word } = await plant(count);
    const document = `query ($word: String!, $count: Int!) { tenants(filter: { nameContains: $word }, first: $count) { nodes { ${NESTED} } } }`;
    const { tenants } = data(await world.operator.run(document, { word, count }));
    expect(statements).toHaveLength(1);
    expect(tenants.nodes).toHaveLength(count);
    for (const tenant of tenants.nodes) expect(tenant).toMatchObject(twoOfEach);
  });

  it.each([1, 10, 50])("the keys of %i tenants with all that is theirs, and each tenant's policy, come with it; how they were used takes one more for keys, and one for tenants", async (count) => {
    const { word, ids } = await plant(count);
    await app.sql("insert into api_key_usage (tenant_id, api_key_id, day, verified) select tenant_id, id, (now() at time zone 'utc')::date, 1 from api_keys where tenant_id = any($1)", [ids]);
    const ask = async (more: string, ofKeys: string) => {
      statements.length = 0;
      const key = `id state imported environment expiresAt project { slug } owner { id } revokedBy { id } ${ofKeys}`;
      const document = `query ($word: String!, $count: Int!) { tenants(filter: { nameContains: $word }, first: $count) { nodes { apiKeyPolicy { version } apiKeys(first: 2) { nodes { ${key} } } ${more} } } }`;
      return data(await world.operator.run(document, { word, count }))["tenants"].nodes;
    };
    expect(await ask("", "")).toHaveLength(count);
    expect(statements).toHaveLength(1);
    for (const { apiKeyUsage, apiKeys } of await ask("apiKeyUsage { verified }", count > 10 ? "" : "usage { verified }")) {
      expect(apiKeyUsage).toEqual([{ verified: 2 }]);
      for (const { usage } of apiKeys.nodes) expect(usage).toEqual(count > 10 ? undefined : [{ verified: 1 }]);
    }
    expect(statements, "tenants with their keys, policies, use of tenants, use of keys").toHaveLength(count > 10 ? 3 : 4);
  });

  it.each([1, 10, 50])("the teams of %i tenants, with their settings and channels, come with their tenants and their settings", async (count) => {
    const { word, ids } = await plant(count);
    await app.sql("update tenants set settings = '{\"weekStart\": \"sunday\"}' where id = any($1)", [ids]);
    await app.sql("insert into tenant_teams (tenant_id, slug, name, settings) select id, 't' || n, 'x', '{\"language\": \"de\"}' from unnest($1::uuid[]) id, generate_series(1, 2) n", [ids]);
    await app.sql("insert into team_channels (tenant_id, team_id, slug, provider) select tenant_id, id, 'c' || n, 'messaging-slack' from tenant_teams, generate_series(1, 2) n where tenant_id = any($1)", [ids]);
    statements.length = 0;
    const team = "slug settings { language timezone } channels { slug provider }";
    const document = `query ($word: String!, $count: Int!) { tenants(filter: { nameContains: $word }, first: $count) { nodes { settings { weekStart } teams(first: 2) { nodes { ${team} } } } } }`;
    const { tenants } = data(await world.operator.run(document, { word, count }));
    expect(statements).toHaveLength(1);
    const [first, second] = ["c1", "c2"].map((slug) => ({ slug, provider: "messaging-slack" }));
    const teams = { nodes: ["t1", "t2"].map((slug) => ({ slug, settings: { language: "de", timezone: null }, channels: [first, second] })) };
    expect(tenants.nodes).toEqual(Array.from({ length: count }, () => ({ settings: { weekStart: "SUNDAY" }, teams })));
  });

  it.each([1, 10, 100])("%i references to tenants with all that is nested in them take one", async (count) => {
    const { ids } = await plant(count);
    const representations = ids.map((id) => ({ __typename: "Tenant", id }));
    const document = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Tenant { ${NESTED} } } }`;
    const answer = data(await world.operator.run(document, { representations }));
    expect(statements).toHaveLength(1);
    expect(answer["_entities"].map((tenant: { id: string }) => tenant.id)).toEqual(ids);
    for (const tenant of answer["_entities"]) expect(tenant).toMatchObject(twoOfEach);
  });

  it.each([1, 10, 50])("filtered lists of %i tenants take one for each list, because a bad filter must fail its own field only", async (count) => {
    const { word } = await plant(count);
    const document = `query ($word: String!, $count: Int!) { tenants(filter: { nameContains: $word }, first: $count) { nodes {
      projects(first: 2, filter: { status: ACTIVE }) { nodes { slug } } apiKeys(first: 2, filter: { revoked: false }) { nodes { name } } entitlements { id } } } }`;
    const { tenants } = data(await world.operator.run(document, { word, count }));
    expect(statements).toHaveLength(3);
    const { projects, apiKeys, entitlements } = twoOfEach;
    for (const tenant of tenants.nodes) expect(tenant).toMatchObject({ projects, apiKeys, entitlements });
  });

  it.each([1, 10, 50])("%i references by either key and to either entity, each with its tenant, take one for each kind of look-up", async (count) => {
    const { word, ids } = await plant(count);
    const projects = await app.sql<{ id: string }>("select id from tenant_projects where tenant_id = any($1) and slug = 'p1'", [ids]);
    statements.length = 0;
    const representations = [
      ...ids.slice(0, Math.ceil(count / 2)).map((_id, index) => ({ __typename: "Tenant", slug: `${word}-${index + 1}` })),
      ...projects.map(({ id }) => ({ __typename: "Project", id })),
    ];
    const document = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Tenant { name } ... on Project { tenant { name } } } }";
    const answer = data(await world.operator.run(document, { r: representations }));
    expect(statements, "tenants by slug, projects by id, tenants of projects by id").toHaveLength(3);
    expect(answer["_entities"].every((found: { name?: string; tenant?: { name: string } }) => (found.name ?? found.tenant?.name) === word)).toBe(true);
  });

  it("however callers name, repeat and mix lists, the texts of the statements that look ahead stay few", async () => {
    const { ids } = await plant(1);
    const kinds = ["projects", "apiKeys", "auditEvents"].flatMap((field) => ["", "(first: 3)", "(last: 2)"].map((args) => `${field}${args}`));
    const heads = new Set<string>();
    for (const [turn, first] of kinds.entries()) {
      const selection = [first, ...kinds].map((list, index) => `a${turn}x${index}: ${list} { pageInfo { hasNextPage } }`).join(" ");
      statements.length = 0;
      data(await world.operator.run(`{ tenant(id: "${ids[0]}") { ${selection} } }`));
      heads.add(statements[0] ?? "");
    }
    expect(heads.size).toBe(1);
  });

  it("references that cannot be are answered without one", async () => {
    const representations = ["zzz", "", "a\0b"].flatMap((id) => [{ __typename: "Tenant", id }, { __typename: "ApiKey", id }, { __typename: "Nothing", id }]);
    await world.operator.run("query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", { r: representations });
    expect(statements).toEqual([]);
  });

  it("the schema is answered without one", async () => {
    data(await world.anonymous.run("{ _service { sdl } }"));
    expect(statements).toEqual([]);
  });
});
