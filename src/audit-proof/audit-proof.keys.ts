/** Owns the keys that checkpoints are signed and checked with: how they are made of a seed, and how their public halves are read from a file. */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";

export interface SigningKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicJwk: Readonly<Record<"kty" | "crv" | "x" | "kid" | "alg" | "use", string>>;
}

/** By id; under {@link ANY_KEY} one whose id is not known. */
export type PublicKeys = ReadonlyMap<string, KeyObject>;
export const ANY_KEY = "*";

/** A file of keys that cannot be used, in words for whoever named it. */
export class KeysRefusedError extends Error {}

/** An Ed25519 seed becomes a private key in PKCS #8 with these bytes before it (RFC 8410, section 7). */
const PKCS8_ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");
const SEED_BYTES = 32;

export function signingKeyFrom(id: string, seed: Uint8Array): SigningKey {
  if (seed.length !== SEED_BYTES) throw new Error(`a seed has ${SEED_BYTES} bytes`);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });
  return { id, privateKey, publicJwk: { kty: "OKP", crv: "Ed25519", x, kid: id, alg: "EdDSA", use: "sig" } };
}

/** A JWK, a JWK set (RFC 7517) or one PEM; of a set whatever is no Ed25519 key is passed over. */
export function publicKeysFrom(text: string): PublicKeys {
  const keys = new Map(text.trimStart().startsWith("{") ? ofJson(text) : [[ANY_KEY, ofPem(text)]]);
  if (keys.size === 0) throw new KeysRefusedError("holds no Ed25519 key");
  return keys;
}

function ofPem(text: string): KeyObject {
  // Node would make the public half of it without a word, and nobody would learn that the private one is about.
  if (/PRIVATE KEY/.test(text)) throw new KeysRefusedError("holds a private key, which belongs to the registry alone");
  const key = parsed(() => createPublicKey(text));
  if (key.asymmetricKeyType !== "ed25519") throw new KeysRefusedError("holds no Ed25519 key");
  return key;
}

function ofJson(text: string): [string, KeyObject][] {
  const file = parsed(() => JSON.parse(text) as JsonWebKey & { keys?: unknown });
  const found: unknown[] = Array.isArray(file.keys) ? file.keys : [file];
  return found.flatMap((one): [string, KeyObject][] => {
    const { kty, crv, x, d, kid } = (one ?? {}) as JsonWebKey & { kid?: unknown };
    if (kty !== "OKP" || crv !== "Ed25519") return [];
    if (d !== undefined) throw new KeysRefusedError("holds a private key, which belongs to the registry alone");
    const key = parsed(() => createPublicKey({ key: { kty, crv, x }, format: "jwk" }));
    return [[typeof kid === "string" ? kid : ANY_KEY, key]];
  });
}

function parsed<Value>(read: () => Value): Value {
  try {
    return read();
  } catch {
    throw new KeysRefusedError("is no JWK, JWK set or PEM");
  }
}
