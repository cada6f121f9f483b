/** Owns where secrets lie: two layouts that platforms have, each a profile of its own. */
import { codec, type Codec } from "./codec.js";
import { key as keyPart, PLATFORM, slug } from "./component.js";
import { decode, encode } from "./encoding.js";
import { placeOf, placeWords, Words } from "./place.js";
import { membersOf, NameRefusedError } from "./refusal.js";

/** Whose a secret is. An environment of null: shared by all environments of the tenant. */
export type SecretOwner =
  | { kind: "system" }
  | { kind: "cluster"; cluster: string }
  | { kind: "tenant"; tenant: string; environment: string | null; team: string | null }
  | { kind: "bot"; tenant: string; environment: string | null; bot: string }
  | { kind: "user"; tenant: string; environment: string | null; user: string };

export type SecretProfile = "secrets" | "gbo";

interface Secret {
  owner: SecretOwner;
  /** 1 to 4 parts, none of them a word that announces an owner. */
  key: readonly string[];
}

interface Layout {
  ownerWords(owner: SecretOwner): string[];
  ownerOf(words: Words): SecretOwner;
}

/** In a path these words always announce an owner, hence no key has them: not even further behind, where they would only look so. */
const MARKERS: ReadonlySet<string> = new Set(["environments", "teams", "bots", "users"]);
const NO_PLACE = "belongs to an owner that this profile has no place for";

export const secretPaths: Readonly<Record<SecretProfile, Codec<Secret>>> = Object.freeze({
  /** `secrets/global/{key…}` · `secrets/{tenant}[/environments/{environment}][/teams/{team}]/{key…}` */
  secrets: secretPath("secrets", {
    ownerWords(owner) {
      switch (owner.kind) {
        case "system": return [PLATFORM];
        case "tenant": return placeWords(owner);
        default: throw new NameRefusedError("name", NO_PLACE);
      }
    },
    ownerOf: (words) => (words.skip(PLATFORM) ? { kind: "system" } : { kind: "tenant", ...placeOf(words) }),
  }),

  /** `gbo/system/{key…}` · `gbo/tenants/{cluster}/{key…}` · `gbo/orgs/{tenant}[/environments/{environment}][/teams/{team} | /bots/{bot} | /users/{user}]/{key…}` */
  gbo: secretPath("gbo", {
    ownerWords(owner) {
      switch (owner.kind) {
        case "system": return ["system"];
        case "cluster": return ["tenants", slug("cluster", owner.cluster)];
        case "tenant": return ["orgs", ...placeWords(owner)];
        case "bot": return ["orgs", ...placeWords({ ...owner, team: null }), "bots", encode("bot", owner.bot)];
        case "user": return ["orgs", ...placeWords({ ...owner, team: null }), "users", encode("user", owner.user)];
        default: throw new NameRefusedError("name", NO_PLACE);
      }
    },
    ownerOf(words) {
      if (words.skip("system")) return { kind: "system" };
      if (words.skip("tenants")) return { kind: "cluster", cluster: words.next() };
      if (!words.skip("orgs")) throw new NameRefusedError("name", NO_PLACE);
      const place = placeOf(words);
      const { tenant, environment } = place;
      // Below a team there is neither: printed again, the name would be another one.
      if (words.skip("bots")) return { kind: "bot", tenant, environment, bot: decode("bot", words.next()) };
      if (words.skip("users")) return { kind: "user", tenant, environment, user: decode("user", words.next()) };
      return { kind: "tenant", ...place };
    },
  }),
});

function secretPath(profile: SecretProfile, { ownerWords, ownerOf }: Layout): Codec<Secret> {
  const what = `a path of the profile ${profile}`;
  return codec<Secret>({
    what,
    // The narrowest of Vault's stores takes 512 bytes; the rest is for the mount and the store's own prefix.
    longest: 400,
    print(secret) {
      const { owner, key } = membersOf(secret);
      return [profile, ...ownerWords(membersOf(owner)), ...keyWords(key)].join("/");
    },
    parse(name) {
      const words = new Words(name.split("/"));
      if (!words.skip(profile)) throw new NameRefusedError("name", `is not ${what}`);
      return { owner: ownerOf(words), key: words.rest() };
    },
  });
}

function keyWords(key: readonly string[]): string[] {
  // Asked once: an object that is made to can call itself longer the second time.
  const length = Array.isArray(key) ? key.length : 0;
  if (!(length >= 1 && length <= 4)) throw new NameRefusedError("key", "must be 1 to 4 parts");
  const words = Array.from({ length }, (_, at) => keyPart("key", key[at] ?? ""));
  if (words.some((word) => MARKERS.has(word))) throw new NameRefusedError("key", "must not have environments, teams, bots or users as a part");
  return words;
}
