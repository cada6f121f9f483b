import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = resolve("src");
const files = (await readdir(SRC, { recursive: true })).filter((file) => file.endsWith(".ts"));
const sources = new Map(await Promise.all(files.map(async (file) => [file, await readFile(join(SRC, file), "utf8")] as const)));

/** Folder of a file under src; the composition root has none. */
const roomOf = (file: string) => (file.includes("/") ? (file.split("/")[0] as string) : "root");

function importsOf(file: string): string[] {
  return [...(sources.get(file) ?? "").matchAll(/(?:from|import\()\s*"(\.[^"]+)\.js"/g)]
    .map(([, target = ""]) => relative(SRC, resolve(SRC, file, "..", `${target}.ts`)))
    .filter((target) => !target.startsWith(".."));
}

/** Room → the rooms it may import from, besides itself. A child noun knows its parents; no parent knows a child. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  kernel: [],
  catalog: ["kernel"],
  user: ["kernel"],
  tenant: ["kernel"],
  viewer: ["kernel", "tenant"],
  project: ["kernel", "tenant"],
  entitlement: ["kernel", "tenant", "catalog"],
  "api-key": ["kernel", "tenant", "catalog", "user"],
  "idp-config": ["kernel", "tenant"],
  "audit-event": ["kernel", "tenant", "project"],
  database: [],
  development: ["kernel", "database", "root"],
  http: ["kernel", "root"],
  process: ["database", "root"],
  root: ["http", "process", "kernel", "tenant", "project", "entitlement", "api-key", "idp-config", "audit-event", "viewer", "database", "development"],
};

describe("architecture", () => {
  it.each(files)("%s imports only what its room may", (file) => {
    const allowed = [...(MAY_IMPORT[roomOf(file)] ?? []), roomOf(file)];
    expect(importsOf(file).filter((target) => !allowed.includes(roomOf(target)))).toEqual([]);
  });

  it("only config.ts reads the environment", () => {
    expect(files.filter((file) => /process\.env/.test(sources.get(file) ?? ""))).toEqual(["config.ts"]);
  });

  it("what development brings along is never imported at start: main.ts and cli.ts load it when APP_ENV=dev", () => {
    const importers = files.filter((file) => roomOf(file) !== "development" && importsOf(file).some((target) => roomOf(target) === "development"));
    expect(importers).toEqual(["cli.ts", "main.ts"]);
    for (const file of importers) expect(sources.get(file)).not.toMatch(/^import .*development/m);
  });

  it("features never see the data source", () => {
    const rooms = new Set(["tenant", "project", "entitlement", "api-key", "idp-config", "audit-event", "viewer", "catalog", "user"]);
    expect(files.filter((file) => rooms.has(roomOf(file)) && /DataSource/.test(sources.get(file) ?? ""))).toEqual([]);
  });
});
