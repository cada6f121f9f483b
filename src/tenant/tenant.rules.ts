/** Owns what is true of tenants: slugs, how one begins, and which state a date implies. No I/O. */
import { isReservedName, isSlug, SLUG_RULE } from "../../packages/tenant-names/src/index.js";
import { Fault } from "../kernel/fault.js";
import { isUuid } from "../kernel/id.js";
import { TenantKind, TenantStatus } from "./tenant.entity.js";

export const TENANT_SLUG = /^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$/;
export const DEFAULT_TRIAL_DAYS = 14;
export const MAX_TRIAL_DAYS = 90;

/** Names that would collide with an address, a path segment or a scope of the platform. */
const RESERVED_SLUGS: ReadonlySet<string> = new Set([
  "admin", "api", "app", "assets", "auth", "billing", "docs", "graphql", "healthz", "help", "internal",
  "login", "logout", "mail", "platform", "portal", "readyz", "registry", "root", "static", "status", "support", "system",
  "tenant", "tenants", "www",
]);

/** Faults: BAD_USER_INPUT(slug) when the slug is one of the platform's own names, could stand in no name, or reads as an id or as an encoded domain name. */
export function refuseReservedSlug(slug: string): void {
  if (isReservedSlug(slug)) throw new Fault("BAD_USER_INPUT", "This slug is reserved", { field: "slug" });
}

export function isReservedSlug(slug: string): boolean {
  return RESERVED_SLUGS.has(slug) || isReservedName(slug) || slug.startsWith("xn--") || isUuid(slug);
}

/** What is wrong with the slug of something below a tenant, in words that go after its name; null when nothing is. It can be named where an id can, so it must not read as one. */
export function slugProblem(slug: string): string | null {
  if (!isSlug(slug)) return SLUG_RULE;
  return isUuid(slug) ? "must not read as an id" : null;
}

/** Faults: BAD_USER_INPUT(slug) when the slug of something below a tenant could not stand in a name, or reads as an id. */
export function refuseUnfitSlug(slug: string): void {
  const problem = slugProblem(slug);
  if (problem !== null) throw new Fault("BAD_USER_INPUT", `slug ${problem}`, { field: "slug" });
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
  return { status, trialEndsAt: daysAfter(now, trialDays ?? DEFAULT_TRIAL_DAYS) };
}

/**
 * The new end of a trial, so many days after the present one or at a given time.
 *
 * Faults  BAD_USER_INPUT(days | until) when both or none is given, or the end would not be later, or too far away.
 */
export function extendedTrialEnd(present: Date | null, { days, until }: { days?: number | null; until?: Date | null }, now: Date): Date {
  if ((days == null) === (until == null)) throw new Fault("BAD_USER_INPUT", "Give days or until", { field: "days" });
  const field = until == null ? "days" : "until";
  const end = until ?? daysAfter(present ?? now, days ?? 0);
  if (end <= (present ?? now)) throw new Fault("BAD_USER_INPUT", "The trial would not end later than it does", { field });
  if (end > daysAfter(now, MAX_TRIAL_DAYS)) throw new Fault("BAD_USER_INPUT", `The trial would end more than ${MAX_TRIAL_DAYS} days from now`, { field });
  return end;
}

function daysAfter(time: Date, days: number): Date {
  const end = new Date(time);
  end.setUTCDate(end.getUTCDate() + days);
  return end;
}

/** Faults: BAD_USER_INPUT(contractEnd) when the contract would end before it starts. */
export function refuseBackwardContract(start: string | null | undefined, end: string | null | undefined): void {
  if (start && end && end < start) {
    throw new Fault("BAD_USER_INPUT", "The contract ends before it starts", { field: "contractEnd" });
  }
}
