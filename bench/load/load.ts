/** Owns the use of the load generator: one process for a whole run, one job at a time. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { BEGIN, type Job, type LoadResult, type Sweep, type SweepResult } from "./job.js";

export interface LoadGenerator {
  run(job: Job): Promise<LoadResult>;
  /** `opened` is waited for between opening the connections and asking. */
  sweep(job: Sweep, opened?: () => Promise<unknown>): Promise<SweepResult>;
  close(): void;
}

export function startLoadGenerator(): LoadGenerator {
  const child = fork(fileURLToPath(new URL("./generator.js", import.meta.url)));
  process.once("exit", () => child.kill());

  function perform<Result>(job: Job | Sweep, opened: () => Promise<unknown> = async () => undefined): Promise<Result> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error("the load generator ended"));
      const heard = ({ result, problem, isOpen }: { result?: Result; problem?: string; isOpen?: true }) => {
        if (isOpen) return void opened().then(() => child.send(BEGIN), reject);
        child.off("exit", ended).off("message", heard);
        if (result) resolve(result);
        else reject(new Error(problem));
      };
      child.once("exit", ended).on("message", heard).send(job);
    });
  }

  return { run: (job) => perform<LoadResult>(job), sweep: (job, opened) => perform<SweepResult>(job, opened), close: () => void child.kill() };
}
