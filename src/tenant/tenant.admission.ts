/** Owns what the change door asks of a tenant before anything in it may change. */
import type { EntityManager } from "typeorm";
import type { ChangeScope } from "../kernel/doors.js";
import { notFound } from "../kernel/fault.js";
import { statusAt, type Standing } from "./tenant.lifecycle.js";
import { refusalOf } from "./tenant.refusals.js";

/** Changes that write the tenant's own row, or may. */
const OF_THE_TENANT_ITSELF = /^(?:tenant|keycloak|demo|bundle)\./;

/**
 * Holds the tenant's row for the length of the transaction, so that a freeze and a change cannot pass each other. A change of
 * the tenant itself takes the stronger lock at once: two that upgraded from a shared one would wait for each other for ever.
 *
 * Faults  NOT_FOUND when there is no such tenant for this caller; what the lifecycle says of its state at this moment, whatever is
 *         stored: TENANT_READ_ONLY for its own people when it is frozen, its trial is over or its grace has ended; FAILED_PRECONDITION
 *         for what a demo has not got; TENANT_READ_ONLY for everybody when it is archived.
 */
export function tenantAdmission(now: () => Date) {
  return async (tx: EntityManager, { action, tenantId, principal }: ChangeScope): Promise<void> => {
    if (action === "tenant.create") return;
    const lock = OF_THE_TENANT_ITSELF.test(action) ? "for no key update" : "for share";
    const [standing] = await tx.query<Standing[]>(
      `select status, trial_ends_at as "trialEndsAt", frozen_at as "frozenAt" from tenants where id = $1 ${lock}`,
      [tenantId],
    );
    if (!standing) throw notFound("Tenant");
    const refusal = refusalOf(action, statusAt(standing, now()), principal);
    if (refusal) throw refusal;
  };
}
