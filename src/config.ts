/** Owns configuration: the only reader of the environment. Everything is checked once, at start, and every problem is named at once. */
import { createHash } from "node:crypto";
import { z } from "zod";
import type { Pepper } from "./api-key/api-key.secret.js";
import { address, databaseUrl, flag, issuerUrl, list, oneOf, peppers } from "./config.values.js";
import { SIGNATURE_ALGORITHMS, TOKEN_PROFILES } from "./kernel/bearer.js";
import { DEFAULT_LIMITS } from "./kernel/limits.js";
import { likelyMisspelt, type Misspelling } from "./kernel/misspelling.js";

/** Milliseconds and bytes that bound every request; the sources of the numbers are DESIGN's limits. */
export const BOUNDS = {
  bodyBytes: 256 * 1024,
  answerBytes: 8 * 1024 * 1024,
  operationMs: 10_000,
  statementMs: 5_000,
  lockMs: 2_000,
  idleInTransactionMs: 5_000,
  connectMs: 2_000,
  outgoingMs: 5_000,
  drainMs: 25_000,
  requests: DEFAULT_LIMITS,
} as const;

const DEVELOPMENT_PORTAL = "http://localhost:3000";
/** Known to everybody: hashes that were made with it are as good as without one. */
const DEVELOPMENT_PEPPER: Pepper = { id: "dev", secret: createHash("sha256").update("tenant-registry development pepper").digest() };
const HOPS = { error: "must be a whole number from 0 to 10" };
const CLAIMS_BUDGET = { error: "must be a whole number from 50 to 5000" };
const POOL_SIZE = { error: "must be a whole number from 1 to 200" };

