/** Owns the proof that who reads the log in its own order misses nothing: not what commits late, nor what happened before what was read already. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { data } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";

// One of its own: what other databases of a server write holds the horizon of this one too.
const cluster = await startCluster({ private: true });
const FOLLOW = "query ($after: String) { auditEvents(order: SETTLED, first: 3, after: $after) { nodes { action } pageInfo { hasNextPage endCursor } } }";

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "a reader of the log's own order", () => {
  let app: Registry;
  let world: World;
  let slow: pg.Client;
  beforeAll(async () => {
    app = await openRegistry({ databaseUrl: cluster!.url });
    world = await openWorld(app);
    slow = new pg.Client({ connectionString: app.config.database!.ownerUrl });
    await slow.connect();
  });
  afterAll(async () => {
    await slow?.end();
    await app?.close();
    await cluster?.remove();
  });

  /** Everything from a place on, and the place behind it. */
  async function follow(tenant: TenantInWorld, from: string | null): Promise<{ actions: string[]; place: string | null }> {
    const actions: string[] = [];
    for (let place = from; ; ) {
      const { nodes, pageInfo } = data(await tenant.auditor.run(FOLLOW, { after: place }))["auditEvents"] as {
        nodes: { action: string }[];
        pageInfo: { hasNextPage: boolean; endCursor: string | null };
      };
      actions.push(...nodes.map(({ action }) => action));
      place = pageInfo.endCursor ?? place;
      if (!pageInfo.hasNextPage) return { actions, place };
    }
  }

  const insertSlowly = (tenant: TenantInWorld, action: string, createdAt: string) =>
    slow.query("insert into audit_log (tenant_id, action, created_at) values ($1, $2, $3)", [tenant.id, action, createdAt]);

  it("sees what a slow transaction commits while it reads, although it was begun before and happened earlier than all that was read", async () => {
    const tenant = await world.tenant();
    for (const action of ["a.one", "a.two"]) await tenant.auditEvent({ action });
    await app.service.audit.settle();
    const before = await follow(tenant, null);
    expect(before.actions).toEqual(["a.one", "a.two"]);

    await slow.query("begin");
    await insertSlowly(tenant, "slow.early", "2020-01-01T00:00:00Z");
    for (const action of ["b.one", "b.two", "b.three", "b.four"]) await tenant.auditEvent({ action });
    await app.service.audit.settle();
    // What came after the slow one waits for it: a place, once given, is never moved.
    expect((await follow(tenant, before.place)).actions).toEqual([]);
    await slow.query("commit");
    await app.service.audit.settle();
    const after = await follow(tenant, before.place);
    expect(after.actions).toEqual(["slow.early", "b.one", "b.two", "b.three", "b.four"]);
    expect((await follow(tenant, null)).actions).toEqual([...before.actions, ...after.actions]);
  });

  it("never sees what was given up, and does not wait for who only reads", async () => {
    const tenant = await world.tenant();
    await slow.query("begin isolation level repeatable read");
    await slow.query("select count(*) from audit_log");
    await tenant.auditEvent({ action: "c.one" });
    await app.service.audit.settle();
    const first = await follow(tenant, null);
    expect(first.actions).toEqual(["c.one"]);
    await insertSlowly(tenant, "slow.undone", "2020-01-01T00:00:00Z");
    await slow.query("rollback");
    await tenant.auditEvent({ action: "c.two" });
    await app.service.audit.settle();
    expect((await follow(tenant, first.place)).actions).toEqual(["c.two"]);
  });
});
