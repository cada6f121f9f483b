import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { data } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant({ name: 'A "tenant" of \\ ümläut 🌳' });
  for (const slug of ["p1", "p2", "p3"]) await tenant.project({ slug });
  await app.sql("update tenant_projects set created_at = '2026-01-01 10:00:00.123456+00'::timestamptz + right(slug, 1)::int * interval '1 second' where tenant_id = $1", [tenant.id]);
  await tenant.entitlement("crm");
  await tenant.entitlement("mail");
  await app.sql(`update tenant_products set config = '{"a": {"b": [1, "ü", null, 1.5]}}', expires_at = '2031-05-06 07:08:09.9876+00' where tenant_id = $1 and product = 'crm'`, [tenant.id]);
  await app.sql("insert into api_keys (tenant_id, name, hash, prefix, scopes) values ($1, 'k', '*', 'abcdefgh', array['read', 'it''s'])", [tenant.id]);
  await tenant.auditEvent();
});

/** Some of a type's fields, each under its own name or an alias of its own; all can be written by Postgres. */
const fields = (...of: string[]) =>
  fc.array(fc.tuple(fc.constantFrom(...of), fc.boolean()), { maxLength: 5 }).map((chosen) => chosen.map(([field, aliased], n) => (aliased ? `a${n}_: ${field}` : field)));
const page = (node: string[]) => fc.tuple(fields(...node), fc.constantFrom("first: 1", "first: 2", "first: 100", "last: 2", "first: 2, orderBy: { field: NAME, descending: true }"), fc.boolean())
  .map(([of, args, edges]) => ({ args, body: `${edges ? `edges { cursor node { id ${of.join(" ")} } }` : `nodes { id ${of.join(" ")} }`} pageInfo { hasNextPage hasPreviousPage startCursor endCursor __typename } totalCount` }));

const TENANT = ["id", "slug", "name", "status", "kind", "plan", "trialEndsAt", "createdAt", "updatedAt", "version", "__typename"];
const BILLING = ["salesOwner", "contractEnd", "erpCustomerId"];
const selectionOf = (tenantFields: string[]) => fc.tuple(
  fields(...tenantFields),
  page(["slug", "name", "status", "createdAt", "__typename"]),
  fields("id", "enabled", "config", "expiresAt", "version", "product { key }", "product { __typename key }"),
  fields("id", "name", "prefix", "scopes", "lastUsedAt", "product { key }", "createdBy { id }"),
  fields("action", "metadata", "createdAt", "actorId", "sourceIp", "requestId"),
).map(([own, projects, entitlements, keys, events]) => [
  ...own,
  `projects(${projects.args}) { ${projects.body} }`,
  `...E`,
  `... on Tenant @include(if: true) { apiKeys { nodes { id ${keys.join(" ")} } } }`,
  `auditEvents(first: 2) { nodes { id ${events.join(" ")} } pageInfo { endCursor } }`,
  `skipped: entitlements @skip(if: true) { id }`,
].join(" ") + `|fragment E on Tenant { entitlements { enabled ${entitlements.join(" ")} } }`);

/** A list with a filter is resolved field by field, and so is everything beside it. */
const RESOLVED = 'resolved: projects(filter: { nameContains: "nothing is called so" }) { nodes { id } }';

/** Names of members in the order in which they stand. */
const orderOf = (json: string) => [...json.matchAll(/"(\w+)":/g)].map(([, name]) => name);

/** The same selection without and with something beside it that only resolvers can answer. */
async function bothWays(caller: Caller, head: string, chosen: string) {
  const [body = "", fragments = ""] = chosen.split("|");
  const ask = async (more: string) => data(await caller.run(`{ ${head.replace("…", `{ ${body} ${more} }`)} } ${fragments}`));
  const withoutResolved = (_: string, value: unknown) => (typeof value === "object" && value !== null && "resolved" in value ? (({ resolved: _resolved, ...rest }) => rest)(value) : value);
  return { written: JSON.stringify(await ask("")), resolved: JSON.stringify(await ask(RESOLVED), withoutResolved) };
}

