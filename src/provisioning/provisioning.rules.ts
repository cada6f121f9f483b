/** Owns what is true of provisioning: what Keycloak should say of a tenant, which steps its invitations leave, and how long to wait. No I/O. */
import { KEYCLOAK_FAILURES, type InvitedPerson, type KeycloakFailure, type WantedOrganization } from "../keycloak/keycloak.js";
import type { Tenant, TenantStatus } from "../tenant/tenant.entity.js";
import { Errand, InvitationState, type Invitation } from "./invitation.entity.js";
import { StepState, type ProvisioningStep } from "./provisioning-step.entity.js";

/** Whoever works on a step is given up after this time. Longer than a job may take, so that two work on one only after a crash. */
export const LEASE_MS = 90_000;
/** An address gets no second mail sooner. */
export const RESEND_PAUSE_MS = 60_000;

const FIRST_RETRY_MS = 60_000;
const LAST_RETRY_MS = 3_600_000;
const FIRST_LOOK_MS = 60_000;
const LAST_LOOK_MS = 1_800_000;

/** Name of the attribute by which an organisation says where its tenant stands. */
export const STATUS_ATTRIBUTE = "tenant_status";

/** Why a step failed. */
export type ProvisioningError = KeycloakFailure | "invitation-expired";

/** In our own words: what the server said is for the log. */
export function wordsFor(error: ProvisioningError): string {
  return error === "invitation-expired" ? "The invitation was not accepted in time, or is no longer valid." : KEYCLOAK_FAILURES[error].message;
}

/** What only a person can mend: another try would end the same way. A missing role or a wrong secret is mended without us, and then found out by itself. */
const STOPS: ReadonlySet<ProvisioningError> = new Set(["conflict", "invalid", "not-found", "invitation-expired"]);

/** When a step that failed for the `attempts`th time is tried again; null when not by itself. */
export function retryAt(error: ProvisioningError, attempts: number, now: Date): Date | null {
  return STOPS.has(error) ? null : new Date(now.getTime() + growing(FIRST_RETRY_MS, LAST_RETRY_MS, attempts));
}

/** When it is next looked whether these invitations were accepted: ever more seldom, and once when the first of them has just expired. */
export function nextLookAt(waiting: readonly Invitation[], looks: number, now: Date): Date {
  const ends = waiting.flatMap(({ expiresAt }) => (expiresAt && expiresAt > now ? [expiresAt.getTime() + 1_000] : []));
  return new Date(Math.min(now.getTime() + growing(FIRST_LOOK_MS, LAST_LOOK_MS, looks), ...ends));
}

function growing(firstMs: number, lastMs: number, attempts: number): number {
  return Math.min(firstMs * 2 ** Math.max(0, attempts - 1), lastMs);
}

/** What a tenant's organisation should be. It stays enabled in every state: what its people may then still do, the registry decides. */
export function wantedOrganization({ id, name, slug }: Tenant, status: TenantStatus, portalUrl: string | null): WantedOrganization {
  return {
    tenantId: id,
    name,
    alias: slug,
    enabled: true,
    attributes: { [STATUS_ATTRIBUTE]: status },
    ...(portalUrl !== null && { redirectUrl: portalUrl }),
  };
}

/** Keycloak wants two names; people have one, of which the last word is as good a guess as any. */
export function invitedPerson({ email, name }: Invitation): InvitedPerson {
  const words = name.trim().split(/\s+/);
  const lastName = words.length > 1 ? (words.pop() as string) : "";
  return { email, firstName: words.join(" "), lastName };
}

/** What is true at `now`, whatever is stored: a link does not wait for us to notice that it is over. */
export function invitationStateAt({ state, errand, expiresAt }: Invitation, now: Date): InvitationState {
  const over = state === InvitationState.PENDING && errand === null && expiresAt !== null && expiresAt <= now;
  return over ? InvitationState.EXPIRED : state;
}

export type StepPatch = Partial<ProvisioningStep> & Pick<ProvisioningStep, "state">;

const FRESH = { attempts: 0, lastError: null, completedAt: null };
const NOTHING_TO_DO = { ...FRESH, state: StepState.SKIPPED, nextAttemptAt: null };

/** Begin the step, as if nothing had been tried. */
export function begun(now: Date): StepPatch {
  return { ...FRESH, state: StepState.PENDING, nextAttemptAt: now };
}

/** The step has nothing to wait for any more. */
export function done(now: Date): StepPatch {
  return { state: StepState.DONE, lastError: null, nextAttemptAt: null, completedAt: now };
}

/** Where the step of sending stands when these are the tenant's invitations. */
export function invitationStep(invitations: readonly Invitation[], now: Date): StepPatch {
  if (invitations.some(({ errand }) => errand !== null && errand !== Errand.GRANT)) return begun(now);
  return invitations.some(({ state }) => state !== InvitationState.REVOKED) ? done(now) : NOTHING_TO_DO;
}

/** Where the step of waiting stands when these are the tenant's invitations. */
export function verificationStep(invitations: readonly Invitation[], now: Date): StepPatch {
  if (invitations.some(({ errand }) => errand === Errand.GRANT)) return begun(now);
  const pending = invitations.filter(({ state }) => state === InvitationState.PENDING);
  const sent = pending.filter(({ errand }) => errand === null);
  if (sent.length > 0) return begun(nextLookAt(sent, 1, now));
  if (pending.length > 0) return { ...begun(now), nextAttemptAt: null };
  const became = new Set(invitations.map(({ state }) => state));
  if (became.has(InvitationState.ACCEPTED)) return done(now);
  if (became.has(InvitationState.EXPIRED)) return { state: StepState.FAILED, lastError: "invitation-expired", nextAttemptAt: null, completedAt: null };
  return NOTHING_TO_DO;
}
