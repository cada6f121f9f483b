import pg from "pg";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { SCOPE_SQL } from "../../../src/kernel/scoped-query.js";
import { data } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const VERDICT = "verdict { granted reason source limits config validUntil demo }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Every way in which `reader`, staff and services learn whether a tenant has the product crm: the reasons that are told. */
async function everywhere({ id, member }: TenantInWorld, reader: Caller = member): Promise<string[]> {
  const of = async (caller: Caller, document: string): Promise<string> => {
    const [, reason] = /"reason":"(\w+)"/.exec(JSON.stringify(data(await caller.run(document)))) ?? [];
    return String(reason);
  };
  const key = `${id}:crm`;
  return Promise.all([
    of(reader, `{ entitlement(id: "${key}") { verdict { reason } } }`),
    of(reader, `{ tenant(id: "${id}") { entitlements { verdict { reason } } } }`),
    of(reader, `{ _entities(representations: [{ __typename: "Entitlement", id: "${key}" }]) { ... on Entitlement { verdict { reason } } } }`),
    of(reader, `{ catalog(tenantId: "${id}") { verdict { reason } product { key } } }`),
    of(world.support, `{ tenants(filter: { nameContains: "${id}" }) { nodes { entitlements { verdict { reason } } } } }`),
    of(world.service, `{ checkEntitlement(tenantId: "${id}", product: "crm") { verdict { reason } } }`),
    of(world.service, `{ checkEntitlements(input: { tenantIds: ["${id}"], products: ["crm"] }) { verdict { reason } } }`),
  ]);
}

async function withCrm(fields: Parameters<World["tenant"]>[0], state = "enabled = true"): Promise<TenantInWorld> {
  const tenant = await world.tenant(fields);
  await app.sql("update tenants set name = id::text where id = $1", [tenant.id]);
  await tenant.entitlement("crm");
  await app.sql(`update tenant_products set ${state} where tenant_id = $1`, [tenant.id]);
  return tenant;
}

describe("Entitlement.verdict", () => {
  const secondsFromNow = (seconds: number) => new Date(Date.now() + seconds * 1_000);
  const TRIAL = (end: string) => `source = 'trial', trial_started_at = now() - interval '14 days', expires_at = now() + interval '${end}'`;

  it.each([
    ["a tenant's trial that ended one second ago is over", { status: "trial", trialEndsAt: secondsFromNow(-1) }, "enabled = true", "TENANT_FROZEN"],
    ["a product's trial that ended one second ago is over", {}, TRIAL("-1 second"), "TRIAL_ENDED"],
    ["a grant that ended one second ago is over", {}, "expires_at = now() - interval '1 second'", "EXPIRED"],
    ["a product's trial that ends in an hour counts", {}, TRIAL("1 hour"), "GRANTED"],
    ["a tenant's trial that ends in an hour counts", { status: "trial", trialEndsAt: secondsFromNow(3_600) }, "enabled = true", "GRANTED"],
    ["what is withdrawn is withdrawn, also against the plan", { plan: "pro" }, "enabled = false", "WITHDRAWN"],
  ])("%s in every read and every check, with no job run", async (_, fields, state, reason) => {
    expect(new Set(await everywhere(await withCrm(fields, state)))).toEqual(new Set([reason]));
  });

  it.each([
    ["infinity", "GRANTED", null],
    ["-infinity", "EXPIRED", null],
    ["20000-01-01 00:00:00+00", "GRANTED", "+020000-01-01T00:00:00.000Z"],
  ])("an end that only an adopted database can have, %s, is the same in every read, every check and every claim", async (end, reason, validUntil) => {
    const tenant = await withCrm({}, `expires_at = '${end}'`);
    expect(new Set(await everywhere(tenant))).toEqual(new Set([reason]));
    const document = `{ checkEntitlement(tenantId: "${tenant.id}", product: "crm") { verdict { validUntil } } tenantClaims(tenantId: "${tenant.id}") { products { key validUntil } } }`;
    const { checkEntitlement, tenantClaims } = data(await world.service.run(document));
    expect(checkEntitlement.verdict).toEqual({ validUntil });
    expect(tenantClaims.products).toEqual([...(reason === "GRANTED" ? [{ key: "crm", validUntil }] : []), { key: "docs", validUntil: null }]);
  });

  it("a grace that ended one second ago is over in every read and every check that is left, with no job run", async () => {
    const tenant = await withCrm({ status: "frozen", frozenAt: secondsFromNow(-30 * 86_400 - 1) });
    expect(new Set(await everywhere(tenant, world.support))).toEqual(new Set(["TENANT_ARCHIVED"]));
  });

  it("is the same before and after the job has written an end down", async () => {
    for (const state of [TRIAL("-1 second"), "expires_at = now() - interval '1 second'"]) {
      const tenant = await withCrm({}, state);
      const before = await everywhere(tenant);
      await app.sql("update tenant_products set enabled = false where tenant_id = $1", [tenant.id]);
      expect(await everywhere(tenant)).toEqual(before);
    }
  });

  it("tells source, limits, settings and end, with what the plan and the product add", async () => {
    const tenant = await withCrm({ plan: "pro" }, `config = '{"max_seats": 3}', expires_at = '2099-01-01'`);
    expect(data(await tenant.member.run(`{ entitlement(id: "${tenant.id}:crm") { config ${VERDICT} } }`))["entitlement"]).toEqual({
      config: { max_seats: 3 },
      verdict: { granted: true, reason: "GRANTED", source: "OVERRIDE", limits: { seats: 25, storageGb: 10, sso: false }, config: { max_seats: 3 }, validUntil: "2099-01-01T00:00:00.000Z", demo: false },
    });
  });

  it("costs a list of entitlements no further statement, and all others one together", async () => {
    const tenants = await Promise.all([withCrm({}), withCrm({}), withCrm({})]);
    const statements: string[] = [];
    const send = pg.Client.prototype.query as (...args: unknown[]) => unknown;
    vi.spyOn(pg.Client.prototype, "query").mockImplementation(function (this: pg.Client, ...args: unknown[]) {
      const [query] = args as [string | { text: string }];
      const text = typeof query === "string" ? query : query.text;
      if (text !== SCOPE_SQL) statements.push(text);
      return send.apply(this, args);
    } as never); // never: pg declares a dozen overloads, and the spy passes through whichever was called
    const lists = tenants.map(({ id }, n) => `a${n}: tenant(id: "${id}") { entitlements { ${VERDICT} } }`).join(" ");
    data(await world.support.run(`{ ${lists} }`));
    expect(statements.splice(0)).toHaveLength(1);
    const of = tenants.map(({ id }) => ({ __typename: "Entitlement", id: `${id}:crm` }));
    data(await world.support.run(`query ($of: [_Any!]!) { _entities(representations: $of) { ... on Entitlement { ${VERDICT} } } }`, { of }));
    expect(statements, "the entitlements, and their tenants").toHaveLength(2);
  });
});
