/** Owns who runs jobs and when: taking what is due from the queue, adding what the clock asks for, and ending in time. How one is run is `job.run.ts`. */
import { JOB_KINDS, openQueue, sending, type JobKind, type PlatformJobKind } from "../kernel/jobs.js";
import { inQueue } from "../kernel/queue-door.js";
import { openRest, type Rest } from "./job.rest.js";
import { dueTime, scheduledId } from "./job.rules.js";
import { runJob, type JobParts, type RanJob, type TakenJob } from "./job.run.js";

/** How often the queue is asked; a job begins at most this long after it is due. */
const POLL_MS = 1_000;
/** How often jobs are looked for whose instance is gone. */
const MAINTAIN_MS = 30_000;

export interface WorkerParts extends JobParts {
  /** Jobs that this instance runs at the same time, each of another kind. */
  atOnce: number;
  /** How long jobs may go on after {@link Jobs.stop}; then the doors refuse them, and they are tried again elsewhere. */
  graceMs: number;
}

export interface Jobs {
  /** Run jobs from now on, as they fall due. */
  start(): void;
  /** Take no further job; resolves when those under way have ended. */
  stop(): Promise<void>;
  /** Run what is due, one after another, until nothing is; tells what has become of each. */
  drain(): Promise<RanJob[]>;
  /** Add what the clock asks for, take back what nobody works on any more, and put away what ended long ago. */
  tend(): Promise<void>;
}

const DUE = `
  select name from pgboss.job where name = any($1) and state < 'active' and start_after < now()
  group by name order by min(start_after)`;
const UNFINISHED = "select from pgboss.job where name = $1 and state < 'completed' limit 1";

export function openJobs(parts: WorkerParts): Jobs {
  const { house, handlers, now, log } = parts;
  const queue = openQueue({ executeSql: (text, values) => inQueue(house, (db) => db.executeSql(text, values)) });
  // An instance leaves alone what only a newer one knows how to do.
  const kinds = Object.keys(handlers) as JobKind[];
  const added = new Map<PlatformJobKind, number>();
  /** One of a kind: what hangs because something outside does, hangs alone. */
  const underWay = new Map<JobKind, Promise<unknown>>();
  const idle = openRest();
  const rests: Rest[] = [];
  const loops: Promise<void>[] = [];
  const cutOff = new AbortController();
  let stopping = false;
  let reachable = true;

  function take(wanted: readonly JobKind[]): Promise<TakenJob | undefined> {
    return inQueue(house, async (db) => {
      const { rows } = await db.executeSql(DUE, [wanted]);
      for (const { name } of rows as { name: JobKind }[]) {
        const [job] = await queue.fetch<{ tenantId?: string }>(name, { includeMetadata: true, db });
        if (job) return job;
      }
      return undefined;
    });
  }

  /** Begin what is due, if there is room for it; true when there may be more. */
  async function begin(): Promise<boolean> {
    const job = underWay.size < parts.atOnce ? await take(kinds.filter((kind) => !underWay.has(kind))) : undefined;
    if (!job) return false;
    const kind = job.name as JobKind;
    const run = runJob(parts, queue, job, cutOff.signal).then(reached, notReached);
    underWay.set(kind, run.finally(() => {
      underWay.delete(kind);
      idle.cutShort();
    }));
    return true;
  }

  /** A kind that is still at an earlier time's work gets no more of it. */
  async function schedule(): Promise<void> {
    for (const kind of kinds) {
      const due = isScheduled(kind) ? dueTime(JOB_KINDS[kind].schedule, now()) : null;
      if (!isScheduled(kind) || due === null || added.get(kind) === due.getTime()) continue;
      await inQueue(house, async (db) => {
        const { rows } = await db.executeSql(UNFINISHED, [kind]);
        if (rows.length > 0) return;
        await queue.send(kind, {}, { ...sending(kind), id: scheduledId(kind, due), db });
        added.set(kind, due.getTime());
      });
    }
  }

  const maintain = () => queue.maintain().then(() => undefined);

  /** Until {@link Jobs.stop}: `step` again at once while it says that there is more, else after a while. */
  async function repeat(step: () => Promise<unknown>, everyMs: number, rest = openRest()): Promise<void> {
    rests.push(rest);
    while (!stopping) {
      const more = await step().then(reached, notReached);
      if (!more) await rest.for(everyMs);
    }
  }

  function reached(more: unknown): unknown {
    if (!reachable) log.info("the queue of jobs works again");
    reachable = true;
    return more;
  }

  function notReached(err: unknown): void {
    if (reachable) log.error({ err }, "the queue of jobs does not work; it is asked again until it does");
    reachable = false;
  }

  return {
    start() {
      loops.push(repeat(begin, POLL_MS, idle), repeat(schedule, POLL_MS), repeat(maintain, MAINTAIN_MS));
    },
    async stop() {
      stopping = true;
      for (const rest of rests) rest.cutShort();
      const timer = setTimeout(() => cutOff.abort(), parts.graceMs);
      await Promise.all(loops);
      await Promise.all(underWay.values());
      clearTimeout(timer);
    },
    async drain() {
      const ran: RanJob[] = [];
      for (let job = await take(kinds); job; job = await take(kinds)) ran.push(await runJob(parts, queue, job, cutOff.signal));
      return ran;
    },
    async tend() {
      await schedule();
      await maintain();
    },
  };
}

function isScheduled(kind: JobKind): kind is PlatformJobKind {
  return "schedule" in JOB_KINDS[kind];
}
