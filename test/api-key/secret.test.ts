/** Owns the guarantees of stored secrets: only the whole key matches, a stored text decides neither cost nor outcome, and peppers can be replaced. */
import { argon2d, argon2i, argon2id, hash as argon2, verify } from "argon2";
import { describe, expect, it } from "vitest";
import { ApiKeyEnvironment } from "../../src/api-key/api-key.entity.js";
import type { StoredSecret } from "../../src/api-key/api-key.facts.js";
import { parseKey } from "../../src/api-key/api-key.format.js";
import { isFit, openKeySecrets, type Pepper } from "../../src/api-key/api-key.secret.js";

const pepper = (id: string): Pepper => ({ id, secret: Buffer.alloc(32, id) });
const [FIRST, SECOND] = [pepper("first"), pepper("second")];
const MIB = 1_024;

/** Of one instance, with what it logged. */
function open(...peppers: Pepper[]) {
  const logged: unknown[][] = [];
  return { ...openKeySecrets({ peppers, log: { error: (...line: unknown[]) => void logged.push(line) } }), logged };
}

const { mint } = open(FIRST);
const minted = await mint(ApiKeyEnvironment.PROD);
const { plaintext } = minted;
const stored: StoredSecret = { hash: minted.hash, pepperId: minted.pepperId };

/** A hash of `plaintext` without a pepper, as another service has them. */
const theirs = async (options: Parameters<typeof argon2>[1]): Promise<StoredSecret> => ({ hash: String(await argon2(plaintext, options)), pepperId: null });
const CHEAP = { type: argon2id, memoryCost: 512, timeCost: 1, parallelism: 1 } as const;

describe("a secret does not match", () => {
  it.each([
    ["the text of no key", ""],
    ["its own public part", plaintext.slice(0, 21)],
    ["one character less", plaintext.slice(0, -1)],
    ["one character more", `${plaintext}0`],
    ["another letter case", plaintext.toUpperCase()],
    ["the hash itself", minted.hash],
  ])("%s", async (_what, presented) => {
    expect(await open(FIRST).matches(presented, stored)).toBe(false);
  });

  it("another key with the same public part", async () => {
    const other = await mint(ApiKeyEnvironment.PROD);
    expect(await open(FIRST).matches(plaintext.slice(0, 22) + other.plaintext.slice(22), stored)).toBe(false);
  });

  it("without its pepper, or with another one", async () => {
    expect(await open(FIRST).matches(plaintext, { ...stored, pepperId: null })).toBe(false);
    expect(await open(SECOND, FIRST).matches(plaintext, { ...stored, pepperId: "second" })).toBe(false);
    expect(await open({ ...SECOND, id: "first" }).matches(plaintext, stored)).toBe(false);
  });

  it("one that nobody has", async () => expect(await open(FIRST).pretend(plaintext)).toBe(false));
});

describe("a hash that was tampered with", () => {
  const cost = /m=1024,t=2,p=1/;
  it.each([
    ["emptied", async () => ""],
    ["bcrypt", async () => "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW"],
    ["argon2i of the same key", async () => String(await argon2(plaintext, { ...CHEAP, type: argon2i, secret: FIRST.secret }))],
    ["argon2d of the same key", async () => String(await argon2(plaintext, { ...CHEAP, type: argon2d, secret: FIRST.secret }))],
    ["with additional data", async () => String(await argon2(plaintext, { ...CHEAP, secret: FIRST.secret, associatedData: Buffer.from("data") }))],
    ["cut off", async () => minted.hash.slice(0, -2)],
    ["said to be 4 GiB", async () => minted.hash.replace(cost, "m=4194304,t=2,p=1")],
    ["said to be 99 passes over 64 MiB", async () => minted.hash.replace(cost, "m=65536,t=99,p=1")],
    ["said to be a thousand threads", async () => minted.hash.replace(cost, "m=65536,t=1,p=1000")],
    ["a gigabyte of passes", async () => minted.hash.replace(cost, "m=1024,t=1048576,p=1")],
  ])("is nobody's, takes no memory, and is named in the log once: %s", async (_how, tampered) => {
    const { matches, rehashed, logged } = open(FIRST);
    const row = { id: "the key's id", hash: await tampered(), pepperId: "first" };
    expect(isFit(row.hash)).toBe(false);
    const before = process.resourceUsage().maxRSS;
    for (let time = 0; time < 20; time++) expect(await matches(plaintext, row)).toBe(false);
    // The most that the process ever had, in KiB.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(20 * MIB);
    expect(logged).toEqual([[{ apiKeyId: "the key's id" }, expect.stringContaining("unfit")]]);
    expect(await rehashed(plaintext, row)).toBeNull();
  });

  it("does not fill the log, however many there are", async () => {
    const { matches, logged } = open(FIRST);
    for (let time = 0; time < 110; time++) await matches(plaintext, { id: `key ${time}`, hash: "*", pepperId: null });
    expect(logged).toHaveLength(100);
  });

  it("to another cost within the bounds, or to the beginning of its digest, matches nothing", async () => {
    const digest = minted.hash.split("$").at(-1) ?? "";
    const beginning = Buffer.from(digest, "base64").subarray(0, 24).toString("base64");
    const tampered = [...["m=1024,t=1,p=1", "m=2048,t=2,p=1", "m=1024,t=2,p=2"].map((other) => minted.hash.replace(cost, other)), minted.hash.replace(digest, beginning)];
    for (const hash of tampered) {
      expect(isFit(hash)).toBe(true);
      expect(await open(FIRST).matches(plaintext, { ...stored, hash })).toBe(false);
    }
  });
});

