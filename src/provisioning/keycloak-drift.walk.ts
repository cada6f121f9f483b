/**
 * Owns the walk that looks for drift: first all tenants, each with its organisation, and then all organisations, for those without a
 * tenant. It can stop anywhere and go on from there, so that no page of the report grows with the number of either.
 */
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { RequestContext } from "../kernel/request.js";
import { KeycloakError, type Keycloak, type Organization } from "../keycloak/keycloak.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { statusAt } from "../tenant/tenant.lifecycle.js";
import { DriftKind, type KeycloakDrift } from "./keycloak-drift.entity.js";
import { driftOf, type Found } from "./keycloak-drift.rules.js";

/** Tenants that are looked up at the same time, each with one or two calls. */
const AT_ONCE = 10;
const ORGANIZATIONS_AT_ONCE = 100;

/** Up to where the walk has come: the last tenant, or how many organisations it has seen. */
export type DriftPlace = { tenant: string } | { organizations: number };

/** One tenant or organisation that was looked at, with what was found. */
export interface Looked {
  place: DriftPlace;
  drift: KeycloakDrift | null;
}

export const START: DriftPlace = { tenant: "00000000-0000-0000-0000-000000000000" };

const columns = columnsOf(Tenant, "t");

/** Look at everything that comes after `place`, as far as the consumer wants. Errors: those of Keycloak. */
export async function* walkFrom(context: RequestContext, keycloak: Keycloak, place: DriftPlace): AsyncGenerator<Looked> {
  if ("tenant" in place) yield* tenantsAfter(context, keycloak, place.tenant);
  // Whoever narrowed to one tenant does not see whose the others are.
  if (context.principal.tenantId === null) yield* organizationsAfter(context, keycloak, "organizations" in place ? place.organizations : 0);
}

/** Demo tenants have nothing there, nor do archived ones that never had. */
async function* tenantsAfter({ doors, now }: RequestContext, keycloak: Keycloak, after: string): AsyncGenerator<Looked> {
  for (let last = after; ; ) {
    const tenants = await doors.read<Tenant>(sql`
      select ${columns} from tenants t where t.id > ${last}::uuid and t.kind = 'customer' and (t.status <> 'archived' or t.keycloak_org_id is not null)
      order by t.id limit ${AT_ONCE}`);
    const found = await Promise.all(tenants.map((tenant) => foundFor(keycloak, tenant)));
    for (const [index, tenant] of tenants.entries()) {
      const { mapped, own } = found[index] as Found;
      const kinds = driftOf(tenant, statusAt(tenant, now()), { mapped, own });
      const place = { tenant: tenant.id };
      last = tenant.id;
      yield { place, drift: kinds.length === 0 ? null : drift(place, tenant, own === "several" ? mapped : (own ?? mapped), kinds) };
    }
    if (tenants.length < AT_ONCE) return;
  }
}

async function foundFor(keycloak: Keycloak, { id, keycloakOrganizationId }: Tenant): Promise<Found> {
  const mapped = keycloakOrganizationId === null ? null : await keycloak.organization(keycloakOrganizationId);
  if (mapped?.tenantId === id) return { mapped, own: mapped };
  try {
    return { mapped, own: await keycloak.findOrganization(id) };
  } catch (thrown) {
    if (thrown instanceof KeycloakError && thrown.kind === "conflict") return { mapped, own: "several" };
    throw thrown;
  }
}

/** By number and not by name: one that is made or renamed meanwhile may be seen twice or not at all, and is seen the next time. */
async function* organizationsAfter(context: RequestContext, keycloak: Keycloak, after: number): AsyncGenerator<Looked> {
  for (let seen = after; ; ) {
    const organizations = await keycloak.organizations(seen, ORGANIZATIONS_AT_ONCE);
    const owned = await ownedAmong(context, organizations);
    for (const organization of organizations) {
      seen += 1;
      const place = { organizations: seen };
      yield { place, drift: owned.has(organization.id) ? null : drift(place, null, organization, [DriftKind.ORGANIZATION_WITHOUT_TENANT]) };
    }
    if (organizations.length < ORGANIZATIONS_AT_ONCE) return;
  }
}

/** The organisations that a customer is mapped to, or that say whose they are. */
async function ownedAmong({ doors }: RequestContext, organizations: readonly Organization[]): Promise<Set<string>> {
  const ids = organizations.map(({ id }) => id);
  const claims = organizations.map(({ tenantId }) => tenantId);
  const owned = await doors.read<{ id: string }>(sql`
    select o.id from unnest(${ids}::text[], ${claims}::text[]) as o (id, tenant_id)
    where exists (select from tenants t where t.kind = 'customer' and (t.keycloak_org_id = o.id or t.id::text = o.tenant_id))`);
  return new Set(owned.map(({ id }) => id));
}

function drift(place: DriftPlace, tenantRow: Tenant | null, organization: Organization | null, kinds: DriftKind[]): KeycloakDrift {
  return { place, tenantRow, organizationId: organization?.id ?? null, organizationName: organization?.name ?? null, kinds };
}