/** One entry for every variable that the service reads; empty counts as not set. */
const ENVIRONMENT = z.object({
  APP_ENV: oneOf(["dev", "stage", "prod"]).default("dev"),
  ADDR: address.prefault(":8090"),
  PUBLIC_URL: issuerUrl.optional(),
  DATA_DIR: z.string().default(".data"),
  CATALOG_FILE: z.string().optional(),
  DEMO_SNAPSHOT_FILE: z.string().optional(),
  PLATFORM_FILE: z.string().optional(),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_OWNER_URL: databaseUrl.optional(),
  DATABASE_POOL_SIZE: z.coerce.number(POOL_SIZE).int(POOL_SIZE).min(1, POOL_SIZE).max(200, POOL_SIZE).default(10),
  MIGRATE_ON_START: flag.optional(),
  KEYCLOAK_ISSUER: issuerUrl.optional(),
  TOKEN_AUDIENCE: z.string().max(255, { error: "must be at most 255 characters" }).default("tenant-registry"),
  TOKEN_PROFILE: oneOf(TOKEN_PROFILES).default("keycloak"),
  TOKEN_ALGORITHMS: list.pipe(z.array(z.enum(SIGNATURE_ALGORITHMS, { error: `must be some of ${SIGNATURE_ALGORITHMS.join(", ")}, separated by commas` })))
    .prefault("RS256,PS256,ES256,EdDSA"),
  TOKEN_ROLE_CLAIMS: list.transform((paths) => paths.map((path) => path.split("."))).prefault("realm_access.roles"),
  TOKEN_SERVICE_CLIENTS: list.optional(),
  KEYCLOAK_ADMIN_URL: issuerUrl.optional(),
  KEYCLOAK_REALM: z.string().default("breakpilot-dev"),
  KEYCLOAK_CLIENT_ID: z.string().optional(),
  KEYCLOAK_CLIENT_SECRET: z.string().optional(),
  PORTAL_URL: issuerUrl.optional(),
  API_KEY_PEPPERS: peppers.optional(),
  API_KEYS_IMPORTED: flag.default(false),
  CLAIMS_BUDGET_MS: z.coerce.number(CLAIMS_BUDGET).int(CLAIMS_BUDGET).min(50, CLAIMS_BUDGET).max(5_000, CLAIMS_BUDGET).default(300),
  GRAPHQL_INTROSPECTION: flag.optional(),
  TRUSTED_HOPS: z.coerce.number(HOPS).int(HOPS).min(0, HOPS).max(10, HOPS).default(0),
  LOG_LEVEL: oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

type Environment = z.infer<typeof ENVIRONMENT>;

export interface Config {
  environment: Environment["APP_ENV"];
  listen: { host: string; port: number };
  /** Address under which callers reach this service, without a trailing slash. */
  publicUrl: string;
  dataDir: string;
  /** Absent: the catalogue that the package brings along. */
  catalogFile?: string;
  /** Absent: the demos that the package brings along, with its own catalogue; with another one, none. */
  demoSnapshotFile?: string;
  /** Absent: the clusters and providers that the package brings along. */
  platformFile?: string;
  /** Absent: the embedded database, in development only. */
  database?: { url: string; ownerUrl: string; poolSize: number };
  migrateOnStart: boolean;
  /** Absent: the development issuer, in development only. */
  issuer?: string;
  token: {
    audience: string;
    profile: Environment["TOKEN_PROFILE"];
    algorithms: Environment["TOKEN_ALGORITHMS"];
    roleClaims: string[][];
    serviceClients: string[] | null;
  };
  /** Keycloak's Admin API. Absent: in development an imitation, elsewhere nothing is provisioned. */
  keycloak?: { url: string; realm: string; clientId: string; clientSecret: string };
  /** The platform's portal, without a trailing slash. Absent outside development: accepted invitations lead to Keycloak's own page. */
  portalUrl: string | null;
  apiKeys: {
    /** What goes into hashes beside the keys; the first one into new hashes. */
    peppers: readonly Pepper[];
    /** Are keys that another service made looked for? */
    imported: boolean;
  };
  /** Milliseconds in which claims are told, from the database or as they were last known. */
  claimsBudgetMs: number;
  introspection: boolean;
  /** How many routers and balancers in front are believed about the caller's address. */
  trustedHops: number;
  logLevel: Environment["LOG_LEVEL"];
  /** Variables that are set and not read, but almost have the name of one that is. */
  misspelt: Misspelling[];
}

/** What migrations need; the rest of the configuration may be absent where only they run. */
export type OwnerConfig = Pick<Config, "environment" | "database">;

/** Thrown by {@link readConfig}; its message lists every problem, one a line, and never a value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly string[]) {
    super(`The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${problems.map((p) => `- ${p}`).join("\n")}`);
  }
}

/** Names of the variables that the service reads, for the documentation and its test. */
export const VARIABLES = Object.keys(ENVIRONMENT.shape).sort();

type Variables = Readonly<Record<string, string | undefined>>;

/** Read and check the environment. Throws {@link ConfigError} naming every problem. */
export function readConfig(env: Variables = process.env): Config {
  const set = ownVariables(env);
  const data = checked(ENVIRONMENT, set, [...missingOutsideDevelopment(set), ...halfSet(set)]);
  // Whoever reaches the development issuer may be anyone: unless told to, it answers this machine only.
  const everywhere = data.KEYCLOAK_ISSUER ? "0.0.0.0" : "127.0.0.1";
  const listen = { host: data.ADDR.host || everywhere, port: data.ADDR.port };
  return {
    environment: data.APP_ENV,
    listen,
    publicUrl: (data.PUBLIC_URL ?? addressFor(listen)).replace(/\/$/, ""),
    dataDir: data.DATA_DIR,
    ...(data.CATALOG_FILE && { catalogFile: data.CATALOG_FILE }),
    ...(data.DEMO_SNAPSHOT_FILE && { demoSnapshotFile: data.DEMO_SNAPSHOT_FILE }),
    ...(data.PLATFORM_FILE && { platformFile: data.PLATFORM_FILE }),
    database: databaseOf(data),
    migrateOnStart: data.MIGRATE_ON_START ?? (data.APP_ENV === "dev" && (data.DATABASE_URL === undefined || set["APP_ENV"] !== undefined)),
    ...(data.KEYCLOAK_ISSUER && { issuer: data.KEYCLOAK_ISSUER }),
    token: {
      audience: data.TOKEN_AUDIENCE,
      profile: data.TOKEN_PROFILE,
      algorithms: data.TOKEN_ALGORITHMS,
      roleClaims: data.TOKEN_ROLE_CLAIMS,
      serviceClients: data.TOKEN_SERVICE_CLIENTS ?? null,
    },
    // All or none of it is set: halfSet.
    ...(data.KEYCLOAK_ADMIN_URL && {
      keycloak: { url: data.KEYCLOAK_ADMIN_URL, realm: data.KEYCLOAK_REALM, clientId: data.KEYCLOAK_CLIENT_ID ?? "", clientSecret: data.KEYCLOAK_CLIENT_SECRET ?? "" },
    }),
    portalUrl: (data.PORTAL_URL ?? (data.APP_ENV === "dev" ? DEVELOPMENT_PORTAL : null))?.replace(/\/$/, "") ?? null,
    apiKeys: { peppers: data.API_KEY_PEPPERS ?? [DEVELOPMENT_PEPPER], imported: data.API_KEYS_IMPORTED },
    claimsBudgetMs: data.CLAIMS_BUDGET_MS,
    introspection: data.GRAPHQL_INTROSPECTION ?? data.APP_ENV !== "prod",
    trustedHops: data.TRUSTED_HOPS,
    logLevel: data.LOG_LEVEL,
    misspelt: likelyMisspelt(Object.keys(env), VARIABLES),
  };
}

/** Read what the migrations need, and no more: they run before the service, often where the rest is not known. */
export function readOwnerConfig(env: Variables = process.env): OwnerConfig {
  const set = ownVariables(env);
  const owner = ENVIRONMENT.pick({ APP_ENV: true, DATABASE_URL: true, DATABASE_OWNER_URL: true, DATABASE_POOL_SIZE: true });
  const none = !set["DATABASE_URL"] && !set["DATABASE_OWNER_URL"];
  const data = checked(owner, set, none ? ["DATABASE_OWNER_URL or DATABASE_URL must be set: the embedded database is migrated when the service starts"] : []);
  return { environment: data.APP_ENV, database: databaseOf(data) };
}

function ownVariables(env: Variables): Variables {
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => value !== "" && Object.hasOwn(ENVIRONMENT.shape, name)));
}

