/** Owns how a TypeORM DataSource is made, for a PostgreSQL server and for the embedded one alike. It decides no URL and no schema. */
import pg from "pg";
import { DataSource, type DataSourceOptions, type EntitySchema } from "typeorm";
import type { EmbeddedDatabase } from "./embedded.js";

export interface DataSourceSettings {
  /** A PostgreSQL server; exactly one of `url` and `embedded` is given. */
  url?: string;
  embedded?: EmbeddedDatabase;
  /** The role every session begins as; without it, the role that logged in. */
  role?: string;
  entities?: (Function | EntitySchema)[];
  migrations?: Function[];
  /** Connections of a PostgreSQL server; the embedded one always has exactly one. */
  poolSize?: number;
  /** The embedded server accepts the statement timeout but does not act on it. */
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  idleInTransactionTimeoutMs: number;
  connectTimeoutMs: number;
  /** Plan a prepared statement once, for all values: for short statements along an index, planning costs more than running. */
  genericPlans?: boolean;
  /**
   * How long to wait for a server that says nothing at all; above the statement timeout, which a server that can be reached keeps by
   * itself. Without it a statement waits as long as the network takes to notice that the server is gone, some fifteen minutes.
   */
  silenceTimeoutMs?: number;
  applicationName?: string;
  /** Told of an idle connection that was lost; the pool has already dropped it. */
  onConnectionLost?: (error: Error) => void;
}

const ROLE_NAME = /^[a-z_][a-z0-9_]{0,62}$/;
const DEFAULT_POOL_SIZE = 10;

/** Open a DataSource; rejects when the database cannot be reached within `connectTimeoutMs`, or refuses the login or role. */
export async function openDataSource(settings: DataSourceSettings): Promise<DataSource> {
  return new DataSource(dataSourceOptions(settings)).initialize();
}

export function dataSourceOptions(settings: DataSourceSettings): DataSourceOptions {
  const common = {
    type: "postgres",
    driver: pg,
    nativeDriver: false,
    installExtensions: false,
    uuidExtension: "pgcrypto",
    applicationName: settings.applicationName ?? "tenant-registry",
    connectTimeoutMS: settings.connectTimeoutMs,
    entities: settings.entities ?? [],
    migrations: settings.migrations ?? [],
    migrationsTransactionMode: "each",
    logging: false,
    poolErrorHandler: settings.onConnectionLost ?? (() => {}),
  } satisfies DataSourceOptions;
  const { url, embedded } = settings;
  if (embedded && url === undefined) return { ...common, ...embeddedConnection(embedded, settings) };
  if (url !== undefined && !embedded) return { ...common, ...serverConnection(url, settings) };
  throw new Error("A data source needs either a url or an embedded database, not both.");
}

/** Session settings travel in the startup packet: they cost no round trip, and RESET and DISCARD return to them. */
function serverConnection(url: string, settings: DataSourceSettings) {
  const { url: bareUrl, options } = takeOptionsOutOf(url);
  const flags = Object.entries(sessionSettings(settings)).map(([name, value]) => `-c ${name}=${value}`);
  return {
    url: bareUrl,
    poolSize: settings.poolSize ?? DEFAULT_POOL_SIZE,
    extra: {
      options: [...options, ...flags].join(" "),
      onConnect: hearOfLosses,
      ...(settings.silenceTimeoutMs !== undefined && { query_timeout: settings.silenceTimeoutMs }),
    },
  };
}

/** PGlite ignores the startup packet's settings, so the first statements of every session make them. */
function embeddedConnection(embedded: EmbeddedDatabase, settings: DataSourceSettings) {
  const statements = Object.entries(sessionSettings(settings)).map(([name, value]) => `SET ${name} TO '${value}'`);
  return {
    username: "postgres",
    database: "postgres",
    poolSize: 1,
    extra: {
      stream: () => embedded.stream(),
      idleTimeoutMillis: 0,
      onConnect: (client: pg.ClientBase) => {
        hearOfLosses(client);
        return client.query(statements.join(";"));
      },
    },
  };
}

/**
 * The pool listens to idle connections only, and TypeORM to those of its own; the loss of any other would be an event that nobody
 * hears, which ends the process. Whoever uses the connection learns of the loss from its query.
 */
function hearOfLosses(client: pg.ClientBase): void {
  client.on("error", () => {});
}

function sessionSettings(settings: DataSourceSettings): Record<string, string> {
  const { role } = settings;
  if (role !== undefined && !ROLE_NAME.test(role)) throw new Error(`"${role}" is not a role name this service uses.`);
  return {
    TimeZone: "UTC",
    statement_timeout: String(settings.statementTimeoutMs),
    lock_timeout: String(settings.lockTimeoutMs),
    idle_in_transaction_session_timeout: String(settings.idleInTransactionTimeoutMs),
    ...(settings.genericPlans ? { plan_cache_mode: "force_generic_plan" } : {}),
    ...(role === undefined ? {} : { role }),
  };
}

/** pg lets `?options=` in a URL win over the options given in code, which would silently drop the role. */
function takeOptionsOutOf(url: string): { url: string; options: string[] } {
  const parsed = new URL(url);
  const options = parsed.searchParams.getAll("options");
  if (options.length === 0) return { url, options };
  parsed.searchParams.delete("options");
  return { url: parsed.href, options };
}
