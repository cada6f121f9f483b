/** Owns the step of the organisation: there is exactly one for the tenant, it is ours, and it says what the tenant is. */
import type { EntityManager } from "typeorm";
import { KeycloakError, type Keycloak, type Organization, type WantedOrganization } from "../keycloak/keycloak.js";
import { TenantStatus, type Tenant } from "../tenant/tenant.entity.js";
import { StepName, StepState } from "./provisioning-step.entity.js";
import { aboutSteps, NOTED, NOTHING, type Outcome } from "./provisioning.outcome.js";
import { begun, done, wantedOrganization } from "./provisioning.rules.js";
import { changeStep, holdSteps, settlePeople } from "./provisioning.rows.js";
import { mayReachOut, type Turn } from "./provisioning.turn.js";

/**
 * Find, create or correct the tenant's organisation, and keep its id. Of an archived tenant, take back whatever invitation nobody has
 * accepted, whose addresses are erased here by now; that its organisation is gone is then as good.
 *
 * Errors  not-found when an organisation that we knew is gone: it is made again only on command, when what was sent is forgotten;
 *         conflict when it, or its alias, is somebody else's.
 */
export async function organizationTurn(keycloak: Keycloak, turn: Turn, portalUrl: string | null, now: () => Date): Promise<Outcome> {
  const { tenant, status, step } = turn;
  const wanted = wantedOrganization(tenant, status, portalUrl);
  const archived = status === TenantStatus.ARCHIVED;
  const mayCreate = mayReachOut(status) && step.sentName === null;
  if (archived) await withdrawAll(keycloak, tenant);
  const organization = (await corrected(keycloak, tenant, wanted)) ?? (archived ? null : await found(keycloak, wanted, mayCreate));
  return {
    action: "keycloak.provision",
    work: async (tx) => {
      const held = await holdSteps(tx, tenant.id);
      const row = held.get(StepName.ORGANIZATION);
      const written = row?.state === StepState.DONE && row.sentName === tenant.name && row.sentStatus === status;
      if (!row || written) return NOTHING;
      if (organization !== null && !(await mapped(tx, tenant, organization.id))) {
        // An operator has mapped another organisation meanwhile, which has the last word: look again.
        await changeStep(tx, row, begun(now()));
        return NOTED;
      }
      await changeStep(tx, row, { ...done(now()), sentName: tenant.name, sentStatus: status });
      if (archived) await settlePeople(tx, tenant.id, held, now());
      const metadata = { step: StepName.ORGANIZATION, organization: organization?.id ?? null, status };
      return { value: undefined, audit: [{ target: aboutSteps(tenant), metadata }] };
    },
  };
}

/** The organisation that the tenant is mapped to, as it should be; null when there is none. */
async function corrected(keycloak: Keycloak, { keycloakOrganizationId: id }: Tenant, wanted: WantedOrganization): Promise<Organization | null> {
  return id === null ? null : keycloak.updateOrganization(id, wanted).catch(nullWhenGone);
}

async function withdrawAll(keycloak: Keycloak, { keycloakOrganizationId: id }: Tenant): Promise<void> {
  if (id !== null) await keycloak.revokeInvitations(id).catch(nullWhenGone);
}

function nullWhenGone(thrown: unknown): null {
  if (thrown instanceof KeycloakError && thrown.kind === "not-found") return null;
  throw thrown;
}

/** The organisation that says of itself that it is the tenant's. One that was there before may have an old name. */
async function found(keycloak: Keycloak, wanted: WantedOrganization, mayCreate: boolean): Promise<Organization> {
  const own = mayCreate ? await keycloak.createOrganization(wanted) : await keycloak.findOrganization(wanted.tenantId);
  if (own === null) throw new KeycloakError("not-found", "GET /organizations");
  return keycloak.updateOrganization(own.id, wanted);
}

/**
 * Keep the organisation's id, unless it was changed since we looked. The tenant's `version` stays: it counts what people change, and
 * nobody who has just created a tenant should be told that it is no longer the one they saw.
 *
 * Faults  CONFLICT when another tenant is mapped to this organisation.
 */
async function mapped(tx: EntityManager, { id, keycloakOrganizationId: before }: Tenant, organizationId: string): Promise<boolean> {
  const [row] = await tx.query<{ now: string | null }[]>("select keycloak_org_id as now from tenants where id = $1", [id]);
  if (row?.now === organizationId) return true;
  if (row?.now !== before) return false;
  await tx.query("update tenants set keycloak_org_id = $2 where id = $1", [id, organizationId]);
  return true;
}
