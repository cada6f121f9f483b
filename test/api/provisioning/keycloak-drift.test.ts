import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { newCustomer } from "../../testkit/provisioning.js";
import { openRegistry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const DRIFT = `query ($first: Int, $after: String) { keycloakDrift(first: $first, after: $after) {
  nodes { tenant { id slug } organizationId organizationName kinds } edges { cursor node { organizationId } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} }`;

interface Entry {
  tenant: { id: string; slug: string } | null;
  organizationId: string | null;
  organizationName: string | null;
  kinds: string[];
}

/** A registry of its own: the report is about everything there is. */
let app: Registry;
let world: World;
beforeAll(async () => {
  app = await openRegistry();
  world = await openWorld(app);
});
afterAll(() => app.close());
beforeEach(async () => {
  await app.sql("delete from tenants");
  app.keycloak.state.organizations.length = 0;
});
afterEach(() => {
  app.keycloak.meddle = null;
});

const ask = (caller: Caller, variables: object = {}, headers: Record<string, string> = {}) => caller.run(DRIFT, { ...variables }, headers);
const organizationOf = (id: string) => app.keycloak.organizationsOf(id)[0]!;
const remove = (organization: object) => app.keycloak.state.organizations.splice(app.keycloak.state.organizations.indexOf(organization as never), 1);

async function customers(count: number) {
  const made = [];
  for (let n = 0; n < count; n++) made.push(await newCustomer(world.operator, { adminEmail: null, adminName: null }));
  await app.jobs.drain();
  return made;
}

/** The whole report, page by page. */
async function report(caller: Caller, first?: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let after: string | null = null; ; ) {
    const { keycloakDrift } = data(await ask(caller, { first, after }));
    const { nodes, edges, pageInfo } = keycloakDrift;
    expect(nodes.length).toBeLessThanOrEqual(first ?? 20);
    expect(edges.map(({ node }: { node: Entry }) => node.organizationId)).toEqual(nodes.map(({ organizationId }: Entry) => organizationId));
    expect(pageInfo).toMatchObject({ hasPreviousPage: after !== null, startCursor: edges[0]?.cursor ?? null });
    entries.push(...nodes);
    if (!pageInfo.hasNextPage) return entries;
    after = pageInfo.endCursor;
  }
}

