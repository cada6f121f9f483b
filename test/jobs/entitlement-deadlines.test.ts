import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { loadCatalog } from "../../src/catalog/catalog.file.js";
import { advanceEntitlements, sweepEntitlements } from "../../src/entitlement/entitlement.deadlines.js";
import { JOB_HANDLERS } from "../../src/job-handlers.js";
import { openDoors, type Doors } from "../../src/kernel/doors.js";
import { REGISTRY_ITSELF } from "../../src/kernel/principal.js";
import type { RequestContext } from "../../src/kernel/request.js";
import { NAMED_AS_IN_OBJECTS } from "../testkit/configs.js";
import { actionsIn, eventsOf } from "../testkit/events.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { houseOf } from "../walls/visits.js";

const NOW = new Date();
const DAY_MS = 86_400_000;
const at = (ms: number) => new Date(NOW.getTime() + ms);

let app: Registry;
let world: World;
let catalog: Awaited<ReturnType<typeof loadCatalog>>;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  catalog = await loadCatalog(app.config.catalogFile);
});
afterEach(() => {
  app.clock.now = null;
});

/** What a job has, at a time of the test's choosing; each call is another instance's. */
function job(now = NOW): RequestContext {
  const doors: Doors = openDoors(houseOf(app), {
    principal: REGISTRY_ITSELF,
    origin: { requestId: "job", sourceIp: null, userAgent: null },
    remainingMs: () => 10_000,
    committed: () => {},
  });
  return { doors, now: () => now, facilities: { catalog } } as unknown as RequestContext; // what the job looks at of a context
}

async function ending(endsInMs: number, { state = "enabled = true", ...fields }: { state?: string } & Parameters<World["tenant"]>[0] = {}): Promise<TenantInWorld> {
  const tenant = await world.tenant(fields);
  await tenant.entitlement("crm");
  await app.sql(`update tenant_products set expires_at = $2, ${state} where tenant_id = $1`, [tenant.id, at(endsInMs)]);
  return tenant;
}

const TRIAL = "source = 'trial', trial_started_at = '2020-01-01'";
const advance = ({ id }: TenantInWorld, now = NOW) => advanceEntitlements(job(now), { tenantId: id });
const sweptFrom = async (now = NOW) => new Set((await sweepEntitlements(job(now))).map(({ payload }) => payload.tenantId));
const rowOf = async ({ id }: TenantInWorld) => (await app.sql("select enabled, source, expires_at, version from tenant_products where tenant_id = $1", [id]))[0];

describe("an end that is reached", () => {
  it.each([
    ["just before", 1, false],
    ["at", 0, true],
    ["just after", -1, true],
  ])("%s: written down %s", async (_, ms, written) => {
    for (const state of ["enabled = true", TRIAL]) {
      const tenant = await ending(ms, { state });
      await advance(tenant);
      expect(await rowOf(tenant)).toMatchObject({ enabled: !written });
      expect((await actionsIn(app, tenant.id)).filter((action) => action === "entitlement.expire")).toHaveLength(written ? 1 : 0);
    }
  });

  it("is written down whatever the settings are called, which stay as they are", async () => {
    const tenant = await ending(-1);
    await app.sql("update tenant_products set config = $2 where tenant_id = $1", [tenant.id, JSON.stringify(NAMED_AS_IN_OBJECTS)]);
    await advance(tenant);
    expect(await app.sql("select enabled, config from tenant_products where tenant_id = $1", [tenant.id])).toEqual([{ enabled: false, config: NAMED_AS_IN_OBJECTS }]);
  });

  it("is one event, which the registry itself did, and a version", async () => {
    const tenant = await ending(-1, { state: TRIAL });
    await advance(tenant);
    expect(await rowOf(tenant)).toEqual({ enabled: false, source: "trial", expires_at: at(-1), version: 2 });
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "entitlement.expire",
        actorType: "system",
        targetType: "entitlement",
        targetId: `${tenant.id}:crm`,
        targetName: "crm",
        projectId: null,
        product: "crm",
        metadata: expect.objectContaining({ source: "trial", expires_at: at(-1).toISOString() }),
      },
    ]);
  });

  it("of twenty instances at once is written down by one", async () => {
    const tenant = await ending(-1);
    await Promise.all(Array.from({ length: 20 }, () => advance(tenant)));
    await advance(tenant);
    expect(await rowOf(tenant)).toMatchObject({ enabled: false, version: 2 });
    expect(await actionsIn(app, tenant.id)).toEqual(["entitlement.expire"]);
  });

  it("that an operator moves at the same moment is not written over", async () => {
    for (let round = 0; round < 5; round++) {
      const tenant = await ending(-1);
      const grant = world.operator.run("mutation ($input: GrantEntitlementInput!) { grantEntitlement(input: $input) { entitlement { id } } }", { input: { tenantId: tenant.id, product: "crm" } });
      await Promise.all([advance(tenant), grant]);
      expect(await rowOf(tenant)).toMatchObject({ enabled: true, expires_at: null });
    }
  });

  it.each([["frozen"], ["demo"]])("is written down in a tenant that is %s", async (status) => {
    const tenant = await ending(-1, { status, kind: status === "demo" ? "demo" : "customer" });
    await advance(tenant);
    expect(await actionsIn(app, tenant.id)).toEqual(["entitlement.expire"]);
  });

  it("what is withdrawn, what has no end and what is archived is left alone", async () => {
    const tenants = [await ending(-1, { state: "enabled = false" }), await world.tenant(), await ending(-1, { status: "archived" })];
    await tenants[1]?.entitlement("crm");
    const swept = await sweptFrom();
    for (const tenant of tenants) {
      expect(swept.has(tenant.id)).toBe(false);
      await advance(tenant);
      expect(await actionsIn(app, tenant.id)).toEqual([]);
    }
  });

  it("every product of a tenant is written down, each with its own event", async () => {
    const tenant = await ending(-2);
    for (const product of ["desk", "chat"]) await tenant.entitlement(product);
    await app.sql("update tenant_products set expires_at = $2 where tenant_id = $1 and product <> 'crm'", [tenant.id, at(-1)]);
    await advance(tenant);
    expect((await eventsOf(app, tenant.id)).map(({ action, product }) => `${action} ${product}`)).toEqual(["entitlement.expire crm", "entitlement.expire chat", "entitlement.expire desk"]);
  });
});

