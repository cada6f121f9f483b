/** Owns which tenant a token means: organisations and slugs → tenant ids. The only look-up that is made before there is a caller. */
import { LRUCache } from "lru-cache";
import sql from "sql-template-tag";
import { openDoors, type House } from "../kernel/doors.js";
import { isUuid } from "../kernel/id.js";
import type { TenantReference } from "../kernel/named-tenants.js";
import { statusAt, type Standing } from "./tenant.lifecycle.js";

/**
 * How long an organisation's members may still act in the tenant that it was mapped to before, and what is read of an archived tenant
 * is what could be read before; stated in the README.
 */
const REMEMBER_MS = 30_000;
const REMEMBER_AT_MOST = 10_000;

export interface TenantNames {
  id: string;
  slug: string;
}

/** With what says where it stands, so that its deadlines can be compared at every request. */
export interface KnownTenant extends TenantNames, Standing {}

export interface TenantDirectory {
  /** The tenant that each of a token's references means; a reference that means none is left out. Several may mean the same one. */
  resolve<Reference extends TenantReference>(references: readonly Reference[]): Promise<Map<Reference, KnownTenant>>;
  /** The tenant of this id or slug, as a person writes it in a header. Only for whoever may know which tenants there are. */
  find(idOrSlug: string): Promise<TenantNames | null>;
}

interface Remembered {
  tenant: KnownTenant;
  readAt: Date;
}

/** Only what was found is remembered, so a new tenant is found at once. Faults: UNAVAILABLE without a database. */
export function openTenantDirectory(house: House, operationMs: number, now: () => Date): TenantDirectory {
  const remembered = new LRUCache<string, Remembered>({ max: REMEMBER_AT_MOST });
  const doors = openDoors(house, {
    principal: { kind: "platform", subject: "system:directory", name: null, roles: [], tenantId: null },
    origin: { requestId: "directory", sourceIp: null, userAgent: null },
    remainingMs: () => operationMs,
    committed: () => undefined,
  });

  /** An alias speaks for the organisation only while no id does: the identity provider gives a deleted one's alias away again. */
  async function look(references: readonly TenantReference[]): Promise<Map<string, KnownTenant>> {
    const values = (by: TenantReference["by"]) => references.filter((one) => one.by === by).map(({ value }) => value);
    const readAt = now();
    const rows = await doors.read<KnownTenant & { organizationId: string | null }>(sql`
      select id, slug, keycloak_org_id as "organizationId", status, trial_ends_at as "trialEndsAt", frozen_at as "frozenAt" from tenants
      where id = any(${values("tenant-id")}::uuid[]) or keycloak_org_id = any(${values("organization-id")}::text[])
         or (slug = any(${values("alias")}::text[]) and keycloak_org_id is null)`);
    const found = new Map<string, KnownTenant>();
    for (const { organizationId, ...tenant } of rows) {
      found.set(keyOf({ by: "tenant-id", value: tenant.id }), tenant);
      found.set(keyOf(organizationId === null ? { by: "alias", value: tenant.slug } : { by: "organization-id", value: organizationId }), tenant);
    }
    for (const [key, tenant] of found) remembered.set(key, { tenant, readAt });
    return found;
  }

  /** A tenant that a deadline has moved on since it was read is read again: somebody may have moved the deadline. */
  function known(key: string): KnownTenant | undefined {
    const { tenant, readAt } = remembered.get(key) ?? {};
    const at = now();
    if (!tenant || !readAt || Math.abs(at.getTime() - readAt.getTime()) >= REMEMBER_MS) return undefined;
    return statusAt(tenant, at) === statusAt(tenant, readAt) ? tenant : undefined;
  }

  return {
    async resolve(references) {
      const remembers = new Map(references.map((one) => [keyOf(one), known(keyOf(one))]));
      const unknown = references.filter((one) => !remembers.get(keyOf(one)));
      const read = unknown.length > 0 ? await look(unknown) : undefined;
      const pairs = references.flatMap((one) => {
        const tenant = remembers.get(keyOf(one)) ?? read?.get(keyOf(one));
        return tenant ? [[one, tenant] as const] : [];
      });
      return new Map(pairs);
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
