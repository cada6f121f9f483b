/** Owns configuration: the only reader of the environment. Everything is checked once, at start, and every problem is named at once. */
import { z } from "zod";
import { SIGNATURE_ALGORITHMS, TOKEN_PROFILES } from "./kernel/bearer.js";
import { DEFAULT_LIMITS } from "./kernel/limits.js";

/** Milliseconds and bytes that bound every request; the sources of the numbers are DESIGN's limits. */
export const BOUNDS = {
  bodyBytes: 256 * 1024,
  operationMs: 10_000,
  statementMs: 5_000,
  lockMs: 2_000,
  idleInTransactionMs: 5_000,
  connectMs: 2_000,
  outgoingMs: 5_000,
  drainMs: 25_000,
  requests: DEFAULT_LIMITS,
} as const;

const url = (protocols: RegExp, example: string) =>
  z.string().refine((text) => URL.canParse(text) && protocols.test(new URL(text).protocol), { error: `must be a URL like ${example}` });
const issuerUrl = url(/^https?:$/, "https://id.example.com/realms/platform");
const databaseUrl = url(/^postgres(ql)?:$/, "postgres://user:password@host:5432/database");
const flag = z.enum(["true", "false"]).transform((text) => text === "true");

/** One entry for every variable that the service reads; empty counts as not set. */
const ENVIRONMENT = z.object({
  APP_ENV: z.enum(["dev", "stage", "prod"]).default("dev"),
  ADDR: z.string().regex(/^[^:\s]*:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, { error: "must be host:port or :port" }).default(":8090"),
  PUBLIC_URL: issuerUrl.optional(),
  DATA_DIR: z.string().default(".data"),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_OWNER_URL: databaseUrl.optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(10),
  MIGRATE_ON_START: flag.optional(),
  KEYCLOAK_ISSUER: issuerUrl.optional(),
  TOKEN_AUDIENCE: z.string().min(1).max(255).default("tenant-registry"),
  TOKEN_PROFILE: z.enum(TOKEN_PROFILES).default("keycloak"),
  TOKEN_ALGORITHMS: z.string().default("RS256,PS256,ES256,EdDSA").transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(SIGNATURE_ALGORITHMS)).min(1)),
  TOKEN_ROLE_CLAIMS: z.string().default("realm_access.roles").transform((text) => text.split(",").map((path) => path.trim().split("."))),
  TOKEN_SERVICE_CLIENTS: z.string().transform((text) => text.split(",").map((id) => id.trim()).filter(Boolean)).optional(),
  KEYCLOAK_ADMIN_URL: issuerUrl.optional(),
  KEYCLOAK_REALM: z.string().min(1).default("breakpilot-dev"),
  KEYCLOAK_CLIENT_ID: z.string().optional(),
  KEYCLOAK_CLIENT_SECRET: z.string().optional(),
  GRAPHQL_INTROSPECTION: flag.optional(),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

type Environment = z.infer<typeof ENVIRONMENT>;

export interface Config {
  environment: Environment["APP_ENV"];
  listen: { host: string; port: number };
  /** Address under which callers reach this service, without a trailing slash. */
  publicUrl: string;
  dataDir: string;
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
  introspection: boolean;
  logLevel: Environment["LOG_LEVEL"];
}

/** Thrown by {@link readConfig}; its message lists every problem, one a line, and never a value. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly string[]) {
    super(`The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n${problems.map((p) => `- ${p}`).join("\n")}`);
  }
}

/** Names of the variables that the service reads, for the documentation and its test. */
export const VARIABLES = Object.keys(ENVIRONMENT.shape).sort();

/** Read and check the environment. Throws {@link ConfigError} naming every problem. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([name, value]) => value !== "" && name in ENVIRONMENT.shape));
  const parsed = ENVIRONMENT.safeParse(set);
  const problems = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path[0] as string} ${lowerFirst(message)}`);
  if (set["APP_ENV"] !== undefined && set["APP_ENV"] !== "dev") problems.push(...missingOutsideDevelopment(set));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const { data } = parsed;
  const listen = addressOf(data.ADDR);
  return {
    environment: data.APP_ENV,
    listen,
    publicUrl: (data.PUBLIC_URL ?? `http://localhost:${listen.port}`).replace(/\/$/, ""),
    dataDir: data.DATA_DIR,
    ...(data.DATABASE_URL && {
      database: { url: data.DATABASE_URL, ownerUrl: data.DATABASE_OWNER_URL ?? data.DATABASE_URL, poolSize: data.DATABASE_POOL_SIZE },
    }),
    migrateOnStart: data.MIGRATE_ON_START ?? data.APP_ENV === "dev",
    ...(data.KEYCLOAK_ISSUER && { issuer: data.KEYCLOAK_ISSUER }),
    token: {
      audience: data.TOKEN_AUDIENCE,
      profile: data.TOKEN_PROFILE,
      algorithms: data.TOKEN_ALGORITHMS,
      roleClaims: data.TOKEN_ROLE_CLAIMS,
      serviceClients: data.TOKEN_SERVICE_CLIENTS ?? null,
    },
    introspection: data.GRAPHQL_INTROSPECTION ?? data.APP_ENV !== "prod",
    logLevel: data.LOG_LEVEL,
  };
}

/** What development brings along must be named elsewhere: an embedded database or a home-made issuer would be a trap there. */
function missingOutsideDevelopment(set: Record<string, string | undefined>): string[] {
  const environment = set["APP_ENV"] ?? "";
  const problems: string[] = [];
  if (!set["DATABASE_URL"]) problems.push(`DATABASE_URL must be set when APP_ENV=${environment}: the embedded database is for development only`);
  if (!set["KEYCLOAK_ISSUER"]) problems.push(`KEYCLOAK_ISSUER must be set when APP_ENV=${environment}: the development issuer is for development only`);
  else if (environment === "prod" && !set["KEYCLOAK_ISSUER"].startsWith("https:")) problems.push("KEYCLOAK_ISSUER must be https when APP_ENV=prod");
  return problems;
}

function addressOf(addr: string): { host: string; port: number } {
  const colon = addr.lastIndexOf(":");
  return { host: addr.slice(0, colon).replace(/^\[|\]$/g, "") || "0.0.0.0", port: Number(addr.slice(colon + 1)) };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
