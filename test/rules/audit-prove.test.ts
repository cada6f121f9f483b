/** Owns the guarantee that a proof holds for the event, the place and the checkpoints that it is about, and for nothing else. */
import { describe, expect, it } from "vitest";
import { ProofError } from "../../src/audit-proof/audit-proof.failure.js";
import { checkProof, type Included } from "../../src/audit-proof/audit-proof.prove.js";
import { AuditLog, bytesOf, seedOf } from "../testkit/audit-log.js";

const SIZES = [0, 1, 2, 5, 8, 13, 21];
const log = new AuditLog();
for (const size of SIZES) {
  while (log.head < size) log.append();
  log.checkpoint();
}
log.erase(3, ["actor", "text"]);
const bytes = bytesOf(log.export());

async function* streamOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < content.length; from += 777) yield content.subarray(from, from + 777);
}
const check = (proof: unknown, keys = log.keys, events?: Uint8Array) =>
  checkProof(proof, keys, events && streamOf(events)).catch((error: unknown) => {
    expect(error).toBeInstanceOf(ProofError);
    return (error as ProofError).reason;
  });

describe("an inclusion proof", () => {
  it.each(SIZES.slice(1).map((size, at) => [size, at + 2] as const))("holds for each of %i events", async (size, number) => {
    for (let position = 1; position <= size; position++) {
      const proof = log.inclusionProof(position, number);
      expect(await check(proof)).toMatchObject({ kind: "inclusion", position, event: null, checkpoint: { position: size, number } });
      const shown = (await check(proof, log.keys, bytes)) as Included;
      expect(shown.event).toBe(`00000000-0000-4000-8000-${String(position).padStart(12, "0")}`);
    }
  });

  const proof = log.inclusionProof(6, 6);
  it("holds for no other event, place or checkpoint", async () => {
    expect(await check({ ...proof, leaf: log.inclusionProof(7, 6).leaf })).toBe("not_included");
    for (const position of ["5", "7", "14", "9007199254740991"]) expect(await check({ ...proof, position })).toBe("not_included");
    for (const number of [1, 2, 3, 4, 5, 7]) expect(await check({ ...proof, checkpoint: { signed: log.checkpoints[number - 1] } })).toBe("not_included");
    expect(await check({ ...proof, path: proof.path.slice(1) })).toBe("not_included");
    expect(await check({ ...proof, path: [...proof.path].reverse() })).toBe("not_included");
    expect(await check({ ...proof, path: [] })).toBe("not_included");
  });

  it("is about the event that the export has at its place", async () => {
    const text = bytes.toString();
    const withLine = (position: number, change: (line: string) => string) => Buffer.from(text.split("\n").map((line) => (line.includes(`"position":${position},"format"`) ? change(line) : line)).join("\n"));
    expect(await check(proof, log.keys, withLine(6, (line) => line.replace("document.update", "document.read")))).toBe("content_changed");
    expect(await check(proof, log.keys, withLine(6, (line) => line.replace(log.tenant, seedOf("").toString("hex").slice(0, 36))))).toBe("wrong_tenant");
    expect(await check(proof, log.keys, withLine(6, (line) => `${line}\n${line}`))).toBe("position_repeated");
    expect(await check(proof, log.keys, withLine(6, (line) => line.replace('"columns":{', '"columns":{"note":"x",')))).toBe("bad_line");
    expect(await check(proof, log.keys, Buffer.from("hello\n"))).toBe("position_gap");
    expect(await check(log.inclusionProof(3, 6), log.keys, withLine(3, (line) => line.replace('"actor_name":null', '"actor_name":"Eve"')))).toBe("content_changed");
  });

  it("needs the registry's signature", async () => {
    const forged = new AuditLog({ log: log.log, tenant: log.tenant, seed: seedOf("somebody else's key") });
    for (let position = 1; position <= 6; position++) forged.append({ action: "document.read" });
    forged.checkpoint();
    expect(await check(forged.inclusionProof(6, 1))).toBe("checkpoint_signature");
    expect(await check(forged.inclusionProof(6, 1), forged.keys)).toMatchObject({ position: 6 });
    expect(await check(proof, new Map())).toBe("key_unknown");
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "proof"],
    ["a list", []],
    ["no path", { ...proof, path: undefined }],
    ["a path of numbers", { ...proof, path: [1] }],
    ["a path of other texts", { ...proof, path: ["zz"] }],
    ["a path as long as a book", { ...proof, path: Array.from({ length: 129 }, () => "00".repeat(32)) }],
    ["no position", { ...proof, position: undefined }],
    ["a position that is a number", { ...proof, position: 6 }],
    ["position 0", { ...proof, position: "0" }],
    ["a position with an exponent", { ...proof, position: "6e0" }],
    ["no leaf", { ...proof, leaf: undefined }],
    ["no checkpoint", { ...proof, checkpoint: null }],
    ["a checkpoint without a signature", { ...proof, checkpoint: { position: 21 } }],
  ])("of %s is none", async (_what, value) => {
    expect(await check(value)).toBe("bad_proof");
  });
});

describe("a consistency proof", () => {
  const pairs = SIZES.flatMap((_, from) => SIZES.slice(from).map((__, more) => [from + 1, from + more + 1] as const));

  it.each(pairs)("holds from checkpoint %i to %i, and the other way round only for the same", async (from, to) => {
    const proof = log.consistencyProof(from, to);
    expect(await check(proof)).toMatchObject({ kind: "consistency", from: { number: from }, to: { number: to } });
    expect(await check({ ...proof, from: proof.to, to: proof.from })).toEqual(from === to ? expect.anything() : "not_consistent");
    expect(await check({ ...proof, path: [...proof.path, "00".repeat(32)] })).toBe("not_consistent");
  });

  it("does not hold for a history that was changed, or another tenant's", async () => {
    const other = new AuditLog({ log: log.log, tenant: log.tenant });
    for (let position = 1; position <= 13; position++) {
      other.append(position === 4 ? { action: "document.read" } : {});
      if (position === 5) other.checkpoint();
    }
    other.checkpoint();
    expect(await check(other.consistencyProof(1, 2))).toMatchObject({ kind: "consistency" });
    expect(await check({ ...other.consistencyProof(1, 2), from: { signed: log.checkpoints[3] } })).toBe("not_consistent");
    const theirs = new AuditLog({ log: log.log });
    theirs.checkpoint();
    expect(await check({ ...log.consistencyProof(2, 3), to: { signed: theirs.checkpoints[0] } })).toBe("checkpoint_other_log");
    expect(await check({ from: { signed: "x" }, to: { signed: "y" }, path: [] })).toBe("checkpoint_signature");
    expect(await check({ from: {}, to: {}, path: [] })).toBe("bad_proof");
  });
});
