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

export type Principal = TenantUser | ProductService | PlatformStaff;

/** May this principal do this? On whose rows is not asked here but at the doors. */
export function may(principal: Principal, action: Action): boolean {
  return principal.roles.some((role) => ACTIONS_OF_ROLE[role].has(action));
}

/** The actions that this principal may do, sorted. */
export function actionsOf(principal: Principal): Action[] {
  return [...new Set(principal.roles.flatMap((role) => [...ACTIONS_OF_ROLE[role]]))].sort();
}
