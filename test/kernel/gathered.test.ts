/** Owns the guarantees of asking together: everybody gets their own answer, few statements go out at once, and what is too much is refused at once. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/kernel/fault.js";
import { gathered } from "../../src/kernel/gathered.js";

/** Statements that end when the test says so. */
function open({ atOnce = 2, together = 3, maxWaiting = 100 } = {}) {
  const sent: { questions: readonly number[]; end(): void; fail(error: Error): void }[] = [];
  const ask = gathered({ atOnce, together, maxWaiting }, (questions: readonly number[]) => {
    return new Promise<string[]>((resolve, reject) => void sent.push({ questions, end: () => resolve(questions.map((n) => `answer ${n}`)), fail: reject }));
  });
  return { ask, sent };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

describe("questions", () => {
  it("of one breath go together, as many as fit, and each gets its own answer", async () => {
    const { ask, sent } = open();
    const answers = numbers(3).map(ask);
    await turn();
    expect(sent.map(({ questions }) => questions)).toEqual([[0, 1, 2]]);
    sent[0]?.end();
    expect(await Promise.all(answers)).toEqual(["answer 0", "answer 1", "answer 2"]);
  });

  it("beyond what is under way wait, and then go together", async () => {
    const { ask, sent } = open();
    const answers = numbers(12).map(ask);
    await turn();
    expect(sent.map(({ questions }) => questions)).toEqual([[0, 1, 2], [3, 4, 5]]);
    sent[1]?.end();
    await turn();
    expect(sent.map(({ questions }) => questions)).toEqual([[0, 1, 2], [3, 4, 5], [6, 7, 8]]);
    sent[0]?.end();
    sent[2]?.end();
    await turn();
    sent[3]?.end();
    expect(await Promise.all(answers)).toEqual(numbers(12).map((n) => `answer ${n}`));
  });

  it("of a statement that fails have all failed, and no other", async () => {
    const { ask, sent } = open();
    const answers = numbers(6).map(ask);
    await turn();
    sent[0]?.fail(new Error("away"));
    sent[1]?.end();
    expect((await Promise.allSettled(answers)).map(({ status }) => status)).toEqual([...Array(3).fill("rejected"), ...Array(3).fill("fulfilled")]);
    const later = ask(7);
    await turn();
    sent[2]?.end();
    expect(await later).toBe("answer 7");
  });

  it("that are too many are refused at once, with what can be tried again, and the others are answered", async () => {
    const { ask, sent } = open({ atOnce: 1, together: 1, maxWaiting: 2 });
    const first = ask(0);
    await turn();
    const waiting = [ask(1), ask(2)];
    const refused = await ask(3).catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(Fault);
    expect(refused).toMatchObject({ code: "UNAVAILABLE", retryable: true });
    for (let n = 0; n < 3; n++) {
      sent[n]?.end();
      await turn();
    }
    expect(await Promise.all([first, ...waiting])).toEqual(["answer 0", "answer 1", "answer 2"]);
  });

  it("whose asking throws fail like any other", async () => {
    const ask = gathered({ atOnce: 1, together: 1, maxWaiting: 1 }, (): Promise<string[]> => {
      throw new Error("at once");
    });
    await expect(ask(0)).rejects.toThrow("at once");
    await expect(ask(1)).rejects.toThrow("at once");
  });
});
