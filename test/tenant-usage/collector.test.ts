/** Owns the proof that the use of the registry is counted by tenant: by every instance, on its day, and not lost when it cannot be written at once. */
import { randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { recordChange } from "../../src/audit-event/audit-event.recorder.js";
import { tenantAdmission } from "../../src/tenant/tenant.admission.js";
import { openTenantUsage, type TenantUsage } from "../../src/tenant-usage/tenant-usage.collector.js";
import { actionsIn } from "../testkit/events.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
beforeEach(async () => {
  tenant = await world.tenant();
});

const DAY = "2030-05-01";
const AT = new Date(`${DAY}T12:00:00Z`);

/** One instance's collector, with a clock, a log, and a pool that can be full. */
function instance({ at = AT, everyMs = 1 } = {}) {
  const clock = { now: at };
  const logged: string[] = [];
  const limits = { statementTimeoutMs: 5_000, maxWaiting: 1_000 };
  const tried: string[] = [];
  let meanwhile: (tenantId: string) => void = () => {};
  const now = () => clock.now;
  const admit = tenantAdmission(now);
  const write = (level: string) => (about: object | string, line?: string) => void logged.push(`${level}: ${line ?? String(about)}`);
  const log = { info: write("info"), warn: write("warn"), error: write("error") } as unknown as Parameters<typeof openTenantUsage>[0]["log"];
  const usage = openTenantUsage({
    house: {
      dataSource: app.dataSource,
      async admit(tx, scope) {
        tried.push(scope.tenantId);
        meanwhile(scope.tenantId);
        await admit(tx, scope);
      },
      record: recordChange,
      limits,
    },
    now,
    log,
    everyMs,
  });
  return {
    usage,
    clock,
    logged,
    /** The tenants whose counts it tried to write. */
    tried,
    /** Whoever comes now finds the pool full. */
    fill: (full: boolean) => (limits.maxWaiting = full ? -1_000 : 1_000),
    /** Done whenever a tenant's counts are being written; may throw. */
    meanwhile: (work: (tenantId: string) => void) => (meanwhile = work),
  };
}

const note = (usage: TenantUsage, { id }: { id: string }, operations: number, errors = 0, environment = "prod") => {
  for (let n = 0; n < operations; n++) usage.note(id, environment, n < errors);
};
const counts = ({ id }: { id: string }) =>
  app.sql("select day::text, environment, operations::int, errors::int from tenant_usage where tenant_id = $1 order by day, environment", [id]);
const row = (operations: number, errors = 0, { day = DAY, environment = "prod" } = {}) => ({ day, environment, operations, errors });

describe("an operation", () => {
  it("is written when it is written down and not before: nobody who is answered waits for it; and once", async () => {
    const { usage, tried } = instance();
    note(usage, tenant, 3, 1);
    expect([await counts(tenant), tried]).toEqual([[], []]);
    for (const _ of [1, 2]) {
      await usage.flush();
      expect([await counts(tenant), tried]).toEqual([[row(3, 1)], [tenant.id]]);
    }
  });

  it("is counted for its tenant and no other, by environment and by day in UTC, however they are written together", async () => {
    const { usage, clock, tried } = instance({ at: new Date(`${DAY}T23:59:59.999Z`) });
    const neighbour = await world.tenant();
    note(usage, tenant, 2, 2);
    note(usage, tenant, 1, 0, "staging");
    note(usage, tenant, 5, 0, "");
    note(usage, neighbour, 100, 50);
    clock.now = new Date("2030-05-02T00:00:00Z");
    note(usage, tenant, 1);
    await usage.flush();
    expect(await counts(neighbour)).toEqual([row(100, 50)]);
    expect(await counts(tenant)).toEqual([row(5, 0, { environment: "" }), row(2, 2), row(1, 0, { environment: "staging" }), row(1, 0, { day: "2030-05-02" })]);
    expect(tried, "one change for each tenant").toEqual([tenant.id, neighbour.id]);
  });

  it("is counted by every instance, and all of them add up, also when they write at the same time and in another order", async () => {
    const instances = [instance(), instance(), instance()];
    const neighbours = [tenant, await world.tenant(), await world.tenant()];
    const environments = ["a", "b", "c", "d"];
    for (let round = 0; round < 3; round++) {
      for (const [index, { usage }] of instances.entries()) {
        const [tenants, names] = index % 2 === 0 ? [neighbours, environments] : [neighbours.toReversed(), environments.toReversed()];
        for (const one of tenants) for (const name of names) note(usage, one, 2, 1, name);
      }
      await Promise.all(instances.map(({ usage }) => usage.flush()));
    }
    for (const one of neighbours) expect(await counts(one)).toEqual(environments.map((environment) => row(18, 9, { environment })));
    for (const { logged } of instances) expect(logged).toEqual([]);
  });

  it("is no event, in a frozen tenant and in a demo either, where it is counted all the same", async () => {
    const { usage } = instance();
    const tenants = [tenant, await world.tenant({ status: "frozen", frozenAt: AT }), await world.tenant({ status: "demo", kind: "demo" })];
    for (const one of tenants) note(usage, one, 1);
    await usage.flush();
    for (const one of tenants) expect([await counts(one), await actionsIn(app, one.id)]).toEqual([[row(1)], []]);
  });

  it("of a tenant that is archived or gone is dropped and harms nobody: the others are written", async () => {
    const { usage, tried, logged } = instance();
    const archived = await world.tenant({ status: "archived" });
    const gone = { id: randomUUID() };
    for (const one of [archived, gone, tenant]) note(usage, one, 1);
    await usage.close();
    expect([await counts(archived), await counts(gone), await counts(tenant)]).toEqual([[], [], [row(1)]]);
    expect([tried, logged]).toEqual([[archived.id, gone.id, tenant.id], []]);
  });
});

describe("what cannot be written", () => {
  it("is kept, adds up with what comes after it, and is written once when it can be; that it cannot is said once", async () => {
    const { usage, clock, logged, fill } = instance();
    const neighbour = await world.tenant();
    note(usage, tenant, 2, 1);
    fill(true);
    await usage.flush();
    note(usage, tenant, 1);
    clock.now = new Date("2030-05-02T00:01:00Z");
    note(usage, tenant, 1);
    note(usage, neighbour, 1);
    await usage.flush();
    expect([await counts(tenant), await counts(neighbour)]).toEqual([[], []]);
    fill(false);
    for (const _ of [1, 2]) await usage.flush();
    expect(await counts(tenant)).toEqual([row(3, 1), row(1, 0, { day: "2030-05-02" })]);
    expect(await counts(neighbour)).toEqual([row(1, 0, { day: "2030-05-02" })]);
    expect(logged).toEqual([expect.stringMatching(/^warn: .*could not be written/), expect.stringMatching(/^info: .*again/)]);
  });

  it("is not tried for every tenant while there is no database: one attempt tells", async () => {
    const { usage, tried, fill } = instance();
    for (const one of [tenant, await world.tenant(), await world.tenant()]) note(usage, one, 1);
    fill(true);
    await usage.flush();
    expect(tried).toEqual([]);
    fill(false);
    await usage.flush();
    expect(tried).toHaveLength(3);
  });

  it("of one tenant keeps no other from being written", async () => {
    const { usage, meanwhile, logged } = instance();
    const neighbour = await world.tenant();
    note(usage, tenant, 1);
    note(usage, neighbour, 1);
    meanwhile((id) => {
      if (id === tenant.id) throw new Error("a row of this tenant is broken");
    });
    await usage.flush();
    expect([await counts(tenant), await counts(neighbour)]).toEqual([[], [row(1)]]);
    meanwhile(() => {});
    await usage.flush();
    expect([await counts(tenant), await counts(neighbour)]).toEqual([[row(1)], [row(1)]]);
    expect(logged).toEqual([expect.stringMatching(/^warn: /), expect.stringMatching(/^info: /)]);
  });

  it("adds up with what was counted while it was tried, which is not written with it", async () => {
    const { usage, meanwhile } = instance();
    note(usage, tenant, 2, 1);
    meanwhile(() => {
      note(usage, tenant, 1);
      throw new Error("no");
    });
    await usage.flush();
    meanwhile(() => note(usage, tenant, 0));
    await usage.flush();
    expect(await counts(tenant)).toEqual([row(3, 1)]);
    note(usage, tenant, 1);
    meanwhile(() => note(usage, tenant, 5, 5));
    await usage.flush();
    expect(await counts(tenant)).toEqual([row(4, 1)]);
  });

  it("is bounded: the use of more tenants than can be remembered is not counted, which is said once, and of those that are, is", async () => {
    const { usage, logged, fill } = instance();
    fill(true);
    note(usage, tenant, 1);
    for (let n = 0; n < 50_002; n++) note(usage, { id: `${n}` }, 1);
    note(usage, tenant, 1);
    expect(logged).toEqual([expect.stringMatching(/^warn: .*no more tenants/)]);
  });
});

describe("an instance", () => {
  it("writes by itself from its start on, and for the last time at its end", async () => {
    const { usage } = instance();
    const neighbour = await world.tenant();
    note(usage, tenant, 1);
    usage.start();
    await expect.poll(() => counts(tenant), { timeout: 20_000 }).toEqual([row(1)]);
    note(usage, neighbour, 1);
    await usage.close();
    expect(await counts(neighbour)).toEqual([row(1)]);
  });

  it("that never started writes at its end all the same, and says what is lost when it cannot", async () => {
    const [writes, cannot] = [instance(), instance()];
    for (const { usage } of [writes, cannot]) note(usage, tenant, 1);
    cannot.fill(true);
    for (const { usage } of [writes, cannot]) await usage.close();
    expect(await counts(tenant)).toEqual([row(1)]);
    expect([writes.logged, cannot.logged]).toEqual([[], [expect.stringMatching(/^warn: /), expect.stringMatching(/^error: .*lost/)]]);
  });
});