describe("a pepper that is not configured", () => {
  it("denies nobody: the answer is to ask again, and the log names the pepper once", async () => {
    const { matches, logged } = open(SECOND);
    for (let time = 0; time < 3; time++) await expect(matches(plaintext, stored)).rejects.toMatchObject({ name: "Fault", code: "UNAVAILABLE", retryable: true });
    expect(logged).toEqual([[{ pepperId: "first" }, expect.stringContaining("API_KEY_PEPPERS")]]);
    expect(JSON.stringify(logged)).not.toContain(plaintext.slice(22));
  });

  it("is none at all: there are no secrets to open", () => expect(() => open()).toThrow("pepper"));
});

describe("a minted key", () => {
  it.each(Object.values(ApiKeyEnvironment))("for %s matches its hash, and is told apart by what is stored in the clear", async (environment) => {
    const { plaintext: text, lookupId, prefix, hash, pepperId } = await mint(environment);
    expect(parseKey(text)).toEqual({ environment, lookupId, prefix });
    expect(await open(SECOND, FIRST).matches(text, { hash, pepperId })).toBe(true);
    expect(pepperId).toBe("first");
    expect(hash).not.toContain(text.slice(-36));
  });

  it("is stored in the form that every argon2 reads, with the pepper as its secret input", async () => {
    expect(minted.hash).toMatch(/^\$argon2id\$v=19\$m=1024,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await verify(minted.hash, plaintext, { secret: FIRST.secret })).toBe(true);
    expect(await verify(minted.hash, plaintext)).toBe(false);
  });

  it("is salted: equal keys would have different hashes", async () => {
    const again = await open(SECOND).rehashed(plaintext, stored);
    const once = await open(SECOND).rehashed(plaintext, stored);
    expect(again?.hash.split("$")[4]).not.toBe(once?.hash.split("$")[4]);
    expect(again?.hash.split("$")[5]).not.toBe(once?.hash.split("$")[5]);
  });
});

describe("a hash of another service", () => {
  it.each([
    ["its library's own choice, 64 MiB", {}],
    ["OWASP's", { memoryCost: 19_456, timeCost: 2, parallelism: 1 }],
    ["16 threads", { memoryCost: 65_536, timeCost: 1, parallelism: 16 }],
    ["a short salt and a long digest", { ...CHEAP, salt: Buffer.alloc(8, 7), hashLength: 64 }],
  ])("matches at the cost that it has, is hashed anew once with the present one, and matches then: %s", async (_what, options) => {
    const { matches, rehashed } = open(FIRST);
    const imported = await theirs(options);
    expect(isFit(imported.hash)).toBe(true);
    expect(await matches(`${plaintext}x`, imported)).toBe(false);
    expect(await matches(plaintext, imported)).toBe(true);
    const anew = await rehashed(plaintext, imported);
    expect(anew).toEqual({ hash: expect.stringMatching(/^\$argon2id\$v=19\$m=1024,t=2,p=1\$/), pepperId: "first" });
    expect(await matches(plaintext, anew ?? stored)).toBe(true);
    expect(await rehashed(plaintext, anew ?? stored)).toBeNull();
  });
});

describe("replacing a pepper", () => {
  it("what was hashed with the old one matches while it is configured, is hashed with the new one, and needs only that then", async () => {
    const both = open(SECOND, FIRST);
    expect(await both.matches(plaintext, stored)).toBe(true);
    const renewed = (await both.rehashed(plaintext, stored)) ?? stored;
    expect(renewed.pepperId).toBe("second");
    expect(await open(SECOND).matches(plaintext, renewed)).toBe(true);
    await expect(open(FIRST).matches(plaintext, renewed)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("an instance that has the new one only as its second still hashes with the old one, and leaves the old hashes alone", async () => {
    const early = open(FIRST, SECOND);
    expect(await early.rehashed(plaintext, stored)).toBeNull();
    expect((await early.mint(ApiKeyEnvironment.DEV)).pepperId).toBe("first");
  });

  it("new keys are hashed with the first", async () => {
    expect((await open(SECOND, FIRST).mint(ApiKeyEnvironment.DEV)).pepperId).toBe("second");
  });
});
