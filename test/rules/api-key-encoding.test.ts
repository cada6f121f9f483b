/** Owns the guarantee that a stored hash is believed only within bounds: nobody who writes into the table decides what a verification costs. */
import { describe, expect, it } from "vitest";
import { readHash, writeHash } from "../../src/api-key/api-key.encoding.js";

const SALT = "c29tZXNhbHRzb21lc2FsdA";
const DIGEST = "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
const GOOD = `$argon2id$v=19$m=1024,t=2,p=1$${SALT}$${DIGEST}`;
const costing = (cost: string) => `$argon2id$v=19$${cost}$${SALT}$${DIGEST}`;
const bytes = (length: number) => Buffer.alloc(length, 0xa5).toString("base64").replace(/=+$/, "");

describe("a stored hash that is not computed", () => {
  it.each([
    ["an empty column", ""],
    ["the seeds' placeholder", "*"],
    ["plain text", "hunter2"],
    ["bcrypt", "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW"],
    ["argon2i", GOOD.replace("argon2id", "argon2i")],
    ["argon2d", GOOD.replace("argon2id", "argon2d")],
    ["argon2 1.0", GOOD.replace("v=19", "v=16")],
    ["no version", GOOD.replace("$v=19", "")],
    ["4 GiB", costing("m=4194304,t=2,p=1")],
    ["4 GiB and a bit", costing("m=4294967296,t=2,p=1")],
    ["as much as six digits say", costing("m=999999,t=1,p=1")],
    ["64 MiB and 1 KiB", costing("m=65537,t=1,p=1")],
    ["64 MiB five times", costing("m=65536,t=5,p=1")],
    ["99 passes over 19 MiB", costing("m=19456,t=99,p=1")],
    ["100 passes", costing("m=1024,t=100,p=1")],
    ["a thousand threads", costing("m=65536,t=1,p=1000")],
    ["17 threads", costing("m=65536,t=1,p=17")],
    ["less memory than its lanes need", costing("m=31,t=1,p=4")],
    ["no memory", costing("m=0,t=1,p=1")],
    ["no passes", costing("m=1024,t=0,p=1")],
    ["no lanes", costing("m=1024,t=1,p=0")],
    ["a negative number", costing("m=-1024,t=1,p=1")],
    ["a leading zero", costing("m=01024,t=2,p=1")],
    ["an exponent", costing("m=1e3,t=2,p=1")],
    ["another order", costing("t=2,m=1024,p=1")],
    ["additional data", costing("m=1024,t=2,p=1,data=aGVsbG8")],
    ["the id of a key", costing("m=1024,t=2,p=1,keyid=aGVsbG8")],
    ["no salt", `$argon2id$v=19$m=1024,t=2,p=1$$${DIGEST}`],
    ["7 bytes of salt", GOOD.replace(SALT, bytes(7))],
    ["65 bytes of salt", GOOD.replace(SALT, bytes(65))],
    ["15 bytes of digest", GOOD.replace(DIGEST, bytes(15))],
    ["65 bytes of digest", GOOD.replace(DIGEST, bytes(65))],
    ["a digest that was cut off", GOOD.slice(0, -1)],
    ["bits beyond the last byte", `${GOOD.slice(0, -1)}d`],
    ["padding", `${GOOD}=`],
    ["base64url", GOOD.replace(DIGEST, "-".repeat(43))],
    ["something after it", `${GOOD}$`],
    ["a line break after it", `${GOOD}\n`],
    ["something before it", ` ${GOOD}`],
    ["a megabyte of digest", GOOD + "A".repeat(1_000_000)],
  ])("%s", (_what, text) => expect(readHash(text)).toBeNull());
});

describe("a stored hash that is computed", () => {
  it.each([
    ["ours", 1_024, 2, 1],
    ["OWASP's least memory", 7_168, 5, 1],
    ["OWASP's first", 47_104, 1, 1],
    ["RFC 9106's second", 65_536, 3, 4],
    ["PHP's", 65_536, 4, 1],
    ["Go's common library on 16 cores", 65_536, 1, 16],
    ["the cheapest there is", 8, 1, 1],
  ])("%s: %d KiB, %d passes, %d lanes, and is written as it was read", (_whose, memoryKib, passes, lanes) => {
    const text = costing(`m=${memoryKib},t=${passes},p=${lanes}`);
    const read = readHash(text);
    expect(read).toEqual({ memoryKib, passes, lanes, salt: Buffer.from(SALT, "base64"), digest: Buffer.from(DIGEST, "base64") });
    expect(read && writeHash(read)).toBe(text);
  });

  it.each([8, 16, 64])("has a salt of %d bytes", (length) => expect(readHash(GOOD.replace(SALT, bytes(length)))?.salt).toHaveLength(length));

  it.each([16, 32, 64])("has a digest of %d bytes", (length) => expect(readHash(GOOD.replace(DIGEST, bytes(length)))?.digest).toHaveLength(length));
});
