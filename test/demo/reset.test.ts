/** Owns the guarantees of the nightly reset: demos are as the snapshot says, nobody else's row is touched, and whatever is in the way is named and stops it. */
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ERASED_TABLES } from "../../src/tenant/tenant.erasure.js";
import { eventsOf } from "../testkit/events.js";
import { fingerprintOfOthers, plantEverything, rowsOf } from "../testkit/everything.js";
import { anotherInstance } from "../testkit/instance.js";
import { data } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";

const [ONE, TWO] = ["de300000-0000-4000-8000-00000000000a", "de300000-0000-4000-8000-00000000000b"];
const project = (n: number) => `de300000-0000-4000-8001-00000000000${n}`;

const SNAPSHOT = `
tenants:
  - id: ${ONE}
    slug: demo-one
    name: Demo One
    plan: business
    projects:
      - { id: ${project(1)}, slug: default, name: Default }
      - { id: ${project(2)}, slug: old, name: Old, status: archived }
    entitlements: { crm: { config: { max_seats: 25 } } }
  - id: ${TWO}
    slug: demo-two
    name: Demo Two
    plan: starter
    projects: [{ id: ${project(3)}, slug: default, name: Default }]
`;

const EVERYTHING = Object.fromEntries(ERASED_TABLES.map((table) => [table, 1]));
const LAST_ERROR = `{ jobs(filter: { kind: "demo.reset" }, first: 1) { nodes { state lastError { code message } } } }`;

let directory: string;
let app: Registry;
let world: World;
let customer: TenantInWorld;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "demo-"));
  await writeFile(join(directory, "demo.yaml"), SNAPSHOT);
  app = await openRegistry({ environment: { DEMO_SNAPSHOT_FILE: join(directory, "demo.yaml") } });
  world = await openWorld(app);
  customer = await world.tenant();
  await plantEverything(app, customer.id);
  await customer.auditEvent();
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

/** Ask for a reset and run it until it is done or has failed for good. */
async function reset(): Promise<string | undefined> {
  await app.sql("insert into pgboss.job (name, data, retry_limit) values ('demo.reset', '{}', 1)");
  return (await app.jobs.drain()).filter(({ kind }) => kind === "demo.reset").at(-1)?.outcome;
}

/** What staff are told of the last reset. */
async function told(): Promise<{ state: string; lastError: { code: string; message: string } | null }> {
  return data(await world.support.run(LAST_ERROR))["jobs"].nodes[0];
}

/** Everything that is a demo's, without the times and the log. */
async function stateOf(id: string) {
  const [tenant] = await app.sql("select slug, name, kind, status, plan, erp_customer_id, stripe_cust_id, sales_owner, contract_start, contract_end, trial_ends_at, settings from tenants where id = $1", [id]);
  const projects = await app.sql("select id, slug, name, status, version from tenant_projects where tenant_id = $1 order by id", [id]);
  const entitlements = await app.sql("select product, enabled, config, source, expires_at, version from tenant_products where tenant_id = $1 order by product", [id]);
  return { tenant, projects, entitlements, rows: await rowsOf(app, id) };
}

const NOTHING_BILLED = { erp_customer_id: null, stripe_cust_id: null, sales_owner: null, contract_start: null, contract_end: null, trial_ends_at: null, settings: {} };
const GOLDEN_ONE = {
  tenant: { slug: "demo-one", name: "Demo One", kind: "demo", status: "demo", plan: "business", ...NOTHING_BILLED },
  projects: [
    { id: project(1), slug: "default", name: "Default", status: "active", version: 1 },
    { id: project(2), slug: "old", name: "Old", status: "archived", version: 1 },
  ],
  entitlements: [{ product: "crm", enabled: true, config: { max_seats: 25 }, source: "override", expires_at: null, version: 1 }],
  rows: { tenant_projects: 2, tenant_products: 1 },
};
const GOLDEN_TWO = {
  tenant: { slug: "demo-two", name: "Demo Two", kind: "demo", status: "demo", plan: "starter", ...NOTHING_BILLED },
  projects: [{ id: project(3), slug: "default", name: "Default", status: "active", version: 1 }],
  entitlements: [],
  rows: { tenant_projects: 1 },
};

it("creates the demos that are missing, each with its events, and nobody else notices", async () => {
  const others = await fingerprintOfOthers(app, [ONE, TWO]);
  expect(await reset()).toBe("done");
  expect([await stateOf(ONE), await stateOf(TWO)]).toEqual([GOLDEN_ONE, GOLDEN_TWO]);
  const common = { actorType: "system", targetType: "tenant", targetId: ONE, targetName: "demo-one", projectId: null, product: null };
  expect(await eventsOf(app, ONE)).toEqual([
    { ...common, action: "tenant.create", metadata: { slug: "demo-one", kind: "demo", plan: "business", status: "demo" } },
    { ...common, action: "demo.reset", metadata: { removed: {}, restored: { projects: 2, entitlements: 1 } } },
  ]);
  expect(await fingerprintOfOthers(app, [ONE, TWO])).toEqual(others);
});

