/** Owns the start of the benchmark: what it needs is installed, the mode is run, its result is kept. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { compare } from "./compare.js";
import { keys } from "./keys.js";
import { memory } from "./memory.js";
import { readOptions } from "./options.js";
import { profile } from "./profile.js";
import { chart } from "./report/chart.js";
import { keep, keepChart } from "./report/results.js";
import { comparisonTable } from "./report/table.js";
import { scale } from "./scale.js";
import { say } from "./stage.js";
import { verdicts } from "./verdicts.js";

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (!existsSync("bench/node_modules")) {
    say("installing what the benchmark needs, once (npm ci --prefix bench)");
    execFileSync("npm", ["ci", "--prefix", "bench", "--ignore-scripts"], { stdio: ["ignore", "ignore", "inherit"] });
  }
  switch (options.mode) {
    case "compare": {
      const comparison = await compare(options);
      await keep(options.name, comparison, comparisonTable(comparison));
      return keepChart(options.name, chart(comparison));
    }
    case "memory":
    case "scale":
    case "profile":
    case "verdicts":
    case "keys": {
      const { result, markdown } = await { memory, scale, profile, verdicts, keys }[options.mode](options);
      return keep(options.name, result, markdown);
    }
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

main().then(
  () => process.exit(0),
  (error: unknown) => {
    say(error instanceof Error ? (error.stack ?? error.message) + (error.cause instanceof Error ? `\n${error.cause.message}` : "") : String(error));
    process.exit(1);
  },
);
