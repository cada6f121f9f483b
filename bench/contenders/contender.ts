/** Owns the list of contenders: what each is called, what it speaks, and how it is started. */
import type { Dialect, Workload } from "../workloads/workload.js";
import { PEPPER } from "../world/key-set.js";
import { nodeForContenders, nodeForPostGraphile } from "../world/machine.js";
import { POOL_SIZE } from "./pool.js";

export interface Contender {
  name: string;
  title: string;
  dialect: Dialect;
  /** Only in these workloads; all that the dialect knows when absent. */
  only?: readonly string[];
  /** Command line, or null where it cannot run here. */
  command(place: Place): { file: string; args: string[] } | null;
  environment(place: Place): Record<string, string>;
  /** Where a workload is asked. */
  path(workload: Workload): string;
}

/** Where and with what a contender runs. */
export interface Place {
  port: number;
  databaseUrl: string;
  issuer: string;
  node: "same" | "current";
  logLevel: string;
}

const COMPILED = "dist/bench/contenders";
const graphql = () => "/graphql";

function compiled(script: string, ...args: string[]) {
  return ({ node }: Place) => ({ file: nodeForContenders(node), args: [script, ...args] });
}

/** Also what the product's documentation tells operators to set. */
function oursEnvironment({ port, databaseUrl, issuer, logLevel }: Place): Record<string, string> {
  return {
    APP_ENV: "stage",
    ADDR: `127.0.0.1:${port}`,
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: String(POOL_SIZE),
    KEYCLOAK_ISSUER: issuer,
    // Named, though it is the one that comes along: then no demo tenants come along, which the nightly reset would add to the data.
    CATALOG_FILE: "catalog.yaml",
    API_KEY_PEPPERS: `${PEPPER.id}:${PEPPER.secret.toString("base64url")}`,
    LOG_LEVEL: logLevel,
  };
}

function simpleEnvironment({ port, databaseUrl }: Place): Record<string, string> {
  return { PORT: String(port), DATABASE_URL: databaseUrl, POOL_SIZE: String(POOL_SIZE) };
}

function postgraphile(name: string, title: string, ...args: string[]): Contender {
  return {
    name,
    title,
    dialect: "postgraphile",
    command: () => {
      const node = nodeForPostGraphile();
      return node === null ? null : { file: node, args: ["--no-warnings", "bench/peers/postgraphile.ts", ...args] };
    },
    environment: (place) => ({ ...simpleEnvironment(place), GRAPHILE_ENV: "production" }),
    path: graphql,
  };
}

function apollo(name: string, title: string, ...args: string[]): Contender {
  return {
    name,
    title,
    dialect: "plain",
    only: ["e"],
    command: compiled(`${COMPILED}/apollo.js`, ...args),
    environment: simpleEnvironment,
    path: () => (args.includes("standalone") ? "/" : "/graphql"),
  };
}

export const OURS: Contender = {
  name: "ours",
  title: "tenant-registry",
  dialect: "registry",
  command: compiled("dist/src/main.js"),
  environment: oursEnvironment,
  path: graphql,
};

export const CONTENDERS: readonly Contender[] = [
  OURS,
  { ...OURS, name: "without-walls", title: "tenant-registry without row security and scope", command: compiled(`${COMPILED}/ours-without-walls.js`) },
  {
    ...OURS,
    name: "embedded",
    title: "tenant-registry on the embedded database",
    command: compiled(`${COMPILED}/ours-embedded.js`),
    environment: (place) => ({ ...oursEnvironment(place), APP_ENV: "dev", DATABASE_URL: "" }),
  },
  postgraphile("postgraphile", "PostGraphile 5 with row security", "row-security"),
  postgraphile("postgraphile-open", "PostGraphile 5 without row security"),
  { name: "plain", title: "TypeGraphQL + TypeORM + DataLoader + Apollo", dialect: "plain", command: compiled(`${COMPILED}/plain/server.js`), environment: simpleEnvironment, path: () => "/" },
  apollo("apollo-fastify", "Apollo Server on Fastify, nothing else"),
  apollo("apollo-standalone", "Apollo Server standalone, nothing else", "standalone"),
  { name: "raw", title: "raw pg behind node:http", dialect: "raw", command: compiled(`${COMPILED}/raw.js`), environment: simpleEnvironment, path: ({ id }) => `/${id}` },
];

/** Does this contender answer this workload? */
export function takesPart({ dialect, only }: Contender, { id, documents }: Workload): boolean {
  if (only && !only.includes(id)) return false;
  return dialect === "raw" ? id !== "e-token" : documents[dialect] !== undefined;
}
