/** Owns what an instance knows of keys and their tenants: what may be told is told from memory, everything else is read, in few statements at once. */
import { createHash } from "node:crypto";
import { gathered } from "../kernel/gathered.js";
import type { Notices } from "../kernel/notices.js";
import type { KeyReads, KeyRow, ProjectQuestion, StoredSecret, TenantFacts, TenantProject, TenantQuestion } from "../api-key/api-key.facts.js";
import { Memory } from "./api-key-verdict.memory.js";
import { soughtProject, type KeyQuestion } from "./api-key-verdict.rules.js";

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
  /** What of the key's tenant decides about this question; undefined when that has to be read. */
  recallTenant(row: KeyRow, asked: Asked): TenantFacts | undefined;
  /** The same, read where it has to be; null when there is no such tenant. */
  tenantOf(row: KeyRow, asked: Asked): Promise<TenantFacts | null>;
  forget(lookupId: string): void;
}

/** What of a question says which facts decide. */
export type Asked = Pick<KeyQuestion, "product" | "project">;

/** One detail of a tenant is one of these. Nobody tells of a project that is new, so that there is none such is not remembered. */
interface OfTenant {
  facts?: TenantFacts;
  project?: TenantProject;
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
/** Apart from those: whoever asks about projects that there are not, has them read each time. */
const PROJECT_READS = { atOnce: 2, together: 1, maxWaiting: 2_000 };

/** Faults: whatever reads UNAVAILABLE, also when too much has to be read; DEADLINE_EXCEEDED. */
export function openKnowledge({ reads, notices, operationMs }: KnowledgeParts): Knowledge {
  const keys = new Memory<readonly KnownKey[]>(notices, KEYS_AT_MOST);
  const tenants = new Memory<OfTenant>(notices, TENANTS_AT_MOST);
  const lookUp = gathered(KEY_READS, async (lookupIds: readonly string[]) => {
    const found = new Map<string, FoundKey[]>(lookupIds.map((id) => [id, []]));
    for (const key of await reads.byLookupIds([...found.keys()], operationMs)) found.get(key.lookupId)?.push(key);
    return lookupIds.map((id) => found.get(id) ?? []);
  });
  const readTenant = gathered(TENANT_READS, (questions: readonly TenantQuestion[]) => Promise.all(questions.map((question) => reads.tenant(question, operationMs))));
  const readProject = gathered(PROJECT_READS, (questions: readonly ProjectQuestion[]) => Promise.all(questions.map((question) => reads.project(question, operationMs))));

  notices.on((notice) => {
    if (notice.kind === "key") return keys.forget(notice.lookupId);
    if (notice.kind === "tenant") return tenants.forget(notice.tenantId);
    keys.forgetAll();
    tenants.forgetAll();
  });

  async function factsOf({ tenantId, projectId }: KeyRow, product: string): Promise<TenantFacts | null> {
    const detail = factsDetail(product, projectId);
    const read = async () => {
      const facts = await readTenant({ tenantId, product, projectId });
      return facts ? { facts } : undefined;
    };
    return (tenants.recall(tenantId, detail) ?? (await tenants.read(tenantId, detail, read)))?.facts ?? null;
  }

  async function projectOf(question: ProjectQuestion): Promise<TenantProject | null> {
    const { tenantId, project: name } = question;
    let joined = true;
    const read = async () => {
      joined = false;
      const project = await readProject(question);
      return project ? { project } : undefined;
    };
    const known = tenants.recall(tenantId, name) ?? (await tenants.read(tenantId, name, read));
    // Others began to read before this was asked, and it may have been made in between. The next to read begin after it.
    const found = known ?? (joined ? await tenants.read(tenantId, name, read) : undefined);
    return found?.project ?? null;
  }

  return {
    keys,
    lookUp,
    recallKeys: (lookupId) => keys.recall(lookupId),
    async keysOf(lookupId) {
      const read = async () => something((await lookUp(lookupId)).map(knownFrom));
      return keys.recall(lookupId) ?? (await keys.read(lookupId, "", read)) ?? [];
    },
    recallTenant(row, { product, project: asked }) {
      const facts = tenants.recall(row.tenantId, factsDetail(product, row.projectId))?.facts;
      const sought = soughtProject(row, asked);
      if (!facts || sought === null) return facts;
      const project = tenants.recall(row.tenantId, sought)?.project;
      return project && { ...facts, project };
    },
    async tenantOf(row, { product, project: asked }) {
      const facts = await factsOf(row, product);
      const sought = soughtProject(row, asked);
      if (!facts || sought === null) return facts;
      return { ...facts, project: await projectOf({ tenantId: row.tenantId, product, project: sought }) };
    },
    forget: (lookupId) => keys.forget(lookupId),
  };
}

/** A secret that changes has another fingerprint; nothing else can be learned from it. */
export function knownFrom({ hash, pepperId, ...row }: FoundKey): KnownKey {
  return { ...row, fingerprint: createHash("sha256").update(`${pepperId}:${hash}`).digest("base64") };
}

/** What of the tenant is read depends on who asks, and on the key. With a space, which no project's slug or id has. */
function factsDetail(product: string, projectId: string | null): string {
  return `${product} ${projectId}`;
}

/** There is nothing to remember of what is not there. */
function something<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
