/** Owns what is remembered of keys and tenants between verifications, and what of it may still be told. How it is read is the verifier's business. */
import { LRUCache } from "lru-cache";
import type { Notices, ReadMark } from "../kernel/notices.js";

interface Kept<Value> {
  value: Value;
  mark: ReadMark;
  characters: number;
}

/** Something that is being read. A notice about its subject overtakes it: then it answers those who wait for it, and is neither joined nor kept. */
export interface Reading {
  readonly subject: string;
  readonly detail: string;
  readonly mark: ReadMark;
  overtaken: boolean;
}

interface Shared<Value> extends Reading {
  value: Promise<Value>;
}

/** Details that are remembered of one subject; beyond them it is begun anew. */
const DETAILS_AT_MOST = 64;
/** Of everything that is remembered, written as JSON: rows are as long as people make them. */
const CHARACTERS_AT_MOST = 32 * 1024 * 1024;

/**
 * What was read about subjects, which are what notices name. `detail` says what of a subject, where several things are read of it.
 *
 * Bound  `max` subjects and {@link CHARACTERS_AT_MOST}, the least used goes first, with {@link DETAILS_AT_MOST} details each.
 */
export class Memory<Value extends object> {
  readonly #kept: LRUCache<string, Map<string, Kept<Value>>>;
  readonly #underWay = new Map<string, Set<Reading>>();

  constructor(
    private readonly notices: Pick<Notices, "epoch" | "trusts">,
    max: number,
  ) {
    this.#kept = new LRUCache<string, Map<string, Kept<Value>>>({ max, maxSize: CHARACTERS_AT_MOST, sizeCalculation: charactersOf });
  }

  /** What is known and may be told; undefined when it has to be read. */
  recall(subject: string, detail = ""): Value | undefined {
    const kept = this.#kept.get(subject)?.get(detail);
    return kept && this.notices.trusts(kept.mark) ? kept.value : undefined;
  }

  /** Read it once for all who ask meanwhile, and keep what there is: `undefined` stands for nothing. */
  read(subject: string, detail: string, load: () => Promise<Value | undefined>): Promise<Value | undefined> {
    const joined = this.#joinable(subject, detail);
    if (joined) return joined.value;
    const reading = this.begin(subject, detail) as Shared<Value | undefined>;
    // Kept before it has ended: in between it could no longer be overtaken.
    const kept = (value: Value | undefined) => {
      if (value) this.keep(reading, value);
      return value;
    };
    reading.value = load().then(kept).finally(() => this.end(reading));
    return reading.value;
  }

  /** Before it is read: what is heard from now on may be newer. */
  begin(subject: string, detail = ""): Reading {
    const reading: Reading = { subject, detail, mark: { epoch: this.notices.epoch, readAtMs: performance.now() }, overtaken: false };
    const others = this.#underWay.get(subject);
    if (others) others.add(reading);
    else this.#underWay.set(subject, new Set([reading]));
    return reading;
  }

  /** Remember what the reading found, unless something newer is known or may be. */
  keep({ subject, detail, mark, overtaken }: Reading, value: Value): void {
    if (overtaken) return;
    const known = this.#kept.get(subject);
    const before = known?.get(detail);
    if (before && before.mark.readAtMs > mark.readAtMs) return;
    const others = known && known.size < DETAILS_AT_MOST ? known : [];
    // Another map than before: only what is new to the cache is measured.
    this.#kept.set(subject, new Map([...others, [detail, { value, mark, characters: JSON.stringify(value).length }]]));
  }

  /** From now on nothing overtakes it: whoever keeps it, does so before. */
  end(reading: Reading): void {
    const readings = this.#underWay.get(reading.subject);
    readings?.delete(reading);
    if (readings?.size === 0) this.#underWay.delete(reading.subject);
  }

  /** The subject has changed. */
  forget(subject: string): void {
    this.#kept.delete(subject);
    for (const reading of this.#underWay.get(subject) ?? []) reading.overtaken = true;
  }

  /** Anything may have changed. */
  forgetAll(): void {
    this.#kept.clear();
    for (const readings of this.#underWay.values()) for (const reading of readings) reading.overtaken = true;
  }

  #joinable(subject: string, detail: string): Shared<Value | undefined> | undefined {
    for (const reading of this.#underWay.get(subject) ?? []) {
      if (reading.detail === detail && "value" in reading && !reading.overtaken && this.notices.trusts(reading.mark)) return reading as Shared<Value | undefined>;
    }
    return undefined;
  }
}

/** At least one, which the cache insists on. */
function charactersOf(details: ReadonlyMap<string, Kept<unknown>>): number {
  let sum = 1;
  for (const { characters } of details.values()) sum += characters;
  return sum;
}
