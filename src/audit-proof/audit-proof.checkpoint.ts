/** Owns what a signed checkpoint says and how it is read: as itself or not at all. Where keys and checkpoints are kept is not its business. */
import { createHash, sign as signBytes, verify } from "node:crypto";
import { ProofError } from "./audit-proof.failure.js";
import { ANY_KEY, type PublicKeys, type SigningKey } from "./audit-proof.keys.js";

/** That the chain and the tree of one tenant's log were so at a position. */
export interface Checkpoint {
  /** The registry's log, by its id. */
  readonly log: string;
  readonly tenant: string;
  /** From 1, without gaps. */
  readonly number: number;
  /** How many events of the tenant it covers, from its very first one. */
  readonly position: number;
  /** Hash of the chain at that position, in hex. */
  readonly chain: string;
  /** Root of the tree of that size, in hex. */
  readonly root: string;
  /** UTC, ISO 8601 with milliseconds. */
  readonly time: string;
  /** {@link hashOf} the tenant's checkpoint before this one; null for the first. */
  readonly previous: string | null;
  readonly kind: "interval" | "export" | "purge";
}

const TYPE = "audit-checkpoint+jws";
/** About three times as long as one is. */
const LONGEST = 2_000;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const KEY_ID = /^[A-Za-z0-9._-]{1,100}$/;
const KINDS: readonly unknown[] = ["interval", "export", "purge"];

/** What each member has to be; their order is that of the signed text. */
const MEMBERS: Readonly<Record<keyof Checkpoint, (value: unknown) => boolean>> = {
  log: matching(UUID),
  tenant: matching(UUID),
  number: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
  position: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  chain: matching(HASH),
  root: matching(HASH),
  time: matching(TIME),
  previous: (value) => value === null || matching(HASH)(value),
  kind: (value) => KINDS.includes(value),
};

/** A compact JWS (RFC 7515, section 7.1; EdDSA of RFC 8037). */
export function sign(checkpoint: Checkpoint, { id, privateKey }: SigningKey): string {
  const signed = `${encoded(headerOf(id))}.${encoded(textOf(checkpoint))}`;
  return `${signed}.${signBytes(null, Buffer.from(signed), privateKey).toString("base64url")}`;
}

/** There is one text for one checkpoint and key: what could also have been written otherwise is refused. */
export function open(jws: string, keys: PublicKeys): Checkpoint {
  const [header, payload, signature, ...more] = jws.length > LONGEST ? [] : jws.split(".").map(decoded);
  if (!header || !payload || !signature || more.length > 0) throw refused("is no compact JWS");
  const kid = objectIn(header.toString())["kid"];
  if (typeof kid !== "string" || !KEY_ID.test(kid) || header.toString() !== headerOf(kid)) throw refused("has another header than that of a checkpoint");
  const key = keys.get(kid) ?? keys.get(ANY_KEY);
  if (key === undefined) throw new ProofError("key_unknown", `a checkpoint is signed with the key "${kid}", which is not among those given`);
  if (!verify(null, Buffer.from(jws.slice(0, jws.lastIndexOf("."))), key, signature)) throw refused(`is not signed by the key "${kid}"`);
  const checkpoint = objectIn(payload.toString()) as Partial<Checkpoint>;
  if (!isCheckpoint(checkpoint) || payload.toString() !== textOf(checkpoint)) throw refused("is signed, but says something else than a checkpoint does");
  return checkpoint;
}

/** By which the next checkpoint names this one. */
export const hashOf = (jws: string): string => createHash("sha256").update(jws).digest("hex");

const headerOf = (kid: string): string => JSON.stringify({ alg: "EdDSA", kid, typ: TYPE });
const textOf = (checkpoint: Checkpoint): string => JSON.stringify(Object.fromEntries(Object.keys(MEMBERS).map((name) => [name, checkpoint[name as keyof Checkpoint]])));
const encoded = (text: string): string => Buffer.from(text).toString("base64url");
const refused = (words: string): ProofError => new ProofError("checkpoint_signature", `a checkpoint ${words}`);

/** Nothing, if the same bytes are written in another way too. */
function decoded(part: string): Buffer | null {
  const bytes = Buffer.from(part, "base64url");
  return bytes.toString("base64url") === part ? bytes : null;
}

function objectIn(json: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(json) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function isCheckpoint(value: Partial<Checkpoint>): value is Checkpoint {
  return Object.entries(MEMBERS).every(([name, fits]) => fits(value[name as keyof Checkpoint]));
}

function matching(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === "string" && pattern.test(value);
}
