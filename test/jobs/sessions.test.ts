/** Owns the proof that jobs are safe between sessions and instances: begun by one of them, ended in time, and taken up when one is gone. */
import type { DataSource } from "typeorm";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { JobHandlers } from "../../src/job/job.handlers.js";
import type { Jobs } from "../../src/job/job.worker.js";
import { enqueue } from "../../src/kernel/jobs.js";
import { openLog } from "../../src/process/log.js";
import { openServiceDataSource } from "../../src/service.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { houseOf, noted, operator, visit } from "../walls/visits.js";
import { openInstance } from "./instances.js";

const cluster = await startCluster();

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "jobs, on a server with many sessions", () => {
  let app: Registry;
  let world: World;
  let tenant: TenantInWorld;
  const opened: { jobs: Jobs; dataSource: DataSource }[] = [];
  beforeAll(async () => {
    app = await openRegistry({ databaseUrl: cluster!.url });
    world = await openWorld(app);
    tenant = await world.tenant();
  });
  afterAll(async () => {
    await app.close();
    await cluster!.remove();
  });
  afterEach(async () => {
    for (const { jobs, dataSource } of opened.splice(0)) {
      await jobs.stop();
      if (dataSource.isInitialized) await dataSource.destroy();
    }
    await app.sql("delete from pgboss.job");
  });

  /** An instance with connections of its own. */
  async function instance(advance: JobHandlers["tenant.advance"], graceMs = 10_000, more: Partial<JobHandlers> = {}) {
    const dataSource = await openServiceDataSource(app.config, undefined, openLog("silent"));
    const jobs = openInstance({ ...app, dataSource }, { "tenant.advance": advance, ...more }, { graceMs });
    const one = { jobs, dataSource };
    opened.push(one);
    return one;
  }

  const ask = (work = async () => {}) =>
    visit(houseOf(app), operator()).within(tenant.id).change("tenant.update", async (tx) => {
      await enqueue(tx, "tenant.advance", { tenantId: tenant.id });
      await work();
      return noted(1);
    });
  const states = async () => (await app.sql<{ state: string }>("select state::text from pgboss.job order by created_on, id")).map(({ state }) => state);
  const plant = (count: number) =>
    app.sql("insert into pgboss.job (name, data, retry_limit, start_after) select 'tenant.advance', jsonb_build_object('tenantId', $1::text, 'n', n), 5, now() - interval '1 second' from generate_series(1, $2) n", [tenant.id, count]);

  it("of a hundred jobs and three instances each job is run once", async () => {
    const runs = new Map<number, number>();
    const count: JobHandlers["tenant.advance"] = async (_, payload) => {
      const { n } = payload as unknown as { n: number };
      runs.set(n, (runs.get(n) ?? 0) + 1);
    };
    await plant(100);
    for (const { jobs } of [await instance(count), await instance(count), await instance(count)]) jobs.start();
    await vi.waitFor(async () => expect(new Set(await states())).toEqual(new Set(["completed"])), 30_000);
    expect([runs.size, Math.max(...runs.values())]).toEqual([100, 1]);
  });

  it("a change that finds a job waiting keeps it from beginning before the change is committed", async () => {
    const order: string[] = [];
    const { jobs } = await instance(async () => void order.push("run"));
    await ask();
    await ask(async () => {
      expect(await jobs.drain()).toEqual([]);
      order.push("changed");
    });
    await jobs.drain();
    expect([order, await states()]).toEqual([["changed", "run"], ["completed"]]);
  });

  it("an instance that dies in the middle of a job leaves nothing of its change, and another one does the job", async () => {
    let begun = () => {};
    const underWay = new Promise<void>((resolve) => (begun = resolve));
    const doomed = await instance(async ({ doors }, { tenantId }) => {
      await doors.within(tenantId).change("tenant.trial_end", async (tx) => {
        await tx.query("update tenants set name = 'half' where id = $1", [tenantId]);
        begun();
        return new Promise(() => {});
      });
    }, 0);
    await ask();
    doomed.jobs.start();
    await underWay;
    await app.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = 'idle in transaction'");
    const runs: string[] = [];
    const other = await instance(async (_, { tenantId }) => void runs.push(tenantId));
    await other.jobs.tend();
    expect([await other.jobs.drain(), await states()]).toEqual([[], ["active"]]);
    await app.sql("update pgboss.job set started_on = started_on - expire_in");
    await other.jobs.tend();
    await app.sql("update pgboss.job set start_after = now() - interval '1 second'");
    await other.jobs.drain();
    expect([runs, await states()]).toEqual([[tenant.id], ["completed"]]);
    expect(await app.sql("select name from tenants where id = $1", [tenant.id])).toEqual([{ name: "A tenant" }]);
  });

  it("what hangs, hangs alone: jobs of other kinds are done meanwhile", async () => {
    const done: unknown[] = [];
    let hanging = 0;
    const hang = () => new Promise<never>(() => hanging++);
    const { jobs } = await instance(async (_, payload) => void done.push(payload), 0, { "tenant.provision": hang });
    await app.sql("insert into pgboss.job (name, data, start_after) select 'tenant.provision', '{}', now() - interval '1 hour' from generate_series(1, 3)");
    await plant(20);
    jobs.start();
    await vi.waitFor(() => expect(done).toHaveLength(20), 20_000);
    expect(hanging).toBe(1);
  });

  it("an instance that is told to stop ends what it has begun, and begins nothing", async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let begun = 0;
    const { jobs } = await instance(async () => {
      begun++;
      await held;
    });
    await plant(5);
    jobs.start();
    await vi.waitFor(() => expect(begun).toBe(1), 10_000);
    const stopped = jobs.stop();
    release();
    await stopped;
    expect([begun, (await states()).toSorted()]).toEqual([1, ["completed", "created", "created", "created", "created"]]);
  });

  it("an instance that is told to stop gives up what does not end in its time, for another one to try", async () => {
    let began = () => {};
    const begun = new Promise<void>((resolve) => (began = resolve));
    const { jobs } = await instance(() => {
      began();
      return new Promise(() => {});
    }, 0);
    await ask();
    jobs.start();
    await begun;
    await jobs.stop();
    expect(await states()).toEqual(["retry"]);
  });

  it("an instance that loses the database goes on when it is back", async () => {
    const done: string[] = [];
    const { jobs, dataSource } = await instance(async (_, { tenantId }) => void done.push(tenantId));
    jobs.start();
    await app.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
    await vi.waitFor(() => ask(), 10_000); // The registry's own connections are gone too.
    await vi.waitFor(() => expect(done).toEqual([tenant.id]), 20_000);
    expect(dataSource.isInitialized).toBe(true);
  });
});
