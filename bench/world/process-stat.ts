/** Owns what the kernel says about a process: CPU time and resident memory. Linux only; elsewhere the answer is null. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ticksPerSecond = process.platform === "linux" ? Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })) : 0;
const pageBytes = process.platform === "linux" ? Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })) : 0;

/** User and system time together, of all threads, in seconds. */
export function cpuSecondsOf(pid: number): number | null {
  const fields = statOf(pid);
  return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export function residentMegabytesOf(pid: number): number | null {
  const fields = statOf(pid);
  return fields && (Number(fields[21]) * pageBytes) / 1024 / 1024;
}

/** The fields after the command's name, which may itself contain spaces and parentheses. */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
