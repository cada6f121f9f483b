/** Owns how the doors share one pool of connections: where it is, when it is full, and how a connection that cannot be trusted leaves it. */
import type pg from "pg";
import type { Sql } from "sql-template-tag";
import type { DataSource, QueryRunner } from "typeorm";
import { faultFromDatabase } from "./database-fault.js";
import type { House } from "./doors.js";
import { Fault } from "./fault.js";
import { runScoped, type ScopeValues } from "./scoped-query.js";

/** TypeORM keeps its pg pool on the driver; both doors share it, so that one bound holds for both. */
export function poolOf(dataSource: DataSource): pg.Pool {
  return (dataSource.driver as unknown as { master: pg.Pool }).master;
}

/** The pool counts everyone as waiting until the next tick, also those that it has a connection for. */
export function refuseWhenFull(pool: pg.Pool, maxWaiting: number): void {
  const free = pool.idleCount + pool.options.max - pool.totalCount;
  if (pool.waitingCount - free >= maxWaiting) throw new Fault("UNAVAILABLE", "The registry is busy, try again");
}

/** One statement in a scope, on a connection of its own. The scope is reckoned only then: the wait is part of the operation's time. */
export async function readScoped<Row>({ dataSource, limits }: Pick<House, "dataSource" | "limits">, scope: () => ScopeValues, statement: Sql): Promise<Row[]> {
  const pool = poolOf(dataSource);
  refuseWhenFull(pool, limits.maxWaiting);
  try {
    const client = await pool.connect();
    let failed = false;
    try {
      return await runScoped<Row>(client, scope(), statement);
    } catch (thrown) {
      failed = !(thrown instanceof Fault);
      throw thrown;
    } finally {
      // A failed first use leaves unknown which statements the server has prepared: such a connection is not kept.
      client.release(failed);
    }
  } catch (thrown) {
    throw faultFromDatabase(thrown);
  }
}

/** TypeORM's own release cannot say "do not reuse"; what it calls can, and the pool then closes the connection without our waiting for it. */
export function release(runner: QueryRunner, broken: unknown): Promise<void> {
  return (runner as unknown as { releasePostgresConnection(broken: unknown): Promise<void> }).releasePostgresConnection(broken);
}
