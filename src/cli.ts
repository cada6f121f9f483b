#!/usr/bin/env node
/** Owns the command line: what can be said to it, and how its outcome is told. The work is done elsewhere. */
import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { apply, type ApplyOptions } from "./bundle-cli/bundle-cli.apply.js";
import { openClient, tokenIn, type RegistryClient } from "./bundle-cli/bundle-cli.client.js";
import { exportBundle } from "./bundle-cli/bundle-cli.export.js";
import { CommandRefusedError, ended, type ExitCode, type Terminal } from "./bundle-cli/bundle-cli.outcome.js";
import { readConfig, readOwnerConfig } from "./config.js";
import { createMigration } from "./database/create-migration.js";
import { down, force, pending, up, version } from "./database/migrate.js";
import { explain } from "./process/explain.js";
import { buildRegistrySchema, schemaFiles } from "./schema.js";
import { asOwner } from "./service.js";
import type { DataSource } from "typeorm";

const TERMINAL: Terminal = { out: (text) => void process.stdout.write(text), error: (text) => void process.stderr.write(text) };

/** Whoever stops reading must not stop what is being done in the middle. */
let isUntold = false;
/** What `apply` does is done, told or not; of all others the output is what they are for. */
let isDoneUntold = false;
process.stderr.on("error", () => undefined);
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
  if (!isUntold && code !== "EPIPE") process.stderr.write(`Standard output cannot be written (${code}).\n`);
  isUntold = true;
});
process.once("exit", () => {
  if (isUntold && !isDoneUntold && !process.exitCode) process.exitCode = 1;
});

const program = new Command("tenant-registry").description("The registry of tenants: a federated GraphQL subgraph.");

program.command("serve").description("start the service (what `npm start` does)").action(async () => void (await import("./main.js")));

program
  .command("token")
  .description("print a token of the development issuer; DATA_DIR, ADDR and PUBLIC_URL as the service has them")
  .argument("<caller>", "for instance acme-admin")
  .action(async (caller: string) => {
    const { developmentToken } = await import("./development/tokens.js");
    process.stdout.write(`${await developmentToken(readConfig(), caller)}\n`);
  });

const migrate = program.command("migrate").description("move the database between schema versions (needs DATABASE_OWNER_URL or DATABASE_URL)");
migrate.command("up").description("apply every pending migration").action(() => onDatabase((owner) => up(owner)));
migrate
  .command("up-to")
  .description("apply pending migrations until the database is at this one")
  .argument("<number>", "migration", whole)
  .action((number: number) => onDatabase((owner) => up(owner, number)));
migrate
  .command("down")
  .description("undo the newest migrations; refused when APP_ENV=prod")
  .argument("[steps]", "how many", whole, 1)
  .action((steps: number) => onDatabase((owner, forwardOnly) => down(owner, steps, { forwardOnly })));
migrate.command("version").description("show where the database is").action(() => onDatabase(position));
migrate
  .command("force")
  .description("record that the database is at this migration, and run nothing")
  .argument("<number>", "migration", whole)
  .action((number: number) => onDatabase(async (owner) => force(owner, number).then(() => position(owner))));
migrate
  .command("create")
  .description("write the next, empty migration")
  .argument("<name>", "for instance add-teams")
  .action(async (name: string) => print({ file: await createMigration("migrations", name, Date.now()) }));

program
  .command("schema")
  .description("print the subgraph's schema; --write updates the committed files that are generated from the code")
  .option("--write")
  .action(async ({ write }: { write?: boolean }) => {
    const files = schemaFiles(buildRegistrySchema());
    if (write) await Promise.all(files.map(({ path, text }) => writeFile(path, text)));
    else process.stdout.write(files[0]?.text ?? "");
  });

withRegistry(program.command("apply").description("make of tenants what files say of them; shows every step before it is taken"))
  .argument("<file...>", "YAML: a bundle of tenants, one tenant, one team, or one flow")
  .option("--tenant <slug>", "whose the flows are that stand in files of their own")
  .option("--prune", "archive and stop, too, what is there and not in the files")
  .option("--dry-run", "only show the steps; exit code 2 when there are any")
  .action((files: string[], { tenant, prune, dryRun, ...where }: ApplyOptions & Where) => {
    isDoneUntold = true;
    return onRegistry(where, (registry) => apply(registry, files, { tenant, prune, dryRun }, TERMINAL));
  });

withRegistry(program.command("export").description("print tenants as a bundle that can be applied elsewhere"))
  .argument("[slug...]", "the tenants; without one, all that are not archived")
  .option("--output <file>", "where to write it; otherwise to standard output")
  .action((slugs: string[], { output, ...where }: { output?: string } & Where) => onRegistry(where, (registry) => exportBundle(registry, slugs, output, TERMINAL)));

/** Which registry a command speaks with, and as whom. */
interface Where {
  url?: string;
  tokenFile?: string;
}

function withRegistry(command: Command): Command {
  return command
    .option("--url <address>", "the registry's address; PUBLIC_URL when omitted")
    .option("--token-file <file>", "an operator's access token, - for standard input; in development the development operator's when omitted");
}

async function onRegistry({ url, tokenFile }: Where, work: (registry: RegistryClient) => Promise<ExitCode>): Promise<void> {
  process.exitCode = await ended(TERMINAL, async () => work(openClient(url ?? readConfig().publicUrl, tokenFile === undefined ? await developmentOperator() : await tokenIn(tokenFile))));
}

async function developmentOperator(): Promise<string> {
  const config = readConfig();
  if (config.environment !== "dev" || config.issuer) throw new CommandRefusedError("Name a file with an operator's access token: --token-file <file>, or - for standard input.");
  const { developmentToken } = await import("./development/tokens.js");
  return developmentToken(config, "operator");
}

async function onDatabase(work: (owner: DataSource, forwardOnly: boolean) => Promise<object>): Promise<void> {
  const config = readOwnerConfig();
  print(await asOwner(config, undefined, (owner) => work(owner, config.environment === "prod")));
}

async function position(owner: DataSource) {
  return { version: await version(owner), pending: await pending(owner) };
}

function print(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

function whole(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return Number(text);
}

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exitCode = 1;
});
