/** Owns how tenants change: one function per action, each through the change door. */
import { randomUUID } from "node:crypto";
import type { Doors } from "../kernel/doors.js";
import { notFound } from "../kernel/fault.js";
import { insertRow } from "../kernel/insert.js";
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
export function createTenant(doors: Doors, input: CreateTenantInput, now: Date): Promise<CreateTenantPayload> {
  const { status, trialDays, ...rest } = input;
  refuseReservedSlug(input.slug);
  refuseBackwardContract(input.contractStart, input.contractEnd);
  const start = beginning(input.kind, status ?? undefined, trialDays ?? undefined, now);
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
 * Audit   `tenant.update` with the names of the changed fields; nothing when nothing changes.
 */
export function updateTenant(doors: Doors, { id, expectedVersion, ...changes }: UpdateTenantInput): Promise<UpdateTenantPayload> {
  return doors.within(id).change("tenant.update", async (tx) => {
    const tenant = await tx.findOneBy(Tenant, { id });
    if (!tenant) throw notFound("Tenant");
    expectVersion(tenant, expectedVersion);
    const changed = changedFields(tenant, given(changes));
    if (changed.length === 0) return { value: { tenant }, unaudited: "no-op" };
    Object.assign(tenant, given(changes));
    refuseBackwardContract(tenant.contractStart, tenant.contractEnd);
    await tx.save(tenant);
    return { value: { tenant }, audit: [{ target: targetOf(tenant), metadata: { changed } }] };
  });
}

function targetOf({ id, slug }: Tenant) {
  return { type: "tenant", id, name: slug };
}
