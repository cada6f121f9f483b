/** Owns how people steer provisioning: one function per action, each through the change door. Keycloak is asked afterwards, in the job. */
import type { EntityManager } from "typeorm";
import type { Change } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { isUuid } from "../kernel/id.js";
import { once } from "../kernel/idempotency.js";
import { enqueue } from "../kernel/jobs.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant, TenantKind } from "../tenant/tenant.entity.js";
import { statusAt } from "../tenant/tenant.lifecycle.js";
import { Errand, InvitationState, type Invitation } from "./invitation.entity.js";
import { StepName, StepState, type ProvisioningStep } from "./provisioning-step.entity.js";
import type { InvitationInput, RepairKeycloakDriftInput, RetryProvisioningInput } from "./provisioning.inputs.js";
import { planSteps } from "./provisioning.onboarding.js";
import { aboutInvitation, aboutSteps } from "./provisioning.outcome.js";
import { invitationStateAt, RESEND_PAUSE_MS } from "./provisioning.rules.js";
import { holdInvitation, holdSteps, settlePeople, type HeldSteps } from "./provisioning.rows.js";
import { mayReachOut } from "./provisioning.turn.js";

/**
 * Try at once what failed, waits or was skipped; a tenant for which nothing was ever planned begins at the beginning.
 *
 * Faults  NOT_FOUND; FAILED_PRECONDITION for a demo, or without an identity provider; CONFLICT(idempotencyKey).
 * Audit   `provisioning.retry`; nothing when every step is done.
 */
export function retryProvisioning(context: RequestContext, input: RetryProvisioningInput): Promise<{ tenant: Tenant }> {
  const { doors, now } = context;
  const home = doors.within(input.tenantId);
  return home.change(
    "provisioning.retry",
    async (tx) => {
      const tenant = await provisionable(tx, context, home.tenantId);
      const held = await holdSteps(tx, tenant.id);
      const steps = [...held.values()];
      if (steps.length > 0 && steps.every(isSettled)) return { value: { tenant }, unaudited: "no-op" };
      await planAgain(tx, tenant.id, held, now());
      await enqueue(tx, "tenant.provision", { tenantId: tenant.id });
      return { value: { tenant }, audit: [{ target: aboutSteps(tenant), metadata: { open: steps.filter((step) => !isSettled(step)).map(({ step }) => step) } }] };
    },
    once("retryProvisioning", input, { tenant: Tenant }),
  );
}

/** Whoever did not accept in time is not brought to it by our trying again. */
function isSettled({ step, state, lastError }: ProvisioningStep): boolean {
  return state === StepState.DONE || lastError === "invitation-expired" || (state === StepState.SKIPPED && step !== StepName.ORGANIZATION);
}

/** An organisation that is done is left alone: that it may have changed is {@link repairKeycloakDrift}'s business. */
async function planAgain(tx: EntityManager, tenantId: string, held: HeldSteps, now: Date): Promise<void> {
  if (held.get(StepName.ORGANIZATION)?.state === StepState.DONE) await settlePeople(tx, tenantId, held, now);
  else await planSteps(tx, tenantId, held, now);
  // What waits to be accepted is looked at now, too.
  await tx.query(
    "update tenant_provisioning_steps set next_attempt_at = $2 where tenant_id = $1 and step = 'verification' and state = 'pending' and next_attempt_at is not null",
    [tenantId, now],
  );
}

/**
 * Bring one tenant's organisation back to what the registry knows: ours wins. What is missing is made again, nothing is ever deleted.
 *
 * Faults  NOT_FOUND; FAILED_PRECONDITION for a demo, or without an identity provider; TENANT_READ_ONLY when archived.
 * Audit   `keycloak.repair`.
 */
export function repairKeycloakDrift(context: RequestContext, { tenantId }: RepairKeycloakDriftInput): Promise<{ tenant: Tenant }> {
  const home = context.doors.within(tenantId);
  return home.change("keycloak.repair", async (tx) => {
    const tenant = await provisionable(tx, context, home.tenantId);
    await planSteps(tx, tenant.id, await holdSteps(tx, tenant.id), context.now());
    await enqueue(tx, "tenant.provision", { tenantId: tenant.id });
    return { value: { tenant }, audit: [{ target: aboutSteps(tenant) }] };
  });
}

