/**
 * Owns how a key is verified at three speeds: from memory without any I/O, with what is known of it read anew, and with its secret
 * compared. What the facts mean is `api-key-verdict.rules.ts`; for how long they may be told, `kernel/notices.ts`.
 */
import type { FastifyBaseLogger } from "fastify";
import type { Catalog } from "../catalog/catalog.js";
import { Fault } from "../kernel/fault.js";
import type { Notices } from "../kernel/notices.js";
import { verdictFrom, type ApiKeyVerdict } from "./api-key-verdict.answers.js";
import type { KeyReads, KeyRow, TenantFacts } from "../api-key/api-key.facts.js";
import { lookupIdOf } from "../api-key/api-key.format.js";
import type { HashQueue } from "./api-key-verdict.hashing.js";
import { openKnowledge, type FoundKey, type KnownKey } from "./api-key-verdict.knowledge.js";
import { openKeyProofs, type Presented, type Proof } from "./api-key-verdict.proofs.js";
import type { KeySecrets } from "../api-key/api-key.secret.js";
import type { KeyUsage } from "../api-key-usage/api-key-usage.collector.js";
import { ApiKeyCode, judge, MALFORMED, ownRefusal, type Judgement, type KeyQuestion } from "./api-key-verdict.rules.js";

export interface KeyVerifier {
  /**
   * The verdict on a key, at once where nothing has to be read. Nothing is written.
   *
   * Faults  UNAVAILABLE when it cannot be told: no database, no pepper, too many keys to compare; DEADLINE_EXCEEDED. Never a verdict then.
   */
  verify(question: KeyQuestion): ApiKeyVerdict | Promise<ApiKeyVerdict>;
  /**
   * The row of a key that was presented whole, ended ones included; null for everything else. Nothing of it is remembered. `caller` is
   * whose turn it takes.
   *
   * Faults  as {@link KeyVerifier.verify}.
   */
  prove(caller: string, text: string): Promise<KeyRow | null>;
  /** A key was changed by this instance: whoever asks from now on is told, without waiting for the notice. */
  forget(lookupId: string): void;
}

declare module "../kernel/request.js" {
  interface Facilities {
    keyVerifier: KeyVerifier;
  }
}

export interface KeyVerifierParts {
  reads: KeyReads;
  secrets: KeySecrets;
  queue: HashQueue;
  notices: Pick<Notices, "epoch" | "trusts" | "maxStalenessMs" | "on">;
  usage: Pick<KeyUsage, "note" | "rehash">;
  catalog: Catalog;
  /** Are keys that another service made looked for? */
  imported: boolean;
  now: () => Date;
  operationMs: number;
  log: Pick<FastifyBaseLogger, "warn">;
}

/** A secret that changes after it was compared is compared again: it does so when it is hashed anew. */
const ATTEMPTS = 3;
/** Hashing anew takes nobody's turn but its own. */
const REHASHING = "system:rehash";

/** What a judgement is made of. */
interface Known {
  row: KeyRow | null;
  facts: TenantFacts | null;
}

const NOTHING: Known = { row: null, facts: null };

export function openKeyVerifier({ reads, secrets, queue, notices, usage, catalog, imported, now, operationMs, log }: KeyVerifierParts): KeyVerifier {
  const knowledge = openKnowledge({ reads, notices, operationMs });
  const proofs = openKeyProofs({ knowledge, secrets, queue, now, operationMs, proven: rehashWhenIdle });

  function rehashWhenIdle(text: string, key: FoundKey): void {
    if (!queue.idle) return;
    const rehash = async () => {
      const after = await secrets.rehashed(text, key);
      if (after) usage.rehash(key, { hash: key.hash, pepperId: key.pepperId }, after);
    };
    queue.run(REHASHING, rehash).catch((err: unknown) => log.warn({ err, apiKeyId: key.id }, "an API key could not be hashed anew"));
  }

  /** Undefined when something of it has to be read. */
  function recall(question: KeyQuestion, digest: string): Known | undefined {
    const proof = proofs.recall(digest);
    const row = proof && provenAmong(knowledge.recallKeys(proof.lookupId), proof);
    if (!row) return undefined;
    const facts = knowledge.recallTenant(row, question);
    if (facts) return { row, facts };
    return ownRefusal(row, question, now()) ? { row, facts: null } : undefined;
  }

  async function find(question: KeyQuestion, lookupId: string, digest: string): Promise<ApiKeyVerdict> {
    const found = await read(question, lookupId, digest);
    if (!found.facts) return answer(found, question);
    // The key may have ended while its tenant's facts were long in coming, and a verdict says how old it can be. That there is no such
    // project is not remembered and not asked again: it was looked for last.
    const rest = found.facts.project ? question : { ...question, project: null };
    return answer(recall(rest, digest) ?? (await read(question, lookupId, digest)), question);
  }

  async function read(question: KeyQuestion, lookupId: string, digest: string): Promise<Known> {
    const row = await provenRow({ caller: question.product, text: question.key, lookupId }, digest);
    const needsTenant = row !== null && !ownRefusal(row, question, now());
    return { row, facts: needsTenant ? await knowledge.tenantOf(row, question) : null };
  }

  /** As it is now: a proof says nothing about when its row was read, and may be somebody else's, who came earlier. */
  async function provenRow(presented: Presented, digest: string): Promise<KeyRow | null> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const proof = proofs.recall(digest) ?? (await proofs.prove(presented, digest));
      if (!proof) return null;
      const row = provenAmong(await knowledge.keysOf(presented.lookupId), proof);
      if (row) return row;
      proofs.drop(digest);
    }
    throw new Fault("UNAVAILABLE", "The registry is busy, try again");
  }

  function answer({ row, facts }: Known, question: KeyQuestion): ApiKeyVerdict {
    const checkedAt = now();
    const judgement = judge({ row, facts, question, catalog, now: checkedAt });
    if (row) usage.note(row, judgement.code === ApiKeyCode.VALID);
    return told(judgement, { row, facts }, checkedAt);
  }

  function told(judgement: Judgement, known: Known, checkedAt: Date): ApiKeyVerdict {
    return verdictFrom({ judgement, ...known, checkedAt, maxStalenessMs: notices.maxStalenessMs });
  }

  return {
    verify(question) {
      const digest = proofs.digestOf(question.key);
      const known = recall(question, digest);
      if (known) return answer(known, question);
      const lookupId = lookupIdOf(question.key, imported);
      return lookupId === null ? told(MALFORMED, NOTHING, now()) : find(question, lookupId, digest);
    },
    async prove(caller, text) {
      const lookupId = lookupIdOf(text, imported);
      return lookupId === null ? null : withoutSecret(await proofs.find({ caller, text, lookupId }));
    },
    forget: (lookupId) => knowledge.forget(lookupId),
  };
}

function provenAmong(keys: readonly KnownKey[] | undefined, { id, fingerprint }: Proof): KnownKey | undefined {
  return keys?.find((key) => key.id === id && key.fingerprint === fingerprint);
}

function withoutSecret(found: FoundKey | null): KeyRow | null {
  if (!found) return null;
  const { hash: _hash, pepperId: _pepperId, ...row } = found;
  return row;
}