describe("an end that is near", () => {
  const reminders = async ({ id }: TenantInWorld) => (await eventsOf(app, id)).map(({ action, metadata }) => [action, metadata["daysLeft"], metadata["deadline"]]);

  it("is announced three days and one day ahead, once each", async () => {
    const end = 5 * DAY_MS;
    const tenant = await ending(end, { state: TRIAL });
    for (const left of [3 * DAY_MS + 1, 3 * DAY_MS, 2 * DAY_MS, DAY_MS, DAY_MS - 1, 1]) {
      const due = (await sweptFrom(at(end - left))).has(tenant.id);
      expect([left, due]).toEqual([left, left === 3 * DAY_MS || left === DAY_MS]);
      await advance(tenant, at(end - left));
    }
    expect(await reminders(tenant)).toEqual([
      ["entitlement.expiring", 3, at(end).toISOString()],
      ["entitlement.expiring", 1, at(end).toISOString()],
    ]);
    expect(await rowOf(tenant)).toMatchObject({ enabled: true, version: 1 });
  });

  it("of twenty instances at once is announced by one", async () => {
    const tenant = await ending(2 * DAY_MS);
    await Promise.all(Array.from({ length: 20 }, () => advance(tenant)));
    expect(await actionsIn(app, tenant.id)).toEqual(["entitlement.expiring"]);
  });

  it("that was missed by days is announced once, by what is left", async () => {
    const tenant = await ending(DAY_MS / 2);
    await advance(tenant);
    await advance(tenant, at(DAY_MS / 4));
    expect(await reminders(tenant)).toEqual([["entitlement.expiring", 1, at(DAY_MS / 2).toISOString()]]);
  });

  it("that is moved is announced anew", async () => {
    const tenant = await ending(2 * DAY_MS);
    await advance(tenant);
    await app.sql("update tenant_products set expires_at = $2 where tenant_id = $1", [tenant.id, at(2.5 * DAY_MS)]);
    await advance(tenant);
    await advance(tenant);
    expect(await reminders(tenant)).toEqual([
      ["entitlement.expiring", 2, at(2 * DAY_MS).toISOString()],
      ["entitlement.expiring", 3, at(2.5 * DAY_MS).toISOString()],
    ]);
  });

  it("and that takes nothing away, or is nobody's to be told, is not announced", async () => {
    const tenants = [
      await ending(DAY_MS, { status: "frozen" }),
      await ending(DAY_MS, { status: "demo", kind: "demo" }),
      await ending(DAY_MS, { plan: "pro", state: TRIAL }),
      await ending(2 * DAY_MS, { status: "trial", trialEndsAt: at(DAY_MS) }),
      await ending(DAY_MS, { state: "enabled = false" }),
    ];
    for (const tenant of tenants) {
      await advance(tenant);
      expect(await reminders(tenant)).toEqual([]);
    }
  });

  it("in whatever microsecond Postgres keeps it, is announced once", async () => {
    const tenant = await ending(2 * DAY_MS);
    await app.sql("update tenant_products set expires_at = expires_at + interval '999 microseconds' where tenant_id = $1", [tenant.id]);
    await advance(tenant);
    expect((await sweptFrom()).has(tenant.id)).toBe(false);
    expect(await actionsIn(app, tenant.id)).toEqual(["entitlement.expiring"]);
  });
});

describe("the sweep", () => {
  it("sends every tenant that has something due on its way once", async () => {
    const tenants = [await ending(-1), await ending(2 * DAY_MS), await ending(10 * DAY_MS)];
    await tenants[0]?.entitlement("desk");
    await app.sql("update tenant_products set expires_at = $2 where tenant_id = $1", [tenants[0]?.id, at(-1)]);
    const sent = (await sweepEntitlements(job())).map(({ payload }) => payload.tenantId);
    expect(tenants.map(({ id }) => sent.filter((one) => one === id).length)).toEqual([1, 1, 0]);
  });

  it("is part of the jobs that the service runs", async () => {
    const tenant = await ending(-1);
    const jobs = (await JOB_HANDLERS["deadlines.sweep"]?.(job(), {})) ?? [];
    expect(jobs).toContainEqual({ kind: "tenant.advance", payload: { tenantId: tenant.id } });
    await JOB_HANDLERS["tenant.advance"]?.(job(), { tenantId: tenant.id });
    expect(await actionsIn(app, tenant.id)).toEqual(["entitlement.expire"]);
  });
});
