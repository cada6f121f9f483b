/** Owns the proof of the embedded database's directory: one process at a time, and nothing acknowledged is ever lost. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { DirectoryInUseError, lockDirectory } from "../../src/database/directory-lock.js";
import { type EmbeddedDatabase, openEmbedded } from "../../src/database/embedded.js";

const OTHER_PROCESS = fileURLToPath(new URL("./embedded-process.ts", import.meta.url));
const processes: ChildProcess[] = [];
let root: string;
let snapshot: Buffer;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "registry-embedded-"));
  const empty = await openEmbedded({ dataDir: null });
  await run(empty, "CREATE TABLE pairs (pair int, half text, PRIMARY KEY (pair, half))");
  snapshot = await empty.dump();
  await empty.close();
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map(kill));
});

afterAll(() => rm(root, { recursive: true, force: true }));

function newDirectory(): Promise<string> {
  return mkdtemp(join(root, "data-"));
}

async function run(database: EmbeddedDatabase, sql: string): Promise<pg.QueryResultRow[]> {
  const client = new pg.Client({ user: "postgres", database: "postgres", stream: () => database.stream() });
  await client.connect();
  const { rows } = await client.query(sql);
  await client.end();
  return rows;
}

function startOther(task: "hold" | "write", dataDir: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, ["--import", "tsx", OTHER_PROCESS, task, dataDir], { stdio: ["ignore", "pipe", "inherit"] });
  processes.push(child);
  return { child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() };
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  return String((await lines.next()).value);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

describe("data", () => {
  test("survives close and reopen", async () => {
    const dataDir = await newDirectory();
    const before = await openEmbedded({ dataDir, from: snapshot });
    await run(before, "INSERT INTO pairs VALUES (1, 'first')");
    await before.close();
    const after = await openEmbedded({ dataDir, from: snapshot });
    expect(await run(after, "SELECT * FROM pairs")).toEqual([{ pair: 1, half: "first" }]);
    await after.close();
  });

  test("that was acknowledged survives kill -9 in the middle of writes, and transactions stay whole", async () => {
    const dataDir = await newDirectory();
    await (await openEmbedded({ dataDir, from: snapshot })).close();
    const { child, lines } = startOther("write", dataDir);
    expect(await nextLine(lines)).toBe("open");
    const acknowledged: number[] = [];
    while (acknowledged.length < 300) acknowledged.push(Number(await nextLine(lines)));
    await kill(child);
    for (let line = await lines.next(); !line.done; line = await lines.next()) acknowledged.push(Number(line.value));
    const reopened = await openEmbedded({ dataDir });
    const rows = await run(reopened, "SELECT pair, count(*)::int AS halves FROM pairs GROUP BY pair ORDER BY pair");
    await reopened.close();
    expect(rows.map(({ pair }) => pair)).toEqual(expect.arrayContaining(acknowledged));
    expect(rows.filter(({ halves }) => halves !== 2)).toEqual([]);
  });

  test("of a first start that was cut short is swept away", async () => {
    const dataDir = await newDirectory();
    await mkdir(join(dataDir, "new-half-made"));
    await writeFile(join(dataDir, "new-half-made", "PG_VERSION"), "18");
    const database = await openEmbedded({ dataDir, from: snapshot });
    expect(await run(database, "SELECT count(*)::int AS n FROM pairs")).toEqual([{ n: 0 }]);
    await database.close();
    expect((await readdir(dataDir)).filter((name) => name.startsWith("new-"))).toEqual([]);
  });
});

describe("a directory in use", () => {
  test("is refused to the same process, and free again after close", async () => {
    const dataDir = await newDirectory();
    const first = await openEmbedded({ dataDir, from: snapshot });
    await expect(openEmbedded({ dataDir })).rejects.toThrow(`in use by process ${process.pid}`);
    await first.close();
    await (await openEmbedded({ dataDir })).close();
  });

  test("is refused to another process, which is told who holds it", async () => {
    const dataDir = await newDirectory();
    const database = await openEmbedded({ dataDir, from: snapshot });
    const { lines } = startOther("hold", dataDir);
    expect(await nextLine(lines)).toContain(`in use by process ${process.pid}`);
    await database.close();
  });

  test("is taken over from a process that was killed, not from one that lives", async () => {
    const dataDir = await newDirectory();
    await (await openEmbedded({ dataDir, from: snapshot })).close();
    const { child, lines } = startOther("hold", dataDir);
    expect(await nextLine(lines)).toBe("open");
    await expect(openEmbedded({ dataDir })).rejects.toThrow(`in use by process ${child.pid}`);
    await kill(child);
    await (await openEmbedded({ dataDir })).close();
  });

  test("is free again when opening it failed", async () => {
    const dataDir = await newDirectory();
    await expect(openEmbedded({ dataDir, from: Buffer.from("no snapshot") })).rejects.toThrow();
    await (await openEmbedded({ dataDir, from: snapshot })).close();
  });
});

describe("the lock", () => {
  test.each([
    { left: "a process that is gone", holder: { pid: 2 ** 22 + 1, incarnation: null, state: "held" } },
    { left: "an earlier process with our pid", holder: { pid: process.pid, incarnation: "another start", state: "held" } },
    { left: "a process that let go", holder: { pid: process.pid, incarnation: null, state: "released" } },
  ])("left by $left is taken over by exactly one of many takers", async ({ holder }) => {
    for (let round = 0; round < 20; round += 1) {
      const directory = await newDirectory();
      await writeFile(join(directory, "lock.3"), JSON.stringify(holder));
      const takers = await Promise.allSettled(Array.from({ length: 12 }, () => lockDirectory(directory)));
      expect(takers.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
  });

  test("is never held twice while many take it and let it go", async () => {
    const directory = await newDirectory();
    let holders = 0;
    let taken = 0;
    const taker = async () => {
      for (let attempt = 0; attempt < 40; attempt += 1) {
        const lock = await lockDirectory(directory).catch((error: unknown) => {
          if (error instanceof DirectoryInUseError) return null;
          throw error;
        });
        if (lock === null) continue;
        holders += 1;
        taken += 1;
        expect(holders).toBe(1);
        await readdir(directory);
        holders -= 1;
        await lock.release();
      }
    };
    await Promise.all(Array.from({ length: 8 }, taker));
    expect(taken).toBeGreaterThan(1);
    expect((await readdir(directory)).length).toBe(1);
  });
});
