/** Owns what every creation with an idempotency key promises, as tests that any of them can be put to. */
import { describe, expect, it } from "vitest";
import { actionsIn } from "./events.js";
import { fault } from "./outcome.js";
import type { Registry } from "./registry.js";
import type { Answer } from "./world.js";

/** One place in which something is created, with whoever may create it. Every test opens one of its own. */
export interface Creating {
  /** Ask for the one thing, or for the other; `by` a second caller who may as well. */
  send(idempotencyKey: string | null, options?: { other?: boolean; by?: "somebody else" }): Promise<Answer>;
  /** Let the one thing be refused for a reason that passes, until the function that comes back is called. */
  hinder(): Promise<() => Promise<void>>;
  /** How many there are of what is created here. */
  count(): Promise<number>;
  /** The tenant in which the creation is recorded; null while there is none. */
  tenantId(): Promise<string | null>;
}

const CROWD = 20;

/** The tests of one creation. `action` is what it records. */
export function describeRepeatable(app: () => Registry, action: string, open: () => Promise<Creating>): void {
  const eventsIn = async ({ tenantId }: Creating) => {
    const id = await tenantId();
    return id === null ? 0 : (await actionsIn(app(), id)).filter((recorded) => recorded === action).length;
  };

  describe("under an idempotency key", () => {
    it.each([[""], ["a b"], ["kéy"], ["a\n"], ["\u0000"], ["k".repeat(201)]])("the key %j is refused", async (key) => {
      const here = await open();
      fault(await here.send(key), "BAD_USER_INPUT", "idempotencyKey");
      expect(await here.count()).toBe(0);
    });

    it("is done once and recorded once, and a repetition gets the same answer, byte for byte", async () => {
      const here = await open();
      const first = await here.send("key");
      expect(first.body.errors).toBeUndefined();
      for (const _ of [1, 2]) expect(JSON.stringify((await here.send("key")).body)).toBe(JSON.stringify(first.body));
      expect([await here.count(), await eventsIn(here)]).toEqual([1, 1]);
    });

    it("with other input is a conflict, and nothing is done", async () => {
      const here = await open();
      await here.send("key");
      fault(await here.send("key", { other: true }), "CONFLICT", "idempotencyKey");
      expect([await here.count(), await eventsIn(here)]).toEqual([1, 1]);
    });

    it(`of ${CROWD} at once has one effect: each gets its answer, or is told to try again`, async () => {
      const here = await open();
      const answers = await Promise.all(Array.from({ length: CROWD }, () => here.send("key")));
      const done = answers.filter(({ body }) => !body.errors);
      expect(done.length).toBeGreaterThan(0);
      expect(new Set(done.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      for (const answer of answers.filter(({ body }) => body.errors)) expect(fault(answer, "UNAVAILABLE").extensions.retryable).toBe(true);
      expect([await here.count(), await eventsIn(here)]).toEqual([1, 1]);
    });

    it("is somebody else's own affair: the same key of another caller means nothing to it", async () => {
      const here = await open();
      await here.send("key");
      expect((await here.send("key", { other: true, by: "somebody else" })).body.errors).toBeUndefined();
      expect(await here.count()).toBe(2);
    });

    it("that failed is free again", async () => {
      const here = await open();
      const letPass = await here.hinder();
      expect((await here.send("key")).body.errors).toHaveLength(1);
      await letPass();
      expect((await here.send("key")).body.errors).toBeUndefined();
      expect([await here.count(), await eventsIn(here)]).toEqual([1, 1]);
    });

    it("null is none", async () => {
      const here = await open();
      expect((await here.send(null)).body.errors).toBeUndefined();
      expect((await here.send(null)).body.errors).toHaveLength(1);
    });
  });
}
