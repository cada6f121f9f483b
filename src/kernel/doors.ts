/**
 * Owns the only two ways to data: the read door and the change door. Tenant scope, admission, audit and the bounds on
 * database time live here and nowhere else. What is read or changed is the features' business.
 */
import type pg from "pg";
import type { Sql } from "sql-template-tag";
import type { DataSource, EntityManager, QueryRunner } from "typeorm";
import type { ChangeAction } from "./action.js";
import { breaksConnection, faultFromDatabase } from "./database-fault.js";
import { Fault, notFound } from "./fault.js";
import { isUuid } from "./id.js";
import type { Principal } from "./principal.js";
import { SCOPE_SQL, runScoped, type ScopeValues } from "./scoped-query.js";

/** What happened, before actor, tenant and time are filled in by the door. */
export interface AuditDraft {
  target: { type: string; id: string; name: string };
  projectId?: string;
  product?: string;
  /** What changed; never a secret. */
  metadata?: Record<string, unknown>;
}

/** What a piece of work at the change door must leave behind: its value, and its events or the reason there are none. */
export type Change<T> =
  | { value: T; audit: readonly [AuditDraft, ...AuditDraft[]] }
  /** Silence is said aloud: the asked-for state already was. */
  | { value: T; unaudited: "no-op" };

/** Facts of the request that an audit event records. */
export interface RequestOrigin {
  requestId: string;
  sourceIp: string | null;
  userAgent: string | null;
}

export interface ChangeScope {
  action: ChangeAction;
  tenantId: string;
  principal: Principal;
  origin: RequestOrigin;
}

/** What the doors share across requests. `admit` and `record` come from features, so that the kernel imports none. */
export interface House {
  dataSource: DataSource;
  /** Throws the fault that refuses this change in the tenant's present state. */
  admit(tx: EntityManager, scope: ChangeScope): Promise<void>;
  /** Writes the events of a change into the audit log, in its transaction. */
  record(tx: EntityManager, scope: ChangeScope, drafts: readonly AuditDraft[]): Promise<void>;
  limits: DoorLimits;
}

export interface DoorLimits {
  statementTimeoutMs: number;
  /** Callers that may wait for a connection; beyond it the answer is UNAVAILABLE at once. */
  maxWaiting: number;
}

/** What the doors know of one request. */
export interface Visit {
  principal: Principal | null;
  origin: RequestOrigin;
  /** Milliseconds of the operation's time that are left. */
  remainingMs(): number;
  /** Called after a commit, and after one whose outcome is not known, so that what was loaded before it is not served again. */
  committed(): void;
}

export interface Doors {
  /** One read-only statement in the caller's scope. Row policies decide which rows exist for it. */
  read<Row>(statement: Sql): Promise<Row[]>;
  /** Narrow to one tenant, the only place where changes are possible. A tenant's caller can only name its own: NOT_FOUND. */
  within(tenantId: string | null | undefined): Home;
}

/** One tenant, as a place to change things in. */
export interface Home {
  readonly tenantId: string;
  /** A writable transaction in this tenant that cannot be left without its audit events. */
  change<T>(action: ChangeAction, work: (tx: EntityManager) => Promise<Change<T>>): Promise<T>;
}

/**
 * Open the doors for one request. Doors never nest: a pool cannot deadlock on itself, and no work sees half of another's scope.
 * Only the work at the change door could try, and a request changes one thing after another, so a flag tells; asynchronous
 * context tracking would tell more and cost every promise of the process (a third of a large answer's time on Node 22).
 */
export function openDoors(house: House, visit: Visit): Doors {
  let changing = false;
  const refuseInside = () => {
    if (changing) throw new Error("a door was opened inside a door");
  };
  return {
    read(statement) {
      refuseInside();
      return read(house, visit, statement);
    },
    within(tenantId) {
      const home = homeOf(visit, tenantId);
      return {
        tenantId: home,
        async change(action, work) {
          refuseInside();
          changing = true;
          return change(house, visit, home, action, work).finally(() => (changing = false));
        },
      };
    },
  };
}

