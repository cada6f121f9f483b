/** Owns the database of a run: one server, one migrated and loaded database, and what the server can tell about the work it did. */
import pg from "pg";
import { readConfig } from "../../src/config.js";
import { up } from "../../src/database/migrate.js";
import { asOwner } from "../../src/service.js";
import { noCluster, startCluster } from "../../test/testkit/cluster.js";
import { CREATE_PROJECT_FUNCTION } from "../workloads/create-project.js";
import { cpuSecondsOf } from "./process-stat.js";
import { LOAD_SQL } from "./data-set.js";

export interface BenchDatabase {
  url: string;
  version: string;
  /** Whether the server is ours alone; on a foreign one settings are left as they are. */
  private: boolean;
  /** CPU seconds of every backend that serves this database; null where the server's processes cannot be seen. */
  backendCpu(): Promise<Map<number, number> | null>;
  /** Statements that were run since the last call, top level ones with BEGIN and COMMIT; null without pg_stat_statements. */
  countStatements(): Promise<number | null>;
  /** Counting has a price, so it ends before anything is timed. */
  stopCounting(): Promise<void>;
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Start or join the server, migrate a database of its own with the product's migrations, and load the data set. */
export async function openDatabase(): Promise<BenchDatabase> {
  const cluster = await startCluster();
  if (!cluster) throw new Error(noCluster());
  try {
    if (cluster.private) await preloadStatementCounter(cluster.url, () => cluster.restart());
    const url = await cluster.freshDatabase();
    await migrate(url);
    // A connection of the maintenance database, so that this one's own statements are not among those counted.
    const admin = new pg.Pool({ connectionString: cluster.url, max: 1 });
    const own = new pg.Pool({ connectionString: url, max: 1 });
    await own.query(LOAD_SQL);
    await own.query(CREATE_PROJECT_FUNCTION);
    await own.query("vacuum analyze");
    const [{ counts = false } = {}] = (await own.query<{ counts: boolean }>("select current_setting('shared_preload_libraries') ~ 'pg_stat_statements' as counts")).rows;
    if (counts) await admin.query("create extension if not exists pg_stat_statements");
    const name = new URL(url).pathname.slice(1);
    const [{ version = "" } = {}] = (await own.query<{ version: string }>("select current_setting('server_version') as version")).rows;
    return {
      url,
      version,
      private: cluster.private,
      async backendCpu() {
        const { rows } = await admin.query<{ pid: number }>("select pid from pg_stat_activity where datname = $1", [name]);
        const spent = rows.map(({ pid }) => [pid, cpuSecondsOf(pid)] as const);
        return spent.some(([, seconds]) => seconds === null) ? null : new Map(spent as [number, number][]);
      },
      async countStatements() {
        if (!counts) return null;
        const { rows } = await admin.query<{ calls: string }>(
          "select coalesce(sum(calls), 0) as calls from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = $1",
          [name],
        );
        await admin.query("select pg_stat_statements_reset()");
        return Number(rows[0]?.calls);
      },
      async stopCounting() {
        if (!counts || !cluster.private) return;
        await admin.query("alter system set pg_stat_statements.track = 'none'");
        await admin.query("select pg_reload_conf()");
      },
      query: async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) => (await own.query<Row>(text, values)).rows,
      async close() {
        await own.end();
        await admin.end();
        await cluster.remove();
      },
    };
  } catch (thrown) {
    await cluster.remove();
    throw thrown;
  }
}

async function preloadStatementCounter(url: string, restart: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rowCount } = await client.query("select from pg_available_extensions where name = 'pg_stat_statements'");
  if (rowCount) await client.query("alter system set shared_preload_libraries = 'pg_stat_statements'");
  await client.end();
  if (rowCount) await restart();
}

async function migrate(url: string): Promise<void> {
  await asOwner(readConfig({ DATABASE_URL: url }), undefined, (owner) => up(owner));
}
