/** Owns the guarantees of a stop on a real database: what is under way is answered, nothing new is let in, and production brings nothing along. */
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { ask, deploy, LISTENING, type Deployment } from "../testkit/deployed.js";
import { runCommand, stopPrograms } from "../testkit/program.js";

const cluster = await startCluster();
let deployment: Deployment | undefined;

afterEach(async () => {
  await stopPrograms();
  await deployment?.close();
});
afterAll(() => cluster?.remove());

/** Run a statement in a transaction of its own that stays open until released. */
async function hold(statement: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: deployment!.databaseUrl });
  await client.connect();
  await client.query(`BEGIN; ${statement}`);
  return async () => {
    await client.query("COMMIT");
    await client.end();
  };
}

/** Resolves when somebody waits for a lock. */
const somebodyWaits = () =>
  vi.waitFor(async () => {
    const rows = await deployment!.sql("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
    expect(rows).toHaveLength(1);
  }, 10_000);

const CREATE = `mutation { createProject(input: { slug: "slow", name: "Slow" }) { project { slug } } }`;

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "told to stop", () => {
  it.each([
    { name: "SIGTERM", signals: ["SIGTERM"] },
    { name: "SIGINT", signals: ["SIGINT"] },
    { name: "SIGTERM twice, as npm passes it on", signals: ["SIGTERM", "SIGTERM"] },
  ] as const)("by $name: the request under way is answered, new ones are refused, exit code 0", async ({ signals }) => {
    deployment = await deploy(cluster!);
    const service = await deployment.instance();
    await service.says(LISTENING);
    const { id, token } = await deployment.tenant();
    const release = await hold(`SELECT 1 FROM tenants WHERE id = '${id}' FOR UPDATE`);
    const answer = ask(service.url, token, CREATE);
    await somebodyWaits();

    for (const signal of signals) service.signal(signal);
    await service.says(/"draining"/);
    await expect(fetch(`${service.url}/readyz`)).rejects.toThrow("fetch failed");
    await release();
    expect(await answer).toEqual({ status: 200, body: { data: { createProject: { project: { slug: "slow" } } } } });
    expect(await service.ended).toEqual({ code: 0, signal: null });
    expect(service.log().map(({ msg }) => msg).slice(-2)).toEqual(["operation", "drained"]);
    expect(await deployment.sql("SELECT action FROM audit_log")).toEqual([{ action: "project.create" }]);
    expect(await deployment.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'tenant-registry' AND datname = current_database()")).toEqual([]);
  });

  it("while another instance migrates: it leaves at once, with exit code 0, and has changed nothing", async () => {
    deployment = await deploy(cluster!);
    const release = await hold("SELECT pg_advisory_xact_lock(hashtextextended('tenant-registry.migrations', 0))");
    const service = await deployment.instance();
    await somebodyWaits();
    service.signal("SIGTERM");
    expect(await service.ended).toEqual({ code: 0, signal: null });
    await release();
    expect(await deployment.sql("SELECT to_regclass('tenants') AS found")).toEqual([{ found: null }]);
  });
});

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "in production", () => {
  it("there is no page, no issuer, no embedded database, no introspection and no data directory", async () => {
    deployment = await deploy(cluster!);
    const DATA_DIR = join(tmpdir(), `registry-prod-${process.pid}`);
    expect(await runCommand(["migrate", "up"], { DATABASE_URL: deployment.databaseUrl })).toMatchObject({ code: 0 });
    const production = { APP_ENV: "prod", MIGRATE_ON_START: "false", DATABASE_URL: await deployment.login() };
    const service = await deployment.instance({ ...production, KEYCLOAK_ISSUER: "https://127.0.0.1:1/realms/none", DATA_DIR });
    await service.says(LISTENING);
    for (const path of ["/", "/development/issuer/jwks", "/development/issuer/token", "/development/assets/page.js"]) {
      expect((await fetch(`${service.url}${path}`)).status).toBe(404);
    }
    const { body } = await ask(service.url, "", "{ __schema { queryType { name } } }");
    expect(body.data).toBeUndefined();
    expect(await (await fetch(`${service.url}/readyz`)).json()).toEqual({ status: "unavailable", failed: ["issuer"] });
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
    await expect(stat(DATA_DIR)).rejects.toThrow("ENOENT");
  });

  it("an unmigrated database is refused in a sentence that says how to migrate it", async () => {
    deployment = await deploy(cluster!);
    const service = await deployment.instance({ MIGRATE_ON_START: "false" });
    // Roles belong to the server: where another database has made them the service starts, and says that it is not ready.
    const outcome = await Promise.race([service.ended, service.says(LISTENING)]);
    if ("code" in outcome) {
      expect(outcome.code).toBe(1);
      expect(service.stderr).toMatch(/^The database does not have the service's role yet\. Migrate it first: [^\n]*\n$/);
    } else {
      expect(await (await fetch(`${service.url}/readyz`)).json()).toEqual({ status: "unavailable", failed: ["migrations"] });
    }
  });
});