describe("an answer that Postgres writes", () => {
  it.each<[string, () => Caller, () => string]>([
    ["a tenant's admin asks of its own", () => tenant.admin, () => "myTenant …"],
    ["staff ask of a tenant by id", () => world.operator, () => `tenant(id: "${tenant.id}") …`],
    ["staff ask of a tenant by slug", () => world.support, () => `found: tenantBySlug(slug: "${tenant.slug}") …`],
    ["staff search", () => world.operator, () => `tenants(first: 2, filter: { nameContains: "${tenant.slug}" }) { nodes … pageInfo { hasNextPage endCursor } totalCount }`],
    ["staff search from the end", () => world.operator, () => `tenants(last: 2, filter: { nameContains: "${tenant.slug}" }) { edges { cursor node … } pageInfo { startCursor hasPreviousPage } }`],
    ["a router asks", () => world.operator, () => `_entities(representations: [{ __typename: "Tenant", id: "${tenant.id}" }]) { ... on Tenant … }`],
  ])("is the one that resolvers give, character for character, when %s", async (_what, caller, head) => {
    await fc.assert(
      fc.asyncProperty(selectionOf(caller() === tenant.admin ? TENANT : [...TENANT, ...BILLING]), async (chosen) => {
        const { written, resolved } = await bothWays(caller(), head(), chosen);
        expect(JSON.parse(written)).toEqual(JSON.parse(resolved));
        expect(orderOf(written)).toEqual(orderOf(resolved));
      }),
      { numRuns: 15 },
    );
  });

  it.each(["totalCount", "__typename", "pageInfo { hasNextPage startCursor endCursor }", "nodes { slug } totalCount", "edges { cursor }"])("is one also of an empty page, and of a full one: %s", async (asked) => {
    const empty = await world.tenant();
    for (const { id } of [empty, tenant]) {
      const { written, resolved } = await bothWays(world.operator, `tenant(id: "${id}") …`, `projects { ${asked} }`);
      expect(written).toBe(resolved);
    }
  });

  it.each([
    ["names that every object has", "__proto__: myTenant { __proto__: id constructor: name toString: slug then: projects(first: 1) { toJSON: totalCount __proto__: nodes { constructor: slug } } }", ""],
    ["fragments of such names, repeated, and some that are skipped", "myTenant { ...constructor ...__proto__ @skip(if: true) name ...constructor }", "fragment constructor on Tenant { slug ...__proto__ } fragment __proto__ on Tenant { name projects(first: 1) { nodes { slug } } }"],
    ["one list under two names and one under one name twice", "myTenant { a: projects(first: 1) { nodes { slug } } b: projects(first: 2, orderBy: { field: SLUG, descending: true }) { nodes { slug } nodes { name } edges { cursor } } }", ""],
  ])("is also the resolvers' with %s", async (_what, body, fragments) => {
    const written = data(await tenant.admin.run(`{ ${body} } ${fragments}`));
    expect(JSON.stringify(written)).toBe(JSON.stringify(data(await tenant.admin.run(`{ ... on Query { ${body} } } ${fragments}`))));
  });

  it.each([
    ["a page", "nodes @skip(if: true) { id }"],
    ["what is told of a page", "pageInfo { endCursor @skip(if: true) } totalCount"],
    ["an entry", "edges { cursor @skip(if: true) }"],
  ])("is an empty object where nothing is left of %s", async (_what, asked) => {
    const body = `tenants(first: 2, filter: { nameContains: "${tenant.slug}" }) { ${asked} }`;
    expect(data(await world.operator.run(`{ ${body} }`))).toEqual(data(await world.operator.run(`{ ... on Query { ${body} } }`)));
  });

  it.each(["20000-05-06 07:08:09.9876+00", "9999-12-31 23:59:59.999999+00", "0044-03-15 10:00:00.1+00", "infinity", "-infinity"])("has an instant as JavaScript writes it, also one that only an adopted database can have: %s", async (instant) => {
    const adopted = await world.tenant();
    await adopted.entitlement("crm");
    await app.sql("update tenant_products set expires_at = $2::timestamptz where tenant_id = $1", [adopted.id, instant]);
    const { written, resolved } = await bothWays(world.operator, `tenant(id: "${adopted.id}") …`, "entitlements { expiresAt }");
    expect(JSON.parse(written)).toEqual(JSON.parse(resolved));
  });

  it("is nothing that the schema tells of, when both are asked together", async () => {
    const asked = '__schema { queryType { fields { name } } } text: __type(name: "Written") { name }';
    const alone = data(await tenant.admin.run(`{ ${asked} }`));
    expect(data(await tenant.admin.run(`{ ${asked} myTenant { slug } }`))).toEqual({ ...alone, myTenant: { slug: tenant.slug } });
  });

  it("is for what the caller may see: one field that it may not see is refused, as ever", async () => {
    const { body } = await tenant.member.run("{ myTenant { slug salesOwner } }");
    expect(body.data).toEqual({ myTenant: { slug: tenant.slug, salesOwner: null } });
    expect(body.errors?.map(({ path, extensions: { code } }) => [path, code])).toEqual([[["myTenant", "salesOwner"], "FORBIDDEN"]]);
  });

  it("is remembered for one set of permissions only", async () => {
    const document = "query Remembered { myTenant { slug apiKeys { nodes { name } } } }";
    expect(data(await tenant.admin.run(document))["myTenant"].apiKeys.nodes).toEqual([{ name: "k" }]);
    for (const _ of [1, 2]) expect((await tenant.member.run(document)).body.errors?.map(({ extensions: { code } }) => code)).toEqual(["FORBIDDEN"]);
  });

  it("is made anew for variables that decide what is selected", async () => {
    const document = "query ($with: Boolean!, $first: Int!) { myTenant { slug @skip(if: $with) projects(first: $first) @include(if: $with) { nodes { slug } } } }";
    expect(data(await tenant.admin.run(document, { with: true, first: 2 }))).toEqual({ myTenant: { projects: { nodes: [{ slug: "p1" }, { slug: "p2" }] } } });
    expect(data(await tenant.admin.run(document, { with: false, first: 2 }))).toEqual({ myTenant: { slug: tenant.slug } });
    expect(data(await tenant.admin.run(document, { with: true, first: 1 }))).toEqual({ myTenant: { projects: { nodes: [{ slug: "p1" }] } } });
  });

  it("of references to other entities beside tenants, and of bad ones, is the resolvers' business", async () => {
    const project = await tenant.project();
    const representations = [{ __typename: "Tenant", id: tenant.id }, { __typename: "Project", id: project.id }, { __typename: "Nothing" }];
    const { body } = await world.operator.run("query ($of: [_Any!]!) { _entities(representations: $of) { __typename ... on Tenant { slug } ... on Project { slug } } }", { of: representations });
    expect(body.data).toEqual({ _entities: [{ __typename: "Tenant", slug: tenant.slug }, { __typename: "Project", slug: project.slug }, null] });
    expect(body.errors?.map(({ extensions: { code } }) => code)).toEqual(["BAD_USER_INPUT"]);
  });
});
