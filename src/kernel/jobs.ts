/** Owns the closed list of jobs, how each is retried, and how a change asks for one. Who runs them is the job room's business. */
import PgBoss from "pg-boss";
import type { EntityManager } from "typeorm";

/** What each kind of job is told. One with a `tenantId` is that tenant's; the others are the platform's and run by the clock. */
export interface JobPayloads {
  /** Move the tenant's stored state to what is already true. */
  "tenant.advance": { tenantId: string };
  /** Run the tenant's Keycloak steps that are due. */
  "tenant.provision": { tenantId: string };
  /** Find the tenants and entitlements whose deadline has passed. */
  "deadlines.sweep": Nothing;
  /** Find the tenants whose Keycloak steps are due. */
  "provisioning.sweep": Nothing;
  /** Put the demo tenant back to its golden snapshot. */
  "demo.reset": Nothing;
  /** Forget the idempotency keys that nobody will repeat. */
  "idempotency.prune": Nothing;
  /** Forget the days of use of API keys that are too long ago. */
  "api_key_usage.prune": Nothing;
  /** Forget the days of tenants' use of the registry that are too long ago. */
  "tenant_usage.prune": Nothing;
}

type Nothing = Record<string, never>;

export type JobKind = keyof JobPayloads;

/** Kinds that a change may ask for. */
export type TenantJobKind = { [K in JobKind]: JobPayloads[K] extends { tenantId: string } ? K : never }[JobKind];

/** Kinds that run by the clock. */
export type PlatformJobKind = Exclude<JobKind, TenantJobKind>;

/** A job that is asked for. `startAfter` is compared with the database's clock. */
export type JobRequest = { [K in TenantJobKind]: { kind: K; payload: JobPayloads[K]; startAfter?: Date } }[TenantJobKind];

export interface JobPolicy {
  /** How often a job is tried before it has failed for good. */
  attempts: number;
  /** The wait before the second attempt; it doubles with each further one, and up to as much again is added by chance. */
  firstRetrySeconds: number;
  /** After this time the doors refuse the handler, and another instance may try. */
  budgetSeconds: number;
}

/** When a kind of job that runs by the clock is due, in UTC. */
export interface Schedule {
  everySeconds: number;
  /** From midnight, or from the full hour or minute. */
  offsetSeconds: number;
  /** How long after that time it is still worth while when no instance was there to do it. */
  lateSeconds: number;
}

/** A sweep that fails is soon due again by itself, and needs few attempts. */
const SWEEP: JobPolicy = { attempts: 3, firstRetrySeconds: 20, budgetSeconds: 50 };
const EVERY_MINUTE: Schedule = { everySeconds: 60, offsetSeconds: 0, lateSeconds: 60 };

export const JOB_KINDS: { readonly [K in JobKind]: JobPolicy & (K extends PlatformJobKind ? { schedule: Schedule } : unknown) } = {
  "tenant.advance": { attempts: 6, firstRetrySeconds: 5, budgetSeconds: 30 },
  "tenant.provision": { attempts: 10, firstRetrySeconds: 5, budgetSeconds: 60 },
  "deadlines.sweep": { ...SWEEP, schedule: EVERY_MINUTE },
  "provisioning.sweep": { ...SWEEP, schedule: EVERY_MINUTE },
  "demo.reset": { attempts: 5, firstRetrySeconds: 30, budgetSeconds: 120, schedule: { everySeconds: 86_400, offsetSeconds: 3 * 3_600, lateSeconds: 3_600 } },
  "idempotency.prune": { ...SWEEP, schedule: { everySeconds: 3_600, offsetSeconds: 0, lateSeconds: 3_600 } },
  "api_key_usage.prune": { ...SWEEP, schedule: { everySeconds: 86_400, offsetSeconds: 4 * 3_600, lateSeconds: 86_400 } },
  "tenant_usage.prune": { ...SWEEP, schedule: { everySeconds: 86_400, offsetSeconds: 4 * 3_600 + 600, lateSeconds: 86_400 } },
};

/** How long a finished job can be looked at, and one that failed for good. */
const KEEP_DONE_SECONDS = 86_400;
const KEEP_FAILED_SECONDS = 90 * 86_400;

/** The queue library over `db`. It is never started: its statements are what we want of it, and its loops would end the process on a lost connection. */
export function openQueue(db: PgBoss.Db): PgBoss {
  return new PgBoss({
    db,
    retentionDays: 365,
    archiveCompletedAfterSeconds: KEEP_DONE_SECONDS,
    archiveFailedAfterSeconds: KEEP_FAILED_SECONDS,
    deleteAfterDays: 1,
  });
}

const queue = openQueue({ executeSql: () => Promise.reject(new Error("a change's job goes through the change's own transaction")) });

/**
 * Ask for a job in the transaction of the change that needs it: there is a job if and only if the change is committed.
 *
 * Ask last: another change of the same tenant that asks for the same waits until this one is committed, and its job is this one's,
 * which nobody begins before both are. A handler is told no more than whose turn it is: it looks for itself what is due, and finds
 * nothing to do when it is called twice, too early or too late.
 */
export async function enqueue<K extends TenantJobKind>(tx: EntityManager, kind: K, payload: JobPayloads[K], { startAfter }: { startAfter?: Date } = {}): Promise<void> {
  const db: PgBoss.Db = { executeSql: async (text, values) => ({ rows: await tx.query(text, values) }) };
  const singletonKey = onceKey(payload.tenantId, startAfter);
  for (let attempt = 0; attempt < ENQUEUE_ATTEMPTS; attempt++) {
    const added = await queue.send(kind, payload, { ...sending(kind), startAfter, singletonKey, db });
    if (added !== null) return;
    const waiting = await tx.query<unknown[]>(HOLD_WAITING, [kind, singletonKey]);
    if (waiting.length > 0) return;
  }
  throw new Error(`the database has no queue for ${kind}, or it is emptied faster than it is filled`);
}

/** A job that was begun between our two statements is no longer the one that waits; then there is room for the new one. */
const ENQUEUE_ATTEMPTS = 3;
const HOLD_WAITING = "select id from pgboss.job where name = $1 and singleton_key = $2 and state = 'created' for share";

/** A budget that is used up and a commit that is still under way must be over before anybody else begins. */
export const EXPIRY_MARGIN_SECONDS = 15;

/** A job for later never stands in for one that is asked for now. */
function onceKey(tenantId: string, startAfter: Date | undefined): string {
  return startAfter ? `${tenantId} ${startAfter.toISOString()}` : tenantId;
}

/** A request as the library takes many at once; one for which there already waits a job is passed over. */
export function toInsert({ kind, payload, startAfter }: JobRequest): PgBoss.JobInsert {
  return { name: kind, data: payload, startAfter, singletonKey: onceKey(payload.tenantId, startAfter), ...sending(kind) };
}

/** What the library is told of a kind. */
export function sending(kind: JobKind): PgBoss.ExpirationOptions & PgBoss.RetryOptions {
  const { attempts, firstRetrySeconds, budgetSeconds } = JOB_KINDS[kind];
  return { retryLimit: attempts - 1, retryDelay: firstRetrySeconds, retryBackoff: true, expireInSeconds: budgetSeconds + EXPIRY_MARGIN_SECONDS };
}
