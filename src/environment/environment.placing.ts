/** Owns how an environment comes onto a cluster: the placement before ends, and a new one begins in the same moment. */
import { IsNull, type EntityManager } from "typeorm";
import { insertRow } from "../kernel/insert.js";
import { updateRow } from "../kernel/update.js";
import { Tenant } from "../tenant/tenant.entity.js";
import type { Environment } from "./environment.entity.js";
import { Placement } from "./placement.entity.js";

type Placed = Pick<Environment, "tenantId" | "id">;

/** The slug of the tenant that this transaction is in: a dedicated cluster names its tenant so. */
export async function slugOfTenant(tx: EntityManager, id: string): Promise<string> {
  const { slug } = await tx.findOneOrFail(Tenant, { where: { id }, select: { slug: true } });
  return slug;
}

/** Where an environment is placed, also while it is archived; null when nowhere. */
export async function presentCluster(tx: EntityManager, environment: Placed): Promise<string | null> {
  return (await presentOf(tx, environment))?.cluster ?? null;
}

/**
 * Place an environment that this transaction holds, on a cluster that it may be placed on. Tells where it was: null when nowhere, the
 * same cluster when nothing was to be done.
 */
export async function placeRow(tx: EntityManager, environment: Placed, cluster: string, now: Date): Promise<string | null> {
  const { tenantId, id: environmentId } = environment;
  const present = await presentOf(tx, environment);
  if (present?.cluster === cluster) return cluster;
  // An instance whose clock is behind must not end what another one began before it began, which a Date knows to the millisecond only.
  const at = present && present.placedAt >= now ? new Date(present.placedAt.getTime() + 1) : now;
  if (present) await updateRow(tx, Placement, present, { endedAt: at });
  await insertRow(tx, Placement, { tenantId, environmentId, cluster, placedAt: at });
  return present?.cluster ?? null;
}

function presentOf(tx: EntityManager, { tenantId, id: environmentId }: Placed): Promise<Placement | null> {
  return tx.findOneBy(Placement, { tenantId, environmentId, endedAt: IsNull() });
}
