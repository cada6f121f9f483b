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
];
