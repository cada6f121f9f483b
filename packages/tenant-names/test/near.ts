/** Owns random values near each other by the million, drawn at a tenth of what arbitraries cost: the same seed gives the same values. */
import { isKey, isSlug } from "../src/index.js";
import { hostilePieces, isNoMarker, keyPieces, type Parts, slugPieces } from "./cases.js";

/** A number from 0 to below `below`. */
type Draw = (below: number) => number;

/** Thirty-two bits of state, each step multiplied and mixed: far from secret, and even enough for tests. */
function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
  };
}

/** All that one, two or three pieces make, by how many they are. */
function joinedOf(pieces: readonly string[], fits: (text: string) => boolean): readonly (readonly string[])[] {
  const two = pieces.flatMap((first) => pieces.map((second) => first + second));
  return [pieces, two, two.flatMap((start) => pieces.map((last) => start + last))].map((texts) => texts.filter(fits));
}

const slugs = joinedOf(slugPieces, isSlug);
const keys = joinedOf(keyPieces, (text) => isKey(text) && isNoMarker(text));

const oneOf = <T>(draw: Draw, things: readonly T[]): T => things[draw(things.length)] as T;
const slug = (draw: Draw) => oneOf(draw, slugs[draw(3)] as readonly string[]);
const key = (draw: Draw) => oneOf(draw, keys[draw(3)] as readonly string[]);
const several = <T>(draw: Draw, most: number, one: (draw: Draw) => T): T[] => Array.from({ length: 1 + draw(most) }, () => one(draw));

/** Of any plane, but more often of the first, where most of what means something is. No half of a surrogate pair. */
function character(draw: Draw): string {
  const point = draw([0x80, 0x100, 0x1_0000, 0x11_0000][draw(4)] as number);
  return String.fromCodePoint(point >= 0xd800 && point <= 0xdfff ? point - 0xd800 : point);
}

function text(draw: Draw): string {
  return draw(2) === 0 ? several(draw, 8, character).join("") : several(draw, 3, (from) => oneOf(from, hostilePieces)).join("");
}

function parts(draw: Draw): Parts {
  return [slug(draw), slug(draw), draw(4) === 0 ? null : slug(draw), slug(draw), text(draw), key(draw), several(draw, 4, key), draw(8)];
}

/** Some of the parts are taken over, and tenant and environment, or environment and team, may be swapped. */
function near(draw: Draw, one: Parts): Parts {
  const [fresh, taken, swap] = [parts(draw), draw(256), draw(4)];
  const other = one.map((part, at) => ((taken >> at) % 2 === 1 ? part : fresh[at])) as Parts;
  if (swap === 1) [other[0], other[1]] = [other[1], other[0]];
  if (swap === 2 && other[2] !== null) [other[1], other[2]] = [other[2], other[1]];
  return other;
}

const isApart = (one: Parts, other: Parts) => one[0] !== other[0] || one[1] !== other[1] || one[2] !== other[2];

/** So many values and one more, each near the one before it, and none in the same context as that. */
export function contextsApart(seed: number, count: number): Parts[] {
  const draw = drawFrom(seed);
  const values = [parts(draw)];
  while (values.length <= count) {
    const before = values.at(-1) as Parts;
    const next = near(draw, before);
    if (isApart(before, next)) values.push(next);
  }
  return values;
}

/** The same, all in one context. */
export function oneContext(seed: number, count: number): Parts[] {
  const draw = drawFrom(seed);
  const values = [parts(draw)];
  const [tenant, environment, team] = values[0] as Parts;
  while (values.length <= count) {
    const [, , , ...rest] = near(draw, values.at(-1) as Parts);
    values.push([tenant, environment, team, ...rest]);
  }
  return values;
}
