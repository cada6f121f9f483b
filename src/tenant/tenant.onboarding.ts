/** Owns what a new tenant asks of the rooms that come after it, which this room does not know: the composition root brings them. */
import type { EntityManager } from "typeorm";
import type { Tenant } from "./tenant.entity.js";

/** The person who is to administer a new tenant. */
export interface FirstAdministrator {
  adminEmail?: string | null;
  adminName?: string | null;
}

export interface TenantOnboarding {
  /**
   * Write down, in the transaction that creates the tenant, what is to be done for it outside the registry. Nothing is done yet.
   *
   * Faults  BAD_USER_INPUT(adminEmail | adminName) when this person cannot be invited.
   */
  plan(tx: EntityManager, tenant: Tenant, administrator: FirstAdministrator, now: Date): Promise<void>;
  /** Where somebody who was invited signs in, for those who develop without a mailbox; null everywhere else. */
  readonly inviteUrl: string | null;
}

declare module "../kernel/request.js" {
  interface Facilities {
    onboarding: TenantOnboarding;
  }
}
