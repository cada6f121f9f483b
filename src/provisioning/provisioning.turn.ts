/** Owns whose turn it is: of everything that is known of a tenant, the one thing to ask Keycloak next. No I/O. */
import { LIFECYCLE, statusAt } from "../tenant/tenant.lifecycle.js";
import { TenantStatus, type Tenant } from "../tenant/tenant.entity.js";
import { Errand, InvitationState, type Invitation } from "./invitation.entity.js";
import { StepName, StepState, type ProvisioningStep } from "./provisioning-step.entity.js";
import { LEASE_MS } from "./provisioning.rules.js";

/** A tenant as provisioning sees it. */
export interface Situation {
  tenant: Tenant;
  /** Where it stands now. */
  status: TenantStatus;
  steps: ReadonlyMap<StepName, ProvisioningStep>;
  invitations: readonly Invitation[];
}

/** One step that is due, with what it is about. */
export interface Turn extends Situation {
  step: ProvisioningStep;
  /** Of the step of sending: the one to send or take back. Of the step of waiting: the one who is to get a role or, without one, those that were sent. */
  about: readonly Invitation[];
}

export function situation(tenant: Tenant, steps: readonly ProvisioningStep[], invitations: readonly Invitation[], now: Date): Situation {
  return { tenant, status: statusAt(tenant, now), steps: new Map(steps.map((step) => [step.step, step])), invitations };
}

/** May there be something new outside the registry because of this tenant? */
export function mayReachOut(status: TenantStatus): boolean {
  return LIFECYCLE[status].outwardEffects === "yes";
}

/**
 * The first step that is due and may be done where the tenant stands, or null. Nothing is made for a tenant that is frozen; what there
 * is, is still told how the tenant stands, and what was sent is still taken back or seen to be accepted, with the role that comes of
 * that. Of an archived tenant there is only the organisation left, and that it is archived is the last that it hears.
 */
export function nextTurn(found: Situation, now: Date): Turn | null {
  const { tenant, status, steps, invitations } = found;
  const exists = tenant.keycloakOrganizationId !== null;
  const organization = steps.get(StepName.ORGANIZATION);
  // What may still arrive at Keycloak could not be taken back yet, and nothing is left here that would know of it later.
  if (status === TenantStatus.ARCHIVED && mayBeOnItsWay(steps.get(StepName.INVITATION), now)) return null;
  if (organization && (exists || mayReachOut(status)) && (isDue(organization, now) || isStale(organization, tenant, status))) {
    return { ...found, step: organization, about: [] };
  }
  if (!exists || status === TenantStatus.ARCHIVED) return null;
  const sending = steps.get(StepName.INVITATION);
  const errands = invitations.filter(({ errand }) => errand === Errand.WITHDRAW || (isMail(errand) && mayReachOut(status)));
  if (sending && isDue(sending, now) && errands.length > 0) return { ...found, step: sending, about: errands.slice(0, 1) };
  const waiting = steps.get(StepName.VERIFICATION);
  if (!waiting || !isDue(waiting, now)) return null;
  const owed = invitations.filter(({ errand }) => errand === Errand.GRANT);
  if (owed.length > 0) return { ...found, step: waiting, about: owed.slice(0, 1) };
  const sent = invitations.filter(({ state, errand }) => state === InvitationState.PENDING && errand === null);
  return sent.length > 0 ? { ...found, step: waiting, about: sent } : null;
}

function isMail(errand: Errand | null): boolean {
  return errand === Errand.INVITE || errand === Errand.RESEND;
}

function isDue({ nextAttemptAt }: ProvisioningStep, now: Date): boolean {
  return nextAttemptAt !== null && nextAttemptAt <= now;
}

/** Has somebody begun to send or take back an invitation, and not said what came of it, for no longer than that may take? */
function mayBeOnItsWay(sending: ProvisioningStep | undefined, now: Date): boolean {
  if (!sending?.lastAttemptAt || (sending.state !== StepState.PENDING && sending.state !== StepState.FAILED)) return false;
  return sending.lastAttemptAt.getTime() + LEASE_MS > now.getTime();
}

/** Was Keycloak told something else last? Then the step is due although it is done; while somebody tells it, it has a next attempt. */
function isStale({ state, nextAttemptAt, sentName, sentStatus }: ProvisioningStep, { name }: Tenant, status: TenantStatus): boolean {
  return state === StepState.DONE && nextAttemptAt === null && (sentName !== name || sentStatus !== status);
}
