/** Owns the proof that the use of keys is counted: to the minute and only forward, by every instance, and not lost when it cannot be written at once. */
import { randomBytes } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openKeyUsage, type KeyUsage } from "../../src/api-key-usage/api-key-usage.collector.js";
import { openKeyDoor, type KeyDoor } from "../../src/kernel/key-door.js";
import { actionsIn } from "../testkit/events.js";
import { data } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
beforeEach(async () => {
  tenant = await world.tenant();
});

const AT = new Date("2030-05-01T12:05:59.999Z");
const MINUTE = new Date("2030-05-01T12:05:00.000Z");

/** One instance's collector, with a clock, a log, and a pool that can be full. */
function instance({ at = AT, everyMs = 1 } = {}) {
  const clock = { now: at };
  const logged: string[] = [];
  const limits = { statementTimeoutMs: 5_000, maxWaiting: 1_000 };
  const written: number[] = [];
  let fullAfter = Infinity;
  let meanwhile = () => {};
  const door: KeyDoor = openKeyDoor({ dataSource: app.dataSource, limits });
  const write = (level: string) => (_about: object, line?: string) => void logged.push(`${level}: ${line ?? String(_about)}`);
  const log = { info: write("info"), warn: write("warn"), error: write("error") } as unknown as Parameters<typeof openKeyUsage>[0]["log"];
  const usage = openKeyUsage({
    door: {
      read: door.read,
      async write(lookupIds, statements) {
        meanwhile();
        await door.write(lookupIds, statements);
        written.push(lookupIds.length);
        if (written.length === fullAfter) limits.maxWaiting = -1_000;
      },
    },
    now: () => clock.now,
    log,
    everyMs,
  });
  return {
    usage,
    clock,
    logged,
    /** How many keys each batch had that was written. */
    written,
    /** Whoever comes now finds the pool full. */
    fill: (full: boolean) => (limits.maxWaiting = full ? -1_000 : 1_000),
    /** And so does whoever comes after so many batches. */
    fillAfter: (batches: number) => (fullAfter = batches),
    /** Done whenever a batch is being written. */
    meanwhile: (work: () => void) => (meanwhile = work),
  };
}

async function key(of = tenant) {
  const lookupId = randomBytes(6).toString("hex");
  return { ...(await of.apiKey({ lookupId })), lookupId, seat: 0 };
}

async function keys(count: number) {
  const lookupIds = Array.from({ length: count }, () => randomBytes(6).toString("hex"));
  return app.sql<{ id: string; lookupId: string }>(
    `insert into api_keys (tenant_id, product, name, hash, prefix, lookup_id) select $1, 'crm', 'many ' || l, '*', 'abcdefgh', l from unnest($2::text[]) l
     returning id, lookup_id as "lookupId"`,
    [tenant.id, lookupIds],
  );
}

const note = (usage: KeyUsage, row: { id: string; lookupId: string }, verified: number, refused = 0) => {
  for (let n = 0; n < verified; n++) usage.note(row, true);
  for (let n = 0; n < refused; n++) usage.note(row, false);
};
const lastUsed = async ({ id }: { id: string }) => (await app.sql<{ at: Date | null }>("select last_used_at as at from api_keys where id = $1", [id]))[0]?.at;
const counts = ({ id }: { id: string }) =>
  app.sql("select day::text, verified::int, refused::int from api_key_usage where api_key_id = $1 order by day", [id]);

