/** Owns the proof of how a job is run: once, as the registry itself, at its time, and together with the jobs that it asks for. */
import sql from "sql-template-tag";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { RequestContext } from "../../src/kernel/request.js";
import { eventsOf } from "../testkit/events.js";
import { openQueueBench, ran, type QueueBench } from "./queue-bench.js";

let bench: QueueBench;
beforeAll(async () => {
  bench = await openQueueBench(async ({ doors }) => {
    const due = await doors.read<{ tenantId: string }>(sql`select id as "tenantId" from tenants where name = 'due'`);
    return due.map((payload) => ({ kind: "tenant.advance", payload }));
  });
});
afterAll(() => bench.app.close());
afterEach(() => bench.reset());

describe("a job", () => {
  it("is run once, and is done", async () => {
    let runs = 0;
    bench.advance = async () => void runs++;
    const tenant = await bench.ask();
    expect(await bench.app.jobs.drain()).toEqual([ran(tenant, "done")]);
    expect(await bench.app.jobs.drain()).toEqual([]);
    expect([runs, await bench.row(tenant)]).toEqual([1, { state: "completed", retries: 0, output: null, ended: true }]);
  });

  it("acts as the registry itself: in every tenant, under the job's id, and so recorded", async () => {
    const { app, world } = bench;
    let seen: RequestContext | undefined;
    bench.advance = async (context, { tenantId }) => {
      seen = context;
      await context.doors.within(tenantId).change("tenant.trial_end", async () => ({ value: null, audit: [{ target: { type: "tenant", id: tenantId, name: "x" } }] }));
      expect((await context.doors.read<{ count: number }>(sql`select count(*)::int as count from tenants`))[0]?.count).toBeGreaterThan(1);
    };
    await world.tenant();
    const tenant = await bench.ask();
    const [job] = await app.jobs.drain();
    expect(seen?.principal).toEqual({ kind: "system", subject: "system:jobs", name: null, roles: ["operator"], tenantId: null });
    expect(await eventsOf(app, tenant.id)).toMatchObject([{ actorType: "user" }, { action: "tenant.trial_end", actorType: "system", metadata: {} }]);
    expect(await app.sql("select actor_id, request_id, source_ip, user_agent from audit_log where tenant_id = $1 and action = 'tenant.trial_end'", [tenant.id])).toEqual([
      { actor_id: "system:jobs", request_id: `job-${job?.id}`, source_ip: null, user_agent: null },
    ]);
  });

  it("acts as somebody that no token can be", async () => {
    const { id: tenant_id } = await bench.world.tenant();
    const pretender = await bench.world.caller({ sub: "system:jobs", kind: "system", tenant_id, realm_access: { roles: ["system", "operator", "service"] } });
    expect((await pretender.run("{ viewer { kind subject roles } }")).body.data).toEqual({ viewer: { kind: "USER", subject: "system:jobs", roles: ["member"] } });
  });

  it("is told the service's time, not the computer's", async () => {
    let told: Date | undefined;
    bench.advance = async ({ now }) => void (told = now());
    await bench.ask();
    bench.app.clock.now = new Date("2040-02-29T12:00:00Z");
    await bench.app.jobs.drain();
    expect(told).toEqual(new Date("2040-02-29T12:00:00Z"));
  });

  it("for later is not run before", async () => {
    bench.advance = async () => {};
    const due = new Date(Date.now() + 86_400_000);
    const tenant = await bench.ask({ startAfter: due });
    expect(await bench.app.jobs.drain()).toEqual([]);
    bench.app.clock.now = due;
    expect(await bench.app.jobs.drain()).toEqual([ran(tenant, "done")]);
  });

  it("of a kind that this build cannot do waits for one that can", async () => {
    const tenant = await bench.ask();
    await bench.pretend(tenant, "name = 'tenant.provision'");
    expect([await bench.app.jobs.drain(), await bench.row(tenant)]).toEqual([[], expect.objectContaining({ state: "created" })]);
  });

  it("that asks for others leaves them and its end together; one that already waits is enough", async () => {
    const { app, world } = bench;
    const due = [await world.tenant({ name: "due" }), await world.tenant({ name: "due" })] as const;
    const done: string[] = [];
    bench.advance = async (_, { tenantId }) => void done.push(tenantId);
    await bench.ask({ of: due[0] });
    // What waits for longest is first.
    await app.sql("insert into pgboss.job (name, data, start_after) values ('deadlines.sweep', '{}', now() - interval '1 minute')");
    expect((await app.jobs.drain()).map(({ kind }) => kind)).toEqual(["deadlines.sweep", "tenant.advance", "tenant.advance"]);
    expect(done.toSorted()).toEqual(due.map(({ id }) => id).toSorted());
  });
});
