/** Owns the proof that versions of a flow are numbered without gaps and without doubles, whoever publishes at once and whoever is cut off. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import pg from "pg";
import { openLog } from "../../src/process/log.js";
import { openServiceDataSource } from "../../src/service.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { actionsIn } from "../testkit/events.js";
import { anotherInstance } from "../testkit/instance.js";
import { data, fault } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { callerWith, openWorld, type Caller, type World } from "../testkit/world.js";

const cluster = await startCluster();
const PUBLISH = "mutation ($input: PublishFlowInput!) { publishFlow(input: $input) { flow { id } version { number body } } }";
const bodyOf = (message: string) => ({ nodes: [{ id: "greet", type: "reply", config: { message } }] });

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "versions of one flow", () => {
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

  const publish = (caller: Caller, message: string, name = "support") => caller.run(PUBLISH, { input: { name, body: bodyOf(message) } });
  const stored = (tenantId: string) =>
    app.sql<{ number: number; message: string; latest: number }>(
      `select v.number, v.body #>> '{nodes,0,config,message}' as message, f.latest_number as latest
       from flow_versions v join tenant_flows f on f.id = v.flow_id where v.tenant_id = $1 order by v.number`,
      [tenantId],
    );

  it("that twenty publish at once on two instances are numbered 1 to 20, and each is told the number that its body has", async () => {
    const { id, admin } = await world.tenant();
    const other = await anotherInstance({ ...app, dataSource: await openServiceDataSource(app.config, undefined, openLog("silent")) });
    const url = await other.app.listen({ host: "127.0.0.1", port: 0 });
    const callers = [admin, callerWith({ ...app, url }, admin.token)];
    const answers = await Promise.all(Array.from({ length: 20 }, (_, turn) => publish(callers[turn % 2] as Caller, `${turn}`)));
    await other.close();
    const told = answers.map((answer) => data(answer)["publishFlow"].version);
    const rows = await stored(id);
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect(new Set(rows.map(({ latest }) => latest))).toEqual(new Set([20]));
    expect(told.map(({ number, body }) => [number, body.nodes[0].config.message]).sort(([a], [b]) => a - b)).toEqual(rows.map(({ number, message }) => [number, message]));
    expect(await actionsIn(app, id)).toEqual(Array.from({ length: 20 }, () => "flow.publish"));
    expect(await app.sql("select count(*)::int as count from tenant_flows where tenant_id = $1", [id])).toEqual([{ count: 1 }]);
  });

  it("of which one was cut off have no gap where it was", async () => {
    const { id, admin } = await world.tenant();
    data(await publish(admin, "one"));
    const dying = new pg.Client({ connectionString: app.config.database?.url });
    dying.on("error", () => {}); // it is cut off below
    await dying.connect();
    await dying.query("begin");
    const [flow] = (await dying.query("select id from tenant_flows where tenant_id = $1 for no key update", [id])).rows as { id: string }[];
    await dying.query("insert into flow_versions (tenant_id, flow_id, number, body, published_by) values ($1, $2, 2, '{}', 'ada')", [id, flow?.id]);
    await dying.query("update tenant_flows set latest_number = 2 where id = $1", [flow?.id]);
    const waiting = publish(admin, "two");
    // As a process that dies: Postgres gives back what it had begun.
    dying.connection.stream.destroy();
    expect(data(await waiting)["publishFlow"].version.number).toBe(2);
    expect((await stored(id)).map(({ number, message }) => [number, message])).toEqual([[1, "one"], [2, "two"]]);
  });

  it("are told to wait, retryably, while somebody holds the flow for too long, and nothing is published", async () => {
    const { id, admin } = await world.tenant();
    data(await publish(admin, "one"));
    const holder = new pg.Client({ connectionString: app.config.database?.url });
    await holder.connect();
    try {
      await holder.query("begin");
      await holder.query("select 1 from tenant_flows where tenant_id = $1 for no key update", [id]);
      expect(fault(await publish(admin, "two"), "UNAVAILABLE").extensions.retryable).toBe(true);
      // Another flow of the tenant is another matter.
      data(await publish(admin, "one", "sales"));
    } finally {
      await holder.end();
    }
    data(await publish(admin, "two"));
    expect(await actionsIn(app, id)).toEqual(["flow.publish", "flow.publish", "flow.publish"]);
  });
});
