/** Owns how what claims are made of is read: one statement, in the scope of the one tenant, as a product's service would. */
import sql from "sql-template-tag";
import { instantFrom } from "../kernel/columns.js";
import { openDoors, type House } from "../kernel/doors.js";
import type { TenantReference } from "../kernel/named-tenants.js";
import type { TenantDirectory } from "../tenant/tenant.directory.js";
import type { ClaimFacts } from "./tenant-claims.rules.js";

export interface FactsParts {
  house: House;
  directory: TenantDirectory;
  now: () => Date;
}

type FactsRow = ClaimFacts["tenant"] & { entitlements: { product: string; enabled: boolean; source: string; expiresAt: string | null }[] };

/** Null when the reference means no tenant. Faults: UNAVAILABLE without a database, DEADLINE_EXCEEDED after `withinMs`. */
export async function readFacts({ house, directory, now }: FactsParts, reference: TenantReference, withinMs: number): Promise<ClaimFacts | null> {
  const started = performance.now();
  const asOf = now();
  const tenantId = reference.by === "tenant-id" ? reference.value : (await directory.resolve([reference])).get(reference)?.id;
  if (tenantId === undefined) return null;
  const doors = openDoors(house, {
    // Whoever asked was asked for its permission already; the same facts are told to all of them.
    principal: { kind: "service", subject: "system:claims", name: null, roles: [], tenantId: null, product: "" },
    origin: { requestId: "claims", sourceIp: null, userAgent: null },
    remainingMs: () => withinMs - (performance.now() - started),
    committed: () => undefined,
  });
  const [row] = await doors.about([tenantId]).read<FactsRow>(sql`
    select t.id, t.slug, t.status, t.kind, t.plan, t.trial_ends_at as "trialEndsAt", t.frozen_at as "frozenAt",
      coalesce((select json_agg(json_build_object('product', p.product, 'enabled', p.enabled, 'source', p.source, 'expiresAt', p.expires_at))
                from tenant_products p where p.tenant_id = t.id), '[]') as entitlements
    from tenants t where t.id = ${tenantId}::uuid`);
  if (!row) return null;
  const { entitlements, ...tenant } = row;
  return { tenant, entitlements: entitlements.map(revived), asOf };
}

/** No claim tells a product's settings, so none are read. */
function revived({ product, enabled, source, expiresAt }: FactsRow["entitlements"][number]): ClaimFacts["entitlements"][number] {
  return { product, enabled, source: source as ClaimFacts["entitlements"][number]["source"], expiresAt: expiresAt === null ? null : instantFrom(expiresAt), config: {} };
}
