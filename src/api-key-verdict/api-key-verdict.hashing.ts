/** Owns the queue before argon2: how many hashes are computed at once, who waits for a turn, and who is told to come back. What is computed is `api-key.secret.ts`. */
import { availableParallelism } from "node:os";
import { Fault } from "../kernel/fault.js";

export interface HashQueue {
  /**
   * Run `work` when it is the caller's turn. Callers take turns, each caller's own in the order they came; whoever's work has taken
   * longer waits for the others.
   *
   * `prepare` begins as soon as there is a place and without waiting for a turn, so that nobody reads from a database while others
   * wait to compute; `work` gets what it resolved to.
   *
   * Faults  UNAVAILABLE at once, with nothing begun, when there is no place; and instead of a turn that comes too late to be of use.
   */
  run<T, Found = undefined>(caller: string, work: (found: Found) => Promise<T>, prepare?: () => Promise<Found>): Promise<T>;
  /** Nobody waits: there is time for what can be put off. */
  readonly idle: boolean;
}

export interface HashBounds {
  /** Hashes computed at the same time. */
  atOnce: number;
  /** Places besides those whose turn it is. */
  maxWaiting: number;
  /** Of all places, so that no caller keeps the others out. */
  ofOneCaller: number;
  /** As long as an operation may take: nobody is there any more for an answer that comes later. */
  longestWaitMs: number;
  nowMs: () => number;
}

/** Less than this is not told apart: turns that take about as long go round. */
const TOLD_APART_MS = 10;

/** One core is left for everything else; more than two would fill the thread pool, in which names are resolved and signatures checked, too. */
const AT_ONCE = Math.max(1, Math.min(2, availableParallelism() - 1));
const DEFAULTS: HashBounds = { atOnce: AT_ONCE, maxWaiting: 512, ofOneCaller: 384, longestWaitMs: 10_000, nowMs: () => performance.now() };

interface Waiter {
  sinceMs: number;
  begin(): void;
  giveUp(): void;
}

export function openHashQueue(bounds: Partial<HashBounds> = {}): HashQueue {
  const { atOnce, maxWaiting, ofOneCaller, longestWaitMs, nowMs } = { ...DEFAULTS, ...bounds };
  /** Places taken, by caller. */
  const places = new Map<string, number>();
  /** How long the work of each caller has taken, while anybody has a place. An unknown key costs eight of the dearest hashes where so many imported ones begin as it does. */
  const used = new Map<string, number>();
  /** What the one who had the last turn had used. Whoever comes begins with it: time without a question is no claim. */
  let level = 0;
  /** Of those who have used least, the caller who is first in it is next. Nobody's line is empty. */
  const lines = new Map<string, Waiter[]>();
  let taken = 0;
  let running = 0;

  function enter(caller: string): void {
    const own = places.get(caller) ?? 0;
    if (taken >= atOnce + maxWaiting || own >= ofOneCaller) throw busy();
    places.set(caller, own + 1);
    taken += 1;
    if (own === 0) used.set(caller, Math.max(usedBy(caller), level));
  }

  function leave(caller: string): void {
    const own = (places.get(caller) ?? 1) - 1;
    if (own > 0) places.set(caller, own);
    else places.delete(caller);
    taken -= 1;
    if (taken > 0) return;
    used.clear();
    level = 0;
  }

  function usedBy(caller: string): number {
    return used.get(caller) ?? 0;
  }

  function hasUsedLess(one: string, other: string): boolean {
    return Math.floor(usedBy(one) / TOLD_APART_MS) < Math.floor(usedBy(other) / TOLD_APART_MS);
  }

  function turn(caller: string, sinceMs: number): Promise<void> | undefined {
    if (running < atOnce) {
      running += 1;
      return undefined;
    }
    return new Promise((begin, reject) => {
      const waiter = { sinceMs, begin, giveUp: () => reject(busy()) };
      const line = lines.get(caller);
      if (line) line.push(waiter);
      else lines.set(caller, [waiter]);
    });
  }

  /** What has run hands its turn on, to nobody if nobody waits. */
  function handOn(): void {
    for (let waiter = nextInLine(); waiter; waiter = nextInLine()) {
      if (nowMs() - waiter.sinceMs <= longestWaitMs) return waiter.begin();
      waiter.giveUp();
    }
    running -= 1;
  }

  function nextInLine(): Waiter | undefined {
    const [first, ...others] = lines.keys();
    if (first === undefined) return undefined;
    const caller = others.reduce((least, other) => (hasUsedLess(other, least) ? other : least), first);
    const line = lines.get(caller) ?? [];
    lines.delete(caller);
    const waiter = line.shift();
    if (line.length > 0) lines.set(caller, line);
    return waiter;
  }

  async function counted<T>(caller: string, work: () => Promise<T>): Promise<T> {
    const beganMs = nowMs();
    level = Math.max(level, usedBy(caller));
    try {
      return await work();
    } finally {
      used.set(caller, usedBy(caller) + nowMs() - beganMs);
    }
  }

  return {
    get idle() {
      return taken === running;
    },
    async run<T, Found>(caller: string, work: (found: Found) => Promise<T>, prepare?: () => Promise<Found>) {
      const sinceMs = nowMs();
      enter(caller);
      try {
        // Without `prepare` there is nothing to be found, and the signature says so.
        const found = (await prepare?.()) as Found;
        await turn(caller, sinceMs);
        try {
          return await counted(caller, () => work(found));
        } finally {
          handOn();
        }
      } finally {
        leave(caller);
      }
    },
  };
}

function busy(): Fault {
  return new Fault("UNAVAILABLE", "The registry is busy verifying API keys, try again");
}
