import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { data as dataOfOurs } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../testkit/world.js";
import { GATEWAYS, startHive, type Gateway, type GatewayAnswer, type GatewayKind } from "./gateways.js";
import { startBilling, startSupport, type Invoice, type Neighbour, type Ticket } from "./neighbour.js";

const SDL = await readFile("schema.graphql", "utf8");

const tickets: Ticket[] = [];
const invoices: Invoice[] = [];
let app: Registry;
let world: World;
let support: Neighbour;
let billing: Neighbour;
let mine: TenantInWorld;
let theirs: TenantInWorld;
let project: { id: string; slug: string };
let theirProject: { id: string; slug: string };
let organization: string;

beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [support, billing] = await Promise.all([startSupport(tickets), startBilling(invoices)]);
  [mine, theirs] = [await world.tenant({ name: "Mine" }), await world.tenant({ name: "Theirs" })];
  [project, theirProject] = [await mine.project(), await theirs.project()];
  organization = unique("org");
  await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [mine.id, organization]);
  await mine.entitlement();
  const key = await mine.apiKey();
  await app.sql("update api_keys set created_by = 'ann' where id = $1", [key.id]);
  tickets.push(
    { id: "1", subject: "Mine", tenantId: mine.id, projectId: project.id, openedBy: "ann" },
    { id: "2", subject: "Theirs", tenantId: theirs.id, projectId: theirProject.id, openedBy: "bob" },
    { id: "3", subject: "Lost", tenantId: randomUUID(), projectId: "not an id", openedBy: "eve" },
  );
  invoices.push({ number: "i-1", tenantSlug: mine.slug, productKey: "crm" }, { number: "i-2", tenantSlug: theirs.slug, productKey: "crm" });
});

afterAll(async () => {
  await Promise.all([support.close(), billing.close()]);
});

const ours = () => ({ name: "registry", url: `${app.url}/graphql`, sdl: SDL });

const as = ({ token }: Caller, headers: Record<string, string> = {}) => ({ ...(token !== null && { authorization: `Bearer ${token}` }), ...headers });

function dataOf({ data, errors }: GatewayAnswer): Record<string, any> { // any: every test knows the shape that it asked for
  expect(errors, JSON.stringify(errors, null, 2)).toBeUndefined();
  return data ?? {};
}

/** As `dataOf`, for an answer in which entities are missing. */
function dataWithGaps({ data, errors }: GatewayAnswer, { completesMissing }: GatewayKind): Record<string, any> { // any: as above
  const codes = new Set(errors?.map(({ extensions }) => extensions?.["code"]));
  expect([...codes], JSON.stringify(errors, null, 2)).toEqual(completesMissing ? ["INTERNAL_SERVER_ERROR"] : []);
  return data ?? {};
}

