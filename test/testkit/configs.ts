/** Owns settings that no entitlement takes, and why: one table for granting and for updating. */

/** An object of `levels` objects, each in the one before. */
export function nested(levels: number): Record<string, unknown> {
  let value: Record<string, unknown> = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

function lists(levels: number): unknown[] {
  let value: unknown[] = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}

/** Settings with the names of what every object has: settings like any other. */
export const NAMED_AS_IN_OBJECTS = {
  hasOwnProperty: 1,
  toString: { a: 1 },
  valueOf: "x",
  inner: { hasOwnProperty: { b: [2] }, toString: { c: 3 }, constructor: { d: 4 } },
};

/** Settings that the shipped product `desk` does not take, and how that is said. */
export const UNFIT_FOR_DESK: [config: Record<string, unknown>, field: string, message: string][] = [
  [{ mail: { from: "nobody" } }, "config.mail.from", "config.mail.from must be an e-mail address"],
  [{ mail: { replyTo: ["a@b.example", "nobody"] } }, "config.mail.replyTo[1]", "config.mail.replyTo[1] must be an e-mail address"],
  [{ mail: null }, "config.mail", "config.mail must be an object"],
  [{ retentionDays: "a year", priority: "urgent" }, "config.priority", 'config.priority must be one of "low", "normal", "high"; config.retentionDays must be a whole number'],
  [{ mail: { hunter2: "hunter2" } }, "config.mail", "config.mail must have no members but from, replyTo, footer"],
];

export const BAD_CONFIGS: [why: string, config: unknown][] = [
  ["null", null],
  ["larger than 16 KiB", { text: "x".repeat(16 * 1024) }],
  ["larger than 16 KiB in bytes though not in characters", { text: "ä".repeat(9_000) }],
  ["deeper than 32 levels", nested(33)],
  ["deeper than 32 levels by lists", { list: lists(32) }],
  ["with a null character in a value", { text: "a\u0000b" }],
  ["with a null character in a name", { "a\u0000b": 1 }],
  ["with a null character further down", { list: [{ text: "\u0000" }] }],
  ["with half a surrogate pair in a value", { text: "\ud800" }],
  ["with half a surrogate pair in a name", { "\udfff": 1 }],
  ["with a number that Postgres writes out in hundreds of digits", { n: 1e300 }],
  ["with a fraction that Postgres writes out in hundreds of digits", { list: [{ n: -5e-324 }] }],
];
