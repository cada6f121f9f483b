/** Owns the question what others notice while a new process gets to know every key: a plain query at a fixed rate, alone and meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import { OURS } from "../contenders/contender.js";
import type { SweepResult } from "../load/job.js";
import { expectedAnswers, verifiedRequests } from "../load/questions.js";
import { steadily, type SteadyResult } from "../load/steady.js";
import type { Options } from "../options.js";
import type { Bar } from "../report/bars.js";
import { ratio, spread } from "../report/statistics.js";
import { spreadText, table } from "../report/table.js";
import { warmUp } from "../rounds.js";
import { say, type Stage } from "../stage.js";
import { goodRequests } from "../workloads/keys/once.js";
import { plainQuery } from "../workloads/verdicts/plain-query.js";
import type { BenchKey } from "../world/key-set.js";
import { hearing } from "./live.js";

const PER_SECOND = 200;
/** What is alone is measured for so many times as long as others, because a 99th percentile needs its thousand answers. */
const ALONE_TIMES = 2;
const WANTED = 3;

export interface ColdRound {
  alone: SteadyResult;
  meanwhile: SteadyResult;
  keys: SweepResult;
}

export async function cold(stage: Stage, { rounds, seconds, connections }: Options, planted: readonly BenchKey[]): Promise<ColdRound[]> {
  const requests = await goodRequests(planted, stage.database, stage.headersOf);
  const expected = await expectedAnswers(stage.database, plainQuery);
  const result: ColdRound[] = [];
  for (let round = 0; round < rounds; round++) {
    const ours = await stage.start(OURS);
    if (!ours) throw new Error("our own service cannot run here");
    await hearing(ours, stage.headersOf);
    const plain = await verifiedRequests(ours, plainQuery, expected, stage.headersOf);
    await warmUp(stage, { ports: [ours.port], connections, requests: plain });
    const steady = { port: ours.port, requests: plain, perSecond: PER_SECOND };
    const alone = await steadily({ ...steady, until: sleep(seconds * ALONE_TIMES * 1_000) });
    const sweeping = stage.load.sweep({ port: ours.port, connections, requests, patient: true });
    const [meanwhile, keys] = await Promise.all([steadily({ ...steady, until: sweeping }), sweeping]);
    if (keys.answers !== requests.length) throw new Error(`${keys.answers} of ${requests.length} keys were verified`);
    await ours.stop();
    say(`cold round ${round + 1}/${rounds}: p99 ${alone.p99Ms.toFixed(1)} ms alone, ${meanwhile.p99Ms.toFixed(1)} ms meanwhile, all keys after ${keys.seconds.toFixed(1)} s`);
    result.push({ alone, meanwhile, keys });
  }
  return result;
}

const toAlone = (rounds: readonly ColdRound[], of: (one: SteadyResult) => number) => ratio(rounds.map(({ meanwhile }) => of(meanwhile)), rounds.map(({ alone }) => of(alone)));

export function coldBars(rounds: readonly ColdRound[]): Bar[] {
  const measured = toAlone(rounds, (one) => one.p99Ms);
  return [{ bar: "p99 of a plain query meanwhile to its p99 alone", workload: "cold", wanted: `≤ ${WANTED}`, measured, met: measured.median <= WANTED }];
}

export function refusalsOf({ refusals }: SweepResult): number {
  return Object.values(refusals).reduce((sum, one) => sum + one, 0);
}

export function coldSection(rounds: readonly ColdRound[], { connections }: Options): string {
  const [first] = rounds;
  const line = (name: string, of: (one: SteadyResult) => number) => [
    name,
    spreadText(spread(rounds.map(({ alone }) => of(alone))), 1),
    spreadText(spread(rounds.map(({ meanwhile }) => of(meanwhile))), 1),
    spreadText(toAlone(rounds, of)),
  ];
  const keys = (of: (one: SweepResult) => number, digits: number) => spreadText(spread(rounds.map((one) => of(one.keys))), digits);
  return [
    `### Keys that are not known yet (cold)\n\nIn a new process, ${first?.keys.answers} different keys once each over ${connections} connections, ` +
      `beside ${PER_SECOND} plain queries a second (${plainQuery.title}).`,
    table(["the plain query", "alone", "meanwhile", "ratio"], [line("p50 ms", (one) => one.p50Ms), line("p99 ms", (one) => one.p99Ms)]),
    table(
      ["the keys", ""],
      [
        ["all of them, seconds", keys((one) => one.seconds, 1)],
        ["a second", keys((one) => one.answers / one.seconds, 0)],
        ["p50 ms", keys((one) => one.p50Ms, 1)],
        ["p99 ms", keys((one) => one.p99Ms, 1)],
        ["refused as busy, and asked again when the refusal said", keys(refusalsOf, 0)],
      ],
    ),
  ].join("\n\n");
}
