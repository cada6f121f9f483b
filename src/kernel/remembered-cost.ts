/** Owns the memory of costs: a document that is sent again with variables of the same sizes costs the same. How cost is reckoned is `cost.ts`. */
import type { OperationDefinitionNode, TypeNode } from "graphql";

const REMEMBERED_FOR_ONE = 50;
const MAX_KEY_CHARACTERS = 300;

const costs = new WeakMap<OperationDefinitionNode, Map<string, number>>();

/** `reckon()`, or what it gave for this operation with variables that cannot have made a difference. */
export function rememberedCost(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>, reckon: () => number): number {
  const key = (operation.variableDefinitions ?? []).map(({ variable: { name }, type }) => significance(type, Object.hasOwn(variables, name.value) ? variables[name.value] : undefined)).join("\n");
  if (key.length > MAX_KEY_CHARACTERS) return reckon();
  const known = costs.get(operation) ?? new Map<string, number>();
  costs.set(operation, known);
  const before = known.get(key);
  if (before !== undefined) return before;
  const cost = reckon();
  // What is refused for its variables costs nothing, and JSON has the number that is too large as null, which may be dear.
  if (cost === 0 && key !== "") return cost;
  if (known.size >= REMEMBERED_FOR_ONE) known.clear();
  known.set(key, cost);
  return cost;
}

/** What of a value can make an operation dearer or invalid. Of texts only that they are texts, of references only how many there are. */
function significance(type: TypeNode, value: unknown): string {
  const named = type.kind === "NonNullType" ? type.type : type;
  if (named.kind === "NamedType" && (named.name.value === "String" || named.name.value === "ID") && typeof value === "string") return "text";
  if (named.kind === "ListType" && nameOf(named.type) === "_Any" && Array.isArray(value) && !value.includes(null)) return `references ${value.length}`;
  return JSON.stringify(value) ?? "absent";
}

function nameOf(type: TypeNode): string | null {
  if (type.kind === "ListType") return null;
  return type.kind === "NonNullType" ? nameOf(type.type) : type.name.value;
}
