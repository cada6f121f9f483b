/** Owns the command line of the benchmark. */
import { parseArgs } from "node:util";
import { CONTENDERS } from "./contenders/contender.js";
import { WORKLOADS } from "./workloads/index.js";
import { VERDICT_WORKLOADS } from "./workloads/verdicts/index.js";

export interface Options {
  mode: "compare" | "memory" | "scale" | "profile" | "verdicts" | "keys";
  rounds: number;
  /** Measured time of one contender in one round, after half a second that is not measured. */
  seconds: number;
  connections: number;
  workloads: string[];
  contenders: string[];
  /** `same`: the Node of `bench/` for all; `current`: the one that runs this, where a contender can. */
  node: "same" | "current";
  logLevel: string;
  /** File name of the results. */
  name: string;
}

/** Throws an Error that says what may be given. */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "5" },
      seconds: { type: "string" },
      connections: { type: "string", default: "16" },
      only: { type: "string" },
      contenders: { type: "string" },
      node: { type: "string", default: "same" },
      "log-level": { type: "string", default: "info" },
      name: { type: "string" },
      "cpu-prof": { type: "boolean", default: false },
    },
  });
  const mode = values["cpu-prof"] ? "profile" : (positionals[0] ?? "compare");
  const modes = ["compare", "memory", "scale", "profile", "verdicts", "keys"] as const;
  if (!modes.some((one) => one === mode)) throw new Error(`there is no mode ${mode}; there are ${modes.join(", ")}`);
  if (values.node !== "same" && values.node !== "current") throw new Error("--node is same or current");
  return {
    mode: mode as Options["mode"],
    rounds: positive("rounds", values.rounds),
    seconds: positive("seconds", values.seconds ?? { compare: "3", memory: "300", scale: "6", profile: "10", verdicts: "4", keys: "4" }[mode as Options["mode"]]),
    connections: positive("connections", values.connections),
    workloads: chosen("--only", values.only, partsOf(mode as Options["mode"])),
    contenders: chosen("--contenders", values.contenders, [...CONTENDERS.map(({ name }) => name), "pgbench"]),
    node: values.node,
    logLevel: values["log-level"],
    name: values.name ?? mode,
  };
}

const KEY_PARTS = ["warm", "cold", "unknown", "cost"];

/** What `--only` chooses among. */
function partsOf(mode: Options["mode"]): string[] {
  return mode === "keys" ? KEY_PARTS : (mode === "verdicts" ? VERDICT_WORKLOADS : WORKLOADS).map(({ id }) => id);
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`--${name} must be a positive number`);
  return number;
}

function chosen(option: string, text: string | undefined, all: string[]): string[] {
  if (text === undefined) return all;
  const names = text.split(",");
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new Error(`${option}: there is no ${unknown.join(", ")}; there are ${all.join(", ")}`);
  return names;
}
