/** Owns how many questions become few statements: those that come while others are under way wait for each other, and are asked together. */
import { Fault } from "./fault.js";

export interface Gathering {
  /** Statements at the same time, so that nobody else is kept from the database. */
  atOnce: number;
  /** Questions in one statement. */
  together: number;
  /** Questions that may wait; beyond it the answer is UNAVAILABLE at once. */
  maxWaiting: number;
}

interface Waiting<Question, Answer> {
  question: Question;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * One question at a time, as its asker sees it. `ask` answers some in their order; when it rejects, all of them have failed.
 *
 * Faults  UNAVAILABLE when too many wait; those of `ask`.
 */
export function gathered<Question, Answer>({ atOnce, together, maxWaiting }: Gathering, ask: (questions: readonly Question[]) => Promise<readonly Answer[]>): (question: Question) => Promise<Answer> {
  const waiting: Waiting<Question, Answer>[] = [];
  let underWay = 0;

  async function answer(some: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await ask(some.map(({ question }) => question));
      for (const [at, { resolve }] of some.entries()) resolve(answers[at] as Answer);
    } catch (thrown) {
      for (const { reject } of some) reject(thrown);
    } finally {
      underWay -= 1;
      send();
    }
  }

  function send(): void {
    while (underWay < atOnce && waiting.length > 0) {
      underWay += 1;
      void answer(waiting.splice(0, together));
    }
  }

  return (question) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= maxWaiting) throw new Fault("UNAVAILABLE", "The registry is busy, try again");
      // What is asked in the same breath goes together.
      if (waiting.push({ question, resolve, reject }) === 1) queueMicrotask(send);
    });
}
