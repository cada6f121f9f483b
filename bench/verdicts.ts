/** Owns the question what products and logins cost: checks and claims of ours beside a plain query, round by round, every answer checked. */
import { OURS } from "./contenders/contender.js";
import type { LoadRequest } from "./load/job.js";
import { statementsPerRequest } from "./load/questions.js";
import type { Options } from "./options.js";
import { ratio, spread } from "./report/statistics.js";
import { describe, medianText, spreadText, table } from "./report/table.js";
import { openStage } from "./stage.js";
import { takeTurns, type QuestionRow } from "./turns.js";
import { VERDICT_WORKLOADS } from "./workloads/verdicts/index.js";

/** Of any of these questions, the largest batch included: a handful. */
const MAX_STATEMENTS = 5;

const HEAD = ["question", "to the plain query", "req/s", "p50 ms", "p99 ms", "Node CPU µs", "Postgres CPU µs", "statements"];

export async function verdicts(options: Options): Promise<{ result: QuestionRow[]; markdown: string }> {
  const [reference] = VERDICT_WORKLOADS;
  const stage = await openStage(options);
  try {
    const ours = await stage.start(OURS);
    if (!ours) throw new Error("our own service cannot run here");
    const chosen = VERDICT_WORKLOADS.filter((one) => one === reference || options.workloads.includes(one.id));
    const statementsOf = (requests: readonly LoadRequest[]) => statementsPerRequest(stage.database, ours, requests);
    const result = await takeTurns({ stage, ours, workloads: chosen, options, statementsOf, maxStatements: MAX_STATEMENTS });
    return { result, markdown: `${describe(stage.machine)}\n\n${summary(result, options)}\n` };
  } finally {
    await stage.close();
  }
}

function summary(rows: readonly QuestionRow[], { rounds, seconds, connections, logLevel }: Options): string {
  const perSecond = (row: QuestionRow | undefined) => row?.rounds.map((one) => one.perSecond) ?? [];
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
