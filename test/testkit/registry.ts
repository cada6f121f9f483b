/** Owns the registry under test: the real server on a real Postgres, one for each test worker, and its owner's view of the rows. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import type { DataSource } from "typeorm";
import { loadCatalog } from "../../src/catalog/catalog.file.js";
import { readConfig, type Config } from "../../src/config.js";
import { openEmbedded, type EmbeddedDatabase } from "../../src/database/embedded.js";
import { up } from "../../src/database/migrate.js";
import { loadDemo } from "../../src/demo/demo.file.js";
import type { JobHandlers } from "../../src/job/job.handlers.js";
import type { RanJob } from "../../src/job/job.run.js";
import type { Jobs } from "../../src/job/job.worker.js";
import { loadPlatform } from "../../src/platform/platform.file.js";
import { openLog } from "../../src/process/log.js";
import { asOwner, openService, openServiceDataSource, type Service } from "../../src/service.js";
import { openTestKeycloak, type TestKeycloak } from "./keycloak.js";
import { startTestIssuer, type TestIssuer } from "./issuer.js";

export interface Registry {
  url: string;
  issuer: TestIssuer;
  config: Config;
  service: Service;
  /** The service's own data source: whoever has it without a door can do nothing. */
  dataSource: DataSource;
  /** SQL as the owner of the tables, beyond every wall: for planting rows and for looking at what really happened. */
  sql<Row = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** The service's clock; set it to move it, `null` to let it run. */
  clock: { now: Date | null };
  /** The identity provider that tenants are provisioned at. */
  keycloak: TestKeycloak;
  /** Lines that the service logged. */
  logged: string[];
  /** The service's jobs, which run in tests only when they are told to. */
  jobs: {
    /**
     * Run every job that waits, also those that would be tried again only later, and those that these ask for, until none is left; tells
     * what has become of each run. A job for later is run once {@link Registry.clock} has come to its time.
     */
    drain(): Promise<RanJob[]>;
    /** What runs every minute by itself: add what the clock asks for, and take back what nobody works on any more. */
    tend(): Promise<void>;
  };
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** A server to use instead of DATABASE_URL or the embedded database. */
  databaseUrl?: string;
  environment?: Record<string, string>;
  /** What jobs do instead of what they really do, for tests of the queue itself. */
  jobHandlers?: Partial<JobHandlers>;
  /** False: no Keycloak is configured. */
  withKeycloak?: boolean;
}

let shared: Promise<Registry> | undefined;

/** The worker's registry; opened on first use and left open, because the next file uses it too. */
export function registry(): Promise<Registry> {
  shared ??= openRegistry();
  return shared;
}

/** A registry of one's own, for tests that stop, starve or reconfigure it. */
export async function openRegistry({ databaseUrl = process.env["DATABASE_URL"], environment = {}, jobHandlers, withKeycloak = true }: RegistryOptions = {}): Promise<Registry> {
  const clock: Registry["clock"] = { now: null };
  const now = () => clock.now ?? new Date();
  const issuer = await startTestIssuer({ now });
  const database = databaseUrl ? await createDatabase(databaseUrl) : undefined;
  const embedded = database ? undefined : await openEmbedded({ dataDir: null });
  const config = readConfig({
    ...(database && { DATABASE_URL: database.url }),
    KEYCLOAK_ISSUER: issuer.issuer,
    LOG_LEVEL: "debug",
    // A machine that is busy with tests may be slow, and what was last known is another answer.
    CLAIMS_BUDGET_MS: "5000",
    ...environment,
  });
  const logged: string[] = [];
  const log = openLog(config.logLevel, { write: (line: string) => void logged.push(line) });
  await asOwner(config, embedded, (owner) => up(owner));
  const dataSource = await openServiceDataSource(config, embedded, log);
  const keycloak = openTestKeycloak(now);
  const catalog = await loadCatalog(config.catalogFile);
  const service = await openService({
    config,
    log,
    dataSource,
    catalog,
    demo: await loadDemo(config, catalog),
    platform: await loadPlatform(config.platformFile),
    now,
    ...(withKeycloak && { keycloak: keycloak.client }),
    ...(jobHandlers && { jobHandlers }),
  });
  await service.app.listen({ host: "127.0.0.1", port: 0 });
  const address = service.app.server.address() as { port: number };
  const sql = <Row>(text: string, values: unknown[] = []) =>
    dataSource.transaction(async (tx) => {
      await tx.query("set local role none");
      return (await tx.query(text, values)) as Row[];
    });
  return {
    url: `http://127.0.0.1:${address.port}`,
    issuer,
    config,
    service,
    dataSource,
    clock,
    keycloak,
    logged,
    jobs: { drain: () => drain(service.jobs, sql, now), tend: () => service.jobs.tend() },
    sql,
    async close() {
      await service.close();
      await closeDatabase(embedded, database);
      await issuer.close();
    },
  };
}

/** The queue goes by the database's clock, which no test moves: what is due by the test's clock is made due by that one. */
async function drain(jobs: Jobs, sql: Registry["sql"], now: () => Date): Promise<RanJob[]> {
  const ran: RanJob[] = [];
  for (;;) {
    await sql(
      `update pgboss.job set start_after = least(start_after, now() - interval '1 second')
       where state = 'retry' or (state = 'created' and start_after <= greatest(now(), $1))`,
      [now()],
    );
    const more = await jobs.drain();
    if (more.length === 0) return ran;
    ran.push(...more);
  }
}

interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

async function createDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `${process.env["REGISTRY_TEST_RUN"]}_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  await administer(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(serverUrl, `drop database if exists ${name} with (force)`) };
}

async function administer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function closeDatabase(embedded: EmbeddedDatabase | undefined, database: TestDatabase | undefined): Promise<void> {
  await embedded?.close();
  await database?.drop();
}
