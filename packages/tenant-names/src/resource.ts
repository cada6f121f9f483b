/** Owns the names of what one may have a right to: a tenant, an environment or a team, or one thing in it. */
import { codec, type Codec } from "./codec.js";
import { key, slug } from "./component.js";
import { decode, encode } from "./encoding.js";
import { type Place, placeOf, placeWords, Words } from "./place.js";
import { membersOf, NameRefusedError } from "./refusal.js";

export type ResourceKind = "channels" | "flows" | "sessions" | "secrets";

export interface Resource {
  tenant: string;
  /** null: whatever the environment. */
  environment: string | null;
  team: string | null;
  /** null: the tenant, environment or team itself. A channel is a team's, a session an environment's. */
  item: { kind: ResourceKind; id: string } | null;
}

const WHAT = "a resource's name";

/** `tenants/{tenant}[/environments/{environment}][/teams/{team}][/{channels|flows|sessions|secrets}/{id}]` */
export const resourceName: Codec<Resource> = codec<Resource>({
  what: WHAT,
  longest: 409,
  print(value) {
    const { tenant, environment, team, item } = membersOf(value);
    const place = { tenant, environment, team };
    return ["tenants", ...placeWords(place), ...(item === null ? [] : itemWords(place, membersOf(item)))].join("/");
  },
  parse(name) {
    const words = new Words(name.split("/"));
    if (!words.skip("tenants")) throw new NameRefusedError("name", `is not ${WHAT}`);
    const place = placeOf(words);
    const [kind, id = ""] = words.rest();
    return { ...place, item: kind === undefined ? null : itemOf(kind, id) };
  },
});

function itemWords({ environment, team }: Place, { kind, id }: { kind: ResourceKind; id: string }): [ResourceKind, string] {
  switch (kind) {
    case "channels":
      if (team === null) throw new NameRefusedError("team", "must be given for a channel");
      return [kind, slug("channel", id)];
    case "sessions":
      if (environment === null) throw new NameRefusedError("environment", "must be given for a session");
      return [kind, encode("session", id)];
    case "flows": return [kind, key("flow", id)];
    case "secrets": return [kind, key("key", id)];
    default: throw new NameRefusedError("name", "is of no known kind of resource");
  }
}

/** The kind is checked, and every other id, when the name is printed again. */
function itemOf(kind: string, id: string): { kind: ResourceKind; id: string } {
  return { kind: kind as ResourceKind, id: kind === "sessions" ? decode("session", id) : id };
}
