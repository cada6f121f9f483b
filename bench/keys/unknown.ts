/** Owns the question what many well-formed keys that nobody has do to the process: each of them costs it as much as a good one. */
import { setTimeout as sleep } from "node:timers/promises";
import { OURS } from "../contenders/contender.js";
import { LOOKS_EVERY_MS, WATCHED, type LoopDelays } from "../contenders/watch.js";
import type { LoadRequest, SweepResult } from "../load/job.js";
import type { Options } from "../options.js";
import type { Bar } from "../report/bars.js";
import { spread } from "../report/statistics.js";
import { spreadText, table } from "../report/table.js";
import { say, type Stage } from "../stage.js";
import { typenameRequests, unknownRequests } from "../workloads/keys/once.js";
import { keysAt } from "../world/key-set.js";
import { refusalsOf } from "./cold.js";
import { hearing } from "./live.js";

/** At the same instant, on as many connections. */
const AT_ONCE = 2_000;
const WANTED_MS = 200;
/** Times that both are asked before, unmeasured, so that what is measured is not the compiler. */
const WARM_UPS = 2;

export interface UnknownRound {
  idle: LoopDelays;
  /** While as many ask for nothing: what so many requests do by themselves. */
  typename: LoopDelays;
  meanwhile: LoopDelays;
  keys: SweepResult;
}

export async function unknown(stage: Stage, { rounds, seconds }: Options): Promise<UnknownRound[]> {
  const ours = await stage.start(OURS, WATCHED);
  if (!ours) throw new Error("our own service cannot run here");
  await hearing(ours, stage.headersOf);
  let made = 0;
  /** Whatever held up the loop before the first request is forgotten. */
  const sweep = (requests: LoadRequest[]) => stage.load.sweep({ port: ours.port, connections: AT_ONCE, requests, patient: false }, ours.loopDelays);
  const askTypename = () => sweep(typenameRequests(keysAt(0, AT_ONCE, "unknown"), stage.headersOf));
  const askUnknown = () => sweep(unknownRequests(keysAt((made += AT_ONCE) - AT_ONCE, AT_ONCE, "unknown"), stage.headersOf));
  for (let i = 0; i < WARM_UPS; i++) {
    await askTypename();
    await askUnknown();
  }
  const result: UnknownRound[] = [];
  for (let round = 0; round < rounds; round++) {
    await ours.loopDelays();
    await sleep(seconds * 1_000);
    const idle = await ours.loopDelays();
    await askTypename();
    const typename = await ours.loopDelays();
    const keys = await askUnknown();
    const meanwhile = await ours.loopDelays();
    const refused = refusalsOf(keys);
    if (keys.answers + refused !== AT_ONCE) throw new Error(`${keys.answers} answers and ${refused} refusals to ${AT_ONCE} requests`);
    say(`unknown round ${round + 1}/${rounds}: event loop p99 ${meanwhile.p99Ms.toFixed(0)} ms, ${refused} refused`);
    result.push({ idle, typename, meanwhile, keys });
  }
  await ours.stop();
  return result;
}

/** As it is usually told, and as whoever comes at any moment has it. */
export function unknownBars(rounds: readonly UnknownRound[]): Bar[] {
  const bar = (name: string, of: (one: LoopDelays) => number) => {
    const measured = spread(rounds.map(({ meanwhile }) => of(meanwhile)));
    return { bar: name, workload: "unknown", wanted: `< ${WANTED_MS}`, measured, met: measured.median < WANTED_MS };
  };
  return [bar("p99 of the event loop's delay over all looks, ms", (one) => one.p99Ms), bar("p99 of the wait for the event loop over all moments, ms", (one) => one.waitP99Ms)];
}

export function unknownSection(rounds: readonly UnknownRound[]): string {
  const loop = (name: string, of: (one: LoopDelays) => number, digits = 1) => [
    name,
    ...(["idle", "typename", "meanwhile"] as const).map((when) => spreadText(spread(rounds.map((round) => of(round[when]))), digits)),
  ];
  const keys = (of: (one: SweepResult) => number, digits: number) => spreadText(spread(rounds.map((one) => of(one.keys))), digits);
  return [
    `### Keys that nobody has (unknown)\n\n${AT_ONCE} different well-formed keys at the same instant, on as many connections. Of the event loop: milliseconds from one look to the ` +
      `next inside the service's process, of which ${LOOKS_EVERY_MS} are meant to be there; from the first request to the last answer.`,
    table(
      ["the event loop", "idle", "as many { __typename }", "the keys"],
      [
        loop("p50 ms", (one) => one.p50Ms),
        loop("p99 ms", (one) => one.p99Ms),
        loop("max ms", (one) => one.maxMs),
        loop("looks", (one) => one.looks, 0),
        loop("p99 of the wait at any moment, ms", (one) => one.waitP99Ms),
      ],
    ),
    table(
      ["the keys", ""],
      [
        ["told that there is none", keys((one) => one.answers, 0)],
        ["refused as busy, at once and retryable", keys(refusalsOf, 0)],
        ["until the last answer, seconds", keys((one) => one.seconds, 2)],
      ],
    ),
  ].join("\n\n");
}
