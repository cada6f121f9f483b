/** Owns the question what a key costs that is already known: `verifyApiKey` beside `{ __typename }`, in turn on one process. */
import { OURS } from "../contenders/contender.js";
import type { LoadRequest } from "../load/job.js";
import type { Options } from "../options.js";
import type { Bar } from "../report/bars.js";
import { ratio, spread } from "../report/statistics.js";
import { medianText, spreadText, table } from "../report/table.js";
import type { Stage } from "../stage.js";
import { takeTurns, type QuestionRow } from "../turns.js";
import { anonymousTypename, typenameOfServices } from "../workloads/keys/typename.js";
import { verifying, verifyingAll } from "../workloads/keys/verify.js";
import type { BenchKey } from "../world/key-set.js";
import { hearing } from "./live.js";

/** Different ones, each asked about by its product's service, in turn. */
const ASKED_ABOUT = 100;
/** Per request, of a second in which nothing else is asked: some are the service's own, which looks at its queue and listens for changes once a second. */
const MAX_STATEMENTS = 0.1;
const COUNTED_SECONDS = 1;
const WANTED = 0.7;

const HEAD = ["question", "to the first", "to the second", "req/s", "p50 ms", "p99 ms", "Node CPU µs", "Postgres CPU µs", "statements"];

export async function warm(stage: Stage, options: Options, planted: readonly BenchKey[]): Promise<QuestionRow[]> {
  const keys = planted.slice(0, ASKED_ABOUT);
  const ours = await stage.start(OURS);
  if (!ours) throw new Error("our own service cannot run here");
  await hearing(ours, stage.headersOf);
  const statementsOf = async (requests: readonly LoadRequest[]) => {
    if ((await stage.database.countStatements()) === null) return null;
    const { answers } = await stage.load.run({ ports: [ours.port], connections: options.connections, seconds: COUNTED_SECONDS, requests: [...requests] });
    return ((await stage.database.countStatements()) ?? NaN) / answers;
  };
  const workloads = [typenameOfServices(keys), anonymousTypename, verifying(keys), verifyingAll(keys)];
  const rows = await takeTurns({ stage, ours, workloads, options, statementsOf, maxStatements: MAX_STATEMENTS });
  await ours.stop();
  return rows;
}

const perSecond = (row: QuestionRow | undefined) => row?.rounds.map((one) => one.perSecond) ?? [];

export function warmBars([token, anonymous, verify]: readonly QuestionRow[]): Bar[] {
  const bar = (to: QuestionRow | undefined) => {
    const measured = ratio(perSecond(verify), perSecond(to));
    return { bar: `throughput of a known key to ${to?.title}`, workload: "warm", wanted: `≥ ${WANTED}`, measured, met: measured.median >= WANTED };
  };
  return [bar(token), bar(anonymous)];
}

export function warmSection(rows: readonly QuestionRow[]): string {
  const lines = rows.map((row) => [
    row.title,
    ...rows.slice(0, 2).map((to) => (to === row ? "1" : spreadText(ratio(perSecond(row), perSecond(to))))),
    spreadText(spread(perSecond(row)), 0),
    medianText(row.rounds.map((one) => one.p50Ms), 1),
    medianText(row.rounds.map((one) => one.p99Ms), 1),
    medianText(row.rounds.map((one) => one.nodeCpuUs)),
    medianText(row.rounds.map((one) => one.postgresCpuUs)),
    medianText([row.statements], 3),
  ]);
  return [`### Keys that are known (warm)\n\n${ASKED_ABOUT} keys in turn, each asked about by its product's service.`, table(HEAD, lines)].join("\n\n");
}
