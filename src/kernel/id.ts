/** Owns what an identifier looks like. A malformed one is answered as one that does not exist, before any database sees it. */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Is this a UUID in its hyphenated form, any letter case? */
export function isUuid(value: unknown): value is string {
  return typeof value === "string" && UUID.test(value);
}

/** Can a text column hold this key? Not a NUL, which Postgres refuses together with the whole statement, nor nothing at all. */
export function isStorable(key: string): boolean {
  return key !== "" && !key.includes("\0");
}

/** The text of a reference's key field. Whatever is not text is no key of ours: it becomes the empty text, which nothing is found by. */
export function keyText(value: unknown): string {
  return typeof value === "string" ? value : "";
}
