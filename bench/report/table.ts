/** Owns the tables as Markdown, which is also what the terminal shows. */
import type { Comparison, Row } from "../compare.js";
import type { Measurement } from "../stage.js";
import type { Machine } from "../world/machine.js";
import { barsOf, type Bar } from "./bars.js";
import { ratio, spread, type Spread } from "./statistics.js";

const HEAD = ["contender", "ours to it", "req/s", "Node CPU µs", "Postgres CPU µs", "CPU to ours", "p50 ms", "p99 ms", "RSS MB", "statements"];

export function comparisonTable(comparison: Comparison): string {
  const { machine, options, workloads } = comparison;
  const parts = [
    describe(machine),
    `${options.rounds} rounds of ${options.seconds} s each, ${options.connections} connections, log level ${options.logLevel}; median over the rounds, [least – most]. ` +
      "Ratios are taken round by round. CPU is for one request; statements are those of one request, scope, BEGIN and COMMIT included.",
  ];
  for (const { id, title, rows } of workloads) {
    const ours = rows.find(({ contender }) => contender === "ours");
    parts.push(`### (${id}) ${title}`, table(HEAD, rows.map((row) => lineOf(row, ours))));
  }
  const bars = barsOf(comparison);
  if (bars.length > 0) parts.push("### Bars", barTable(bars));
  return `${parts.join("\n\n")}\n`;
}

export function barTable(bars: readonly Bar[]): string {
  const lines = bars.map(({ bar, workload, wanted, measured, met }) => [bar, workload, wanted, spreadText(measured), met ? "met" : "**not met**"]);
  return table(["bar", "workload", "wanted", "measured", ""], lines);
}

export function describe({ cores, cpu, memoryGigabytes, system, node, postgres, command }: Machine): string {
  return `\`${command}\` on ${cores} × ${cpu}, ${memoryGigabytes} GB, ${system}, Node ${node}, PostgreSQL ${postgres}.`;
}

export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export function spreadText({ min, median, max }: Spread, digits = 2): string {
  if (Number.isNaN(median)) return "–";
  return `${median.toFixed(digits)} [${min.toFixed(digits)} – ${max.toFixed(digits)}]`;
}

export function medianText(values: readonly (number | null)[], digits = 0): string {
  const { median } = spread(values.map((one) => one ?? NaN));
  return Number.isNaN(median) ? "–" : median.toFixed(digits);
}

function lineOf({ contender, title, statements, rounds }: Row, ours: Row | undefined): string[] {
  const middle = (metric: (one: Measurement) => number | null, digits = 0) => medianText(rounds.map(metric), digits);
  const cpu = (row: Row) => row.rounds.map((one) => (one.nodeCpuUs ?? NaN) + (one.postgresCpuUs ?? NaN));
  const compared = ours && contender !== "ours" && contender !== "embedded" ? ours : undefined;
  return [
    title,
    compared ? spreadText(ratio(compared.rounds.map((one) => one.perSecond), rounds.map((one) => one.perSecond))) : contender === "embedded" && ours ? embedded(rounds, ours) : "1",
    spreadText(spread(rounds.map((one) => one.perSecond)), 0),
    middle((one) => one.nodeCpuUs),
    middle((one) => one.postgresCpuUs),
    compared ? spreadText(ratio(cpu({ contender, title, statements, rounds }), cpu(compared))) : "–",
    middle((one) => one.p50Ms, 1),
    middle((one) => one.p99Ms, 1),
    middle((one) => one.residentMegabytes),
    statements === null ? "–" : statements.toFixed(1),
  ];
}

/** The embedded database is not a rival: its share of what we do on Postgres is what a developer wants to know. */
function embedded(rounds: readonly Measurement[], ours: Row): string {
  return `it to ours: ${spreadText(ratio(rounds.map((one) => one.perSecond), ours.rounds.map((one) => one.perSecond)))}`;
}
