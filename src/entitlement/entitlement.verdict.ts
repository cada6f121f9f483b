/** Owns the answer to "does this tenant have this product now?": every check, list, catalogue and claim takes it from here. No I/O. */
import { effectiveConfig, effectiveLimits, type Catalog, type JsonObject, type LimitValue } from "../catalog/catalog.js";
import { ProjectStatus } from "../project/project.entity.js";
import { TenantKind, TenantStatus } from "../tenant/tenant.entity.js";
import { LIFECYCLE, statusAt, type Standing } from "../tenant/tenant.lifecycle.js";
import { EntitlementSource } from "./entitlement.entity.js";

/** Why it is granted or denied, in the order in which it is looked at: of several reasons the first is told. */
export enum EntitlementReason {
  TENANT_ARCHIVED = "TENANT_ARCHIVED",
  TENANT_FROZEN = "TENANT_FROZEN",
  UNKNOWN_PRODUCT = "UNKNOWN_PRODUCT",
  NOT_ENTITLED = "NOT_ENTITLED",
  EXPIRED = "EXPIRED",
  TRIAL_ENDED = "TRIAL_ENDED",
  WITHDRAWN = "WITHDRAWN",
  PROJECT_NOT_FOUND = "PROJECT_NOT_FOUND",
  PROJECT_ARCHIVED = "PROJECT_ARCHIVED",
  GRANTED = "GRANTED",
}

/** What a granted product comes from. */
export enum VerdictSource {
  PLAN = "plan",
  OVERRIDE = "override",
  TRIAL = "trial",
  DEMO = "demo",
}

export interface Verdict {
  readonly granted: boolean;
  readonly reason: EntitlementReason;
  /** Null when denied. */
  readonly source: VerdictSource | null;
  /** Nothing when denied. */
  readonly limits: Readonly<Record<string, LimitValue>>;
  /** The product's settings, defaults and plan included; nothing when denied. */
  readonly config: JsonObject;
  /** The instant from which it is over if nobody changes anything; null when denied, or when no end is known. */
  readonly validUntil: Date | null;
  /** The tenant is a demo, whether the product is granted or not. */
  readonly demo: boolean;
}

/** What of a tenant decides. */
export interface EntitledTenant extends Standing {
  kind: TenantKind;
  plan: string;
}

/** What of an entitlement's row decides. */
export interface EntitlementRow {
  enabled: boolean;
  source: EntitlementSource;
  /** Absent where nobody asks for settings. */
  config?: JsonObject;
  expiresAt: Date | null;
}

export interface VerdictQuestion {
  tenant: EntitledTenant;
  /** The product's key. */
  product: string;
  /** The tenant's row for this product, if it has one. */
  entitlement: EntitlementRow | null;
  catalog: Catalog;
  now: Date;
}

/**
 * The verdict at `now`. A deadline that is reached has passed, whether or not a job has written that down, and the reason is the same
 * before and after the job.
 *
 * What grants: an operator's own row (an override) says the last word about its product, also when it was withdrawn or has ended,
 * and also against the plan. Without one the plan counts, and needs no row. A trial only adds: it neither shortens what the plan gives
 * nor takes it away by ending. A demo tenant has what its plan and rows give, all of it marked as demo.
 */
export function verdictOf(question: VerdictQuestion): Verdict {
  const { tenant, product, entitlement, catalog, now } = question;
  const status = statusAt(tenant, now);
  const demo = tenant.kind === TenantKind.DEMO || status === TenantStatus.DEMO;
  if (LIFECYCLE[status].entitlements === "denied") {
    return denied(status === TenantStatus.ARCHIVED ? EntitlementReason.TENANT_ARCHIVED : EntitlementReason.TENANT_FROZEN, demo);
  }
  const basis = basisOf(question);
  if (typeof basis === "string") return denied(basis, demo);
  const manifest = catalog.product(product);
  const plan = catalog.plan(tenant.plan);
  const own = entitlement?.config ?? {};
  const trialEnd = LIFECYCLE[status].entitlements === "until its own and the trial's end" ? tenant.trialEndsAt : null;
  return {
    granted: true,
    reason: EntitlementReason.GRANTED,
    source: demo ? VerdictSource.DEMO : basis.source,
    limits: manifest ? effectiveLimits(manifest, plan) : {},
    config: manifest ? effectiveConfig(manifest, plan, own) : own,
    validUntil: earlier(basis.end, trialEnd),
    demo,
  };
}

/** The verdict in one project, null when the tenant has no such one: what the tenant has not, none of its projects has. */
export function inProject(verdict: Verdict, project: { status: ProjectStatus } | null): Verdict {
  if (!verdict.granted) return verdict;
  if (!project) return denied(EntitlementReason.PROJECT_NOT_FOUND, verdict.demo);
  return project.status === ProjectStatus.ARCHIVED ? denied(EntitlementReason.PROJECT_ARCHIVED, verdict.demo) : verdict;
}

function denied(reason: EntitlementReason, demo: boolean): Verdict {
  return { granted: false, reason, source: null, limits: {}, config: {}, validUntil: null, demo };
}

interface Basis {
  source: VerdictSource;
  /** Its own end; the tenant's trial may end before. */
  end: Date | null;
}

/** What the product rests on in a tenant that can have any, or the reason why it has not this one. */
function basisOf({ tenant, product, entitlement, catalog, now }: VerdictQuestion): Basis | EntitlementReason {
  const planned = catalog.plan(tenant.plan)?.products.has(product) ?? false;
  if (planned && entitlement?.source !== EntitlementSource.OVERRIDE) return { source: VerdictSource.PLAN, end: null };
  if (!entitlement) return catalog.product(product) ? EntitlementReason.NOT_ENTITLED : EntitlementReason.UNKNOWN_PRODUCT;
  const trial = entitlement.source === EntitlementSource.TRIAL;
  if (hasEnded(entitlement, now)) return trial ? EntitlementReason.TRIAL_ENDED : EntitlementReason.EXPIRED;
  if (!entitlement.enabled) return EntitlementReason.WITHDRAWN;
  return { source: trial ? VerdictSource.TRIAL : VerdictSource.OVERRIDE, end: entitlement.expiresAt };
}

/** Has the row's own end been reached? The first instant after a term is its end itself. */
export function hasEnded({ expiresAt }: Pick<EntitlementRow, "expiresAt">, now: Date): boolean {
  return expiresAt !== null && expiresAt <= now;
}

function earlier(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}
