/** Owns what an identifier looks like. A malformed one is answered as one that does not exist, before any database sees it. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Is this a UUID in its hyphenated form, any letter case? */
export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}
