/** Owns how a new row is written by the change door's work. */
import type { DeepPartial, EntityManager, ObjectType, QueryDeepPartialEntity } from "typeorm";
import { given } from "./update.js";

/**
 * Write a new row, in one statement, and return it with what the database added. Not `save`: that looks for the row first,
 * would find one that somebody else wrote in between, and write over it.
 */
export async function insertRow<Row extends object>(tx: EntityManager, entity: ObjectType<Row>, values: DeepPartial<Row>): Promise<Row> {
  const row = tx.create(entity, values);
  // TypeORM's type goes into every member and has no word for JSON of any shape.
  await tx.insert(entity, row as QueryDeepPartialEntity<Row>);
  return asGiven(row, values);
}

/**
 * Write a new row, or nothing and answer null when one is there that it must not stand beside. Of several at once one writes; the
 * others wait for its end and then see its row. Told by what the database adds to a row, so it must add something.
 */
export async function insertUnlessThere<Row extends object>(tx: EntityManager, entity: ObjectType<Row>, values: DeepPartial<Row>): Promise<Row | null> {
  const row = tx.create(entity, values);
  const { raw } = await tx.createQueryBuilder().insert().into(entity).values(row as QueryDeepPartialEntity<Row>).orIgnore().execute();
  return (raw as unknown[]).length > 0 ? asGiven(row, values) : null;
}

/** Postgres gives columns with a default back, and TypeORM then forgets members of JSON that are called `toString` or the like. */
function asGiven<Row extends object>(row: Row, values: DeepPartial<Row>): Row {
  return Object.assign(row, given(values));
}
