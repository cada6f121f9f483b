/** Owns the guarantees of the queue before argon2: it is bounded, whoever finds it full is told at once, and nobody keeps the others out. */
import { describe, expect, it } from "vitest";
import { openHashQueue, type HashBounds, type HashQueue } from "../../src/api-key-verdict/api-key-verdict.hashing.js";

const BUSY = { name: "Fault", code: "UNAVAILABLE", retryable: true };

/** Hashes that end when they are told to, in the order in which they began. */
function scene(bounds: Partial<HashBounds>) {
  const queue = openHashQueue(bounds);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const work = (name: string) => () =>
    new Promise<string>((resolve) => {
      begun.push(name);
      ends.push(() => resolve(name));
    });
  return {
    queue,
    begun,
    ask: (caller: string, name = caller) => queue.run(caller, work(name)),
    /** Ends the one that runs longest, and lets everything happen that follows. */
    async end() {
      await settled();
      ends.shift()?.();
      await settled();
    },
  };
}

/** Everything that is ready to happen has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** How many of these were refused at once, and how many got a place. */
async function outcomes(promises: Promise<unknown>[]) {
  let refused = 0;
  for (const promise of promises) promise.catch(() => (refused += 1));
  await settled();
  return { refused, taken: promises.length - refused };
}

describe("a queue that is full", () => {
  it("refuses at once and retryably, without having begun anything; and takes the next when one has left", async () => {
    const { ask, begun, end } = scene({ atOnce: 1, maxWaiting: 2 });
    const taken = [ask("crm"), ask("crm"), ask("chat")];
    await expect(ask("desk")).rejects.toMatchObject(BUSY);
    let prepared = false;
    await expect(openHashQueue({ atOnce: 0, maxWaiting: 0 }).run("desk", async () => "", async () => (prepared = true))).rejects.toMatchObject(BUSY);
    expect([begun, prepared]).toEqual([["crm"], false]);
    await end();
    taken.push(ask("desk"));
    for (const _ of [1, 2, 3]) await end();
    expect(await Promise.all(taken)).toEqual(["crm", "crm", "chat", "desk"]);
  });

  it("is so for one caller before it is for the others", async () => {
    const { ask } = scene({ atOnce: 1, maxWaiting: 10, ofOneCaller: 4 });
    expect(await outcomes(Array.from({ length: 20 }, () => ask("crm")))).toEqual({ refused: 16, taken: 4 });
    expect(await outcomes(Array.from({ length: 20 }, () => ask("chat")))).toEqual({ refused: 16, taken: 4 });
    expect(await outcomes(Array.from({ length: 20 }, () => ask("desk")))).toEqual({ refused: 17, taken: 3 });
  });

  it("of 2,000 at once has no place for more than 514, and for 384 of one caller", async () => {
    const never = () => new Promise<never>(() => undefined);
    const [one, many] = [openHashQueue(), openHashQueue()];
    expect((await outcomes(Array.from({ length: 2_000 }, () => one.run("crm", never)))).taken).toBe(384);
    const { taken } = await outcomes(Array.from({ length: 2_000 }, (_, i) => many.run(`product ${i % 10}`, never)));
    expect([513, 514]).toContain(taken);
  });
});

