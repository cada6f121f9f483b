/** Owns the words for who is calling. How claims become a principal is `claims.ts`; how a token becomes claims is `bearer.ts`. */
import { ACTIONS_OF_ROLE, type Action, type Role } from "./action.js";

interface Caller {
  /** `sub` of the verified token. */
  readonly subject: string;
  /** Display name, when the token carries one. */
  readonly name: string | null;
  readonly roles: readonly Role[];
}

/** A person who acts inside one tenant; one without a tenant has no roles either. */
export interface TenantUser extends Caller {
  readonly kind: "user";
  readonly tenantId: string | null;
  /** Absent when the state of its tenant takes nothing away from what its roles hold. */
  readonly restriction?: Restriction | undefined;
}

/** What the state of a tenant takes away from what the roles of its people hold. */
export interface Restriction {
  /** Names the state, for people. */
  readonly because: string;
  /** What they may not do: FORBIDDEN. */
  readonly refused: ReadonlySet<Action>;
  /** What the change door will refuse, with a fault of its own, and what is therefore not offered to them. */
  readonly notOffered: ReadonlySet<Action>;
}

/** A product's backend (client credentials), acting for its own product only. */
export interface ProductService extends Caller {
  readonly kind: "service";
  /** A service belongs to no tenant; it names the one it asks about. */
  readonly tenantId: null;
  readonly product: string;
}

/** Platform staff: support reads every tenant, operators also change them, one at a time. */
export interface PlatformStaff extends Caller {
  readonly kind: "platform";
  /** The tenant that `X-Tenant-ID` narrowed this request to, if any. */
  readonly tenantId: string | null;
}

/** The registry's own work, done in jobs. No token says this: the only one is {@link REGISTRY_ITSELF}. */
export interface RegistryItself extends Caller {
  readonly kind: "system";
  readonly tenantId: null;
}

export const REGISTRY_ITSELF: RegistryItself = { kind: "system", subject: "system:jobs", name: null, roles: ["operator"], tenantId: null };

export type Principal = TenantUser | ProductService | PlatformStaff | RegistryItself;

/** Does this principal act for the platform, and so in any tenant, one at a time? */
export function isPlatforms({ kind }: Principal): boolean {
  return kind === "platform" || kind === "system";
}

/** May this principal do this? On whose rows is not asked here but at the doors. */
export function may(principal: Principal, action: Action): boolean {
  return principal.roles.some((role) => ACTIONS_OF_ROLE[role].has(action)) && refusedTo(principal, action) === undefined;
}

/** Why this is refused to the principal whatever its roles; undefined when it is not. */
export function refusedTo(principal: Principal, action: Action): string | undefined {
  return principal.kind === "user" && principal.restriction?.refused.has(action) ? principal.restriction.because : undefined;
}

/** The actions that this principal may do now, sorted. */
export function actionsOf(principal: Principal): Action[] {
  const held = [...new Set(principal.roles.flatMap((role) => [...ACTIONS_OF_ROLE[role]]))].sort();
  return held.filter((action) => may(principal, action) && !(principal.kind === "user" && principal.restriction?.notOffered.has(action)));
}

/** Equal for principals that may do the same. */
export function permissionsOf(principal: Principal): string {
  const restriction = principal.kind === "user" ? principal.restriction?.because : undefined;
  return [...principal.roles, restriction].join();
}