describe.each(GATEWAYS)("through $name", (kind) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await kind.start([ours(), support, billing]);
  });
  afterAll(() => gateway.close());
  beforeEach(() => {
    support.seen.length = 0;
    billing.seen.length = 0;
  });

  it("our tenant leads to a neighbour's field, and from there back to our project by key", async () => {
    const query = "query ($id: ID!) { tenant(id: $id) { name supportTickets { subject project { slug status supportTickets { id } } } } }";
    expect(dataOf(await gateway.ask(query, as(mine.admin), { id: mine.id }))).toEqual({
      tenant: { name: "Mine", supportTickets: [{ subject: "Mine", project: { slug: project.slug, status: "ACTIVE", supportTickets: [{ id: "1" }] } }] },
    });
  });

  it("our lists lead to a neighbour's field, and a key's maker and product to who owns them", async () => {
    const query = `{ myTenant { slug invoices { number } projects { nodes { slug supportTickets { subject } } } apiKeys { nodes { createdBy { id displayName } } } entitlements { product { key title } } } }`;
    expect(dataOf(await gateway.ask(query, as(mine.admin)))).toEqual({
      myTenant: {
        slug: mine.slug,
        invoices: [{ number: "i-1" }],
        projects: { nodes: [{ slug: project.slug, supportTickets: [{ subject: "Mine" }] }] },
        apiKeys: { nodes: [{ createdBy: { id: "ann", displayName: "User ann" } }] },
        entitlements: [{ product: { key: "crm", title: "Product crm" } }],
      },
    });
  });

  it("a neighbour's root leads to our tenant and project by id; another tenant's and a lost one are the same null", async () => {
    expect(dataWithGaps(await gateway.ask("{ tickets { id tenant { name } project { slug } } }", as(mine.member)), kind)).toEqual({
      tickets: [
        { id: "1", tenant: { name: "Mine" }, project: { slug: project.slug } },
        { id: "2", tenant: null, project: null },
        { id: "3", tenant: null, project: null },
      ],
    });
  });

  it("another neighbour's root leads to our tenant by slug", async () => {
    const query = "{ invoices { nodes { number product { title } tenant { id name supportTickets { id } } } pageInfo { hasNextPage } } }";
    expect(dataWithGaps(await gateway.ask(query, as(mine.member)), kind)).toEqual({
      invoices: {
        nodes: [
          { number: "i-1", product: { title: "Product crm" }, tenant: { id: mine.id, name: "Mine", supportTickets: [{ id: "1" }] } },
          { number: "i-2", product: { title: "Product crm" }, tenant: null },
        ],
        pageInfo: { hasNextPage: false },
      },
    });
  });

  it("staff see every tenant, unless X-Tenant-ID narrows them to one", async () => {
    const query = "{ tickets { tenant { name } } }";
    const all = dataWithGaps(await gateway.ask(query, as(world.support)), kind);
    expect(all["tickets"]).toEqual([{ tenant: { name: "Mine" } }, { tenant: { name: "Theirs" } }, { tenant: null }]);
    const narrowed = dataWithGaps(await gateway.ask(query, as(world.support, { "x-tenant-id": theirs.id })), kind);
    expect(narrowed["tickets"]).toEqual([{ tenant: null }, { tenant: { name: "Theirs" } }, { tenant: null }]);
  });

  it("what is inaccessible still feeds a neighbour that requires it, and no client", async () => {
    expect(dataOf(await gateway.ask("query ($id: ID!) { tenant(id: $id) { identityConsole } }", as(world.support), { id: mine.id }))).toEqual({
      tenant: { identityConsole: `https://id.example/${organization}` },
    });
    const { errors } = await gateway.ask("query ($id: ID!) { tenant(id: $id) { keycloakOrganizationId } }", as(world.support), { id: mine.id });
    expect(errors?.[0]?.extensions?.["code"]).toBe("GRAPHQL_VALIDATION_FAILED");
  });

  it("a change and the neighbour's view of it are one operation", async () => {
    const query = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { slug tenant { name supportTickets { id } } supportTickets { id } } } }";
    const slug = unique("p");
    expect(dataOf(await gateway.ask(query, as(mine.admin), { input: { slug, name: "Joined" } }))).toEqual({
      createProject: { project: { slug, tenant: { name: "Mine", supportTickets: [{ id: "1" }] }, supportTickets: [] } },
    });
    await app.sql("delete from tenant_projects where tenant_id = $1 and slug = $2", [mine.id, slug]);
  });

  it("a refused field keeps its code and leaves the rest", async () => {
    const { data, errors } = await gateway.ask("{ myTenant { name apiKeys { nodes { id } } } }", as(mine.member));
    expect(errors).toMatchObject([{ path: ["myTenant", "apiKeys"], extensions: { code: "FORBIDDEN" } }]);
    expect(data).toEqual({ myTenant: { name: "Mine", apiKeys: null } });
  });

  it.each([["no token", {}], ["a bad token", { authorization: "Bearer nonsense" }]])("a caller with %s is told so, and nothing else", async (_title, headers) => {
    const { data, errors } = await gateway.ask("{ myTenant { name } }", headers);
    expect(errors).toMatchObject([{ extensions: { code: "UNAUTHENTICATED" } }]);
    expect(data?.["myTenant"] ?? null).toBeNull();
  });

  it("a refused reference keeps its code and leaves the neighbour's data", async () => {
    const { data, errors } = await gateway.ask("{ tickets { subject tenant { name } } }", {});
    expect(data).toEqual({ tickets: tickets.map(({ subject }) => ({ subject, tenant: null })) });
    expect([...new Set(errors?.map(({ extensions }) => extensions?.["code"]))]).toEqual(["UNAUTHENTICATED"]);
  });

  it("our complaint about an input keeps code, field and words", async () => {
    const query = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }";
    const { errors } = await gateway.ask(query, as(mine.admin), { input: { slug: project.slug, name: "Twice" } });
    expect(errors).toMatchObject([{ message: "slug is already taken", path: ["createProject"], extensions: { code: "CONFLICT", field: "slug" } }]);
  });

  it("the request id and the caller's token reach every subgraph, and our log", async () => {
    const requestId = unique("joined");
    dataOf(await gateway.ask("{ myTenant { name supportTickets { id } } }", as(mine.admin, { "x-request-id": requestId })));
    expect(support.seen).toMatchObject([{ "x-request-id": requestId, authorization: `Bearer ${mine.admin.token}` }]);
    expect(app.logged.filter((line) => line.includes(requestId) && line.includes('"msg":"operation"'))).toHaveLength(1);
  });

  it("a hundred references are one request to us", async () => {
    const more = Array.from({ length: 97 }, (_, index): Ticket => ({ id: `m${index}`, subject: "x", tenantId: randomUUID(), projectId: project.id, openedBy: "ann" }));
    tickets.push(...more);
    try {
      const requestId = unique("many");
      const answer = dataWithGaps(await gateway.ask("{ tickets { id tenant { name } } }", as(mine.member, { "x-request-id": requestId })), kind);
      expect(answer["tickets"].filter(({ tenant }: { tenant: object | null }) => tenant !== null)).toHaveLength(1);
      expect(app.logged.filter((line) => line.includes(requestId) && line.includes('"msg":"operation"'))).toHaveLength(1);
    } finally {
      tickets.length = 3;
    }
  });
});

describe("a router that enforces what we publish", () => {
  it.each([
    ["{ myTenant { name projects { nodes { slug } } } }", true],
    ["{ myTenant { name apiKeys { nodes { id } } } }", false],
    ["{ tickets { tenant { erpCustomerId } } }", false],
    ["{ tenants { nodes { name } } }", false],
  ])("given the viewer's actions as scopes, answers a member's %s: %s", async (query, allowed) => {
    const { viewer } = dataOfOurs(await mine.member.run("{ viewer { actions } }"));
    const scope = (viewer.actions as string[]).join(" ");
    const gateway = await startHive([ours(), support, billing], { genericAuth: { mode: "protect-granular", resolveUserFn: () => ({ scope }) } });
    try {
      const { data, errors } = await gateway.ask(query, as(mine.member));
      expect(errors?.map(({ extensions }) => extensions?.["code"])).toEqual(allowed ? undefined : ["UNAUTHORIZED_FIELD_OR_TYPE"]);
      expect(data).toEqual(allowed ? { myTenant: { name: "Mine", projects: { nodes: [{ slug: project.slug }] } } } : null);
    } finally {
      await gateway.close();
    }
  });
});
