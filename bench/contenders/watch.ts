/** Owns the words about a process whose event loop is watched, and the arithmetic of waiting for it. What watches it is `loop-delays.ts`. */

/** Flags of Node that bring the watcher along, beside the program. The product itself has no switch for it. */
export const WATCHED = ["--import", "./dist/bench/contenders/loop-delays.js"];

/** Milliseconds after which the watcher wants to look again. */
export const LOOKS_EVERY_MS = 10;

export interface LoopDelays {
  /** Milliseconds from one look to the next, {@link LOOKS_EVERY_MS} of which are meant to be there. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  looks: number;
  /** Milliseconds that 99 of 100 moments are not further away from the next look than. One long standstill is a single look, but many moments. */
  waitP99Ms: number;
}

/** The time to the end of its gap that this share of all moments do not have to exceed. */
export function waitAt(share: number, gaps: readonly number[]): number {
  const longestFirst = [...gaps].sort((one, other) => other - one);
  const beyond = (1 - share) * gaps.reduce((sum, gap) => sum + gap, 0);
  let longer = 0;
  for (const [i, gap] of longestFirst.entries()) {
    longer += gap;
    // The wait beyond which this and the longer gaps together have just so many moments; shorter gaps must have none.
    const wait = (longer - beyond) / (i + 1);
    if (wait >= (longestFirst[i + 1] ?? 0)) return wait;
  }
  return NaN;
}
