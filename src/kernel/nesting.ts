/**
 * Owns looking ahead: which lists of an entity a request asks for, so that they come in the entity's own statement instead of one
 * more for each list. It only ever saves statements: a list that was not brought along is loaded by its resolver as usual.
 */
import { getArgumentValues, getDirectiveValues, GraphQLIncludeDirective, GraphQLSkipDirective, isObjectType } from "graphql";
import type { FieldNode, GraphQLField, GraphQLObjectType, GraphQLResolveInfo, SelectionSetNode } from "graphql";
import sql, { join, raw, type Sql } from "sql-template-tag";
import { accessOf } from "./access.js";
import { reviverOf } from "./columns.js";
import type { WritePage } from "./connection-projection.js";
import { may, type Principal } from "./principal.js";
import { readAt } from "./projection.js";
import { projectionOf, type Projection } from "./projected-query.js";

/** The rows of one list for one parent, as a select that names the parent's id. May throw a fault on bad arguments. */
type Select = (args: Record<string, unknown>, parentId: Sql) => Sql;

interface NestedList {
  select: Select;
  revive(row: Record<string, unknown>): void;
}

const lists = new Map<string, NestedList>();

/** Declare that a list field of a type can be read within the statement that reads the type's rows. */
export function declareNested(typeName: string, fieldName: string, entity: Function, select: Select): void {
  lists.set(`${typeName}.${fieldName}`, { select, revive: reviverOf(entity) });
}

/** What to add to the select list of a statement, and how to find it again in the rows. Equal additions have equal keys. */
export interface Nesting {
  key: string;
  /** The select list: these columns and the lists, or whatever else answers what is asked. */
  select(columns: Sql): Sql;
  /** Writes the whole page instead, where Postgres does that. */
  page?: WritePage;
  /** Give the lists the names under which the request asked for them. In SQL they are numbered: a statement's text is never the caller's. */
  named<Row extends object>(rows: Row[]): Row[];
}

export const NOTHING_NESTED: Nesting = { key: "", select: (columns) => columns, named: (rows) => rows };

/**
 * The lists that this request asks of `typeName` below the field being resolved. `paths` says where its selections are: `[]` for the
 * field itself, `["nodes"]` inside a connection. What the caller may not see and what has bad arguments is left to the resolver,
 * which knows how to refuse.
 */
function nestingOf(info: GraphQLResolveInfo, principal: Principal | null, typeName: string, parentId: Sql, paths: readonly string[][] = [[]]): Nesting {
  const type = info.schema.getType(typeName);
  if (!isObjectType(type)) return NOTHING_NESTED;
  const wanted = new Map<string, Wanted | null>();
  for (const path of paths) {
    for (const node of fieldsAt(info, type, path)) {
      const responseKey = node.alias?.value ?? node.name.value;
      const entry = selected(info, principal, type, node, parentId);
      const before = wanted.get(responseKey);
      // Two places of one document may give one name to different lists, or to one that stays behind: then neither comes along.
      wanted.set(responseKey, before === undefined || before?.key === entry?.key ? entry : null);
    }
  }
  const chosen = onceEach(wanted);
  if (chosen.length === 0) return NOTHING_NESTED;
  return {
    key: JSON.stringify(chosen.map(([name, { key }]) => [name, key])),
    select: (columns) => join([columns, ...chosen.map(([, { column }], position) => sql`${column} as ${raw(`"${PREFIX}${position}"`)}`)]),
    named(rows) {
      for (const row of rows as Record<string, unknown>[]) {
        const found = chosen.map((_, position) => row[`${PREFIX}${position}`]);
        chosen.forEach(([name], position) => (row[`${PREFIX}${name}`] = found[position]));
      }
      return rows;
    },
  };
}

/**
 * Each list comes along once, in the order of the fields' names: the texts of statements are then as many as there are sets of
 * lists and orders, however a caller names and repeats them. The second of a kind is loaded by its resolver.
 */
function onceEach(wanted: ReadonlyMap<string, Wanted | null>): [string, Wanted][] {
  const byField = new Map<string, [string, Wanted]>();
  for (const [name, entry] of wanted) if (entry && !byField.has(entry.field)) byField.set(entry.field, [name, entry]);
  return [...byField.values()].sort(([, a], [, b]) => (a.field < b.field ? -1 : 1));
}

/** A list to bring along; equal keys mean the same list with the same arguments. */
interface Wanted {
  field: string;
  key: string;
  column: Sql;
}

const PREFIX = "nested:";

/** Where in a request the rows of a type are selected: the field that is being resolved, and the paths below it. */
export interface LookAhead {
  typeName: string;
  parentId: Sql;
  /** By which a loader finds the rows again, when it reads nothing of them but their answer. */
  keys: Sql;
  caller: Principal | null;
  now: () => Date;
}

