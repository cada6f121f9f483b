/** Owns the Keycloak that development brings along: an imitation that keeps what it knows in a file, and shows the mails that it would send. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { BOUNDS, type Config } from "../config.js";
import { openFakeKeycloak, type FakeKeycloak } from "../keycloak/fake/fake.js";
import type { RealmState } from "../keycloak/fake/realm.js";
import { openKeycloak } from "../keycloak/keycloak.client.js";
import type { Keycloak } from "../keycloak/keycloak.js";

const PATH = "/development/keycloak";

export interface DevelopmentKeycloak {
  keycloak: Keycloak;
  fake: FakeKeycloak;
}

/** Its organisations are as old as the database that names them: whoever keeps one keeps the other. */
export async function openDevelopmentKeycloak({ dataDir, publicUrl }: Config): Promise<DevelopmentKeycloak> {
  const file = join(dataDir, "keycloak.json");
  const state = await readFile(file, "utf8").then((text) => JSON.parse(text) as RealmState, () => undefined);
  const fake = openFakeKeycloak({ account: { url: `${publicUrl}${PATH}` }, ...(state && { state }) });
  const send: typeof fetch = async (input, init) => {
    const answer = await fake.fetch(input, init);
    if (init?.method !== "GET") await keep(file, fake.state);
    return answer;
  };
  return { keycloak: openKeycloak({ ...fake.account, timeoutMs: BOUNDS.outgoingMs, fetch: send }), fake };
}

/** The mails since the start, and the page behind their links: whoever opens one accepts. */
export function developmentMails(app: FastifyInstance, { dataDir, publicUrl }: Config, fake: FakeKeycloak): void {
  app.get("/development/mails", async (_, reply) => {
    const mails = fake.mails.map(({ to, subject, link }) => `To: ${to}\nSubject: ${subject}\n\n${link}\n`);
    return reply.type("text/plain; charset=utf-8").send(mails.join("\n") || "No mails since the start.\n");
  });
  app.get(`${PATH}/*`, async ({ url }, reply) => {
    const accepted = fake.accept({ link: `${publicUrl}${url}` });
    if (accepted) await keep(join(dataDir, "keycloak.json"), fake.state);
    return reply.code(accepted ? 200 : 410).type("text/plain; charset=utf-8").send(accepted ? "The invitation is accepted.\n" : "This link is dead.\n");
  });
}

let kept: Promise<void> = Promise.resolve();

/** One after the other, and never half. */
function keep(file: string, state: RealmState): Promise<void> {
  const text = JSON.stringify(state);
  kept = kept.catch(() => {}).then(async () => {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  });
  return kept;
}
