/** Owns the proof that a role of the doors which other databases' migrations make at this very moment is taken over. */
import pg from "pg";
import type { QueryRunner } from "typeorm";
import { afterAll, describe, expect, it } from "vitest";
import { makeDoorRole } from "../../migrations/door-role.js";
import { noCluster, startCluster } from "../testkit/cluster.js";

const ROUNDS = 20;
const DATABASES = 6;

// A cluster of our own, because roles belong to all its databases.
const cluster = await startCluster({ private: true });
const sessions: pg.Client[] = [];

afterAll(async () => {
  await Promise.all(sessions.map((session) => session.end()));
  await cluster?.remove();
});

async function openSession(): Promise<pg.Client> {
  const session = new pg.Client({ connectionString: await cluster!.freshDatabase() });
  await session.connect();
  sessions.push(session);
  return session;
}

async function migrate(session: pg.Client): Promise<void> {
  await session.query("begin");
  await makeDoorRole(session as unknown as QueryRunner, "registry_verifier");
  await session.query("commit");
}

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "a role that the migrations of several databases make at once", () => {
  it("is made once, and all of them go on", async () => {
    for (let opened = 0; opened < DATABASES; opened++) await openSession();
    const [first] = sessions as [pg.Client];
    await first.query("create role registry_service nologin noinherit");
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(sessions.map(migrate));
      const { rows } = await first.query("select pg_has_role('registry_service', 'registry_verifier', 'MEMBER') as granted");
      expect(rows).toEqual([{ granted: true }]);
      await first.query("drop role registry_verifier");
    }
  });
});