describe("a demo", () => {
  beforeEach(async () => {
    expect(await reset()).toBe("done");
  });

  it("that visitors changed is as it was, with a row in every table gone, and its log goes on", async () => {
    await app.sql("delete from tenant_projects where id = $1", [project(1)]);
    await app.sql("update tenant_projects set name = 'Scribbled', status = 'active', version = 7 where id = $1", [project(2)]);
    await app.sql("update tenant_products set config = '{}', enabled = false where tenant_id = $1", [ONE]);
    await app.sql("update tenants set name = 'Scribbled', plan = 'starter', erp_customer_id = 'e', stripe_cust_id = 's', sales_owner = 'dana', contract_start = '2026-01-01', settings = '{\"language\": \"de\"}' where id = $1", [ONE]);
    await plantEverything(app, ONE);
    const [events, others] = [await app.sql("select * from audit_log where tenant_id = $1 order by id", [ONE]), await fingerprintOfOthers(app, [ONE, TWO])];
    expect(await reset()).toBe("done");
    expect(await stateOf(ONE)).toEqual(GOLDEN_ONE);
    expect(await fingerprintOfOthers(app, [ONE, TWO])).toEqual(others);
    const now = await app.sql<Record<string, unknown>>("select * from audit_log where tenant_id = $1 order by id", [ONE]);
    expect(now.slice(0, events.length)).toEqual(events);
    expect(now.slice(events.length)).toMatchObject([{ action: "demo.reset", metadata: { removed: { ...EVERYTHING, tenant_projects: 2, tenant_products: 2 }, restored: { projects: 2, entitlements: 1 } } }]);
  });

  it("that is reset twice, or by two at once, is as if reset once", async () => {
    const other = await anotherInstance(app);
    for (let n = 0; n < 4; n += 1) await app.sql("insert into pgboss.job (name, data) values ('demo.reset', '{}')");
    const outcomes = (await Promise.all([app.service.jobs.drain(), other.jobs.drain()])).flat().map(({ outcome }) => outcome);
    await other.jobs.stop();
    expect(outcomes).toEqual(["done", "done", "done", "done"]);
    expect([await stateOf(ONE), await stateOf(TWO)]).toEqual([GOLDEN_ONE, GOLDEN_TWO]);
  });

  it("that was made by an operator under the snapshot's slug keeps its id and its organisation", async () => {
    const id = randomUUID();
    await app.sql("delete from tenants where id = $1", [TWO]);
    await app.sql("insert into tenants (id, slug, name, kind, status, keycloak_org_id) values ($1, 'demo-two', 'x', 'demo', 'demo', 'org-two')", [id]);
    expect(await reset()).toBe("done");
    expect(await stateOf(id)).toEqual(GOLDEN_TWO);
    expect(await app.sql("select keycloak_org_id as org from tenants where id = $1", [id])).toEqual([{ org: "org-two" }]);
    await app.sql("delete from tenants where id = $1", [id]);
  });

  it("that the snapshot does not have is left alone", async () => {
    const demo = await world.tenant({ kind: "demo", status: "demo" });
    await plantEverything(app, demo.id);
    const before = await stateOf(demo.id);
    expect(await reset()).toBe("done");
    expect(await stateOf(demo.id)).toEqual(before);
    expect(await eventsOf(app, demo.id)).toEqual([]);
  });

  it("that was archived stays so, and the others are reset", async () => {
    await app.sql("update tenants set status = 'archived', archived_at = now() where id = $1", [TWO]);
    await app.sql("delete from tenant_projects where tenant_id = any ($1)", [[ONE, TWO]]);
    expect(await reset()).toBe("done");
    expect([await stateOf(ONE), (await stateOf(TWO)).rows]).toEqual([GOLDEN_ONE, {}]);
    expect(app.logged.some((line) => line.includes("a demo of the snapshot is archived and stays so") && line.includes(TWO))).toBe(true);
    await app.sql("update tenants set status = 'demo', archived_at = null where id = $1", [TWO]);
  });

  it("whose reset fails halfway is as before it, and is reset when the reason has gone", async () => {
    await plantEverything(app, TWO);
    const before = await stateOf(TWO);
    await app.sql("create function fail() returns trigger language plpgsql as $f$ begin raise exception 'halfway'; end $f$");
    await app.sql(`create trigger fail before insert on tenant_projects for each row when (new.tenant_id = '${TWO}') execute function fail()`);
    expect(await reset()).toBe("failed");
    expect(await stateOf(TWO)).toEqual(before);
    await app.sql("drop trigger fail on tenant_projects");
    await app.sql("drop function fail()");
    expect(await reset()).toBe("done");
    expect(await stateOf(TWO)).toEqual(GOLDEN_TWO);
  });
});

