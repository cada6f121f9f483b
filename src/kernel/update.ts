/** Owns the rules that every update shares: what was given, what differs, and whose version was seen. */
import { Fault } from "./fault.js";

/** The members that were given: `undefined` means "leave it", `null` means "clear it". */
export function given<T extends object>(changes: T): Partial<T> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Names of the members whose value would differ, sorted; objects are compared by content. */
export function changedFields<T extends object>(current: T, changes: Partial<Record<keyof T & string, unknown>>): string[] {
  return Object.entries(changes)
    .filter(([name, value]) => content(current[name as keyof T]) !== content(value))
    .map(([name]) => name)
    .sort();
}

/** Members in one order, because jsonb keeps another one than the caller's. */
function content(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

/** Faults: CONFLICT(expectedVersion) when the row is no longer the one that the caller saw. */
export function expectVersion(row: { version: number }, expected: number | null | undefined): void {
  if (expected != null && row.version !== expected) {
    throw new Fault("CONFLICT", "It was changed since you read it", { field: "expectedVersion" });
  }
}
