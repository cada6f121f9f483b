/** Owns the guarantees of the first line of the README: it starts, shows how to use it, keeps what is changed, and refuses in a sentence. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { built, PACKAGE } from "../testkit/built.js";
import { freePort } from "../testkit/cluster.js";
import { TEST_PEPPERS } from "../testkit/deployed.js";
import { runCommand, startService, stopPrograms, type Environment, type Program } from "../testkit/program.js";

const ACME = "00000000-0000-0000-0000-000000000001";
const CALLERS = ["acme-admin", "acme-auditor", "acme-member", "bigcorp-admin", "support", "operator", "service-crm"];
const GREETED = /Its answer:\n\n(.+)\n/;

let directory: string;
beforeAll(async () => {
  await built();
  directory = await mkdtemp(join(tmpdir(), "registry-start-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function development(name: string): Promise<Environment & { DATA_DIR: string; ADDR: string }> {
  return { DATA_DIR: join(directory, name), ADDR: `127.0.0.1:${await freePort()}` };
}

function tokenOf(service: Program, name: string): string {
  return new RegExp(`^  ${name} .*\\n(ey[\\w.-]+)$`, "m").exec(service.stdout)?.[1] ?? "";
}

async function ask(address: string, token: string, query: string, variables: object = {}) {
  const response = await fetch(`http://${address}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as { data?: any; errors?: object[] }; // any: every test knows the shape that it asked for
}

async function stop(service: Program, signal: NodeJS.Signals = "SIGTERM") {
  service.signal(signal);
  return service.ended;
}

describe("started with nothing configured", () => {
  let environment: Awaited<ReturnType<typeof development>>;
  let service: Program;
  beforeAll(async () => {
    environment = await development("first");
    service = await startService(environment);
    await service.says(GREETED);
  });
  afterAll(stopPrograms);

  it("shows a token for each kind of caller, and each is who it says", async () => {
    for (const name of CALLERS) {
      const { data, errors } = await ask(environment.ADDR, tokenOf(service, name), "{ viewer { subject } }");
      expect(errors).toBeUndefined();
      expect(data).toEqual({ viewer: { subject: decodeJwt(tokenOf(service, name)).sub } });
    }
  });

  it("prints a query that can be pasted, and it answers for acme what is printed below it", async () => {
    const [curl = ""] = service.stdout.split("\n").filter((line) => line.startsWith("curl "));
    const { stdout } = await promisify(execFile)("bash", ["-c", curl]);
    expect(stdout.trimEnd()).toBe(GREETED.exec(service.stdout)?.[1]);
    expect(JSON.parse(stdout)).toEqual({
      data: {
        myTenant: {
          slug: "acme",
          name: "ACME Corporation",
          status: "ACTIVE",
          projects: { nodes: [{ slug: "default" }, { slug: "website" }] },
          entitlements: [
            { product: { key: "chat" }, enabled: true },
            { product: { key: "crm" }, enabled: true },
          ],
        },
      },
    });
  });

  it("has the two seeded tenants, so that a leak would be visible, and acme cannot see the other", async () => {
    const both = "{ tenants(first: 5) { nodes { id slug } } }";
    const seen = await ask(environment.ADDR, tokenOf(service, "operator"), both);
    expect(seen.data.tenants.nodes).toEqual(expect.arrayContaining([{ id: ACME, slug: "acme" }, { id: expect.any(String), slug: "bigcorp" }]));
    const hidden = await ask(environment.ADDR, tokenOf(service, "acme-admin"), `{ tenantBySlug(slug: "bigcorp") { id } }`);
    expect(hidden.data).toEqual({ tenantBySlug: null });
  });

  it("shows the page with the callers in a menu", async () => {
    const page = await (await fetch(`http://${environment.ADDR}/`)).text();
    expect(page).toContain("GraphiQL");
    expect(page.match(/"token":"ey/g)).toHaveLength(CALLERS.length);
    expect(page).toContain('{"name":"Anonymous","description":"Sends no token.","token":""}');
  });

  it.each(["/", "/development/issuer/jwks", "/development/assets/page.js"])("gives %s to nobody who calls this machine by another name", async (path) => {
    const statusFor = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const [hostname, port] = environment.ADDR.split(":");
        request({ hostname, port, path, headers: { host } }, (response) => resolve(response.resume().statusCode)).on("error", reject).end();
      });
    expect(await statusFor("rebound.example")).toBe(421);
    expect(await statusFor("rebound.example:8090")).toBe(421);
    for (const host of [environment.ADDR, "localhost", "LOCALHOST:1", "[::1]:8090"]) expect(await statusFor(host)).toBe(200);
  });

  it("puts no token into the log", async () => {
    // Lines are written together, a second late at most.
    await expect.poll(() => service.log().length, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(JSON.stringify(service.log())).not.toMatch(/eyJ/);
  });

  it("keeps its signing key and its rows to the user who runs it", async () => {
    expect((await stat(environment.DATA_DIR)).mode & 0o077).toBe(0);
  });

  it("refuses a second process on the same directory in a sentence that names the first one", async () => {
    const second = await startService({ ...environment, ADDR: `127.0.0.1:${await freePort()}` });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toMatch(new RegExp(`^The data directory .* is in use by process ${service.pid}\\. .*\\n$`));
  });

  it("refuses a port that is taken in a sentence, and lets its own directory go", async () => {
    const other = { ...(await development("second")), ADDR: environment.ADDR };
    const second = await startService(other);
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toBe(`Another process listens on ${environment.ADDR}. Stop it, or set ADDR to another address.\n`);
    expect(await lockOf(other.DATA_DIR)).toMatchObject({ state: "released" });
  });

  it("prints a token of any caller on the command line", async () => {
    const { code, stdout } = await runCommand(["token", "bigcorp-admin"], environment);
    expect(code).toBe(0);
    expect((await ask(environment.ADDR, stdout.trim(), "{ myTenant { slug } }")).data).toEqual({ myTenant: { slug: "bigcorp" } });
  });
});

async function lockOf(dataDir: string): Promise<unknown> {
  const [newest = ""] = (await readdir(join(dataDir, "postgres"))).filter((name) => name.startsWith("lock.")).sort().reverse();
  return JSON.parse(await readFile(join(dataDir, "postgres", newest), "utf8"));
}

describe("stopped and started again", () => {
  afterEach(stopPrograms);

  it.each(["SIGTERM", "SIGINT"] as const)("after %s it has what was changed, and the tokens of before still work", async (signal) => {
    const environment = await development(signal);
    const first = await startService(environment);
    await first.says(GREETED);
    const token = tokenOf(first, "acme-admin");
    const created = await ask(environment.ADDR, token, `mutation { createProject(input: { slug: "kept", name: "Kept" }) { project { id } } }`);
    expect(created.errors).toBeUndefined();
    const archived = await ask(environment.ADDR, token, `{ myTenant { projects { nodes { id slug } } } }`);
    const website = archived.data.myTenant.projects.nodes.find(({ slug }: { slug: string }) => slug === "website");
    await ask(environment.ADDR, token, "mutation ($id: ID!) { archiveProject(input: { id: $id }) { project { id } } }", { id: website.id });
    expect(await stop(first, signal)).toEqual({ code: 0, signal: null });
    expect(await lockOf(environment.DATA_DIR)).toMatchObject({ state: "released" });

    const second = await startService(environment);
    await second.says(GREETED);
    const { data } = await ask(environment.ADDR, token, "{ myTenant { projects { nodes { slug status } } } }");
    expect(data.myTenant.projects.nodes).toEqual(
      expect.arrayContaining([{ slug: "default", status: "ACTIVE" }, { slug: "kept", status: "ACTIVE" }, { slug: "website", status: "ARCHIVED" }]),
    );
    expect(data.myTenant.projects.nodes).toHaveLength(3);
    // Lines are written together, within a second.
    await vi.waitFor(() => expect(second.log().find(({ msg }) => msg === "database migrated")).toMatchObject({ applied: [] }), 10_000);
  });
});

describe("what stops the start", () => {
  afterEach(stopPrograms);

  it("a bad configuration: every problem in a line, no stack, nothing created", async () => {
    const environment = await development("bad");
    const service = await startService({ ...environment, APP_ENV: "prod", LOG_LEVEL: "loud" });
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr.split("\n")).toEqual([
      "The configuration has 4 problems:",
      expect.stringMatching(/^- LOG_LEVEL must be one of /),
      expect.stringMatching(/^- DATABASE_URL must be set when APP_ENV=prod: /),
      expect.stringMatching(/^- KEYCLOAK_ISSUER must be set when APP_ENV=prod: /),
      expect.stringMatching(/^- API_KEY_PEPPERS must be set when APP_ENV=prod: /),
      "",
    ]);
    expect(service.stdout).toBe("");
    await expect(stat(environment.DATA_DIR)).rejects.toThrow("ENOENT");
  });

  it("a broken catalogue: every problem in a line, no stack, nothing created", async () => {
    const environment = await development("catalogue");
    const file = join(directory, "broken.yaml");
    await writeFile(file, "prodcts: []\nproducts:\n  - { key: crm, name: CRM, description: Contacts., trial: { days: 0 } }\nplans: []\n");
    const service = await startService({ ...environment, CATALOG_FILE: file });
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr.split("\n")).toEqual([
      `The catalogue ${file} has 2 problems:`,
      "- line 1: prodcts is not known here; did you mean products?",
      "- line 3: products[0].trial.days must be at least 1",
      "",
    ]);
    expect(service.stdout).toBe("");
    await expect(stat(environment.DATA_DIR)).rejects.toThrow("ENOENT");
  });

  it("a broken platform file: every problem in a line, no stack, nothing created", async () => {
    const environment = await development("platform");
    const file = join(directory, "broken-platform.yaml");
    await writeFile(file, "clusters:\n  eu: { name: EU, kind: dedicated, domain: eu.example }\nprovider: {}\nproviders: {}\n");
    const service = await startService({ ...environment, PLATFORM_FILE: file });
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr.split("\n")).toEqual([
      `The platform file ${file} has 2 problems:`,
      "- line 2: clusters.eu.tenant is missing, which a dedicated cluster needs",
      "- line 3: provider is not known here; did you mean providers?",
      "",
    ]);
    expect(service.stdout).toBe("");
    await expect(stat(environment.DATA_DIR)).rejects.toThrow("ENOENT");
  });

  it("a database that is away: a sentence, and production does not fall back to the embedded one", async () => {
    const environment = await development("away");
    const port = await freePort();
    const service = await startService({
      ...environment,
      APP_ENV: "prod",
      DATABASE_URL: `postgres://service:hunter2@127.0.0.1:${port}/registry`,
      KEYCLOAK_ISSUER: "https://127.0.0.1:1/realms/none",
      API_KEY_PEPPERS: TEST_PEPPERS,
    });
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr).toMatch(/^The database cannot be reached \(ECONNREFUSED\)\. .*\n$/);
    expect(service.stdout + service.stderr).not.toContain("hunter2");
    await expect(stat(environment.DATA_DIR)).rejects.toThrow("ENOENT");
  });

  it("a signal before it is ready: it leaves at once, and the next start finds nothing in its way", async () => {
    const environment = await development("early");
    const first = await startService({ ...environment, DATABSE_URL: "postgres://nowhere" });
    // The first line of the log comes long before the database is open.
    await first.says(/DATABSE_URL/);
    first.signal("SIGTERM");
    expect(await first.ended).toEqual({ code: 0, signal: null });
    expect(first.log().map(({ msg }) => msg)).toEqual([expect.stringContaining("misspelt"), "told to stop before the start was complete"]);
    await (await startService(environment)).says(GREETED);
  });

  it("development without the development dependencies: a sentence that says what to do", async () => {
    // A loader that knows none of them stands for a production installation.
    const hidden = `export async function resolve(name, context, next) {
      if (name === "@electric-sql/pglite") throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
      return next(name, context);
    }`;
    const hook = `import { register } from "node:module"; register("data:text/javascript,${encodeURIComponent(hidden)}");`;
    const service = await startService(await development("production-installation"), ["--import", `data:text/javascript,${encodeURIComponent(hook)}`]);
    expect(await service.ended).toEqual({ code: 1, signal: null });
    expect(service.stderr).toMatch(/^The embedded database is a development dependency and is not installed here\. .*APP_ENV to stage or prod\.\n$/);
  });
});

describe("what a production installation lacks", () => {
  it("is imported by nothing that main.js or cli.js imports statically", async () => {
    const { devDependencies } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8")) as { devDependencies: Record<string, string> };
    const imported = new Set<string>();
    const visited = new Set<string>();
    const visit = async (file: string): Promise<void> => {
      if (visited.has(file)) return;
      visited.add(file);
      const source = await readFile(file, "utf8");
      for (const [, specifier = ""] of source.matchAll(/^(?:import|export)\b[^;]*?["']([^"']+)["'];/gm)) {
        if (specifier.startsWith(".")) await visit(join(dirname(file), specifier));
        else imported.add(specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/"));
      }
    };
    for (const entry of ["main.js", "cli.js", "development/start.js"]) await visit(join(PACKAGE, "dist/src", entry));
    expect(visited.size).toBeGreaterThan(40);
    expect(imported).toContain("typeorm");
    expect(Object.keys(devDependencies).filter((name) => imported.has(name))).toEqual([]);
  });
});
