/** Owns the guarantees of `apply` and `export` as operators give them: the built program, speaking with a running registry. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fixture } from "../testkit/bundles.js";
import { built } from "../testkit/built.js";
import { freePort } from "../testkit/cluster.js";
import { runCommand, startService, stopPrograms } from "../testkit/program.js";
import { openRegistry } from "../testkit/registry.js";
import { openWorld } from "../testkit/world.js";

let directory: string;
beforeAll(async () => {
  await built();
  directory = await mkdtemp(join(tmpdir(), "registry-bundle-"));
});
afterEach(() => stopPrograms());
afterAll(() => rm(directory, { recursive: true, force: true }));

const FILES = ["bundle.yaml", "tenant.yaml", "team.yaml", "flow-acme.yaml"].map((name) => resolve(fixture(name)));

/** An empty registry, and the commands as its operator gives them. */
async function openEmpty() {
  const app = await openRegistry();
  const { operator } = await openWorld(app);
  const tokenFile = join(directory, "token");
  await writeFile(tokenFile, `${operator.token}\n`, { mode: 0o600 });
  const where = ["--url", app.url, "--token-file", tokenFile];
  return { app, where, run: (...args: string[]) => runCommand([...args, ...where]) };
}

describe("tenant-registry apply and export", () => {
  it("applies the seeds' samples as it planned, and a second time changes nothing", async () => {
    const first = await openEmpty();
    try {
      const planned = await first.run("apply", ...FILES, "--tenant", "acme", "--dry-run");
      expect(planned).toMatchObject({ code: 2, stderr: "" });
      expect(await first.run("apply", ...FILES, "--tenant", "acme")).toEqual({ code: 0, stdout: `${planned.stdout}Done: acme, bigcorp.\n`, stderr: "" });
      expect(await first.run("apply", ...FILES, "--tenant", "acme", "--prune")).toEqual({ code: 0, stdout: "acme\n  no change\nbigcorp\n  no change\n", stderr: "" });
    } finally {
      await first.app.close();
    }
  }, 180_000);

  it("exports what an empty registry takes as the same", async () => {
    const [first, output] = [await openEmpty(), join(directory, "export.yaml")];
    await first.run("apply", ...FILES, "--tenant", "acme");
    expect(await first.run("export", "--output", output)).toEqual({ code: 0, stdout: "", stderr: "" });
    await first.app.close();
    const second = await openEmpty();
    try {
      expect(await second.run("apply", output, "--prune")).toMatchObject({ code: 0, stderr: "" });
      expect(await second.run("export")).toEqual({ code: 0, stdout: await readFile(output, "utf8"), stderr: "" });
    } finally {
      await second.app.close();
    }
  }, 180_000);

  it("goes on to the end when nobody reads what it tells, but no export is complete that could not be written", async () => {
    const { app, where } = await openEmpty();
    const inShell = (command: string) => promisify(execFile)("sh", ["-c", command, "sh", process.execPath, resolve("dist/src/cli.js"), ...where]);
    try {
      const file = join(directory, "unread.yaml");
      await writeFile(file, `tenants: { ${Array.from({ length: 8 }, (_, n) => `unread-${n}: { teams: { support: {} } }`).join(", ")} }\n`);
      expect((await inShell(`{ "$1" "$2" apply ${file} "$3" "$4" "$5" "$6"; echo "code $?" >&2; } | true`)).stderr).toBe("code 0\n");
      expect(await app.sql("select count(*)::int as done from tenants t join tenant_teams m on m.tenant_id = t.id where t.slug like 'unread-%'")).toEqual([{ done: 8 }]);
      expect((await inShell(`{ "$1" "$2" export "$3" "$4" "$5" "$6"; echo "code $?" >&2; } | true`)).stderr).toBe("code 1\n");
    } finally {
      await app.close();
    }
  }, 180_000);

  it("needs no option in development", async () => {
    const environment = { DATA_DIR: join(directory, "development"), ADDR: `127.0.0.1:${await freePort()}`, LOG_LEVEL: "warn" };
    const program = await startService(environment);
    await program.says(/http:\/\/localhost:\d+/);
    const file = join(directory, "new.yaml");
    await writeFile(file, "tenants: { new-customer: { teams: { support: {} } } }\n");
    expect(await runCommand(["apply", file], environment)).toEqual({ code: 0, stdout: expect.stringContaining("Done: new-customer.\n"), stderr: "" });
    expect(await runCommand(["export", "new-customer"], environment)).toEqual({ code: 0, stdout: "tenants:\n  new-customer:\n    name: new-customer\n    environments: []\n    teams:\n      support:\n        name: support\n        channels: {}\n", stderr: "" });
  }, 180_000);

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ["a registry that is away", ["apply", FILES[0] ?? ""], {}, /^acme: The registry at http:\/\/localhost:\d+ cannot be reached \(ECONNREFUSED\)\.\n$/],
    ["nobody's token", ["export"], { KEYCLOAK_ISSUER: "https://id.example.com" }, /^Name a file with an operator's access token: --token-file <file>, or - for standard input\.\n$/],
    ["a token file that is not there", ["export", "--token-file", "/no/such/file", "--url", "http://localhost:1"], {}, /^--token-file cannot be read \(ENOENT\)\.\n$/],
    ["a token file that has none", ["export", "--token-file", resolve(fixture("team.yaml")), "--url", "http://localhost:1"], {}, /^--token-file must have an access token in it, and nothing else\.\n$/],
    ["nothing on standard input", ["export", "--token-file", "-", "--url", "http://localhost:1"], {}, /^--token-file must have an access token in it, and nothing else\.\n$/],
    ["an address that is none", ["export", "--url", "acme"], {}, /^--url must be the registry's address, .*\n$/],
    ["a file that is not there", ["apply", "/no/such/file"], {}, /^The bundle \/no\/such\/file has a problem:\n- it cannot be read \(ENOENT\)\n$/],
    ["no file", ["apply"], {}, /^error: missing required argument 'file'\n/],
  ])("%s is a sentence, with exit code 1", async (_what, args, environment, sentence) => {
    const { code, stdout, stderr } = await runCommand(args, { DATA_DIR: join(directory, "away"), ADDR: `127.0.0.1:${await freePort()}`, ...environment });
    expect(stderr).toMatch(sentence);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });
});
