/** Owns the proof that broken connections carry nothing over and are not kept; it needs a server whose sessions can be killed. */
import pg from "pg";
import sql from "sql-template-tag";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Fault } from "../../src/kernel/fault.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { doorSteps, drive, httpSteps, type Step, type Tally } from "../walls/traffic.js";
import { adminOf, CLEAN, houseOf, noted, plainSessions, poolOf, visit } from "../walls/visits.js";

const cluster = await startCluster();
const LONG_MS = 180_000;

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "connections that break", () => {
  let app: Registry;
  let world: World;
  let tenants: [TenantInWorld, TenantInWorld];
  let superuser: pg.Pool;
  beforeAll(async () => {
    app = await openRegistry({ databaseUrl: cluster!.url });
    world = await openWorld(app);
    tenants = [await world.tenant(), await world.tenant()];
    superuser = new pg.Pool({ connectionString: app.config.database!.url, max: 2 });
    superuser.on("error", () => {}); // The database is dropped under its last connections.
    // Sessions take this up as they begin, so those that stand are ended: the tests need not wait a second for each deadlock.
    await superuser.query("do $$ begin execute format('alter database %I set deadlock_timeout = ''20ms''', current_database()); end $$");
    await end("pid");
    await vi.waitFor(() => expect(poolOf(app).totalCount).toBe(0));
  });
  afterAll(async () => {
    await superuser.end();
    await app.close();
    await cluster!.remove();
  });

  const end = (what: string) => superuser.query(`select pg_terminate_backend(${what}) from pg_stat_activity where ${OURS}`);
  const OURS = "application_name = 'tenant-registry' and datname = current_database()";
  const doors = (tenantId: string, more: Parameters<typeof visit>[2] = {}, house = houseOf(app)) => visit(house, adminOf(tenantId), more);
  const faulty = (work: Promise<unknown>) => work.then(() => "ok", (thrown: unknown) => (thrown instanceof Fault ? thrown.code : thrown));
  /** What a network does that is gone: the socket ends without a word of Postgres. */
  const cut = (client: pg.PoolClient) => (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
  const checkedOut = () => {
    const { _clients, _idle } = poolOf(app) as unknown as { _clients: pg.PoolClient[]; _idle: { client: pg.PoolClient }[] };
    return _clients.filter((client) => !_idle.some((idle) => idle.client === client));
  };
  const expectCleanPool = async () => {
    const { totalCount, idleCount, waitingCount } = poolOf(app);
    expect({ idleCount, waitingCount }).toEqual({ idleCount: totalCount, waitingCount: 0 });
    for (const session of await plainSessions(app)) expect(session).toEqual(CLEAN);
  };
  const sleeping = async () => (await superuser.query(`select pid from pg_stat_activity where ${OURS} and state = 'active' and query like '%pg_sleep%'`)).rows;

  describe("in ten thousand interleaved requests with timeouts, deadlocks, cancelled and killed sessions and cut sockets", () => {
    const breaking: Promise<unknown>[] = [];
    afterEach(() => Promise.all(breaking.splice(0)));
    const chaos = (done: number) => {
      const random = `select %s(pid) from pg_stat_activity where ${OURS} order by random() limit 1`;
      if (done % 40 === 0) breaking.push(superuser.query(random.replace("%s", "pg_terminate_backend")));
      if (done % 30 === 0) breaking.push(superuser.query(random.replace("%s", "pg_cancel_backend")));
      const [client] = checkedOut();
      if (done % 70 === 0 && client) cut(client);
    };
    /** Outcomes that a break does not explain. */
    const surprises = (tally: Tally, expected: string[] = []) => Object.keys(tally).filter((key) => !/ (ok|UNAVAILABLE|DEADLINE_EXCEEDED)$/.test(key) && !expected.includes(key));

    test("8,000 at the doors see nothing of the other tenant, and fail only as they should", async () => {
      const pairs = new Map(await Promise.all(tenants.map(async (tenant) => [tenant.id, [(await tenant.project()).id, (await tenant.project()).id]] as const)));
      const lock = (tenantId: string, order: readonly string[]) => doors(tenantId).within(null).change("project.update", async (tx) => {
        for (const id of order) await tx.query("select pg_sleep(0.005) from (select from tenant_projects where id = $1 for update) p", [id]);
        return { value: null, unaudited: "no-op" };
      });
      const steps: Record<string, Step> = {
        ...doorSteps(app, tenants),
        "read takes too long": ({ id }) => doors(id, { remainingMs: () => 5 }).read(sql`select pg_sleep(4)`),
        "change takes too long": ({ id }) => doors(id, { remainingMs: () => 5 }).within(null).change("project.update", (tx) => tx.query("select pg_sleep(4)")),
        deadlock: async ({ id }) => {
          const [one, other] = pairs.get(id) as [string, string];
          const ends = await Promise.allSettled([lock(id, [one, other]), lock(id, [other, one])]);
          for (const end of ends) if (end.status === "rejected") throw end.reason;
          return [id];
        },
      };
      const tally = await drive({ tenants, steps, requests: 8_000, afterEach: chaos });
      const expected = ["change fails BAD_USER_INPUT", "change reaches over 42501", "gives up after writing FAILED_PRECONDITION", "no door 42501", "read fails BAD_USER_INPUT", "read writes 25006"];
      const happened = [...expected, "read takes too long DEADLINE_EXCEEDED", "change takes too long DEADLINE_EXCEEDED", "deadlock UNAVAILABLE"];
      expect(Object.keys(tally), JSON.stringify(tally)).toEqual(expect.arrayContaining(happened));
      expect(surprises(tally, expected), JSON.stringify(tally)).toEqual([]);
    }, LONG_MS);

    test("2,000 over HTTP see nothing of the other tenant, and fail only as retryable", async () => {
      const tally = await drive({ tenants, steps: httpSteps(world.operator), requests: 2_000, afterEach: chaos });
      expect(surprises(tally), JSON.stringify(tally)).toEqual([]);
      expect(tally["http admin ok"], JSON.stringify(tally)).toBeGreaterThan(500);
    }, LONG_MS);

    test("the pool ends whole and clean, and no change is without its event or the other way round", async () => {
      await vi.waitFor(expectCleanPool);
      const strays = await superuser.query(
        `select p.id, a.target_id from (select id from tenant_projects where name = 'x') p
         full join (select target_id from audit_log where action = 'project.create') a on a.target_id = p.id::text
         where p.id is null or a.target_id is null`,
      );
      expect(strays.rows).toEqual([]);
    });
  });

  describe("one by one", () => {
    const admin = () => tenants[0].id;
    const cases: [string, () => Promise<unknown>, unknown][] = [
      ["a read whose session is killed", () => doors(admin()).read(sql`select pg_terminate_backend(pg_backend_pid())`), expect.anything()],
      ["a read whose socket ends without a word", () => {
        const read = doors(admin()).read(sql`select pg_sleep(4)`);
        return Promise.all([read, vi.waitFor(async () => expect(await sleeping()).toHaveLength(1)).then(() => checkedOut().forEach(cut))]);
      }, "UNAVAILABLE"],
      ["a change that is cut off before it has its scope", () => {
        let asked = 0;
        return doors(admin(), { remainingMs: () => (asked++ === 0 && checkedOut().forEach(cut), 10_000) }).within(null).change("project.update", async () => noted(1));
      }, "UNAVAILABLE"],
      ["a change that is killed between two statements", () => doors(admin()).within(null).change("project.update", async (tx) => {
        const [client] = checkedOut() as [pg.PoolClient];
        const gone = new Promise((resolve) => client.once("end", resolve));
        await end("pid");
        await gone;
        return tx.query("select 1");
      }), "UNAVAILABLE"],
      ["a change that gives up when its rollback cannot be sent", () => doors(admin()).within(null).change("project.update", async () => {
        checkedOut().forEach(cut);
        throw new Fault("CONFLICT", "given up");
      }), "CONFLICT"],
      ["a COMMIT that is cut off", () => doors(admin(), {}, { ...houseOf(app), record: async () => checkedOut().forEach(cut) }).within(null).change("project.update", async () => noted(1)), "UNAVAILABLE"],
      ["a COMMIT whose session is killed", () => doors(admin()).within(null).change("project.create", async (tx) => {
        await tx.query("insert into tenant_projects (tenant_id, slug, name) values ($1, 'dies', 'dies')", [admin()]);
        return noted(1);
      }), "UNAVAILABLE"],
    ];

    beforeAll(() => superuser.query(`
      create function die() returns trigger language plpgsql security definer as $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
      create constraint trigger dies_at_commit after insert on tenant_projects deferrable initially deferred
        for each row when (new.name = 'dies') execute function die()`));

    test.each(cases)("%s is answered, and its connection dropped", async (_name, run, outcome) => {
      await vi.waitFor(expectCleanPool);
      expect(await faulty(run())).toEqual(outcome);
      await vi.waitFor(expectCleanPool);
      expect(await app.sql("select 1 from tenant_projects where name = 'dies'")).toEqual([]);
    });

    test("what was loaded is dropped after a commit of unknown outcome, and kept after a refusal", async () => {
      const committed = vi.fn();
      const change = (record: () => Promise<void>) => faulty(doors(admin(), { committed }, { ...houseOf(app), record }).within(null).change("project.update", async () => noted(1)));
      expect(await change(() => Promise.reject(new Fault("CONFLICT", "refused")))).toBe("CONFLICT");
      expect(committed).not.toHaveBeenCalled();
      expect(await change(async () => checkedOut().forEach(cut))).toBe("UNAVAILABLE");
      expect(committed).toHaveBeenCalledOnce();
    });

    test.each(["read", "change"])("a %s that would outlast its operation is cancelled on the server", async (door) => {
      const { read, within } = doors(admin(), { remainingMs: () => 50 });
      const work = door === "read" ? read(sql`select pg_sleep(4)`) : within(null).change("project.update", (tx) => tx.query("select pg_sleep(4)"));
      expect(await faulty(work)).toBe("DEADLINE_EXCEEDED");
      expect(await sleeping()).toEqual([]);
      await vi.waitFor(expectCleanPool);
    });
  });
});