describe("a use", () => {
  it("is written when it is written down and not before: nobody who verifies waits for it", async () => {
    const { usage, written } = instance();
    const used = await key();
    note(usage, used, 3, 1);
    expect([await lastUsed(used), await counts(used), written]).toEqual([null, [], []]);
    await usage.flush();
    expect([await lastUsed(used), await counts(used), written]).toEqual([MINUTE, [{ day: "2030-05-01", verified: 3, refused: 1 }], [1]]);
    await usage.flush();
    expect([await counts(used), written], "once").toEqual([[{ day: "2030-05-01", verified: 3, refused: 1 }], [1]]);
  });

  it("is told to the minute, and never backwards: not by the clock of one instance, nor by another that is behind", async () => {
    const [one, behind] = [instance(), instance({ at: new Date(AT.getTime() - 120_000) })];
    const used = await key();
    note(one.usage, used, 1);
    one.clock.now = new Date(AT.getTime() - 240_000);
    note(one.usage, used, 1);
    await one.usage.flush();
    expect(await lastUsed(used)).toEqual(MINUTE);
    for (const { usage } of [one, behind]) {
      note(usage, used, 1);
      await usage.flush();
      expect(await lastUsed(used)).toEqual(MINUTE);
    }
    behind.clock.now = new Date(AT.getTime() + 1);
    note(behind.usage, used, 1);
    await behind.usage.flush();
    expect(await lastUsed(used)).toEqual(new Date("2030-05-01T12:06:00.000Z"));
  });

  it("that was refused is counted, and is none that the key was last used at", async () => {
    const { usage } = instance();
    const [refused, both] = [await key(), await key()];
    note(usage, refused, 0, 2);
    note(usage, both, 1);
    await usage.flush();
    note(usage, both, 0, 1);
    await usage.flush();
    expect([await lastUsed(refused), await counts(refused)]).toEqual([null, [{ day: "2030-05-01", verified: 0, refused: 2 }]]);
    expect([await lastUsed(both), await counts(both)]).toEqual([MINUTE, [{ day: "2030-05-01", verified: 1, refused: 1 }]]);
  });

  it("is counted on its day in UTC, also when both days are written together", async () => {
    const { usage, clock } = instance({ at: new Date("2030-05-01T23:59:59.999Z") });
    const used = await key();
    note(usage, used, 2);
    clock.now = new Date("2030-05-02T00:00:00.000Z");
    note(usage, used, 1, 1);
    await usage.flush();
    expect(await counts(used)).toEqual([{ day: "2030-05-01", verified: 2, refused: 0 }, { day: "2030-05-02", verified: 1, refused: 1 }]);
    expect(await lastUsed(used)).toEqual(clock.now);
  });

  it("is counted by every instance, and all of them add up, also when they write at the same time and in another order", async () => {
    const instances = [instance(), instance(), instance()];
    const used = await keys(450);
    for (let round = 0; round < 3; round++) {
      for (const [index, { usage }] of instances.entries()) for (const row of index % 2 === 0 ? used : used.toReversed()) note(usage, row, 1, 1);
      await Promise.all(instances.map(({ usage }) => usage.flush()));
    }
    expect(await app.sql("select count(*)::int as rows, min(verified)::int as least, max(verified)::int as most, max(refused)::int as refused from api_key_usage where tenant_id = $1", [tenant.id])).toEqual([
      { rows: 450, least: 9, most: 9, refused: 9 },
    ]);
    for (const { written, logged } of instances) expect([written, logged]).toEqual([Array.from({ length: 3 }, () => [200, 200, 50]).flat(), []]);
  });

  it("of a key that was erased meanwhile harms nobody: the others are written, and nothing is left of it", async () => {
    const { usage, logged } = instance();
    const [erased, kept] = [await key(), await key()];
    note(usage, erased, 1);
    note(usage, kept, 1);
    usage.rehash(erased, { hash: "*", pepperId: null }, { hash: "new", pepperId: "p" });
    await app.sql("delete from api_keys where id = $1", [erased.id]);
    await usage.flush();
    expect([await counts(erased), await counts(kept), logged]).toEqual([[], [{ day: "2030-05-01", verified: 1, refused: 0 }], []]);
    await usage.close();
    expect(logged).toEqual([]);
  });

  it("is no event", async () => {
    const { usage } = instance();
    note(usage, await key(), 1);
    await usage.flush();
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });
});

