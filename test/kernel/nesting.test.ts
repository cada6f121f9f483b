import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
  for (const slug of ["p1", "p2", "p3"]) await tenant.project({ slug });
  // The embedded server's clock ticks in milliseconds: rows made at one tick would come in the order of their random ids.
  await app.sql("update tenant_projects set created_at = '2026-01-01'::timestamptz + right(slug, 1)::int * interval '1 second' where tenant_id = $1", [tenant.id]);
  await tenant.entitlement("crm");
  await tenant.apiKey();
});

const ask = async (selection: string, variables = {}) => {
  const heads = Object.keys(variables).map((name) => `$${name}: Boolean!`);
  return data(await tenant.admin.run(`query ${heads.length > 0 ? `(${heads.join(", ")})` : ""} { myTenant { ${selection} } } fragment P on Tenant { projects { nodes { slug } } }`.replace(/fragment P.*/, (text) => (selection.includes("...P") ? text : "")), variables))["myTenant"];
};
const slugs = (page: { nodes: { slug: string }[] }) => page.nodes.map(({ slug }) => slug);

/** Cursors of this list, but of instants that there are not. */
const FORGED = ["2026-99-99 99:99:99+00", "2026-02-30 00:00:00+00", "999999-01-01 00:00:00+00", "2026-01-01 00:00:00+99:99:99", "0000-01-01 00:00:00+00"].map(
  (key) => `after: "${Buffer.from(JSON.stringify(["project.created_at.asc", key, "00000000-0000-4000-8000-000000000000"])).toString("base64url")}"`,
);

/** A filter that holds for every row makes a list come by itself; without one it comes along with its tenant. */
describe("a list that comes along with its parent", () => {
  it.each(["first: 2", "last: 2", "first: 1, orderBy: { field: NAME, descending: true }", "first: 100"])("is the one that would have come by itself (%s)", async (args) => {
    const fields = "edges { cursor node { id slug name status createdAt updatedAt version } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount";
    const { along, itself } = await ask(`along: projects(${args}) { ${fields} } itself: projects(${args}, filter: { status: ACTIVE }) { ${fields} }`);
    expect(along).toEqual(itself);
    expect(along.totalCount).toBe(3);
  });

  it("goes on from its own cursors in both ways", async () => {
    const { projects } = await ask("projects(first: 2) { nodes { slug } pageInfo { endCursor startCursor } }");
    const { next, back } = await ask(
      `next: projects(first: 2, after: "${projects.pageInfo.endCursor}") { nodes { slug } } back: projects(last: 2, before: "${projects.pageInfo.endCursor}") { nodes { slug } }`,
    );
    expect([slugs(projects), slugs(next), slugs(back)]).toEqual([["p1", "p2"], ["p3"], ["p1"]]);
  });

  it("keeps apart what one document asks under several names", async () => {
    const { a, b, c } = await ask("a: projects(first: 1) { nodes { slug } } b: projects(last: 1) { nodes { slug } } c: entitlements { product { key } }");
    expect([slugs(a), slugs(b), c]).toEqual([["p1"], ["p3"], [{ product: { key: "crm" } }]]);
  });

  it("is found in fragments, and where a directive lets it be", async () => {
    expect(slugs((await ask("...P"))["projects"])).toEqual(["p1", "p2", "p3"]);
    expect(slugs((await ask("... on Tenant { projects { nodes { slug } } }"))["projects"])).toEqual(["p1", "p2", "p3"]);
    expect(await ask("slug projects @skip(if: $no) { nodes { slug } } entitlements @include(if: $yes) { enabled }", { no: true, yes: false })).toEqual({ slug: tenant.slug });
  });

  it("of two lists that one name means in two places, neither is mistaken for the other", async () => {
    const document = `query ($name: String!) { tenants(filter: { nameContains: $name }) { nodes { list: projects(first: 1) { nodes { slug } } } edges { node { list: projects(last: 1) { nodes { slug } } } } } }`;
    const { tenants } = data(await world.operator.run(document, { name: tenant.slug }));
    expect(slugs(tenants.nodes[0].list)).toEqual(["p1"]);
    expect(slugs(tenants.edges[0].node.list)).toEqual(["p3"]);
  });

  it.each([
    ["a filtered list first", "nodes { x: projects(filter: { status: ARCHIVED }) { nodes { slug } } } edges { node { x: projects { nodes { slug } } } }", [], ["p1", "p2", "p3"]],
    ["a filtered list last", "nodes { x: projects { nodes { slug } } } edges { node { x: projects(filter: { status: ARCHIVED }) { nodes { slug } } } }", ["p1", "p2", "p3"], []],
    ["three times, another list between", "nodes { x: projects { nodes { slug } } } edges { node { x: projects(first: 1) { nodes { slug } } } } e2: edges { node { x: projects { nodes { slug } } } }", ["p1", "p2", "p3"], ["p1"]],
  ])("never lends its rows to another list of the same name: %s", async (_how, selection, ofNodes, ofEdges) => {
    const { tenants } = data(await world.operator.run(`query ($name: String!) { tenants(filter: { nameContains: $name }) { ${selection} } }`, { name: tenant.slug }));
    expect([slugs(tenants.nodes[0].x), slugs(tenants.edges[0].node.x)]).toEqual([ofNodes, ofEdges]);
  });

  it("never lends its rows to a list of another kind", async () => {
    const document = "query ($name: String!) { tenants(filter: { nameContains: $name }) { nodes { x: apiKeys { nodes { prefix } } } edges { node { x: projects { nodes { slug } } } } e2: edges { node { x: projects { nodes { slug } } } } } }";
    const { tenants } = data(await world.operator.run(document, { name: tenant.slug }));
    expect(tenants.nodes[0].x.nodes).toEqual([{ prefix: expect.any(String) }]);
    expect(slugs(tenants.e2[0].node.x)).toEqual(["p1", "p2", "p3"]);
  });

  it("is not brought to who may not see it: its field is refused, its parent is not", async () => {
    const answer = await tenant.member.run("{ myTenant { slug apiKeys { nodes { id } } } }");
    expect(fault(answer, "FORBIDDEN").path).toEqual(["myTenant", "apiKeys"]);
    expect(answer.body.data).toEqual({ myTenant: { slug: tenant.slug, apiKeys: null } });
  });

  it.each(["first: 0", "first: 101", "last: -1", 'after: "nonsense"', "first: 1, last: 1", ...FORGED])("with bad arguments (%s) fails alone", async (args) => {
    const answer = await tenant.admin.run(`{ myTenant { slug projects(${args}) { nodes { id } } } }`);
    expect(fault(answer, "BAD_USER_INPUT").path).toEqual(["myTenant", "projects"]);
    expect(answer.body.data).toEqual({ myTenant: { slug: tenant.slug, projects: null } });
  });

  it("never makes a statement's text out of a caller's name for it", async () => {
    const name = "a".repeat(200);
    expect(slugs((await ask(`${name}: projects(first: 1) { nodes { slug } }`))[name])).toEqual(["p1"]);
  });
});
