/** Owns what counts as drift between a tenant and an organisation. No I/O. */
import type { Organization } from "../keycloak/keycloak.js";
import { organizationNames } from "../keycloak/keycloak.rules.js";
import { TenantStatus, type Tenant } from "../tenant/tenant.entity.js";
import { DriftKind } from "./keycloak-drift.entity.js";
import { STATUS_ATTRIBUTE } from "./provisioning.rules.js";

/** What was found at Keycloak for one tenant. */
export interface Found {
  /** The organisation that the tenant is mapped to. */
  mapped: Organization | null;
  /** The organisation that says of itself that it is the tenant's; `several` when more than one does. */
  own: Organization | "several" | null;
}

/** How a tenant that stands at `status` differs from what was found for it; nothing when it does not. */
export function driftOf(tenant: Tenant, status: TenantStatus, { mapped, own }: Found): DriftKind[] {
  if (own === "several") return [DriftKind.MAPPING_DIFFERS];
  const { keycloakOrganizationId } = tenant;
  if (mapped === null && own === null) {
    if (status === TenantStatus.ARCHIVED) return [];
    return [keycloakOrganizationId === null ? DriftKind.NOT_PROVISIONED : DriftKind.ORGANIZATION_MISSING];
  }
  const kinds = own === null || own.id !== keycloakOrganizationId ? [DriftKind.MAPPING_DIFFERS] : [];
  return [...kinds, ...differences(tenant, status, (own ?? mapped) as Organization)];
}

function differences({ name, slug }: Tenant, status: TenantStatus, organization: Organization): DriftKind[] {
  const kinds: DriftKind[] = [];
  if (!organizationNames({ name, alias: slug }).includes(organization.name)) kinds.push(DriftKind.NAME_DIFFERS);
  const said = organization.attributes[STATUS_ATTRIBUTE];
  if (!organization.enabled || said?.length !== 1 || said[0] !== status) kinds.push(DriftKind.STATUS_DIFFERS);
  if (organization.alias !== slug) kinds.push(DriftKind.ALIAS_DIFFERS);
  return kinds;
}
