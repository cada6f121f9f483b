/** Owns the file in which a real server's answers are kept. */
import { readFile, writeFile } from "node:fs/promises";
import type { Exchange } from "./talk.js";

/** The version that the development realm runs on; another one is recorded into another file. */
const VERSION = process.env["KEYCLOAK_TEST_VERSION"] ?? "26.7.5";
const FILE = new URL(`../fixtures/keycloak-admin-${VERSION}.json`, import.meta.url);

export interface Recording {
  note: string;
  keycloakVersion: string;
  exchanges: Exchange[];
}

/** Whether this run writes the file: `npm run test:keycloak -- --record`. */
export const RECORDS = Boolean(process.env["KEYCLOAK_TEST_RECORD"]);

export async function record(exchanges: Exchange[]): Promise<void> {
  const recording: Recording = { note: "What a real Keycloak answered, without what differs from run to run; written by npm run test:keycloak -- --record.", keycloakVersion: VERSION, exchanges };
  await writeFile(FILE, `${JSON.stringify(recording, null, 1)}\n`);
}

export async function recorded(): Promise<Recording> {
  return JSON.parse(await readFile(FILE, "utf8")) as Recording;
}
