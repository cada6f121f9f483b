/** Owns how the lifecycle table refuses: changes in the state that a tenant is in, and what its own people then may no longer see. No I/O. */
import { CHANGE_ACTIONS, READ_ACTIONS, type Action, type ChangeAction } from "../kernel/action.js";
import { Fault } from "../kernel/fault.js";
import { isPlatforms, type Principal, type Restriction } from "../kernel/principal.js";
import { TenantStatus } from "./tenant.entity.js";
import { ARROWS, DEMO_FORBIDS, LIFECYCLE } from "./tenant.lifecycle.js";

/** What is left of an archived tenant for its own people: who they are, and what was done. */
const AUDIT_LOG_ONLY: ReadonlySet<Action> = new Set(["viewer.read", "audit_event.read"]);

/** What still has to be done for a tenant that is archived: to store that it is, to tell the identity provider, and to repeat what of it failed. */
const FINISHES_ARCHIVING: ReadonlySet<ChangeAction> = new Set<ChangeAction>([
  "tenant.trial_end", "tenant.grace_end", "keycloak.provision", "keycloak.provision_failed", "provisioning.retry", "job.retry",
]);

/**
 * Why this change may not be made in a tenant of this state; null when it may. A step from one state to another is not judged for
 * the platform here, but by the step itself, which knows from where it leads.
 */
export function refusalOf(action: ChangeAction, status: TenantStatus, principal: Principal): Fault | null {
  return isPlatforms(principal) ? platformRefusal(action, status) : ownRefusal(action, status);
}

function platformRefusal(action: ChangeAction, status: TenantStatus): Fault | null {
  const may = LIFECYCLE[status].operatorChanges === "everything" || action in ARROWS || FINISHES_ARCHIVING.has(action);
  return may ? null : readOnly(status);
}

function ownRefusal(action: ChangeAction, status: TenantStatus): Fault | null {
  switch (LIFECYCLE[status].ownChanges) {
    case "everything":
      return null;
    case "demo":
      return DEMO_FORBIDS.some((forbidden) => action.startsWith(forbidden)) ? new Fault("FAILED_PRECONDITION", "This cannot be done in a demo tenant") : null;
    case "export only":
      return action === "tenant.export" ? null : readOnly(status);
    case "nothing":
      return readOnly(status);
  }
}

function readOnly(status: TenantStatus): Fault {
  return new Fault("TENANT_READ_ONLY", `This tenant is ${status}: nothing in it can be changed`);
}

/** What a tenant's state takes away from what the roles of its own people hold; undefined when that is nothing. */
export function restrictionIn(status: TenantStatus): Restriction | undefined {
  return RESTRICTIONS.get(status);
}

const RESTRICTIONS = new Map(Object.values(TenantStatus).flatMap((status) => {
  const refused = LIFECYCLE[status].ownReads === "everything" ? [] : READ_ACTIONS.filter((action) => !AUDIT_LOG_ONLY.has(action));
  const notOffered = CHANGE_ACTIONS.filter((action) => ownRefusal(action, status) !== null);
  if (refused.length + notOffered.length === 0) return [];
  const because = `This tenant is ${status}; what its people can read: ${LIFECYCLE[status].ownReads}`;
  return [[status, { because, refused: new Set<Action>(refused), notOffered: new Set<Action>(notOffered) }] as const];
}));
