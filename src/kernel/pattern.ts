/** Owns how free text becomes a LIKE pattern. */

/** A pattern for "contains this text", in which `%`, `_` and `\` are ordinary characters. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}

/** A pattern for "begins with this text". */
export function startingWith(text: string): string {
  return `${text.replace(/[\\%_]/g, "\\$&")}%`;
}