describe("turns", () => {
  it("are as many at once as there may be", async () => {
    const { ask, begun, end } = scene({ atOnce: 2 });
    void Promise.all(["a", "b", "c", "d"].map((name) => ask("crm", name)));
    await settled();
    expect(begun).toEqual(["a", "b"]);
    await end();
    expect(begun).toEqual(["a", "b", "c"]);
  });

  it("go round: whoever has sent hundreds waits behind each first of the others, and gets its own in order", async () => {
    const { ask, begun, end } = scene({ atOnce: 1, nowMs: () => 0 });
    const all = [ask("crm", "crm 1"), ask("crm", "crm 2"), ask("crm", "crm 3"), ask("crm", "crm 4"), ask("chat", "chat 1"), ask("desk", "desk 1"), ask("chat", "chat 2")];
    for (const _ of all) await end();
    await Promise.all(all);
    expect(begun).toEqual(["crm 1", "crm 2", "chat 1", "desk 1", "crm 3", "chat 2", "crm 4"]);
  });

  it.each([["at once", false], ["each when the last was answered", true]])("come later for whoever's hashes take long, and who asks for them %s: the others wait for the one at work, and not for the next", async (_how, oneByOne) => {
    let nowMs = 0;
    const { ask, begun, end } = scene({ atOnce: 1, nowMs: () => nowMs });
    const all = [ask("dear"), ...(oneByOne ? [] : [ask("dear")]), ...Array.from({ length: 20 }, () => ask("chat"))];
    for (let ended = 1; ended <= 22; ended++) {
      await settled();
      nowMs += begun.at(-1) === "dear" ? 1_600 : 1;
      await end();
      if (ended === 1 && oneByOne) all.push(ask("dear"));
    }
    await Promise.all(all);
    expect(begun).toEqual(["dear", ...Array.from({ length: 20 }, () => "chat"), "dear"]);
  });

  it("come also for them, when the others have used as much", async () => {
    let nowMs = 0;
    const { ask, begun, end } = scene({ atOnce: 1, nowMs: () => nowMs });
    const all = [ask("dear"), ask("dear"), ...Array.from({ length: 200 }, () => ask("chat"))];
    for (const _ of all) {
      await settled();
      nowMs += begun.at(-1) === "dear" ? 100 : 1;
      await end();
    }
    await Promise.all(all);
    expect(begun.lastIndexOf("dear")).toBeGreaterThan(90);
    expect(begun.lastIndexOf("dear")).toBeLessThan(115);
  });

  it("are handed on by work that fails, and the failure is the asker's own", async () => {
    const { queue, ask, end } = scene({ atOnce: 1, maxWaiting: 1 });
    await expect(queue.run("crm", () => Promise.reject(new Error("argon2 failed")))).rejects.toThrow("argon2 failed");
    await expect(queue.run("crm", () => { throw new Error("at once"); })).rejects.toThrow("at once");
    await expect(queue.run("crm", async () => "", () => Promise.reject(new Error("the database failed")))).rejects.toThrow("the database failed");
    const next = ask("crm", "next");
    await settled();
    await end();
    expect([await next, queue.idle]).toEqual(["next", true]);
  });

  it("that would come too late are given to those who still wait for them", async () => {
    let nowMs = 0;
    const { ask, begun, end } = scene({ atOnce: 1, longestWaitMs: 1_000, nowMs: () => nowMs });
    const first = ask("crm", "first");
    const late = ask("crm", "late");
    nowMs = 500;
    const inTime = ask("chat", "in time");
    const refused = expect(late).rejects.toMatchObject(BUSY);
    await settled();
    nowMs = 1_001;
    await end();
    await end();
    await refused;
    expect([await first, await inTime, begun]).toEqual(["first", "in time", ["first", "in time"]]);
  });
});

describe("what is prepared", () => {
  it("is prepared before the turn, for everybody with a place at once, and handed to the work", async () => {
    const { queue, ask, end } = scene({ atOnce: 1, maxWaiting: 3 });
    const running = ask("crm");
    const prepared: number[] = [];
    const others = [1, 2, 3].map((n) => queue.run("crm", async (found: number) => found * 10, async () => (prepared.push(n), n)));
    await settled();
    expect(prepared).toEqual([1, 2, 3]);
    await end();
    expect([await running, ...(await Promise.all(others))]).toEqual(["crm", 10, 20, 30]);
  });

  it("holds a place, but no turn", async () => {
    const { queue, ask, begun } = scene({ atOnce: 1, maxWaiting: 1 });
    void queue.run("crm", async () => "", () => new Promise<never>(() => undefined));
    void ask("chat");
    await settled();
    expect(begun).toEqual(["chat"]);
    await expect(ask("desk")).rejects.toMatchObject(BUSY);
  });
});

describe("idle", () => {
  it("is a queue in which nobody waits, also for the one that is at work", async () => {
    const { queue, ask, end } = scene({ atOnce: 1 });
    const seen: boolean[] = [];
    const look = (of: HashQueue) => of.run("crm", async () => void seen.push(of.idle));
    expect(queue.idle).toBe(true);
    await look(queue);
    const running = ask("crm");
    const waiting = look(queue);
    const behind = look(queue);
    await settled();
    expect(queue.idle).toBe(false);
    await end();
    await Promise.all([running, waiting, behind]);
    expect([seen, queue.idle]).toEqual([[true, false, true], true]);
  });
});
