/** Owns how a column is written as JSON, so that it reads as its GraphQL scalar serialises it. */
import { getNamedType, isObjectType, type GraphQLEnumType, type GraphQLField, type GraphQLSchema } from "graphql";
import sql, { raw, type Sql } from "sql-template-tag";
import { getMetadataArgsStorage } from "typeorm";

/** An entity and the alias under which every statement reads its rows. */
export interface Aliased {
  entity: Function;
  alias: string;
}

/** Whether a field has a resolver of its own; noted before access checks are put around all of them. */
const computed = new WeakSet<object>();

/** Note which fields have resolvers of their own. Call before anything is put around resolvers. */
export function noteResolvers(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isObjectType(type)) for (const field of Object.values(type.getFields())) if (field.resolve) computed.add(field);
  }
}

/** The column behind a field, as JSON; null when there is none, or its resolver does more than show it. */
export function writeColumn({ entity, alias }: Aliased, field: GraphQLField<unknown, unknown>): Sql | null {
  const column = getMetadataArgsStorage().filterColumns(entity).find(({ propertyName }) => propertyName === field.name);
  if (computed.has(field) || !column || column.options.select === false) return null;
  const place = `${alias}."${column.options.name ?? column.propertyName}"`;
  const write = WRITE_AS[`${String(column.options.type)}${column.options.array ? "[]" : ""}`];
  return write ? sql`${raw(write(place, field))}` : null;
}

/** How a column's type is written so that it reads as its GraphQL scalar serialises it. A type that is not here is left to the resolvers. */
const WRITE_AS: Readonly<Record<string, (place: string, field: GraphQLField<unknown, unknown>) => string>> = {
  text: asItIs,
  "text[]": asItIs,
  uuid: asItIs,
  inet: asItIs,
  integer: asItIs,
  boolean: asItIs,
  jsonb: asItIs,
  date: asItIs,
  timestamptz: instant,
  enum: (place, field) => enumName(place, getNamedType(field.type) as GraphQLEnumType),
};

function asItIs(place: string): string {
  return place;
}

const INSTANT = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

/**
 * As JavaScript writes a date: UTC, which is every session's time zone, in milliseconds, cut and not rounded, and years after 9999 with a
 * sign and six digits. What is no date, `infinity`, is null there as here.
 */
export function instant(place: string): string {
  return `to_char(${place}, case when ${place} < '10000-01-01' then '${INSTANT}' else '"+0"${INSTANT}' end)`;
}

export function enumName(place: string, type: GraphQLEnumType): string {
  const values = type.getValues();
  if (values.every(({ name, value }) => name === String(value).toUpperCase())) return `upper(${place}::text)`;
  return `case ${place}::text ${values.map(({ name, value }) => `when '${String(value)}' then '${name}'`).join(" ")} end`;
}
