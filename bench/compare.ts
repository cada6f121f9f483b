/** Owns the comparison: all contenders side by side in one run, round by round, every answer checked. */
import { CONTENDERS, takesPart } from "./contenders/contender.js";
import { pgbench } from "./contenders/pgbench.js";
import type { RunningContender } from "./contenders/process.js";
import type { LoadRequest } from "./load/job.js";
import { expectedAnswers, statementsPerRequest, verifiedRequests } from "./load/questions.js";
import type { Options } from "./options.js";
import { rotated, warmUp } from "./rounds.js";
import { measure, openStage, say, type Measurement, type Stage } from "./stage.js";
import { WORKLOADS } from "./workloads/index.js";
import type { Workload } from "./workloads/workload.js";
import type { Machine } from "./world/machine.js";

export interface Row {
  contender: string;
  title: string;
  statements: number | null;
  rounds: Measurement[];
}

export interface Comparison {
  machine: Machine;
  options: Pick<Options, "rounds" | "seconds" | "connections" | "logLevel">;
  workloads: { id: string; title: string; rows: Row[] }[];
}

/** A contender on its mark: its requests are known to be answered rightly. */
interface Entrant {
  row: Row;
  running: RunningContender;
  requests: LoadRequest[];
}

export async function compare(options: Options): Promise<Comparison> {
  const stage = await openStage(options);
  try {
    const running: RunningContender[] = [];
    for (const contender of CONTENDERS.filter(({ name }) => options.contenders.includes(name))) {
      const one = await stage.start(contender);
      if (one) running.push(one);
    }
    const chosen = WORKLOADS.filter(({ id }) => options.workloads.includes(id));
    const entrants = new Map<Workload, Entrant[]>();
    for (const workload of chosen) entrants.set(workload, await enter(stage, workload, running));
    await stage.database.stopCounting();
    const workloads: Comparison["workloads"] = [];
    for (const workload of chosen) workloads.push(await contest(stage, workload, entrants.get(workload) ?? [], options));
    return { machine: stage.machine, options, workloads };
  } finally {
    await stage.close();
  }
}

async function enter(stage: Stage, workload: Workload, running: readonly RunningContender[]): Promise<Entrant[]> {
  say(`checking the answers to ${workload.id}`);
  const expected = await expectedAnswers(stage.database, workload);
  const entrants: Entrant[] = [];
  for (const one of running.filter((contender) => takesPart(contender, workload))) {
    const requests = await verifiedRequests(one, workload, expected, stage.headersOf);
    const statements = one.name === "embedded" ? null : await statementsPerRequest(stage.database, one, requests);
    entrants.push({ row: { contender: one.name, title: one.title, statements, rounds: [] }, running: one, requests });
  }
  return entrants;
}

async function contest(stage: Stage, workload: Workload, entrants: readonly Entrant[], options: Options): Promise<Comparison["workloads"][number]> {
  const { rounds, seconds, connections } = options;
  for (const { running, requests } of entrants) await warmUp(stage, { ports: [running.port], connections, requests });
  const floor: Row = { contender: "pgbench", title: "pgbench with raw's statement", statements: 1, rounds: [] };
  for (let round = 0; round < rounds; round++) {
    for (const { row, running, requests } of rotated(entrants, round)) {
      const before = workload.changes && running.name !== "embedded" ? await changesOf(stage) : null;
      row.rounds.push(await measure(stage, [running], { connections, seconds, requests }));
      say(`${workload.id} round ${round + 1}/${rounds} ${row.contender}: ${Math.round(row.rounds.at(-1)?.perSecond ?? 0)}/s`);
      if (before) assertAudited(running.name, before, await changesOf(stage));
    }
    if (options.contenders.includes("pgbench")) {
      const measured = await pgbench(stage.database, workload, connections, seconds);
      if (measured) floor.rounds.push(measured);
    }
  }
  const rows = entrants.map(({ row }) => row);
  return { id: workload.id, title: workload.title, rows: floor.rounds.length > 0 ? [...rows, floor] : rows };
}

interface Changes {
  projects: number;
  events: number;
}

async function changesOf({ database }: Stage): Promise<Changes> {
  const [counts] = await database.query<{ projects: number; events: number }>(
    "select (select count(*)::int from tenant_projects) as projects, (select count(*)::int from audit_log) as events",
  );
  return counts as Changes;
}

/** A project without its event, or an event without its project, is a wrong answer however fast it was. */
function assertAudited(name: string, before: Changes, after: Changes): void {
  const [projects, events] = [after.projects - before.projects, after.events - before.events];
  if (projects === 0 || projects !== events) throw new Error(`${name} made ${projects} projects and ${events} audit events`);
}
