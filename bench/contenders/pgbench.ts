/** Owns the floor: pgbench with the statement of "raw", where pgbench is installed. It has no HTTP, no JSON to parse and no Node. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findPostgresBinaries } from "../../test/testkit/postgres-binaries.js";
import { say, type Measurement } from "../stage.js";
import type { BenchDatabase } from "../world/database.js";
import type { Workload } from "../workloads/workload.js";
import { POOL_SIZE } from "./pool.js";

let missing = false;

/** One stretch of load; null where pgbench is not installed or the workload has no statement for it. */
export async function pgbench(database: BenchDatabase, { pgbench: script }: Workload, connections: number, seconds: number): Promise<Measurement | null> {
  if (!script || missing) return null;
  const directory = await mkdtemp(join(tmpdir(), "registry-pgbench-"));
  try {
    const file = join(directory, "script.sql");
    await writeFile(file, `${script.setup}\n${script.sql.replaceAll(/\s+/g, " ").trim()};\n`);
    const clients = String(Math.min(connections, POOL_SIZE));
    const { stdout } = await promisify(execFile)(program(), ["-n", "-M", "prepared", "-c", clients, "-T", String(Math.ceil(seconds)), "-f", file, database.url]);
    const perSecond = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    const answers = Number(/transactions actually processed: (\d+)/.exec(stdout)?.[1]);
    return { answers, seconds, perSecond, p50Ms: NaN, p99Ms: NaN, generatorCpuSeconds: NaN, nodeCpuUs: null, postgresCpuUs: null, residentMegabytes: null };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    missing = true;
    say("pgbench is not installed, so the floor is not measured");
    return null;
  } finally {
    await rm(directory, { recursive: true });
  }
}

function program(): string {
  const beside = join(findPostgresBinaries() ?? "", "pgbench");
  return existsSync(beside) ? beside : "pgbench";
}
