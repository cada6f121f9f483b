/**
 * Owns the cost of one operation. What the schema publishes about it is read in `cost-directives.ts`; what is too much is `limits.ts`.
 *
 * Not graphql-query-complexity: its estimators see a field's own arguments and the finished cost of its children, so
 * `edges` cannot learn that its connection was asked for `first: 100`, and it walks every expansion of a fragment anew.
 */
import {
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  getOperationAST,
  getVariableValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isCompositeType,
  isListType,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from "graphql";
import { argumentsWeight, costOf, expectedSize, listSizeOf, type Field, type Values } from "./cost-directives.js";
import { CEILING, saturate } from "./limits.js";

/** Items that a list is taken to have when nothing published says how many. */
const DEFAULT_LIST_SIZE = 10;
/** Weight of a mutation's root field without `@cost`: a transaction with its audit event. */
const MUTATION_WEIGHT = 10;

/** The size that a parent's `@listSize(sizedFields:)` gives to the lists directly under it. */
interface Sizing {
  readonly size: number;
  readonly fields: readonly string[];
}

/**
 * The cost of an operation with its variables, before anything is executed.
 *
 * Shape    a field costs `arguments + items × (weight + selections)`; a fragment costs what it selects at every place that
 *          spreads it; an interface or union is taken for its dearest type. Weights: `@cost` of the field, else 10 for a
 *          mutation's root field, else `@cost` of its type, else 1 for a composite type, 1 for a leaf with an alias, which
 *          may be one of many of the same value, and 0 for a leaf without. Arguments weigh their `@cost` when given;
 *          `@cost` on input fields is not read. Items: `@listSize`, the number of representations for `_entities`, else 10;
 *          a negative size is 0. The sized fields of a page (`@listSize(sizedFields:)`) cost its size at least, because it
 *          is read whatever is selected of it. Introspection's single objects are free and its lists are not, so that the
 *          standard query fits and many lists inside lists do not.
 * Units    cost units; saturates at the largest GraphQL Int. 0 when the executor refuses the request before any field runs
 *          (no such operation, variables that do not coerce).
 * Bound    each selection set is visited once per object type and list size that reaches it, a page's once more. Validate
 *          the document first.
 * Faults   BAD_USER_INPUT when `requireOneSlicingArgument` holds and not exactly one slicing argument is given.
 * Source   IBM's GraphQL Cost Directives specification, with the arguments and defaults of Apollo Federation 2.9.
 */
export function operationCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Values | null | undefined,
): number {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return 0;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables ?? {}, { maxErrors: 1 });
  if (!coerced) return 0;
  return new Pricing(schema, document, coerced).selections(operation.selectionSet, root);
}

class Pricing {
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #known = new Map<SelectionSetNode, Map<string, number>>();

  constructor(
    readonly schema: GraphQLSchema,
    document: DocumentNode,
    readonly variables: Values,
  ) {
    for (const node of document.definitions) {
      if (node.kind === "FragmentDefinition") this.#fragments.set(node.name.value, node);
    }
  }

