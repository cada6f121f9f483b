/** Owns what a verification is decided on, and how that is read: the key before its tenant is known, then what of the tenant counts. */
import sql, { raw, type Sql } from "sql-template-tag";
import type { EntitledTenant, EntitlementRow } from "../entitlement/entitlement.verdict.js";
import { instantFrom } from "../kernel/columns.js";
import { openDoors, type House, type ReadDoor } from "../kernel/doors.js";
import { isUuid } from "../kernel/id.js";
import type { KeyDoor } from "../kernel/key-door.js";
import type { ProjectStatus } from "../project/project.entity.js";
import type { ApiKeyEnvironment, ApiKeyOwnerKind } from "./api-key.entity.js";

/** What of a key's row decides. */
export interface KeyRow {
  id: string;
  tenantId: string;
  /** The public part by which the key is found. */
  lookupId: string;
  /** Tells keys with one look-up id apart; only imported keys share one. */
  seat: number;
  /** Null for a key that fits every product. */
  product: string | null;
  name: string;
  scopes: readonly string[];
  /** Null for a key that fits every environment. */
  environment: ApiKeyEnvironment | null;
  /** Null for a key that fits every project. */
  projectId: string | null;
  ownerKind: ApiKeyOwnerKind;
  /** The user it belongs to; null when it is its tenant's. */
  ownerId: string | null;
  /** Addresses and blocks of them; empty when it may come from anywhere. */
  allowedIps: readonly string[];
  expiresAt: Date | null;
  /** From when on a rotated key has ended. */
  overlapEndsAt: Date | null;
  revokedAt: Date | null;
}

/** What a secret is compared with. */
export interface StoredSecret {
  /** In argon2's text form. */
  hash: string;
  /** The pepper that went into it; null for a hash that was imported. */
  pepperId: string | null;
}

/** What of a key's tenant decides. */
export interface TenantFacts {
  tenant: EntitledTenant & { id: string; slug: string };
  /** Of the product that was asked about; null when the tenant has no row of its own for it. */
  entitlement: EntitlementRow | null;
  /** The key's own project or, of a key that is bound to none, the one that is asked about; null when there is none such. */
  project: TenantProject | null;
}

export interface TenantProject {
  id: string;
  slug: string;
  status: ProjectStatus;
}

export interface TenantQuestion {
  tenantId: string;
  product: string;
  projectId: string | null;
}

export interface ProjectQuestion {
  tenantId: string;
  product: string;
  /** Slug or id. */
  project: string;
}

export type KeyReads = ReturnType<typeof keyReads>;

/** More than the form of a hash allows; a column that was tampered with may hold any amount, and is not to be carried here for it. */
const MAX_HASH_LENGTH = 257;

const FOUND_KEYS = sql`
  select k.id, k.tenant_id as "tenantId", k.lookup_id as "lookupId", k.lookup_seat as "seat", k.product, k.name, k.scopes, k.environment,
    k.project_id as "projectId", k.owner_kind as "ownerKind", k.owner_id as "ownerId", k.allowed_ips as "allowedIps", k.expires_at as "expiresAt",
    k.overlap_ends_at as "overlapEndsAt", k.revoked_at as "revokedAt", left(k.hash, ${raw(String(MAX_HASH_LENGTH))}) as hash, k.pepper_id as "pepperId"
  from api_keys k`;

export function keyReads(door: KeyDoor, house: House) {
  /** As the product's own service would see it. */
  function about({ tenantId, product }: Pick<TenantQuestion, "tenantId" | "product">, withinMs: number): ReadDoor {
    const started = performance.now();
    const doors = openDoors(house, {
      // Who may ask was decided before the key was looked for.
      principal: { kind: "service", subject: "system:keys", name: null, roles: [], tenantId: null, product },
      origin: { requestId: "keys", sourceIp: null, userAgent: null },
      remainingMs: () => withinMs - (performance.now() - started),
      committed: () => undefined,
    });
    return doors.about([tenantId]);
  }

  return {
    /**
     * Revoked and expired ones included, those with one look-up id by their seats.
     *
     * Faults  as {@link KeyDoor.read}.
     */
    byLookupIds(lookupIds: readonly string[], withinMs: number): Promise<(KeyRow & StoredSecret)[]> {
      return door.read(lookupIds, sql`${FOUND_KEYS} where k.lookup_id = any(${lookupIds}::text[]) order by k.lookup_id, k.lookup_seat`, withinMs);
    },

    /** Null when there is no such tenant. Faults: UNAVAILABLE; DEADLINE_EXCEEDED after `withinMs`. */
    async tenant(question: TenantQuestion, withinMs: number): Promise<TenantFacts | null> {
      const [row] = await about(question, withinMs).read<FactsRow>(factsOf(question));
      if (!row) return null;
      const { entitlement, project, ...tenant } = row;
      return { tenant, project, entitlement: entitlement && revived(entitlement) };
    },

    /** Null when the tenant has none such. Faults: as {@link tenant}. */
    async project(question: ProjectQuestion, withinMs: number): Promise<TenantProject | null> {
      const [project] = await about(question, withinMs).read<TenantProject>(projectOf(question));
      return project ?? null;
    },
  };
}

type FactsRow = TenantFacts["tenant"] & Pick<TenantFacts, "project"> & { entitlement: HeldRow | null };

/** As JSON tells it. */
type HeldRow = Omit<EntitlementRow, "expiresAt"> & { expiresAt: string | null };

function factsOf({ tenantId, product, projectId }: TenantQuestion): Sql {
  return sql`
    select t.id, t.slug, t.status, t.kind, t.plan, t.trial_ends_at as "trialEndsAt", t.frozen_at as "frozenAt",
      (select json_build_object('enabled', e.enabled, 'source', e.source, 'config', e.config, 'expiresAt', e.expires_at) from tenant_products e
        where e.tenant_id = t.id and e.product = ${product}) as entitlement,
      (select json_build_object('id', p.id, 'slug', p.slug, 'status', p.status) from tenant_projects p
        where p.tenant_id = t.id and p.id = ${projectId}::uuid) as project
    from tenants t where t.id = ${tenantId}::uuid`;
}

/** A slug is never a UUID. */
function projectOf({ tenantId, project }: ProjectQuestion): Sql {
  const named = isUuid(project) ? sql`p.id = ${project}::uuid` : sql`p.slug = ${project}`;
  return sql`select p.id, p.slug, p.status from tenant_projects p where p.tenant_id = ${tenantId}::uuid and ${named}`;
}

function revived({ expiresAt, ...held }: HeldRow): EntitlementRow {
  return { ...held, expiresAt: expiresAt === null ? null : instantFrom(expiresAt) };
}
