/** Owns what an instance knows of keys and their tenants: what may be told is told from memory, everything else is read, in few statements at once. */
import { createHash } from "node:crypto";
import { gathered } from "../kernel/gathered.js";
import type { Notices } from "../kernel/notices.js";
import type { KeyReads, KeyRow, StoredSecret, TenantFacts, TenantQuestion } from "./api-key.facts.js";
import { Memory } from "./api-key.memory.js";

/** A key as it is stored. */
export type FoundKey = KeyRow & StoredSecret;

/** A key without what it is compared with, of which there is only a fingerprint. */
export type KnownKey = KeyRow & { fingerprint: string };

export interface Knowledge {
  /** Every key of this look-up id; undefined when that has to be read. */
  recallKeys(lookupId: string): readonly KnownKey[] | undefined;
  /** The same, read where it has to be; none when there is no such key any more. */
  keysOf(lookupId: string): Promise<readonly KnownKey[]>;
  /** Every key of this look-up id as it is stored now. What is known is not looked at: an answer that came faster would tell that there is such a key. */
  lookUp(lookupId: string): Promise<readonly FoundKey[]>;
  /** Around a look-up whose keys may be worth remembering. */
  readonly keys: Pick<Memory<readonly KnownKey[]>, "begin" | "keep" | "end">;
  /** What of the key's tenant decides about this product; undefined when that has to be read. */
  recallTenant(row: KeyRow, product: string): TenantFacts | undefined;
  /** The same, read where it has to be; null when there is no such tenant. */
  tenantOf(row: KeyRow, product: string): Promise<TenantFacts | null>;
  forget(lookupId: string): void;
}

export interface KnowledgeParts {
  reads: KeyReads;
  notices: Pick<Notices, "epoch" | "trusts" | "on">;
  operationMs: number;
}

const KEYS_AT_MOST = 50_000;
const TENANTS_AT_MOST = 5_000;
/** Everything else of the service shares the connections. */
const KEY_READS = { atOnce: 2, together: 100, maxWaiting: 2_000 };
const TENANT_READS = { atOnce: 4, together: 1, maxWaiting: 2_000 };

/** Faults: whatever reads UNAVAILABLE, also when too much has to be read; DEADLINE_EXCEEDED. */
export function openKnowledge({ reads, notices, operationMs }: KnowledgeParts): Knowledge {
  const keys = new Memory<readonly KnownKey[]>(notices, KEYS_AT_MOST);
  const tenants = new Memory<TenantFacts>(notices, TENANTS_AT_MOST);
  const lookUp = gathered(KEY_READS, async (lookupIds: readonly string[]) => {
    const found = new Map<string, FoundKey[]>(lookupIds.map((id) => [id, []]));
    for (const key of await reads.byLookupIds([...found.keys()], operationMs)) found.get(key.lookupId)?.push(key);
    return lookupIds.map((id) => found.get(id) ?? []);
  });
  const readTenant = gathered(TENANT_READS, (questions: readonly TenantQuestion[]) => Promise.all(questions.map((question) => reads.tenant(question, operationMs))));

  notices.on((notice) => {
    if (notice.kind === "key") return keys.forget(notice.lookupId);
    if (notice.kind === "tenant") return tenants.forget(notice.tenantId);
    keys.forgetAll();
    tenants.forgetAll();
  });

  return {
    keys,
    lookUp,
    recallKeys: (lookupId) => keys.recall(lookupId),
    async keysOf(lookupId) {
      const read = async () => something((await lookUp(lookupId)).map(knownFrom));
      return keys.recall(lookupId) ?? (await keys.read(lookupId, "", read)) ?? [];
    },
    recallTenant: (row, product) => tenants.recall(row.tenantId, detailOf(row, product)),
    async tenantOf(row, product) {
      const detail = detailOf(row, product);
      const read = async () => (await readTenant({ tenantId: row.tenantId, product, projectId: row.projectId })) ?? undefined;
      return tenants.recall(row.tenantId, detail) ?? (await tenants.read(row.tenantId, detail, read)) ?? null;
    },
    forget: (lookupId) => keys.forget(lookupId),
  };
}

/** A secret that changes has another fingerprint; nothing else can be learned from it. */
export function knownFrom({ hash, pepperId, ...row }: FoundKey): KnownKey {
  return { ...row, fingerprint: createHash("sha256").update(`${pepperId}:${hash}`).digest("base64") };
}

/** What of the tenant is read depends on who asks, and on the key. */
function detailOf({ projectId }: KeyRow, product: string): string {
  return `${product} ${projectId}`;
}

/** There is nothing to remember of what is not there. */
function something<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