describe("what cannot be written", () => {
  it("is kept, adds up with what comes after it, and is written once when it can be", async () => {
    const { usage, clock, logged, fill, written } = instance();
    const [first, second] = [await key(), await key()];
    note(usage, first, 2, 1);
    fill(true);
    await usage.flush();
    clock.now = new Date("2030-05-02T00:01:00.000Z");
    note(usage, first, 1);
    note(usage, second, 1);
    await usage.flush();
    expect([await counts(first), await counts(second), written]).toEqual([[], [], []]);
    fill(false);
    await usage.flush();
    await usage.flush();
    expect(await counts(first)).toEqual([{ day: "2030-05-01", verified: 2, refused: 1 }, { day: "2030-05-02", verified: 1, refused: 0 }]);
    expect([await counts(second), await lastUsed(first)]).toEqual([[{ day: "2030-05-02", verified: 1, refused: 0 }], clock.now]);
    expect(logged, "said once").toEqual([expect.stringMatching(/^warn: .*could not be written/), expect.stringMatching(/^info: .*again/)]);
  });

  it("adds up with what was noted while it was tried, which is not written with it", async () => {
    const { usage, clock, fill, meanwhile } = instance();
    const used = await key();
    note(usage, used, 2, 1);
    fill(true);
    meanwhile(() => {
      note(usage, used, 1);
      clock.now = new Date("2030-05-02T00:01:00.000Z");
      note(usage, used, 0, 1);
    });
    await usage.flush();
    fill(false);
    meanwhile(() => note(usage, used, 0, 1));
    await usage.flush();
    expect([await counts(used), await lastUsed(used)]).toEqual([[{ day: "2030-05-01", verified: 3, refused: 1 }, { day: "2030-05-02", verified: 0, refused: 1 }], MINUTE]);
    meanwhile(() => {});
    await usage.flush();
    expect(await counts(used)).toEqual([{ day: "2030-05-01", verified: 3, refused: 1 }, { day: "2030-05-02", verified: 0, refused: 2 }]);
  });

  it("leaves what was written before it written: nothing is counted twice", async () => {
    const { usage, fill, fillAfter, written } = instance();
    const used = await keys(450);
    for (const row of used) note(usage, row, 1);
    fillAfter(1);
    await usage.flush();
    expect(written).toEqual([200]);
    fill(false);
    await usage.flush();
    expect(written.toSorted()).toEqual([200, 200, 50]);
    expect(await app.sql("select count(*)::int as rows, max(verified)::int as most from api_key_usage where tenant_id = $1", [tenant.id])).toEqual([{ rows: 450, most: 1 }]);
  });

  it("is bounded: the use of more keys than can be remembered is not counted, which is said once, and of those that are, is", () => {
    const { usage, logged } = instance();
    for (let n = 0; n < 50_003; n++) note(usage, { id: String(n), lookupId: "x" }, 1);
    note(usage, { id: "1", lookupId: "x" }, 1);
    expect(logged).toEqual([expect.stringMatching(/^warn: .*no more keys/)]);
  });
});

describe("an instance", () => {
  it("writes by itself from its start on, and for the last time at its end", async () => {
    const { usage } = instance();
    const [during, last] = [await key(), await key()];
    note(usage, during, 1);
    usage.start();
    await expect.poll(() => counts(during), { timeout: 20_000 }).toHaveLength(1);
    note(usage, last, 1);
    await usage.close();
    expect(await counts(last)).toEqual([{ day: "2030-05-01", verified: 1, refused: 0 }]);
  });

  it("that never started writes at its end all the same, and says what is lost when it cannot", async () => {
    const [writes, cannot] = [instance(), instance()];
    const used = await key();
    for (const { usage } of [writes, cannot]) note(usage, used, 1);
    cannot.fill(true);
    for (const { usage } of [writes, cannot]) await usage.close();
    expect(await counts(used)).toEqual([{ day: "2030-05-01", verified: 1, refused: 0 }]);
    expect([writes.logged, cannot.logged]).toEqual([[], [expect.stringMatching(/^warn: /), expect.stringMatching(/^error: .*lost/)]]);
  });

  it("writes many keys without waiting for their time", async () => {
    const { usage, written } = instance({ everyMs: 3_600_000 });
    const used = await keys(5_000);
    usage.start();
    for (const row of used) note(usage, row, 1);
    await expect.poll(() => written.length, { timeout: 20_000 }).toBe(25);
    await usage.close();
    expect(await app.sql("select count(*)::int as rows from api_key_usage where tenant_id = $1 and verified = 1", [tenant.id])).toEqual([{ rows: 5_000 }]);
  });
});

