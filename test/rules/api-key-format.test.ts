/** Owns the guarantees of a key's text: a typo is told without asking anybody, scanners find keys, and no character is likelier than another. */
import fc from "fast-check";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ApiKeyEnvironment } from "../../src/api-key/api-key.entity.js";
import { importedLookupId, KEY_PATTERN, lookupIdOf, newKey, parseKey } from "../../src/api-key/api-key.format.js";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ENVIRONMENTS = Object.values(ApiKeyEnvironment);

/** Checked with another implementation of CRC-32. */
const VECTORS = [
  { key: "trk_prod_0123456789AB_00000000000000000000000000000017Rrow", crc: 1_026_208_930, environment: "prod", lookupId: "0123456789AB", prefix: "trk_prod" },
  { key: "trk_dev_zzzzzzzzzzzz_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz1tXSNP", crc: 1_736_805_219, environment: "dev", lookupId: "zzzzzzzzzzzz", prefix: "trk_dev_" },
];
const [KEY = ""] = VECTORS.map(({ key }) => key);

const valueOf = (digits: string) => [...digits].reduce((value, digit) => value * 62 + BASE62.indexOf(digit), 0);
const put = (text: string, at: number, what: string, instead = 1) => text.slice(0, at) + what + text.slice(at + instead);

describe("what is no key", () => {
  it.each([
    ["nothing", ""],
    ["a password", "correct horse battery staple"],
    ["another vendor's key", KEY.replace("trk", "ghp")],
    ["an unknown environment", KEY.replace("prod", "live")],
    ["an environment in capitals", KEY.replace("prod", "PROD")],
    ["a missing part", KEY.replace("_0123456789AB", "")],
    ["a space before", ` ${KEY}`],
    ["a line break after", `${KEY}\n`],
    ["two of them", KEY + KEY],
    ["digits of another alphabet", KEY.replace("0123", "٠١٢٣")],
    ["a null character", put(KEY, 30, "\0")],
    ["a wrong checksum", `${KEY.slice(0, -6)}000000`],
    ["a megabyte of key", KEY.slice(0, 22) + "0".repeat(1_000_000)],
    ["a megabyte of keys", `${KEY} `.repeat(20_000)],
  ])("%s", (_what, text) => {
    expect(parseKey(text)).toBeNull();
    expect(lookupIdOf(text, false)).toBeNull();
  });

  it.each(VECTORS)("$key with any one character changed, left out, doubled or put in", ({ key }) => {
    for (let at = 0; at < key.length; at++) {
      for (const other of `${BASE62}_- é`.replace(key.charAt(at), "")) expect(parseKey(put(key, at, other)), put(key, at, other)).toBeNull();
      for (const changed of [put(key, at, ""), put(key, at, key.charAt(at), 0), put(key, at, "0", 0)]) expect(parseKey(changed), changed).toBeNull();
    }
  });

  it("any key with two neighbours that changed places", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ENVIRONMENTS), fc.nat(), (environment, seed) => {
        const { plaintext } = newKey(environment);
        const at = seed % (plaintext.length - 1);
        const [one, other] = [plaintext.charAt(at), plaintext.charAt(at + 1)];
        fc.pre(one !== other);
        expect(parseKey(put(plaintext, at, other + one, 2))).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  it("any text that happens to be at hand", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => void expect(lookupIdOf(text, false)).toBeNull()));
  });
});

describe("a key", () => {
  it.each(VECTORS)("$key tells its public parts, and its checksum is the CRC-32 $crc", ({ key, crc, ...parts }) => {
    expect(parseKey(key)).toEqual(parts);
    expect(lookupIdOf(key, false)).toBe(parts.lookupId);
    expect([crc32(key.slice(0, -6)), valueOf(key.slice(-6))]).toEqual([crc, crc]);
  });

  it.each(ENVIRONMENTS)("that is made for %s is one, says so, and shows nothing of its secret in its prefix", (environment) => {
    for (let time = 0; time < 500; time++) {
      const { plaintext, ...parts } = newKey(environment);
      expect(parseKey(plaintext)).toEqual(parts);
      expect(parts).toEqual({ environment, lookupId: plaintext.split("_")[2], prefix: plaintext.slice(0, 8) });
      expect(valueOf(plaintext.slice(-6))).toBe(crc32(plaintext.slice(0, -6)));
    }
  });

  it("is made only once, and so is each of its two random parts", () => {
    const parts = Array.from({ length: 5_000 }, () => newKey(ApiKeyEnvironment.PROD).plaintext.split("_"));
    for (const part of [2, 3]) expect(new Set(parts.map((of) => of[part])).size).toBe(5_000);
  });

  it("has every character of the alphabet equally often in its random parts", () => {
    const random = Array.from({ length: 3_000 }, () => newKey(ApiKeyEnvironment.DEV).plaintext.slice("trk_dev_".length, -6).replace("_", "")).join("");
    const expected = random.length / BASE62.length;
    const deviation = [...BASE62].reduce((sum, digit) => sum + (random.split(digit).length - 1 - expected) ** 2 / expected, 0);
    // Chi squared with 61 degrees of freedom: above 200 less than once in 10^15 times by chance; bytes modulo 62 would give about 800.
    expect(deviation).toBeLessThan(200);
  });
});

describe("the pattern for scanners", () => {
  it.each(ENVIRONMENTS)("finds a key for %s wherever it stands", (environment) => {
    const { plaintext } = newKey(environment);
    for (const text of [plaintext, `export KEY="${plaintext}"`, `https://example.com/?key=${plaintext}&x=1`, `{"key":"${plaintext}"}`, `a\n${plaintext}\nb`]) {
      expect(KEY_PATTERN.exec(text)?.[0]).toBe(plaintext);
    }
  });

  it.each([`x${KEY}`, `${KEY}0`, KEY.slice(0, -1), KEY.replace("_prod_", "_production_")])("passes over %s", (text) => expect(KEY_PATTERN.test(text)).toBe(false));
});

describe("a key that another service made", () => {
  const THEIRS = "bp_live_4f9a8c7e6d5b";

  it("is looked for by its first eight characters, and only where imported keys are", () => {
    expect(lookupIdOf(THEIRS, true)).toBe(`~${Buffer.from("bp_live_").toString("hex")}`);
    expect(lookupIdOf(THEIRS, true)).toBe(importedLookupId("bp_live_"));
    expect(lookupIdOf(THEIRS, false)).toBeNull();
  });

  it.each([
    ["too short", "bp_live_4f9"],
    ["too long", "x".repeat(201)],
    ["with a space", "bp_live_ 4f9a8c7e"],
    ["with a line break at its end", `${THEIRS}\n`],
    ["with a null character", `bp_live_\0${THEIRS}`],
    ["with a letter outside ASCII", "bp_live_4f9a8c7é"],
    ["one of ours with a typo", put(KEY, 30, "x")],
  ])("is not: %s", (_what, text) => expect(lookupIdOf(text, true)).toBeNull());

  it("never has the look-up id of one of ours, whatever its prefix", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", minLength: 8, maxLength: 8 }), (prefix) => void expect(importedLookupId(prefix)).toMatch(/^~[0-9a-f]{16,64}$/)));
  });

  it("does not keep ours from being found", () => expect(lookupIdOf(KEY, true)).toBe("0123456789AB"));
});
