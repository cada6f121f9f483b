/** Owns how one job is run: as whom, for how long, and what is recorded of its outcome. Which job is next is `job.worker.ts`. */
import type { FastifyBaseLogger } from "fastify";
import type PgBoss from "pg-boss";
import { openDoors, type House } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import { EXPIRY_MARGIN_SECONDS, toInsert, type JobKind, type JobRequest } from "../kernel/jobs.js";
import { REGISTRY_ITSELF } from "../kernel/principal.js";
import { inQueue } from "../kernel/queue-door.js";
import { RequestContext, type Facilities } from "../kernel/request.js";
import type { JobHandlers } from "./job.handlers.js";
import { publicReason } from "./job.rules.js";

export interface JobParts {
  house: House;
  handlers: Partial<JobHandlers>;
  facilities: Facilities;
  now: () => Date;
  log: FastifyBaseLogger;
}

export type TakenJob = PgBoss.JobWithMetadata<{ tenantId?: string }>;

/** The library takes its options in this place only, although its types also offer the one before, where they would become the output. */
const NO_OUTPUT = null as unknown as object;

/** What has become of a job. */
export interface RanJob {
  id: string;
  kind: JobKind;
  tenantId: string | null;
  outcome: "done" | "retrying" | "failed";
}

/**
 * Run a job that was taken from the queue, and record there how it ended.
 *
 * Its handler gets no connection and no time beyond its budget, nor after `cutOff`; what it then still does in memory changes nothing.
 * Failures  those of the database while the outcome is recorded: the job then expires, and is run again.
 */
export async function runJob(parts: JobParts, queue: PgBoss, job: TakenJob, cutOff: AbortSignal): Promise<RanJob> {
  const kind = job.name as JobKind;
  const tenantId = job.data?.tenantId ?? null;
  const ran = { id: job.id, kind, tenantId };
  const log = parts.log.child({ requestId: `job-${job.id}`, job: kind, tenant: tenantId, attempt: job.retryCount + 1 });
  let followUps: readonly JobRequest[];
  try {
    followUps = (await handle(parts, job, log, cutOff)) ?? [];
  } catch (err) {
    const final = job.retryCount >= job.retryLimit;
    if (final) log.error({ err }, "a job has failed for good");
    else log.warn({ err }, "a job has failed and is tried again");
    await inQueue(parts.house, (db) => queue.fail(kind, job.id, publicReason(err), { db }));
    return { ...ran, outcome: final ? "failed" : "retrying" };
  }
  await inQueue(parts.house, async (db) => {
    await queue.complete(kind, job.id, NO_OUTPUT, { db });
    if (followUps.length > 0) await queue.insert(followUps.map(toInsert), { db });
  });
  log.debug("a job is done");
  return { ...ran, outcome: "done" };
}

async function handle(parts: JobParts, job: TakenJob, log: FastifyBaseLogger, cutOff: AbortSignal): Promise<void | readonly JobRequest[]> {
  const budgetMs = (job.expireInSeconds - EXPIRY_MARGIN_SECONDS) * 1_000;
  const overtime = new AbortController();
  const timer = setTimeout(() => overtime.abort(), budgetMs);
  const stop = () => overtime.abort();
  cutOff.addEventListener("abort", stop);
  const late = new Promise<never>((_, reject) => {
    overtime.signal.addEventListener("abort", () => reject(new Fault("DEADLINE_EXCEEDED", "The job took too long")));
  });
  const started = performance.now();
  const remainingMs = () => (overtime.signal.aborted ? 0 : budgetMs - (performance.now() - started));
  const handler = parts.handlers[job.name as JobKind] as (context: RequestContext, payload: object) => Promise<void | readonly JobRequest[]>;
  try {
    return await Promise.race([handler(contextFor(parts, `job-${job.id}`, log, remainingMs), job.data), late]);
  } finally {
    clearTimeout(timer);
    cutOff.removeEventListener("abort", stop);
  }
}

/** A request of the registry to itself. */
function contextFor({ house, facilities, now }: JobParts, requestId: string, log: FastifyBaseLogger, remainingMs: () => number): RequestContext {
  const context: RequestContext = new RequestContext(
    requestId,
    log,
    REGISTRY_ITSELF,
    openDoors(house, {
      principal: REGISTRY_ITSELF,
      origin: { requestId, sourceIp: null, userAgent: null },
      remainingMs,
      committed: () => context.forget(),
    }),
    now,
    facilities,
  );
  return context;
}
