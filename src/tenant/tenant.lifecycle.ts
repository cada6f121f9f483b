/**
 * Owns the lifecycle of a tenant as data: which states there are, what each allows, and which arrows lead from one to another. Every
 * way in asks here, and the table in the README is printed from it. No I/O.
 */
import type { ChangeAction } from "../kernel/action.js";
import { Fault } from "../kernel/fault.js";
import { TenantCancelReason, TenantStatus } from "./tenant.entity.js";

/** How long a frozen tenant can still be reactivated and its data taken out. */
export const GRACE_DAYS = 30;

/** What of a tenant says where it stands. */
export interface Standing {
  status: TenantStatus;
  trialEndsAt: Date | null;
  frozenAt: Date | null;
}

/** What one state allows. */
export interface LifecycleRules {
  /** What the tenant's own people may look at. */
  ownReads: "everything" | "audit log only";
  /** What they may change; `demo` is everything but {@link DEMO_FORBIDS}. */
  ownChanges: "everything" | "demo" | "export only" | "nothing";
  /** What platform operators may change. */
  operatorChanges: "everything" | "nothing";
  apiKeys: "verify" | "refused";
  /** Until when an entitlement counts. */
  entitlements: "granted, marked demo" | "until its own and the trial's end" | "until its own end" | "denied";
  /** Whether the claims bundle lists products; it always tells the state. */
  claims: "products" | "no products";
  /** Mail, identity provider, billing. */
  outwardEffects: "yes" | "no new ones" | "never";
}

export const LIFECYCLE: Readonly<Record<TenantStatus, LifecycleRules>> = {
  [TenantStatus.DEMO]: {
    ownReads: "everything",
    ownChanges: "demo",
    operatorChanges: "everything",
    apiKeys: "refused",
    entitlements: "granted, marked demo",
    claims: "products",
    outwardEffects: "never",
  },
  [TenantStatus.TRIAL]: {
    ownReads: "everything",
    ownChanges: "everything",
    operatorChanges: "everything",
    apiKeys: "verify",
    entitlements: "until its own and the trial's end",
    claims: "products",
    outwardEffects: "yes",
  },
  [TenantStatus.ACTIVE]: {
    ownReads: "everything",
    ownChanges: "everything",
    operatorChanges: "everything",
    apiKeys: "verify",
    entitlements: "until its own end",
    claims: "products",
    outwardEffects: "yes",
  },
  [TenantStatus.FROZEN]: {
    ownReads: "everything",
    ownChanges: "export only",
    operatorChanges: "everything",
    apiKeys: "refused",
    entitlements: "denied",
    claims: "no products",
    outwardEffects: "no new ones",
  },
  [TenantStatus.ARCHIVED]: {
    ownReads: "audit log only",
    ownChanges: "nothing",
    operatorChanges: "nothing",
    apiKeys: "refused",
    entitlements: "denied",
    claims: "no products",
    outwardEffects: "never",
  },
};

/** What a demo tenant's own people may not do: it has no keys, invitations, identity providers or purchases of its own. An action, or all that begin so. */
export const DEMO_FORBIDS: readonly string[] = ["api_key.", "invitation.", "provisioning.", "idp_config.", "entitlement.start_trial", "product_request."];

interface Arrow {
  from: readonly TenantStatus[];
  to: TenantStatus;
}

/** Every way from one state to another; what is not here is FAILED_PRECONDITION. A demo never becomes anything but archived. */
export const ARROWS = {
  "tenant.activate": { from: [TenantStatus.TRIAL], to: TenantStatus.ACTIVE },
  "tenant.extend_trial": { from: [TenantStatus.TRIAL], to: TenantStatus.TRIAL },
  "tenant.cancel": { from: [TenantStatus.TRIAL, TenantStatus.ACTIVE], to: TenantStatus.FROZEN },
  "tenant.reactivate": { from: [TenantStatus.FROZEN], to: TenantStatus.ACTIVE },
  "tenant.archive": { from: [TenantStatus.FROZEN, TenantStatus.DEMO], to: TenantStatus.ARCHIVED },
} as const satisfies Partial<Record<ChangeAction, Arrow>>;

export type ArrowAction = keyof typeof ARROWS;

/** When a frozen tenant's grace is over, and it is archived. */
export function graceEnd(frozenAt: Date): Date {
  const end = new Date(frozenAt);
  end.setUTCDate(end.getUTCDate() + GRACE_DAYS);
  return end;
}

/**
 * The state that is true at `now`, whatever is stored: a trial is frozen from its end on, and what has been frozen for the whole
 * grace is archived. Jobs only move the stored state to this one.
 */
export function statusAt(standing: Standing, now: Date): TenantStatus {
  const since = frozenSince(standing, now);
  if (standing.status === TenantStatus.ARCHIVED || since === null) return standing.status;
  return graceEnd(since) <= now ? TenantStatus.ARCHIVED : TenantStatus.FROZEN;
}

/** Since when the tenant is frozen at `now`, or was until it was archived; null when it is not, or nobody knows. A deadline that is reached has passed. */
export function frozenSince(standing: Standing, now: Date): Date | null {
  if (isOver(standing, now)) return standing.trialEndsAt;
  return standing.status === TenantStatus.FROZEN || standing.status === TenantStatus.ARCHIVED ? standing.frozenAt : null;
}

/** When the tenant will be archived if nobody reactivates it; null when it is not frozen. */
export function archivesAt(standing: Standing, now: Date): Date | null {
  const since = frozenSince(standing, now);
  return since !== null && statusAt(standing, now) === TenantStatus.FROZEN ? graceEnd(since) : null;
}

/** Since when it is archived; null when it is not. */
export function archivedSince(standing: Standing & { archivedAt: Date | null }, now: Date): Date | null {
  const since = frozenSince(standing, now);
  return standing.archivedAt ?? (since !== null && statusAt(standing, now) === TenantStatus.ARCHIVED ? graceEnd(since) : null);
}

/** Why it is frozen, or was until it was archived. */
export function cancelReasonAt(standing: Standing & { cancelReason: TenantCancelReason | null }, now: Date): TenantCancelReason | null {
  return isOver(standing, now) ? TenantCancelReason.TRIAL_ENDED : standing.cancelReason;
}

function isOver({ status, trialEndsAt }: Pick<Standing, "status" | "trialEndsAt">, now: Date): boolean {
  return status === TenantStatus.TRIAL && trialEndsAt !== null && trialEndsAt <= now;
}

/** Faults: FAILED_PRECONDITION naming the state from which this step cannot be taken. */
export function refuseStep(action: ArrowAction, standing: Standing, now: Date): void {
  const status = statusAt(standing, now);
  const { from }: Arrow = ARROWS[action];
  if (!from.includes(status)) {
    throw new Fault("FAILED_PRECONDITION", `A tenant that is ${status} cannot take this step; it must be ${from.join(" or ")}`, { field: "id" });
  }
}
