/** Owns the stage of every mode: database, issuer, load generator and contenders, opened together and taken down together. */
import { setTimeout as sleep } from "node:timers/promises";
import { startTestIssuer } from "../test/testkit/issuer.js";
import type { Contender } from "./contenders/contender.js";
import { startContender, type RunningContender } from "./contenders/process.js";
import { startLoadGenerator, type LoadGenerator } from "./load/load.js";
import type { Job, LoadResult } from "./load/job.js";
import type { HeadersOf } from "./load/questions.js";
import type { Options } from "./options.js";
import { callerHeaders } from "./world/callers.js";
import { openDatabase, type BenchDatabase } from "./world/database.js";
import { describeMachine, nodeForContenders, type Machine } from "./world/machine.js";

export interface Stage {
  machine: Machine;
  database: BenchDatabase;
  headersOf: HeadersOf;
  load: LoadGenerator;
  /** Null for a contender that cannot run here; that is said. */
  start(contender: Contender, nodeFlags?: string[]): Promise<RunningContender | null>;
  close(): Promise<void>;
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

export async function openStage(options: Options): Promise<Stage> {
  say("starting PostgreSQL, migrating and loading the data set");
  const database = await openDatabase();
  const issuer = await startTestIssuer();
  const load = startLoadGenerator();
  const started: RunningContender[] = [];
  return {
    machine: describeMachine(nodeForContenders(options.node), database.version),
    database,
    headersOf: callerHeaders(issuer),
    load,
    async start(contender, nodeFlags) {
      say(`starting ${contender.name}`);
      const place = { databaseUrl: database.url, issuer: issuer.issuer, node: options.node, logLevel: options.logLevel };
      const running = await startContender(contender, place, nodeFlags);
      if (running) started.push(running);
      else say(`${contender.name} cannot run here and is left out`);
      return running;
    },
    async close() {
      load.close();
      await Promise.all(started.map((one) => one.stop()));
      await issuer.close();
      await database.close();
    },
  };
}

/** One measured stretch of load. */
export interface Measurement extends LoadResult {
  perSecond: number;
  /** Microseconds of CPU for one request; null where the kernel does not tell. */
  nodeCpuUs: number | null;
  postgresCpuUs: number | null;
  residentMegabytes: number | null;
}

/** Long enough that pools have their connections and connections their statements again after a pause. */
const UNMEASURED_SECONDS = 0.5;

export async function measure({ load, database }: Stage, contenders: readonly RunningContender[], job: Omit<Job, "ports">): Promise<Measurement> {
  const whole = { ...job, ports: contenders.map(({ port }) => port) };
  await load.run({ ...whole, seconds: UNMEASURED_SECONDS });
  const nodeBefore = cpuOf(contenders);
  const postgresBefore = await database.backendCpu();
  const result = await load.run(whole);
  const nodeAfter = cpuOf(contenders);
  const postgresAfter = await database.backendCpu();
  // Answers of the last round trip are still being accounted; the next contender starts on an idle machine.
  await sleep(100);
  const perRequest = (seconds: number) => (seconds * 1e6) / result.answers;
  return {
    ...result,
    perSecond: result.answers / result.seconds,
    nodeCpuUs: nodeBefore === null || nodeAfter === null ? null : perRequest(nodeAfter - nodeBefore),
    postgresCpuUs: postgresBefore && postgresAfter ? perRequest(spentBetween(postgresBefore, postgresAfter)) : null,
    residentMegabytes: contenders.reduce((sum, one) => sum + (one.residentMegabytes() ?? NaN), 0),
  };
}

function cpuOf(contenders: readonly RunningContender[]): number | null {
  const seconds = contenders.map((one) => one.cpuSeconds());
  return seconds.includes(null) ? null : seconds.reduce<number>((sum, one) => sum + (one ?? 0), 0);
}

/** A backend that was not there before has spent all its time since. */
function spentBetween(before: Map<number, number>, after: Map<number, number>): number {
  return [...after].reduce((sum, [pid, seconds]) => sum + seconds - (before.get(pid) ?? 0), 0);
}
