/** Owns what a step leaves behind: what to write down once Keycloak has answered, and of a failure, what to say and when to try again. */
import type { AuditDraft, Work } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import { KeycloakError } from "../keycloak/keycloak.js";
import type { Tenant } from "../tenant/tenant.entity.js";
import type { Invitation } from "./invitation.entity.js";
import { StepName, StepState } from "./provisioning-step.entity.js";
import { retryAt, wordsFor, type ProvisioningError } from "./provisioning.rules.js";
import { changeStep, holdStep, isSameAttempt } from "./provisioning.rows.js";
import type { Turn } from "./provisioning.turn.js";

/** What is to be recorded, and how. */
export interface Outcome {
  action: "keycloak.provision" | "keycloak.provision_failed";
  work: Work<void>;
}

/** What to say when somebody else was faster, or the rows are gone. */
export const NOTHING = { value: undefined, unaudited: "no-op" } as const;
/** What to say of a look that showed nothing new. */
export const NOTED = { value: undefined, unaudited: "bookkeeping" } as const;

/**
 * The step has failed: say so, and when it is tried again. The first failure of a kind is an event; the same again is not, or a server
 * that is away for a night would fill the log. Whoever asks for another try begins anew, and gets an event again.
 */
export function failed({ tenant, step: begun }: Turn, error: ProvisioningError, now: Date): Outcome {
  const { step, attempts } = begun;
  return {
    action: "keycloak.provision_failed",
    work: async (tx) => {
      const row = await holdStep(tx, tenant.id, step);
      if (!isSameAttempt(row, begun)) return NOTHING;
      const isNews = row.lastError !== error;
      const nextAttemptAt = retryAt(error, attempts, now);
      await changeStep(tx, row, { state: StepState.FAILED, lastError: error, nextAttemptAt });
      if (!isNews) return NOTED;
      const metadata = { step, error, reason: wordsFor(error), attempts, next_attempt_at: nextAttemptAt };
      return { value: undefined, audit: [{ target: aboutSteps(tenant), metadata }] };
    },
  };
}

/** The failure that this is, or null when it is none that provisioning knows. A mapping that another tenant has is one too. */
export function errorIn(thrown: unknown, step: StepName): ProvisioningError | null {
  if (thrown instanceof KeycloakError) return thrown.kind;
  return step === StepName.ORGANIZATION && thrown instanceof Fault && thrown.code === "CONFLICT" ? "conflict" : null;
}

/** A tenant's steps go by the tenant's id and name. */
export function aboutSteps({ id, slug }: Tenant): AuditDraft["target"] {
  return { type: "provisioning", id, name: slug };
}

/** Events outlive the tenant: an address is personal data, and not in them. */
export function aboutInvitation({ id }: Pick<Invitation, "id">, { slug }: Tenant): AuditDraft["target"] {
  return { type: "invitation", id, name: slug };
}