  selections(set: SelectionSetNode, type: GraphQLCompositeType, sizing?: Sizing): number {
    if (!isAbstractType(type)) return this.#ofObject(set, type, sizing);
    const costs = this.schema.getPossibleTypes(type).map((possible) => this.#ofObject(set, possible, sizing));
    return Math.max(0, ...costs);
  }

  #ofObject(set: SelectionSetNode, type: GraphQLObjectType, sizing: Sizing | undefined): number {
    const known = this.#known.get(set) ?? new Map<string, number>();
    this.#known.set(set, known);
    const key = sizing ? `${type.name} ${sizing.size} ${sizing.fields.join(" ")}` : type.name;
    const before = known.get(key);
    if (before !== undefined) return before;
    known.set(key, 0); // so that a fragment inside itself ends here
    let cost = 0;
    for (const selection of set.selections) {
      cost = saturate(cost + this.#ofSelection(selection, type, sizing));
      if (cost === CEILING) break;
    }
    known.set(key, cost);
    return cost;
  }

  #ofSelection(node: SelectionNode, type: GraphQLObjectType, sizing: Sizing | undefined): number {
    if (!this.#included(node)) return 0;
    if (node.kind === "Field") return this.#ofField(node, type, sizing);
    const fragment = node.kind === "FragmentSpread" ? this.#fragments.get(node.name.value) : node;
    if (!fragment) return 0;
    const condition = fragment.typeCondition && this.schema.getType(fragment.typeCondition.name.value);
    const applies = !condition || condition === type || (isAbstractType(condition) && this.schema.isSubType(condition, type));
    return applies ? this.#ofObject(fragment.selectionSet, type, sizing) : 0;
  }

  #ofField(node: FieldNode, parent: GraphQLObjectType, sizing: Sizing | undefined): number {
    const field = this.#definition(parent, node.name.value);
    if (!field) return 0;
    const weight = this.#weight(field, parent, node);
    let args: Values;
    try {
      args = getArgumentValues(field, node, this.variables);
    } catch {
      return weight; // the executor meets the same error and answers null without running the field
    }
    const type = getNamedType(field.type);
    const listSize = listSizeOf(field);
    const expected = listSize && expectedSize(listSize, args);
    const inner = expected !== undefined && listSize?.sizedFields.length ? { size: expected, fields: listSize.sizedFields } : undefined;
    const children = isCompositeType(type) && node.selectionSet ? this.#inside(node.selectionSet, type, inner) : 0;
    const size = sizing?.fields.includes(field.name) ? sizing.size : inner ? undefined : expected;
    const items = this.#items(field, parent, args, size);
    return argumentsWeight(field, args) + items * (weight + children);
  }

  /** What a field selects. Of a page, the sized lists cost their size together even where nothing or little of them is selected. */
  #inside(set: SelectionSetNode, type: GraphQLCompositeType, page: Sizing | undefined): number {
    const all = this.selections(set, type, page);
    if (!page) return all;
    const besides = this.selections(set, type, { ...page, size: 0 });
    return Math.max(all, besides + page.size);
  }

  #definition(parent: GraphQLObjectType, name: string): Field | undefined {
    if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
    if (parent === this.schema.getQueryType()) {
      if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
      if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
    }
    return parent.getFields()[name];
  }

  #weight(field: Field, parent: GraphQLObjectType, { alias }: FieldNode): number {
    const type = getNamedType(field.type);
    const published = costOf(field.astNode?.directives);
    if (published !== undefined) return published;
    if (parent === this.schema.getMutationType() && field !== TypeNameMetaFieldDef) return MUTATION_WEIGHT;
    if (!isCompositeType(type)) return costOf(type.astNode?.directives) ?? (alias ? 1 : 0);
    if (type.name.startsWith("__") && !isListType(getNullableType(field.type))) return 0;
    const types = isAbstractType(type) ? this.schema.getPossibleTypes(type) : [type];
    return Math.max(0, ...types.map((possible) => costOf(possible.astNode?.directives) ?? 1));
  }

  /** How many objects or values the field answers with: 1 unless it is a list. */
  #items(field: Field, parent: GraphQLObjectType, args: Values, size: number | undefined): number {
    if (!isListType(getNullableType(field.type))) return 1;
    const representations = args["representations"];
    if (field.name === "_entities" && parent === this.schema.getQueryType() && Array.isArray(representations)) {
      return representations.length;
    }
    return size ?? DEFAULT_LIST_SIZE;
  }

  #included(node: SelectionNode): boolean {
    try {
      if (getDirectiveValues(GraphQLSkipDirective, node, this.variables)?.["if"] === true) return false;
      return getDirectiveValues(GraphQLIncludeDirective, node, this.variables)?.["if"] !== false;
    } catch {
      return true; // `if` without a value: the executor reports it, here it only must not make anything cheaper
    }
  }
}
