/**
 * Owns queries that are answered without an execution: one query alone, of which nothing but plain values is selected. For those nothing
 * else can happen, and what graphql-js prepares for would cost more than the answer. Everything else is executed as usual, and answers the same.
 */
import {
  coerceInputValue,
  getArgumentValues,
  getNamedType,
  isInputType,
  isLeafType,
  isNonNullType,
  locatedError,
  typeFromAST,
  type ExecutionResult,
  type FieldNode,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type VariableDefinitionNode,
} from "graphql";
import { Extensions } from "type-graphql";
import { accessOf, demand } from "./access.js";
import type { Action } from "./action.js";
import type { Executable } from "./execution.js";
import { Fault, withoutStack } from "./fault.js";
import { plainWriter, type Write } from "./plain-writer.js";
import type { RequestContext } from "./request.js";
import { Written } from "./twin-schema.js";

/** What the resolver calls with the query's arguments; its answer has a member for each field. */
export type Answer<Args> = (context: RequestContext, args: Args) => object | Promise<object>;

/** Declare what a query's resolver calls, so that it can also be called without it. Only for queries whose arguments are no input objects, which are to be validated. */
export function AnsweredBy<Args>(answer: Answer<Args>): MethodDecorator {
  return Extensions({ answeredBy: answer });
}

interface Plan {
  /** Name → type, of variables without a default. */
  variables: ReadonlyMap<string, GraphQLInputType>;
  node: FieldNode;
  field: GraphQLField<unknown, unknown>;
  action: Action;
  answer: Answer<unknown>;
  write: Write;
}

const plans = new WeakMap<OperationDefinitionNode, Plan | null>();

/** The outcome of an operation that needs no execution; null for every other one, also where only the execution can say what is wrong with it. */
export function answeredPlainly(schema: GraphQLSchema, { operation, request, context }: Executable): Promise<ExecutionResult> | null {
  if (!operation) return null;
  let plan = plans.get(operation);
  if (plan === undefined) plans.set(operation, (plan = planFor(schema, operation)));
  if (plan === null) return null;
  const variables = coerced(plan.variables, request.variables ?? {});
  return variables && outcomeOf(plan, variables, context);
}

/** As graphql-js does it, which looks each type up anew; null for what it would refuse. */
function coerced(types: Plan["variables"], given: Readonly<Record<string, unknown>>): Record<string, unknown> | null {
  const values: Record<string, unknown> = {};
  try {
    for (const [name, type] of types) {
      if (Object.hasOwn(given, name)) values[name] = coerceInputValue(given[name], type);
      else if (isNonNullType(type)) return null;
    }
    return values;
  } catch {
    return null;
  }
}

async function outcomeOf({ node, field, action, answer, write }: Plan, variables: Record<string, unknown>, context: RequestContext): Promise<ExecutionResult> {
  const name = node.alias?.value ?? node.name.value;
  try {
    demand(context.caller, action);
    const answered = answer(context, getArgumentValues(field, node, variables));
    // A promise that is already there would still be waited for.
    return { data: { [name]: new Written(write(answered instanceof Promise ? await answered : answered)) } };
  } catch (thrown) {
    const located = () => locatedError(thrown, [node], [name]);
    return { data: isNonNullType(field.type) ? null : { [name]: null }, errors: [thrown instanceof Fault ? withoutStack(located) : located()] };
  }
}

function planFor(schema: GraphQLSchema, { operation, directives, variableDefinitions = [], selectionSet: { selections } }: OperationDefinitionNode): Plan | null {
  const [node] = selections;
  if (operation !== "query" || directives?.length || selections.length !== 1 || node?.kind !== "Field" || node.directives?.length) return null;
  const field: Plan["field"] | undefined = schema.getQueryType()?.getFields()[node.name.value];
  const answer = field?.extensions["answeredBy"] as Answer<unknown> | undefined;
  const action = field && accessOf(field);
  if (!field || !answer || !action || !field.args.every(({ type }) => isLeafType(getNamedType(type)))) return null;
  const [variables, write] = [typesOf(schema, variableDefinitions), plainWriter(field.type, node)];
  return variables && write && { variables, node, field, action, answer, write };
}

function typesOf(schema: GraphQLSchema, definitions: readonly VariableDefinitionNode[]): Plan["variables"] | null {
  const types = new Map<string, GraphQLInputType>();
  for (const { variable, type: node, defaultValue } of definitions) {
    const type = typeFromAST(schema, node);
    if (!isInputType(type) || defaultValue) return null;
    types.set(variable.name.value, type);
  }
  return types;
}
