/** Owns the words about a process whose event loop is watched. What watches it is `loop-delays.ts`. */

/** Flags of Node that bring the watcher along, beside the program. The product itself has no switch for it. */
export const WATCHED = ["--import", "./dist/bench/contenders/loop-delays.js"];

/** Milliseconds after which the watcher wants to look again. */
export const LOOKS_EVERY_MS = 10;

/** Milliseconds from one look to the next, {@link LOOKS_EVERY_MS} of which are meant to be there. */
export interface LoopDelays {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  looks: number;
}
