/** Owns the use of the load generator: one process for a whole run, one job at a time. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Job, LoadResult } from "./job.js";

export interface LoadGenerator {
  run(job: Job): Promise<LoadResult>;
  close(): void;
}

export function startLoadGenerator(): LoadGenerator {
  const child = fork(fileURLToPath(new URL("./generator.js", import.meta.url)));
  process.once("exit", () => child.kill());
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const ended = () => reject(new Error("the load generator ended"));
        child.once("exit", ended);
        child.once("message", ({ result, problem }: { result?: LoadResult; problem?: string }) => {
          child.off("exit", ended);
          if (result) resolve(result);
          else reject(new Error(problem));
        });
        child.send(job);
      }),
    close: () => void child.kill(),
  };
}
