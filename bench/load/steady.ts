/** Owns the load of a fixed rate: what somebody who wants nothing special notices of what others do at the same time. */
import { agrees, prepare, succeeded, wrongAnswer, type Prepared } from "./connection.js";
import type { LoadRequest } from "./job.js";
import { openLines, type Line } from "./line.js";
import { percentiles } from "./percentiles.js";

/** Far more than are under way at once while the service keeps up. */
const CONNECTIONS = 64;

export interface SteadyResult {
  answers: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
}

/**
 * Ask in turn, so many times a second whatever the answers take, until `until` is settled and the last answer has come. A request
 * that finds no free connection waits for one, and that counts as time to its answer. Rejects at the first wrong answer.
 */
export async function steadily(job: { port: number; requests: LoadRequest[]; perSecond: number; until: Promise<unknown> }): Promise<SteadyResult> {
  const { port, perSecond, until } = job;
  const prepared = job.requests.map((request) => prepare(request, port));
  const lines = await openLines(port, CONNECTIONS);
  const free = [...lines];
  const waiting: ((line: Line) => void)[] = [];
  const latencies: number[] = [];
  const under: Promise<void>[] = [];
  let ended = false;
  const settled = () => void (ended = true);
  until.then(settled, settled);

  async function ask({ parts, expected }: Prepared): Promise<void> {
    const askedAt = performance.now();
    // The one that has rested longest: the service hangs up on those that rest for long.
    const line = free.shift() ?? (await new Promise<Line>((resolve) => waiting.push(resolve)));
    const answer = await line.ask(Buffer.concat(parts));
    latencies.push(performance.now() - askedAt);
    const next = waiting.shift();
    if (next) next(line);
    else free.push(line);
    if (!succeeded(answer) || !expected || !agrees(answer.body, expected)) throw wrongAnswer(answer);
  }

  const startedAt = performance.now();
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setInterval(() => {
        const due = ended ? 0 : Math.floor(((performance.now() - startedAt) / 1_000) * perSecond) - under.length;
        for (let i = 0; i < due; i++) {
          const asking = ask(prepared[under.length % prepared.length] as Prepared);
          under.push(asking);
          asking.catch((problem: unknown) => (clearInterval(timer), reject(problem)));
        }
        if (ended) resolve(clearInterval(timer));
      }, 1);
    });
    await Promise.all(under);
  } finally {
    for (const line of lines) line.close();
  }
  return { answers: latencies.length, seconds: (performance.now() - startedAt) / 1_000, ...percentiles(latencies) };
}
