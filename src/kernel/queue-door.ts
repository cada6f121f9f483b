/** Owns the third way to the database: the worker's own, in a role that has the queue of jobs and what is past keeping, and no tenant's data. */
import type PgBoss from "pg-boss";
import { breaksConnection, faultFromDatabase } from "./database-fault.js";
import { poolOf } from "./door-pool.js";
import type { House } from "./doors.js";
import { SCOPE_SQL } from "./scoped-query.js";

/** The library brackets its maintenance in a transaction; here there always is one. */
const OWN_TRANSACTION = /^\s*(?:BEGIN|COMMIT);$/gm;

/**
 * Do `work` in one transaction as `registry_queue`. What jobs are about is not to be had here: for that there are the doors.
 *
 * Faults  those of the database. Also when the library keeps a failed statement to itself: then nothing is committed.
 */
export async function inQueue<T>({ dataSource, limits }: Pick<House, "dataSource" | "limits">, work: (db: PgBoss.Db) => Promise<T>): Promise<T> {
  const client = await poolOf(dataSource).connect().catch((thrown: unknown) => Promise.reject(faultFromDatabase(thrown)));
  let failure: unknown;
  let broken = false;
  const run = async (text: string, values?: unknown[]) => {
    try {
      return await client.query(text, values);
    } catch (thrown) {
      failure ??= thrown;
      broken ||= breaksConnection(thrown);
      throw thrown;
    }
  };
  try {
    await run("begin");
    await run(SCOPE_SQL, ["registry_queue", "", "off", String(limits.statementTimeoutMs)]);
    const result = await work({ executeSql: (text, values) => run(text.replaceAll(OWN_TRANSACTION, ""), values) });
    if (failure !== undefined) throw failure;
    await run("commit");
    return result;
  } catch (thrown) {
    if (!broken) await run("rollback").catch(() => {});
    throw faultFromDatabase(failure ?? thrown);
  } finally {
    client.release(broken);
  }
}
