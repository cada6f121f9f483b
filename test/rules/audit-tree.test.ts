/** Owns the guarantee that the tree over a log is the one of RFC 6962: its roots, its proofs, and that nothing else passes for one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_TREE, treeLeaf, treeNode } from "../../src/audit-proof/audit-proof.encoding.js";
import { combine, consistencyPath, inclusionPath, rootOf, sourceOf, subtreesOf, TreeBuilder, verifyConsistency, verifyInclusion, type Subtree } from "../../src/audit-proof/audit-proof.tree.js";
import { seedOf } from "../testkit/audit-log.js";

const LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"].map((hex) => Buffer.from(hex, "hex"));
/** Published with the reference implementation of RFC 6962. */
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const FIRST_OF_EIGHT = [
  "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
  "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
  "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
];

const MANY = Array.from({ length: 35 }, (_, at) => seedOf(`leaf ${at}`));
const SIZES = MANY.map((_, at) => at + 1);

/** The definitions of RFC 6962, sections 2.1, 2.1.1 and 2.1.2, word for word. */
const split = (count: number) => 2 ** Math.ceil(Math.log2(count) - 1);
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length < 2) return leaves[0] === undefined ? EMPTY_TREE : treeLeaf(leaves[0]);
  return treeNode(treeHash(leaves.slice(0, split(leaves.length))), treeHash(leaves.slice(split(leaves.length))));
}
function pathOf(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length < 2) return [];
  const [left, right] = [leaves.slice(0, split(leaves.length)), leaves.slice(split(leaves.length))];
  return index < left.length ? [...pathOf(index, left), treeHash(right)] : [...pathOf(index - left.length, right), treeHash(left)];
}
function subproof(size: number, leaves: readonly Buffer[], whole: boolean): Buffer[] {
  if (size === leaves.length) return whole ? [] : [treeHash(leaves)];
  const [left, right] = [leaves.slice(0, split(leaves.length)), leaves.slice(split(leaves.length))];
  return size <= left.length ? [...subproof(size, left, whole), treeHash(right)] : [...subproof(size - left.length, right, false), treeHash(left)];
}

const hashOf = ({ level, number }: Subtree, leaves: readonly Buffer[]) => combine(leaves.slice(number * 2 ** level, (number + 1) * 2 ** level).map(treeLeaf));
const hashesOf = (path: readonly Subtree[][], leaves = MANY) => path.map((subtrees) => rootOf(subtrees.map((one) => hashOf(one, leaves))));
const flipped = (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte)));

