/** Owns the question whether memory grows: minutes of mixed load, and the slope of what is resident. */
import { OURS, takesPart } from "./contenders/contender.js";
import type { RunningContender } from "./contenders/process.js";
import type { LoadRequest } from "./load/job.js";
import { expectedAnswers, verifiedRequests } from "./load/questions.js";
import type { Options } from "./options.js";
import { slope } from "./report/statistics.js";
import { describe, table } from "./report/table.js";
import { openStage, say, type Stage } from "./stage.js";
import { WORKLOADS } from "./workloads/index.js";

const SAMPLE_MS = 1_000;
/** Heap that is still finding its size in the first part of the run is not a leak. */
const SETTLING_SHARE = 0.4;
/** Growth over the rest of the run that still counts as flat, as a share of the mean. */
const FLAT = 0.05;

export interface MemoryResult {
  seconds: number;
  answers: number;
  megabytesPerMinute: number;
  /** Growth over the time after settling, as a share of the mean. */
  growth: number;
  flat: boolean;
  samples: [seconds: number, megabytes: number][];
}

export async function memory(options: Options): Promise<{ result: MemoryResult; markdown: string }> {
  const stage = await openStage(options);
  try {
    const ours = await stage.start(OURS);
    if (!ours) throw new Error("our own service cannot run here");
    const requests = await mixed(stage, ours, options);
    const startedAt = performance.now();
    const samples: MemoryResult["samples"] = [];
    const sampling = setInterval(() => samples.push([(performance.now() - startedAt) / 1_000, ours.residentMegabytes() ?? NaN]), SAMPLE_MS);
    say(`${options.seconds} s of mixed load`);
    const { answers } = await stage.load.run({ ports: [ours.port], connections: options.connections, seconds: options.seconds, requests });
    clearInterval(sampling);
    const settled = samples.filter(([seconds]) => seconds > options.seconds * SETTLING_SHARE);
    const perSecond = slope(settled);
    const mean = settled.reduce((sum, [, megabytes]) => sum + megabytes, 0) / settled.length;
    const growth = (perSecond * options.seconds * (1 - SETTLING_SHARE)) / mean;
    const result = { seconds: options.seconds, answers, megabytesPerMinute: perSecond * 60, growth, flat: growth < FLAT, samples };
    return { result, markdown: `${describe(stage.machine)}\n\n${summary(result)}\n` };
  } finally {
    await stage.close();
  }
}

async function mixed(stage: Stage, ours: RunningContender, options: Options): Promise<LoadRequest[]> {
  const lists: LoadRequest[][] = [];
  for (const workload of WORKLOADS.filter((one) => options.workloads.includes(one.id) && takesPart(OURS, one))) {
    lists.push(await verifiedRequests(ours, workload, await expectedAnswers(stage.database, workload), stage.headersOf));
  }
  const longest = Math.max(...lists.map((list) => list.length));
  return Array.from({ length: longest }, (_, i) => lists.map((list) => list[i % list.length] as LoadRequest)).flat();
}

function summary({ seconds, answers, megabytesPerMinute, growth, flat, samples }: MemoryResult): string {
  const every = Math.max(1, Math.floor(samples.length / 10));
  const shown = samples.filter((_, i) => i % every === 0);
  const lines = shown.map(([at, megabytes]) => [at.toFixed(0), megabytes.toFixed(0)]);
  return [
    `${answers} answers in ${seconds} s of mixed load. After the first ${SETTLING_SHARE * 100} %: ${megabytesPerMinute.toFixed(2)} MB a minute, ` +
      `${(growth * 100).toFixed(1)} % in all; ${flat ? "flat" : "**not flat**"} (below ${FLAT * 100} % is).`,
    table(["seconds", "RSS MB"], lines),
  ].join("\n\n");
}