describe("a secret that was hashed anew", () => {
  const stored = async ({ id }: { id: string }) => (await app.sql("select hash, pepper_id from api_keys where id = $1", [id]))[0];
  const OLD = { hash: "*", pepperId: null };

  it("is written over the hash that it was made from, of its own key alone", async () => {
    const { usage } = instance();
    const lookupId = `~${randomBytes(8).toString("hex")}`;
    const [first, second] = [await tenant.apiKey({ lookupId }), await tenant.apiKey()];
    await app.sql("update api_keys set lookup_id = $2, lookup_seat = 1 where id = $1", [second.id, lookupId]);
    usage.rehash({ lookupId, seat: 1 }, OLD, { hash: "new", pepperId: "p" });
    expect(await stored(second), "not before it is written down").toEqual({ hash: "*", pepper_id: null });
    await usage.flush();
    expect([await stored(first), await stored(second)]).toEqual([{ hash: "*", pepper_id: null }, { hash: "new", pepper_id: "p" }]);
  });

  it("is not written over another hash: of two instances one wins, and what was tampered with stays so", async () => {
    const [one, other] = [instance(), instance()];
    const used = await key();
    one.usage.rehash(used, OLD, { hash: "one", pepperId: "p" });
    other.usage.rehash(used, OLD, { hash: "other", pepperId: "p" });
    await one.usage.flush();
    await other.usage.flush();
    expect(await stored(used)).toEqual({ hash: "one", pepper_id: "p" });
  });

  it("is kept when it cannot be written, and written when it can be", async () => {
    const { usage, fill } = instance();
    const used = await key();
    fill(true);
    usage.rehash(used, OLD, { hash: "new", pepperId: "p" });
    await usage.flush();
    fill(false);
    await usage.flush();
    expect(await stored(used)).toEqual({ hash: "new", pepper_id: "p" });
  });
});

describe("what was counted", () => {
  const QUERY = "query ($id: ID!) { apiKey(id: $id) { lastUsedAt usage(from: \"2030-04-30\", until: \"2030-05-02\") { day verified refused } } }";

  it("is read by the key's own tenant, by key and for all its keys together, and by nobody else", async () => {
    const { usage } = instance();
    const [one, other, elsewhere] = [await key(), await key(), await world.tenant()];
    note(usage, one, 2, 1);
    note(usage, other, 1);
    note(usage, await key(elsewhere), 9);
    await usage.flush();
    const found = { apiKey: { lastUsedAt: MINUTE.toISOString(), usage: [{ day: "2030-05-01", verified: 2, refused: 1 }] } };
    expect(data(await tenant.admin.run(QUERY, { id: one.id }))).toEqual(found);
    expect(data(await elsewhere.admin.run(QUERY, { id: one.id }))).toEqual({ apiKey: null });
    const all = "{ myTenant { apiKeyUsage(from: \"2030-04-30\", until: \"2030-05-02\") { day verified refused } } }";
    expect(data(await tenant.admin.run(all))).toEqual({ myTenant: { apiKeyUsage: [{ day: "2030-05-01", verified: 3, refused: 1 }] } });
  });
});
