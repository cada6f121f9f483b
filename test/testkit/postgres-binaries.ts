/** Owns finding the PostgreSQL server programs that are installed here, and the user they may run as. It starts nothing. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** The newest directory that has both `initdb` and `postgres`, or null. */
export function findPostgresBinaries(): string | null {
  if (process.platform === "win32") return null;
  return candidates().find((directory) => existsSync(join(directory, "initdb")) && existsSync(join(directory, "postgres"))) ?? null;
}

function candidates(): string[] {
  return [
    ...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean),
    ...versionsBelow("/usr/lib/postgresql"),
    ...pgConfigDirectory(),
    ...versionsBelow("/opt/homebrew/opt", "postgresql@"),
    ...versionsBelow("/usr/local/opt", "postgresql@"),
  ];
}

function versionsBelow(root: string, prefix = ""): string[] {
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).filter((name) => name.startsWith(prefix) && /^\d+/.test(name.slice(prefix.length)));
  const newestFirst = versions.sort((a, b) => Number.parseInt(b.slice(prefix.length), 10) - Number.parseInt(a.slice(prefix.length), 10));
  return newestFirst.map((name) => join(root, name, "bin"));
}

function pgConfigDirectory(): string[] {
  try {
    return [execFileSync("pg_config", ["--bindir"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim()];
  } catch {
    return [];
  }
}

/**
 * PostgreSQL refuses to run as root, so root needs another user: `postgres`, which the packages create.
 * Returns an empty object when the current user will do, null when root has nobody to hand over to.
 */
export function serverUser(): { uid?: number; gid?: number } | null {
  if (process.getuid?.() !== 0) return {};
  try {
    const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return null;
  }
}
