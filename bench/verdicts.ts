/** Owns the question what products and logins cost: checks and claims of ours beside a plain query, round by round, every answer checked. */
import { OURS } from "./contenders/contender.js";
import type { LoadRequest } from "./load/job.js";
import { expectedAnswers, statementsPerRequest, verifiedRequests } from "./load/questions.js";
import type { Options } from "./options.js";
import { ratio, spread } from "./report/statistics.js";
import { describe, medianText, spreadText, table } from "./report/table.js";
import { rotated, warmUp } from "./rounds.js";
import { measure, openStage, say, type Measurement } from "./stage.js";
import { VERDICT_WORKLOADS } from "./workloads/verdicts/index.js";

/** Of any of these questions, the largest batch included: a handful. */
const MAX_STATEMENTS = 5;

const HEAD = ["question", "to the plain query", "req/s", "p50 ms", "p99 ms", "Node CPU µs", "Postgres CPU µs", "statements"];

export interface VerdictRow {
  question: string;
  title: string;
  /** Null where the server does not count them. */
  statements: number | null;
  rounds: Measurement[];
}

export async function verdicts(options: Options): Promise<{ result: VerdictRow[]; markdown: string }> {
  const { rounds, seconds, connections } = options;
  const [reference] = VERDICT_WORKLOADS;
  const stage = await openStage(options);
  try {
    const ours = await stage.start(OURS);
    if (!ours) throw new Error("our own service cannot run here");
    const entrants: { row: VerdictRow; requests: LoadRequest[] }[] = [];
    for (const workload of VERDICT_WORKLOADS.filter((one) => one === reference || options.workloads.includes(one.id))) {
      say(`checking the answers to ${workload.id}`);
      const requests = await verifiedRequests(ours, workload, await expectedAnswers(stage.database, workload), stage.headersOf);
      const statements = await statementsPerRequest(stage.database, ours, requests);
      if (statements !== null && statements > MAX_STATEMENTS) throw new Error(`${workload.title} takes ${statements} statements, which must be at most ${MAX_STATEMENTS}`);
      entrants.push({ row: { question: workload.id, title: workload.title, statements, rounds: [] }, requests });
    }
    await stage.database.stopCounting();
    for (const { requests } of entrants) await warmUp(stage, { ports: [ours.port], connections, requests });
    for (let round = 0; round < rounds; round++) {
      for (const { row, requests } of rotated(entrants, round)) {
        const measured = await measure(stage, [ours], { connections, seconds, requests });
        row.rounds.push(measured);
        say(`${row.question} round ${round + 1}/${rounds}: ${measured.perSecond.toFixed(1)}/s`);
      }
    }
    const result = entrants.map(({ row }) => row);
    return { result, markdown: `${describe(stage.machine)}\n\n${summary(result, options)}\n` };
  } finally {
    await stage.close();
  }
}

function summary(rows: readonly VerdictRow[], { rounds, seconds, connections, logLevel }: Options): string {
  const perSecond = (row: VerdictRow | undefined) => row?.rounds.map((one) => one.perSecond) ?? [];
  const lines = rows.map((row, i) => [
    row.title,
    i === 0 ? "1" : spreadText(ratio(perSecond(row), perSecond(rows[0])), 3),
    spreadText(spread(perSecond(row)), 1),
    medianText(row.rounds.map((one) => one.p50Ms), 1),
    medianText(row.rounds.map((one) => one.p99Ms), 1),
    medianText(row.rounds.map((one) => one.nodeCpuUs)),
    medianText(row.rounds.map((one) => one.postgresCpuUs)),
    medianText([row.statements], 1),
  ]);
  return [
    `${rounds} rounds of ${seconds} s each, ${connections} connections, log level ${logLevel}; median over the rounds, [least – most]. ` +
      "Ratios are of throughput, round by round. CPU is for one request; statements are those of one request, the one that sets its scope included.",
    table(HEAD, lines),
  ].join("\n\n");
}
