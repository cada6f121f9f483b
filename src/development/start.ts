/** Owns what development brings along: embedded database, issuer, seeds, page, and the greeting on the terminal. Loaded only when APP_ENV=dev. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Config } from "../config.js";
import { openEmbedded, type EmbeddedDatabase } from "../database/embedded.js";
import { EXAMPLE_QUERIES } from "./examples.js";
import { DEVELOPMENT_CALLERS, developmentIssuer, mintDevelopmentToken, openDevelopmentIssuer, type DevelopmentCallerName } from "./issuer.js";
import { developmentPage } from "./page.js";

export { seed } from "./seed.js";

export interface Brought {
  embedded?: EmbeddedDatabase;
  developmentIssuer?: string;
}

/** Open what the configuration does not name elsewhere. */
export async function bringAlong(config: Config): Promise<Brought> {
  await mkdir(config.dataDir, { recursive: true });
  return {
    ...(!config.database && { embedded: await openEmbedded({ dataDir: join(config.dataDir, "postgres") }) }),
    ...(!config.issuer && { developmentIssuer: `${config.publicUrl}/development/issuer` }),
  };
}

function issuerOptions(config: Config, issuer: string) {
  return { issuer, audience: config.token.audience, keyFile: join(config.dataDir, "issuer-key.json"), profile: config.token.profile };
}

/** On the server: the issuer's routes and the page for people. */
export async function furnish(app: FastifyInstance, config: Config, { developmentIssuer: issuer }: Brought): Promise<void> {
  if (issuer) await developmentIssuer(app, issuerOptions(config, issuer));
  const tokens = await developmentTokens(config, issuer);
  await developmentPage(app, {
    callers: [
      ...tokens.map(({ name, token }) => ({ name: DEVELOPMENT_CALLERS[name].label, description: `${name}, a development caller`, token })),
      { name: "Anonymous", description: "No token", token: "" },
    ],
    examples: EXAMPLE_QUERIES,
  });
}

/** A ready token for each kind of caller; none when the issuer is somebody else's. */
export async function developmentTokens(config: Config, issuer: string | undefined) {
  if (!issuer) return [];
  const opened = await openDevelopmentIssuer(issuerOptions(config, issuer));
  const names = Object.keys(DEVELOPMENT_CALLERS) as DevelopmentCallerName[];
  return Promise.all(names.map(async (name) => ({ name, token: await mintDevelopmentToken(opened, DEVELOPMENT_CALLERS[name]) })));
}

const FIRST_QUERY = "{ myTenant { slug name status projects { nodes { slug } } entitlements { product { key } enabled } } }";

/** Where the service is, tokens to use it with, and a first query with its answer, as plain text for a person. */
export async function greet(config: Config, { embedded, developmentIssuer: issuer }: Brought): Promise<void> {
  const lines = ["", `tenant-registry is ready at ${config.publicUrl}/ (GraphiQL) and ${config.publicUrl}/graphql`];
  if (embedded) lines.push(`Embedded Postgres in ${config.dataDir}: one connection, for development only.`);
  const tokens = await developmentTokens(config, issuer);
  if (tokens.length > 0) lines.push("", "Tokens, good for 12 hours:", "", ...tokens.flatMap(({ name, token }) => [`${name}:`, token, ""]));
  const admin = tokens.find(({ name }) => name === "acme-admin");
  if (admin) {
    const body = JSON.stringify({ query: FIRST_QUERY });
    const answer = await fetch(`http://127.0.0.1:${config.listen.port}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${admin.token}` },
      body,
    });
    lines.push(
      "A first query, as acme-admin:",
      "",
      `curl -s ${config.publicUrl}/graphql -H 'content-type: application/json' -H 'authorization: Bearer ${admin.token}' -d '${body}'`,
      "",
      "Its answer:",
      "",
      JSON.stringify(await answer.json(), null, 2),
    );
  }
  process.stdout.write(`${lines.join("\n")}\n`);
}