describe("roots", () => {
  it.each(ROOTS.map((root, at) => [at + 1, root] as const))("of the reference's first %i leaves", (size, root) => {
    const builder = new TreeBuilder(0, []);
    for (const leaf of LEAVES.slice(0, size)) builder.add(leaf);
    expect(builder.root().toString("hex")).toBe(root);
    expect(rootOf(subtreesOf(size).map((one) => hashOf(one, LEAVES))).toString("hex")).toBe(root);
  });

  it("no leaves have the hash of nothing", () => {
    expect(new TreeBuilder(0, []).root().toString("hex")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it.each(SIZES)("of %i leaves are as defined, wherever the tree is laid down and taken up again", (size) => {
    const leaves = MANY.slice(0, size);
    const builder = new TreeBuilder(0, []);
    for (const leaf of leaves) builder.add(leaf);
    expect(builder.root()).toEqual(treeHash(leaves));
    for (let at = 0; at <= size; at++) {
      const again = new TreeBuilder(at, subtreesOf(at).map((one) => hashOf(one, MANY)));
      for (const leaf of leaves.slice(at)) again.add(leaf);
      expect([again.size, again.root()]).toEqual([size, treeHash(leaves)]);
      expect(again.frontier()).toEqual(subtreesOf(size).map((one) => hashOf(one, MANY)));
    }
  });

  it("a frontier of another size is refused", () => {
    expect(() => new TreeBuilder(3, [seedOf("one")])).toThrow();
  });

  it("every subtree is made of neighbours of a stored level", () => {
    expect([0, 7, 8, 13, 16].map((level) => sourceOf({ level, number: 3 }))).toEqual([
      { level: 0, first: 3, count: 1 },
      { level: 0, first: 384, count: 128 },
      { level: 8, first: 3, count: 1 },
      { level: 8, first: 96, count: 32 },
      { level: 16, first: 3, count: 1 },
    ]);
  });

  it("a tree may have as many leaves as a number can count", () => {
    const subtrees = subtreesOf(Number.MAX_SAFE_INTEGER);
    expect(subtrees.length).toBe(53);
    expect(subtrees.reduce((sum, { level }) => sum + 2 ** level, 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(inclusionPath(1, Number.MAX_SAFE_INTEGER).length).toBe(53);
  });
});

describe("inclusion", () => {
  it("the reference's path of the first of eight", () => {
    expect(hashesOf(inclusionPath(1, 8), LEAVES).map((hash) => hash.toString("hex"))).toEqual(FIRST_OF_EIGHT);
  });

  it.each(SIZES)("each of %i leaves has the path that is defined, it verifies, and for nothing else", (size) => {
    const [leaves, root] = [MANY.slice(0, size), treeHash(MANY.slice(0, size))];
    for (let position = 1; position <= size; position++) {
      const [leaf, path] = [leaves[position - 1] as Buffer, hashesOf(inclusionPath(position, size))];
      expect(path).toEqual(pathOf(position - 1, leaves));
      expect(verifyInclusion(leaf, position, size, path, root)).toBe(true);
      expect(verifyInclusion(flipped(leaf), position, size, path, root)).toBe(false);
      expect(verifyInclusion(leaf, position, size, path, flipped(root))).toBe(false);
      expect(verifyInclusion(leaf, position, size, [...path, root], root)).toBe(false);
      if (path.length > 0) expect(verifyInclusion(leaf, position, size, path.slice(1), root)).toBe(false);
      for (const [at] of path.entries()) expect(verifyInclusion(leaf, position, size, path.with(at, flipped(path[at] as Buffer)), root)).toBe(false);
      for (let other = 0; other <= size + 1; other++) if (other !== position) expect(verifyInclusion(leaf, other, size, path, root)).toBe(false);
    }
  });

  it.each([[0, 1], [2, 1], [1, 0], [-1, 3], [1.5, 3], [1, NaN], [1, Infinity], [2 ** 53, 2 ** 53]])("position %d of %d is in no tree", (position, size) => {
    expect(verifyInclusion(seedOf("leaf"), position, size, [], seedOf("root"))).toBe(false);
  });
});

describe("consistency", () => {
  it.each(SIZES)("a tree of %i leaves grew out of each smaller one by the proof that is defined, and out of no other", (size) => {
    const leaves = MANY.slice(0, size);
    const root = treeHash(leaves);
    for (let older = 1; older <= size; older++) {
      const oldRoot = treeHash(leaves.slice(0, older));
      const path = hashesOf(consistencyPath(older, size));
      expect(path).toEqual(subproof(older, leaves, true));
      expect(verifyConsistency(older, size, oldRoot, root, path)).toBe(true);
      expect(verifyConsistency(older, size, flipped(oldRoot), root, path)).toBe(false);
      expect(verifyConsistency(older, size, oldRoot, flipped(root), path)).toBe(false);
      expect(verifyConsistency(older, size, oldRoot, root, [...path, root])).toBe(false);
      for (const [at] of path.entries()) {
        expect(verifyConsistency(older, size, oldRoot, root, path.with(at, flipped(path[at] as Buffer)))).toBe(false);
        expect(verifyConsistency(older, size, oldRoot, root, path.filter((_, other) => other !== at))).toBe(false);
      }
    }
  });

  it("every tree grew out of none, and none out of a bigger one", () => {
    const [one, other] = [treeHash(MANY.slice(0, 5)), treeHash(MANY.slice(0, 3))];
    expect(verifyConsistency(0, 5, EMPTY_TREE, one, hashesOf(consistencyPath(0, 5)))).toBe(true);
    expect(verifyConsistency(0, 0, EMPTY_TREE, EMPTY_TREE, [])).toBe(true);
    expect(verifyConsistency(0, 0, EMPTY_TREE, one, [])).toBe(false);
    expect(verifyConsistency(0, 5, one, one, [])).toBe(false);
    expect(verifyConsistency(5, 3, one, other, [])).toBe(false);
    expect(verifyConsistency(5, 5, one, other, [])).toBe(false);
  });

  it("two histories that part are not consistent, whatever path is told", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 15 }), fc.nat(), (older, more, where) => {
        const size = older + more;
        const changed = MANY.slice(0, size).with(where % older, seedOf("forged"));
        const oldRoot = treeHash(MANY.slice(0, older));
        const path = consistencyPath(older, size).map((subtrees) => rootOf(subtrees.map((one) => hashOf(one, changed))));
        expect(verifyConsistency(older, size, oldRoot, treeHash(changed), path)).toBe(false);
      }),
    );
  });
});
