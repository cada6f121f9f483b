/** Owns the question what a second process brings: one and two of ours under the same load, in turn. */
import { OURS } from "./contenders/contender.js";
import type { RunningContender } from "./contenders/process.js";
import { expectedAnswers, verifiedRequests } from "./load/questions.js";
import type { Options } from "./options.js";
import { ratio, spread, type Spread } from "./report/statistics.js";
import { describe, spreadText, table } from "./report/table.js";
import { measure, openStage, say, type Measurement } from "./stage.js";
import { WORKLOADS } from "./workloads/index.js";

export interface ScaleResult {
  workload: string;
  twoToOne: Spread;
  one: Measurement[];
  two: Measurement[];
}

export async function scale(options: Options): Promise<{ result: ScaleResult[]; markdown: string }> {
  const stage = await openStage(options);
  try {
    const processes: RunningContender[] = [];
    for (let i = 0; i < 2; i++) processes.push((await stage.start(OURS)) as RunningContender);
    const result: ScaleResult[] = [];
    for (const workload of WORKLOADS.filter(({ id }) => ["a", "b", "c", "d"].includes(id) && options.workloads.includes(id))) {
      const requests = await verifiedRequests(processes[0] as RunningContender, workload, await expectedAnswers(stage.database, workload), stage.headersOf);
      const job = { connections: options.connections, seconds: options.seconds, requests };
      await measure(stage, processes, { ...job, seconds: 2 });
      const one: Measurement[] = [];
      const two: Measurement[] = [];
      for (let round = 0; round < options.rounds; round++) {
        one.push(await measure(stage, processes.slice(0, 1), job));
        two.push(await measure(stage, processes, job));
        say(`${workload.id} round ${round + 1}/${options.rounds}`);
      }
      result.push({ workload: workload.id, twoToOne: ratio(two.map((each) => each.perSecond), one.map((each) => each.perSecond)), one, two });
    }
    return { result, markdown: `${describe(stage.machine)}\n\n${summary(result, stage.machine.cores)}\n` };
  } finally {
    await stage.close();
  }
}

function summary(result: readonly ScaleResult[], cores: number): string {
  const busy = (measurements: readonly Measurement[]) =>
    spread(measurements.map((one) => (((one.nodeCpuUs ?? NaN) + (one.postgresCpuUs ?? NaN)) * one.perSecond) / 1e6 + one.generatorCpuSeconds / one.seconds)).median;
  const lines = result.map(({ workload, twoToOne, one, two }) => [
    workload,
    spreadText(twoToOne),
    spreadText(spread(one.map((each) => each.perSecond)), 0),
    spreadText(spread(two.map((each) => each.perSecond)), 0),
    busy(one).toFixed(2),
    busy(two).toFixed(2),
  ]);
  return [
    table(["workload", "two to one", "one, req/s", "two, req/s", "cores busy with one", "cores busy with two"], lines),
    `Busy: service, Postgres backends and load generator together, of ${cores} cores. Where one process already keeps all of them busy, a second cannot bring more.`,
  ].join("\n\n");
}
