/** Owns how entitlements change: one function per action, each through the change door. */
import type { EntityManager } from "typeorm";
import type { Doors } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import { insertRow } from "../kernel/insert.js";
import { changedFields, expectVersion, given } from "../kernel/update.js";
import { Entitlement } from "./entitlement.entity.js";
import type { GrantEntitlementInput, UpdateEntitlementInput, WithdrawEntitlementInput } from "./entitlement.inputs.js";
import { entitlementId, refusePastEnd, refuseUnfitConfig } from "./entitlement.rules.js";

type Payload = { entitlement: Entitlement };

/**
 * Give a tenant a product, or give it back after a withdrawal.
 *
 * Faults  CONFLICT(product) when the tenant has it; BAD_USER_INPUT(config | expiresAt); NOT_FOUND for an unknown tenant.
 * Audit   `entitlement.grant`.
 */
export function grantEntitlement(doors: Doors, { tenantId, product, config = {}, expiresAt = null }: GrantEntitlementInput, now: Date): Promise<Payload> {
  refuseUnfitConfig(config);
  refusePastEnd(expiresAt, now);
  const home = doors.within(tenantId);
  return home.change("entitlement.grant", async (tx) => {
    const before = await find(tx, home.tenantId, product);
    if (before?.enabled) throw new Fault("CONFLICT", "The tenant already has this product", { field: "product" });
    const granted = { enabled: true, config, expiresAt };
    const entitlement = before ? await tx.save(Object.assign(before, granted)) : await insertRow(tx, Entitlement, { ...granted, tenantId: home.tenantId, product });
    return { value: { entitlement }, audit: [{ ...about(entitlement), metadata: { again: before !== null, expires_at: expiresAt } }] };
  });
}

/**
 * Faults  NOT_FOUND; CONFLICT(expectedVersion); FAILED_PRECONDITION when it is withdrawn; BAD_USER_INPUT(config | expiresAt).
 * Audit   `entitlement.update` with the names of the changed fields; nothing when nothing changes.
 */
export function updateEntitlement(doors: Doors, input: UpdateEntitlementInput, now: Date): Promise<Payload> {
  const { tenantId, product, expectedVersion, ...rest } = input;
  const changes = given(rest);
  refuseUnfitConfig(changes.config);
  refusePastEnd(changes.expiresAt, now);
  const home = doors.within(tenantId);
  return home.change("entitlement.update", async (tx) => {
    const entitlement = await find(tx, home.tenantId, product);
    if (!entitlement) throw notFound("Entitlement");
    expectVersion(entitlement, expectedVersion);
    if (!entitlement.enabled) throw new Fault("FAILED_PRECONDITION", "The entitlement is withdrawn; grant it again");
    const changed = changedFields(entitlement, changes);
    if (changed.length === 0) return { value: { entitlement }, unaudited: "no-op" };
    await tx.save(Object.assign(entitlement, changes));
    return { value: { entitlement }, audit: [{ ...about(entitlement), metadata: { changed } }] };
  });
}

/**
 * Take a product back; the row stays, so that its settings survive a later grant. Withdrawing twice changes nothing.
 *
 * Faults  NOT_FOUND; CONFLICT(expectedVersion).
 * Audit   `entitlement.withdraw`.
 */
export function withdrawEntitlement(doors: Doors, { tenantId, product, expectedVersion }: WithdrawEntitlementInput): Promise<Payload> {
  const home = doors.within(tenantId);
  return home.change("entitlement.withdraw", async (tx) => {
    const entitlement = await find(tx, home.tenantId, product);
    if (!entitlement) throw notFound("Entitlement");
    expectVersion(entitlement, expectedVersion);
    if (!entitlement.enabled) return { value: { entitlement }, unaudited: "no-op" };
    await tx.save(Object.assign(entitlement, { enabled: false }));
    return { value: { entitlement }, audit: [about(entitlement)] };
  });
}

function find(tx: EntityManager, tenantId: string, product: string): Promise<Entitlement | null> {
  return tx.findOne(Entitlement, { where: { tenantId, product }, lock: { mode: "for_no_key_update" } });
}

function about(entitlement: Entitlement) {
  const { product } = entitlement;
  return { target: { type: "entitlement", id: entitlementId(entitlement), name: product }, product: product };
}
