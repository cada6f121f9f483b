/** Owns which tenant a token means: organisations and slugs → tenant ids. The only look-up that is made before there is a caller. */
import { LRUCache } from "lru-cache";
import sql from "sql-template-tag";
import type { TenantReference } from "../kernel/claims.js";
import { openDoors, type House } from "../kernel/doors.js";
import { isUuid } from "../kernel/id.js";

/** How long an organisation's members may still act in the tenant that it was mapped to before; stated in the README. */
const REMEMBER_MS = 30_000;
const REMEMBER_AT_MOST = 10_000;

export interface TenantNames {
  id: string;
  slug: string;
}

export interface TenantDirectory {
  /** The tenants that a token's references mean, without doubles; a reference that means none is left out. */
  resolve(references: readonly TenantReference[]): Promise<TenantNames[]>;
  /** The tenant of this id or slug, as a person writes it in a header. Only for whoever may know which tenants there are. */
  find(idOrSlug: string): Promise<TenantNames | null>;
}

/** Only what was found is remembered, so a new tenant is found at once. Faults: UNAVAILABLE without a database. */
export function openTenantDirectory(house: House, operationMs: number): TenantDirectory {
  const known = new LRUCache<string, TenantNames>({ max: REMEMBER_AT_MOST, ttl: REMEMBER_MS });
  const doors = openDoors(house, {
    principal: { kind: "platform", subject: "system:directory", name: null, roles: [], tenantId: null },
    origin: { requestId: "directory", sourceIp: null, userAgent: null },
    remainingMs: () => operationMs,
    committed: () => undefined,
  });

  /** An alias speaks for the organisation only while no id does: the identity provider gives a deleted one's alias away again. */
  async function look(references: readonly TenantReference[]): Promise<void> {
    const values = (by: TenantReference["by"]) => references.filter((one) => one.by === by).map(({ value }) => value);
    const rows = await doors.read<TenantNames & { organizationId: string | null }>(sql`
      select id, slug, keycloak_org_id as "organizationId" from tenants
      where id = any(${values("tenant-id")}::uuid[]) or keycloak_org_id = any(${values("organization-id")}::text[])
         or (slug = any(${values("alias")}::text[]) and keycloak_org_id is null)`);
    for (const { id, slug, organizationId } of rows) {
      known.set(keyOf({ by: "tenant-id", value: id }), { id, slug });
      known.set(keyOf(organizationId === null ? { by: "alias", value: slug } : { by: "organization-id", value: organizationId }), { id, slug });
    }
  }

  return {
    async resolve(references) {
      const unknown = references.filter((one) => !known.has(keyOf(one)));
      if (unknown.length > 0) await look(unknown);
      const found = references.flatMap((one) => known.get(keyOf(one)) ?? []);
      return [...new Map(found.map((tenant) => [tenant.id, tenant])).values()];
    },
    async find(idOrSlug) {
      const [tenant] = await doors.read<TenantNames>(
        isUuid(idOrSlug) ? sql`select id, slug from tenants where id = ${idOrSlug}::uuid` : sql`select id, slug from tenants where slug = ${idOrSlug}`,
      );
      return tenant ?? null;
    },
  };
}

function keyOf({ by, value }: TenantReference): string {
  return `${by}:${value}`;
}
