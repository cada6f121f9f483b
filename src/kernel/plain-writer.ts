/** Owns how a value is written as the JSON that its GraphQL type says, where every member is shown as it is. */
import {
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type FieldNode,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type SelectionNode,
} from "graphql";

/** A value as JSON. Throws for what the type does not allow. */
export type Write = (value: unknown) => string;

/** Writes what `node` selects of a value of this type; null where more than showing it may have to be done: fragments, directives, arguments, resolvers, access. */
export function plainWriter(type: GraphQLOutputType, node: FieldNode): Write | null {
  const nullable = isNonNullType(type) ? type.ofType : type;
  const write = presentWriter(nullable, node);
  if (!write) return null;
  if (nullable === type) return (value) => (value == null ? "null" : write(value));
  return (value) => {
    if (value == null) throw new Error(`Cannot return null for the non-nullable field ${node.name.value}`);
    return write(value);
  };
}

function presentWriter(type: GraphQLOutputType, node: FieldNode): Write | null {
  if (isLeafType(type)) return (value) => leafJson(type, value);
  if (isListType(type)) {
    const item = plainWriter(type.ofType as GraphQLOutputType, node);
    return item && ((value) => `[${(value as readonly unknown[]).map(item).join()}]`);
  }
  return isObjectType(type) ? objectWriter(type, node.selectionSet?.selections ?? []) : null;
}

function leafJson(type: GraphQLLeafType, value: unknown): string {
  const shown: unknown = type.serialize(value);
  // As JSON does it, which asks more of a date than that.
  const json = shown instanceof Date ? `"${shown.toISOString()}"` : (JSON.stringify(shown) as string | undefined);
  if (json === undefined || json === "null") throw new Error(`A value cannot be shown as ${type.name}`);
  return json;
}

function objectWriter(type: GraphQLObjectType, selections: readonly SelectionNode[]): Write | null {
  const members = selections.map((node) => memberWriter(type, node));
  const names = new Set(members.map((member) => member?.name));
  if (names.size < members.length || !members.every((member) => member !== null)) return null;
  return (value) => {
    let text = "";
    for (const { key, show } of members) text += (text === "" ? "{" : ",") + key + show(value as Readonly<Record<string, unknown>>);
    return `${text}}`;
  };
}

interface Member {
  name: string;
  /** The name as JSON has it before a value. */
  key: string;
  show(object: Readonly<Record<string, unknown>>): string;
}

function memberWriter(type: GraphQLObjectType, node: SelectionNode): Member | null {
  if (node.kind !== "Field" || node.directives?.length || node.arguments?.length) return null;
  const name = node.alias?.value ?? node.name.value;
  const key = `${JSON.stringify(name)}:`;
  if (node.name.value === "__typename") return { name, key, show: () => JSON.stringify(type.name) };
  const field = type.getFields()[node.name.value];
  const write = field && isShown(field) ? plainWriter(field.type, node) : null;
  return write && field ? { name, key, show: (object) => write(object[field.name]) } : null;
}

function isShown({ resolve, args }: GraphQLField<unknown, unknown>): boolean {
  return resolve === undefined && args.length === 0;
}
