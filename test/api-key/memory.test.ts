/** Owns the guarantees of what is remembered: never what a notice has overtaken, never more than there is room for, and what is newest of several. */
import { describe, expect, it } from "vitest";
import { Memory } from "../../src/api-key-verdict/api-key-verdict.memory.js";

/** What is said about trust is said by the test. */
function open(max = 10) {
  const notices = { epoch: 0, trusts: () => true };
  return { notices, memory: new Memory<{ text: string }>(notices, max) };
}

const ONE = { text: "one" };
const OTHER = { text: "other" };

/** Something that is read, and is there when the test says so. */
function slow() {
  let arrive: (value: typeof ONE | undefined) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const value = new Promise<typeof ONE | undefined>((resolve, reject) => ([arrive, fail] = [resolve, reject]));
  return { arrive: (what?: typeof ONE) => arrive(what), fail: (error: Error) => fail(error), load: () => value };
}

describe("what was read", () => {
  it("is told until it is forgotten, each detail for itself, and all of one subject together", async () => {
    const { memory } = open();
    await memory.read("a", "", async () => ONE);
    await memory.read("b", "x", async () => ONE);
    await memory.read("b", "y", async () => OTHER);
    expect([memory.recall("a"), memory.recall("b", "x"), memory.recall("b", "y"), memory.recall("b")]).toEqual([ONE, ONE, OTHER, undefined]);
    memory.forget("b");
    expect([memory.recall("a"), memory.recall("b", "x"), memory.recall("b", "y")]).toEqual([ONE, undefined, undefined]);
    memory.forgetAll();
    expect(memory.recall("a")).toBeUndefined();
  });

  it("is told only while it is trusted", async () => {
    const { memory, notices } = open();
    await memory.read("a", "", async () => ONE);
    notices.trusts = () => false;
    expect(memory.recall("a")).toBeUndefined();
  });

  it("is not remembered where there is nothing, or where it could not be read", async () => {
    const { memory } = open();
    expect(await memory.read("a", "", async () => undefined)).toBeUndefined();
    await expect(memory.read("b", "", () => Promise.reject(new Error("away")))).rejects.toThrow("away");
    expect([memory.recall("a"), memory.recall("b")]).toEqual([undefined, undefined]);
    expect(await memory.read("b", "", async () => ONE)).toBe(ONE);
  });

  it("does not take the place of something newer", () => {
    const { memory } = open();
    const [older, newer] = [memory.begin("a"), memory.begin("a")];
    Object.assign(newer.mark, { readAtMs: older.mark.readAtMs + 1 });
    memory.keep(newer, ONE);
    memory.keep(older, OTHER);
    expect(memory.recall("a")).toBe(ONE);
  });
});

describe("what is being read", () => {
  it("is read once for all who ask meanwhile", async () => {
    const { memory } = open();
    const { arrive, load } = slow();
    const asked = [memory.read("a", "", load), memory.read("a", "", async () => OTHER), memory.read("a", "x", async () => OTHER)];
    arrive(ONE);
    expect(await Promise.all(asked)).toEqual([ONE, ONE, OTHER]);
  });

  it.each([
    ["a notice about it", (memory: Memory<{ text: string }>) => memory.forget("a")],
    ["a notice about anything", (memory: Memory<{ text: string }>) => memory.forgetAll()],
  ])("and overtaken by %s: answers those who asked before, is joined by nobody, and not remembered", async (_what, overtake) => {
    const { memory } = open();
    const { arrive, load } = slow();
    const before = memory.read("a", "", load);
    overtake(memory);
    const after = memory.read("a", "", async () => OTHER);
    expect(await after).toBe(OTHER);
    arrive(ONE);
    expect(await before).toBe(ONE);
    expect(memory.recall("a")).toBe(OTHER);
  });

  it("and overtaken is not remembered either when nobody has asked again", async () => {
    const { memory } = open();
    const { arrive, load } = slow();
    const asked = memory.read("a", "", load);
    memory.forget("a");
    arrive(ONE);
    expect(await asked).toBe(ONE);
    expect(memory.recall("a")).toBeUndefined();
  });

  it("is not overtaken by a notice about something else", async () => {
    const { memory } = open();
    const { arrive, load } = slow();
    const asked = memory.read("a", "", load);
    memory.forget("b");
    arrive(ONE);
    await asked;
    expect(memory.recall("a")).toBe(ONE);
  });

  it("is not joined when it began too long ago to be told", async () => {
    const { memory, notices } = open();
    const { arrive, load } = slow();
    const before = memory.read("a", "", load);
    notices.trusts = () => false;
    expect(await memory.read("a", "", async () => OTHER)).toBe(OTHER);
    arrive(ONE);
    expect(await before).toBe(ONE);
  });

  it("fails for all who wait, and for nobody after them", async () => {
    const { memory } = open();
    const { fail, load } = slow();
    const asked = [memory.read("a", "", load), memory.read("a", "", load)];
    fail(new Error("away"));
    expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await memory.read("a", "", async () => ONE)).toBe(ONE);
  });

  it("is marked by the epoch in which it began", async () => {
    const { memory, notices } = open();
    let epoch: number | undefined;
    const reading = memory.begin("a");
    notices.epoch = 1;
    memory.keep(reading, ONE);
    notices.trusts = ((mark: { epoch: number }) => ((epoch = mark.epoch), true)) as () => boolean;
    memory.recall("a");
    expect(epoch).toBe(0);
  });
});

describe("room", () => {
  const fill = async (memory: Memory<{ text: string }>, count: number, text: string, subject = (n: number) => `s${n}`) => {
    for (let n = 0; n < count; n++) await memory.read(subject(n), `d${n}`, async () => ({ text }));
    return Array.from({ length: count }, (_, n) => memory.recall(subject(n), `d${n}`)).filter((value) => value !== undefined).length;
  };

  it("there is for so many subjects, and the latest of them", async () => {
    const { memory } = open(10);
    expect(await fill(memory, 25, "short")).toBe(10);
    expect(memory.recall("s24", "d24")).toBeDefined();
  });

  it("there is for 64 details of one subject", async () => {
    expect(await fill(open().memory, 64, "short", () => "one")).toBe(64);
    expect(await fill(open().memory, 65, "short", () => "one")).toBe(1);
  });

  it("there is for 32 MiB of text, however few hold it", async () => {
    const mebibyte = "x".repeat(1024 * 1024);
    expect(await fill(open(1_000).memory, 40, mebibyte)).toBeLessThanOrEqual(32);
    expect(await fill(open(1_000).memory, 40, mebibyte, () => "one")).toBeLessThanOrEqual(32);
  });

  it("there is none for what would fill it alone", async () => {
    expect(await fill(open().memory, 1, "x".repeat(33 * 1024 * 1024))).toBe(0);
  });
});
