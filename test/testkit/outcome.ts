/** Owns what a test expects of an answer: its data, or one fault; on surprise the whole answer is shown. */
import { expect } from "vitest";
import type { Answer, AnswerError } from "./world.js";

/** The answer's data; fails the test when there is any error. */
export function data(answer: Answer): Record<string, any> { // any: every test knows the shape that it asked for
  expect(answer.body.errors, JSON.stringify(answer.body, null, 2)).toBeUndefined();
  return answer.body.data ?? {};
}

/** The answer's only error; fails the test when it is another one, or when there are more. */
export function fault(answer: Answer, code: string, field?: string): AnswerError {
  const shown = JSON.stringify(answer.body, null, 2);
  expect(answer.body.errors, shown).toHaveLength(1);
  const [error] = answer.body.errors as [AnswerError];
  expect(error.extensions.code, shown).toBe(code);
  if (field !== undefined) expect(error.extensions.field, shown).toBe(field);
  return error;
}
