/** Owns the proof that whoever keeps what a verification was decided on hears of every change of it, whoever makes it, and of nothing else. */
import type pg from "pg";
import type { DataSource } from "typeorm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { up } from "../../src/database/migrate.js";
import { openSchemaBench, type SchemaBench } from "../database/schema-bench.js";

const TENANT = "00000000-0000-4000-8000-000000000001";
const PROJECT = "00000000-0000-4000-8000-00000000000a";
const KEY = "abcdefghijkl";
const [OF_KEY, OF_TENANT] = [`k ${KEY}`, `t ${TENANT}`];

let bench: SchemaBench;
let client: pg.PoolClient;
let heard: string[];

beforeAll(async () => {
  bench = await openSchemaBench();
  await up(bench.dataSource);
  client = await poolOf(bench.dataSource).connect();
  client.on("notification", ({ payload = "" }) => heard.push(payload));
  await client.query("listen registry_keys");
});
afterAll(async () => {
  client.release(true);
  await bench.close();
});
beforeEach(async () => {
  heard = [];
  await client.query(`
    delete from tenants;
    insert into tenants (id, slug, name) values ('${TENANT}', 'a-tenant', 'x');
    insert into tenant_projects (id, tenant_id, slug, name) values ('${PROJECT}', '${TENANT}', 'a-project', 'x');
    insert into tenant_products (tenant_id, product) values ('${TENANT}', 'crm');
    insert into api_keys (tenant_id, name, hash, prefix, lookup_id, lookup_seat, project_id) values
      ('${TENANT}', 'a key', '*', 'trk_dev_', '${KEY}', 0, '${PROJECT}'),
      ('${TENANT}', 'never found', '*', 'abcdefgh', null, 0, null),
      ('${TENANT}', 'imported', '*', 'abcdefgh', '~6162636465666768', 1, null);
  `);
  heard = [];
});

const poolOf = (dataSource: DataSource) => (dataSource.driver as unknown as { master: pg.Pool }).master;

/** A session hears of its own commit before it is told that it is over. */
async function after(statement: string): Promise<string[]> {
  await client.query(statement);
  return heard;
}

/** What {@link keyReads} reads, as the database knows it: what the role that it reads as may see. */
async function readBy(role: string, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>("select column_name as name from information_schema.column_privileges where grantee = $1 and table_name = $2 and privilege_type = 'SELECT' order by 1", [role, table]);
  return rows.map(({ name }) => name);
}

async function watched(trigger: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>("select attname::text as name from pg_trigger t join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = any (t.tgattr) where tgname = $1 order by 1", [trigger]);
  return rows.map(({ name }) => name);
}

describe("a change of a key", () => {
  it.each([
    "revoked_at = now(), revoke_reason = 'leaked'", "rotated_at = now(), overlap_ends_at = now()", "expires_at = now()", "scopes = '{read}'", "allowed_ips = '{10.0.0.1}'", "product = 'desk'", "project_id = null",
    "environment = 'dev'", "owner_kind = 'user', owner_id = 'ada'", "hash = 'x'", "pepper_id = 'x'", "name = 'another'", "lookup_id = 'abcdefghijkm'",
  ])("is heard: %s", async (change) => {
    expect(await after(`update api_keys set ${change} where lookup_id = '${KEY}'`)).toEqual([OF_KEY]);
  });

  it("is heard once however often it is changed in one transaction, and not at all when it is undone", async () => {
    expect(await after(`begin; update api_keys set revoked_at = now() where lookup_id = '${KEY}'; update api_keys set revoked_at = '2026-01-01' where lookup_id = '${KEY}'; commit`)).toEqual([OF_KEY]);
    heard = [];
    expect(await after(`begin; update api_keys set scopes = '{}'; rollback`)).toEqual([]);
  });

  it("is heard when it is deleted, and of one that shares its look-up id too", async () => {
    expect((await after("delete from api_keys")).toSorted()).toEqual([OF_KEY, "k ~6162636465666768"]);
  });

  it("is not heard when it tells when the key was used, when the key is new, or when it can never be found", async () => {
    expect(await after(`update api_keys set last_used_at = now()`)).toEqual([]);
    expect(await after(`insert into api_keys (tenant_id, name, hash, prefix, lookup_id) values ('${TENANT}', 'new', '*', 'trk_dev_', 'mnopqrstuvwx')`)).toEqual([]);
    expect(await after("update api_keys set revoked_at = now() where lookup_id is null")).toEqual([]);
    expect(await after(`insert into api_key_usage (tenant_id, api_key_id, day) select tenant_id, id, current_date from api_keys`)).toEqual([]);
  });

  it("is watched in every column that is read", async () => {
    const read = await readBy("registry_verifier", "api_keys");
    expect(read.length).toBeGreaterThan(15);
    expect(await watched("api_keys_notify")).toEqual(read.filter((name) => !["id", "tenant_id", "last_used_at"].includes(name)));
  });
});

describe("a change of a tenant", () => {
  it.each(["status = 'active'", "status = 'frozen', frozen_at = now()", "kind = 'demo'", "plan = 'enterprise'", "trial_ends_at = now()", "slug = 'another'"])("is heard: %s", async (change) => {
    expect(await after(`update tenants set ${change}`)).toEqual([OF_TENANT]);
  });

  it("is not heard when nothing is changed by it that decides", async () => {
    expect(await after("update tenants set name = 'another', version = version + 1, sales_owner = 'dana', status = status, plan = plan")).toEqual([]);
  });

  it.each([
    ["a product that is granted", `insert into tenant_products (tenant_id, product) values ('${TENANT}', 'desk')`],
    ["a product that is withdrawn", "update tenant_products set enabled = false"],
    ["the end of a product", "update tenant_products set expires_at = now()"],
    ["a product's settings", `update tenant_products set config = '{"max_seats": 1}'`],
    ["a trial that is bought", "update tenant_products set source = 'override'"],
    ["a product that goes", "delete from tenant_products"],
    ["a project that is archived", "update tenant_projects set status = 'archived'"],
    ["a project's slug", "update tenant_projects set slug = 'another'"],
    ["a project that goes", "update api_keys set project_id = null; delete from tenant_projects"],
  ])("is heard: %s", async (_what, statement) => {
    expect((await after(statement)).filter((payload) => payload !== OF_KEY && payload !== "k ~6162636465666768")).toEqual([OF_TENANT]);
  });

  it("is not heard of a project that is new or renamed", async () => {
    expect(await after(`insert into tenant_projects (tenant_id, slug, name) values ('${TENANT}', 'new', 'x'); update tenant_projects set name = 'another', version = version + 1`)).toEqual([]);
  });

  it("takes its keys with it, and that is heard", async () => {
    expect((await after("delete from tenants")).toSorted()).toEqual([OF_KEY, "k ~6162636465666768", OF_TENANT]);
  });
});
