/**
 * Owns the twins of queries: fields that run the same resolver, with its access check and its arguments, and answer with the JSON
 * text that Postgres wrote. Which fields of an operation are replaced by theirs is decided in `projected-query.ts`.
 */
import {
  getNullableType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  isListType,
  isNonNullType,
  type GraphQLFieldConfig,
} from "graphql";
import { Extensions } from "type-graphql";
import type { RequestContext } from "./request.js";

/** Say that a query's reads look ahead with its `info`, so that its answer may be written by Postgres. */
export function Projected(): MethodDecorator {
  return Extensions({ projected: true });
}

/** JSON text on its way from Postgres to the caller. */
export class Written {
  constructor(readonly text: string) {}
}

/** What a twin's name has at its end. */
export const TWIN = "__written";

/** The schema with a twin for each query that may be written by Postgres. Nobody sees it: documents are validated against the other. */
export function withTwins(schema: GraphQLSchema): GraphQLSchema {
  const query = schema.getQueryType();
  if (!query) return schema;
  const text = new GraphQLScalarType<Written, Written>({ name: "Written", serialize: (value) => value as Written });
  const { fields, ...config } = query.toConfig();
  const twins = Object.entries(fields).filter(([name, field]) => mayProject(name, field)).map(([name, field]) => [`${name}${TWIN}`, twinOf(field, text)] as const);
  const whole = schema.toConfig();
  const grown = new GraphQLObjectType({ ...config, fields: { ...fields, ...Object.fromEntries(twins) } });
  return new GraphQLSchema({ ...whole, query: grown, types: whole.types.filter((type) => type !== query) });
}

/** May this query be answered by its twin? */
export function mayProject(name: string, { extensions }: { extensions?: object | null | undefined }): boolean {
  return name === "_entities" || (extensions as { projected?: boolean } | null | undefined)?.projected === true;
}

function twinOf(field: GraphQLFieldConfig<unknown, RequestContext>, text: GraphQLScalarType): GraphQLFieldConfig<unknown, RequestContext> {
  const required = isNonNullType(field.type);
  const type = isListType(getNullableType(field.type)) ? new GraphQLList(text) : text;
  return {
    ...field,
    type: required ? new GraphQLNonNull(type) : type,
    resolve: async (source, args, context, info) => {
      const found: unknown = await field.resolve?.(source, args, context, info);
      return Array.isArray(found) ? found.map(async (one: unknown) => textOf(await one)) : textOf(found);
    },
  };
}

function textOf(row: unknown): Written | null {
  return row === null || row === undefined ? null : new Written((row as { written: string }).written);
}


