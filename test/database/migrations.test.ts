/** Owns the proof of the migrations' way forward and back, and that databases of the seed's service are taken over unharmed. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { catalogue, compareCatalogues } from "../../src/database/catalogue.js";
import { down, force, pending, up, version } from "../../src/database/migrate.js";
import { type SchemaBench, makeSeedDatabase, openSchemaBench, wipe } from "./schema-bench.js";

const NEWEST = MIGRATIONS.length;
const NAMES = MIGRATIONS.map(({ name }) => name);
const SAME = { missing: [], unexpected: [] };
const DEVELOPMENT = { forwardOnly: false };

let bench: SchemaBench;
const query = (sql: string, values?: unknown[]): Promise<Record<string, unknown>[]> => bench.dataSource.query(sql, values);
const described = () => catalogue(bench.dataSource);

beforeAll(async () => {
  bench = await openSchemaBench();
});

beforeEach(() => wipe(bench.dataSource));

afterAll(() => bench.close());

describe("up and down", () => {
  test("up, down, up gives the same catalogue, and down leaves none of it", async () => {
    const empty = await described();
    expect(await up(bench.dataSource)).toEqual({ adopted: false, applied: NAMES, version: NEWEST });
    const first = await described();
    expect(await down(bench.dataSource, NEWEST + 5, DEVELOPMENT)).toEqual({ reverted: NAMES.toReversed(), version: 0 });
    expect(compareCatalogues(empty, await described())).toEqual(SAME);
    await up(bench.dataSource);
    expect(compareCatalogues(first, await described())).toEqual(SAME);
  });

  test("each migration's down undoes exactly that migration", async () => {
    for (let number = 1; number <= NEWEST; number += 1) {
      const before = await described();
      await up(bench.dataSource, number);
      const after = await described();
      await down(bench.dataSource, 1, DEVELOPMENT);
      expect(compareCatalogues(before, await described())).toEqual(SAME);
      await up(bench.dataSource, number);
      expect(compareCatalogues(after, await described())).toEqual(SAME);
    }
  });

  test("up on the newest version changes nothing", async () => {
    await up(bench.dataSource);
    const before = await described();
    expect(await up(bench.dataSource)).toEqual({ adopted: false, applied: [], version: NEWEST });
    expect(await described()).toEqual(before);
  });

  test("version and pending tell where the database is, and make no table in an empty one", async () => {
    expect([await version(bench.dataSource), await pending(bench.dataSource)]).toEqual([0, NAMES]);
    expect(await query("SELECT to_regclass('migrations') AS found")).toEqual([{ found: null }]);
    await up(bench.dataSource, 1);
    expect([await version(bench.dataSource), await pending(bench.dataSource)]).toEqual([1, NAMES.slice(1)]);
  });

  test("a migration that fails leaves neither its work nor its record", async () => {
    await query("CREATE TYPE tenant_kind AS ENUM ('in the way')");
    const before = await described();
    await expect(up(bench.dataSource)).rejects.toMatchObject({ driverError: { code: "42710" } });
    expect(await described()).toEqual(before);
    expect(await version(bench.dataSource)).toBe(0);
  });

  test("down is refused where only forward is allowed", async () => {
    await up(bench.dataSource);
    await expect(down(bench.dataSource, 1, { forwardOnly: true })).rejects.toThrow("forward-only");
    expect(await version(bench.dataSource)).toBe(NEWEST);
  });

  test.each([-1, 0.5, NEWEST + 1, Number.NaN])("number %d, which no migration has, is refused", async (number) => {
    await expect(up(bench.dataSource, number)).rejects.toThrow("There is no migration");
    await expect(force(bench.dataSource, number)).rejects.toThrow("There is no migration");
  });

  test("a database that another build has taken further is refused", async () => {
    await up(bench.dataSource);
    await query(`INSERT INTO migrations ("timestamp", name) VALUES (9999999999999, 'FromTheFuture9999999999999')`);
    await expect(up(bench.dataSource)).rejects.toThrow("FromTheFuture9999999999999");
    await expect(down(bench.dataSource, 1, DEVELOPMENT)).rejects.toThrow("FromTheFuture9999999999999");
    await force(bench.dataSource, NEWEST);
    expect(await version(bench.dataSource)).toBe(NEWEST);
  });

  test("the timeouts of the session are as before, after success and after failure", async () => {
    const settings = () => query("SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement");
    const before = await settings();
    await up(bench.dataSource);
    await expect(up(bench.dataSource, 0)).rejects.toThrow("past 0");
    expect(await settings()).toEqual(before);
  });
});

describe("migration 1", () => {
  test("makes exactly what the SQL of seed 003 makes", async () => {
    await makeSeedDatabase(bench.dataSource);
    const seed = await described();
    await wipe(bench.dataSource);
    await up(bench.dataSource, 1);
    expect(compareCatalogues(seed, await described())).toEqual(SAME);
  });

  test("makes six tables and four enums", async () => {
    await up(bench.dataSource, 1);
    const kinds = (await described()).map((line) => line.split(" ")[0]);
    expect([kinds.filter((kind) => kind === "table").length, kinds.filter((kind) => kind === "enum").length]).toEqual([6, 4]);
  });

  test.each([
    ["acme", true],
    ["a-1", true],
    ["0x0", true],
    ["a".repeat(40), true],
    ["ab", false],
    ["a".repeat(41), false],
    ["-acme", false],
    ["acme-", false],
    ["Acme", false],
    ["ac_me", false],
    ["ac me", false],
    ["äcme", false],
    ["", false],
  ])("slug %j of a tenant: allowed = %j", async (slug, allowed) => {
    await up(bench.dataSource, 1);
    const inserted = query("INSERT INTO tenants (slug, name) VALUES ($1, 'Acme')", [slug]);
    if (allowed) await inserted;
    else await expect(inserted).rejects.toMatchObject({ driverError: { code: "23514", constraint: "tenants_slug_check" } });
  });

  test("deleting a tenant deletes what it owns and keeps its audit rows without their references", async () => {
    await up(bench.dataSource, 1);
    await insertTenantWithEverything();
    await query("DELETE FROM tenants");
    expect(await rowCounts()).toEqual({ tenants: 0, tenant_projects: 0, tenant_products: 0, tenant_idp_config: 0, api_keys: 0, audit_log: 1 });
    expect(await query("SELECT action, tenant_id, project_id FROM audit_log")).toEqual([
      { action: "tenant.create", tenant_id: null, project_id: null },
    ]);
  });

  test.each(["tenants", "tenant_projects", "tenant_products", "tenant_idp_config"])("an update of %s moves updated_at", async (table) => {
    await up(bench.dataSource, 1);
    await insertTenantWithEverything();
    await query(`UPDATE ${table} SET updated_at = 'epoch', created_at = 'epoch'`);
    expect(await query(`SELECT updated_at > created_at AS moved FROM ${table}`)).toEqual([{ moved: true }]);
  });
});

describe("adoption of a database that the seed's service made", () => {
  test("marks it as being at migration 1, migrates it forward and keeps every row", async () => {
    await makeSeedDatabase(bench.dataSource);
    await insertTenantWithEverything();
    const tenants = await query("SELECT id, slug, name, status, created_at FROM tenants");
    expect(await up(bench.dataSource)).toEqual({ adopted: true, applied: NAMES.slice(1), version: NEWEST });
    expect(await query("SELECT id, slug, name, status, created_at FROM tenants")).toEqual(tenants);
    expect(await rowCounts()).toEqual({ tenants: 1, tenant_projects: 1, tenant_products: 1, tenant_idp_config: 1, api_keys: 1, audit_log: 1 });
  });

  test("ends at the same catalogue as a database made from nothing", async () => {
    await up(bench.dataSource);
    const fresh = await described();
    await wipe(bench.dataSource);
    await makeSeedDatabase(bench.dataSource);
    await up(bench.dataSource);
    expect(compareCatalogues(fresh, await described())).toEqual(SAME);
  });

  test("happens once: an adopted database goes down and up like any other", async () => {
    await makeSeedDatabase(bench.dataSource);
    await up(bench.dataSource);
    await down(bench.dataSource, NEWEST, DEVELOPMENT);
    expect(await up(bench.dataSource)).toEqual({ adopted: false, applied: NAMES, version: NEWEST });
  });

  test.each([
    ["ALTER TABLE tenants ALTER plan DROP NOT NULL", "unexpected: column tenants.plan text default"],
    ["ALTER TABLE tenants ADD vip boolean", "unexpected: column tenants.vip boolean"],
    ["ALTER TABLE api_keys DROP created_by", "missing: column api_keys.created_by text"],
    ["ALTER TABLE tenants ALTER plan SET DEFAULT 'pro'", "unexpected: column tenants.plan text not null default 'pro'"],
    ["ALTER TABLE tenants ALTER sales_owner TYPE varchar(20)", "unexpected: column tenants.sales_owner character varying(20)"],
    ["ALTER TYPE idp_kind ADD VALUE 'ldap'", "unexpected: enum idp_kind: 'oidc', 'saml', 'ldap'"],
    ["DROP INDEX api_keys_prefix_idx", "missing: index api_keys.api_keys_prefix_idx"],
    ["DROP INDEX api_keys_tenant_idx; CREATE INDEX api_keys_tenant_idx ON api_keys (tenant_id)", "missing: index api_keys.api_keys_tenant_idx"],
    ["ALTER TABLE tenants DROP CONSTRAINT tenants_slug_check", "missing: constraint tenants.tenants_slug_check"],
    ["ALTER TABLE tenants DROP CONSTRAINT tenants_slug_check, ADD CONSTRAINT tenants_slug_check CHECK (slug <> '')", "unexpected: constraint tenants.tenants_slug_check"],
    ["DROP TRIGGER tenants_touch_updated_at ON tenants", "missing: trigger tenants.tenants_touch_updated_at"],
    ["ALTER TABLE tenants DISABLE TRIGGER tenants_touch_updated_at", "unexpected: trigger tenants.tenants_touch_updated_at [D]"],
    ["CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", "unexpected: function touch_updated_at"],
    ["ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY", "unexpected: table audit_log row security"],
    ["CREATE TABLE extra (n int)", "unexpected: table extra"],
    ["DROP TABLE audit_log", "missing: table audit_log"],
  ])("is refused after %s, and the difference is named", async (drift, named) => {
    await makeSeedDatabase(bench.dataSource);
    await query(drift);
    const before = await described();
    await expect(up(bench.dataSource)).rejects.toThrow(named);
    expect(await described()).toEqual(before);
    expect(await version(bench.dataSource)).toBe(0);
  });

  test.each([
    { state: "a dirty flag", record: { version: 1, dirty: true }, words: "dirty" },
    { state: "a version that the seed never had", record: { version: 2, dirty: false }, words: "version 2" },
  ])("is refused for $state", async ({ record, words }) => {
    await makeSeedDatabase(bench.dataSource, record);
    await expect(up(bench.dataSource)).rejects.toThrow(words);
    expect(await version(bench.dataSource)).toBe(0);
  });

  test.each([
    { record: "no record", sql: "DROP TABLE schema_migrations" },
    { record: "another tool's record", sql: "DROP TABLE schema_migrations; CREATE TABLE schema_migrations (version varchar)" },
    { record: "an empty record", sql: "DELETE FROM schema_migrations" },
  ])("of tables with $record is refused until a person says `force 1`", async ({ sql }) => {
    await makeSeedDatabase(bench.dataSource);
    await query(sql);
    await expect(up(bench.dataSource)).rejects.toThrow("force 1");
    await force(bench.dataSource, 1);
    expect(await up(bench.dataSource)).toEqual({ adopted: false, applied: NAMES.slice(1), version: NEWEST });
  });
});

async function insertTenantWithEverything(): Promise<void> {
  await query(`
    WITH tenant AS (INSERT INTO tenants (slug, name, status) VALUES ('acme', 'Acme', 'active') RETURNING id),
      project AS (INSERT INTO tenant_projects (tenant_id, name, slug) SELECT id, 'Main', 'main' FROM tenant RETURNING id),
      product AS (INSERT INTO tenant_products (tenant_id, product) SELECT id, 'chat' FROM tenant),
      idp AS (INSERT INTO tenant_idp_config (tenant_id, type) SELECT id, 'oidc' FROM tenant),
      key AS (INSERT INTO api_keys (tenant_id, name, scopes, hash, prefix) SELECT id, 'ci', '{read}', 'hash', 'abcdefgh' FROM tenant)
    INSERT INTO audit_log (tenant_id, project_id, action, source_ip)
      SELECT tenant.id, project.id, 'tenant.create', '192.0.2.1' FROM tenant, project`);
}

async function rowCounts(): Promise<Record<string, unknown>> {
  const tables = ["tenants", "tenant_projects", "tenant_products", "tenant_idp_config", "api_keys", "audit_log"];
  const counts = tables.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
  return (await query(`SELECT ${counts.join(", ")}`))[0] ?? {};
}
