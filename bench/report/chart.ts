/** Owns the chart: throughput of every contender relative to ours, as an SVG that needs nothing else. */
import type { Comparison } from "../compare.js";
import { ratio } from "./statistics.js";

const COLOURS: Record<string, string> = {
  ours: "#1f6feb",
  "without-walls": "#8cb8ff",
  postgraphile: "#e36209",
  "postgraphile-open": "#f6b26b",
  plain: "#a371f7",
  raw: "#8b949e",
};
const WIDTH = 760;
const LEFT = 250;
const BAR = 14;
const ROW = 19;

/** One group a workload, one bar a contender; ours is 1. The thin line is the spread over the rounds. */
export function chart({ workloads, machine }: Comparison): string {
  const shapes: string[] = [];
  let y = 34;
  for (const { id, title, rows } of workloads) {
    const ours = rows.find(({ contender }) => contender === "ours");
    const shown = rows.filter(({ contender }) => COLOURS[contender] !== undefined);
    if (!ours || shown.length < 2) continue;
    const ratios = shown.map((row) => ({ row, of: ratio(row.rounds.map((one) => one.perSecond), ours.rounds.map((one) => one.perSecond)) }));
    const scale = (WIDTH - LEFT - 70) / Math.max(...ratios.map(({ of }) => of.max));
    shapes.push(`<text x="8" y="${y}" class="title">(${id}) ${escape(title)}</text>`);
    y += 10;
    for (const { row, of } of ratios) {
      const end = LEFT + of.median * scale;
      shapes.push(
        `<text x="${LEFT - 8}" y="${y + 11}" text-anchor="end">${escape(row.title)}</text>`,
        `<rect x="${LEFT}" y="${y}" width="${(of.median * scale).toFixed(1)}" height="${BAR}" rx="2" fill="${COLOURS[row.contender]}"/>`,
        `<path d="M${(LEFT + of.min * scale).toFixed(1)} ${y + BAR / 2}H${(LEFT + of.max * scale).toFixed(1)}" stroke="#57606a"/>`,
        `<text x="${(Math.max(end, LEFT + of.max * scale) + 6).toFixed(1)}" y="${y + 11}">${of.median.toFixed(2)}</text>`,
      );
      y += ROW;
    }
    y += 26;
  }
  const note = `Requests per second relative to tenant-registry (1); higher is faster. ${machine.cores} cores, Node ${machine.node}, PostgreSQL ${machine.postgres}.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" role="img" aria-label="Throughput relative to tenant-registry">
<style>text{font:11px system-ui,sans-serif;fill:#24292f}.title{font-weight:600;font-size:12px}</style>
<rect width="${WIDTH}" height="${y}" fill="#fff"/>
<text x="8" y="16">${escape(note)}</text>
${shapes.join("\n")}
</svg>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
