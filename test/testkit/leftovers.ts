/** Owns the end of a run: no database of ours is left behind on a server that somebody lent us, and what was left out is said. */
import { randomBytes } from "node:crypto";
import pg from "pg";
import { tellWhatWasNotRun } from "./missing.js";

/** Vitest calls this before the run, and what it returns after it. */
export default function setup(): () => Promise<void> {
  const run = `registry_test_${randomBytes(4).toString("hex")}`;
  process.env["REGISTRY_TEST_RUN"] = run;
  const url = process.env["DATABASE_URL"];
  return async () => {
    if (url !== undefined) await dropDatabases(url, run);
    tellWhatWasNotRun(run);
  };
}

async function dropDatabases(url: string, run: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>("select datname as name from pg_database where starts_with(datname, $1)", [`${run}_`]);
    for (const { name } of rows) await client.query(`drop database if exists ${client.escapeIdentifier(name)} with (force)`);
  } finally {
    await client.end();
  }
}
