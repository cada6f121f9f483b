/** Owns the select list of an entity: which columns are read, under which property names, and what JSON does to them. */
import pg from "pg";
import sql, { raw, type Sql } from "sql-template-tag";
import { getMetadataArgsStorage } from "typeorm";
import { declareAlias } from "./projection.js";

/**
 * The select list of an entity for raw statements, `alias."column" as "property"`, from the same decorators that TypeORM
 * reads. Columns with `select: false` (hashes) are not in it. Dates without a time stay text: they have no time zone to lose.
 * Every statement reads an entity under this one alias.
 */
export function columnsOf(entity: Function, alias: string): Sql {
  declareAlias(entity, alias);
  const columns = getMetadataArgsStorage()
    .filterColumns(entity)
    .filter((column) => column.options.select !== false)
    .map(({ options, propertyName }) => {
      const cast = options.type === "date" ? "::text" : "";
      return `${alias}."${options.name ?? propertyName}"${cast} as "${propertyName}"`;
    });
  return sql`${raw(columns.join(", "))}`;
}

/** Turns instants back into dates in rows that came as JSON; everything else is the same either way. */
export function reviverOf(entity: Function): (row: Record<string, unknown>) => void {
  const instants = getMetadataArgsStorage()
    .filterColumns(entity)
    .filter(({ options }) => options.type === "timestamptz")
    .map(({ propertyName }) => propertyName);
  return (row) => {
    for (const name of instants) {
      const value = row[name];
      if (typeof value === "string") row[name] = instantFrom(value);
    }
  };
}

// Of `infinity` it makes a number, as everywhere in rows; it compares as a date does.
const asInRows = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ) as (text: string) => Date;

/** An instant as JSON has it. What `Date` does not read, `infinity` and years after 9999, becomes what the driver makes of it in rows. */
export function instantFrom(text: string): Date {
  const instant = new Date(text);
  return Number.isNaN(instant.getTime()) ? asInRows(text.replace("T", " ")) : instant;
}
