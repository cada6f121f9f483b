/** Owns the guarantee that a checkpoint is read as it was signed or not at all, and that a file of keys gives public Ed25519 keys only. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { compactVerify, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { hashOf, open, sign, type Checkpoint } from "../../src/audit-proof/audit-proof.checkpoint.js";
import { ProofError } from "../../src/audit-proof/audit-proof.failure.js";
import { publicKeysFrom, signingKeyFrom } from "../../src/audit-proof/audit-proof.keys.js";
import { seedOf } from "../testkit/audit-log.js";

const KEY = signingKeyFrom("2026-10", seedOf("a key"));
const KEYS = publicKeysFrom(JSON.stringify({ keys: [KEY.publicJwk] }));
const CHECKPOINT: Checkpoint = {
  log: "0d0b6a53-6f0e-4f0e-8a41-5e9a3f1f7a01", tenant: "2a9d7c9e-8a53-47d7-9b07-0c9e6f7f7b02", number: 7, position: 4_212, chain: "ab".repeat(32), root: "cd".repeat(32),
  time: "2026-10-05T12:00:00.000Z", previous: "ef".repeat(32), kind: "interval",
};
const HEADER = '{"alg":"EdDSA","kid":"2026-10","typ":"audit-checkpoint+jws"}';
const base64url = (text: string) => Buffer.from(text).toString("base64url");
/** Whatever somebody with the key would sign. */
const signed = (payload: string, header = HEADER) => {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${signBytes(null, Buffer.from(input), KEY.privateKey).toString("base64url")}`;
};
const reasonOf = (read: () => unknown) => {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(ProofError);
    return (error as ProofError).reason;
  }
};

describe("a checkpoint", () => {
  it("is read as it was signed, and other software verifies it too", async () => {
    const jws = sign(CHECKPOINT, KEY);
    expect(open(jws, KEYS)).toEqual(CHECKPOINT);
    expect(jws).toBe(signed(JSON.stringify(CHECKPOINT)));
    const { payload, protectedHeader } = await compactVerify(jws, await importJWK({ ...KEY.publicJwk }, "EdDSA"));
    expect([JSON.parse(Buffer.from(payload).toString()), protectedHeader]).toEqual([CHECKPOINT, JSON.parse(HEADER)]);
    expect(hashOf(jws)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is the same text whatever the order of its members was", () => {
    expect(sign(Object.fromEntries(Object.entries(CHECKPOINT).reverse()) as unknown as Checkpoint, KEY)).toBe(sign(CHECKPOINT, KEY));
  });

  it.each<[string, Partial<Record<keyof Checkpoint, unknown>>]>([
    ["no log", { log: undefined }],
    ["a log that is no id", { log: "A".repeat(36) }],
    ["a tenant that is none", { tenant: null }],
    ["number 0", { number: 0 }],
    ["a number as text", { number: "7" }],
    ["a negative position", { position: -1 }],
    ["half a position", { position: 1.5 }],
    ["a position that a number cannot tell", { position: 2 ** 53 }],
    ["half a hash", { chain: "ab".repeat(16) }],
    ["a hash in capitals", { root: "CD".repeat(32) }],
    ["a time of its own kind", { time: "yesterday" }],
    ["no previous", { previous: undefined }],
    ["a previous that is empty", { previous: "" }],
    ["another kind", { kind: "daily" }],
    ["a member more", { more: 1 } as never],
  ])("with %s is refused, although it is signed", (_what, change) => {
    expect(reasonOf(() => open(signed(JSON.stringify({ ...CHECKPOINT, ...change })), KEYS))).toBe("checkpoint_signature");
  });

  it.each([
    ["spaces in it", JSON.stringify(CHECKPOINT, null, 1)],
    ["another order", JSON.stringify(Object.fromEntries(Object.entries(CHECKPOINT).reverse()))],
    ["a member twice", JSON.stringify(CHECKPOINT).replace("{", '{"number":8,')],
    ["nothing", ""],
    ["null", "null"],
    ["a list", "[]"],
    ["half of it", JSON.stringify(CHECKPOINT).slice(0, 100)],
  ])("that says %s is refused, although it is signed", (_what, payload) => {
    expect(reasonOf(() => open(signed(payload), KEYS))).toBe("checkpoint_signature");
  });

  it.each([
    ["none as algorithm", HEADER.replace("EdDSA", "none")],
    ["HMAC as algorithm", HEADER.replace("EdDSA", "HS256")],
    ["another type", HEADER.replace("audit-checkpoint+jws", "JWT")],
    ["a key inside", HEADER.replace("{", `{"jwk":${JSON.stringify(KEY.publicJwk)},`)],
    ["an extension", HEADER.replace("}", ',"crit":["b64"],"b64":false}')],
    ["another order", '{"typ":"audit-checkpoint+jws","kid":"2026-10","alg":"EdDSA"}'],
    ["no key", '{"alg":"EdDSA","typ":"audit-checkpoint+jws"}'],
    ["the name for any key", HEADER.replace("2026-10", "*")],
    ["a name of a line", HEADER.replace("2026-10", "\\u001b[2J")],
  ])("with %s in its header is refused, although it is signed", (_what, header) => {
    expect(reasonOf(() => open(signed(JSON.stringify(CHECKPOINT), header), KEYS))).toBe("checkpoint_signature");
  });

  const jws = sign(CHECKPOINT, KEY);
  const [header = "", payload = "", signature = ""] = jws.split(".");
  it.each([
    ["nothing", ""],
    ["one part", header],
    ["two parts", `${header}.${payload}`],
    ["four parts", `${jws}.${signature}`],
    ["no signature", `${header}.${payload}.`],
    ["half a signature", jws.slice(0, -20)],
    ["padding", `${jws}=`],
    ["a line break", `${jws}\n`],
    ["other bits behind the last byte", jws.replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1))],
    ["plain base64", `${header}.${payload}.${Buffer.from(signature, "base64url").toString("base64")}`],
    ["a megabyte", `${header}.${"A".repeat(1_000_000)}.${signature}`],
    ["a megabyte of dots", ".".repeat(1_000_000)],
  ])("of %s is refused", (_what, text) => {
    expect(reasonOf(() => open(text, KEYS))).toBe("checkpoint_signature");
  });

  it("is refused when its key is not given, or another one bears its name", () => {
    const other = signingKeyFrom("2026-10", seedOf("another key"));
    expect(reasonOf(() => open(jws, new Map()))).toBe("key_unknown");
    expect(reasonOf(() => open(jws, publicKeysFrom(JSON.stringify(other.publicJwk))))).toBe("checkpoint_signature");
  });
});

describe("a file of keys", () => {
  const pem = createPublicKey(KEY.privateKey).export({ type: "spki", format: "pem" }).toString();
  const { kid: _kid, ...nameless } = KEY.publicJwk;

  it.each([
    ["a set", JSON.stringify({ keys: [{ kty: "RSA", n: "AQAB", e: "AQAB", kid: "old" }, null, "key", KEY.publicJwk] })],
    ["one key", JSON.stringify(KEY.publicJwk)],
    ["one key without a name", ` ${JSON.stringify(nameless)}\n`],
    ["a PEM", pem],
  ])("may be %s", (_what, text) => {
    expect(open(sign(CHECKPOINT, KEY), publicKeysFrom(text))).toEqual(CHECKPOINT);
  });

  const { privateKey, publicKey } = generateKeyPairSync("ed448");
  it.each([
    ["nothing", "", /is no JWK/],
    ["something else", "hello", /is no JWK/],
    ["half a set", '{"keys": [', /is no JWK/],
    ["an empty set", '{"keys": []}', /no Ed25519 key/],
    ["a key of no bytes", '{"kty":"OKP","crv":"Ed25519","x":""}', /is no JWK/],
    ["a key of another curve", publicKey.export({ type: "spki", format: "pem" }).toString(), /no Ed25519 key/],
    ["a private key of another curve", privateKey.export({ type: "pkcs8", format: "pem" }).toString(), /private key/],
    ["its own private key", KEY.privateKey.export({ type: "pkcs8", format: "pem" }).toString(), /private key/],
    ["its own private key as JWK", JSON.stringify({ keys: [{ ...KEY.privateKey.export({ format: "jwk" }), kid: "2026-10" }] }), /private key/],
  ])("of %s is refused in words, without a secret", (_what, text, words) => {
    expect(() => publicKeysFrom(text)).toThrow(words);
  });

  it("a key is made of exactly 32 bytes, and always the same one of the same", () => {
    expect(() => signingKeyFrom("short", Buffer.alloc(31))).toThrow();
    expect(signingKeyFrom("2026-10", seedOf("a key")).publicJwk).toEqual(KEY.publicJwk);
    // RFC 8032, section 7.1, the first test.
    const seed = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
    expect(Buffer.from(signingKeyFrom("rfc", seed).publicJwk.x, "base64url").toString("hex")).toBe("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    expect(createPrivateKey(KEY.privateKey.export({ type: "pkcs8", format: "pem" })).asymmetricKeyType).toBe("ed25519");
  });
});
