/** Owns the guarantees of the command line: JSON on standard output, one sentence on standard error, and exit codes that scripts can trust. */
import { cp, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { built, PACKAGE } from "../testkit/built.js";
import { freePort, noCluster, startCluster } from "../testkit/cluster.js";
import { TEST_PEPPERS } from "../testkit/deployed.js";
import { runCommand } from "../testkit/program.js";

const NAMES = MIGRATIONS.map(({ name }) => name);
const NEWEST = NAMES.length;

let directory: string;
beforeAll(async () => {
  await built();
  directory = await mkdtemp(join(tmpdir(), "registry-cli-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe("tenant-registry", () => {
  it("is found by npx in the package, and lists its commands", async () => {
    const { stdout } = await promisify(execFile)("npx", ["--no-install", "tenant-registry", "--help"], { cwd: PACKAGE });
    for (const command of ["serve", "migrate", "schema", "token"]) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  it("migrate --help says what each command does", async () => {
    const { code, stdout } = await runCommand(["migrate", "--help"]);
    expect(code).toBe(0);
    for (const command of ["up ", "up-to <number>", "down ", "version", "force <number>", "create <name>"]) expect(stdout).toMatch(new RegExp(`^  ${command}.* {2}\\w`, "m"));
  });

  it("schema prints what is committed", async () => {
    const { code, stdout } = await runCommand(["schema"]);
    expect(code).toBe(0);
    expect(stdout).toBe(await readFile(join(PACKAGE, "schema.graphql"), "utf8"));
  });

  it.each([
    [["nonsense"], {}, /^error: unknown command 'nonsense'\n/],
    [["migrate", "sideways"], {}, /^error: unknown command 'sideways'\n/],
    [["migrate", "up-to"], {}, /^error: missing required argument 'number'\n/],
    [["migrate", "up-to", "-1"], {}, /^error: /],
    [["migrate", "down", "many"], {}, /^error: .* must be a whole number\n/],
    [["migrate", "force", "1e2"], {}, /^error: .* must be a whole number\n/],
    [["migrate", "up"], {}, /^The configuration has a problem:\n- DATABASE_OWNER_URL or DATABASE_URL must be set: .*\n$/],
    [["migrate", "version"], { DATABASE_URL: "mysql://root:hunter2@db/x", APP_ENV: "live" }, /^The configuration has 2 problems:\n- APP_ENV must .*\n- DATABASE_URL must .*\n$/],
    [["token", "nobody"], {}, /^The configuration has a problem:\n- there is no such caller; there are acme-admin, .*\n$/],
    [["token", "acme-admin"], { KEYCLOAK_ISSUER: "https://id.example.com" }, /^The configuration has a problem:\n- tokens come from the development issuer, .*\n$/],
    [["token", "acme-admin"], { APP_ENV: "prod" }, /^The configuration has 3 problems:\n- DATABASE_URL must be set when APP_ENV=prod: .*\n- KEYCLOAK_ISSUER .*\n- API_KEY_PEPPERS .*\n$/],
    [
      ["token", "acme-admin"],
      { APP_ENV: "prod", DATABASE_URL: "postgres://db/x", KEYCLOAK_ISSUER: "https://id.example.com", API_KEY_PEPPERS: TEST_PEPPERS },
      /^The configuration has a problem:\n- tokens come from the development issuer, which needs APP_ENV=dev and no KEYCLOAK_ISSUER\n$/,
    ],
  ])("%j with %j is refused with exit code 1, without a stack or a secret", async (args, environment, sentence) => {
    const { code, stdout, stderr } = await runCommand(args, { DATA_DIR: directory, ...environment });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/^ +at |hunter2/m);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });

  it("a database that is away is a sentence", async () => {
    const { code, stderr } = await runCommand(["migrate", "up"], { DATABASE_URL: `postgres://owner:hunter2@127.0.0.1:${await freePort()}/registry` });
    expect(stderr).toMatch(/^The database cannot be reached \(ECONNREFUSED\)\. [^\n]*\n$/);
    expect(code).toBe(1);
  });
});

describe("migrate create", () => {
  it("writes the next migration and lists it; the package with it still compiles", async () => {
    const copy = join(directory, "package");
    for (const part of ["migrations", "package.json", "tsconfig.json"]) await cp(join(PACKAGE, part), join(copy, part), { recursive: true });
    await symlink(join(PACKAGE, "node_modules"), join(copy, "node_modules"));
    const { code, stdout } = await runCommand(["migrate", "create", "add-teams"], {}, copy);
    expect({ code, answer: JSON.parse(stdout) }).toEqual({ code: 0, answer: { file: join("migrations", `${NEWEST + 1}-add-teams.ts`) } });
    expect(await readdir(join(copy, "migrations"))).toContain(`${NEWEST + 1}-add-teams.ts`);
    const tsc = ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.json"];
    await promisify(execFile)(process.execPath, tsc, { cwd: copy });
  });

  it("refuses a name that is none, in a sentence", async () => {
    const { code, stderr } = await runCommand(["migrate", "create", "Add Teams"], {}, PACKAGE);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '"Add Teams" is not a migration name: use words in lower case joined by dashes.\n' });
  });
});

const cluster = await startCluster();
afterAll(() => cluster?.remove());

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "migrate on a database", () => {
  const migrate = async (DATABASE_URL: string, ...args: string[]) => {
    const { code, stdout, stderr } = await runCommand(["migrate", ...args], { DATABASE_URL });
    return code === 0 ? (JSON.parse(stdout) as unknown) : { code, stdout, stderr };
  };

  it("goes up to a number, to the newest, back, and says where it is", async () => {
    const url = await cluster!.freshDatabase();
    expect(await migrate(url, "version")).toEqual({ version: 0, pending: NAMES });
    expect(await migrate(url, "up-to", "1")).toEqual({ adopted: false, applied: NAMES.slice(0, 1), version: 1 });
    expect(await migrate(url, "version")).toEqual({ version: 1, pending: NAMES.slice(1) });
    expect(await migrate(url, "up")).toEqual({ adopted: false, applied: NAMES.slice(1), version: NEWEST });
    expect(await migrate(url, "down")).toEqual({ reverted: NAMES.slice(-1), version: NEWEST - 1 });
    expect(await migrate(url, "down", String(NEWEST))).toEqual({ reverted: NAMES.slice(0, -1).reverse(), version: 0 });
  });

  it("force writes the record only, and answers where the database then is", async () => {
    const url = await cluster!.freshDatabase();
    expect(await migrate(url, "force", "2")).toEqual({ version: 2, pending: NAMES.slice(2) });
    expect(await migrate(url, "force", "0")).toEqual({ version: 0, pending: NAMES });
  });

  it.each([
    [["up-to", "99"], /^There is no migration 99: this build knows 0 to \d+\.\n$/],
    [["force", "99"], /^There is no migration 99: /],
    [["down", "0"], /^`down` takes a number of steps, at least 1\.\n$/],
  ])("%j is refused in a sentence", async (args, sentence) => {
    expect(await migrate(await cluster!.freshDatabase(), ...args)).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(sentence) });
  });

  it("production is forward-only, and needs nothing but the database to migrate", async () => {
    const DATABASE_OWNER_URL = await cluster!.freshDatabase();
    const environment = { APP_ENV: "prod", DATABASE_OWNER_URL };
    expect((await runCommand(["migrate", "up"], environment)).code).toBe(0);
    const refused = await runCommand(["migrate", "down"], environment);
    expect(refused).toEqual({ code: 1, stdout: "", stderr: "Production is forward-only: undo a migration by writing another one.\n" });
    expect(JSON.parse((await runCommand(["migrate", "version"], environment)).stdout)).toEqual({ version: NEWEST, pending: [] });
  });

  it.each([
    ["a database that does not exist", (url: URL) => (url.pathname = "/no_such_registry"), /names a database that does not exist\.\n$/],
    ["a login that does not exist", (url: URL) => (url.username = "nobody_at_all"), /^The database refuses the login that DATABASE_URL or DATABASE_OWNER_URL gives \(28\w+\)\.\n$/],
  ])("%s is a sentence", async (_name, change, sentence) => {
    const url = new URL(cluster!.url);
    change(url);
    expect(await migrate(url.href, "up")).toEqual({ code: 1, stdout: "", stderr: expect.stringMatching(sentence) });
  });
});
