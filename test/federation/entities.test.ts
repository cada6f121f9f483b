import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type Answer, type Caller, type TenantInWorld, type World } from "../testkit/world.js";

const SDL = await readFile("schema.graphql", "utf8");

type Representation = Record<string, unknown>;

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on Tenant { id slug name }
    ... on Project { id }
    ... on Entitlement { id }
    ... on ApiKey { id }
    ... on IdpConfig { id }
    ... on AuditEvent { id }
    ... on ProductRequest { id }
    ... on Environment { id }
    ... on Team { id }
    ... on Channel { id }
    ... on Flow { id }
  }
}`;

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let other: TenantInWorld;

/** One entity and one of its keys: a good one, one of another tenant, one that nothing has. */
interface Case {
  type: string;
  key: string;
  own: Representation;
  theirs: Representation;
  missing: Representation;
  id: string;
}
const cases: Record<string, Case> = {};

async function keysOf(home: TenantInWorld): Promise<Record<string, { id: string; keys: Record<string, Representation> }>> {
  const byId = ({ id }: { id: string }) => ({ id, keys: { id: { id } } });
  const entitlement = await home.entitlement();
  return {
    Tenant: { id: home.id, keys: { id: { id: home.id }, slug: { slug: home.slug } } },
    Project: byId(await home.project()),
    Entitlement: { id: entitlement.id, keys: { id: { id: entitlement.id }, "tenant and product": { tenant: { id: home.id }, product: { key: "crm" } } } },
    ApiKey: byId(await home.apiKey()),
    IdpConfig: byId(await home.idpConfig()),
    AuditEvent: byId(await home.auditEvent()),
    ProductRequest: byId(await home.productRequest()),
    Environment: byId(await home.environment()),
    Team: byId(await home.team()),
    Channel: byId(await home.channel()),
    Flow: byId(await home.flow()),
  };
}

const MISSING: Record<string, Representation> = {
  id: { id: randomUUID() },
  slug: { slug: unique("nobody") },
  "tenant and product": { tenant: { id: randomUUID() }, product: { key: "crm" } },
};

const KEYS: [type: string, key: string][] = [
  ["Tenant", "id"],
  ["Tenant", "slug"],
  ["Project", "id"],
  ["Entitlement", "id"],
  ["Entitlement", "tenant and product"],
  ["ApiKey", "id"],
  ["IdpConfig", "id"],
  ["AuditEvent", "id"],
  ["ProductRequest", "id"],
  ["Environment", "id"],
  ["Team", "id"],
  ["Channel", "id"],
  ["Flow", "id"],
];

beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [tenant, other] = [await world.tenant({ name: "Mine" }), await world.tenant({ name: "Theirs" })];
  const [mine, theirs] = [await keysOf(tenant), await keysOf(other)];
  for (const [type, key] of KEYS) {
    cases[`${type} ${key}`] = {
      type,
      key,
      id: mine[type]?.id ?? "",
      own: { __typename: type, ...mine[type]?.keys[key] },
      theirs: { __typename: type, ...theirs[type]?.keys[key] },
      missing: { __typename: type, ...MISSING[key] },
    };
  }
});

const caseOf = (type: string, key: string) => cases[`${type} ${key}`] as Case;
const ask = (representations: unknown, caller: Caller = tenant.admin) => caller.run(ENTITIES, { representations });
const entities = async (...representations: unknown[]) => data(await ask(representations))["_entities"] as (Record<string, unknown> | null)[];
const own = () => ({ __typename: "Tenant", id: tenant.id });
const found = () => ({ __typename: "Tenant", id: tenant.id, slug: tenant.slug, name: "Mine" });

/** What is wrong with one representation must not be felt by the others of its request. */
function expectAloneRefused(answer: Answer, code: string): void {
  expect(fault(answer, code).path).toEqual(["_entities", 1]);
  expect(answer.body.data?.["_entities"]).toEqual([found(), null, found()]);
}

describe("a reference", () => {
  it("the keys under test are all that the schema publishes", () => {
    const published = [...SDL.matchAll(/^type (\w+) (@key.*) \{$/gm)].flatMap(([, type, directives = ""]) =>
      [...directives.matchAll(/@key\(fields: "([^"]+)"\)/g)].map(([, key]) => [type, key]),
    );
    const tested = KEYS.map(([type, key]) => [type, key === "tenant and product" ? "tenant { id } product { key }" : key]);
    // Products are everybody's, and clusters staff's: test/api/catalog/product.test.ts, test/api/cluster.
    expect(published.sort()).toEqual([...tested, ["Product", "key"], ["Cluster", "slug"]].sort());
  });

  it.each(KEYS)("%s by %s resolves to the caller's own", async (type, key) => {
    const { own, id } = caseOf(type, key);
    expect(await entities(own)).toMatchObject([{ __typename: type, id }]);
  });

  it.each(KEYS)("%s by %s: another tenant's and one that does not exist are the same null, without an error, and disturb nothing", async (type, key) => {
    const { own, theirs, missing, id } = caseOf(type, key);
    expect(await entities(own, theirs, missing, own)).toMatchObject([{ __typename: type, id }, null, null, { __typename: type, id }]);
    const seenByStaff = data(await ask([theirs], world.support))["_entities"];
    expect(seenByStaff, "the row is there for whoever may see it").toMatchObject([{ __typename: type }]);
  });

  it.each([
    ["no key at all", {}],
    ["a malformed id", { id: "zzz" }],
    ["an empty id", { id: "" }],
    ["a NUL in the id", { id: "a\0b" }],
    ["an id in a list", { id: [randomUUID()] }],
    ["an id that is null", { id: null }],
    ["an id that is a number", { id: 1 }],
    ["an id that is a boolean", { id: true }],
    ["an id that is an object which claims to be text", { id: { toString: 1, valueOf: 1 } }],
    ["an enormous id", { id: "f".repeat(20_000) }],
    ["SQL in the id", { id: "' or true --" }],
  ])("with %s is null for every entity, and disturbs nothing", async (_title, key) => {
    const types = [...new Set(KEYS.map(([type]) => type))];
    const representations = types.flatMap((__typename) => [{ __typename, ...key }, own()]);
    expect(await entities(...representations)).toEqual(types.flatMap(() => [null, found()]));
  });

  it.each([
    ["a NUL in the slug", () => ({ __typename: "Tenant", slug: "a\0b" })],
    ["an empty slug", () => ({ __typename: "Tenant", slug: "" })],
    ["a slug in a list", () => ({ __typename: "Tenant", slug: [tenant.slug] })],
    ["an id in a list", () => ({ __typename: "Tenant", id: [tenant.id] })],
    ["a composed id in a list", () => ({ __typename: "Entitlement", id: [`${tenant.id}:crm`] })],
    ["a NUL in the product", () => ({ __typename: "Entitlement", tenant: { id: randomUUID() }, product: { key: "a\0b" } })],
    ["a NUL in a composed id", () => ({ __typename: "Entitlement", id: `${randomUUID()}:a\0b` })],
    ["half a compound key", () => ({ __typename: "Entitlement", tenant: { id: randomUUID() } })],
    ["a compound key of the wrong shape", () => ({ __typename: "Entitlement", tenant: "x", product: 7 })],
    ["a compound key of nulls", () => ({ __typename: "Entitlement", tenant: null, product: null })],
  ])("with %s is null, also for the good keys that are looked up with it", async (_title, bad) => {
    const bySlug = { __typename: "Tenant", slug: tenant.slug };
    const { own, id } = caseOf("Entitlement", "tenant and product");
    expect(await entities(bySlug, bad(), own)).toMatchObject([found(), null, { __typename: "Entitlement", id }]);
  });

  it("without a key does not find a tenant that happens to be called undefined", async () => {
    const id = randomUUID();
    await app.sql("insert into tenants (id, slug, name) values ($1, 'undefined', 'x') on conflict do nothing", [id]);
    expect(data(await ask([{ __typename: "Tenant" }], world.support))["_entities"]).toEqual([null]);
    await app.sql("delete from tenants where id = $1", [id]);
  });

  it("in another letter case is the same entity", async () => {
    const { own: entitlement, id } = caseOf("Entitlement", "id");
    const upper = { ...entitlement, id: `${tenant.id.toUpperCase()}:crm` };
    expect(await entities({ __typename: "Tenant", id: tenant.id.toUpperCase() }, upper)).toMatchObject([found(), { id }]);
  });

  it("twice in one request is answered twice", async () => {
    expect(await entities(own(), own())).toEqual([found(), found()]);
  });

  it("by two keys in one request is the same tenant", async () => {
    expect(await entities(own(), { __typename: "Tenant", slug: tenant.slug })).toEqual([found(), found()]);
  });

  it("is believed for its key only: forged fields beside it are neither echoed nor followed", async () => {
    const forged = { ...own(), slug: other.slug, name: "FORGED", tenantId: other.id, erpCustomerId: "FORGED" };
    expect(await entities(forged)).toEqual([found()]);
    const project = { ...caseOf("Project", "id").own, tenantId: other.id, tenant: { id: other.id } };
    const answer = await tenant.admin.run("query ($r: [_Any!]!) { _entities(representations: $r) { ... on Project { tenant { id } } } }", { r: [project] });
    expect(data(answer)["_entities"]).toEqual([{ tenant: { id: tenant.id } }]);
  });

  it("needs the same permission as any other way to its entity", async () => {
    const { own: key } = caseOf("ApiKey", "id");
    expectAloneRefused(await ask([own(), key, own()], tenant.member), "FORBIDDEN");
    fault(await ask([own()], world.anonymous), "UNAUTHENTICATED");
  });
});

describe("what is no reference", () => {
  const strangers: [title: string, representation: unknown][] = [
    ["an unknown __typename", { __typename: "Secret", id: "1" }],
    ["no __typename", { id: "1" }],
    ["a __typename of null", { __typename: null }],
    ["a __typename that is a list", { __typename: ["Tenant"], id: "1" }],
    ["a __typename that is a number", { __typename: 1 }],
    ["a __typename of Object's prototype", { __typename: "constructor" }],
    ["the query itself", { __typename: "Query" }],
    ["the mutation itself", { __typename: "Mutation" }],
    ["a type without a key", { __typename: "Viewer", subject: "mallory" }],
    ["an input type", { __typename: "TenantFilter" }],
    ["a scalar", { __typename: "DateTime" }],
    ["federation's own union", { __typename: "_Entity" }],
    ["a user, whom another subgraph owns", { __typename: "User", id: "FORGED" }],
    ["an empty object", {}],
    ["a number", 5],
    ["a text", "Tenant"],
    ["a list", []],
    ["a list with a reference", [{ __typename: "Tenant", id: "1" }]],
  ];

  it.each(strangers)("%s is refused as bad input, alone", async (_title, representation) => {
    const answer = await ask([own(), representation, own()]);
    expectAloneRefused(answer, "BAD_USER_INPUT");
    expect(JSON.stringify(answer.body)).not.toMatch(/FORGED|mallory|Secret/);
  });

  it.each([
    ["null among them", [null]],
    ["null instead of them", null],
    ["nothing at all", undefined],
  ])("%s is refused with the request", async (_title, representations) => {
    const answer = await ask(representations);
    fault(answer, "BAD_USER_INPUT");
    expect(answer.body.data).toBeUndefined();
  });

  it("written into the document is read like one in a variable", async () => {
    const document = `{ _entities(representations: [{ __typename: "Tenant", id: "${tenant.id}" }, { __typename: "User", id: "1" }]) { __typename } }`;
    const answer = await tenant.admin.run(document);
    expect(fault(answer, "BAD_USER_INPUT").path).toEqual(["_entities", 1]);
    expect(answer.body.data).toEqual({ _entities: [{ __typename: "Tenant" }, null] });
  });
});

describe("how many", () => {
  it("none are an empty answer", async () => {
    expect(await entities()).toEqual([]);
  });

  it("a hundred are answered", async () => {
    const answered = await entities(...Array.from({ length: 100 }, own));
    expect(answered).toEqual(Array.from({ length: 100 }, found));
  });

  it("a hundred and one are refused before any is looked up", async () => {
    const answer = await ask(Array.from({ length: 101 }, own));
    expect(fault(answer, "LIMIT_EXCEEDED").message).toMatch(/101 .* 100/);
    expect(answer.body.data).toBeUndefined();
  });
});
