/** Owns what development brings along: embedded database, issuer, seeds, page and greeting. Loaded only when APP_ENV=dev. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Config } from "../config.js";
import { openEmbedded, type EmbeddedDatabase } from "../database/embedded.js";
import { EXAMPLE_QUERIES } from "./examples.js";
import { greeting } from "./greeting.js";
import { developmentIssuer } from "./issuer.js";
import { developmentMails, openDevelopmentKeycloak, type DevelopmentKeycloak } from "./keycloak.js";
import { developmentPage } from "./page.js";
import { developmentIssuerUrl, developmentTokens, issuerOptions } from "./tokens.js";

export { seed } from "./seed.js";

export interface Brought {
  embedded?: EmbeddedDatabase;
  developmentIssuer?: string;
  keycloak?: DevelopmentKeycloak["keycloak"];
  /** What is behind `keycloak`, for the page of its mails. */
  imitation?: DevelopmentKeycloak["fake"];
}

/** Open what the configuration does not name elsewhere. */
export async function bringAlong(config: Config): Promise<Brought> {
  // The signing key and the database in it are nobody else's business.
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const brought = config.keycloak ? null : await openDevelopmentKeycloak(config);
  return {
    ...(!config.database && { embedded: await openEmbedded({ dataDir: join(config.dataDir, "postgres") }) }),
    developmentIssuer: developmentIssuerUrl(config),
    ...(brought && { keycloak: brought.keycloak, imitation: brought.fake }),
  };
}

/** On the server: the issuer's routes and the page for people. */
export async function furnish(app: FastifyInstance, config: Config, { developmentIssuer: issuer, imitation }: Brought): Promise<void> {
  const callers = (await developmentTokens(config)).map(({ label, description, token }) => ({ name: label, description, token }));
  await app.register(async (routes) => {
    routes.addHook("onRequest", onlyUnderOwnName(config));
    if (issuer) await developmentIssuer(routes, issuerOptions(config, issuer));
    if (imitation) developmentMails(routes, config, imitation);
    await developmentPage(routes, {
      callers: [...callers, { name: "Anonymous", description: "Sends no token.", token: "" }],
      examples: EXAMPLE_QUERIES,
    });
  });
}

/** Say on the terminal where the service is and how to use it. */
export async function greet(config: Config): Promise<void> {
  process.stdout.write(await greeting(config));
}

/**
 * Tokens are given away here, so a web page that lets its own host name point to this machine must not get them: the name in
 * the request has to be one of ours. The port is not looked at, because containers and tunnels map it.
 */
function onlyUnderOwnName({ publicUrl, listen }: Config) {
  const own = new Set(["localhost", "127.0.0.1", "[::1]", listen.host, `[${listen.host}]`, new URL(publicUrl).hostname]);
  return async ({ headers }: FastifyRequest, reply: FastifyReply) => {
    if (own.has((headers.host ?? "").replace(/:\d+$/, "").toLowerCase())) return;
    await reply.code(421).type("text/plain").send(`This answers at ${publicUrl} only; set PUBLIC_URL to use another name.\n`);
  };
}
