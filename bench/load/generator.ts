/** Owns the load generator's process: takes a job, keeps its connections busy for its time, reports what was seen. */
import { randomBytes } from "node:crypto";
import { FRESH_SLUG } from "../workloads/workload.js";
import { converse, prepare } from "./connection.js";
import { BEGIN, type Job, type LoadResult, type Sweep } from "./job.js";
import { percentiles } from "./percentiles.js";
import { sweep } from "./sweep.js";

const run = randomBytes(4).toString("hex");
let changes = 0;

/** Unique over the whole run, and as long as what it replaces. */
function freshSlug(): string {
  return `b-${run}-${String(changes++).padStart(FRESH_SLUG.length - run.length - 3, "0")}`;
}

async function perform({ ports, connections, seconds, requests }: Job): Promise<LoadResult> {
  const prepared = ports.map((port) => requests.map((request) => prepare(request, port)));
  const latencies: number[] = [];
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  await Promise.all(
    Array.from({ length: connections }, (_, i) => {
      const at = i % ports.length;
      const start = Math.floor((i * requests.length) / connections);
      return converse(ports[at] as number, start, { latencies, requests: prepared[at] ?? [], freshSlug, more: () => performance.now() < until });
    }),
  );
  const elapsed = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { answers: latencies.length, seconds: elapsed, ...percentiles(latencies), generatorCpuSeconds: (user + system) / 1e6 };
}

/** Resolves when the other side knows that the connections are open. */
function told(): Promise<void> {
  return new Promise((resolve) => {
    process.once("message", () => resolve());
    process.send?.({ isOpen: true });
  });
}

process.on("message", (job: Job | Sweep | typeof BEGIN) => {
  if (job === BEGIN) return;
  ("patient" in job ? sweep(job, told) : perform(job)).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ problem: error.message }),
  );
});
