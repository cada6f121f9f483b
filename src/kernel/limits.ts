/** Owns the bounds of a GraphQL document and the rule that enforces those visible without variables. Cost is `cost.ts`; bytes and seconds are the server's. */
import {
  GraphQLError,
  type ASTNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type ValidationRule,
} from "graphql";
import type { FaultCode } from "./fault.js";

/** What one GraphQL request may ask for. Everything counts per operation with its fragments expanded, tokens excepted. */
export interface Limits {
  /** Lexical tokens of the document, for graphql-js' parser. Also what bounds every recursion over the document. */
  readonly maxTokens: number;
  /** Fields on the longest path from the root to a leaf; `__schema` and `__type` count as leaves. */
  readonly maxDepth: number;
  readonly maxAliases: number;
  readonly maxDirectives: number;
  /** Fields directly on Query, Mutation or Subscription. */
  readonly maxRootFields: number;
  /** Fields, inline fragments and spreads, for Apollo Server's own rule. */
  readonly maxRecursiveSelections: number;
  /** Units of `operationCost`. */
  readonly maxCost: number;
  /** Entries in one `_entities(representations:)`. */
  readonly maxRepresentations: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxTokens: 1_500,
  maxDepth: 15,
  maxAliases: 20,
  maxDirectives: 20,
  maxRootFields: 10,
  maxRecursiveSelections: 2_000,
  maxCost: 5_000,
  maxRepresentations: 100,
};

/** Sums stop here, at the largest GraphQL Int: beyond it the exact number helps nobody and doubles would lose digits. */
export const CEILING = 2_147_483_647;

/** `value`, or the largest number that is counted to. */
export function saturate(value: number): number {
  return Math.min(value, CEILING);
}

/** The refusal of a request that is too large. It names the bound and the number, and nothing the caller wrote. */
export function limitExceeded(what: string, value: number, limit: number, node?: ASTNode): GraphQLError {
  return new GraphQLError(`${what} ${value} exceeds the limit of ${limit}`, {
    nodes: node,
    extensions: { code: "LIMIT_EXCEEDED" satisfies FaultCode, http: { status: 400 } },
  });
}

interface Sums {
  depth: number;
  aliases: number;
  directives: number;
  rootFields: number;
}

/** How often, and how deep, one definition spreads one fragment. */
interface Spread {
  times: number;
  timesAtRoot: number;
  /** Most fields around it; -Infinity when every one of these spreads is inside an introspection field. */
  deepest: number;
}

/** One operation or fragment by itself: its own sums and, not yet followed, what it spreads. */
interface Outline extends Sums {
  readonly spreads: Map<string, Spread>;
}

const BOUNDS = [
  { what: "Depth", sum: "depth", limit: "maxDepth" },
  { what: "Alias count", sum: "aliases", limit: "maxAliases" },
  { what: "Directive count", sum: "directives", limit: "maxDirectives" },
  { what: "Root field count", sum: "rootFields", limit: "maxRootFields" },
] as const satisfies readonly { what: string; sum: keyof Sums; limit: keyof Limits }[];

/**
 * The validation rule for depth, aliases, directives and root fields. At most one error per bound, however many operations break it.
 *
 * Each definition is walked once and each fragment's expanded sums are computed once, so fragments that double twenty-five
 * times cost what twenty-five fragments cost. A fragment inside itself adds nothing: graphql-js refuses cycles on its own.
 *
 * Depth stops at `__schema` and `__type`. Tools follow `ofType` as deep as a type could be wrapped (the standard query of
 * graphql 16 is 15 deep), yet that chain ends with the type and never multiplies. What does multiply, lists inside lists,
 * is bounded by graphql-js' MaxIntrospectionDepthRule and by cost. Aliases and directives count there as everywhere.
 */
export function documentLimits(limits: Limits): ValidationRule {
  return (context) => {
    const operations: { node: OperationDefinitionNode; outline: Outline }[] = [];
    const fragments = new Map<string, Outline>();
    let current: Outline | undefined;
    let level = 0;
    let introspection: FieldNode | undefined;

    function begin(node: OperationDefinitionNode | FragmentDefinitionNode): void {
      const outline: Outline = { depth: 0, aliases: 0, directives: 0, rootFields: 0, spreads: new Map() };
      if (node.kind === "OperationDefinition") operations.push({ node, outline });
      else fragments.set(node.name.value, outline);
      current = outline;
    }

    function end(): void {
      current = undefined;
    }

    return {
      OperationDefinition: { enter: begin, leave: end },
      FragmentDefinition: { enter: begin, leave: end },
      Field: {
        enter(node) {
          if (!current) return;
          if (level === 0) current.rootFields += 1;
          if (node.alias) current.aliases += 1;
          level += 1;
          if (introspection) return;
          current.depth = Math.max(current.depth, level);
          if (node.name.value === "__schema" || node.name.value === "__type") introspection = node;
        },
        leave(node) {
          level -= 1;
          if (introspection === node) introspection = undefined;
        },
      },
      FragmentSpread(node) {
        if (!current) return;
        const spread = current.spreads.get(node.name.value) ?? { times: 0, timesAtRoot: 0, deepest: -Infinity };
        spread.times += 1;
        if (level === 0) spread.timesAtRoot += 1;
        if (!introspection) spread.deepest = Math.max(spread.deepest, level);
        current.spreads.set(node.name.value, spread);
      },
      Directive() {
        if (current) current.directives += 1;
      },
      Document: {
        leave() {
          const expand = expander(fragments);
          const totals = operations.map(({ node, outline }) => ({ node, sums: expand(outline) }));
          for (const { what, sum, limit } of BOUNDS) {
            const first = totals.find(({ sums }) => sums[sum] > limits[limit]);
            if (first) context.reportError(limitExceeded(what, first.sums[sum], limits[limit], first.node));
          }
        },
      },
    };
  };
}

/** From a definition by itself to its sums with every spread replaced by the fragment, each fragment computed once. */
function expander(fragments: ReadonlyMap<string, Outline>): (outline: Outline) => Sums {
  const known = new Map<Outline, Sums>();

  return function expand(outline) {
    const before = known.get(outline);
    if (before) return before;
    known.set(outline, { depth: 0, aliases: 0, directives: 0, rootFields: 0 });
    const { spreads, ...sums } = outline;
    for (const [name, spread] of spreads) {
      const fragment = fragments.get(name);
      if (!fragment) continue;
      const inner = expand(fragment);
      sums.depth = saturate(Math.max(sums.depth, spread.deepest + inner.depth));
      sums.aliases = saturate(sums.aliases + spread.times * inner.aliases);
      sums.directives = saturate(sums.directives + spread.times * inner.directives);
      sums.rootFields = saturate(sums.rootFields + spread.timesAtRoot * inner.rootFields);
    }
    known.set(outline, sums);
    return sums;
  };
}
