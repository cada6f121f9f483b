/** Owns the one way in which this package says no. */

/** What was refused: a component, or the name (or the value) as a whole. */
export type Part = "tenant" | "environment" | "team" | "channel" | "cluster" | "session" | "bot" | "user" | "key" | "flow" | "name";

/** A component that may not be in a name, or a text that is no name. The message repeats nothing of what was refused. */
export class NameRefusedError extends Error {
  override readonly name = "NameRefusedError";

  constructor(
    readonly part: Part,
    readonly rule: string,
  ) {
    super(`${part} ${rule}`);
  }
}

/** Guards what plain JavaScript may pass in: a member of nothing would be a TypeError, which no caller waits for. */
export function membersOf<T>(value: T): T {
  if (typeof value !== "object" || value === null) throw new NameRefusedError("name", "is made of an object with its parts");
  return value;
}
