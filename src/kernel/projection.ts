/**
 * Owns how a selection becomes SQL that writes its answer: JSON with the caller's names, in the caller's order, which then passes through
 * Node as text. What cannot be written so is left to the resolvers, which answer the same. Who may see what is asked here as there.
 */
import {
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isListType,
  isObjectType,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from "graphql";
import sql, { join, raw, Sql } from "sql-template-tag";
import { accessOf } from "./access.js";
import { writeColumn, type Aliased } from "./column-projection.js";
import { may, type Principal } from "./principal.js";

/** What a selection is read with. */
export interface Projecting {
  schema: GraphQLSchema;
  fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  /** Coerced. */
  variables: Readonly<Record<string, unknown>>;
  caller: Principal;
}

/** One selected field: all places of the selection that give it one name. */
export interface Selected {
  field: GraphQLField<unknown, unknown>;
  nodes: readonly FieldNode[];
  args: Readonly<Record<string, unknown>>;
}

/** Stands in a statement for the time at which it is read: what is written is remembered longer than one request. */
export const NOW: unique symbol = Symbol("now");

/** The statement, to be read at `now`. */
export function readAt(now: Date, statement: Sql): Sql {
  return statement.values.includes(NOW) ? new Sql(statement.strings, statement.values.map((value) => (value === NOW ? now : value))) : statement;
}

/** The value of one field as a JSON expression over its row; null when the resolvers have to answer it. */
type Write = (selected: Selected, at: Projecting) => Sql | null;

const writes = new Map<string, Write>();
const aliases = new Map<string, Aliased>();

/** Declare the alias under which every statement reads an entity's rows; its columns are then written by themselves. */
export function declareAlias(entity: Function, alias: string): void {
  aliases.set(entity.name, { entity, alias });
}

/** The alias of a type's rows. */
export function aliasOf(typeName: string): string {
  const declared = aliases.get(typeName);
  if (!declared) throw new Error(`${typeName} is read under no alias: columnsOf() declares one`);
  return declared.alias;
}

/** Declare how a field that is no column is written, for instance a list, or what its resolver computes from columns alone. */
export function declareWrite(typeName: string, fieldName: string, write: Write): void {
  writes.set(`${typeName}.${fieldName}`, write);
}

/** Postgres' functions take a hundred arguments. */
const MAX_FIELDS = 50;

/** A JSON object with what is selected of `type`; null when part of it cannot be written. */
export function writeObject(type: GraphQLObjectType, nodes: readonly FieldNode[], at: Projecting): Sql | null {
  return writeSelection(type, nodes.map(({ selectionSet }) => selectionSet), at);
}

export function writeSelection(type: GraphQLObjectType, sets: readonly (SelectionSetNode | undefined)[], at: Projecting): Sql | null {
  const members: Sql[] = [];
  for (const [name, nodes] of fieldsOf(type, sets, at)) {
    const value = writeField(type, nodes, at);
    if (value === null) return null;
    members.push(sql`${nameOf(type, name)}, ${value}`);
  }
  return members.length > MAX_FIELDS ? null : objectOf(members);
}

/** A JSON object of members, each written as its name and its value. Directives may have left none. */
export function objectOf(members: Sql[]): Sql {
  return members.length === 0 ? sql`'{}'::json` : sql`json_build_object(${join(members)})`;
}

/** The selected fields of `type`, by the name that the caller gave them, fragments opened and skipped ones left out. */
export function fieldsOf(type: GraphQLObjectType, sets: readonly (SelectionSetNode | undefined)[], at: Projecting): Map<string, FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const open = (set: SelectionSetNode | undefined) => {
    for (const node of set?.selections ?? []) {
      if (getDirectiveValues(GraphQLSkipDirective, node, at.variables)?.["if"] === true) continue;
      if (getDirectiveValues(GraphQLIncludeDirective, node, at.variables)?.["if"] === false) continue;
      if (node.kind === "Field") {
        const name = node.alias?.value ?? node.name.value;
        fields.set(name, [...(fields.get(name) ?? []), node]);
        continue;
      }
      const fragment = node.kind === "FragmentSpread" ? at.fragments[node.name.value] : node;
      if (applies(fragment?.typeCondition?.name.value, type, at)) open(fragment?.selectionSet);
    }
  };
  sets.forEach(open);
  return fields;
}

function applies(condition: string | undefined, type: GraphQLObjectType, { schema }: Projecting): boolean {
  if (condition === undefined || condition === type.name) return true;
  const named = schema.getType(condition);
  return named !== undefined && "resolveType" in named && schema.isSubType(named as never, type);
}

/** A name of the schema's own is part of the statement; any other is a value of it, for a statement's text is never the caller's. */
function nameOf(type: GraphQLObjectType, name: string): Sql {
  return Object.hasOwn(type.getFields(), name) ? sql`${raw(`'${name}'`)}` : sql`${name}::text`;
}

function writeField(type: GraphQLObjectType, nodes: readonly FieldNode[], at: Projecting): Sql | null {
  const [first] = nodes as [FieldNode, ...FieldNode[]];
  if (first.name.value === "__typename") return sql`${raw(`'${type.name}'`)}`;
  const field = type.getFields()[first.name.value];
  const action = field && accessOf(field);
  if (!field || (action && !may(at.caller, action))) return null;
  const write = writes.get(`${type.name}.${field.name}`);
  if (write) return write({ field, nodes, args: getArgumentValues(field, first, at.variables) }, at);
  const rows = aliases.get(type.name);
  return rows ? writeColumn(rows, field) : null;
}

/** The object type that a field leads to, through lists and non-nulls; null when it is none. */
export function objectTypeOf(field: GraphQLField<unknown, unknown>): GraphQLObjectType | null {
  const type = getNamedType(field.type);
  return isObjectType(type) ? type : null;
}

/** Is this field a list? */
export function isList(field: GraphQLField<unknown, unknown>): boolean {
  return isListType(getNullableType(field.type));
}


/** Declare an object that is made of its row's columns alone: field → place, for instance `{ key: "e.product" }`. Null when the first is. */
export function declareStub(typeName: string, fieldName: string, members: Readonly<Record<string, string>>): void {
  const [first] = Object.values(members);
  declareWrite(typeName, fieldName, ({ field, nodes }, at) => {
    const type = objectTypeOf(field);
    const pairs: Sql[] = [];
    for (const [name, [node]] of type ? fieldsOf(type, nodes.map(({ selectionSet }) => selectionSet), at) : []) {
      const own = node?.name.value ?? "";
      const place = own === "__typename" ? `'${type?.name}'` : members[own];
      if (place === undefined) return null;
      pairs.push(sql`${name}::text, ${raw(place)}`);
    }
    return sql`case when ${raw(first ?? "null")} is not null then ${objectOf(pairs)} end`;
  });
}
