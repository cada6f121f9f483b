/** Owns which tenant a token means: organisations and slugs → tenant ids. The only look-up that is made before there is a caller. */
import { LRUCache } from "lru-cache";
import sql from "sql-template-tag";
import type { TenantReference } from "../kernel/claims.js";
import { openDoors, type House } from "../kernel/doors.js";
import { isUuid } from "../kernel/id.js";

/** A slug never changes and an organisation's mapping hardly ever: this long may a changed mapping go unseen. */
const REMEMBER_MS = 30_000;
const REMEMBER_AT_MOST = 10_000;

export interface TenantDirectory {
  /** Ids of the tenants that these references mean, without doubles; a reference that means none is left out. */
  resolve(references: readonly TenantReference[]): Promise<string[]>;
}

/** Only what was found is remembered, so a new tenant is found at once. Faults: UNAVAILABLE without a database. */
export function openTenantDirectory(house: House, operationMs: number): TenantDirectory {
  const known = new LRUCache<string, string>({ max: REMEMBER_AT_MOST, ttl: REMEMBER_MS });
  const doors = openDoors(house, {
    principal: { kind: "platform", subject: "system:directory", name: null, roles: [], tenantId: null },
    origin: { requestId: "directory", sourceIp: null, userAgent: null },
    remainingMs: () => operationMs,
    committed: () => undefined,
  });

  async function find(references: readonly TenantReference[]): Promise<void> {
    const values = (by: TenantReference["by"]) => references.filter((one) => one.by === by).map(({ value }) => value);
    const rows = await doors.read<{ id: string; slug: string; organizationId: string | null }>(sql`
      select id, slug, keycloak_org_id as "organizationId" from tenants
      where slug = any(${values("slug")}::text[]) or keycloak_org_id = any(${values("organization-id")}::text[])`);
    for (const { id, slug, organizationId } of rows) {
      known.set(keyOf({ by: "slug", value: slug }), id);
      if (organizationId !== null) known.set(keyOf({ by: "organization-id", value: organizationId }), id);
    }
  }

  return {
    async resolve(references) {
      const unknown = references.filter((one) => one.by !== "tenant-id" && !known.has(keyOf(one)));
      if (unknown.length > 0) await find(unknown);
      const ids = references.map((one) => (one.by === "tenant-id" ? one.value : known.get(keyOf(one))));
      return [...new Set(ids.filter((id) => id !== undefined))];
    },
  };
}

/** How a person writes a tenant in a header: its id or its slug. */
export function referenceFrom(text: string): TenantReference {
  return isUuid(text) ? { by: "tenant-id", value: text.toLowerCase() } : { by: "slug", value: text };
}

function keyOf({ by, value }: TenantReference): string {
  return `${by}:${value}`;
}
