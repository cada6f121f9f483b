/** Owns how tenants are found. */
import sql, { type Sql } from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { loaderById, loaderByKey } from "../kernel/loaders.js";
import { pageOf, type Order, type PageArgs } from "../kernel/page.js";
import type { Principal } from "../kernel/principal.js";
import { containing } from "../kernel/pattern.js";
import { Tenant } from "./tenant.entity.js";
import { TenantOrderField, type TenantFilter, type TenantOrder } from "./tenant.inputs.js";

const columns = columnsOf(Tenant, "t");

export function tenantReads(doors: Doors) {
  const byId = loaderById<Tenant>(
    (ids) => doors.read(sql`select ${columns} from tenants t where t.id = any(${ids}::uuid[])`),
    ({ id }) => id,
  );
  return {
    byId,
    /** The tenant that this caller acts in, if it acts in one. */
    own: async ({ tenantId }: Principal) => (tenantId === null ? null : byId.load(tenantId)),
    bySlug: loaderByKey<Tenant>(
      (slugs) => doors.read(sql`select ${columns} from tenants t where t.slug = any(${slugs}::text[])`),
      ({ slug }) => slug,
    ),
    search: (filter: TenantFilter | null | undefined, order: TenantOrder | null | undefined, page: PageArgs) =>
      pageOf<Tenant>(
        doors,
        { columns, from: sql`tenants t`, id: sql`t.id`, where: conditions(filter ?? {}), order: orderOf(order) },
        page,
      ),
  };
}

const ORDER_KEYS: Record<TenantOrderField, { key: Sql; type: Order["type"] }> = {
  [TenantOrderField.CREATED_AT]: { key: sql`t.created_at`, type: "timestamptz" },
  [TenantOrderField.NAME]: { key: sql`t.name`, type: "text" },
  [TenantOrderField.SLUG]: { key: sql`t.slug`, type: "text" },
  // Tenants without a trial come last: a keyset needs a key that is never null.
  [TenantOrderField.TRIAL_ENDS_AT]: { key: sql`coalesce(t.trial_ends_at, 'infinity'::timestamptz)`, type: "timestamptz" },
};

function orderOf(order: TenantOrder | null | undefined): Order {
  const field = order?.field ?? TenantOrderField.CREATED_AT;
  const descending = order?.descending ?? field === TenantOrderField.CREATED_AT;
  return { name: `tenant.${field}.${descending ? "desc" : "asc"}`, ...ORDER_KEYS[field], descending };
}

function conditions(filter: TenantFilter): Sql[] {
  const where: Sql[] = [];
  if (filter.status) where.push(sql`t.status = any(${filter.status}::tenant_status[])`);
  if (filter.kind) where.push(sql`t.kind = ${filter.kind}::tenant_kind`);
  if (filter.plan) where.push(sql`t.plan = ${filter.plan}`);
  if (filter.erpCustomerId) where.push(sql`t.erp_customer_id = ${filter.erpCustomerId}`);
  if (filter.stripeCustomerId) where.push(sql`t.stripe_cust_id = ${filter.stripeCustomerId}`);
  if (filter.trialEndsBefore) where.push(sql`t.trial_ends_at < ${filter.trialEndsBefore}`);
  if (filter.trialEndsAfter) where.push(sql`t.trial_ends_at > ${filter.trialEndsAfter}`);
  if (filter.nameContains) {
    const pattern = containing(filter.nameContains);
    where.push(sql`(t.name ilike ${pattern} or t.slug ilike ${pattern})`);
  }
  return where;
}
