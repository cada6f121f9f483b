/** Owns the proof that roles and logins under which row security would not hold are refused, by the migration and by the service. */
import { readFileSync } from "node:fs";
import pg from "pg";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { deploy, LISTENING, type Deployment, type Instance } from "../testkit/deployed.js";
import { runCommand, stopPrograms } from "../testkit/program.js";

// A cluster of our own, because roles belong to all its databases.
const cluster = await startCluster({ private: true });
let deployment: Deployment | undefined;

afterEach(async () => {
  await stopPrograms();
  await deployment?.close();
  deployment = undefined;
  await forgetEverything();
});
afterAll(() => cluster?.remove());

async function asSuperuser<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: cluster!.url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function forgetEverything(): Promise<void> {
  return asSuperuser(async (client) => {
    const { rows: databases } = await client.query<{ name: string }>("select datname as name from pg_database where datname like 'registry%'");
    for (const { name } of databases) await client.query(`drop database ${name} with (force)`);
    const { rows: roles } = await client.query<{ name: string }>("select rolname as name from pg_roles where rolname like 'registry%'");
    if (roles.length > 0) await client.query(`drop role ${roles.map(({ name }) => name).join(", ")}`);
  });
}

const prior = (statement: string) => asSuperuser((client) => client.query(statement));
const migrate = (databaseUrl: string) => runCommand(["migrate", "up"], { DATABASE_URL: databaseUrl });

const refusal = (roles: string, statements: string) =>
  `The database has ${roles} with attributes under which the walls between tenants do not hold; a superuser mends that with: ${statements}\n`;

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "roles that were there before the migration", () => {
  it.each<[string, string, string, string]>([
    ["with INHERIT, which is the default", "create role registry_service", "registry_service", "ALTER ROLE registry_service NOINHERIT;"],
    ["with BYPASSRLS", "create role registry_tenant noinherit bypassrls", "registry_tenant", "ALTER ROLE registry_tenant NOBYPASSRLS;"],
    ["with SUPERUSER", "create role registry_platform noinherit superuser", "registry_platform", "ALTER ROLE registry_platform NOSUPERUSER;"],
    ["with a login and the right to make roles and databases", "create role registry_overview noinherit login createrole createdb", "registry_overview", "ALTER ROLE registry_overview NOLOGIN NOCREATEROLE NOCREATEDB;"],
    ["of which several are wrong", "create role registry_tenant bypassrls; create role registry_service noinherit login", "registry_service, registry_tenant", "ALTER ROLE registry_service NOLOGIN; ALTER ROLE registry_tenant NOBYPASSRLS NOINHERIT;"],
  ])("%s, refuse it in a sentence that mends them", async (_what, before, roles, statements) => {
    const databaseUrl = await cluster!.freshDatabase();
    await prior(before);
    expect(await migrate(databaseUrl)).toEqual({ code: 1, stdout: expect.any(String), stderr: refusal(roles, statements) });
    await prior(statements);
    expect(await migrate(databaseUrl)).toMatchObject({ code: 0, stderr: "" });
  });

  it("as the migration makes them, do not", async () => {
    const databaseUrl = await cluster!.freshDatabase();
    await prior("create role registry_service noinherit; create role registry_platform noinherit");
    expect(await migrate(databaseUrl)).toMatchObject({ code: 0, stderr: "" });
  });
});

/** No issuer is there: an instance that starts is ready but for that. */
const PRODUCTION = { APP_ENV: "prod", MIGRATE_ON_START: "false", KEYCLOAK_ISSUER: "https://127.0.0.1:9/realms/none" };
const PASSWORD = "only-for-this-test";

/** The script of the container set without psql's own commands, statement by statement. */
async function runCreateRoles(): Promise<void> {
  const script = readFileSync(new URL("../../deploy/postgres/create-roles.sql", import.meta.url), "utf8")
    .replaceAll(/^(--|\\).*$/gm, "").replaceAll(/:'\w+'/g, `'${PASSWORD}'`);
  await asSuperuser(async (client) => {
    for (const statement of script.split(";")) if (statement.trim()) await client.query(statement);
  });
}

function urlFor(login: string, database: string): string {
  const url = new URL(cluster!.url);
  [url.username, url.password, url.pathname] = [login, PASSWORD, `/${database}`];
  return url.href;
}

/** A database as the container set has it, migrated by its owner. */
async function migratedByItsOwner(): Promise<void> {
  await runCreateRoles();
  expect(await migrate(urlFor("registry_owner", "registry"))).toMatchObject({ code: 0, stderr: "" });
}

async function start(environment: Record<string, string>): Promise<Instance> {
  deployment ??= await deploy(cluster!);
  return deployment.instance(environment);
}

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "the service", () => {
  it("does not start on roles that were changed after the migration", async () => {
    await migratedByItsOwner();
    await prior("alter role registry_service inherit");
    for (const environment of ["stage", "prod"]) {
      const instance = await start({ ...PRODUCTION, APP_ENV: environment, DATABASE_URL: urlFor("registry_login", "registry") });
      expect(await instance.ended).toEqual({ code: 1, signal: null });
      expect(instance.stderr).toBe(refusal("registry_service", "ALTER ROLE registry_service NOINHERIT;"));
    }
  });

  it("starts in production with the login that create-roles.sql makes, and is ready but for its issuer", async () => {
    await migratedByItsOwner();
    const instance = await start({ ...PRODUCTION, DATABASE_URL: urlFor("registry_login", "registry") });
    await instance.says(LISTENING);
    const ready = await fetch(`${instance.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: "unavailable", failed: ["issuer"] }]);
    expect(JSON.stringify(instance.log())).not.toContain("DATABASE_URL");
  });

  it.each<[string, string, string, string]>([
    ["the owner's", "registry_owner", "grant registry_service to registry_owner", "owns the tables"],
    ["one that may become the owner", "registry_both", `create role registry_both login noinherit password '${PASSWORD}' in role registry_service, registry_owner`, "owns the tables"],
    ["a superuser's", "registry_root", `create role registry_root superuser login password '${PASSWORD}'`, "is a superuser"],
    ["one with BYPASSRLS", "registry_seer", `create role registry_seer bypassrls login password '${PASSWORD}' in role registry_service`, "has BYPASSRLS"],
  ])("refuses in production a login that could step around the walls: %s; elsewhere it warns", async (_whose, login, made, flaw) => {
    await migratedByItsOwner();
    await prior(made);
    await prior(`grant connect on database registry to ${login}`);
    const sentence = `DATABASE_URL logs in as ${login}, which ${flaw}: give the service a login that is a member of registry_service and nothing more, as deploy/postgres/create-roles.sql makes it.`;
    const refused = await start({ ...PRODUCTION, DATABASE_URL: urlFor(login, "registry") });
    expect(await refused.ended).toEqual({ code: 1, signal: null });
    expect(refused.stderr).toBe(`${sentence}\n`);
    expect(refused.stdout).not.toMatch(LISTENING);
    const warned = await start({ ...PRODUCTION, APP_ENV: "stage", DATABASE_URL: urlFor(login, "registry") });
    await warned.says(LISTENING);
    expect(warned.log()).toContainEqual(expect.objectContaining({ level: 40, msg: `${sentence} With APP_ENV=prod the service would not start.` }));
  });
});
