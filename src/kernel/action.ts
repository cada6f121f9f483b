/** Owns the closed list of what one may do, and which role may do it. The same word permits, records and is published. */

/** Actions that only look. */
export const READ_ACTIONS = [
  "viewer.read",
  "tenant.read",
  "tenant.read_billing",
  "tenant.search",
  "project.read",
  "entitlement.read",
  "api_key.read",
  "idp_config.read",
  "idp_config.read_metadata",
  "audit_event.read",
] as const;

/** Actions that change something; each is also the `action` of the audit event that the change leaves behind. */
export const CHANGE_ACTIONS = [
  "tenant.create",
  "tenant.update",
  "tenant.update_commercial",
  "project.create",
  "project.update",
  "project.archive",
  "project.restore",
  "entitlement.grant",
  "entitlement.update",
  "entitlement.withdraw",
] as const;

export type ReadAction = (typeof READ_ACTIONS)[number];
export type ChangeAction = (typeof CHANGE_ACTIONS)[number];
export type Action = ReadAction | ChangeAction;

/** What a caller can be. Tenant roles act in one tenant, platform roles in all of them, a service for one product. */
export const ROLES = ["member", "auditor", "admin", "service", "support", "operator"] as const;
export type Role = (typeof ROLES)[number];

const SIGNED_IN = ["viewer.read"] as const satisfies readonly Action[];
const MEMBER = [...SIGNED_IN, "tenant.read", "project.read", "entitlement.read"] as const satisfies readonly Action[];
const AUDITOR = [...MEMBER, "audit_event.read"] as const satisfies readonly Action[];
const ADMIN = [
  ...AUDITOR,
  "tenant.update",
  "project.create",
  "project.update",
  "project.archive",
  "project.restore",
  "api_key.read",
  "idp_config.read",
  "idp_config.read_metadata",
] as const satisfies readonly Action[];
const SUPPORT = READ_ACTIONS;
const OPERATOR = [...READ_ACTIONS, ...CHANGE_ACTIONS] as const;

/** Role → actions. A role that is not a key here does not exist; an action in no list can be done by nobody. */
export const ACTIONS_OF_ROLE: Readonly<Record<Role, ReadonlySet<Action>>> = {
  member: new Set<Action>(MEMBER),
  auditor: new Set<Action>(AUDITOR),
  admin: new Set<Action>(ADMIN),
  service: new Set<Action>(SIGNED_IN),
  support: new Set<Action>(SUPPORT),
  operator: new Set<Action>(OPERATOR),
};

/** The roles that may do `action`, in the order of {@link ROLES}. */
export function rolesFor(action: Action): Role[] {
  return ROLES.filter((role) => ACTIONS_OF_ROLE[role].has(action));
}
