/** Owns what is planned at Keycloak for a new tenant. When it is done, and how, is `provisioning.run.ts`. */
import type { EntityManager } from "typeorm";
import { Fault } from "../kernel/fault.js";
import { insertRow } from "../kernel/insert.js";
import type { Keycloak } from "../keycloak/keycloak.js";
import { invitable, normalEmail } from "../keycloak/keycloak.rules.js";
import { TenantKind, type Tenant } from "../tenant/tenant.entity.js";
import type { FirstAdministrator, TenantOnboarding } from "../tenant/tenant.onboarding.js";
import { Errand, Invitation } from "./invitation.entity.js";
import { ProvisioningStep, StepName, StepState } from "./provisioning-step.entity.js";
import { begun, type StepPatch } from "./provisioning.rules.js";
import { settlePeople, writeStep, type HeldSteps } from "./provisioning.rows.js";

/** Without Keycloak the steps are there and skipped, and whoever was to be invited is kept: once there is one, they can be retried. */
export function openOnboarding(keycloak: Keycloak | null, inviteUrl: string | null): TenantOnboarding {
  return {
    inviteUrl,
    async plan(tx, tenant, administrator, now) {
      const person = invitedBy(tenant, administrator);
      if (tenant.kind === TenantKind.DEMO) return;
      if (person) await insertRow(tx, Invitation, { ...person, tenantId: tenant.id, errand: Errand.INVITE });
      if (keycloak !== null) await planSteps(tx, tenant.id, new Map(), now);
      else for (const step of Object.values(StepName)) await insertRow(tx, ProvisioningStep, { tenantId: tenant.id, step, ...SKIPPED });
    },
  };
}

const SKIPPED: StepPatch = { state: StepState.SKIPPED };

/** Begin at the beginning: forget what was sent, find or make the organisation, and settle everybody who is to be invited. */
export async function planSteps(tx: EntityManager, tenantId: string, held: HeldSteps, now: Date): Promise<void> {
  await writeStep(tx, tenantId, StepName.ORGANIZATION, held, { ...begun(now), sentName: null, sentStatus: null });
  await settlePeople(tx, tenantId, held, now);
}

/** Faults: BAD_USER_INPUT(adminEmail | adminName). */
function invitedBy({ kind }: Tenant, { adminEmail, adminName }: FirstAdministrator): { email: string; name: string } | null {
  if (adminEmail == null && adminName == null) return null;
  if (adminEmail == null) throw new Fault("BAD_USER_INPUT", "Whoever has a name needs an address too", { field: "adminEmail" });
  if (adminName == null) throw new Fault("BAD_USER_INPUT", "Whoever is invited needs a name", { field: "adminName" });
  if (kind === TenantKind.DEMO) throw new Fault("BAD_USER_INPUT", "Nobody is invited into a demo tenant", { field: "adminEmail" });
  if (!invitable(adminEmail)) throw new Fault("BAD_USER_INPUT", "This is not an address that can be invited", { field: "adminEmail" });
  return { email: normalEmail(adminEmail), name: adminName };
}
