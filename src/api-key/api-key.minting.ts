/** Owns what a new API key asks of its tenant, how its row is written, and what its events are about. */
import type { EntityManager } from "typeorm";
import type { Catalog, ProductManifest } from "../catalog/catalog.js";
import { Entitlement } from "../entitlement/entitlement.entity.js";
import { verdictOf } from "../entitlement/entitlement.verdict.js";
import type { AuditDraft } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { isUuid } from "../kernel/id.js";
import { insertRow } from "../kernel/insert.js";
import { Project, ProjectStatus } from "../project/project.entity.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { ApiKey } from "./api-key.entity.js";
import { refuseUnheld } from "./api-key.rules.js";
import type { Minted } from "./api-key.secret.js";

export interface HeldQuestion {
  tenantId: string;
  product: string;
  catalog: Catalog;
  now: Date;
}

/** Faults: FAILED_PRECONDITION(`field`) when the tenant has not got the product at this moment. */
export async function expectHeld(tx: EntityManager, { tenantId, product, catalog, now }: HeldQuestion, field: string): Promise<void> {
  const tenant = await tx.findOneByOrFail(Tenant, { id: tenantId });
  const entitlement = await tx.findOneBy(Entitlement, { tenantId, product });
  refuseUnheld(verdictOf({ tenant, product, entitlement, catalog, now }), field);
}

/**
 * The id of the project that a key of this product is for; null when it is for all of them.
 *
 * Faults  BAD_USER_INPUT(projectId) when the product keeps no projects apart; NOT_FOUND; FAILED_PRECONDITION(projectId) when it is archived.
 */
export async function projectFor(tx: EntityManager, product: ProductManifest, tenantId: string, projectId: string | null | undefined): Promise<string | null> {
  if (projectId == null) return null;
  if (!product.supportsProjects) throw new Fault("BAD_USER_INPUT", "This product does not keep projects apart", { field: "projectId" });
  const project = isUuid(projectId) ? await tx.findOneBy(Project, { id: projectId, tenantId }) : null;
  if (!project) throw notFound("Project");
  if (project.status === ProjectStatus.ARCHIVED) throw new Fault("FAILED_PRECONDITION", "The project is archived", { field: "projectId" });
  return project.id;
}

/** What a key is, apart from its secret. */
export type KeyTerms = Pick<
  ApiKey,
  "id" | "tenantId" | "product" | "name" | "scopes" | "environment" | "projectId" | "allowedIps" | "ownerKind" | "ownerId" | "createdById" | "createdAt" | "expiresAt" | "rotatedFromId"
>;

/**
 * Write a new key, and read it as everybody will: hash and pepper, which are not to be told, are not in what comes back. By the clock
 * that also ends it, so that it lives exactly as long as it was made for.
 */
export async function insertKey(tx: EntityManager, { lookupId, prefix, hash, pepperId }: Minted, terms: KeyTerms): Promise<ApiKey> {
  await insertRow<ApiKey>(tx, ApiKey, { ...terms, lookupId, prefix, hash, pepperId });
  return tx.findOneByOrFail(ApiKey, { id: terms.id });
}

/** What an event says about a key. Its public part is in every one: by that they are found when the key is gone. */
export function aboutKey({ id, name, product, projectId, lookupId }: ApiKey, metadata: Record<string, unknown> = {}): AuditDraft {
  return {
    target: { type: "api_key", id, name },
    ...(product !== null && { product }),
    ...(projectId !== null && { projectId }),
    metadata: { lookup_id: lookupId, ...metadata },
  };
}
