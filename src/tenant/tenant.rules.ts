/** Owns what is true of tenants: slugs, how one begins, and which state a date implies. No I/O. */
import { Fault } from "../kernel/fault.js";
import { isUuid } from "../kernel/id.js";
import { TenantKind, TenantStatus } from "./tenant.entity.js";

export const TENANT_SLUG = /^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$/;
export const DEFAULT_TRIAL_DAYS = 14;
export const MAX_TRIAL_DAYS = 90;

/** Names that would collide with an address, a path segment or a scope of the platform. */
const RESERVED_SLUGS: ReadonlySet<string> = new Set([
  "admin", "api", "app", "assets", "auth", "billing", "default", "docs", "global", "graphql", "healthz", "help", "internal",
  "login", "logout", "mail", "platform", "portal", "readyz", "registry", "root", "static", "status", "support", "system",
  "tenant", "tenants", "www",
]);

/** Faults: BAD_USER_INPUT(slug) when the slug is one of the platform's own names, or reads as an id or as an encoded domain name. */
export function refuseReservedSlug(slug: string): void {
  if (RESERVED_SLUGS.has(slug) || slug.startsWith("xn--") || isUuid(slug)) throw new Fault("BAD_USER_INPUT", "This slug is reserved", { field: "slug" });
}

/** A new tenant's state: a demo is and stays a demo; a customer begins on trial or, once it has paid, active. */
export function beginning(
  kind: TenantKind,
  asked: TenantStatus | undefined,
  trialDays: number | undefined,
  now: Date,
): { status: TenantStatus; trialEndsAt: Date | null } {
  const status = asked ?? (kind === TenantKind.DEMO ? TenantStatus.DEMO : TenantStatus.TRIAL);
  const allowed = kind === TenantKind.DEMO ? [TenantStatus.DEMO] : [TenantStatus.TRIAL, TenantStatus.ACTIVE];
  if (!allowed.includes(status)) {
    throw new Fault("BAD_USER_INPUT", "A customer begins as TRIAL or ACTIVE, a demo tenant as DEMO", { field: "status" });
  }
  if (status !== TenantStatus.TRIAL) {
    if (trialDays !== undefined) throw new Fault("BAD_USER_INPUT", "Only a trial has trial days", { field: "trialDays" });
    return { status, trialEndsAt: null };
  }
  const trialEndsAt = new Date(now);
  trialEndsAt.setUTCDate(trialEndsAt.getUTCDate() + (trialDays ?? DEFAULT_TRIAL_DAYS));
  return { status, trialEndsAt };
}

/** May the tenant's own people change things? A deadline is compared here, so that a late job gives nobody a free day. */
export function isReadOnly(tenant: { status: TenantStatus; trialEndsAt: Date | null }, now: Date): boolean {
  if (tenant.status === TenantStatus.FROZEN || tenant.status === TenantStatus.ARCHIVED) return true;
  return tenant.status === TenantStatus.TRIAL && tenant.trialEndsAt !== null && tenant.trialEndsAt <= now;
}

/** Faults: BAD_USER_INPUT(contractEnd) when the contract would end before it starts. */
export function refuseBackwardContract(start: string | null | undefined, end: string | null | undefined): void {
  if (start && end && end < start) {
    throw new Fault("BAD_USER_INPUT", "The contract ends before it starts", { field: "contractEnd" });
  }
}
