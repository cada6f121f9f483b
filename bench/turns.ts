/** Owns how questions to our service alone are compared: answers checked, statements counted, and then, round by round, each in its turn. */
import type { RunningContender } from "./contenders/process.js";
import type { LoadRequest } from "./load/job.js";
import { expectedAnswers, verifiedRequests } from "./load/questions.js";
import type { Options } from "./options.js";
import { rotated, warmUp } from "./rounds.js";
import { measure, say, type Measurement, type Stage } from "./stage.js";
import type { Workload } from "./workloads/workload.js";

export interface QuestionRow {
  question: string;
  title: string;
  /** Null where the server does not count them. */
  statements: number | null;
  rounds: Measurement[];
}

export interface Turns {
  stage: Stage;
  ours: RunningContender;
  workloads: readonly Workload[];
  options: Options;
  /** How many statements one of these requests takes; null where nobody counts them. */
  statementsOf(requests: readonly LoadRequest[]): Promise<number | null>;
  /** More of them end the run. */
  maxStatements: number;
}

/** Statements are counted before anything is timed, and never again. */
export async function takeTurns({ stage, ours, workloads, options: { rounds, seconds, connections }, statementsOf, maxStatements }: Turns): Promise<QuestionRow[]> {
  const entrants: { row: QuestionRow; requests: LoadRequest[] }[] = [];
  for (const workload of workloads) {
    say(`checking the answers to ${workload.id}`);
    const requests = await verifiedRequests(ours, workload, await expectedAnswers(stage.database, workload), stage.headersOf);
    const statements = await statementsOf(requests);
    if (statements !== null && statements > maxStatements) throw new Error(`${workload.title} takes ${statements} statements, which must be at most ${maxStatements}`);
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
  return entrants.map(({ row }) => row);
}
