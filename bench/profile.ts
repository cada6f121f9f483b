/** Owns the question where our time goes: (a) and (b), or the chosen workloads, under a CPU profile, summarised by package and function. */
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { OURS, takesPart } from "./contenders/contender.js";
import { expectedAnswers, verifiedRequests } from "./load/questions.js";
import type { Options } from "./options.js";
import { summarise, type ProfileSummary } from "./report/profile-summary.js";
import { describe, table } from "./report/table.js";
import { openStage } from "./stage.js";
import { WORKLOADS } from "./workloads/index.js";

const DIRECTORY = "bench/results/profiles";
const SHOWN_PACKAGES = 16;
const SHOWN_FUNCTIONS = 40;
const PROFILED_UNLESS_CHOSEN = ["a", "b"];

export interface ProfileResult extends ProfileSummary {
  workload: string;
  perSecond: number;
  /** For chrome://inspect or any viewer of .cpuprofile files. */
  file: string;
}

export async function profile(options: Options): Promise<{ result: ProfileResult[]; markdown: string }> {
  const stage = await openStage(options);
  try {
    const chosen = options.workloads.length === WORKLOADS.length ? PROFILED_UNLESS_CHOSEN : options.workloads;
    const result: ProfileResult[] = [];
    for (const workload of WORKLOADS.filter((one) => chosen.includes(one.id) && takesPart(OURS, one))) {
      const directory = `${DIRECTORY}/${workload.id}`;
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory, { recursive: true });
      const ours = await stage.start(OURS, ["--cpu-prof", `--cpu-prof-dir=${directory}`, "--cpu-prof-interval=250"]);
      if (!ours) throw new Error("our own service cannot run here");
      const requests = await verifiedRequests(ours, workload, await expectedAnswers(stage.database, workload), stage.headersOf);
      const job = { ports: [ours.port], connections: options.connections, requests };
      await stage.load.run({ ...job, seconds: 3 });
      const from = nowUs();
      const { answers, seconds } = await stage.load.run({ ...job, seconds: options.seconds });
      const to = nowUs();
      await ours.stop();
      const [name = ""] = await readdir(directory);
      const file = `${directory}/${name}`;
      const summary = summarise(JSON.parse(await readFile(file, "utf8")) as Parameters<typeof summarise>[0], from, to);
      result.push({ workload: workload.id, perSecond: answers / seconds, file, ...summary });
    }
    return { result, markdown: `${describe(stage.machine)}\n\n${result.map(section).join("\n\n")}\n` };
  } finally {
    await stage.close();
  }
}

/** The clock that V8 stamps profiles with. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function section({ workload, packages, functions, idle, perSecond }: ProfileResult): string {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const lines = (list: [string, number][], shown: number) => list.slice(0, shown).map(([name, share]) => [name, percent(share)]);
  return [
    `### (${workload}) under the profiler: ${perSecond.toFixed(0)} req/s, ${percent(idle)} idle`,
    table(["package (self time)", "share of busy time"], lines(packages, SHOWN_PACKAGES)),
    table(["function (self time)", "share of busy time"], lines(functions, SHOWN_FUNCTIONS)),
  ].join("\n\n");
}