describe("keycloakDrift", () => {
  it("unauthenticated: nobody without a token reads it", async () => {
    fault(await ask(world.anonymous), "UNAUTHENTICATED");
  });

  it("forbidden: only platform staff read it", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.service]) fault(await ask(caller), "FORBIDDEN");
  });

  it.each([[{ first: 0 }, "first"], [{ first: 101 }, "first"], [{ after: "nonsense" }, "after"], [{ after: Buffer.from('["keycloak_drift","organizations",-1]').toString("base64url") }, "after"], [{ after: "x".repeat(201) }, "after"]])("%o is refused", async (variables, field) => {
    fault(await ask(world.support, variables), "BAD_USER_INPUT", field);
  });

  it("without an identity provider there is nothing to compare with", async () => {
    const alone = await openRegistry({ withKeycloak: false });
    try {
      fault(await ask((await openWorld(alone)).support), "FAILED_PRECONDITION");
    } finally {
      await alone.close();
    }
  });

  it.each([
    ["is away", async () => new Response("", { status: 503 }), "UNAVAILABLE"],
    ["hangs", async () => Promise.reject(new DOMException("aborted", "TimeoutError")), "UNAVAILABLE"],
    ["answers HTML", async () => new Response("<html>", { status: 200 }), "UNAVAILABLE"],
    ["refuses us", async () => new Response('{"error":"HTTP 403 Forbidden"}', { status: 403 }), "FAILED_PRECONDITION"],
  ] as const)("while Keycloak %s it is an error, and never an empty report", async (_, answer, code) => {
    await customers(1);
    app.keycloak.meddle = answer;
    expect(fault(await ask(world.support), code).extensions.retryable).toBe(code === "UNAVAILABLE" || undefined);
  });

  it("is empty when nothing differs, with demo tenants and archived ones aside", async () => {
    await customers(3);
    await world.tenant({ status: "demo", kind: "demo" });
    await world.tenant({ status: "archived" });
    expect(await report(world.support)).toEqual([]);
  });

  it("names everything that differs, on either side, and changes none of it", async () => {
    const [missing, unknown, other, renamed, frozen, disabled, alias, several] = await customers(8);
    const { id: never, slug } = await world.tenant();
    remove(organizationOf(missing!.id));
    await app.sql("update tenants set keycloak_org_id = null where id = $1", [unknown!.id]);
    const mine = organizationOf(other!.id);
    await app.sql("update tenants set keycloak_org_id = 'elsewhere' where id = $1", [other!.id]);
    organizationOf(renamed!.id).name = "Renamed by hand";
    await app.sql("update tenants set status = 'frozen', frozen_at = now() where id = $1", [frozen!.id]);
    organizationOf(disabled!.id).enabled = false;
    organizationOf(alias!.id).alias = unique("alias");
    const double = { ...structuredClone(organizationOf(several!.id)), id: unique("org"), name: unique("Double"), alias: unique("double") };
    await app.sql("update tenants set keycloak_org_id = null where id = $1", [several!.id]);
    const stray = { id: unique("org"), name: "Stray", alias: unique("stray"), enabled: true, attributes: { tenant_id: ["00000000-0000-0000-0000-00000000dead"] } };
    const manual = { id: unique("org"), name: "By hand", alias: unique("manual"), enabled: true, attributes: {} };
    app.keycloak.state.organizations.push(double, stray, manual);
    const before = structuredClone(app.keycloak.state.organizations);

    const found = await report(world.support);
    const about = (id: string) => found.filter(({ tenant }) => tenant?.id === id).map(({ organizationId, kinds }) => [organizationId, ...kinds]);
    expect(about(missing!.id)).toEqual([[null, "ORGANIZATION_MISSING"]]);
    expect(about(unknown!.id)).toEqual([[organizationOf(unknown!.id).id, "MAPPING_DIFFERS"]]);
    expect(about(other!.id)).toEqual([[mine.id, "MAPPING_DIFFERS"]]);
    expect(about(renamed!.id)).toEqual([[organizationOf(renamed!.id).id, "NAME_DIFFERS"]]);
    expect(about(frozen!.id)).toEqual([[organizationOf(frozen!.id).id, "STATUS_DIFFERS"]]);
    expect(about(disabled!.id)).toEqual([[organizationOf(disabled!.id).id, "STATUS_DIFFERS"]]);
    expect(about(alias!.id)).toEqual([[organizationOf(alias!.id).id, "ALIAS_DIFFERS"]]);
    expect(about(several!.id)).toEqual([[null, "MAPPING_DIFFERS"]]);
    expect(about(never)).toEqual([[null, "NOT_PROVISIONED"]]);
    expect(found.filter(({ tenant }) => tenant === null)).toEqual([manual, stray].map(({ id, name }) => ({ tenant: null, organizationId: id, organizationName: name, kinds: ["ORGANIZATION_WITHOUT_TENANT"] })));
    expect(found).toHaveLength(11);
    expect(found.find(({ tenant }) => tenant?.id === never)?.tenant).toEqual({ id: never, slug });
    expect(app.keycloak.state.organizations).toEqual(before);
  });

  it.each([1, 2, 7, 100])("is the same in pages of %i", async (first) => {
    const made = await customers(5);
    for (const { id } of made.slice(1)) organizationOf(id).name = unique("Other");
    for (let n = 0; n < 3; n++) app.keycloak.state.organizations.push({ id: unique("org"), name: unique("Stray"), alias: unique("stray"), enabled: true, attributes: {} });
    const whole = await report(world.support, 100);
    expect(whole).toHaveLength(7);
    expect(await report(world.support, first)).toEqual(whole);
  });

  it("a page looks at a bounded number of tenants, and says where to go on although it found nothing", async () => {
    await app.sql(`insert into tenants (slug, name, status, keycloak_org_id) select 'bulk-' || n, 'Bulk ' || n, 'active', 'bulk-' || n from generate_series(1, 501) n`);
    const rows = await app.sql<{ id: string; slug: string; name: string }>("select id, slug, name from tenants where slug like 'bulk-%'");
    for (const { id, slug, name } of rows) app.keycloak.state.organizations.push({ id: slug, name, alias: slug, enabled: true, attributes: { tenant_id: [id], tenant_status: ["active"] } });
    const before = app.keycloak.calls.length;
    const { keycloakDrift } = data(await ask(world.support));
    expect([keycloakDrift.nodes, keycloakDrift.pageInfo]).toEqual([[], { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: expect.any(String) }]);
    expect(app.keycloak.calls.length - before).toBeLessThanOrEqual(510);
    expect(await report(world.support)).toEqual([]);
  });

  it("whoever narrowed to one tenant gets that one, and learns nothing of whose the other organisations are", async () => {
    const [one, other] = await customers(2);
    for (const { id } of [one!, other!]) organizationOf(id).name = unique("Other");
    app.keycloak.state.organizations.push({ id: unique("org"), name: "Stray", alias: unique("stray"), enabled: true, attributes: {} });
    const { keycloakDrift } = data(await ask(world.support, {}, { "x-tenant-id": one!.id }));
    expect(keycloakDrift.nodes.map(({ tenant }: Entry) => tenant?.id)).toEqual([one!.id]);
  });
});
