/** Owns how the doors share one pool of connections: where it is, when it is full, and how a connection that cannot be trusted leaves it. */
import type pg from "pg";
import type { DataSource, QueryRunner } from "typeorm";
import { Fault } from "./fault.js";

/** TypeORM keeps its pg pool on the driver; both doors share it, so that one bound holds for both. */
export function poolOf(dataSource: DataSource): pg.Pool {
  return (dataSource.driver as unknown as { master: pg.Pool }).master;
}

/** The pool counts everyone as waiting until the next tick, also those that it has a connection for. */
export function refuseWhenFull(pool: pg.Pool, maxWaiting: number): void {
  const free = pool.idleCount + pool.options.max - pool.totalCount;
  if (pool.waitingCount - free >= maxWaiting) throw new Fault("UNAVAILABLE", "The registry is busy, try again");
}

/** TypeORM's own release cannot say "do not reuse"; what it calls can, and the pool then closes the connection without our waiting for it. */
export function release(runner: QueryRunner, broken: unknown): Promise<void> {
  return (runner as unknown as { releasePostgresConnection(broken: unknown): Promise<void> }).releasePostgresConnection(broken);
}
