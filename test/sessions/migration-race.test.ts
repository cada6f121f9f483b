/** Owns the proof that instances that start at once migrate once; it needs a server with several sessions. */
import pg from "pg";
import type { DataSource } from "typeorm";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { openDataSource } from "../../src/database/data-source.js";
import { up, version } from "../../src/database/migrate.js";
import { TIMEOUTS, makeSeedDatabase } from "../database/schema-bench.js";
import { noCluster, startCluster } from "../testkit/cluster.js";

const cluster = await startCluster();
const opened: DataSource[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((dataSource) => dataSource.destroy()));
});

afterAll(() => cluster?.remove());

async function instances(url: string, count: number): Promise<DataSource[]> {
  const made = await Promise.all(Array.from({ length: count }, () => openDataSource({ ...TIMEOUTS, url, migrations: MIGRATIONS })));
  opened.push(...made);
  return made;
}

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "instances that start at once", () => {
  const names = MIGRATIONS.map(({ name }) => name);

  test.each([1, 2, 3, 4, 5])("migrate an empty database once, and none fails (round %d)", async () => {
    const reports = await Promise.all((await instances(await cluster!.freshDatabase(), 3)).map((one) => up(one)));
    expect(reports.flatMap(({ applied }) => applied).sort()).toEqual(names.toSorted());
    expect(reports.map((report) => report.version)).toEqual([names.length, names.length, names.length]);
  });

  test("adopt a database of the seed's service once, and none fails", async () => {
    const all = await instances(await cluster!.freshDatabase(), 3);
    await makeSeedDatabase(all[0]!);
    const reports = await Promise.all(all.map((one) => up(one)));
    expect(reports.filter(({ adopted }) => adopted)).toHaveLength(1);
    expect(reports.flatMap(({ applied }) => applied).sort()).toEqual(names.slice(1).toSorted());
  });

  test("are not stopped by one that died while it migrated", async () => {
    const url = await cluster!.freshDatabase();
    const [watcher, survivor] = await instances(url, 2);
    const dying = new pg.Client({ connectionString: url });
    dying.on("error", () => {});
    await dying.connect();
    await dying.query("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('tenant-registry.migrations', 0)); CREATE TABLE half_done ()");
    const migrated = up(survivor!);
    await vi.waitFor(async () => {
      const waiting = "SELECT count(*)::int AS n FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()";
      expect(await watcher!.query(waiting)).toEqual([{ n: 1 }]);
    }, 10_000);
    expect(await version(watcher!)).toBe(0);
    await watcher!.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name <> 'tenant-registry'");
    expect(await migrated).toEqual({ adopted: false, applied: names, version: names.length });
    expect(await watcher!.query("SELECT to_regclass('half_done') AS found")).toEqual([{ found: null }]);
  });
});
