/** Owns the proof that a tenant's trial and an operator's grant that are written at the same moment do not stand in each other's way. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { actionsIn } from "../testkit/events.js";
import { data } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";

const cluster = await startCluster();

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "a grant", () => {
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

  it("that waits for a trial being started becomes of it what it would have a moment later: an operator's decision, with its settings", async () => {
    const { id } = await world.tenant();
    const trial = new pg.Client({ connectionString: app.config.database?.url });
    await trial.connect();
    try {
      await trial.query("begin");
      await trial.query("insert into tenant_products (tenant_id, product, source, trial_started_at, expires_at) values ($1, 'crm', 'trial', now(), now() + interval '14 days')", [id]);
      const grant = world.operator.run(`mutation { grantEntitlement(input: { tenantId: "${id}", product: "crm", config: { seats: 3 } }) { entitlement { source version } } }`);
      await vi.waitFor(async () => {
        expect(await app.sql("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).toHaveLength(1);
      }, { timeout: 1_500, interval: 20 });
      await trial.query("commit");
      expect(data(await grant)["grantEntitlement"].entitlement).toEqual({ source: "OVERRIDE", version: 2 });
    } finally {
      await trial.end();
    }
    expect(await app.sql("select source, config, expires_at, trial_started_at is not null as tried from tenant_products where tenant_id = $1", [id])).toEqual([
      { source: "override", config: { seats: 3 }, expires_at: null, tried: true },
    ]);
    expect(await actionsIn(app, id)).toEqual(["entitlement.grant"]);
  });
});
