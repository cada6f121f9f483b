/** Owns the proof that a key has one effect over several instances, over a restart, and while its first request is still worked on. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openLog } from "../../src/process/log.js";
import { openServiceDataSource } from "../../src/service.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { actionsIn } from "../testkit/events.js";
import { anotherInstance } from "../testkit/instance.js";
import { data, fault } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { callerWith, openWorld, type Caller, type World } from "../testkit/world.js";

const cluster = await startCluster();
const CREATE = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id slug createdAt } } }";

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "an idempotency key", () => {
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

  const create = (caller: Caller, slug = "one") => caller.run(CREATE, { input: { slug, name: "x", idempotencyKey: "key" } });
  const projectsOf = (tenantId: string) => app.sql("select slug from tenant_projects where tenant_id = $1", [tenantId]);

  /** Another instance on the same database; what it does with a token is what the first one would. */
  async function listening() {
    const service = await anotherInstance({ ...app, dataSource: await openServiceDataSource(app.config, undefined, openLog("silent")) });
    const url = await service.app.listen({ host: "127.0.0.1", port: 0 });
    return { caller: ({ token }: Caller) => callerWith({ ...app, url }, token), close: () => service.close() };
  }

  it("has one effect on two instances at once, and its answer outlives both", async () => {
    const { id, admin } = await world.tenant();
    const other = await listening();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, turn) => create(turn % 2 === 0 ? admin : other.caller(admin))));
    await other.close();
    const done = answers.filter(({ body }) => !body.errors);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "UNAVAILABLE");
    expect([await projectsOf(id), await actionsIn(app, id)]).toEqual([[{ slug: "one" }], ["project.create"]]);

    const restarted = await listening();
    const again = await create(restarted.caller(admin));
    await restarted.close();
    for (const { body } of done) expect(body).toEqual(again.body);
    expect(done.length).toBeGreaterThan(0);
  });

  it("whose first request is still worked on is told so, retryably, and is free when that one has failed", async () => {
    const { id } = await world.tenant();
    const sub = randomUUID();
    const admin = await world.caller({ sub, tenant_id: id, realm_access: { roles: ["IT_ADMIN"] } });
    const first = new pg.Client({ connectionString: app.config.database?.url });
    first.on("error", () => {}); // it is cut off below
    await first.connect();
    try {
      await first.query("begin");
      await first.query("insert into idempotency_keys (tenant_id, principal, operation, key, input_hash) values ($1, $2, 'createProject', 'key', 'x')", [id, `user:${sub}`]);
      const told = await create(admin);
      const error = fault(told, "UNAVAILABLE", "idempotencyKey");
      expect([told.status, error.extensions.retryable, error.message]).toEqual([503, true, "The first request with this idempotency key is being worked on, try again"]);
      expect(await projectsOf(id)).toEqual([]);
    } finally {
      // As a process that dies: Postgres gives back what it had begun.
      first.connection.stream.destroy();
    }
    data(await create(admin));
    expect(await projectsOf(id)).toEqual([{ slug: "one" }]);
  });

  it("whose first request ends while the second waits gets the first answer, and does nothing", async () => {
    const { id, admin } = await world.tenant();
    const holder = new pg.Client({ connectionString: app.config.database?.url });
    await holder.connect();
    try {
      await holder.query("begin");
      await holder.query("select from tenants where id = $1 for update", [id]);
      const both = [create(admin), create(admin)];
      // One waits for the tenant's row, the other one for the first one's key.
      await vi.waitFor(async () => {
        expect(await app.sql("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).toHaveLength(2);
      }, { timeout: 1_500, interval: 20 });
      await holder.query("commit");
      const [one, other] = await Promise.all(both);
      expect(other?.body).toEqual(one?.body);
    } finally {
      await holder.end();
    }
    expect([await projectsOf(id), await actionsIn(app, id)]).toEqual([[{ slug: "one" }], ["project.create"]]);
  });
});
