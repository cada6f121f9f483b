/**
 * Owns the way to keys before anybody knows whose they are. Its role sees a key only when the transaction names its look-up id, so that
 * there is nothing to list, count or search. What a key then may do is not its business.
 */
import type { Sql } from "sql-template-tag";
import { breaksConnection, faultFromDatabase } from "./database-fault.js";
import { poolOf, readScoped, refuseWhenFull } from "./door-pool.js";
import { timeLeft } from "./door-scope.js";
import type { House } from "./doors.js";
import { SCOPE_SQL, type ScopeValues } from "./scoped-query.js";

export interface KeyDoor {
  /**
   * One read-only statement that sees exactly the keys of these look-up ids; at most {@link MAX_NAMED_KEYS} of them.
   *
   * Faults  as the read door: UNAVAILABLE; DEADLINE_EXCEEDED after `withinMs`.
   */
  read<Row>(lookupIds: readonly string[], statement: Sql, withinMs: number): Promise<Row[]>;
  /**
   * One transaction over the same, for marks of use and for re-hashing: nothing else can be written in it, and nothing of it is audited.
   *
   * Faults  UNAVAILABLE, also when others wait for a connection already; DEADLINE_EXCEEDED for a statement that takes too long.
   */
  write(lookupIds: readonly string[], statements: readonly Sql[]): Promise<void>;
}

/** Look-up ids that one statement may name. */
export const MAX_NAMED_KEYS = 200;

/** What the registry gives its own keys, and what it finds imported ones by. No comma among it, which separates them, and no UUID: nobody's tenant. */
const LOOKUP_ID = /^(?:[0-9A-Za-z]{12}|~[0-9a-f]{16,64})$/;

export function openKeyDoor(house: Pick<House, "dataSource" | "limits">): KeyDoor {
  return {
    async read(lookupIds, statement, withinMs) {
      const started = performance.now();
      const named = naming(lookupIds);
      const remainingMs = () => withinMs - (performance.now() - started);
      return readScoped(house, () => scope(named, "on", Math.min(house.limits.statementTimeoutMs, timeLeft({ remainingMs }))), statement);
    },
    async write(lookupIds, statements) {
      const named = naming(lookupIds);
      await inTransaction(house, scope(named, "off", house.limits.statementTimeoutMs), statements);
    },
  };
}

/** The setting that names a tenant to every other role names look-up ids to this one. */
function scope(named: string, readOnly: "on" | "off", timeoutMs: number): ScopeValues {
  return ["registry_verifier", named, readOnly, String(timeoutMs)];
}

/** What callers send is checked before it comes here: anything else is a bug, and no question. */
function naming(lookupIds: readonly string[]): string {
  if (lookupIds.length > MAX_NAMED_KEYS) throw new Error(`at most ${MAX_NAMED_KEYS} look-up ids can be named at once`);
  if (!lookupIds.every((id) => LOOKUP_ID.test(id))) throw new Error("what is no look-up id cannot be named");
  return lookupIds.join(",");
}

async function inTransaction({ dataSource, limits }: Pick<House, "dataSource" | "limits">, values: ScopeValues, statements: readonly Sql[]): Promise<void> {
  const pool = poolOf(dataSource);
  refuseWhenFull(pool, limits.maxWaiting);
  const client = await pool.connect().catch((thrown: unknown) => Promise.reject(faultFromDatabase(thrown)));
  let broken = false;
  try {
    await client.query("begin");
    await client.query(SCOPE_SQL, [...values]);
    for (const { text, values: parameters } of statements) await client.query(text, parameters);
    await client.query("commit");
  } catch (thrown) {
    broken = breaksConnection(thrown);
    if (!broken) await client.query("rollback").catch(() => (broken = true));
    throw faultFromDatabase(thrown);
  } finally {
    client.release(broken);
  }
}