/**
 * Reads of one type, opened once for each set of lists that a request asks for below it. The set is worked out once for each
 * field of the document, not for each row.
 */
export function lookingAhead<Reads>({ typeName, parentId, keys, caller, now }: LookAhead, open: (nesting: Nesting) => Reads) {
  const opened = new Map<string, Reads>();
  const known = new Map<readonly FieldNode[], Nesting>();
  return (info: GraphQLResolveInfo, paths?: readonly string[][]): Reads => {
    const projection = projectionOf(info);
    const nesting = known.get(info.fieldNodes) ?? (projection ? written(projection, typeName, keys, now()) : nestingOf(info, caller, typeName, parentId, paths));
    known.set(info.fieldNodes, nesting);
    const reads = opened.get(nesting.key) ?? open(nesting);
    opened.set(nesting.key, reads);
    return reads;
  };
}

/** Reads nothing but the answer. Its key is its own: no other place of the document is answered by it. */
function written({ name, rows, page }: Projection, typeName: string, keys: Sql, now: Date): Nesting {
  const row = rows.get(typeName);
  return {
    key: `written:${name}`,
    select: () => (row ? sql`${keys}, ${readAt(now, row)}::text as written` : keys),
    ...(page && { page: (...of) => readAt(now, page(...of)) }),
    named: (found) => found,
  };
}

/** The rows that were brought along for the field being resolved, or undefined. */
export function broughtAlong<Row>(parent: object, info: GraphQLResolveInfo): Row[] | undefined {
  const rows = (parent as Record<string, Row[] | undefined>)[`${PREFIX}${String(info.path.key)}`];
  const list = lists.get(`${info.parentType.name}.${info.fieldName}`);
  rows?.forEach((row) => list?.revive(row as Record<string, unknown>));
  return rows;
}

/**
 * Filters are free text, validated in the resolver: a bad one must fail its own field, not the parent's statement. Later pages are
 * asked for one list at a time, so they have nothing to come along with.
 */
export const STAYS_BEHIND = ["filter", "after", "before", "last"];

function selected(info: GraphQLResolveInfo, principal: Principal | null, type: GraphQLObjectType, node: FieldNode, parentId: Sql): Wanted | null {
  const field = type.getFields()[node.name.value];
  const list = lists.get(`${type.name}.${node.name.value}`);
  const action = field && accessOf(field);
  if (!field || !list || (action && !(principal && may(principal, action)))) return null;
  try {
    const args = getArgumentValues(field as GraphQLField<unknown, unknown>, node, info.variableValues);
    if (STAYS_BEHIND.some((name) => args[name] != null)) return null;
    const rows = list.select(args, parentId);
    return {
      field: node.name.value,
      key: JSON.stringify([node.name.value, args]),
      column: sql`(select coalesce(json_agg(nested), '[]') from (${rows}) as nested)`,
    };
  } catch {
    return null;
  }
}

/** Does the request ask for the field at a path below the one being resolved? For what is dear to read and seldom wanted. */
export function asksFor(info: GraphQLResolveInfo, path: readonly string[]): boolean {
  return path.reduce((nodes, name) => nodes.flatMap(({ selectionSet }) => fieldsOf(info, selectionSet, null)).filter((node) => node.name.value === name), [...info.fieldNodes]).length > 0;
}

/** The fields selected on the type at a path below the field being resolved, with fragments opened and skipped ones left out. */
function fieldsAt(info: GraphQLResolveInfo, type: GraphQLObjectType, path: readonly string[]): FieldNode[] {
  let sets = info.fieldNodes.map(({ selectionSet }) => selectionSet);
  for (const name of path) {
    sets = sets.flatMap((set) => fieldsOf(info, set, null)).filter((node) => node.name.value === name).map(({ selectionSet }) => selectionSet);
  }
  return sets.flatMap((set) => fieldsOf(info, set, type));
}

function fieldsOf(info: GraphQLResolveInfo, set: SelectionSetNode | undefined, type: GraphQLObjectType | null): FieldNode[] {
  return (set?.selections ?? []).flatMap((node) => {
    if (getDirectiveValues(GraphQLSkipDirective, node, info.variableValues)?.["if"] === true) return [];
    if (getDirectiveValues(GraphQLIncludeDirective, node, info.variableValues)?.["if"] === false) return [];
    if (node.kind === "Field") return [node];
    const fragment = node.kind === "FragmentSpread" ? info.fragments[node.name.value] : node;
    const condition = fragment?.typeCondition?.name.value;
    if (type && condition !== undefined && condition !== type.name) return [];
    return fieldsOf(info, fragment?.selectionSet, type);
  });
}
