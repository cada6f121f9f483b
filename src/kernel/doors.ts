/**
 * Owns the only two ways to data: the read door and the change door. Admission, audit, repetition and the bounds on database time are
 * seen to here and nowhere else; whose rows there are is decided in `door-scope.ts`. What is read or changed is the features' business.
 */
import type { Sql } from "sql-template-tag";
import type { DataSource, EntityManager } from "typeorm";
import type { ChangeAction } from "./action.js";
import { breaksConnection, faultFromDatabase } from "./database-fault.js";
import { poolOf, readScoped, refuseWhenFull, release } from "./door-pool.js";
import { homeOf, scopeAbout, scopeOf, signedIn, timeLeft } from "./door-scope.js";
import { Fault } from "./fault.js";
import { answerBefore, keepAnswer, type Once } from "./idempotency.js";
import type { Principal } from "./principal.js";
import { SCOPE_SQL, type ScopeValues } from "./scoped-query.js";

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
  /** Silence is said aloud: the asked-for state already was, or the registry noted down its own work on what is recorded when it is done. */
  | { value: T; unaudited: "no-op" | "bookkeeping" };

/** What is done inside the change door. */
export type Work<T> = (tx: EntityManager) => Promise<Change<T>>;

/** Names every member of what the work answers. */
export type OnceWith<T> = Once<NoInfer<keyof T & string>> | undefined;

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

export interface Doors extends ReadDoor {
  /**
   * Of the tenants that a product's service asks about, at most 100, what a product may know: for it no others exist, and no keys,
   * identity providers or events. To everybody else this is the read door as it always is.
   */
  about(tenantIds: readonly string[]): ReadDoor;
  /** Narrow to one tenant, the only place where changes are possible. A tenant's caller can only name its own: NOT_FOUND. */
  within(tenantId: string | null | undefined): Home;
}

export interface ReadDoor {
  /** One read-only statement in the caller's scope. Row policies decide which rows exist for it. */
  read<Row>(statement: Sql): Promise<Row[]>;
}

/** One tenant, as a place to change things in. */
export interface Home {
  readonly tenantId: string;
  /**
   * A writable transaction in this tenant that cannot be left without its audit events. With `once` its work is done once: whoever
   * repeats it gets the first answer, also in a tenant that has become read-only since, because nothing is changed by it.
   */
  change<T>(action: ChangeAction, work: Work<T>, once?: OnceWith<T>): Promise<T>;
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
      return read(house, visit, statement, () => scopeOf(house, visit, signedIn(visit.principal).tenantId, "on"));
    },
    about(tenantIds) {
      return {
        read(statement) {
          refuseInside();
          return read(house, visit, statement, () => scopeAbout(house, visit, tenantIds));
        },
      };
    },
    within(tenantId) {
      const home = homeOf(visit, tenantId);
      return {
        tenantId: home,
        async change(action, work, once) {
          refuseInside();
          changing = true;
          return change(house, visit, { action, tenantId: home }, work, once).finally(() => (changing = false));
        },
      };
    },
  };
}

async function read<Row>(house: House, visit: Visit, statement: Sql, scope: () => ScopeValues): Promise<Row[]> {
  signedIn(visit.principal);
  return readScoped(house, scope, statement);
}

async function change<T>(house: House, visit: Visit, { action, tenantId }: Pick<ChangeScope, "action" | "tenantId">, work: Work<T>, once: OnceWith<T>): Promise<T> {
  const scope: ChangeScope = { action, tenantId, principal: signedIn(visit.principal), origin: visit.origin };
  refuseWhenFull(poolOf(house.dataSource), house.limits.maxWaiting);
  const runner = house.dataSource.createQueryRunner();
  let broken: unknown;
  try {
    await runner.connect();
    await runner.startTransaction();
    await runner.query(SCOPE_SQL, [...scopeOf(house, visit, tenantId, "off")]);
    const before = once && (await answerBefore<T>(runner.manager, scope, once));
    const { value } = before ?? (await perform(house, runner.manager, scope, work, once));
    timeLeft(visit); // Nobody waits any more for what would be committed now.
    await runner.commitTransaction();
    visit.committed();
    return value;
  } catch (thrown) {
    broken = breaksConnection(thrown) && !(thrown instanceof Fault) ? thrown : undefined;
    if (runner.isTransactionActive && !broken) await runner.rollbackTransaction().catch((e: unknown) => (broken = e));
    if (broken) visit.committed();
    throw faultFromDatabase(thrown);
  } finally {
    await release(runner, broken);
  }
}

async function perform<T>(house: House, tx: EntityManager, scope: ChangeScope, work: Work<T>, once: OnceWith<T>): Promise<Change<T>> {
  await house.admit(tx, scope);
  const outcome = await work(tx);
  if ("audit" in outcome) await house.record(tx, scope, outcome.audit);
  if (once) await keepAnswer(tx, scope, once, outcome.value);
  return outcome;
}
