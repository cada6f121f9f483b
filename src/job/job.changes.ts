/** Owns how people change jobs. Everything else about a job's state is the queue's doing. */
import { Fault, notFound } from "../kernel/fault.js";
import type { RequestContext } from "../kernel/request.js";
import { JobState, type Job } from "./job.entity.js";
import type { RetryJobInput, RetryJobPayload } from "./job.inputs.js";
import { JOB_COLUMNS, jobReads } from "./job.reads.js";

/** Held, so that of two people one retries and the other finds it done. */
const FIND = `select ${JOB_COLUMNS.text} from pgboss.job j where j.name = $1 and j.id = $2 for no key update`;

/** Not the library's own retry: that keeps the time of the failure, by which a job that waits again is put away as one that ended long ago. */
const RETRY = `
  update pgboss.job j set state = 'retry', retry_limit = retry_count + 1, start_after = now(), completed_on = null, keep_until = now() + interval '365 days'
  where j.name = $1 and j.id = $2 returning ${JOB_COLUMNS.text}`;

/**
 * Try a job once more that has failed for good; nothing changes when that is already asked for.
 *
 * Faults  NOT_FOUND; FAILED_PRECONDITION for the platform's own jobs, which come again by themselves, and in any other state.
 * Audit   `job.retry` in the job's tenant, target = the job, with its kind and what had gone wrong.
 */
export async function retryJob({ doors, reads }: RequestContext, { id }: RetryJobInput): Promise<RetryJobPayload> {
  const seen = await reads(jobReads).byId.load(id);
  if (!seen) throw notFound("Job");
  if (seen.tenantId === null) throw new Fault("FAILED_PRECONDITION", "This job is no tenant's: it comes again by itself when it is time");
  return doors.within(seen.tenantId).change("job.retry", async (tx) => {
    const [job] = await tx.query<Job[]>(FIND, [seen.kind, seen.id]);
    if (!job) throw notFound("Job");
    if (job.state === JobState.RETRYING) return { value: { job }, unaudited: "no-op" };
    if (job.state !== JobState.FAILED) throw new Fault("FAILED_PRECONDITION", "Only a job that has failed for good can be retried");
    const [[retried]] = await tx.query<[[Job], number]>(RETRY, [seen.kind, seen.id]);
    return { value: { job: retried }, audit: [{ target: { type: "job", id: job.id, name: job.kind }, metadata: { attempts: job.attempts, lastError: job.lastError } }] };
  });
}
