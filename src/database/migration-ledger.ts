/** Owns the record of which migrations a database has had: TypeORM's own table, read and written. It runs no migration. */
import type { DataSource, MigrationInterface, QueryRunner } from "typeorm";
import type { SqlRunner } from "./catalogue.js";

/** The database is not in a state from which this operation may go on; the message says what to do. */
export class MigrationRefusedError extends Error {
  override readonly name = "MigrationRefusedError";
}

export interface NumberedMigration {
  /** From 1, in the order in which they run; what people see and type. */
  number: number;
  /** Class name; ends in the 13-digit timestamp that TypeORM asks for. */
  name: string;
  timestamp: number;
  instance: MigrationInterface;
}

const TIMESTAMPED_NAME = /\D(\d{13})$/;

/** The migrations that a DataSource was made with, numbered. */
export function numberedMigrations(dataSource: DataSource): NumberedMigration[] {
  return dataSource.migrations.map((instance, index, all) => {
    const timestamp = timestampOf(instance);
    const before = all[index - 1];
    if (before && timestampOf(before) >= timestamp) {
      throw new Error(`Migration ${instance.constructor.name} is listed after ${before.constructor.name} but is not newer.`);
    }
    return { number: index + 1, name: instance.constructor.name, timestamp, instance };
  });
}

function timestampOf(instance: MigrationInterface): number {
  const digits = TIMESTAMPED_NAME.exec(instance.constructor.name)?.[1];
  if (digits === undefined) throw new Error(`Migration ${instance.constructor.name} does not end in a 13-digit timestamp.`);
  return Number(digits);
}

/**
 * How many of `migrations` the database has had, counted from the first.
 *
 * Failures MigrationRefusedError when it has had others, or has had them in another order: another build has been here.
 */
export async function appliedCount(db: SqlRunner, migrations: NumberedMigration[]): Promise<number> {
  const applied = await appliedNames(db);
  applied.forEach((name, index) => {
    if (migrations[index]?.name === name) return;
    const expected = migrations[index]?.name ?? "nothing";
    throw new MigrationRefusedError(
      `The database has migration ${name} where this build has ${expected}. ` +
        "Run a build that knows it, or set the record straight with `force <number>`.",
    );
  });
  return applied.length;
}

/** Names of the migrations that the database has had, by this build or another, oldest first. */
export async function appliedNames(db: SqlRunner): Promise<string[]> {
  if (!(await tableExists(db, "migrations"))) return [];
  const rows = (await db.query(`SELECT name FROM migrations ORDER BY "timestamp", id`)) as { name: string }[];
  return rows.map(({ name }) => name);
}

export async function recordApplied(runner: QueryRunner, migration: NumberedMigration): Promise<void> {
  await createLedger(runner);
  await runner.query(`INSERT INTO migrations ("timestamp", name) VALUES ($1, $2)`, [migration.timestamp, migration.name]);
}

export async function recordReverted(runner: QueryRunner, migration: NumberedMigration): Promise<void> {
  await runner.query("DELETE FROM migrations WHERE name = $1", [migration.name]);
}

/** Replace the whole record; nothing is run. */
export async function rewriteLedger(runner: QueryRunner, applied: NumberedMigration[]): Promise<void> {
  await createLedger(runner);
  await runner.query("DELETE FROM migrations");
  for (const migration of applied) await recordApplied(runner, migration);
}

export async function tableExists(db: SqlRunner, table: string): Promise<boolean> {
  const rows = (await db.query("SELECT to_regclass(format('%I.%I', current_schema(), $1::text)) IS NOT NULL AS found", [table])) as {
    found: boolean;
  }[];
  return rows[0]?.found ?? false;
}

/** The shape that TypeORM's own command line gives this table, so that it can read the record too. */
async function createLedger(runner: QueryRunner): Promise<void> {
  await runner.query(
    `CREATE TABLE IF NOT EXISTS migrations (id serial PRIMARY KEY, "timestamp" bigint NOT NULL, name varchar NOT NULL)`,
  );
}
