/** Owns the bars: which ratio must reach what, and whether this run reached it. */
import type { Comparison, Row } from "../compare.js";
import type { Measurement } from "../stage.js";
import { ratio, type Spread } from "./statistics.js";

export interface Bar {
  bar: string;
  workload: string;
  /** At least, or at most for a ratio whose name says "cost" or "CPU". */
  wanted: string;
  measured: Spread;
  met: boolean;
}

type Metric = (measurement: Measurement) => number;

const perSecond: Metric = (one) => one.perSecond;
/** Of the contender's process and of Postgres together: work that is moved into the database is not saved. */
const cpu: Metric = (one) => (one.nodeCpuUs ?? NaN) + (one.postgresCpuUs ?? NaN);

/** Every bar whose contenders took part. The median over the rounds decides. */
export function barsOf({ workloads }: Comparison): Bar[] {
  return workloads.flatMap(({ id, rows }) => {
    const against = (name: string, metric: Metric): Spread | null => {
      const [ours, other] = [rows.find(({ contender }) => contender === "ours"), rows.find(({ contender }) => contender === name)];
      return ours && other ? ratio(values(ours, metric), values(other, metric)) : null;
    };
    const bars: (Bar | null)[] = [];
    const atLeast = (bar: string, wanted: number, measured: Spread | null) =>
      bars.push(measured && { bar, workload: id, wanted: `≥ ${wanted}`, measured, met: measured.median >= wanted });
    const below = (bar: string, wanted: number, measured: Spread | null) =>
      bars.push(measured && { bar, workload: id, wanted: `< ${wanted}`, measured, met: measured.median < wanted });
    if ("abcd".includes(id)) {
      atLeast("1 throughput to PostGraphile 5 with row security", 1.5, against("postgraphile", perSecond));
      atLeast("1 throughput to PostGraphile 5 without", 1, against("postgraphile-open", perSecond));
      below("1 CPU per request to PostGraphile 5 with row security", 1, against("postgraphile", cpu));
      below("1 CPU per request to PostGraphile 5 without", 1, against("postgraphile-open", cpu));
      atLeast("2 throughput to the plain set-up", 3, against("plain", perSecond));
      if (id !== "d") atLeast("3 throughput to raw pg (0.5 is the goal)", 0.4, against("raw", perSecond));
      atLeast("4 throughput to the build without walls", 0.85, against("without-walls", perSecond));
    }
    if (id === "e") atLeast("5 throughput to Apollo Server with nothing else", 0.8, against(fastestApollo(rows), perSecond));
    return bars.filter((bar) => bar !== null);
  });
}

function values({ rounds }: Row, metric: Metric): number[] {
  return rounds.map(metric);
}

function fastestApollo(rows: readonly Row[]): string {
  const total = ({ rounds }: Row) => rounds.reduce((sum, round) => sum + round.perSecond, 0);
  const [fastest] = rows.filter(({ contender }) => contender.startsWith("apollo-")).sort((one, other) => total(other) - total(one));
  return fastest?.contender ?? "";
}
