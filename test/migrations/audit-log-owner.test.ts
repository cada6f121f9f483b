/** Owns the proof that the functions that keep the audit log do so for an owner who is no superuser, whom row security holds as it holds everybody. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { openDataSource } from "../../src/database/data-source.js";
import { up } from "../../src/database/migrate.js";
import { TIMEOUTS } from "../database/schema-bench.js";
import { noCluster, startCluster } from "../testkit/cluster.js";

// A cluster of our own, because its owner makes the roles, and they belong to all databases.
const cluster = await startCluster({ private: true });
const TENANT = "11111111-1111-4111-8111-111111111111";
const OTHER = "22222222-2222-4222-8222-222222222222";
const clients: pg.Client[] = [];
let owner: pg.Client;
let notary: pg.Client;

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  clients.push(client);
  return client;
}

/** As registry_notary, in a transaction of its own. */
async function asNotary<Row>(statement: string, isolation = "read committed"): Promise<Row[]> {
  await notary.query(`begin isolation level ${isolation}`);
  try {
    await notary.query("set local role registry_notary");
    const { rows } = await notary.query(statement);
    await notary.query("commit");
    return rows as Row[];
  } finally {
    await notary.query("rollback");
  }
}

const count = async (condition: string) => Number((await owner.query(`select count(*) from audit_log where ${condition}`)).rows[0].count);

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "an owner without superuser", () => {
  beforeAll(async () => {
    const superuser = await connect(cluster!.url);
    await superuser.query("create role plain_owner login createrole password 'only-for-this-test'");
    await superuser.query("create database plain owner plain_owner");
    const url = new URL(cluster!.url);
    [url.username, url.password, url.pathname] = ["plain_owner", "only-for-this-test", "/plain"];
    const dataSource = await openDataSource({ ...TIMEOUTS, url: url.href, migrations: MIGRATIONS });
    await up(dataSource, MIGRATIONS.length);
    await dataSource.destroy();
    owner = await connect(url.href);
    url.username = "postgres";
    url.password = new URL(cluster!.url).password;
    notary = await connect(url.href);
    await owner.query("set timezone = 'UTC'");
  });
  afterAll(async () => {
    for (const client of clients) await client.end();
    await cluster?.remove();
  });

  it("loses nothing of the last part when it is closed", async () => {
    await owner.query("insert into audit_log (tenant_id, action, created_at) values ($1, 'test.late', now() + interval '6 months')", [TENANT]);
    const { rows: names } = await owner.query("select relname as name from pg_class where relname ~ '^audit_log_\\d{4}_\\d\\d$' and relkind = 'r'");
    for (const { name } of names) await owner.query(`drop table ${name}`);
    await owner.query("alter table audit_log detach partition audit_log_later");
    await owner.query(`do $$ begin execute format('alter table audit_log attach partition audit_log_later for values from (%L) to (maxvalue)', date_trunc('month', now())); end $$`);
    await asNotary("select audit_log_make_parts()");
    expect(await count("action = 'test.late'")).toBe(1);
    expect((await owner.query("select tableoid::regclass::text as part from audit_log where action = 'test.late'")).rows[0].part).toMatch(/^audit_log_\d{4}_\d\d$/);
  });

  it("empties the first part when all in it is due and covered, and not before", async () => {
    // It ends long ago, as it does once a database has been migrated for a year.
    await owner.query("alter table audit_log detach partition audit_log_before");
    await owner.query("alter table audit_log attach partition audit_log_before for values from (minvalue) to ('2010-01-01Z')");
    const { rows: [event] } = await owner.query("insert into audit_log (tenant_id, action, created_at) values ($1, 'test.old', '2001-01-01Z') returning id", [TENANT]);
    expect(await asNotary("select audit_log_drop_part() as part")).toEqual([{ part: null }]);
    await owner.query("insert into audit_chain values ($1, 1, $2, '2001-01-01Z', 1, '', '', '', '', '')", [TENANT, event.id]);
    expect(await asNotary("select audit_log_drop_part() as part")).toEqual([{ part: null }]);
    expect(await count("action = 'test.old'")).toBe(1);
    await owner.query("insert into audit_checkpoints values ($1, 1, 'purge', 1, 'x')", [TENANT]);
    expect(await asNotary("select audit_log_drop_part() as part")).toEqual([{ part: "audit_log_before" }]);
    expect(await count("action = 'test.old'")).toBe(0);
  });

  it("drops and deletes no event by another tenant's place in the chain", async () => {
    const { rows: [event] } = await owner.query("insert into audit_log (tenant_id, action, created_at) values ($1, 'test.foreign', '2001-01-01Z') returning id", [OTHER]);
    await owner.query("insert into audit_chain values ($1, 2, $2, '2001-01-01Z', 1, '', '', '', '', '')", [TENANT, event.id]);
    await owner.query("insert into audit_checkpoints values ($1, 2, 'purge', 2, 'x')", [TENANT]);
    expect(await asNotary("select audit_log_drop_part() as part")).toEqual([{ part: null }]);
    await asNotary(`select audit_log_purge('${TENANT}')`);
    expect(await count("action = 'test.foreign'")).toBe(1);
  });

  it.each(["select audit_log_drop_part()", `select audit_log_purge('${TENANT}')`])("refuses to look at holds as they were before: %s", async (statement) => {
    await expect(asNotary(statement, "repeatable read")).rejects.toMatchObject({ code: "25000" });
  });
});