describe("a foreign row in the way", () => {
  let undo: () => Promise<unknown>;
  beforeEach(async () => {
    expect(await reset()).toBe("done");
    await plantEverything(app, ONE);
  });
  afterEach(async () => {
    await undo();
    expect(await reset()).toBe("done");
    expect([await stateOf(ONE), await stateOf(TWO)]).toEqual([GOLDEN_ONE, GOLDEN_TWO]);
  });

  it.each<[string, () => Promise<() => Promise<unknown>>, () => string]>([
    ["a customer that has a demo's slug", async () => {
      await app.sql("delete from tenants where id = $1", [TWO]);
      await app.sql("update tenants set slug = 'demo-two' where id = $1", [customer.id]);
      return () => app.sql("update tenants set slug = $2 where id = $1", [customer.id, customer.slug]);
    }, () => `the slug demo-two is that of the customer ${customer.id}`],
    ["a tenant under a demo's id", async () => {
      await app.sql("delete from tenant_projects where tenant_id = $1", [TWO]);
      await app.sql("update tenants set slug = 'another-demo' where id = $1", [TWO]);
      return () => app.sql("update tenants set slug = 'demo-two' where id = $1", [TWO]);
    }, () => `the id ${TWO} of demo-two is that of the tenant another-demo`],
    ["a customer's project under an id of the snapshot", async () => {
      await app.sql("update tenant_projects set tenant_id = $2, slug = 'moved' where id = $1", [project(3), customer.id]);
      return () => app.sql("delete from tenant_projects where id = $1", [project(3)]);
    }, () => `the project ${project(3)} of demo-two belongs to the tenant ${customer.id}`],
    ["another demo's project under an id of the snapshot", async () => {
      await app.sql("update tenant_projects set tenant_id = $2, slug = 'moved' where id = $1", [project(3), ONE]);
      return () => app.sql("delete from tenant_projects where id = $1", [project(3)]);
    }, () => `the project ${project(3)} of demo-two belongs to the tenant ${ONE}`],
    ["a demo's event that points at a customer's project", async () => {
      const { id } = await customer.project();
      const [event] = await app.sql<{ uid: string }>("insert into audit_log (tenant_id, action, project_id) values ($1, 'x.x', $2) returning uid", [TWO, id]);
      inTheWay = `the audit event ${event?.uid} of demo-two points at the project ${id} of the tenant ${customer.id}`;
      return () => app.sql("delete from audit_log where uid = $1", [event?.uid]);
    }, () => inTheWay],
  ])("stops it before anything is changed, in any demo, and is named: %s", async (_what, plant, named) => {
    undo = await plant();
    const before = await fingerprintOfOthers(app, []);
    expect(await reset()).toBe("failed");
    expect(await told()).toEqual({
      state: "FAILED",
      lastError: { code: "FAILED_PRECONDITION", message: `The demos are left as they are, because their reset would touch what is not theirs: ${named()}` },
    });
    expect(await fingerprintOfOthers(app, [])).toEqual(before);
  });
  let inTheWay: string;

  it("is named with all the others, up to ten", async () => {
    await app.sql("update tenant_projects set tenant_id = $2, slug = 'moved' where id = $1", [project(3), customer.id]);
    const { id } = await customer.project();
    await app.sql("insert into audit_log (tenant_id, action, project_id) select $1, 'x.x', $2 from generate_series(1, 12)", [TWO, id]);
    undo = async () => {
      await app.sql("delete from tenant_projects where id = $1", [project(3)]);
      await app.sql("delete from audit_log where tenant_id = $1 and action = 'x.x'", [TWO]);
    };
    expect(await reset()).toBe("failed");
    const message = (await told()).lastError?.message ?? "";
    expect([message.includes(`the project ${project(3)} of demo-two`), message.match(/the audit event/g)?.length, message.endsWith("; and 2 more")]).toEqual([true, 9, true]);
  });
});

describe("the clock", () => {
  afterEach(() => {
    app.clock.now = null;
  });

  it.each([
    ["2031-03-04T02:59:59.999Z", 0],
    ["2031-03-05T03:00:00.000Z", 1],
  ])("at %s asks for %d resets", async (time, count) => {
    await app.jobs.drain();
    app.clock.now = new Date(time);
    await app.jobs.tend();
    const ran = await app.jobs.drain();
    expect(ran.filter(({ kind }) => kind === "demo.reset")).toHaveLength(count);
  });
});
