/**
 * Owns which fields of a query are answered by text that Postgres wrote: those whose whole selection can be put into their statement.
 * Each is replaced by its twin, which selects nothing. Everything else is executed as usual, field by field, and answers the same.
 */
import {
  getVariableValues,
  isObjectType,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import type { Sql } from "sql-template-tag";
import { pageWriter, type WritePage } from "./connection-projection.js";
import { permissionsOf, type Principal } from "./principal.js";
import { isList, objectTypeOf, writeObject, type Projecting } from "./projection.js";
import { projectedReferences } from "./reference.js";
import { mayProject, TWIN } from "./twin-schema.js";

/** What the caller selected of one field, as SQL. */
export interface Projection {
  /** The name that the field has in the answer. */
  name: string;
  /** Type → an expression over its row. */
  rows: ReadonlyMap<string, Sql>;
  page?: WritePage;
}

const projections = new WeakMap<FieldNode, Projection>();

/** How the field being resolved is to be written; undefined when it is resolved as usual. */
export function projectionOf({ fieldNodes: [node] }: GraphQLResolveInfo): Projection | undefined {
  return node && projections.get(node);
}

interface Prepared {
  /** Whether what is selected depends on variables; then it is prepared for each request. */
  variable: boolean;
  fragments: Record<string, FragmentDefinitionNode>;
  /** The variables that carry references to entities; null for references that are written into the document. */
  representations: (string | null)[];
  byPermissions: Map<string, DocumentNode | null>;
}

const prepared = new WeakMap<OperationDefinitionNode, Prepared>();

/** The document to execute on {@link withTwins}'s schema in place of this one; null when nothing of it can be written. */
export function project(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  caller: Principal,
  variables: Readonly<Record<string, unknown>>,
): DocumentNode | null {
  const known = prepared.get(operation) ?? prepare(document, operation);
  prepared.set(operation, known);
  if (!known.representations.every((name) => name !== null && areProjected(variables[name]))) return null;
  const key = permissionsOf(caller);
  if (!known.variable && known.byPermissions.has(key)) return known.byPermissions.get(key) ?? null;
  const values = known.variable ? coerced(schema, operation, variables) : {};
  const projected = values && replaced(document, operation, { schema, fragments: known.fragments, variables: values, caller });
  if (!known.variable) known.byPermissions.set(key, projected);
  return projected;
}

function prepare(document: DocumentNode, operation: OperationDefinitionNode): Prepared {
  const fragments = Object.fromEntries(document.definitions.flatMap((node) => (node.kind === "FragmentDefinition" ? [[node.name.value, node] as const] : [])));
  let variable = Object.keys(fragments).length > 0 && (operation.variableDefinitions?.length ?? 0) > 0;
  for (const node of operation.selectionSet.selections) {
    for (const inside of node.kind === "Field" && node.selectionSet ? [node.selectionSet] : []) {
      visit(inside, { Variable: () => void (variable = true) });
    }
  }
  return { variable, fragments, representations: representationsOf(operation), byPermissions: new Map() };
}

function representationsOf({ selectionSet }: OperationDefinitionNode): (string | null)[] {
  return selectionSet.selections.flatMap((node) => {
    if (node.kind !== "Field" || node.name.value !== "_entities") return [];
    const value = node.arguments?.find(({ name }) => name.value === "representations")?.value;
    return [value?.kind === "Variable" ? value.name.value : null];
  });
}

/** Are these all references to entities whose look-ups read ahead? */
function areProjected(representations: unknown): boolean {
  const names = projectedReferences();
  return Array.isArray(representations) && representations.every((one: { __typename?: string } | null) => names.includes(one?.__typename ?? ""));
}

/** As resolvers get them; null when they are not valid, which the execution then says. */
function coerced(schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>): Record<string, unknown> | null {
  return getVariableValues(schema, operation.variableDefinitions ?? [], variables).coerced ?? null;
}

const INTROSPECTION: ReadonlySet<string> = new Set([SchemaMetaFieldDef.name, TypeMetaFieldDef.name]);

function replaced(document: DocumentNode, operation: OperationDefinitionNode, at: Projecting): DocumentNode | null {
  const query = at.schema.getQueryType();
  if (!query || operation.operation !== "query") return null;
  const { selections } = operation.selectionSet;
  const names = selections.map((node) => (node.kind === "Field" ? (node.alias?.value ?? node.name.value) : ""));
  if (names.includes("") || new Set(names).size < names.length) return null;
  // The schema that is executed on would tell of its twins.
  if ((selections as readonly FieldNode[]).some(({ name }) => INTROSPECTION.has(name.value))) return null;
  let some = false;
  const twins = (selections as readonly FieldNode[]).map((node) => {
    const field = query.getFields()[node.name.value];
    const projection = field && mayProject(field.name, field) ? attempt(() => projectionFor(field, node, at)) : null;
    if (!projection) return node;
    some = true;
    const { selectionSet: _, ...rest } = node;
    const twin: FieldNode = { ...rest, alias: node.alias ?? node.name, name: { ...node.name, value: `${node.name.value}${TWIN}` } };
    projections.set(twin, projection);
    return twin;
  });
  if (!some) return null;
  const changed = { ...operation, selectionSet: { ...operation.selectionSet, selections: twins } };
  return { ...document, definitions: document.definitions.map((node) => (node === operation ? changed : node)) };
}

/** Bad arguments are for the resolvers, which know how to refuse them. */
function attempt<T>(work: () => T | null): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

function projectionFor(field: GraphQLField<unknown, unknown>, node: FieldNode, at: Projecting): Projection | null {
  const name = node.alias?.value ?? node.name.value;
  if (field.name === "_entities") return entitiesProjection(name, node, at);
  const type = objectTypeOf(field);
  if (!type || isList(field)) return null;
  if (type.name.endsWith("Connection")) {
    const page = pageWriter(type, [node], at);
    return page && { name, rows: new Map(), page };
  }
  const row = writeObject(type, [node], at);
  return row && { name, rows: new Map([[type.name, row]]) };
}

/** Every entity that is selected from must be one whose look-up reads ahead; of the others nothing is selected. */
function entitiesProjection(name: string, node: FieldNode, at: Projecting): Projection | null {
  const rows = new Map<string, Sql>();
  const ahead = projectedReferences();
  for (const typeName of ahead) {
    const type = at.schema.getType(typeName);
    const row = isObjectType(type) ? writeObject(type, [node], at) : null;
    if (!row) return null;
    rows.set(typeName, row);
  }
  return { name, rows };
}
