/** Owns how tenants are found. */
import type { GraphQLResolveInfo } from "graphql";
import sql, { raw, type Sql } from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { PageArgs } from "../kernel/connection.js";
import type { Doors } from "../kernel/doors.js";
import { loaderById, loaderByKey } from "../kernel/loaders.js";
import { lookingAhead } from "../kernel/nesting.js";
import { pageOf, type Listing, type Order } from "../kernel/page.js";
import type { Principal } from "../kernel/principal.js";
import { containing } from "../kernel/pattern.js";
import { declareWrite, NOW } from "../kernel/projection.js";
import { declareSettings } from "../settings/settings.reads.js";
import { Tenant, TenantStatus } from "./tenant.entity.js";
import { TenantOrderField, type TenantFilter, type TenantOrder } from "./tenant.inputs.js";
import { GRACE_DAYS } from "./tenant.lifecycle.js";

const columns = columnsOf(Tenant, "t");

/** Every look-up is told what is being resolved, so that the lists that are asked for below it come in the same statement. */
export function tenantReads(doors: Doors, caller: Principal | null, now: () => Date) {
  const ahead = lookingAhead({ typeName: "Tenant", parentId: sql`t.id`, keys: sql`t.id, t.slug`, caller, now }, (nesting) => ({
    byId: loaderById<Tenant>(
      async (ids) => nesting.named(await doors.read<Tenant>(sql`select ${nesting.select(columns)} from tenants t where t.id = any(${ids}::uuid[])`)),
      ({ id }) => id,
    ),
    bySlug: loaderByKey<Tenant>(
      async (slugs) => nesting.named(await doors.read<Tenant>(sql`select ${nesting.select(columns)} from tenants t where t.slug = any(${slugs}::text[])`)),
      ({ slug }) => slug,
    ),
    search: (listing: Listing, page: PageArgs) => pageOf<Tenant>(doors, listing, page, nesting),
  }));
  return {
    byId: (id: string, info: GraphQLResolveInfo) => ahead(info).byId.load(id),
    bySlug: (slug: string, info: GraphQLResolveInfo) => ahead(info).bySlug.load(slug),
    /** The tenant that this caller acts in, if it acts in one. */
    own: async ({ tenantId }: Principal, info: GraphQLResolveInfo) => (tenantId === null ? null : ahead(info).byId.load(tenantId)),
    search: (filter: TenantFilter | null | undefined, order: TenantOrder | null | undefined, page: PageArgs, info: GraphQLResolveInfo, now: Date) =>
      ahead(info, [["nodes"], ["edges", "node"]]).search(
        { columns, from: sql`tenants t`, id: sql`t.id`, where: conditions(filter ?? {}, now), order: orderOf(order) },
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

/** The states that may be stored of a tenant in this state; by them the index finds those among which to look. */
const STORED_AS: Record<TenantStatus, readonly TenantStatus[]> = {
  [TenantStatus.DEMO]: [TenantStatus.DEMO],
  [TenantStatus.TRIAL]: [TenantStatus.TRIAL],
  [TenantStatus.ACTIVE]: [TenantStatus.ACTIVE],
  [TenantStatus.FROZEN]: [TenantStatus.FROZEN, TenantStatus.TRIAL],
  [TenantStatus.ARCHIVED]: [TenantStatus.ARCHIVED, TenantStatus.FROZEN, TenantStatus.TRIAL],
};

/** `statusAt` in SQL, of the tenant `t`. A deadline is reached in the millisecond in which it falls: a Date has no microseconds, and is what is answered. */
export function statusAtSql(now: Sql): Sql {
  return sql`case
      when case t.status when 'trial' then t.trial_ends_at when 'frozen' then t.frozen_at end < ${now} + interval '1 millisecond' - interval '${raw(String(GRACE_DAYS))} days' then 'archived'
      when t.status = 'trial' and t.trial_ends_at < ${now} + interval '1 millisecond' then 'frozen'
      else t.status
    end`;
}

declareSettings("Tenant");
declareWrite("Tenant", "status", () => sql`upper((${statusAtSql(sql`${NOW}::timestamptz`)})::text)`);

function statusIn(asked: readonly TenantStatus[], now: Date): Sql {
  return sql`t.status = any(${asked.flatMap((status) => STORED_AS[status])}::tenant_status[])
    and ${statusAtSql(sql`${now}::timestamptz`)} = any(${asked}::tenant_status[])`;
}

function conditions(filter: TenantFilter, now: Date): Sql[] {
  const where: Sql[] = [];
  if (filter.status != null) where.push(statusIn(filter.status, now));
  if (filter.kind != null) where.push(sql`t.kind = ${filter.kind}::tenant_kind`);
  if (filter.plan != null) where.push(sql`t.plan = ${filter.plan}`);
  if (filter.erpCustomerId != null) where.push(sql`t.erp_customer_id = ${filter.erpCustomerId}`);
  if (filter.stripeCustomerId != null) where.push(sql`t.stripe_cust_id = ${filter.stripeCustomerId}`);
  if (filter.trialEndsBefore != null) where.push(sql`t.trial_ends_at < ${filter.trialEndsBefore}`);
  if (filter.trialEndsAfter != null) where.push(sql`t.trial_ends_at > ${filter.trialEndsAfter}`);
  if (filter.nameContains != null) {
    const pattern = containing(filter.nameContains);
    where.push(sql`(t.name ilike ${pattern} or t.slug ilike ${pattern})`);
  }
  return where;
}
