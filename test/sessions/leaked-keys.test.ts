/** Owns the proof that reports of a leaked key that are worked on at the same moment do not revoke it twice, nor bring back what is gone. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { tenantWithCrm } from "../testkit/api-keys.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { actionsIn } from "../testkit/events.js";
import { endOf, wholeKey, type WholeKey } from "../testkit/leaked-keys.js";
import { data, fault } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type Answer, type Caller, type World } from "../testkit/world.js";

const REPORT = "mutation ($key: String!) { reportLeakedApiKey(input: { key: $key }) { revoked } }";
/** The pool has ten connections, and one is for looking. */
const AT_ONCE = 8;

const cluster = await startCluster();

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "a leaked key", () => {
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

  const report = (caller: Caller, { plaintext: key }: WholeKey) => caller.run(REPORT, { key });

  /** The answers of what was sent while another session had begun with `statement`, and goes on only when all of it waits for that. */
  async function meanwhile(statement: string, id: string, send: () => Promise<Answer>[]): Promise<Answer[]> {
    const other = new pg.Client({ connectionString: app.config.database?.url });
    await other.connect();
    try {
      await other.query("begin");
      await other.query(statement, [id]);
      const answers = send();
      await vi.waitFor(async () => {
        expect(await app.sql("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).toHaveLength(answers.length);
      }, { timeout: 1_500, interval: 20 });
      await other.query("commit");
      return await Promise.all(answers);
    } finally {
      await other.end();
    }
  }

  it("is revoked by one of many reports that get in at the same moment, and recorded once", async () => {
    const tenant = await tenantWithCrm(world);
    const key = await wholeKey(tenant);
    const callers = [tenant.admin, world.service, world.operator];
    const send = () => Array.from({ length: AT_ONCE }, (_, n) => report(callers[n % callers.length] as Caller, key));
    const answers = await meanwhile("select from tenants where id = $1 for update", tenant.id, send);
    expect(answers.map((answer) => data(answer)["reportLeakedApiKey"].revoked).filter(Boolean)).toEqual([true]);
    expect(await endOf(app, key)).toMatchObject({ reason: "leaked" });
    expect((await actionsIn(app, tenant.id)).filter((action) => action === "api_key.report_leak")).toHaveLength(1);
  });

  it("that is erased while its reports wait is not there", async () => {
    const tenant = await tenantWithCrm(world);
    const key = await wholeKey(tenant);
    const answers = await meanwhile("delete from api_keys where id = $1", key.id, () => [report(tenant.admin, key), report(world.service, key)]);
    for (const answer of answers) fault(answer, "NOT_FOUND");
    expect(await actionsIn(app, tenant.id)).not.toContain("api_key.report_leak");
  });
});
