/** Owns the taking over of a database that the seed's service made with golang-migrate. It changes no table of that service. */
import { randomUUID } from "node:crypto";
import type { QueryRunner } from "typeorm";
import { type CatalogueDifference, catalogue, compareCatalogues } from "./catalogue.js";
import { MigrationRefusedError, type NumberedMigration, recordApplied, tableExists } from "./migration-ledger.js";

/** Source: seed 003. One of them is enough to tell that a database is not new. */
const SEED_TABLES = ["tenants", "tenant_projects", "tenant_products", "tenant_idp_config", "api_keys", "audit_log"];
/** The only schema version that the seed's service ever had. */
const SEED_VERSION = 1;
const DIFFERENCES_SHOWN = 20;

/**
 * Adopt the database if the seed's service made it: mark it as having had `first`, and keep every row.
 *
 * Call it inside a transaction, on a database of which {@link appliedCount} is 0.
 * Returns  true when it was adopted, false when it is new.
 * Failures MigrationRefusedError for a dirty flag, an unknown version, tables of unknown origin, or a schema that differs
 *          from what `first` makes; the differences are named.
 */
export async function adopt(runner: QueryRunner, first: NumberedMigration): Promise<boolean> {
  const origin = await golangMigrateVersion(runner);
  if (origin?.dirty) {
    throw new MigrationRefusedError(
      `golang-migrate marked this database as dirty at version ${origin.version}: one of its migrations failed half-way. ` +
        "Repair the schema, clear the flag in schema_migrations, and start again.",
    );
  }
  const present = await presentTables(runner);
  if (present.length === 0) return false;
  if (!origin) {
    throw new MigrationRefusedError(
      `The database has ${present.join(", ")} but no record of migrations. ` +
        "If its schema is the one that migration 1 makes, say so with `force 1` and start again.",
    );
  }
  if (origin.version !== SEED_VERSION) {
    throw new MigrationRefusedError(
      `golang-migrate left this database at version ${origin.version}; only version ${SEED_VERSION} can be adopted.`,
    );
  }
  const difference = compareCatalogues(await catalogueMadeBy(runner, first), await structure(runner));
  if (difference.missing.length + difference.unexpected.length > 0) throw drifted(first, difference);
  await recordApplied(runner, first);
  return true;
}

/** `undefined` when there is no such record; other tools use the same table name with other columns. */
async function golangMigrateVersion(runner: QueryRunner): Promise<{ version: number; dirty: boolean } | undefined> {
  if (!(await tableExists(runner, "schema_migrations"))) return undefined;
  const columns: { name: string }[] = await runner.query(
    `SELECT attname AS name FROM pg_attribute
     WHERE attrelid = to_regclass(format('%I.schema_migrations', current_schema())) AND attname IN ('version', 'dirty')`,
  );
  if (columns.length < 2) return undefined;
  const rows: { version: string; dirty: boolean }[] = await runner.query("SELECT version, dirty FROM schema_migrations");
  return rows[0] && { version: Number(rows[0].version), dirty: rows[0].dirty };
}

async function presentTables(runner: QueryRunner): Promise<string[]> {
  const rows: { relname: string }[] = await runner.query(
    `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = current_schema() AND c.relname = ANY ($1) ORDER BY c.relname`,
    [SEED_TABLES],
  );
  return rows.map(({ relname }) => relname);
}

/** Made in a schema that is rolled back, so that the comparison is with this server's wording, not with a stored text. */
async function catalogueMadeBy(runner: QueryRunner, migration: NumberedMigration): Promise<string[]> {
  const scratch = `adoption_${randomUUID().replaceAll("-", "")}`;
  await runner.startTransaction();
  try {
    await runner.query(`CREATE SCHEMA ${scratch}; SET LOCAL search_path TO ${scratch}`);
    await migration.instance.up(runner);
    return await structure(runner);
  } finally {
    await runner.rollbackTransaction();
  }
}

/** Who may do what is left out: a later migration sets it anew. */
async function structure(runner: QueryRunner): Promise<string[]> {
  return (await catalogue(runner)).filter((line) => !line.startsWith("grant "));
}

function drifted(first: NumberedMigration, { missing, unexpected }: CatalogueDifference): MigrationRefusedError {
  const lines = [
    ...withoutPartsOfListedTables(missing).map((line) => `missing: ${line}`),
    ...withoutPartsOfListedTables(unexpected).map((line) => `unexpected: ${line}`),
  ];
  const more = lines.length > DIFFERENCES_SHOWN ? [`and ${lines.length - DIFFERENCES_SHOWN} more`] : [];
  return new MigrationRefusedError(
    [
      `The database cannot be adopted: its schema is not the one that migration ${first.number} makes.`,
      ...lines.slice(0, DIFFERENCES_SHOWN),
      ...more,
      "Bring the schema in line, or accept it as it is with `force 1`.",
    ].join("\n"),
  );
}

/** When a table is listed, its columns, indexes and constraints say nothing more. */
function withoutPartsOfListedTables(lines: string[]): string[] {
  const listed = new Set(lines.flatMap((line) => /^table (\S+)$/.exec(line)?.[1] ?? []));
  return lines.filter((line) => !listed.has(/^\w+ ([^\s.]+)\./.exec(line)?.[1] ?? ""));
}
