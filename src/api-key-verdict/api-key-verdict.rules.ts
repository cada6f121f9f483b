/** Owns the answer to "what may be done with this key now?", from what is known of the key, its tenant and the question. No I/O. */
import type { Catalog } from "../catalog/catalog.js";
import { verdictOf, type Verdict } from "../entitlement/entitlement.verdict.js";
import { isUuid } from "../kernel/id.js";
import { ProjectStatus } from "../project/project.entity.js";
import { DEFAULT_PROJECT_SLUG, PROJECT_SLUG } from "../project/project.rules.js";
import { TenantStatus } from "../tenant/tenant.entity.js";
import { LIFECYCLE, statusAt } from "../tenant/tenant.lifecycle.js";
import { isAllowedFrom } from "./api-key-verdict.addresses.js";
import type { KeyRow, TenantFacts } from "../api-key/api-key.facts.js";
import { ApiKeyState, stateAt } from "../api-key/api-key.state.js";

/** What is told of a key, in the order in which it is looked at: of several reasons the first is told. */
export enum ApiKeyCode {
  MALFORMED = "MALFORMED",
  NOT_FOUND = "NOT_FOUND",
  WRONG_PRODUCT = "WRONG_PRODUCT",
  REVOKED = "REVOKED",
  EXPIRED = "EXPIRED",
  TENANT_FROZEN = "TENANT_FROZEN",
  TENANT_DEMO = "TENANT_DEMO",
  NOT_ENTITLED = "NOT_ENTITLED",
  WRONG_ENVIRONMENT = "WRONG_ENVIRONMENT",
  WRONG_PROJECT = "WRONG_PROJECT",
  IP_NOT_ALLOWED = "IP_NOT_ALLOWED",
  INSUFFICIENT_SCOPE = "INSUFFICIENT_SCOPE",
  VALID = "VALID",
}

/** What a product's service asks about a key. What it leaves out is not looked at, apart from a list of addresses, which must be answered to. */
export interface KeyQuestion {
  /** The whole key, as somebody presented it. */
  key: string;
  /** The product whose service asks. */
  product: string;
  /** All of them are needed. */
  scopes?: readonly string[] | null;
  /** Where it was presented: one that a key can be bound to, or whatever else its tenant calls an environment. */
  environment?: string | null;
  /** Slug or id, in the key's tenant. */
  project?: string | null;
  /** Where the key was presented from. */
  clientIp?: string | null;
  /** The asker can serve a frozen tenant without letting it change anything. */
  acceptReadOnly?: boolean | null;
}

export interface Judgement {
  readonly code: ApiKeyCode;
  /** The tenant is frozen, and nothing else speaks against the key. */
  readonly readOnly: boolean;
  /** What the tenant has of the product; null unless the key is valid. */
  readonly entitlement: Verdict | null;
}

export interface Case {
  /** Null when there is no such key, or when its secret is another one: who asks must not learn which. */
  row: KeyRow | null;
  /** Null when there is no such tenant. What the key itself is refused for needs none. */
  facts: TenantFacts | null;
  question: KeyQuestion;
  catalog: Catalog;
  now: Date;
}

/** Of a text that can be no key. */
export const MALFORMED = refused(ApiKeyCode.MALFORMED);

/** The judgement at `now`. A deadline that is reached has passed, whoever has or has not noticed. */
export function judge({ row, facts, question, catalog, now }: Case): Judgement {
  if (!row) return refused(ApiKeyCode.NOT_FOUND);
  const own = ownRefusal(row, question, now);
  if (own) return refused(own);
  if (!facts) return refused(ApiKeyCode.NOT_FOUND);
  const status = statusAt(facts.tenant, now);
  const frozen = status === TenantStatus.FROZEN;
  // Frozen is read-only and no less: what would not work in an active tenant does not work in this one.
  const tenant = frozen ? { ...facts.tenant, status: TenantStatus.ACTIVE } : facts.tenant;
  const entitlement = verdictOf({ tenant, product: question.product, entitlement: facts.entitlement, catalog, now });
  const use = entitlement.granted ? useRefusal(row, facts, question) : ApiKeyCode.NOT_ENTITLED;
  const code = tenantRefusal(status) ?? use;
  if (code) return { ...refused(code), readOnly: frozen && question.acceptReadOnly === true && !use };
  return { code: ApiKeyCode.VALID, readOnly: false, entitlement };
}

/** Why the key is refused whatever its tenant is; undefined when that has to be looked at. */
export function ownRefusal(row: KeyRow, { product }: KeyQuestion, now: Date): ApiKeyCode | undefined {
  if (row.product !== null && row.product !== product) return ApiKeyCode.WRONG_PRODUCT;
  const state = stateAt(row, now);
  if (state === ApiKeyState.REVOKED) return ApiKeyCode.REVOKED;
  return state === ApiKeyState.EXPIRED ? ApiKeyCode.EXPIRED : undefined;
}

function tenantRefusal(status: TenantStatus): ApiKeyCode | undefined {
  if (status === TenantStatus.FROZEN || status === TenantStatus.ARCHIVED) return ApiKeyCode.TENANT_FROZEN;
  return LIFECYCLE[status].apiKeys === "refused" ? ApiKeyCode.TENANT_DEMO : undefined;
}

/** Why the key is refused for what it is to be used for. */
function useRefusal(row: KeyRow, { project }: TenantFacts, { environment, project: asked, clientIp, scopes }: KeyQuestion): ApiKeyCode | undefined {
  if (environment != null && row.environment !== null && row.environment !== environment) return ApiKeyCode.WRONG_ENVIRONMENT;
  if (!isFor(row, project, asked)) return ApiKeyCode.WRONG_PROJECT;
  if (!isAllowedFrom(row.allowedIps, clientIp)) return ApiKeyCode.IP_NOT_ALLOWED;
  return scopes?.every((scope) => row.scopes.includes(scope)) === false ? ApiKeyCode.INSUFFICIENT_SCOPE : undefined;
}

/**
 * The slug or id by which the project that is asked about is to be looked for in the key's tenant. Null when there is nothing to look for:
 * a key that is bound goes by its own, every tenant has the implicit one, and what could be neither slug nor id is none.
 */
export function soughtProject({ projectId }: KeyRow, asked: string | null | undefined): string | null {
  if (projectId !== null || asked == null || asked === DEFAULT_PROJECT_SLUG) return null;
  if (isUuid(asked)) return asked.toLowerCase();
  return PROJECT_SLUG.test(asked) ? asked : null;
}

/** Is this the project that is asked about, and does it take part? Where none is asked about, the asker goes by the one that is told. */
function isFor({ projectId }: KeyRow, project: TenantFacts["project"], asked: string | null | undefined): boolean {
  if (projectId === null && (asked == null || asked === DEFAULT_PROJECT_SLUG)) return true;
  if (!project || project.status === ProjectStatus.ARCHIVED) return false;
  return asked == null || asked === project.slug || asked.toLowerCase() === project.id;
}

function refused(code: ApiKeyCode): Judgement {
  return { code, readOnly: false, entitlement: null };
}
