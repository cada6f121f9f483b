/** Owns the proof that entities and migrations describe one database: each is compared with the other through the catalogue. */
import { getMetadataArgsStorage, type DataSource } from "typeorm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { catalogue, compareCatalogues } from "../../src/database/catalogue.js";
import { openDataSource } from "../../src/database/data-source.js";
import { openEmbedded } from "../../src/database/embedded.js";
import { down, up } from "../../src/database/migrate.js";
import { ENTITIES } from "../../src/schema.js";
import { TIMEOUTS, wipe } from "../database/schema-bench.js";
import { startCluster } from "../testkit/cluster.js";

const NOTHING = { missing: [], unexpected: [] };

let dataSource: DataSource;
let close: () => Promise<void>;

beforeAll(async () => {
  const settings = { ...TIMEOUTS, entities: ENTITIES, migrations: MIGRATIONS };
  if (process.env["DATABASE_URL"]) {
    const cluster = await startCluster();
    dataSource = await openDataSource({ ...settings, url: await cluster!.freshDatabase() });
    close = () => cluster!.remove();
  } else {
    const embedded = await openEmbedded({ dataDir: null });
    dataSource = await openDataSource({ ...settings, embedded });
    close = () => embedded.close();
  }
  await up(dataSource);
});
afterAll(async () => {
  await dataSource.destroy();
  await close();
});

/** The statements that TypeORM would run to make the database what the entities say. */
async function corrections(): Promise<string[]> {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

describe("entities and migrations", () => {
  it("agree: there is nothing to correct", async () => {
    expect(await corrections()).toEqual([]);
  });

  it.each([
    ["a column", "ALTER TABLE tenant_projects DROP COLUMN version"],
    ["a column's type", "ALTER TABLE tenants ALTER sales_owner TYPE varchar(20)"],
    ["a default", "ALTER TABLE tenants ALTER plan DROP DEFAULT"],
    ["a nullability", "ALTER TABLE tenants ALTER name DROP NOT NULL"],
    ["an index", "DROP INDEX tenants_name_idx"],
    ["a unique", "ALTER TABLE tenants DROP CONSTRAINT tenants_slug_key"],
    ["a foreign key", "ALTER TABLE api_keys DROP CONSTRAINT api_keys_tenant_id_fkey"],
    ["a check", "ALTER TABLE tenants DROP CONSTRAINT tenants_slug_check"],
    ["a value of an enum", "ALTER TYPE idp_kind ADD VALUE 'ldap'"],
  ])("are really compared: %s that differs is seen", async (_what, difference) => {
    try {
      await dataSource.query(difference);
      expect(await corrections()).not.toEqual([]);
    } finally {
      await wipe(dataSource);
      await up(dataSource);
    }
  });

  it("have one entity for every table", async () => {
    const rows: { name: string }[] = await dataSource.query("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations' ORDER BY 1");
    expect(rows.map(({ name }) => name)).toEqual(dataSource.entityMetadatas.map(({ tableName }) => tableName).toSorted());
  });

  it("call every index by one name, also those that TypeORM cannot express", async () => {
    const rows: { name: string }[] = await dataSource.query(`
      SELECT indexname AS name FROM pg_indexes
       WHERE schemaname = 'public' AND tablename <> 'migrations'
         AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)
       ORDER BY 1`);
    expect(rows.map(({ name }) => name)).toEqual(getMetadataArgsStorage().indices.map(({ name }) => String(name)).toSorted());
  });

  it("the catalogue after up, down, up is the one after up", async () => {
    const first = await catalogue(dataSource);
    expect(first.length).toBeGreaterThan(100);
    await down(dataSource, MIGRATIONS.length, { forwardOnly: false });
    await up(dataSource);
    expect(compareCatalogues(first, await catalogue(dataSource))).toEqual(NOTHING);
  });
});
