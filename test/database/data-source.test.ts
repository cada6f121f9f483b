/** Owns the proof that every session of a DataSource begins with the role, the limits and the clock that were asked for. */
import pg from "pg";
import type { DataSource } from "typeorm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dataSourceOptions, openDataSource } from "../../src/database/data-source.js";
import { openEmbedded } from "../../src/database/embedded.js";
import { noCluster, startCluster } from "../testkit/cluster.js";

const LIMITS = { statementTimeoutMs: 5_000, lockTimeoutMs: 2_000, idleInTransactionTimeoutMs: 4_000, connectTimeoutMs: 5_000 };
const ROLE = "registry_settings_test";
const MAKE_ROLE = `DO $$ BEGIN CREATE ROLE ${ROLE}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;
const SETTINGS = `
  SELECT current_user AS role, current_setting('TimeZone') AS zone, current_setting('statement_timeout') AS statement,
         current_setting('lock_timeout') AS lock, current_setting('idle_in_transaction_session_timeout') AS idle`;
const ASKED_FOR = [{ role: ROLE, zone: "UTC", statement: "5s", lock: "2s", idle: "4s" }];

const cluster = await startCluster();
afterAll(() => cluster?.remove());

/** Two sessions, one after the other: the pool replaces a client that was released as broken. */
async function settingsOfTwoSessions(dataSource: DataSource): Promise<unknown[]> {
  const first = await dataSource.query(SETTINGS);
  const pool = (dataSource.driver as unknown as { master: pg.Pool }).master;
  const client = await pool.connect();
  await client.query("RESET ROLE; SET TimeZone = 'Asia/Tokyo'; SET statement_timeout = 0");
  client.release(true);
  return [first, await dataSource.query(SETTINGS)];
}

test("sessions of the embedded database begin as asked for, each anew", async () => {
  const embedded = await openEmbedded({ dataDir: null });
  const owner = await openDataSource({ ...LIMITS, embedded });
  await owner.query(MAKE_ROLE);
  await owner.destroy();
  const dataSource = await openDataSource({ ...LIMITS, embedded, role: ROLE });
  expect(await settingsOfTwoSessions(dataSource)).toEqual([ASKED_FOR, ASKED_FOR]);
  await dataSource.destroy();
  await expect(openDataSource({ ...LIMITS, embedded, role: "nobody_at_all" })).rejects.toThrow('role "nobody_at_all" does not exist');
  await embedded.close();
});

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "sessions of a server", () => {
  let url: string;

  beforeAll(async () => {
    url = await cluster!.freshDatabase();
    const owner = await openDataSource({ ...LIMITS, url });
    await owner.query(MAKE_ROLE);
    await owner.destroy();
  });

  test.each(["", "?options=-c%20work_mem%3D8MB", "?sslmode=disable&options=-c%20role%3Dpostgres"])("begin as asked for, whatever the URL adds: %j", async (query) => {
    const dataSource = await openDataSource({ ...LIMITS, url: url + query, role: ROLE, poolSize: 1 });
    expect(await settingsOfTwoSessions(dataSource)).toEqual([ASKED_FOR, ASKED_FOR]);
    expect(await dataSource.query("SELECT current_setting('application_name') AS name")).toEqual([{ name: "tenant-registry" }]);
    await dataSource.destroy();
  });

  test("keep the options of the URL that do not contradict", async () => {
    const dataSource = await openDataSource({ ...LIMITS, url: `${url}?options=-c%20work_mem%3D8MB`, role: ROLE });
    expect(await dataSource.query("SELECT current_setting('work_mem') AS memory")).toEqual([{ memory: "8MB" }]);
    await dataSource.destroy();
  });

  test("are refused for a role that does not exist", async () => {
    await expect(openDataSource({ ...LIMITS, url, role: "nobody_at_all" })).rejects.toThrow("nobody_at_all");
  });
});

test.each(["app; drop table tenants", "a b", "A", "x'y", ""])("role name %j is refused before any connection", (role) => {
  expect(() => dataSourceOptions({ ...LIMITS, url: "postgres://127.0.0.1/none", role })).toThrow("is not a role name");
});

test("a data source of both kinds or of neither is refused", () => {
  expect(() => dataSourceOptions(LIMITS)).toThrow("either a url or an embedded database");
});
