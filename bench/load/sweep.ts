/** Owns the load that asks everything once: with few connections as fast as they allow, with as many as requests all at the same instant. */
import { setTimeout as sleep } from "node:timers/promises";
import { agrees, prepare, succeeded, wrongAnswer, type Answer, type Prepared } from "./connection.js";
import type { Sweep, SweepResult } from "./job.js";
import { openLines, type Line } from "./line.js";
import { percentiles } from "./percentiles.js";

/** A service that has been busy so many times for one request is stuck. */
const MAX_REFUSALS = 60;

/** Begins when `opened` has resolved. Rejects at the first answer that is neither the right one nor a refusal for being busy. */
export async function sweep({ port, connections, requests, patient }: Sweep, opened: () => Promise<void>): Promise<SweepResult> {
  const prepared = requests.map((request) => prepare(request, port));
  const lines = await openLines(port, connections);
  await opened();
  const latencies: number[] = [];
  const refusals: Record<string, number> = {};
  let next = 0;

  async function settle(line: Line, { parts, expected }: Prepared): Promise<void> {
    const request = Buffer.concat(parts);
    const askedAt = performance.now();
    for (let refused = 0; refused < MAX_REFUSALS; refused++) {
      const answer = await line.ask(request);
      const refusal = refusalIn(answer);
      if (refusal === null) {
        if (!succeeded(answer) || !expected || !agrees(answer.body, expected)) throw wrongAnswer(answer);
        return void latencies.push(performance.now() - askedAt);
      }
      refusals[refusal.because] = (refusals[refusal.because] ?? 0) + 1;
      if (!patient) return;
      await sleep(refusal.seconds * 1_000);
    }
    throw new Error(`the service was busy ${MAX_REFUSALS} times for one request`);
  }

  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  try {
    await Promise.all(
      lines.map(async (line) => {
        for (let mine = prepared[next++]; mine; mine = prepared[next++]) await settle(line, mine);
      }),
    );
  } finally {
    for (const line of lines) line.close();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { answers: latencies.length, seconds, ...percentiles(latencies), refusals, generatorCpuSeconds: (user + system) / 1e6 };
}

/** What a busy service says, and after how many seconds it wants to be asked again; null when this is another answer. */
function refusalIn({ head, body }: Answer): { because: string; seconds: number } | null {
  const seconds = /\r\nretry-after: *(\d+)/i.exec(head)?.[1];
  if (!head.startsWith("HTTP/1.1 503") || seconds === undefined) return null;
  const { errors = [] } = JSON.parse(body.toString()) as { errors?: { message: string; extensions: { code: string; retryable?: boolean } }[] };
  const [first] = errors;
  const busy = errors.every(({ extensions: { code, retryable } }) => code === "UNAVAILABLE" && retryable === true);
  return first && busy ? { because: first.message, seconds: Number(seconds) } : null;
}
