import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const CATALOG = `query ($tenantId: ID) { catalog(tenantId: $tenantId) {
  product { key name trialDays requestable } verdict { granted reason source } mayTry { allowed reason } mayRequest { allowed reason } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const ask = (caller: Caller, tenantId?: string | null, headers = {}) => caller.run(CATALOG, { tenantId }, headers);

interface Entry {
  product: { key: string };
  verdict: { granted: boolean; reason: string; source: string | null };
  mayTry: { allowed: boolean; reason: string | null };
  mayRequest: { allowed: boolean; reason: string | null };
}

/** Product → reason of the verdict, why it may not be tried, why it may not be asked for. */
async function seen(caller: Caller, tenantId?: string): Promise<Record<string, (string | null)[]>> {
  const entries = data(await ask(caller, tenantId))["catalog"] as Entry[];
  for (const { mayTry, mayRequest } of entries) for (const offer of [mayTry, mayRequest]) expect(offer.allowed).toBe(offer.reason === null);
  return Object.fromEntries(entries.map(({ product, verdict, mayTry, mayRequest }) => [product.key, [verdict.reason, mayTry.reason, mayRequest.reason]]));
}

const set = (tenant: TenantInWorld, product: string, state: string) => app.sql(`update tenant_products set ${state} where tenant_id = $1 and product = $2`, [tenant.id, product]);

describe("catalog", () => {
  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous), "UNAUTHENTICATED");
  });

  it("forbidden: a person without a tenant has none", async () => {
    fault(await ask(await world.caller({})), "FORBIDDEN");
  });

  it("a service is told nothing of any tenant, and staff who name none see none", async () => {
    const { id } = await world.tenant();
    expect(data(await ask(world.service, id))).toEqual({ catalog: null });
    expect(data(await ask(world.support))).toEqual({ catalog: null });
  });

  it("someone else's: one that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    expect(data(await ask(theirs.member, theirs.id))["catalog"]).not.toBeNull();
    const answer = await ask(mine.admin, theirs.id);
    expect(data(answer)).toEqual({ catalog: null });
    for (const id of [randomUUID(), "", "no-uuid", "a\u0000b"]) expect((await ask(mine.admin, id)).body).toEqual(answer.body);
    expect(data(await ask(world.support, theirs.id, { "x-tenant-id": mine.id }))).toEqual({ catalog: null });
  });

  it("another tenant's dealings change nothing in one's own", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const before = await seen(mine.member);
    await theirs.entitlement("crm");
    await theirs.productRequest({ product: "desk" });
    expect(await seen(theirs.member)).toMatchObject({ crm: ["GRANTED", "ALREADY_ENTITLED", "ALREADY_ENTITLED"], desk: ["NOT_ENTITLED", null, "REQUEST_OPEN"] });
    expect(await seen(mine.member)).toEqual(before);
  });

  it("ok: every product in the catalogue's order, with what the tenant has, may try and may ask for", async () => {
    const tenant = await world.tenant();
    for (const [caller, id] of [[tenant.member], [tenant.admin, tenant.id.toUpperCase()], [world.support, tenant.id], [world.operator, tenant.id]] as const) {
      expect(Object.entries(await seen(caller, id))).toEqual([
        ["crm", ["NOT_ENTITLED", null, null]],
        ["desk", ["NOT_ENTITLED", null, null]],
        ["chat", ["NOT_ENTITLED", null, null]],
        ["erp", ["NOT_ENTITLED", "NO_TRIAL", null]],
        ["docs", ["GRANTED", "ALREADY_ENTITLED", "ALREADY_ENTITLED"]],
      ]);
    }
    const [crm] = data(await ask(tenant.member))["catalog"];
    expect(crm.product).toEqual({ key: "crm", name: "CRM", trialDays: 14, requestable: true });
  });

  it.each([
    ["granted by an operator", "enabled = true", ["GRANTED", "ALREADY_ENTITLED", "ALREADY_ENTITLED"]],
    ["granted until a time that is past", "expires_at = '2020-01-01'", ["EXPIRED", "HELD_BEFORE", null]],
    ["withdrawn", "enabled = false", ["WITHDRAWN", "HELD_BEFORE", null]],
    ["being tried", "source = 'trial', trial_started_at = now(), expires_at = '2099-01-01'", ["GRANTED", "ALREADY_ENTITLED", null]],
    ["tried out", "source = 'trial', trial_started_at = now(), expires_at = '2020-01-01'", ["TRIAL_ENDED", "TRIAL_USED", null]],
    ["tried, bought and withdrawn", "trial_started_at = now(), enabled = false", ["WITHDRAWN", "TRIAL_USED", null]],
  ])("a product %s", async (_, state, expected) => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    await set(tenant, "crm", state);
    expect((await seen(tenant.member))["crm"]).toEqual(expected);
  });

  it("a product whose request is open, and one whose request is decided", async () => {
    const tenant = await world.tenant();
    await tenant.productRequest({ product: "crm" });
    await tenant.productRequest({ product: "desk", status: "lost" });
    expect(await seen(tenant.member)).toMatchObject({ crm: ["NOT_ENTITLED", null, "REQUEST_OPEN"], desk: ["NOT_ENTITLED", null, null] });
  });

  it("a product that is not sold by itself, in a plan without it", async () => {
    expect((await seen((await world.tenant({ plan: "none" })).member))["docs"]).toEqual(["NOT_ENTITLED", "NO_TRIAL", "NOT_REQUESTABLE"]);
  });

  it.each([
    ["frozen", { status: "frozen" }, "TENANT_FROZEN"],
    ["on a trial that ended one second ago", { status: "trial", trialEndsAt: new Date(Date.now() - 1_000) }, "TENANT_FROZEN"],
  ])("a tenant that is %s has, tries and asks for nothing", async (_, fields, reason) => {
    for (const line of Object.values(await seen((await world.tenant({ ...fields, plan: "pro" })).member))) expect(line).toEqual([reason, reason, reason]);
  });

  it("an archived one is the same to staff", async () => {
    const { id } = await world.tenant({ status: "archived" });
    for (const line of Object.values(await seen(world.support, id))) expect(line).toEqual(["TENANT_ARCHIVED", "TENANT_ARCHIVED", "TENANT_ARCHIVED"]);
  });

  it("a demo has what its plan gives, and neither tries nor asks", async () => {
    const tenant = await world.tenant({ status: "demo", kind: "demo", plan: "pro" });
    expect(await seen(tenant.member)).toMatchObject({ crm: ["GRANTED", "TENANT_DEMO", "TENANT_DEMO"], desk: ["NOT_ENTITLED", "TENANT_DEMO", "TENANT_DEMO"] });
  });

  it("what it says is what happens", async () => {
    const tenant = await world.tenant();
    for (const [key, [, whyNotTry, whyNotAsk]] of Object.entries(await seen(tenant.admin))) {
      const asked = await tenant.admin.run("mutation ($input: RequestProductInput!) { requestProduct(input: $input) { productRequest { id } } }", { input: { product: key } });
      expect([key, asked.body.errors?.length ?? 0]).toEqual([key, whyNotAsk === null ? 0 : 1]);
      const tried = await tenant.admin.run("mutation ($input: StartTrialInput!) { startTrial(input: $input) { entitlement { id } } }", { input: { product: key } });
      expect([key, tried.body.errors?.length ?? 0]).toEqual([key, whyNotTry === null ? 0 : 1]);
    }
  });
});
