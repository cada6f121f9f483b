/** Owns the proof that migration 13 and an instance of the build before it get along: while it runs, and after it. */
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { openDataSource } from "../../src/database/data-source.js";
import { up } from "../../src/database/migrate.js";
import { TIMEOUTS } from "../database/schema-bench.js";
import { noCluster, startCluster } from "../testkit/cluster.js";

const cluster = await startCluster();
const TENANT = "11111111-1111-4111-8111-111111111111";
const RECORD = `insert into audit_log (tenant_id, project_id, actor_id, actor_name, actor_type, action, target_id, target_type, target_name, product, metadata, source_ip, user_agent, request_id)
  values ('${TENANT}', null, 'ada', 'Ada', 'user', 'tenant.update', 't', 'tenant', 'Acme', null, '{}', '192.0.2.1', 'test', 'r')`;

let url: string;
let older: pg.Client;
beforeAll(async () => {
  if (!cluster) return;
  url = await cluster.freshDatabase();
  await migrate(12);
  older = new pg.Client({ connectionString: url });
  await older.connect();
  await older.query(`insert into tenants (id, slug, name) values ('${TENANT}', 'acme', 'Acme')`);
});
afterAll(async () => {
  await older?.end();
  await cluster?.remove();
});

async function migrate(number: number): Promise<void> {
  const dataSource = await openDataSource({ ...TIMEOUTS, lockTimeoutMs: 20_000, url, migrations: MIGRATIONS });
  await up(dataSource, number).finally(() => dataSource.destroy());
}

const become = () => older.query("select set_config('registry.tenant', $1, true), set_config('role', 'registry_tenant', true)", [TENANT]);

it.skipIf(cluster === null)(cluster === null ? noCluster() : "a change of a tenant that is under way when the migration begins is recorded, and the migration goes on behind it", async () => {
  await older.query("begin");
  await become();
  await older.query("update tenants set name = 'Acme Ltd'");
  const migrated = migrate(13);
  const watcher = new pg.Client({ connectionString: url });
  await watcher.connect();
  await expect.poll(async () => (await watcher.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).rowCount, { timeout: 20_000 }).toBe(1);
  await watcher.end();
  const recorded = older.query(RECORD).then(() => older.query("commit"));
  expect(await Promise.allSettled([migrated, recorded])).toEqual([expect.objectContaining({ status: "fulfilled" }), expect.objectContaining({ status: "fulfilled" })]);
});

it.skipIf(cluster === null)("what the build before it records is recorded afterwards too", async () => {
  await older.query("begin");
  await become();
  await older.query(RECORD);
  await older.query("commit");
  expect((await older.query("select crud, is_failure, received_at is null as unknown from audit_log order by id")).rows).toEqual([
    { crud: null, is_failure: false, unknown: true },
    { crud: null, is_failure: false, unknown: false },
  ]);
});
