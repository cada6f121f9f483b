/** Owns the proof that a tenant is erased at the very moment at which the use of its keys is written down: one waits for the other, and neither fails. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { namesOf, usesOf } from "../../src/api-key-usage/api-key-usage.statements.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { data } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";

const cluster = await startCluster();
const ARCHIVE = "mutation ($id: ID!) { archiveTenant(input: { id: $id }) { tenant { status } } }";

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "the erasure of a tenant", () => {
  let app: Registry;
  let world: World;
  beforeAll(async () => {
    app = await openRegistry({ databaseUrl: cluster!.url });
    world = await openWorld(app);
  });
  afterAll(async () => {
    await app?.close();
    await cluster?.remove();
  });

  it("waits for the use of its keys that is being written down", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const lookupId = "keyInErasure";
    const { id } = await tenant.apiKey({ lookupId });
    await app.sql("insert into api_key_usage (tenant_id, api_key_id, day, verified) values ($1, $2, '2030-05-01', 1)", [tenant.id, id]);
    const uses = [{ id, lookupId, usedAt: 0, days: new Map([["2030-05-01", { verified: 1, refused: 0 }]]) }];
    const [hold, ...write] = usesOf(uses);
    const writer = new pg.Client({ connectionString: app.config.database?.url });
    await writer.connect();
    try {
      await writer.query("begin");
      await writer.query("select set_config('role', 'registry_verifier', true), set_config('registry.tenant', $1, true)", [namesOf(uses).join(",")]);
      await writer.query(hold!.text, hold!.values);
      const archived = world.operator.run(ARCHIVE, { id: tenant.id });
      const waiting = () => app.sql("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
      await expect.poll(waiting, { timeout: 5_000 }).toHaveLength(1);
      for (const { text, values } of write) await writer.query(text, values);
      await writer.query("commit");
      expect(data(await archived)["archiveTenant"].tenant.status).toBe("ARCHIVED");
    } finally {
      await writer.end();
    }
    expect(await app.sql("select from api_key_usage where tenant_id = $1", [tenant.id])).toEqual([]);
  });
});
