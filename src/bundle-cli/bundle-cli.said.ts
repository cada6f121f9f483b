/** Owns what several files say together of one tenant, and which of them says what, and where. No I/O. */
import type { BundleProblem } from "../bundle/bundle.js";
import { isObject, type JsonObject } from "../catalog/catalog.js";
import { canonicalJson } from "../kernel/canonical-json.js";

/** Where something is said. */
export interface Origin {
  /** Place of the file among those that were given. */
  readonly file: number;
  readonly place: BundleProblem["place"];
}

/** Something said: a value that is only ever taken whole, or members that several files can add to. */
export type Said = { readonly origin: Origin } & ({ readonly value: unknown } | { readonly members: ReadonlyMap<string, Said> });

/** How something is written: a value, members by name (of listed names, or all of one kind), or a list of members that say their `id`. */
type Grammar = "value" | { readonly members: Readonly<Record<string, Grammar>> } | { readonly each: Grammar } | { readonly listed: Grammar };

const OF_OWNER = { name: "value", settings: { each: "value" } } as const;
const CHANNEL: Grammar = { members: { provider: "value", config: "value" } };

/** Of what `TENANT_SHAPE` describes, but for `allTeams`: that is about a file, and not a thing that files could add to. */
const TENANT: Grammar = {
  members: {
    ...OF_OWNER,
    environments: { listed: { members: { ...OF_OWNER, cluster: "value", flows: { each: "value" } } } },
    teams: { each: { members: { ...OF_OWNER, channels: { each: CHANNEL } } } },
    flows: { each: "value" },
  },
};

/** What is said of a tenant at one place of a file, whose shape is right; `originOf` tells where in the file each part of it stands. */
export function saidOfTenant(content: object, originOf: (place: BundleProblem["place"]) => Origin): Said {
  const read = (grammar: Grammar, value: unknown, place: BundleProblem["place"]): Said => {
    const origin = originOf(place);
    if (grammar === "value") return { origin, value };
    if ("listed" in grammar) {
      const items = value as readonly (JsonObject & { id: string })[];
      return { origin, members: new Map(items.map(({ id, ...item }, index) => [id, read(grammar.listed, item, [...place, index])])) };
    }
    const inner = (name: string): Grammar => ("each" in grammar ? grammar.each : (grammar.members[name] ?? "value"));
    return { origin, members: new Map(Object.entries(value as object).map(([name, member]) => [name, read(inner(name), member, [...place, name])])) };
  };
  return read(TENANT, content, []);
}

/** Something that two files say differently. */
export interface Contradiction {
  readonly first: Origin;
  readonly second: Origin;
}

/** What two files say together. What both say must be the same; the first is kept. */
export function together(one: Said, other: Said, contradictions: Contradiction[]): Said {
  if ("members" in one && "members" in other) {
    const members = new Map(one.members);
    for (const [name, said] of other.members) {
      const before = members.get(name);
      members.set(name, before ? together(before, said, contradictions) : said);
    }
    return { origin: one.origin, members };
  }
  // Both were read by one grammar, so both are values.
  if (canonicalJson(valueOf(one)) !== canonicalJson(valueOf(other))) contradictions.push({ first: one.origin, second: other.origin });
  return one;
}

function valueOf(said: Said): unknown {
  return "value" in said ? said.value : undefined;
}

/** What is said of a tenant, in the shape in which it is written under the tenant's slug. */
export function contentOf(said: Said): JsonObject {
  return written(TENANT, said) as JsonObject;
}

function written(grammar: Grammar, said: Said): unknown {
  if ("value" in said || grammar === "value") return valueOf(said);
  const members = [...said.members];
  if ("listed" in grammar) return members.map(([id, member]) => ({ id, ...(written(grammar.listed, member) as object) }));
  return Object.fromEntries(members.map(([name, member]) => [name, written("each" in grammar ? grammar.each : (grammar.members[name] ?? "value"), member)]));
}

/** Where the thing at this place is said, or the closest thing around it: slugs and names from the tenant inwards, and list items by number. */
export function originAt(said: Said, place: readonly string[]): Origin {
  const [name, ...inside] = place;
  if (name === undefined) return said.origin;
  if ("members" in said) {
    const member = said.members.get(name);
    return member ? originAt(member, inside) : { ...said.origin, place: [...said.origin.place, name] };
  }
  return { ...said.origin, place: [...said.origin.place, ...stepsInto(said.value, place)] };
}

/** The graph tells every step as text; in a list it is a number. */
function stepsInto(value: unknown, place: readonly string[]): (string | number)[] {
  const [name, ...inside] = place;
  if (name === undefined) return [];
  if (Array.isArray(value)) return [Number(name), ...stepsInto(value[Number(name)], inside)];
  return [name, ...stepsInto(isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined, inside)];
}
