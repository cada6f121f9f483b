/** Owns an empty database for one test after another, embedded by default and on DATABASE_URL when given; it is always ours alone. */
import { readFileSync } from "node:fs";
import type { DataSource } from "typeorm";
import { MIGRATIONS } from "../../migrations/index.js";
import { openDataSource } from "../../src/database/data-source.js";
import { openEmbedded } from "../../src/database/embedded.js";
import { startCluster } from "../testkit/cluster.js";

export const TIMEOUTS = { statementTimeoutMs: 5_000, lockTimeoutMs: 2_000, idleInTransactionTimeoutMs: 5_000, connectTimeoutMs: 5_000 };

const SEED_SQL = readFileSync(new URL("../fixtures/seed-003-schema.sql", import.meta.url), "utf8");

/** What golang-migrate leaves next to the schema that it made. Source: golang-migrate, database/postgres, ensureVersionTable. */
const GOLANG_MIGRATE_TABLE = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)";

export interface SchemaBench {
  dataSource: DataSource;
  close(): Promise<void>;
}

export async function openSchemaBench(): Promise<SchemaBench> {
  if (!process.env["DATABASE_URL"]) {
    const embedded = await openEmbedded({ dataDir: null });
    const dataSource = await openDataSource({ ...TIMEOUTS, embedded, migrations: MIGRATIONS });
    return { dataSource, close: () => dataSource.destroy().then(() => embedded.close()) };
  }
  const cluster = await startCluster();
  if (cluster === null) throw new Error("DATABASE_URL is set, yet there is no server.");
  const dataSource = await openDataSource({ ...TIMEOUTS, url: await cluster.freshDatabase(), migrations: MIGRATIONS });
  return { dataSource, close: () => dataSource.destroy().then(() => cluster.remove()) };
}

export async function wipe(dataSource: DataSource): Promise<void> {
  await dataSource.query("DROP SCHEMA IF EXISTS pgboss CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC");
}

/** The database as the seed's service left it. */
export async function makeSeedDatabase(dataSource: DataSource, record = { version: 1, dirty: false }): Promise<void> {
  await dataSource.query(SEED_SQL);
  await dataSource.query(GOLANG_MIGRATE_TABLE);
  await dataSource.query("INSERT INTO schema_migrations VALUES ($1, $2)", [record.version, record.dirty]);
}
