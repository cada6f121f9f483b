/** Owns the rules that every update shares: what was given, what differs, whose version was seen, and how it is written. */
import type { EntityManager, ObjectLiteral, ObjectType, QueryDeepPartialEntity } from "typeorm";
import { canonicalJson } from "./canonical-json.js";
import { Fault } from "./fault.js";

/** The members that were given: `undefined` means "leave it", `null` means "clear it". */
export function given<T extends object>(changes: T): Partial<T> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** Names of the members whose value would differ, sorted; objects are compared by content. */
export function changedFields<T extends object>(current: T, changes: Partial<Record<keyof T & string, unknown>>): string[] {
  return Object.entries(changes)
    .filter(([name, value]) => canonicalJson(current[name as keyof T]) !== canonicalJson(value))
    .map(([name]) => name)
    .sort();
}

/** Faults: CONFLICT(expectedVersion) when the row is no longer the one that the caller saw. */
export function expectVersion(row: { version: number }, expected: number | null | undefined): void {
  if (expected != null && row.version !== expected) {
    throw new Fault("CONFLICT", "It was changed since you read it", { field: "expectedVersion" });
  }
}

/**
 * Write changes to a row that was read under a lock, and into what was read. For rows with JSON, instead of `save`: that compares and
 * copies JSON member by member, and fails or forgets where a member is called `hasOwnProperty` or `toString`.
 */
export async function updateRow<Row extends ObjectLiteral>(tx: EntityManager, entity: ObjectType<Row>, row: Row, changes: Partial<Row>): Promise<Row> {
  // TypeORM's type goes into every member and has no word for JSON of any shape.
  await tx.createQueryBuilder().update(entity).set(changes as QueryDeepPartialEntity<Row>).whereEntity(row).execute();
  return Object.assign(row, changes);
}