/** A person's only home is its own tenant, so one without a tenant has none; staff who narrowed stay where they are. */
function homeOf({ principal }: Visit, tenantId: string | null | undefined): string {
  const { kind, tenantId: own } = signedIn(principal);
  const home = tenantId ?? own;
  if (home === null) throw new Fault("BAD_USER_INPUT", "Name the tenant to act in", { field: "tenantId" });
  const bound = kind === "user" || own !== null;
  if (!isUuid(home) || (bound && home.toLowerCase() !== own)) throw notFound("Tenant");
  return home.toLowerCase();
}

function signedIn(principal: Principal | null): Principal {
  if (!principal) throw new Fault("UNAUTHENTICATED", "Sign in to use the registry");
  return principal;
}

/** Platform staff see every tenant, and may only look, unless narrowed; everyone else sees the tenant named here, or nothing. */
function scopeOf(house: House, visit: Visit, tenantId: string | null, readOnly: "on" | "off"): ScopeValues {
  const timeoutMs = Math.min(house.limits.statementTimeoutMs, timeLeft(visit));
  const staff = tenantId === null ? "registry_overview" : "registry_platform";
  const role = signedIn(visit.principal).kind === "platform" ? staff : "registry_tenant";
  return [role, tenantId ?? "", readOnly, String(timeoutMs)];
}

/** Whole milliseconds, at least one: to Postgres a timeout of zero means none. */
function timeLeft(visit: Visit): number {
  const remainingMs = Math.floor(visit.remainingMs());
  if (remainingMs <= 0) throw new Fault("DEADLINE_EXCEEDED", "The operation took too long");
  return remainingMs;
}

async function read<Row>(house: House, visit: Visit, statement: Sql): Promise<Row[]> {
  const { tenantId } = signedIn(visit.principal);
  const pool = poolOf(house);
  refuseWhenFull(house, pool);
  try {
    const client = await pool.connect();
    let failed = false;
    try {
      // Reckoned only now: the wait for a connection is part of the operation's time.
      const scope = scopeOf(house, visit, tenantId, "on");
      return await runScoped<Row>(client, scope, statement);
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

async function change<T>(
  house: House,
  visit: Visit,
  tenantId: string,
  action: ChangeAction,
  work: (tx: EntityManager) => Promise<Change<T>>,
): Promise<T> {
  const scope: ChangeScope = { action, tenantId, principal: signedIn(visit.principal), origin: visit.origin };
  refuseWhenFull(house, poolOf(house));
  const runner = house.dataSource.createQueryRunner();
  let broken: unknown;
  try {
    await runner.connect();
    await runner.startTransaction();
    await runner.query(SCOPE_SQL, [...scopeOf(house, visit, tenantId, "off")]);
    await house.admit(runner.manager, scope);
    const outcome = await work(runner.manager);
    if ("audit" in outcome) await house.record(runner.manager, scope, outcome.audit);
    timeLeft(visit); // Nobody waits any more for what would be committed now.
    await runner.commitTransaction();
    visit.committed();
    return outcome.value;
  } catch (thrown) {
    broken = breaksConnection(thrown) && !(thrown instanceof Fault) ? thrown : undefined;
    if (runner.isTransactionActive && !broken) await runner.rollbackTransaction().catch((e: unknown) => (broken = e));
    if (broken) visit.committed();
    throw faultFromDatabase(thrown);
  } finally {
    await release(runner, broken);
  }
}

/** TypeORM's own release cannot say "do not reuse"; what it calls can, and the pool then closes the connection without our waiting for it. */
function release(runner: QueryRunner, broken: unknown): Promise<void> {
  return (runner as unknown as { releasePostgresConnection(broken: unknown): Promise<void> }).releasePostgresConnection(broken);
}

/** TypeORM keeps its pg pool on the driver; both doors share it, so that one bound holds for both. */
function poolOf(house: House): pg.Pool {
  return (house.dataSource.driver as unknown as { master: pg.Pool }).master;
}

/** The pool counts everyone as waiting until the next tick, also those that it has a connection for. */
function refuseWhenFull(house: House, pool: pg.Pool): void {
  const free = pool.idleCount + pool.options.max - pool.totalCount;
  if (pool.waitingCount - free >= house.limits.maxWaiting) throw new Fault("UNAVAILABLE", "The registry is busy, try again");
}
