/** Owns that `dist/` is what the sources say, for tests that run the program as its users do. `npm test` has built it already. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { vi } from "vitest";
import { lockDirectory } from "../../src/database/directory-lock.js";

/** The package's directory, from which the program is run. */
export const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

let done: Promise<void> | undefined;

/** Build once when a source is newer than what was built from it; of two workers one builds and the other waits. */
export function built(): Promise<void> {
  done ??= buildWhenStale();
  return done;
}

async function buildWhenStale(): Promise<void> {
  if (!(await isStale())) return;
  const directory = join(tmpdir(), `registry-build-${createHash("sha256").update(PACKAGE).digest("hex").slice(0, 12)}`);
  const lock = await vi.waitFor(() => lockDirectory(directory), { timeout: 60_000, interval: 100 });
  try {
    if (await isStale()) await build();
  } finally {
    await lock.release();
  }
}

async function build(): Promise<void> {
  try {
    await promisify(execFile)("npm", ["run", "--silent", "build"], { cwd: PACKAGE });
  } catch (cause) {
    // The compiler tells what is wrong on its standard output.
    throw new Error(`The sources do not compile:\n${(cause as { stdout?: string }).stdout}`, { cause });
  }
}

async function isStale(): Promise<boolean> {
  const output = await stat(join(PACKAGE, "dist", "src", "main.js")).catch(() => null);
  if (output === null) return true;
  const sources = await Promise.all(["src", "migrations", "packages/tenant-names/src"].map(async (directory) => {
    const names = await readdir(join(PACKAGE, directory), { recursive: true });
    return names.filter((name) => name.endsWith(".ts")).map((name) => join(PACKAGE, directory, name));
  }));
  const times = await Promise.all(sources.flat().map((file) => stat(file).then(({ mtimeMs }) => mtimeMs)));
  return Math.max(...times) > output.mtimeMs;
}
