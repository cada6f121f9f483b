/** Owns random values of every kind of name, near each other and hostile, and what each name must look like. */
import fc from "fast-check";
import {
  type Codec, isKey, isSlug, messageSubject, type Resource, resourceName, type SecretOwner, secretPaths, sessionPath, stateKey,
} from "../src/index.js";

/** Few and alike, so that two values often differ only in where one of their parts ends. */
const pieces = fc.constantFrom("a", "b", "-", "1", "acme", "prod", "teams", "environments", "bots", "default", "global", "con");
const joined = (piece: fc.Arbitrary<string>) => fc.array(piece, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
const slug = joined(pieces).filter(isSlug);
const key = joined(fc.oneof(pieces, fc.constantFrom("_", "users", "secrets", "flows"))).filter((text) => isKey(text) && !["environments", "teams", "bots", "users"].includes(text));

/** Any text at all, or one of what separates, encodes, ends or means something in a name, on a disk or on the wire. */
const text = fc.oneof(
  fc.string({ unit: "binary", minLength: 1, maxLength: 8 }),
  joined(fc.constantFrom(
    "=", "2e", "2f", "=2e", "/", ":", ".", "..", "../", "\\", "%", "%2e", "%00", ".cbor", "default", "global", "teams", "users", "con", "COM1", "a", "A", "K", "\u212a", "ſ", "é", "e\u0301",
    "ﬀ", "ａ", "😀", "\0", "\n", "\r\n", " ", "*", ">", "+", "\u200b", "\u202e", "\ufeff", "\ufffd", "-", "_", "~", "$(a)", "'", "{a}", "__proto__",
  )),
);

/** The parts of which one value of every kind is made. */
const parts = fc.tuple(slug, slug, fc.option(slug, { freq: 3 }), slug, text, key, fc.array(key, { minLength: 1, maxLength: 4 }), fc.nat(7));
export type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

export const contextOf = ([tenant, environment, team]: Parts) => ({ tenant, environment, team });

/** The second has taken over some of the first's parts, and may have its tenant and environment, or its environment and team, swapped. */
const pair = fc.tuple(parts, parts, fc.nat(255), fc.nat(3)).map(([one, fresh, taken, swap]): [Parts, Parts] => {
  const other = one.map((part, at) => ((taken >> at) % 2 === 1 ? part : fresh[at])) as Parts;
  if (swap === 1) [other[0], other[1]] = [other[1], other[0]];
  if (swap === 2 && other[2] !== null) [other[1], other[2]] = [other[2], other[1]];
  return [one, other];
});

export const contextsApart = pair.filter(([one, other]) => one[0] !== other[0] || one[1] !== other[1] || one[2] !== other[2]);
export const oneContext = pair.map(([one, other]): [Parts, Parts] => [one, [one[0], one[1], one[2], other[3], other[4], other[5], other[6], other[7]]]);
export const anyParts = parts;

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
