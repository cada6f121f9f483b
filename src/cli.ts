#!/usr/bin/env node
/** Owns the command line: what can be said to it, and how its outcome is told. The work is done elsewhere. */
import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { ConfigError, readConfig } from "./config.js";
import { createMigration } from "./database/create-migration.js";
import { down, force, pending, up, version } from "./database/migrate.js";
import { MigrationRefusedError } from "./database/migration-ledger.js";
import { buildRegistrySchema, schemaFiles } from "./schema.js";
import { asOwner } from "./service.js";
import type { DataSource } from "typeorm";

const program = new Command("tenant-registry").description("The registry of tenants: a federated GraphQL subgraph.");

program.command("serve").description("start the service (what `npm start` does)").action(async () => void (await import("./main.js")));

const migrate = program.command("migrate").description("move the database between schema versions (needs DATABASE_OWNER_URL or DATABASE_URL)");
migrate.command("up").description("apply every pending migration").action(() => onDatabase((owner) => up(owner)));
migrate.command("up-to").argument("<number>", "migration to end at", whole).action((number: number) => onDatabase((owner) => up(owner, number)));
migrate
  .command("down")
  .description("undo the newest migrations; refused when APP_ENV=prod")
  .argument("[steps]", "how many", whole, 1)
  .action((steps: number) => onDatabase((owner) => down(owner, steps, { forwardOnly: readConfig().environment === "prod" })));
migrate.command("version").description("show where the database is").action(() => onDatabase(async (owner) => ({ version: await version(owner), pending: await pending(owner) })));
migrate
  .command("force")
  .description("record that the database is at this migration, and run nothing")
  .argument("<number>", "migration", whole)
  .action((number: number) => onDatabase(async (owner) => force(owner, number)));
migrate.command("create").description("write the next, empty migration").argument("<name>", "for instance add-teams").action(async (name: string) => print(await createMigration("migrations", name, Date.now())));

program
  .command("schema")
  .description("print the subgraph's schema; --write updates the committed files that are generated from the code")
  .option("--write")
  .action(async ({ write }: { write?: boolean }) => {
    const files = schemaFiles(buildRegistrySchema());
    if (write) await Promise.all(files.map(({ path, text }) => writeFile(path, text)));
    else process.stdout.write(files[0]?.text ?? "");
  });

async function onDatabase(work: (owner: DataSource) => Promise<object | void>): Promise<void> {
  const config = readConfig();
  if (!config.database) throw new ConfigError(["DATABASE_URL must be set: the embedded database migrates itself when the service starts"]);
  print((await asOwner(config, undefined, work)) ?? { done: true });
}

function print(result: object | string): void {
  process.stdout.write(`${typeof result === "string" ? result : JSON.stringify(result)}\n`);
}

function whole(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
}

program.parseAsync().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof MigrationRefusedError;
  process.stderr.write(`${expected ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
