/** Owns what JSON of a caller's a jsonb column takes and gives back as it was. What it must mean is the features' business. */
import { isWellFormed } from "./validation.js";

/** What {@link isStorableJson} asks, for the caller: goes after the name of the field. */
export const storableJsonRule = (levels: number) => `must be well-formed text, and numbers from 1e-20 to 1e20, in at most ${levels} levels, without members called __proto__`;

/**
 * False when it is deeper than Postgres' and our own stack should follow, holds text that jsonb refuses, numbers that it writes out in
 * hundreds of digits, or a member that becomes a prototype. Asked before anything that recurses without a bound, such as JSON.stringify.
 */
export function isStorableJson(value: unknown, levels: number): boolean {
  if (typeof value === "string") return isWellFormed(value);
  if (typeof value === "number") return value === 0 || (Math.abs(value) >= 1e-20 && Math.abs(value) <= 1e20);
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.entries(value).every(([name, inner]) => isWellFormed(name) && name !== "__proto__" && isStorableJson(inner, levels - 1));
}
