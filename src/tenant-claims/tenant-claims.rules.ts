/** Owns what the claims of a tenant are, from what is known of it and the time at which they are told. No I/O. */
import { createHash } from "node:crypto";
import type { Catalog } from "../catalog/catalog.js";
import { verdictOf, type EntitledTenant, type EntitlementRow } from "../entitlement/entitlement.verdict.js";
import { canonicalJson } from "../kernel/canonical-json.js";
import { LIFECYCLE, statusAt } from "../tenant/tenant.lifecycle.js";
import type { ClaimedProduct, TenantClaims } from "./tenant-claims.answers.js";

/** What the claims are made of. Nothing in it depends on the time, so that it can be kept and told later. */
export interface ClaimFacts {
  tenant: EntitledTenant & { id: string; slug: string };
  entitlements: readonly (EntitlementRow & { product: string })[];
  /** When it was read. */
  asOf: Date;
}

/** The claims at `now`: a trial that ended between reading and telling is over, also in what is stale. */
export function claimsAt({ tenant, entitlements, asOf }: ClaimFacts, catalog: Catalog, now: Date, stale: boolean): TenantClaims {
  const { id: tenantId, slug, plan } = tenant;
  const status = statusAt(tenant, now);
  const claims = { tenantId, slug, status, plan, products: LIFECYCLE[status].claims === "products" ? productsAt({ tenant, entitlements }, catalog, now) : [] };
  return { ...claims, asOf, version: versionOf(claims), stale };
}

function productsAt({ tenant, entitlements }: Pick<ClaimFacts, "tenant" | "entitlements">, catalog: Catalog, now: Date): ClaimedProduct[] {
  const rows = new Map(entitlements.map((row) => [row.product, row]));
  const planned = catalog.plan(tenant.plan)?.products.keys() ?? [];
  return [...new Set([...planned, ...rows.keys()])].sort().flatMap((key) => {
    const { granted, source, validUntil } = verdictOf({ tenant, product: key, entitlement: rows.get(key) ?? null, catalog, now });
    return granted && source !== null ? [{ key, source, validUntil }] : [];
  });
}

/**
 * What a consumer compares to see whether anything changed. A number that grows with the rows would miss what changes without them:
 * a deadline that passes, a plan that the catalogue bundles anew.
 */
function versionOf(claims: Omit<TenantClaims, "asOf" | "version" | "stale">): string {
  return createHash("sha256").update(canonicalJson(claims) ?? "").digest("base64url").slice(0, 22);
}
