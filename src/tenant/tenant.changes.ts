/** Owns how tenants change: one function per action, each through the change door. */
import { randomUUID } from "node:crypto";
import type { EntityManager } from "typeorm";
import type { Catalog } from "../catalog/catalog.js";
import { refuseUnknownPlan } from "../catalog/catalog.rules.js";
import type { Change } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { idUnder, once, usedForAnother } from "../kernel/idempotency.js";
import { insertRow } from "../kernel/insert.js";
import { enqueue } from "../kernel/jobs.js";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, expectVersion, given, updateRow } from "../kernel/update.js";
import { settingsAfter } from "../settings/settings.rules.js";
import { Tenant } from "./tenant.entity.js";
import type { CreateTenantInput, CreateTenantPayload, UpdateTenantInput, UpdateTenantPayload } from "./tenant.inputs.js";
import { beginning, refuseBackwardContract, refuseReservedSlug } from "./tenant.rules.js";

/**
 * Register a customer.
 *
 * Faults  BAD_USER_INPUT for a reserved slug, an unknown plan or an impossible beginning; CONFLICT(slug | erpCustomerId | stripeCustomerId) when taken;
 *         CONFLICT(idempotencyKey) when the key was used for another tenant, also after it is no longer kept;
 *         BAD_USER_INPUT(adminEmail | adminName) when that person cannot be invited. Whether it is done, the tenant does not wait for.
 * Audit   `tenant.create`, in the new tenant.
 * Source  seed 004 `POST /v1/tenants`; DESIGN §3.
 */
export async function createTenant({ doors, facilities, principal, now }: RequestContext, input: CreateTenantInput): Promise<CreateTenantPayload> {
  const { status, trialDays, adminEmail, adminName, idempotencyKey: _, ...rest } = input;
  if (principal.tenantId !== null) throw new Fault("BAD_USER_INPUT", "A new tenant is not inside the one that X-Tenant-ID names", { field: "X-Tenant-ID" });
  refuseReservedSlug(input.slug);
  refuseBackwardContract(input.contractStart, input.contractEnd);
  const start = beginning(input.kind, status ?? undefined, trialDays ?? undefined, now());
  const repeatable = once("createTenant", input, { tenant: Tenant });
  const id = repeatable ? idUnder(repeatable, principal) : randomUUID();
  const payload = await doors.within(id).change(
    "tenant.create",
    async (tx) => {
      refuseUnknownPlan(facilities.catalog, input.plan);
      if (repeatable && (await tx.existsBy(Tenant, { id }))) throw usedForAnother("another tenant");
      const tenant = await insertRow(tx, Tenant, { ...rest, ...start, id });
      const { slug, kind, plan } = tenant;
      await facilities.onboarding.plan(tx, tenant, { adminEmail, adminName }, now());
      await enqueue(tx, "tenant.provision", { tenantId: id });
      return { value: { tenant }, audit: [{ target: targetOf(tenant), metadata: { slug, kind, plan, ...start } }] };
    },
    repeatable,
  );
  return { ...payload, inviteUrl: adminEmail == null ? null : facilities.onboarding.inviteUrl };
}

/**
 * Change a tenant's name, its settings or, for operators, its commercial data.
 *
 * Faults  NOT_FOUND; CONFLICT(expectedVersion) when someone else changed it; CONFLICT(field) when a reference is taken;
 *         BAD_USER_INPUT(plan) for a new plan that the catalogue does not know: one that the tenant has already may stay;
 *         BAD_USER_INPUT(settings.<key>) for a setting that breaks its rule.
 * Audit   `tenant.update` with the names of the changed fields, and name, plan and organisation before and after; nothing when nothing changes.
 */
export function updateTenant({ doors, facilities }: RequestContext, { id, ...changes }: UpdateTenantInput): Promise<UpdateTenantPayload> {
  return doors.within(id).change("tenant.update", async (tx) => {
    const tenant = await tx.findOneBy(Tenant, { id });
    if (!tenant) throw notFound("Tenant");
    return changeTenant(tx, facilities.catalog, tenant, changes);
  });
}

/** {@link updateTenant} in a transaction that holds the tenant. */
export async function changeTenant(
  tx: EntityManager,
  catalog: Catalog,
  tenant: Tenant,
  { expectedVersion, settings, ...fields }: Omit<UpdateTenantInput, "id">,
): Promise<Change<UpdateTenantPayload>> {
  expectVersion(tenant, expectedVersion);
  const changes = { ...given(fields), ...(settings && { settings: settingsAfter(tenant.settings, settings) }) };
  const changed = changedFields(tenant, changes);
  if (changed.length === 0) return { value: { tenant }, unaudited: "no-op" };
  if (changes.plan !== undefined && changed.includes("plan")) refuseUnknownPlan(catalog, changes.plan);
  const { contractStart, contractEnd } = { ...tenant, ...changes };
  refuseBackwardContract(contractStart, contractEnd);
  const before = recorded(tenant);
  await updateRow(tx, Tenant, tenant, changes);
  if (changed.includes("name")) await enqueue(tx, "tenant.provision", { tenantId: tenant.id });
  return { value: { tenant }, audit: [{ target: targetOf(tenant), metadata: { changed, before, after: recorded(tenant) } }] };
}

/** What an auditor will ask for: what the tenant was called, what it had bought, and whose members got in. */
function recorded({ name, plan, keycloakOrganizationId }: Tenant) {
  return { name, plan, keycloakOrganizationId };
}

export function targetOf({ id, slug }: Tenant) {
  return { type: "tenant", id, name: slug };
}
