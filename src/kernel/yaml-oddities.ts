/** Owns what YAML lets pass and a file for operators must not: what JSON does not have, names that would be read as others, aliases of nothing. In one walk, however large the file. */
import { isAlias, isScalar, visit, type Document, type Node, type Pair } from "yaml";

export interface Oddity {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, ...unknown[]];
}

/** What is beside these can still be looked at; beside anything else it would be guesswork. */
export const LOCAL_ODDITIES: ReadonlySet<string> = new Set(["DUPLICATE_KEY", "NO_JSON", "OTHER_NAME"]);

/** Nobody writes more, and the parser looks for what each means among all of them. */
const MAX_ALIASES = 1_000;

export function oddities(tree: Document): Oddity[] {
  const found: Oddity[] = [];
  const anchors = new Map<string, Node>();
  let aliases = 0;
  const say = (code: string, message: string, { range }: Node) => void found.push({ code, message, pos: range ?? [0] });
  // An anchor that is given twice is the later one from there on.
  const remember = (node: Node & { anchor?: string | undefined }) => void (node.anchor !== undefined && anchors.set(node.anchor, node));
  visit(tree, {
    Seq: (_, list) => remember(list),
    Map(_, map) {
      remember(map);
      for (const [code, message, key] of namesIn(map.items)) say(code, message, key);
    },
    Scalar(_, node) {
      remember(node);
      if (typeof node.value === "number" && !Number.isFinite(node.value)) say("NO_JSON", "JSON has no such number", node);
    },
    Alias(_, alias, around) {
      aliases += 1;
      if (aliases === MAX_ALIASES + 1) say("TOO_MANY", `There are more than ${MAX_ALIASES} aliases`, alias);
      const meant = anchors.get(alias.source);
      if (meant && !around.includes(meant)) return;
      say("NO_ANCHOR", `The anchor ${alias.source} ${meant ? "is around its own alias" : "is not above its alias"}`, alias);
    },
  });
  return found;
}

/**
 * What is wrong with the names of a map. YAML takes `7e10` and `010` for numbers, which as names would be 70000000000 and 10, and `null` for
 * nothing; 1 and "1" would be one name.
 */
function namesIn(pairs: readonly Pair[]): [code: string, message: string, key: Node][] {
  const names = new Set<string>();
  return pairs.flatMap(({ key }): [string, string, Node][] => {
    if (!isScalar(key)) return [["NO_NAME", `A name must be text, and not ${isAlias(key) ? "an alias" : "a list or a map"}`, key as Node]];
    const name = String(key.value ?? "");
    if (typeof key.value !== "string" && key.source !== name) return [["OTHER_NAME", `The name ${key.source ?? ""} would be read as ${JSON.stringify(name)}: put it in quotation marks`, key]];
    if (names.has(name)) return [["DUPLICATE_KEY", "Map keys must be unique", key]];
    names.add(name);
    return [];
  });
}
