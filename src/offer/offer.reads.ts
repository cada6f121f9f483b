/** Owns how a tenant's catalogue is put together: the products of the platform, and in one statement what the tenant has done about them. */
import sql from "sql-template-tag";
import type { ProductManifest } from "../catalog/catalog.js";
import { Entitlement } from "../entitlement/entitlement.entity.js";
import { whyNotRequest, whyNotTry, type OfferRefusal } from "../entitlement/entitlement.offers.js";
import { verdictOf, type EntitledTenant } from "../entitlement/entitlement.verdict.js";
import { columnsOf, reviverOf } from "../kernel/columns.js";
import { isUuid } from "../kernel/id.js";
import type { RequestContext } from "../kernel/request.js";
import type { CatalogEntry, Offer } from "./offer.entity.js";

interface TenantWithDealings extends EntitledTenant {
  held: Entitlement[];
  /** Keys of the products that it has open requests for. */
  asked: string[];
}

const columns = columnsOf(Entitlement, "e");
const revive = reviverOf(Entitlement);

/** Every product of the catalogue, in its order, as the tenant sees it; null when there is no such tenant for this caller. */
export async function tenantCatalog(context: RequestContext, tenantId: string | null | undefined): Promise<CatalogEntry[] | null> {
  const id = tenantId ?? context.principal.tenantId;
  const tenant = isUuid(id) ? await dealingsOf(context, id) : undefined;
  if (!tenant) return null;
  const now = context.now();
  return context.facilities.catalog.products.map((product) => entryOf(context, tenant, product, now));
}

function entryOf({ facilities: { catalog } }: RequestContext, tenant: TenantWithDealings, product: ProductManifest, now: Date): CatalogEntry {
  const entitlement = tenant.held.find((row) => row.product === product.key) ?? null;
  const verdict = verdictOf({ tenant, product: product.key, entitlement, catalog, now });
  const facts = { product, verdict, entitlement };
  return { product, verdict, mayTry: offer(whyNotTry(facts)), mayRequest: offer(whyNotRequest(facts, tenant.asked.includes(product.key))) };
}

function offer(reason: OfferRefusal | null): Offer {
  return { allowed: reason === null, reason };
}

async function dealingsOf({ doors }: RequestContext, tenantId: string): Promise<TenantWithDealings | undefined> {
  const [tenant] = await doors.read<TenantWithDealings>(sql`
    select t.status, t.kind, t.plan, t.trial_ends_at as "trialEndsAt", t.frozen_at as "frozenAt",
      (select coalesce(json_agg(held), '[]') from (select ${columns} from tenant_products e where e.tenant_id = t.id) held) as held,
      array(select r.product from product_requests r where r.tenant_id = t.id and r.status = 'open') as asked
    from tenants t where t.id = ${tenantId}::uuid`);
  for (const row of tenant?.held ?? []) revive(row as unknown as Record<string, unknown>);
  return tenant;
}
