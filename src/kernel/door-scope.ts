/** Owns whose rows one visit may see and change, as the role and tenants that a transaction gets. What happens in it is `doors.ts`. */
import type { House, Visit } from "./doors.js";
import { Fault, notFound } from "./fault.js";
import { isUuid } from "./id.js";
import { isPlatforms, type Principal } from "./principal.js";
import type { ScopeValues } from "./scoped-query.js";

/** Tenants that a service may ask about in one statement. */
export const MAX_ASKED_ABOUT = 100;

/** Faults: UNAUTHENTICATED when nobody is there. */
export function signedIn(principal: Principal | null): Principal {
  if (!principal) throw new Fault("UNAUTHENTICATED", "Sign in to use the registry");
  return principal;
}

/** A person's only home is its own tenant, so one without a tenant has none; staff who narrowed stay where they are. */
export function homeOf({ principal }: Visit, tenantId: string | null | undefined): string {
  const { kind, tenantId: own } = signedIn(principal);
  const home = tenantId ?? own;
  if (home === null) throw new Fault("BAD_USER_INPUT", "Name the tenant to act in", { field: "tenantId" });
  const bound = kind === "user" || own !== null;
  if (!isUuid(home) || (bound && home.toLowerCase() !== own)) throw notFound("Tenant");
  return home.toLowerCase();
}

/** Platform staff see every tenant, and may only look, unless narrowed; everyone else sees the tenant named here, or nothing. */
export function scopeOf(house: House, visit: Visit, tenantId: string | null, readOnly: "on" | "off"): ScopeValues {
  const staff = tenantId === null ? "registry_overview" : "registry_platform";
  const role = isPlatforms(signedIn(visit.principal)) ? staff : "registry_tenant";
  return [role, tenantId ?? "", readOnly, timeoutOf(house, visit)];
}

/** A service sees, of the tenants that it asks about, what a product may know; a malformed id is one that does not exist. */
export function scopeAbout(house: House, visit: Visit, tenantIds: readonly string[]): ScopeValues {
  const { kind, tenantId } = signedIn(visit.principal);
  if (kind !== "service") return scopeOf(house, visit, tenantId, "on");
  if (tenantIds.length > MAX_ASKED_ABOUT) throw new Fault("LIMIT_EXCEEDED", `Ask about at most ${MAX_ASKED_ABOUT} tenants at once`);
  return ["registry_product", tenantIds.filter(isUuid).join(","), "on", timeoutOf(house, visit)];
}

function timeoutOf(house: House, visit: Visit): string {
  return String(Math.min(house.limits.statementTimeoutMs, timeLeft(visit)));
}

/** Whole milliseconds, at least one: to Postgres a timeout of zero means none. */
export function timeLeft(visit: Pick<Visit, "remainingMs">): number {
  const remainingMs = Math.floor(visit.remainingMs());
  if (remainingMs <= 0) throw new Fault("DEADLINE_EXCEEDED", "The operation took too long");
  return remainingMs;
}
