/** Owns how a new row is written by the change door's work. */
import type { DeepPartial, EntityManager, ObjectType, QueryDeepPartialEntity } from "typeorm";

/**
 * Write a new row, in one statement, and return it with what the database added. Not `save`: that looks for the row first,
 * would find one that somebody else wrote in between, and write over it.
 */
export async function insertRow<Row extends object>(tx: EntityManager, entity: ObjectType<Row>, values: DeepPartial<Row>): Promise<Row> {
  const row = tx.create(entity, values);
  // TypeORM's type goes into every member and has no word for JSON of any shape.
  await tx.insert(entity, row as QueryDeepPartialEntity<Row>);
  return row;
}
