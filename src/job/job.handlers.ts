/** Owns what a job's handler is. Which handler does which kind is said in `src/job-handlers.ts`. */
import type { JobKind, JobPayloads, JobRequest } from "../kernel/jobs.js";
import type { RequestContext } from "../kernel/request.js";

/**
 * Does one job, as the registry itself. It looks for itself what is due, for a job may be run twice, late, or for what has been done
 * meanwhile. What throws is tried again. Jobs that it returns are added to the queue in the transaction that ends this one.
 */
export type JobHandler<K extends JobKind> = (context: RequestContext, payload: JobPayloads[K]) => Promise<void | readonly JobRequest[]>;

export type JobHandlers = { readonly [K in JobKind]: JobHandler<K> };
