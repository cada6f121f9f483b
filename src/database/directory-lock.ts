/** Owns the exclusive hold on a data directory between processes of one machine. It knows nothing of what is stored there. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The directory is held by a live process; `pid` says which one. */
export class DirectoryInUseError extends Error {
  override readonly name = "DirectoryInUseError";

  constructor(
    readonly directory: string,
    readonly pid: number,
  ) {
    super(
      `The data directory ${directory} is in use by process ${pid}. Stop that process first, or choose another directory: ` +
        "two processes writing to one directory lose data.",
    );
  }
}

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Who holds a generation; `incarnation` tells a process from a later one with the same pid. */
interface Holder {
  pid: number;
  incarnation: string | null;
  state: "held" | "released";
}

const LOCK_FILE = /^lock\.(\d+)$/;

/**
 * Hold `directory` (created if missing) until `release`, or until this process ends in whatever way.
 *
 * Shape    files `lock.<generation>`; the highest generation is the truth. Taking over is `link` to the next number, which
 *          exactly one of several takers can do, and the highest number is never deleted, so that no taker that looked
 *          long ago can step back in. Nothing is ever removed on suspicion, only outnumbered.
 * Limits   processes are told apart by pid and start time: one machine, one pid namespace.
 * Failures {@link DirectoryInUseError} while a live process holds it, this process included.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true });
  const mine: Holder = { pid: process.pid, incarnation: incarnationOf(process.pid), state: "held" };
  for (;;) {
    const top = await newestGeneration(directory);
    if (top > 0) {
      const holder = await readHolder(directory, top);
      if (holder === undefined) continue;
      if (isAlive(holder)) throw new DirectoryInUseError(directory, holder.pid);
    }
    const generation = top + 1;
    if (!(await claim(directory, generation, mine))) continue;
    if ((await newestGeneration(directory)) > generation) {
      // Someone had already passed this number and cleared it away before the claim: theirs counts.
      await rm(fileOf(directory, generation), { force: true });
      continue;
    }
    await removeOlder(directory, generation);
    return { release: () => publish(directory, generation, { ...mine, state: "released" }) };
  }
}

function fileOf(directory: string, generation: number): string {
  return join(directory, `lock.${generation}`);
}

async function generations(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => LOCK_FILE.exec(name)?.[1] ?? []).map(Number);
}

async function newestGeneration(directory: string): Promise<number> {
  return Math.max(0, ...(await generations(directory)));
}

async function removeOlder(directory: string, generation: number): Promise<void> {
  const older = (await generations(directory)).filter((candidate) => candidate < generation);
  await Promise.all(older.map((candidate) => rm(fileOf(directory, candidate), { force: true })));
}

/** `undefined` when the file went away since it was listed, which means a newer generation exists. */
async function readHolder(directory: string, generation: number): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(directory, generation), "utf8")) as Holder;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw new Error(`The lock file ${fileOf(directory, generation)} cannot be read; delete it if no process uses the directory.`, {
      cause: error,
    });
  }
}

/** Written in full under another name first, so that nobody ever reads half a lock. */
async function stage(directory: string, holder: Holder): Promise<string> {
  const staged = join(directory, `.lock-${randomUUID()}`);
  await writeFile(staged, JSON.stringify(holder));
  return staged;
}

async function claim(directory: string, generation: number, holder: Holder): Promise<boolean> {
  const staged = await stage(directory, holder);
  try {
    await link(staged, fileOf(directory, generation));
    return true;
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    await rm(staged, { force: true });
  }
}

async function publish(directory: string, generation: number, holder: Holder): Promise<void> {
  await rename(await stage(directory, holder), fileOf(directory, generation));
}

function isAlive(holder: Holder): boolean {
  if (holder.state === "released") return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false;
  }
  const now = incarnationOf(holder.pid);
  // Where the system does not tell start times, a live pid is believed: refusing is safe, sharing is not.
  return now === null || holder.incarnation === null || now === holder.incarnation;
}

/** Boot and start time of a process, or null where the system does not tell. */
function incarnationOf(pid: number): string | null {
  try {
    if (process.platform === "linux") {
      const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // Field 22, counted after the command name, which may itself contain spaces and brackets. Source: proc(5).
      const startTicks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
      return `${boot}/${startTicks}`;
    }
    if (process.platform === "win32") return null;
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || null;
  } catch {
    return null;
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
