/** Owns random values of every kind of name, near each other and hostile, and what each name must look like. */
import fc from "fast-check";
import {
  type Codec, isKey, isSlug, messageSubject, type Resource, resourceName, type SecretOwner, secretPaths, sessionPath, stateKey,
} from "../src/index.js";

/** Few and alike, so that two values often differ only in where one of their parts ends. */
export const slugPieces = ["a", "b", "-", "1", "acme", "prod", "teams", "environments", "bots", "default", "global", "con"];
export const keyPieces = [...slugPieces, "_", "users", "secrets", "flows"];
/** What separates, encodes, ends or means something in a name, on a disk or on the wire. */
export const hostilePieces = [
  "=", "2e", "2f", "=2e", "/", ":", ".", "..", "../", "\\", "%", "%2e", "%00", ".cbor", "default", "global", "teams", "users", "con", "COM1", "a", "A", "K", "\u212a", "ſ", "é", "e\u0301",
  "ﬀ", "ａ", "😀", "\0", "\n", "\r\n", " ", "*", ">", "+", "\u200b", "\u202e", "\ufeff", "\ufffd", "-", "_", "~", "$(a)", "'", "{a}", "__proto__",
];
export const isNoMarker = (text: string) => !["environments", "teams", "bots", "users"].includes(text);

const joined = (pieces: readonly string[]) => fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
const slug = joined(slugPieces).filter(isSlug);
const key = joined(keyPieces).filter((text) => isKey(text) && isNoMarker(text));
const text = fc.oneof(fc.string({ unit: "binary", minLength: 1, maxLength: 8 }), joined(hostilePieces));

/** The parts of which one value of every kind is made. */
export type Parts = [
  tenant: string, environment: string, team: string | null, channelOrCluster: string, id: string, flow: string, key: string[], choice: number,
];
export const anyParts: fc.Arbitrary<Parts> = fc.tuple(slug, slug, fc.option(slug, { freq: 3 }), slug, text, key, fc.array(key, { minLength: 1, maxLength: 4 }), fc.nat(7));

export const contextOf = ([tenant, environment, team]: Parts) => ({ tenant, environment, team });

/** Of every grammar: its codec, the value that the parts make, and the only form that a name of it may have. */
interface Kind<T> {
  codec: Codec<T>;
  value(parts: Parts): T;
  form: RegExp;
  /** Far below what they are for: 4096 bytes of a NATS control line or of a path, of which 255 a segment, 512 MB of Redis, 512 bytes of Vault's narrowest store. */
  longest: number;
}

const SLUG = "[a-z0-9-]{1,40}";
const KEYS = "[a-z0-9_-]{1,64}(?:/[a-z0-9_-]{1,64}){0,3}";
const PLACE = `${SLUG}(?:/environments/${SLUG})?(?:/teams/${SLUG})?`;
const form = (pattern: string) => new RegExp(`^${pattern}$`);

function ownerOf([tenant, environment, team, cluster, id, , , choice]: Parts, kinds: readonly SecretOwner["kind"][]): SecretOwner {
  const scope = { tenant, environment: choice >= 4 ? environment : null };
  switch (kinds[choice % kinds.length]) {
    case "system": return { kind: "system" };
    case "cluster": return { kind: "cluster", cluster };
    case "bot": return { kind: "bot", ...scope, bot: id };
    case "user": return { kind: "user", ...scope, user: id };
    default: return { kind: "tenant", ...scope, team };
  }
}

function resourceOf([tenant, environment, team, channel, session, flow, [secret = flow], choice]: Parts): Resource {
  const items = [
    null, { kind: "flows", id: flow } as const, { kind: "secrets", id: secret } as const,
    team === null ? null : ({ kind: "channels", id: channel } as const),
    { kind: "sessions", id: session } as const,
  ];
  const item = items[choice % items.length] ?? null;
  return { tenant, environment: item?.kind === "sessions" || choice >= 4 ? environment : null, team, item };
}

const sessionOf = (parts: Parts) => ({ context: contextOf(parts), session: parts[4] });
const kind = <T>(of: Kind<T>) => of as Kind<unknown>;

export const kinds: Readonly<Record<"session" | "state" | "subject" | "secrets" | "gbo" | "resource", Kind<unknown>>> = {
  session: kind({ codec: sessionPath, value: sessionOf, form: form(`sessions/${SLUG}/${SLUG}/${SLUG}/[a-z0-9_=-]{1,250}\\.cbor`), longest: 387 }),
  state: kind({ codec: stateKey, value: sessionOf, form: form(`state:${SLUG}:${SLUG}:${SLUG}:[a-z0-9_=-]{1,250}`), longest: 379 }),
  subject: kind({
    codec: messageSubject,
    value: (parts) => ({ context: contextOf(parts), channel: parts[3] }),
    form: form(`greentic\\.messaging\\.ingress\\.${SLUG}\\.${SLUG}\\.${SLUG}\\.${SLUG}`),
    longest: 190,
  }),
  secrets: kind({
    codec: secretPaths.secrets,
    value: (parts) => ({ owner: ownerOf(parts, ["tenant", "tenant", "tenant", "system"]), key: parts[6] }),
    form: form(`secrets/(?:global|${PLACE})/${KEYS}`),
    longest: 400,
  }),
  gbo: kind({
    codec: secretPaths.gbo,
    value: (parts) => ({ owner: ownerOf(parts, ["tenant", "bot", "user", parts[7] > 3 ? "cluster" : "system"]), key: parts[6] }),
    form: form(`gbo/(?:system|tenants/${SLUG}|orgs/(?:${PLACE}|${SLUG}(?:/environments/${SLUG})?/(?:bots|users)/[a-z0-9_=-]{1,128}))/${KEYS}`),
    longest: 400,
  }),
  resource: kind({
    codec: resourceName,
    value: resourceOf,
    form: form(`tenants/${PLACE}(?:/(?:channels|flows|secrets)/[a-z0-9_-]{1,64}|/sessions/[a-z0-9_=-]{1,250})?`),
    longest: 409,
  }),
};
