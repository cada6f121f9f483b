/** Owns the registry under test: the real server on a real Postgres, one for each test worker, and its owner's view of the rows. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import type { DataSource } from "typeorm";
import { readConfig, type Config } from "../../src/config.js";
import { openEmbedded, type EmbeddedDatabase } from "../../src/database/embedded.js";
import { up } from "../../src/database/migrate.js";
import { openLog } from "../../src/process/log.js";
import { asOwner, openService, openServiceDataSource, type Service } from "../../src/service.js";
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
  /** Lines that the service logged. */
  logged: string[];
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** A server to use instead of DATABASE_URL or the embedded database. */
  databaseUrl?: string;
  environment?: Record<string, string>;
}

let shared: Promise<Registry> | undefined;

/** The worker's registry; opened on first use and left open, because the next file uses it too. */
export function registry(): Promise<Registry> {
  shared ??= openRegistry();
  return shared;
}

/** A registry of one's own, for tests that stop, starve or reconfigure it. */
export async function openRegistry({ databaseUrl = process.env["DATABASE_URL"], environment = {} }: RegistryOptions = {}): Promise<Registry> {
  const clock: Registry["clock"] = { now: null };
  const now = () => clock.now ?? new Date();
  const issuer = await startTestIssuer({ now });
  const database = databaseUrl ? await createDatabase(databaseUrl) : undefined;
  const embedded = database ? undefined : await openEmbedded({ dataDir: null });
  const config = readConfig({
    ...(database && { DATABASE_URL: database.url }),
    KEYCLOAK_ISSUER: issuer.issuer,
    LOG_LEVEL: "debug",
    ...environment,
  });
  const logged: string[] = [];
  const log = openLog(config.logLevel, { write: (line: string) => void logged.push(line) });
  await asOwner(config, embedded, (owner) => up(owner));
  const dataSource = await openServiceDataSource(config, embedded, log);
  const service = await openService({ config, log, dataSource, now });
  await service.app.listen({ host: "127.0.0.1", port: 0 });
  const address = service.app.server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${address.port}`,
    issuer,
    config,
    service,
    dataSource,
    clock,
    logged,
    sql: <Row>(text: string, values: unknown[] = []) =>
      dataSource.transaction(async (tx) => {
        await tx.query("set local role none");
        return (await tx.query(text, values)) as Row[];
      }),
    async close() {
      await service.close();
      await closeDatabase(embedded, database);
      await issuer.close();
    },
  };
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
