import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { SCOPE_SQL } from "../../../src/kernel/scoped-query.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";
import { poolOf } from "../../walls/visits.js";

const ALL_BUT_CONFIG = "tenantId product verdict { granted reason source limits validUntil demo } error { code message retryable }";
const CHECK = (selection = "tenantId product verdict { granted reason } error { code }") =>
  `query ($tenantIds: [ID!]!, $products: [String!]!) { checkEntitlements(input: { tenantIds: $tenantIds, products: $products }) { ${selection} } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const check = (caller: Caller, tenantIds: string[], products: string[], selection?: string) => caller.run(CHECK(selection), { tenantIds, products });
const checked = async (caller: Caller, tenantIds: string[], products: string[], selection?: string) => data(await check(caller, tenantIds, products, selection))["checkEntitlements"];
const granted = (tenantId: string, product: string) => ({ tenantId, product, verdict: { granted: true, reason: "GRANTED" }, error: null });
const denied = (tenantId: string, product: string, reason: string) => ({ tenantId, product, verdict: { granted: false, reason }, error: null });
const failed = (tenantId: string, product: string, code: string) => ({ tenantId, product, verdict: null, error: { code } });

/** Tenants that each have an odd and an even half of as many products. */
async function plant(tenants: number, products: number): Promise<{ ids: string[]; keys: string[] }> {
  const word = unique("many");
  const rows = await app.sql<{ id: string }>("insert into tenants (slug, name, status) select $1 || '-' || n, $1, 'active' from generate_series(1, $2::int) n returning id", [word, tenants]);
  const ids = rows.map(({ id }) => id);
  const keys = Array.from({ length: products }, (_, n) => `product-${n}`);
  await app.sql("insert into tenant_products (tenant_id, product, enabled) select id, key, right(key, 1)::int % 2 = 0 from unnest($1::uuid[]) id, unnest($2::text[]) key", [ids, keys]);
  return { ids, keys };
}

function countStatements(): string[] {
  const statements: string[] = [];
  const send = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  vi.spyOn(pg.Client.prototype, "query").mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const [query] = args as [string | { text: string }];
    const text = typeof query === "string" ? query : query.text;
    if (text !== SCOPE_SQL) statements.push(text);
    return send.apply(this, args);
  } as never); // never: pg declares a dozen overloads, and the spy passes through whichever was called
  return statements;
}

describe("checkEntitlements", () => {
  it("unauthenticated: nobody without a token checks any", async () => {
    fault(await check(world.anonymous, [(await world.tenant()).id], ["crm"]), "UNAUTHENTICATED");
  });

  it("forbidden: the tenant's own people do not check, they see", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member]) fault(await check(caller, [tenant.id], ["crm"]), "FORBIDDEN");
  });

  it.each([
    ["no tenant", [], ["crm"], "tenantIds"],
    ["no product", [randomUUID()], [], "products"],
    ["101 tenants", Array.from({ length: 101 }, () => randomUUID()), ["crm"], "tenantIds"],
    ["101 products", [randomUUID()], Array.from({ length: 101 }, () => "crm"), "products"],
  ])("invalid: %s", async (_, tenantIds, products, field) => {
    fault(await check(world.support, tenantIds, products), "BAD_USER_INPUT", field);
  });

  it("forbidden: a service's question about another product is that item's error, whether the tenant exists or not", async () => {
    const [tenant, missing] = [await world.tenant(), randomUUID()];
    await tenant.entitlement("crm");
    await tenant.entitlement("erp");
    expect(await checked(world.service, [tenant.id, missing], ["erp", "crm"])).toEqual([
      failed(tenant.id, "erp", "FORBIDDEN"),
      granted(tenant.id, "crm"),
      failed(missing, "erp", "FORBIDDEN"),
      failed(missing, "crm", "NOT_FOUND"),
    ]);
  });

  it("a tenant that is not there is an error and no denial, and takes nothing away from the others", async () => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    const missing = [randomUUID(), "", "no-uuid", "a\u0000b", "\ud800", "' or true --"];
    expect(await checked(world.service, [...missing, tenant.id], ["crm"], ALL_BUT_CONFIG)).toEqual([
      ...missing.map((id) => ({ tenantId: id === "\ud800" ? expect.any(String) : id, product: "crm", verdict: null, error: { code: "NOT_FOUND", message: "Tenant not found", retryable: false } })),
      { tenantId: tenant.id, product: "crm", verdict: { granted: true, reason: "GRANTED", source: "OVERRIDE", limits: { seats: 5, storageGb: 1, sso: false }, validUntil: null, demo: false }, error: null },
    ]);
  });

  it("someone else's: staff who narrowed to one tenant get the same item for another as for none", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    await theirs.entitlement("crm");
    expect(await checked(world.support, [theirs.id], ["crm"])).toEqual([granted(theirs.id, "crm")]);
    const narrowed = async (id: string) => data(await world.support.run(CHECK(), { tenantIds: [id], products: ["crm"] }, { "x-tenant-id": mine.id }))["checkEntitlements"];
    expect(await narrowed(mine.id)).toEqual([denied(mine.id, "crm", "NOT_ENTITLED")]);
    for (const id of [theirs.id, randomUUID()]) expect(await narrowed(id)).toEqual([failed(id, "crm", "NOT_FOUND")]);
  });

  it("answers in the order and spelling of the question, repetitions included", async () => {
    const [one, other] = [await world.tenant(), await world.tenant({ status: "frozen" })];
    await one.entitlement("crm");
    const upper = one.id.toUpperCase();
    expect(await checked(world.support, [other.id, upper, one.id], ["docs", "crm", "crm", "a\u0000b"])).toEqual([
      ...["docs", "crm", "crm", "a\u0000b"].map((key) => denied(other.id, key, "TENANT_FROZEN")),
      ...[upper, one.id].flatMap((id) => [granted(id, "docs"), granted(id, "crm"), granted(id, "crm"), denied(id, "a\u0000b", "UNKNOWN_PRODUCT")]),
    ]);
  });

  it("every tenant's verdicts are its own", async () => {
    const states = [{ status: "trial", trialEndsAt: new Date(Date.now() - 1) }, { status: "demo", kind: "demo" }, { status: "archived" }, { plan: "pro" }, {}];
    const tenants = await Promise.all(states.map((state) => world.tenant(state)));
    for (const tenant of tenants.slice(0, 3)) await tenant.entitlement("crm");
    const items = await checked(world.service, tenants.map(({ id }) => id), ["crm"], "verdict { reason source demo }");
    expect(items.map(({ verdict }: { verdict: object }) => verdict)).toEqual([
      { reason: "TENANT_FROZEN", source: null, demo: false },
      { reason: "GRANTED", source: "DEMO", demo: true },
      { reason: "TENANT_ARCHIVED", source: null, demo: false },
      { reason: "GRANTED", source: "PLAN", demo: false },
      { reason: "NOT_ENTITLED", source: null, demo: false },
    ]);
  });

  it("100 tenants × 100 products are one statement, and one answer", async () => {
    const { ids, keys } = await plant(100, 100);
    const statements = countStatements();
    const items = await checked(world.support, ids, keys, ALL_BUT_CONFIG);
    expect(statements).toHaveLength(1);
    expect(items).toHaveLength(10_000);
    const wrong = items.filter(({ product, verdict }: { product: string; verdict: { granted: boolean } }) => verdict.granted !== (Number(product.at(-1)) % 2 === 0));
    expect(wrong).toEqual([]);
  });

  it("several of the largest in one request are refused before anything is read", async () => {
    const statements = countStatements();
    const several = Array.from({ length: 6 }, (_, n) => `a${n}: checkEntitlements(input: { tenantIds: ["x"], products: ["crm"] }) { ${ALL_BUT_CONFIG} }`).join(" ");
    fault(await world.support.run(`{ ${several} }`), "LIMIT_EXCEEDED");
    expect(statements).toEqual([]);
  });

  it("settings come for one product in 100 tenants, and for no more than the largest answer could hold", async () => {
    const { ids, keys } = await plant(100, 6);
    await app.sql(`update tenant_products set config = '{"a": 1}' where tenant_id = any($1)`, [ids]);
    const items = await checked(await world.caller({ product: "product-0" }), ids, ["product-0"], "verdict { config }");
    expect(items).toEqual(ids.map(() => ({ verdict: { config: { a: 1 } } })));
    fault(await check(world.support, ids, keys, "verdict { ...on EntitlementVerdict { config } }"), "BAD_USER_INPUT", "products");
    expect(await checked(world.support, ids, keys)).toHaveLength(600);
  });

  it("a database that is away is one fault that can be retried, and denies nothing, for one check and for many", async () => {
    const { id } = await world.tenant({ plan: "pro" });
    expect(await checked(world.service, [id], ["crm"])).toEqual([granted(id, "crm")]);
    vi.spyOn(poolOf(app), "connect").mockRejectedValue(Object.assign(new Error("nobody listens there"), { code: "ECONNREFUSED" }) as never); // never: of the overloads vitest sees the one with a callback
    for (const answer of [await check(world.service, [id], ["crm"]), await world.service.run(`{ checkEntitlement(tenantId: "${id}", product: "crm") { verdict { granted } } }`)]) {
      expect(fault(answer, "UNAVAILABLE").extensions.retryable).toBe(true);
      expect(answer.body.data).toBeNull();
    }
  });
});
