/** Owns the proof that those who add environments to a tenant and those who bring one back wait for each other, and never each for the other. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import pg from "pg";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { data } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";

const cluster = await startCluster();
const RESTORE = "mutation ($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { environment { archivedAt } } }";

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "environments of one tenant", () => {
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

  it("one that is added under an archived one's slug while that is brought back leaves neither in a deadlock", async () => {
    const tenant = await world.tenant();
    const environment = await tenant.environment({ archivedAt: new Date() });
    const adding = new pg.Client({ connectionString: app.config.database?.url });
    await adding.connect();
    try {
      // As a creation does it: first its turn, then the row that has the slug.
      await adding.query("begin");
      await adding.query("select pg_advisory_xact_lock(hashtextextended('tenant_environments ' || $1, 0))", [tenant.id]);
      const restoring = world.operator.run(RESTORE, { input: { id: environment.id, archived: false } });
      await untilSomebodyWaits();
      await adding.query("select 1 from tenant_environments where id = $1 for no key update nowait", [environment.id]);
      await adding.query("commit");
      expect(data(await restoring)["updateEnvironment"].environment.archivedAt).toBeNull();
    } finally {
      await adding.end();
    }
  });

  async function untilSomebodyWaits(): Promise<void> {
    for (;;) {
      const [row] = await app.sql("select 1 from pg_locks where not granted and locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())");
      if (row) return;
    }
  }
});