/**
 * Send an invitation again: a new mail with a new link, and older links die.
 *
 * Faults  NOT_FOUND; FAILED_PRECONDITION naming its state when it was accepted or revoked, in a tenant for which nothing new may
 *         leave the registry, within a minute of the last mail, or without an identity provider; TENANT_READ_ONLY.
 * Audit   `invitation.resend`.
 */
export function resendInvitation(context: RequestContext, input: InvitationInput): Promise<{ invitation: Invitation }> {
  return changeInvitation(context, "invitation.resend", input, async (invitation, tenant, now) => {
    const status = statusAt(tenant, now);
    if (context.facilities.keycloak === null) throw noIdentityProvider();
    if (!mayReachOut(status)) throw new Fault("FAILED_PRECONDITION", `Nobody is invited into a tenant that is ${status}`, { field: "tenantId" });
    refuseState(invitation, now, [InvitationState.PENDING, InvitationState.EXPIRED]);
    const { sentAt } = invitation;
    if (sentAt !== null && now.getTime() - sentAt.getTime() < RESEND_PAUSE_MS) {
      throw new Fault("FAILED_PRECONDITION", "A mail was sent less than a minute ago", { field: "invitationId" });
    }
    return { state: InvitationState.PENDING, errand: sentAt === null ? Errand.INVITE : Errand.RESEND };
  });
}

/**
 * Take an invitation back. Whoever accepts before the identity provider was told is a member, and the invitation then says so.
 *
 * Faults  NOT_FOUND; FAILED_PRECONDITION naming its state when it is not pending; TENANT_READ_ONLY.
 * Audit   `invitation.revoke`.
 */
export function revokeInvitation(context: RequestContext, input: InvitationInput): Promise<{ invitation: Invitation }> {
  return changeInvitation(context, "invitation.revoke", input, async (invitation, { keycloakOrganizationId }, now) => {
    refuseState(invitation, now, [InvitationState.PENDING]);
    // Without an organisation nobody can have been invited into it.
    return { state: InvitationState.REVOKED, errand: keycloakOrganizationId === null ? null : Errand.WITHDRAW };
  });
}

async function changeInvitation(
  { doors, now }: RequestContext,
  action: "invitation.resend" | "invitation.revoke",
  { tenantId, invitationId }: InvitationInput,
  next: (invitation: Invitation, tenant: Tenant, now: Date) => Promise<Pick<Invitation, "state" | "errand">>,
): Promise<{ invitation: Invitation }> {
  const home = doors.within(tenantId);
  return home.change(action, async (tx): Promise<Change<{ invitation: Invitation }>> => {
    const tenant = await tx.findOneByOrFail(Tenant, { id: home.tenantId });
    const invitation = isUuid(invitationId) ? await holdInvitation(tx, home.tenantId, invitationId) : null;
    if (!invitation) throw notFound("Invitation");
    await tx.save(Object.assign(invitation, await next(invitation, tenant, now())));
    await settlePeople(tx, tenant.id, await holdSteps(tx, tenant.id), now());
    await enqueue(tx, "tenant.provision", { tenantId: tenant.id });
    return { value: { invitation }, audit: [{ target: aboutInvitation(invitation, tenant) }] };
  });
}

function refuseState(invitation: Invitation, now: Date, allowed: readonly InvitationState[]): void {
  const state = invitationStateAt(invitation, now);
  if (!allowed.includes(state)) throw new Fault("FAILED_PRECONDITION", `This invitation is ${state}`, { field: "invitationId" });
}

/** Faults: FAILED_PRECONDITION. */
async function provisionable(tx: EntityManager, { facilities }: RequestContext, id: string): Promise<Tenant> {
  const tenant = await tx.findOneByOrFail(Tenant, { id });
  if (tenant.kind === TenantKind.DEMO) throw new Fault("FAILED_PRECONDITION", "A demo tenant has nothing at the identity provider", { field: "tenantId" });
  if (facilities.keycloak === null) throw noIdentityProvider();
  return tenant;
}

export function noIdentityProvider(): Fault {
  return new Fault("FAILED_PRECONDITION", "No identity provider is configured");
}
