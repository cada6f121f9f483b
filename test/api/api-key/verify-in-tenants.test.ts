import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { madeKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { data } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

/** What becomes of a tenant's keys when something becomes of the tenant, by the graph's own mutations and by nothing but time. */

const VERIFY = "query ($key: String!, $acceptReadOnly: Boolean, $project: String) { verifyApiKey(key: $key, acceptReadOnly: $acceptReadOnly, project: $project) { code valid readOnly tenantId scopes maxStalenessMs entitlement { source validUntil } } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const verdict = async (key: string, more = {}, service = world.service) => data(await service.run(VERIFY, { key, ...more }))["verifyApiKey"];
const code = async (key: string, service?: Caller) => (await verdict(key, {}, service)).code as string;
const operate = async (mutation: string, input: Record<string, unknown>) => {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
  return data(await world.operator.run(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input }));
};

/** Within the time that every verdict states, what was changed elsewhere is known here; asked until then, and a moment longer. */
const becomes = (key: string, expected: string, more = {}) => vi.waitFor(async () => expect((await verdict(key, more)).code).toBe(expected), { timeout: 10_000, interval: 50 });

async function home(fields?: Parameters<World["tenant"]>[0]): Promise<TenantInWorld & { key: string; keyId: string }> {
  const tenant = await tenantWithCrm(world, fields);
  const { plaintext, apiKey } = await madeKey(tenant.admin);
  return { ...tenant, key: plaintext, keyId: apiKey["id"] };
}

describe("the keys of a tenant", () => {
  it("that was frozen are refused, and read-only to whoever accepts that", async () => {
    const { id, key } = await home();
    await operate("cancelTenant", { id, reason: "NON_PAYMENT" });
    expect(await verdict(key)).toEqual({ code: "TENANT_FROZEN", valid: false, readOnly: false, tenantId: null, scopes: [], entitlement: null, maxStalenessMs: expect.any(Number) });
    expect(await verdict(key, { acceptReadOnly: true })).toEqual({
      code: "TENANT_FROZEN", valid: false, readOnly: true, tenantId: id, scopes: ["read"], entitlement: null, maxStalenessMs: expect.any(Number),
    });
  });

  it("that is frozen after they were known here are refused within the stated time, and work again within it", async () => {
    const { id, key } = await home();
    expect(await code(key)).toBe("VALID");
    await operate("cancelTenant", { id, reason: "CUSTOMER_REQUEST" });
    await becomes(key, "TENANT_FROZEN");
    await operate("reactivateTenant", { id });
    await becomes(key, "VALID");
  });

  it("that was archived are gone with all its data", async () => {
    const { id, key, keyId } = await home();
    expect(await code(key)).toBe("VALID");
    await operate("cancelTenant", { id, reason: "CUSTOMER_REQUEST" });
    await operate("archiveTenant", { id });
    await app.jobs.drain();
    expect(await app.sql("select id from api_keys where id = $1", [keyId])).toEqual([]);
    await becomes(key, "NOT_FOUND");
    expect(await verdict(key, { acceptReadOnly: true })).toMatchObject({ code: "NOT_FOUND", readOnly: false });
  });

  it("whose product was withdrawn are refused within the stated time", async () => {
    const { id, key } = await home();
    expect(await code(key)).toBe("VALID");
    await operate("withdrawEntitlement", { tenantId: id, product: "crm" });
    await becomes(key, "NOT_ENTITLED");
    await operate("grantEntitlement", { tenantId: id, product: "crm" });
    await becomes(key, "VALID");
  });

  it("whose project was archived are refused within the stated time", async () => {
    const tenant = await tenantWithCrm(world);
    const { id: projectId } = await tenant.project();
    const { plaintext: key } = await madeKey(tenant.admin, { projectId });
    expect(await code(key)).toBe("VALID");
    data(await tenant.admin.run("mutation ($id: ID!) { archiveProject(input: { id: $id }) { __typename } }", { id: projectId }));
    await becomes(key, "WRONG_PROJECT");
  });

  it("that are bound to no project are for one that is made at once, and for one that is archived or restored within the stated time", async () => {
    const { admin, key } = await home();
    expect((await verdict(key, { project: "website" })).code).toBe("WRONG_PROJECT");
    const { id } = data(await admin.run('mutation { createProject(input: { name: "Website", slug: "website" }) { project { id } } }'))["createProject"].project;
    for (const project of ["website", id]) expect((await verdict(key, { project })).code).toBe("VALID");
    data(await admin.run("mutation ($id: ID!) { archiveProject(input: { id: $id }) { __typename } }", { id }));
    for (const project of ["website", id]) await becomes(key, "WRONG_PROJECT", { project });
    expect(await code(key)).toBe("VALID");
    data(await admin.run("mutation ($id: ID!) { restoreProject(input: { id: $id }) { __typename } }", { id }));
    for (const project of ["website", id]) await becomes(key, "VALID", { project });
  });

  it("that became a demo are refused: a demo has none", async () => {
    const { id, key } = await home();
    await app.sql("update tenants set status = 'demo', kind = 'demo' where id = $1", [id]);
    expect(await code(key)).toBe("TENANT_DEMO");
  });

  it("on trial work until the trial's end, are read-only from then on, and nothing at all when the grace is over, with no job run", async () => {
    app.clock.now = new Date();
    const end = new Date(app.clock.now.getTime() + 86_400_000);
    const { id, key } = await home({ status: "trial", trialEndsAt: end });
    const at = async (time: Date) => {
      app.clock.now = time;
      const service = await world.caller({ product: "crm" });
      const { code, readOnly, entitlement } = await verdict(key, { acceptReadOnly: true }, service);
      return { code, readOnly, entitlement };
    };
    expect(await at(new Date(end.getTime() - 1))).toEqual({ code: "VALID", readOnly: false, entitlement: { source: "OVERRIDE", validUntil: end.toISOString() } });
    expect(await at(end)).toEqual({ code: "TENANT_FROZEN", readOnly: true, entitlement: null });
    const graceEnd = new Date(end.getTime() + 30 * 86_400_000);
    expect(await at(new Date(graceEnd.getTime() - 1))).toMatchObject({ code: "TENANT_FROZEN", readOnly: true });
    expect(await at(graceEnd)).toMatchObject({ code: "TENANT_FROZEN", readOnly: false });
    expect(await app.sql("select status from tenants where id = $1", [id])).toEqual([{ status: "trial" }]);
  });

  it("work until the end of the entitlement, to the millisecond", async () => {
    app.clock.now = new Date();
    const end = new Date(app.clock.now.getTime() + 60_000);
    const { id, key } = await home();
    await app.sql("update tenant_products set expires_at = $2 where tenant_id = $1", [id, end]);
    app.clock.now = new Date(end.getTime() - 1);
    expect(await verdict(key)).toMatchObject({ code: "VALID", entitlement: { source: "OVERRIDE", validUntil: end.toISOString() } });
    app.clock.now = end;
    expect(await code(key)).toBe("NOT_ENTITLED");
  });
});
