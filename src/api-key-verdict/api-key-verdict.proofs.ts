/** Owns the proof that a presented text is a key: found by its public part, compared once, and remembered under a digest. What the key may do is not asked here. */
import { hash, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { Fault } from "../kernel/fault.js";
import { LateError, within } from "../kernel/within.js";
import type { HashQueue } from "./api-key-verdict.hashing.js";
import { knownFrom, type FoundKey, type Knowledge, type KnownKey } from "./api-key-verdict.knowledge.js";
import type { KeySecrets } from "../api-key/api-key.secret.js";
import { hasEnded } from "../api-key/api-key.state.js";

/** That a text is the key of this row, for as long as the row's secret is the one that it was compared with. */
export type Proof = Pick<KnownKey, "id" | "lookupId" | "fingerprint">;

/** A text that can be a key. */
export interface Presented {
  /** Whose turn it takes. */
  caller: string;
  text: string;
  lookupId: string;
}

export interface KeyProofs {
  /** What a text is remembered under; of no use outside of this process, nor after it. */
  digestOf(text: string): string;
  recall(digest: string): Proof | undefined;
  /** The proof does not hold any more. */
  drop(digest: string): void;
  /** Compared once for all who present the same text meanwhile. Only success is remembered. Null and faults: as {@link KeyProofs.find}. */
  prove(presented: Presented, digest: string): Promise<Proof | null>;
  /**
   * The key that this text is, ended ones included; null when no key has this look-up id, and when its secret is another one: both take
   * one statement and one hash. Null, too, for a key that has ended and whose pepper is not here.
   *
   * Faults  UNAVAILABLE, also at once when too many wait, and when the pepper of a key that works is not here; DEADLINE_EXCEEDED.
   */
  find(presented: Presented): Promise<FoundKey | null>;
}

export interface ProofParts {
  knowledge: Pick<Knowledge, "lookUp" | "keys">;
  secrets: Pick<KeySecrets, "matches" | "pretend">;
  queue: HashQueue;
  now: () => Date;
  operationMs: number;
  /** Told of each key whose proof is remembered from now on. */
  proven(text: string, key: FoundKey): void;
}

interface Comparison {
  found: readonly FoundKey[];
  key: FoundKey | null;
}

const PROOFS_AT_MOST = 50_000;

export function openKeyProofs({ knowledge: { lookUp, keys }, secrets, queue, now, operationMs, proven }: ProofParts): KeyProofs {
  const secret = randomBytes(32).toString("base64");
  const proofs = new LRUCache<string, Proof>({ max: PROOFS_AT_MOST });
  const flights = new Map<string, Promise<Proof | null>>();

  /** Only imported keys share a look-up id: what cannot be compared with one, because its pepper is not here, may be another. */
  async function keyAmong(found: readonly FoundKey[], text: string): Promise<FoundKey | null> {
    let untold: Fault | undefined;
    for (const key of found) {
      try {
        if (await secrets.matches(text, key)) return key;
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        // What has ended is refused in any case, and its pepper may be gone for good: whoever tries again would do so for ever.
        if (hasEnded(key, now())) await secrets.pretend(text);
        else untold ??= thrown;
      }
    }
    if (untold) throw untold;
    if (found.length === 0) await secrets.pretend(text);
    return null;
  }

  /** The place in the queue comes first: whoever gets none has cost nothing. */
  function compare({ caller, text, lookupId }: Presented): Promise<Comparison> {
    const work = async (found: readonly FoundKey[]) => ({ found, key: await keyAmong(found, text) });
    return within(queue.run(caller, work, () => lookUp(lookupId)), operationMs).catch((thrown: unknown) => {
      throw thrown instanceof LateError ? new Fault("DEADLINE_EXCEEDED", "The operation took too long") : thrown;
    });
  }

  async function fly(presented: Presented, digest: string): Promise<Proof | null> {
    const reading = keys.begin(presented.lookupId);
    try {
      const { found, key } = await compare(presented);
      if (!key) return null;
      const { id, lookupId, fingerprint } = knownFrom(key);
      const proof = { id, lookupId, fingerprint };
      proofs.set(digest, proof);
      keys.keep(reading, found.map(knownFrom));
      proven(presented.text, key);
      return proof;
    } finally {
      keys.end(reading);
      flights.delete(digest);
    }
  }

  return {
    digestOf: (text) => hash("sha256", secret + text, "base64"),
    recall: (digest) => proofs.get(digest),
    drop: (digest) => void proofs.delete(digest),
    prove(presented, digest) {
      const flight = flights.get(digest) ?? fly(presented, digest);
      flights.set(digest, flight);
      return flight;
    },
    find: async (presented) => (await compare(presented)).key,
  };
}
