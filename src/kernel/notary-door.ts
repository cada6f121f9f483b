/** Owns the way to the whole audit log: its own role, which reads every tenant's events and adds to what proves them, and changes none. */
import { breaksConnection, faultFromDatabase } from "./database-fault.js";
import { poolOf } from "./door-pool.js";
import type { House } from "./doors.js";
import { SCOPE_SQL } from "./scoped-query.js";

export interface NotaryOptions {
  readOnly: boolean;
  /** For each statement; absent: as at the other doors. */
  timeoutMs?: number;
}

/** One statement after the other, in the transaction of {@link inNotary}. */
export interface NotaryDb {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * Do `work` in one transaction as `registry_notary`. Nobody's request comes here: what tenants see of log and proofs they read at their
 * own doors.
 *
 * Faults  those of the database. What `work` throws goes on as it is, and nothing is committed.
 */
export async function inNotary<T>({ dataSource, limits }: Pick<House, "dataSource" | "limits">, { readOnly, timeoutMs }: NotaryOptions, work: (db: NotaryDb) => Promise<T>): Promise<T> {
  const client = await poolOf(dataSource).connect().catch((thrown: unknown) => Promise.reject(faultFromDatabase(thrown)));
  let broken = false;
  const db: NotaryDb = {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      try {
        return (await client.query(text, [...values])).rows as Row[];
      } catch (thrown) {
        broken ||= breaksConnection(thrown);
        throw faultFromDatabase(thrown);
      }
    },
  };
  try {
    await db.query("begin");
    await db.query(SCOPE_SQL, ["registry_notary", "", readOnly ? "on" : "off", String(timeoutMs ?? limits.statementTimeoutMs)]);
    const result = await work(db);
    await db.query("commit");
    return result;
  } catch (thrown) {
    if (!broken) await client.query("rollback").catch(() => (broken = true));
    throw thrown;
  } finally {
    client.release(broken);
  }
}
