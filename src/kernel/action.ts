/** Owns the closed list of what one may do, and which role may do it. The same word permits, records and is published. */

/** Actions that only look. */
export const READ_ACTIONS = [
  "viewer.read",
  "tenant.read",
  "tenant.read_billing",
  "tenant.search",
  "project.read",
  "catalog.read",
  "entitlement.read",
  "entitlement.check",
  "product_request.read",
  "product_request.search",
  "tenant_claims.read",
  "provisioning.read",
  "keycloak.read_drift",
  "job.read",
  "api_key.read",
  "idp_config.read",
  "idp_config.read_metadata",
  "audit_event.read",
  "environment.read",
  "team.read",
  "flow.read",
  "tenant_context.read",
  "usage.read",
  "bundle.read",
  "cluster.read",
] as const;

/** What products ask about their own callers. In no person's list: staff who read everything are still no product. */
export const SERVICE_ACTIONS = ["api_key.verify"] as const;

/** Actions that change something; each is also the `action` of the audit event that the change leaves behind. */
export const CHANGE_ACTIONS = [
  "tenant.create",
  "tenant.update",
  "tenant.update_commercial",
  "tenant.activate",
  "tenant.extend_trial",
  "tenant.cancel",
  "tenant.reactivate",
  "tenant.archive",
  "tenant.export",
  "provisioning.retry",
  "invitation.resend",
  "invitation.revoke",
  "keycloak.repair",
  "project.create",
  "project.update",
  "project.archive",
  "project.restore",
  "entitlement.grant",
  "entitlement.update",
  "entitlement.withdraw",
  "entitlement.start_trial",
  "product_request.create",
  "product_request.decide",
  "job.retry",
  "api_key.create",
  "api_key.rotate",
  "api_key.revoke",
  "api_key.update_policy",
  "api_key.allow_endless",
  "api_key.import",
  "api_key.report_leak",
  "environment.create",
  "environment.update",
  "environment.place",
  "team.create",
  "team.update",
  "channel.create",
  "channel.update",
  "flow.publish",
  "flow.run",
  "bundle.apply",
] as const;

/** What the registry does by itself, in jobs: recorded like every change, and in nobody's list of what they may do. */
export const SYSTEM_ACTIONS = [
  "tenant.trial_ending",
  "tenant.trial_end",
  "tenant.grace_ending",
  "tenant.grace_end",
  "entitlement.expiring",
  "entitlement.expire",
  "keycloak.provision",
  "keycloak.provision_failed",
  "demo.reset",
  "usage.count",
] as const;

export type ReadAction = (typeof READ_ACTIONS)[number];
export type SystemAction = (typeof SYSTEM_ACTIONS)[number];
/** What the change door records. */
export type ChangeAction = (typeof CHANGE_ACTIONS)[number] | SystemAction;
/** What somebody may do. */
export type Action = ReadAction | (typeof SERVICE_ACTIONS)[number] | (typeof CHANGE_ACTIONS)[number];

/** What a caller can be. Tenant roles act in one tenant, platform roles in all of them, a service for one product. */
export const ROLES = ["member", "auditor", "admin", "service", "support", "operator"] as const;
export type Role = (typeof ROLES)[number];

const SIGNED_IN = ["viewer.read"] as const satisfies readonly Action[];
const MEMBER = [
  ...SIGNED_IN,
  "tenant.read",
  "project.read",
  "catalog.read",
  "entitlement.read",
  "product_request.read",
  "environment.read",
  "team.read",
  "flow.read",
  "tenant_context.read",
] as const satisfies readonly Action[];
const AUDITOR = [...MEMBER, "audit_event.read", "usage.read"] as const satisfies readonly Action[];
const ADMIN = [
  ...AUDITOR,
  "tenant.update",
  "tenant.export",
  "project.create",
  "project.update",
  "project.archive",
  "project.restore",
  "entitlement.start_trial",
  "product_request.create",
  "provisioning.read",
  "invitation.resend",
  "invitation.revoke",
  "api_key.read",
  "api_key.create",
  "api_key.rotate",
  "api_key.revoke",
  "api_key.update_policy",
  "api_key.report_leak",
  "idp_config.read",
  "idp_config.read_metadata",
  "environment.update",
  "team.create",
  "team.update",
  "channel.create",
  "channel.update",
  "flow.publish",
  "flow.run",
  "bundle.read",
] as const satisfies readonly Action[];
/** A product's backend asks about tenants; which of them, and for which product, is the doors' business. */
const SERVICE = [...SIGNED_IN, "catalog.read", "entitlement.check", "tenant_claims.read", "tenant_context.read", ...SERVICE_ACTIONS, "api_key.report_leak"] as const satisfies readonly Action[];
const SUPPORT = READ_ACTIONS;
const OPERATOR = [...READ_ACTIONS, ...CHANGE_ACTIONS] as const;

/** Role → actions. A role that is not a key here does not exist; an action in no list can be done by nobody. */
export const ACTIONS_OF_ROLE: Readonly<Record<Role, ReadonlySet<Action>>> = {
  member: new Set<Action>(MEMBER),
  auditor: new Set<Action>(AUDITOR),
  admin: new Set<Action>(ADMIN),
  service: new Set<Action>(SERVICE),
  support: new Set<Action>(SUPPORT),
  operator: new Set<Action>(OPERATOR),
};

/** The roles that may do `action`, in the order of {@link ROLES}. */
export function rolesFor(action: Action): Role[] {
  return ROLES.filter((role) => ACTIONS_OF_ROLE[role].has(action));
}
