/** Owns the tree over the leaves of a chain: which of its hashes make a root or a proof, and whether a proof holds. Reading hashes is its caller's business. */
import { EMPTY_TREE, treeLeaf, treeNode } from "./audit-proof.encoding.js";

/** A complete subtree: `number` counts those of its level from 0, left to right; at level 0 are the leaves. */
export interface Subtree {
  readonly level: number;
  readonly number: number;
}

/** Hashes of every so many levels are stored; the others are made from them. */
export const STORED_EVERY = 8;

/** The sizes of trees that a number can tell exactly. */
const HIGHEST_LEVEL = 52;
const half = (count: number): number => Math.floor(count / 2);
const isOdd = (count: number): boolean => count % 2 === 1;

/** Of a tree with so many leaves its complete subtrees, biggest first. */
export const subtreesOf = (size: number): Subtree[] => subtreesBetween(0, size);

/** `from` is a multiple of the biggest subtree that fits, as it is wherever a tree is split. */
function subtreesBetween(from: number, until: number): Subtree[] {
  const found: Subtree[] = [];
  let at = from;
  for (let level = HIGHEST_LEVEL; level >= 0; level--) {
    const width = 2 ** level;
    if (until - at < width) continue;
    found.push({ level, number: at / width });
    at += width;
  }
  return found;
}

/** The stored hashes that a subtree is made of by {@link combine}: `count` of them from `first` on. At level 0 they are `treeLeaf` of the leaves. */
export function sourceOf({ level, number }: Subtree): { level: number; first: number; count: number } {
  const stored = level - (level % STORED_EVERY);
  const count = 2 ** (level - stored);
  return { level: stored, first: number * count, count };
}

/** The hash over neighbours of one level; there are a power of two of them. */
export function combine(hashes: readonly Buffer[]): Buffer {
  let row = hashes;
  while (row.length > 1) row = row.flatMap((left, at) => (isOdd(at) ? [] : [treeNode(left, row[at + 1] ?? left)]));
  return row[0] ?? EMPTY_TREE;
}

/** The hash over subtrees that get smaller from left to right; the root, if they are those of {@link subtreesOf}. */
export function rootOf(hashes: readonly Buffer[]): Buffer {
  return hashes.length === 0 ? EMPTY_TREE : hashes.reduceRight((right, left) => treeNode(left, right));
}

/**
 * What proves that the leaf at a position (from 1) is in a tree of this size: the siblings on its way to the root, the leaf's own first
 * (RFC 6962, section 2.1.1). Each is given by its complete subtrees and is {@link rootOf} their hashes.
 */
export function inclusionPath(position: number, size: number): Subtree[][] {
  const path: Subtree[][] = [];
  let [from, until] = [0, size];
  while (until - from > 1) {
    const middle = from + leftOf(until - from);
    if (position <= middle) {
      path.push(subtreesBetween(middle, until));
      until = middle;
    } else {
      path.push(subtreesBetween(from, middle));
      from = middle;
    }
  }
  return path.reverse();
}

/** What proves that a tree grew out of its first `oldSize` leaves (RFC 6962, section 2.1.2); told as in {@link inclusionPath}. */
export function consistencyPath(oldSize: number, newSize: number): Subtree[][] {
  if (oldSize === 0) return [];
  const path: Subtree[][] = [];
  let [from, until] = [0, newSize];
  while (oldSize < until) {
    const middle = from + leftOf(until - from);
    if (oldSize <= middle) {
      path.push(subtreesBetween(middle, until));
      until = middle;
    } else {
      path.push(subtreesBetween(from, middle));
      from = middle;
    }
  }
  // A left edge that the old tree is itself need not be told: its root is known.
  if (from > 0) path.push(subtreesBetween(from, until));
  return path.reverse();
}

/** RFC 9162, section 2.1.3.2. */
export function verifyInclusion(leaf: Uint8Array, position: number, size: number, path: readonly Uint8Array[], root: Uint8Array): boolean {
  if (!isSize(position) || !isSize(size) || position < 1 || position > size) return false;
  let [at, last] = [position - 1, size - 1];
  let hash = treeLeaf(leaf);
  for (const sibling of path) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      hash = treeNode(sibling, hash);
      while (!isOdd(at) && at > 0) [at, last] = [half(at), half(last)];
    } else hash = treeNode(hash, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hash.equals(root);
}

/** RFC 9162, section 2.1.4.2; every tree grew out of the empty one. */
export function verifyConsistency(oldSize: number, newSize: number, oldRoot: Uint8Array, newRoot: Uint8Array, path: readonly Uint8Array[]): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false;
  if (oldSize === 0) return path.length === 0 && EMPTY_TREE.equals(oldRoot) && (newSize > 0 || EMPTY_TREE.equals(newRoot));
  if (oldSize === newSize) return path.length === 0 && Buffer.compare(oldRoot, newRoot) === 0;
  const [first, ...rest] = Number.isInteger(Math.log2(oldSize)) ? [oldRoot, ...path] : path;
  if (first === undefined) return false;
  let [at, last] = [oldSize - 1, newSize - 1];
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  let older: Uint8Array = first;
  let newer: Uint8Array = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      older = treeNode(sibling, older);
      newer = treeNode(sibling, newer);
      while (!isOdd(at) && at > 0) [at, last] = [half(at), half(last)];
    } else newer = treeNode(newer, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && Buffer.compare(older, oldRoot) === 0 && Buffer.compare(newer, newRoot) === 0;
}

/** A tree that grows leaf by leaf and keeps no more than one hash a level. */
export class TreeBuilder {
  private readonly subtrees: Buffer[];

  constructor(
    private leaves: number,
    frontier: readonly Buffer[],
  ) {
    if (frontier.length !== subtreesOf(leaves).length) throw new Error(`a tree of ${leaves} leaves has another number of subtrees than ${frontier.length}`);
    this.subtrees = [...frontier];
  }

  get size(): number {
    return this.leaves;
  }

  add(leaf: Uint8Array): void {
    let hash = treeLeaf(leaf);
    for (let count = this.leaves; isOdd(count); count = half(count)) hash = treeNode(this.subtrees.pop() ?? hash, hash);
    this.subtrees.push(hash);
    this.leaves++;
  }

  root(): Buffer {
    return rootOf(this.subtrees);
  }

  /** Hashes of {@link subtreesOf} its size. */
  frontier(): Buffer[] {
    return [...this.subtrees];
  }
}

/** A tree's left side has the biggest power of two of leaves that leaves some for the right. */
function leftOf(count: number): number {
  let width = 1;
  while (width * 2 < count) width *= 2;
  return width;
}

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
