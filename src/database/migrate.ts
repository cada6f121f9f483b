/** Owns the operations on migrations: forward, back, where are we. What each migration does is its own business. */
import type { DataSource, QueryRunner } from "typeorm";
import { adopt } from "./adoption.js";
import {
  MigrationRefusedError,
  type NumberedMigration,
  appliedCount,
  appliedNames,
  numberedMigrations,
  recordApplied,
  recordReverted,
  rewriteLedger,
} from "./migration-ledger.js";

export interface UpReport {
  /** True when a database of the seed's service was taken over, its rows kept. */
  adopted: boolean;
  /** Names of the migrations that this call ran. */
  applied: string[];
  version: number;
}

export interface DownReport {
  /** Names of the migrations that this call undid, newest first. */
  reverted: string[];
  version: number;
}

/** An instance that starts while another one migrates waits this long for it. */
const WAIT_FOR_OTHERS_MS = 5 * 60_000;

/**
 * Migrate forward to number `to`, or to the newest.
 *
 * Each migration is one transaction with its entry in the record. Any number of instances may call this at once, on any
 * kind of pooled connection: one runs each migration, the others wait and find it done.
 * Failures MigrationRefusedError when the database is not one that this build may change, or is already past `to`.
 */
export async function up(dataSource: DataSource, to?: number): Promise<UpReport> {
  const migrations = numberedMigrations(dataSource);
  const target = checkedNumber(to ?? migrations.length, migrations);
  const report: UpReport = { adopted: false, applied: [], version: 0 };
  for (;;) {
    const done = await exclusively(dataSource, async (runner) => {
      report.version = await appliedCount(runner, migrations);
      const [first] = migrations;
      if (report.version === 0 && first && (await adopt(runner, first))) return "adopted";
      if (report.version > target) {
        throw new MigrationRefusedError(`The database is at migration ${report.version}, past ${target}; the way back is \`down\`.`);
      }
      const next = migrations[report.version];
      if (next === undefined || next.number > target) return "nothing left";
      await next.instance.up(runner);
      await recordApplied(runner, next);
      return next;
    });
    if (done === "nothing left") return report;
    if (done === "adopted") report.adopted = true;
    else report.applied.push(done.name);
  }
}

/**
 * Undo the newest `steps` migrations, each in one transaction; stops early when none is left.
 *
 * Failures MigrationRefusedError when `forwardOnly` (production: the way back is a new migration), or when the record
 *          names migrations that this build does not know.
 */
export async function down(dataSource: DataSource, steps: number, { forwardOnly }: { forwardOnly: boolean }): Promise<DownReport> {
  if (forwardOnly) throw new MigrationRefusedError("Production is forward-only: undo a migration by writing another one.");
  if (!Number.isInteger(steps) || steps < 1) throw new MigrationRefusedError("`down` takes a number of steps, at least 1.");
  const migrations = numberedMigrations(dataSource);
  const report: DownReport = { reverted: [], version: 0 };
  while (report.reverted.length < steps) {
    const undone = await exclusively(dataSource, async (runner) => {
      report.version = await appliedCount(runner, migrations);
      const newest = migrations[report.version - 1];
      if (newest === undefined) return undefined;
      await newest.instance.down(runner);
      await recordReverted(runner, newest);
      report.version -= 1;
      return newest;
    });
    if (undone === undefined) break;
    report.reverted.push(undone.name);
  }
  return report;
}

/** The number of the newest migration that the database has had; 0 for a new one, and for one not yet adopted. */
export async function version(dataSource: DataSource): Promise<number> {
  return appliedCount(dataSource, numberedMigrations(dataSource));
}

/** Names of the migrations that {@link up} would run, oldest first; for a database not yet adopted that includes the first. */
export async function pending(dataSource: DataSource): Promise<string[]> {
  const migrations = numberedMigrations(dataSource);
  return migrations.slice(await appliedCount(dataSource, migrations)).map(({ name }) => name);
}

/**
 * Names of this build's migrations that the database has not had in their place. None is missing when a newer build has added
 * others after them: while instances are replaced one by one, those of both builds serve.
 */
export async function missing(dataSource: DataSource): Promise<string[]> {
  const applied = await appliedNames(dataSource);
  return numberedMigrations(dataSource).flatMap(({ name }, index) => (applied[index] === name ? [] : [name]));
}

/** Write into the record that the database is at `number`, and run nothing: for a person who knows that it is. */
export async function force(dataSource: DataSource, number: number): Promise<void> {
  const migrations = numberedMigrations(dataSource);
  const applied = migrations.slice(0, checkedNumber(number, migrations));
  await exclusively(dataSource, (runner) => rewriteLedger(runner, applied));
}

function checkedNumber(number: number, migrations: NumberedMigration[]): number {
  if (Number.isInteger(number) && number >= 0 && number <= migrations.length) return number;
  throw new MigrationRefusedError(`There is no migration ${number}: this build knows 0 to ${migrations.length}.`);
}

/**
 * One transaction at a time across all instances. The lock belongs to the transaction, so it needs no connection of its own,
 * ends with its holder however that ends, and survives poolers that hand out connections per transaction.
 */
async function exclusively<T>(dataSource: DataSource, work: (runner: QueryRunner) => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.startTransaction("READ COMMITTED");
    const [before]: { lock_timeout: string }[] = await runner.query("SELECT current_setting('lock_timeout') AS lock_timeout");
    await runner.query(
      `SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
              set_config('lock_timeout', $1, true)`,
      [String(WAIT_FOR_OTHERS_MS)],
    );
    await runner.query("SELECT pg_advisory_xact_lock(hashtextextended('tenant-registry.migrations', 0))");
    // The long patience was for other instances only: a migration must not queue up behind a busy table and stop its readers.
    await runner.query("SELECT set_config('lock_timeout', $1, true)", [before?.lock_timeout]);
    const result = await work(runner);
    await runner.commitTransaction();
    return result;
  } catch (error) {
    // A connection that broke cannot roll back either; the first error is the one worth telling.
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => {});
    throw error;
  } finally {
    await runner.release();
  }
}
