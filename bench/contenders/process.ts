/** Owns the life of a contender's process: start, wait until it answers, look at what it spends, stop. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuSecondsOf, residentMegabytesOf } from "../world/process-stat.js";
import type { Contender, Place } from "./contender.js";
import type { LoopDelays } from "./watch.js";

export interface RunningContender extends Contender {
  port: number;
  cpuSeconds(): number | null;
  residentMegabytes(): number | null;
  /** Of its event loop, since this was asked the last time. Only a process that was started with the flags of `watch.ts` knows. */
  loopDelays(): Promise<LoopDelays>;
  /** SIGTERM, and the end of the process. */
  stop(): Promise<void>;
}

const START_WITHIN_MS = 120_000;
const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Start a contender on a free port; null where it cannot run. Rejects with its last words when it ends instead of answering. */
export async function startContender(contender: Contender, place: Omit<Place, "port">, nodeFlags: string[] = []): Promise<RunningContender | null> {
  const port = await freePort();
  const command = contender.command({ ...place, port });
  if (!command) return null;
  const child = spawn(command.file, [...nodeFlags, ...command.args], {
    env: { PATH: process.env["PATH"], NODE_ENV: "production", ...contender.environment({ ...place, port }) },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  running.add(child);
  let lastWords = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (lastWords = (lastWords + text).slice(-4_000)));
  const ended = new Promise<void>((resolve) => child.once("exit", () => (running.delete(child), resolve())));
  await answering(port, child, () => `${contender.name} did not start:\n${lastWords}`);
  const pid = child.pid as number;
  return {
    ...contender,
    port,
    cpuSeconds: () => cpuSecondsOf(pid),
    residentMegabytes: () => residentMegabytesOf(pid),
    loopDelays: () =>
      new Promise((resolve, reject) => {
        child.once("message", (told) => resolve(told as LoopDelays));
        child.send("told since the last time", (problem) => problem && reject(problem));
        void ended.then(() => reject(new Error(`${contender.name} ended`)));
      }),
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function answering(port: number, child: ChildProcess, problem: () => string): Promise<void> {
  const until = performance.now() + START_WITHIN_MS;
  while (child.exitCode === null && performance.now() < until) {
    const answered = await fetch(`http://127.0.0.1:${port}/`).then((response) => response.text().then(() => true), () => false);
    if (answered) return;
    await sleep(100);
  }
  throw new Error(problem());
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
