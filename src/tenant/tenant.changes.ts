/** Owns how tenants change: one function per action, each through the change door. */
import { randomUUID } from "node:crypto";
import type { Doors } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { insertRow } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, expectVersion, given } from "../kernel/update.js";
import { Tenant } from "./tenant.entity.js";
import type { CreateTenantInput, CreateTenantPayload, UpdateTenantInput, UpdateTenantPayload } from "./tenant.inputs.js";
import { beginning, refuseBackwardContract, refuseReservedSlug } from "./tenant.rules.js";

/**
 * Register a customer.
 *
 * Faults  BAD_USER_INPUT for a reserved slug or an impossible beginning; CONFLICT(slug | erpCustomerId | stripeCustomerId) when taken.
 * Audit   `tenant.create`, in the new tenant.
 * Source  seed 004 `POST /v1/tenants`; DESIGN §3.
 */
export async function createTenant({ doors, principal, now }: RequestContext, input: CreateTenantInput): Promise<CreateTenantPayload> {
  const { status, trialDays, ...rest } = input;
  if (principal.tenantId !== null) throw new Fault("BAD_USER_INPUT", "A new tenant is not inside the one that X-Tenant-ID names", { field: "X-Tenant-ID" });
  refuseReservedSlug(input.slug);
  refuseBackwardContract(input.contractStart, input.contractEnd);
  const start = beginning(input.kind, status ?? undefined, trialDays ?? undefined, now());
  const id = randomUUID();
  return doors.within(id).change("tenant.create", async (tx) => {
    const tenant = await insertRow(tx, Tenant, { ...rest, ...start, id });
    const { slug, kind, plan } = tenant;
    return { value: { tenant }, audit: [{ target: targetOf(tenant), metadata: { slug, kind, plan, ...start } }] };
  });
}

/**
 * Change a tenant's name or, for operators, its commercial data.
 *
 * Faults  NOT_FOUND; CONFLICT(expectedVersion) when someone else changed it; CONFLICT(field) when a reference is taken.
 * Audit   `tenant.update` with the names of the changed fields, and name, plan and organisation before and after; nothing when nothing changes.
 */
export function updateTenant(doors: Doors, { id, expectedVersion, ...changes }: UpdateTenantInput): Promise<UpdateTenantPayload> {
  return doors.within(id).change("tenant.update", async (tx) => {
    const tenant = await tx.findOneBy(Tenant, { id });
    if (!tenant) throw notFound("Tenant");
    expectVersion(tenant, expectedVersion);
    const changed = changedFields(tenant, given(changes));
    if (changed.length === 0) return { value: { tenant }, unaudited: "no-op" };
    const before = recorded(tenant);
    Object.assign(tenant, given(changes));
    refuseBackwardContract(tenant.contractStart, tenant.contractEnd);
    await tx.save(tenant);
    return { value: { tenant }, audit: [{ target: targetOf(tenant), metadata: { changed, before, after: recorded(tenant) } }] };
  });
}

/** What an auditor will ask for: what the tenant was called, what it had bought, and whose members got in. */
function recorded({ name, plan, keycloakOrganizationId }: Tenant) {
  return { name, plan, keycloakOrganizationId };
}

function targetOf({ id, slug }: Tenant) {
  return { type: "tenant", id, name: slug };
}
