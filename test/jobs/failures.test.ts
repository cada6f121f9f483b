/** Owns the proof of what becomes of a job that fails, takes too long, or loses its instance: how often it is tried, and what is left to see. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "../../src/kernel/fault.js";
import type { TenantInWorld } from "../testkit/world.js";
import { noted } from "../walls/visits.js";
import { openQueueBench, ran, type QueueBench } from "./queue-bench.js";

let bench: QueueBench;
beforeAll(async () => {
  bench = await openQueueBench();
});
afterAll(() => bench.app.close());
afterEach(() => bench.reset());

const unanswered = () => new Fault("UNAVAILABLE", "Keycloak does not answer");
const UNANSWERED = { code: "UNAVAILABLE", message: "Keycloak does not answer" };
const linesOf = (tenant: TenantInWorld, message: string) =>
  bench.app.logged.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg, tenant: id }) => msg === message && id === tenant.id);

describe("a job that fails", () => {
  it("is tried again later, each time later than before, and may then be done", async () => {
    let failures = 3;
    bench.advance = async () => {
      if (failures-- > 0) throw unanswered();
    };
    const tenant = await bench.ask();
    for (const leastSeconds of [5, 10, 20]) {
      expect(await bench.app.service.jobs.drain()).toEqual([ran(tenant, "retrying")]);
      expect(await bench.row(tenant)).toMatchObject({ state: "retry", output: UNANSWERED, ended: false });
      expect(await bench.app.sql("select start_after - started_on >= make_interval(secs => $2) as later from pgboss.job where data->>'tenantId' = $1", [tenant.id, leastSeconds])).toEqual([{ later: true }]);
      expect(await bench.app.service.jobs.drain()).toEqual([]);
      await bench.pretend(tenant, "start_after = now() - interval '1 second'");
    }
    expect(await bench.app.jobs.drain()).toEqual([ran(tenant, "done")]);
    expect(await bench.row(tenant)).toEqual({ state: "completed", retries: 3, output: null, ended: true });
  });

  it("as often as its kind allows has failed for good, and is then left alone and kept", async () => {
    bench.advance = () => Promise.reject(unanswered());
    const tenant = await bench.ask();
    expect(await bench.app.jobs.drain()).toEqual([...Array.from({ length: 5 }, () => ran(tenant, "retrying")), ran(tenant, "failed")]);
    expect(await bench.row(tenant)).toEqual({ state: "failed", retries: 5, output: UNANSWERED, ended: true });
    expect(await bench.app.jobs.drain()).toEqual([]);
  });

  it("tells in the queue no more than a caller would be told, and all of it in the log, once an attempt", async () => {
    bench.advance = () => Promise.reject(new Error("password=hunter2 in select * from tenants"));
    const tenant = await bench.ask();
    await bench.app.jobs.drain();
    expect(await bench.row(tenant)).toMatchObject({ output: { code: "INTERNAL_SERVER_ERROR", message: "Something went wrong on our side" } });
    const [again, final] = [linesOf(tenant, "a job has failed and is tried again"), linesOf(tenant, "a job has failed for good")];
    expect([again.length, final.length]).toEqual([5, 1]);
    expect(final[0]).toMatchObject({ level: 50, job: "tenant.advance", attempt: 6, requestId: expect.stringMatching(/^job-/), err: { message: "password=hunter2 in select * from tenants" } });
  });

  it("leaves nothing of a change that it did not finish", async () => {
    bench.advance = ({ doors }, { tenantId }) => doors.within(tenantId).change("tenant.trial_end", async (tx) => {
      await tx.query("update tenants set name = 'half' where id = $1", [tenantId]);
      throw new Error("a bug");
    });
    const tenant = await bench.ask();
    await bench.app.jobs.drain();
    expect(await bench.app.sql("select name from tenants where id = $1", [tenant.id])).toEqual([{ name: "A tenant" }]);
  });
});

describe("a job whose time is up", () => {
  /** As long as the margin that follows the budget, so that nothing is left for the job itself. */
  const NO_BUDGET = "expire_in = interval '15 seconds'";

  it("is given up, although it never ends", async () => {
    bench.advance = () => new Promise(() => {});
    const tenant = await bench.ask();
    await bench.pretend(tenant, NO_BUDGET);
    expect(await bench.app.service.jobs.drain()).toEqual([ran(tenant, "retrying")]);
    expect(await bench.row(tenant)).toMatchObject({ state: "retry", output: { code: "DEADLINE_EXCEEDED", message: "The job took too long" } });
  });

  it("changes nothing any more when it goes on all the same", async () => {
    let late: Promise<unknown> = Promise.resolve();
    bench.advance = ({ doors }, { tenantId }) => {
      late = new Promise((resolve) => setImmediate(resolve)).then(() => doors.within(tenantId).change("tenant.trial_end", async () => noted(1)));
      late.catch(() => {});
      return new Promise(() => {});
    };
    await bench.pretend(await bench.ask(), NO_BUDGET);
    await bench.app.service.jobs.drain();
    await expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });
});

describe("a job whose instance is gone", () => {
  it("is tried again once its time is up, and not before", async () => {
    bench.advance = async () => {};
    const tenant = await bench.ask();
    await bench.pretend(tenant, "state = 'active', started_on = now() + interval '1 minute' - expire_in");
    await bench.app.jobs.tend();
    expect([await bench.app.jobs.drain(), await bench.row(tenant)]).toEqual([[], expect.objectContaining({ state: "active" })]);
    await bench.pretend(tenant, "started_on = now() - interval '1 second' - expire_in");
    await bench.app.jobs.tend();
    expect(await bench.row(tenant)).toMatchObject({ state: "retry" });
    expect(await bench.app.jobs.drain()).toEqual([ran(tenant, "done")]);
  });

  it("as often as its kind allows has failed for good: a job that kills its instance does not go on for ever", async () => {
    const tenant = await bench.ask();
    await bench.pretend(tenant, "state = 'active', started_on = now() - interval '1 hour', retry_count = retry_limit");
    await bench.app.jobs.tend();
    expect(await bench.row(tenant)).toMatchObject({ state: "failed", ended: true });
  });
});

describe("what has ended", () => {
  it.each([["completed", "23 hours", 1], ["completed", "25 hours", 0], ["failed", "89 days", 1], ["failed", "91 days", 0]])("%s for %s: kept = %i", async (state, ago, kept) => {
    const tenant = await bench.ask();
    await bench.pretend(tenant, `state = '${state}', completed_on = now() - interval '${ago}'`);
    await bench.app.jobs.tend();
    expect(await bench.app.sql("select from pgboss.job where data->>'tenantId' = $1", [tenant.id])).toHaveLength(kept);
  });

  it("a job that waits is never put away, however long nobody does it", async () => {
    const tenant = await bench.ask();
    await bench.pretend(tenant, "start_after = start_after - interval '300 days', keep_until = keep_until - interval '300 days'");
    await bench.app.jobs.tend();
    expect(await bench.row(tenant)).toMatchObject({ state: "created" });
  });
});
