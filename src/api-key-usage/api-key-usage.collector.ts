/** Owns the noting down of what keys are used for: collected in memory while they are verified, written in batches afterwards. The statements are `api-key-usage.statements.ts`. */
import type { FastifyBaseLogger } from "fastify";
import { dayOf } from "../kernel/days.js";
import { MAX_NAMED_KEYS, type KeyDoor } from "../kernel/key-door.js";
import type { KeyRow, StoredSecret } from "../api-key/api-key.facts.js";
import { minuteOf, namesOf, rehashing, together, usesOf, type Rehash, type Uses } from "./api-key-usage.statements.js";

export interface KeyUsage {
  /** A key was proven, and this was the verdict. It is added up in memory and no more: callers wait for the verdict. */
  note(row: Pick<KeyRow, "id" | "lookupId">, valid: boolean): void;
  /** A key was proven whose secret is to be hashed anew. It is not written over another hash than `before`. */
  rehash(row: Pick<KeyRow, "lookupId" | "seat">, before: StoredSecret, after: StoredSecret): void;
  /** Write what has been noted so far. Never rejects: what cannot be written is kept for the next time. */
  flush(): Promise<void>;
  /** Write again and again from now on; without it only {@link KeyUsage.flush} writes. */
  start(): void;
  /** Write for the last time. */
  close(): Promise<void>;
}

export interface KeyUsageParts {
  door: KeyDoor;
  now: () => Date;
  log: Pick<FastifyBaseLogger, "info" | "warn" | "error">;
  everyMs?: number;
}

const EVERY_MS = 10_000;
/** So many keys are written without waiting for their time. */
const MANY = 5_000;
/** While nothing can be written, no more keys than these are remembered: some tens of megabytes. */
const MOST = 50_000;

/**
 * When a key was last used, to the minute, and how often a day. An instance that is killed takes with it what it noted since it last
 * wrote; a batch whose commit was not acknowledged is written again, so its counts may be there twice.
 */
export function openKeyUsage({ door, now, log, everyMs = EVERY_MS }: KeyUsageParts): KeyUsage {
  const noted = new Map<string, Uses>();
  const rehashes = new Map<string, Rehash>();
  let lastWriting: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let writing = false;
  let works = true;
  let dropping = false;

  function usesOfKey({ id, lookupId }: Pick<KeyRow, "id" | "lookupId">): Uses | undefined {
    const known = noted.get(id);
    if (known || noted.size >= MOST) return known;
    const uses: Uses = { id, lookupId, usedAt: null, days: new Map() };
    noted.set(id, uses);
    return uses;
  }

  /** What is noted of a key while it is being written waits for the next time. */
  async function writeUses(uses: readonly Uses[]): Promise<void> {
    for (const { id } of uses) noted.delete(id);
    try {
      await door.write(namesOf(uses), usesOf(uses));
    } catch (thrown) {
      for (const unwritten of uses) {
        const newer = noted.get(unwritten.id);
        noted.set(unwritten.id, newer ? together(unwritten, newer) : unwritten);
      }
      throw thrown;
    }
  }

  async function writeRehashes(batch: readonly Rehash[]): Promise<void> {
    await door.write(namesOf(batch), rehashing(batch));
    for (const done of batch) if (rehashes.get(placeOf(done)) === done) rehashes.delete(placeOf(done));
  }

  async function write(): Promise<void> {
    writing = true;
    try {
      for (const uses of inBatches([...noted.values()])) await writeUses(uses);
      for (const batch of inBatches([...rehashes.values()])) await writeRehashes(batch);
      if (!works) log.info("the use of keys is written again");
      works = true;
      dropping = false;
    } catch (err) {
      if (works) log.warn({ err }, "the use of keys could not be written; it is kept and written later");
      works = false;
    } finally {
      writing = false;
    }
  }

  const flush = () => (lastWriting = lastWriting.then(write));
  const rest = () => {
    timer = setTimeout(() => void flush().then(() => running && rest()), everyMs);
  };

  return {
    note(row, valid) {
      const uses = usesOfKey(row);
      if (!uses) {
        if (!dropping) log.warn({ keys: noted.size }, "the use of no more keys can be remembered until it can be written; that of others is not counted");
        dropping = true;
        return;
      }
      const at = now();
      const day = dayOf(at);
      const counts = uses.days.get(day) ?? { verified: 0, refused: 0 };
      uses.days.set(day, counts);
      counts[valid ? "verified" : "refused"]++;
      if (valid) uses.usedAt = Math.max(uses.usedAt ?? 0, minuteOf(at));
      if (running && works && !writing && noted.size >= MANY) void flush();
    },
    rehash({ lookupId, seat }, before, after) {
      const rehash = { lookupId, seat, before, after };
      if (rehashes.size < MOST) rehashes.set(placeOf(rehash), rehash);
    },
    flush,
    start() {
      running = true;
      rest();
    },
    async close() {
      running = false;
      clearTimeout(timer);
      await flush();
      if (noted.size > 0) log.error({ keys: noted.size }, "the use of keys could not be written before the end, and is lost");
    },
  };
}

function placeOf({ lookupId, seat }: Pick<KeyRow, "lookupId" | "seat">): string {
  return `${lookupId}/${seat}`;
}

function inBatches<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / MAX_NAMED_KEYS) }, (_, index) => all.slice(index * MAX_NAMED_KEYS, (index + 1) * MAX_NAMED_KEYS));
}
