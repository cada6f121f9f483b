/** Owns the bounds that depend on variables, enforced after validation and before execution. What is counted is `document-limits.ts` and `cost.ts`. */
import { ApolloServerValidationErrorCode } from "@apollo/server/errors";
import { GraphQLError, type DocumentNode, type GraphQLSchema, type OperationDefinitionNode, type ValueNode } from "graphql";
import { operationCost } from "./cost.js";
import type { FaultCode } from "./fault.js";
import { rememberedCost } from "./remembered-cost.js";
import { DEFAULT_LIMITS, limitExceeded, type Limits } from "./limits.js";
import type { OperationListener, OperationPart } from "./operation-plugin.js";
import { rootFields } from "./root-fields.js";

const CODE = "LIMIT_EXCEEDED" satisfies FaultCode;

/**
 * The part that refuses an operation whose cost, number of entity representations, or nesting of variables is above its limit.
 *
 * It also gives every refusal one code and its words: Apollo Server writes GRAPHQL_VALIDATION_FAILED over the code that a
 * validation rule has set, names the operation when it has too many recursive selections, and takes a document with too many
 * tokens for one that does not parse.
 *
 * Faults   LIMIT_EXCEEDED, and BAD_USER_INPUT of `operationCost`, both with HTTP status 400.
 */
export function operationLimits(schema: GraphQLSchema, limits: Limits = DEFAULT_LIMITS): OperationPart {
  const listener: OperationListener = {
    didResolveOperation({ document, operation, request }) {
      if (!operation) return;
      const variables = request.variables ?? {};
      const depth = depthOf(variables);
      if (depth > limits.maxVariableDepth) throw limitExceeded("Variable depth", depth, limits.maxVariableDepth);
      const representations = mostRepresentations(listsOf(document, operation), variables);
      if (representations > limits.maxRepresentations) {
        throw limitExceeded("Representation count", representations, limits.maxRepresentations);
      }
      const cost = rememberedCost(operation, variables, () => operationCost(schema, document, request.operationName, request.variables));
      if (cost > limits.maxCost) throw limitExceeded("Cost", cost, limits.maxCost);
    },
    didEncounterErrors({ errors }) {
      for (const error of errors) {
        const words = wordsIfOverLimit(error, limits);
        if (words === undefined) continue;
        error.message = words;
        error.extensions["code"] = CODE;
      }
    },
  };
  return () => listener;
}

/** The words of a refusal for size, whoever made it; undefined for every other error. */
function wordsIfOverLimit({ message, extensions, originalError }: GraphQLError, limits: Limits): string | undefined {
  if (originalError instanceof GraphQLError && originalError.extensions["code"] === CODE) return message;
  if (extensions["validationErrorCode"] === ApolloServerValidationErrorCode.MAX_RECURSIVE_SELECTIONS_EXCEEDED) {
    return `Selection count exceeds the limit of ${limits.maxRecursiveSelections}`;
  }
  // graphql-js has no code for it; its message is the only sign.
  const tooManyTokens = extensions["code"] === "GRAPHQL_PARSE_FAILED" && message.startsWith("Syntax Error: Document contains more tha");
  return tooManyTokens ? `Token count exceeds the limit of ${limits.maxTokens}` : undefined;
}

/** How many lists and objects are inside each other, the value itself not counted. Not recursive: a body may nest a hundred thousand. */
function depthOf(value: object): number {
  let depth = -1;
  for (let level = [value]; level.length > 0; depth += 1) {
    level = level.flatMap((one) => Object.values(one).filter((inner): inner is object => typeof inner === "object" && inner !== null));
  }
  return depth;
}

/** Where an operation says which entities it wants: a list that stands in the document, or the variable that has it, with its default. */
type Representations = { length: number } | { variable: string; lengthOtherwise: number };

const representationLists = new WeakMap<OperationDefinitionNode, readonly Representations[]>();

function listsOf(document: DocumentNode, operation: OperationDefinitionNode): readonly Representations[] {
  const known = representationLists.get(operation) ?? findLists(document, operation);
  representationLists.set(operation, known);
  return known;
}

/** Length of the longest `_entities(representations:)` of an operation, before any variable is coerced. */
function mostRepresentations(lists: readonly Representations[], variables: Readonly<Record<string, unknown>>): number {
  let most = 0;
  for (const list of lists) {
    const given = "variable" in list && Object.hasOwn(variables, list.variable) ? variables[list.variable] : undefined;
    const otherwise = "variable" in list ? list.lengthOtherwise : list.length;
    most = Math.max(most, given === undefined ? otherwise : Array.isArray(given) ? given.length : 0);
  }
  return most;
}

function findLists(document: DocumentNode, operation: OperationDefinitionNode): Representations[] {
  const defaults = new Map(operation.variableDefinitions?.map((node) => [node.variable.name.value, node.defaultValue]));
  return rootFields(document, operation).filter(({ name }) => name.value === "_entities").map((field) => {
    const value = field.arguments?.find((argument) => argument.name.value === "representations")?.value;
    return value?.kind === "Variable" ? { variable: value.name.value, lengthOtherwise: writtenLength(defaults.get(value.name.value)) } : { length: writtenLength(value) };
  });
}

function writtenLength(value: ValueNode | undefined): number {
  return value?.kind === "ListValue" ? value.values.length : 0;
}
