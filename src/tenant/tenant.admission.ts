/** Owns what the change door asks of a tenant before anything in it may change. */
import type { EntityManager } from "typeorm";
import type { ChangeScope } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { TenantStatus } from "./tenant.entity.js";
import { isReadOnly } from "./tenant.rules.js";

/**
 * Holds the tenant's row for the length of the transaction, so that a freeze and a change cannot pass each other. A change of
 * the tenant itself takes the stronger lock at once: two that upgraded from a shared one would wait for each other for ever.
 *
 * Faults  NOT_FOUND when there is no such tenant for this caller; TENANT_READ_ONLY for the tenant's own people when it is frozen
 *         or its trial is over, where operators pass, or nobody could thaw; TENANT_READ_ONLY for everybody when it is archived.
 */
export function tenantAdmission(now: () => Date) {
  return async (tx: EntityManager, { action, tenantId, principal }: ChangeScope): Promise<void> => {
    if (action === "tenant.create") return;
    const lock = action.startsWith("tenant.") ? "for no key update" : "for share";
    const [tenant] = await tx.query<{ status: TenantStatus; trialEndsAt: Date | null }[]>(
      `select status, trial_ends_at as "trialEndsAt" from tenants where id = $1 ${lock}`,
      [tenantId],
    );
    if (!tenant) throw notFound("Tenant");
    const staff = principal.kind === "platform" && tenant.status !== TenantStatus.ARCHIVED;
    if (!staff && isReadOnly(tenant, now())) {
      throw new Fault("TENANT_READ_ONLY", "This tenant is read-only");
    }
  };
}
