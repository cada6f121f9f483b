/** Owns the proof of what runs by the clock: when it is due, and that of all instances one adds it, once. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { dueTime, scheduledId } from "../../src/job/job.rules.js";
import { JOB_KINDS } from "../../src/kernel/jobs.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openInstance } from "./instances.js";

const at = (time: string) => new Date(`2030-05-06T${time}Z`);

describe("when it is due", () => {
  it.each([
    ["deadlines.sweep", "12:34:00", "12:34:00"],
    ["deadlines.sweep", "12:34:59.999", "12:34:00"],
    ["deadlines.sweep", "12:35:00", "12:35:00"],
    ["idempotency.prune", "12:59:59.999", "12:00:00"],
    ["idempotency.prune", "00:00:00", "00:00:00"],
    ["demo.reset", "03:00:00", "03:00:00"],
    ["demo.reset", "03:59:59.999", "03:00:00"],
  ] as const)("%s at %s is that of %s", (kind, now, due) => {
    expect(dueTime(JOB_KINDS[kind].schedule, at(now))).toEqual(at(due));
  });

  it.each(["02:59:59.999", "04:00:00", "15:00:00"])("the demo is not reset at %s, when no instance was there at three: somebody may be in it", (now) => {
    expect(dueTime(JOB_KINDS["demo.reset"].schedule, at(now))).toBeNull();
  });
});

describe("the id of what is due", () => {
  it("is a UUID, the same wherever it is reckoned, and another for every kind and time", () => {
    const ids = (["deadlines.sweep", "demo.reset"] as const).flatMap((kind) => ["12:00:00", "12:01:00"].map((time) => scheduledId(kind, at(time))));
    expect(ids[0]).toBe(scheduledId("deadlines.sweep", at("12:00:00")));
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("the clock", () => {
  let app: Registry;
  let sweep: () => Promise<void>;
  beforeAll(async () => {
    app = await openRegistry({ jobHandlers: { "deadlines.sweep": () => sweep(), "demo.reset": async () => {} } });
  });
  afterAll(() => app.close());
  afterEach(async () => {
    app.clock.now = null;
    await app.sql("delete from pgboss.job");
  });

  /** Further instances, which add what is due by themselves and know nothing of the first. */
  const others = () => Array.from({ length: 2 }, () => openInstance(app, { "deadlines.sweep": () => sweep(), "demo.reset": async () => {} }));
  const added = () => app.sql("select name, state::text from pgboss.job order by name, created_on");

  it("adds a job once for each time, however many instances look at it and however often", async () => {
    sweep = async () => {};
    const instances = [app.service.jobs, ...others()];
    const allTend = () => Promise.all(instances.map((jobs) => jobs.tend()));
    app.clock.now = at("12:34:10");
    await allTend();
    await app.jobs.tend();
    expect(await added()).toEqual([{ name: "deadlines.sweep", state: "created" }]);
    expect(await app.jobs.drain()).toEqual([{ id: expect.any(String), kind: "deadlines.sweep", tenantId: null, outcome: "done" }]);
    app.clock.now = at("12:34:59");
    await allTend();
    expect(await added()).toHaveLength(1);
    app.clock.now = at("12:35:00");
    await allTend();
    expect(await added()).toHaveLength(2);
  });

  it("adds no further one while the last one is not over, and then makes up for it", async () => {
    sweep = () => Promise.reject(new Error("not yet"));
    app.clock.now = at("13:00:00");
    await app.jobs.tend();
    await app.service.jobs.drain();
    for (const minute of ["13:01:00", "13:02:00", "13:03:00"]) {
      app.clock.now = at(minute);
      await app.jobs.tend();
    }
    expect(await added()).toEqual([{ name: "deadlines.sweep", state: "retry" }]);
    sweep = async () => {};
    await app.jobs.drain();
    await app.jobs.tend();
    expect(await added()).toEqual([{ name: "deadlines.sweep", state: "completed" }, { name: "deadlines.sweep", state: "created" }]);
  });

  it("adds the nightly reset at three in the night, UTC", async () => {
    app.clock.now = at("02:59:59");
    await app.jobs.tend();
    expect(await added()).toEqual([{ name: "deadlines.sweep", state: "created" }]);
    app.clock.now = at("03:00:00");
    await app.jobs.tend();
    expect(await added()).toContainEqual({ name: "demo.reset", state: "created" });
  });
});
