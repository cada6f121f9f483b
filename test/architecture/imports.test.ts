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
  tenant: ["kernel", "catalog", "settings"],
  viewer: ["kernel", "tenant"],
  project: ["kernel", "tenant"],
  entitlement: ["kernel", "tenant", "catalog", "project"],
  "product-request": ["kernel", "tenant", "catalog", "entitlement", "user"],
  offer: ["kernel", "catalog", "entitlement"],
  "api-key-policy": ["kernel", "tenant"],
  "api-key": ["kernel", "tenant", "catalog", "user", "project", "entitlement", "api-key-policy"],
  "api-key-usage": ["kernel", "tenant", "api-key"],
  "api-key-verdict": ["kernel", "tenant", "catalog", "project", "entitlement", "api-key", "api-key-usage"],
  "api-key-leak": ["kernel", "api-key", "api-key-verdict"],
  "idp-config": ["kernel", "tenant"],
  "audit-event": ["kernel", "tenant", "project", "api-key"],
  job: ["kernel", "tenant"],
  "tenant-export": ["kernel", "tenant"],
  demo: ["kernel", "catalog", "tenant", "project", "entitlement"],
  keycloak: [],
  provisioning: ["kernel", "tenant", "keycloak"],
  "tenant-claims": ["kernel", "tenant", "catalog", "entitlement"],
  platform: ["kernel", "catalog"],
  settings: ["kernel"],
  environment: ["kernel", "tenant", "platform", "settings"],
  team: ["kernel", "tenant", "platform", "settings"],
  flow: ["kernel", "tenant", "environment"],
  tenancy: ["kernel", "tenant", "platform", "settings", "environment", "team", "flow", "api-key", "api-key-verdict"],
  "tenant-usage": ["kernel", "tenant"],
  bundle: ["kernel", "catalog", "tenant", "platform", "settings", "environment", "team", "flow"],
  "bundle-cli": ["kernel", "catalog", "bundle", "root"],
  database: [],
  development: ["kernel", "database", "keycloak", "root"],
  http: ["kernel", "root"],
  process: ["kernel", "database", "root"],
  root: ["http", "process", "kernel", "tenant", "catalog", "project", "entitlement", "product-request", "offer", "api-key", "api-key-policy", "api-key-usage", "api-key-verdict", "api-key-leak", "idp-config", "audit-event", "job", "tenant-export", "demo", "keycloak", "provisioning", "tenant-claims", "platform", "settings", "environment", "team", "flow", "tenancy", "tenant-usage", "bundle", "bundle-cli", "viewer", "database", "development"],
};

describe("architecture", () => {
  it.each(files)("%s imports only what its room may", (file) => {
    const allowed = [...(MAY_IMPORT[roomOf(file)] ?? []), roomOf(file)];
    expect(importsOf(file).filter((target) => !allowed.includes(roomOf(target)))).toEqual([]);
  });

  it("names are made by the rooms that may, through the front door of tenant-names", () => {
    const uses = files.flatMap((file) =>
      [...(sources.get(file) ?? "").matchAll(/from "(\.[^"]*packages\/[^"]+)"/g)].map(([, target = ""]) => ({ file, target: relative(resolve("."), resolve(SRC, file, "..", target)) })),
    );
    expect(uses.filter(({ target }) => target !== "packages/tenant-names/src/index.js")).toEqual([]);
    expect([...new Set(uses.map(({ file }) => (file === "tenant/tenant.rules.ts" ? file : roomOf(file))))].sort()).toEqual(["environment", "flow", "platform", "tenancy", "tenant/tenant.rules.ts"]);
  });

  it("only config.ts reads the environment", () => {
    expect(files.filter((file) => /process\.env/.test(sources.get(file) ?? ""))).toEqual(["config.ts"]);
  });

  it("what development brings along is never imported at start: main.ts and cli.ts load it when APP_ENV=dev", () => {
    const importers = files.filter((file) => roomOf(file) !== "development" && importsOf(file).some((target) => roomOf(target) === "development"));
    expect(importers).toEqual(["cli.ts", "main.ts"]);
    for (const file of importers) expect(sources.get(file)).not.toMatch(/^import .*development/m);
  });

  it("what imitates Keycloak is reached through development only", () => {
    const isImitation = (file: string) => file.startsWith("keycloak/fake/");
    const importers = files.filter((file) => !isImitation(file) && importsOf(file).some(isImitation));
    expect(importers).toEqual(["development/keycloak.ts"]);
  });

  it("features never see the data source", () => {
    const rooms = new Set(["tenant", "project", "entitlement", "product-request", "offer", "api-key", "api-key-policy", "api-key-usage", "api-key-verdict", "api-key-leak", "idp-config", "audit-event", "job", "tenant-export", "demo", "tenant-claims", "platform", "settings", "environment", "team", "flow", "tenancy", "tenant-usage", "bundle", "bundle-cli", "keycloak", "provisioning", "viewer", "catalog", "user"]);
    expect(files.filter((file) => rooms.has(roomOf(file)) && /DataSource/.test(sources.get(file) ?? ""))).toEqual([]);
  });
});