function checked<Shape extends z.ZodType>(shape: Shape, set: Variables, otherProblems: readonly string[]): z.infer<Shape> {
  const parsed = shape.safeParse(set);
  const problems = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${String(path[0])} ${message}`);
  // A list gives one issue for each of its members, all in the same words.
  if (!parsed.success || otherProblems.length > 0) throw new ConfigError([...new Set([...problems, ...otherProblems])]);
  return parsed.data;
}

function databaseOf(data: Pick<Environment, "DATABASE_URL" | "DATABASE_OWNER_URL" | "DATABASE_POOL_SIZE">): Config["database"] {
  const url = data.DATABASE_URL ?? data.DATABASE_OWNER_URL;
  return url === undefined ? undefined : { url, ownerUrl: data.DATABASE_OWNER_URL ?? url, poolSize: data.DATABASE_POOL_SIZE };
}

/** What development brings along must be named elsewhere: an embedded database or a home-made issuer would be a trap there. */
function missingOutsideDevelopment({ APP_ENV, DATABASE_URL, KEYCLOAK_ISSUER, API_KEY_PEPPERS }: Variables): string[] {
  if (APP_ENV !== "stage" && APP_ENV !== "prod") return [];
  const problems: string[] = [];
  if (!DATABASE_URL) problems.push(`DATABASE_URL must be set when APP_ENV=${APP_ENV}: the embedded database is for development only`);
  if (!KEYCLOAK_ISSUER) problems.push(`KEYCLOAK_ISSUER must be set when APP_ENV=${APP_ENV}: the development issuer is for development only`);
  else if (APP_ENV === "prod" && /^http:/i.test(KEYCLOAK_ISSUER)) problems.push("KEYCLOAK_ISSUER must be https when APP_ENV=prod: signing keys fetched over http could be anybody's");
  if (!API_KEY_PEPPERS) problems.push(`API_KEY_PEPPERS must be set when APP_ENV=${APP_ENV}: everybody knows the pepper of development`);
  return problems;
}

/** What only means something together. */
function halfSet(set: Variables): string[] {
  const problems: string[] = [];
  if (set["DATABASE_OWNER_URL"] && !set["DATABASE_URL"]) problems.push("DATABASE_URL must be set when DATABASE_OWNER_URL is: the service does not log in as the owner");
  const admin = ["KEYCLOAK_ADMIN_URL", "KEYCLOAK_CLIENT_ID", "KEYCLOAK_CLIENT_SECRET"];
  const missing = admin.filter((name) => !set[name]);
  if (missing.length > 0 && missing.length < admin.length) problems.push(`${missing.join(" and ")} must be set too: Keycloak's Admin API needs ${admin.join(", ")}`);
  return problems;
}

/** How callers on this machine reach the listener; a wildcard is an address to listen on, not one to call. */
function addressFor({ host, port }: Config["listen"]): string {
  if (/^(?:0\.0\.0\.0|127\.0\.0\.1|::1?|localhost)$/i.test(host)) return `http://localhost:${port}`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
