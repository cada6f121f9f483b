/** Owns the validation rule for the bounds that a document shows without its variables: depth, aliases, directives, root fields. */
import type { FieldNode, FragmentDefinitionNode, OperationDefinitionNode, ValidationRule } from "graphql";
import { limitExceeded, saturate, type Limits } from "./limits.js";

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
