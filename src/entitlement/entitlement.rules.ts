/** Owns what is true of entitlements. No I/O. */
import { Fault } from "../kernel/fault.js";
import { isStorable, isUuid, keyText } from "../kernel/id.js";
import { isStorableJson, storableJsonRule } from "../kernel/storable-json.js";
import { EntitlementSource } from "./entitlement.entity.js";
import { hasEnded, type EntitlementRow } from "./entitlement.verdict.js";

export const MAX_CONFIG_BYTES = 16 * 1024;
export const MAX_CONFIG_LEVELS = 32;

/** Names an entitlement in one word: its tenant's id and its product's key, `<uuid>:<key>`. */
export function entitlementId({ tenantId, product }: { tenantId: string; product: string }): string {
  return `${tenantId}:${product}`;
}

/** The inverse of {@link entitlementId}; null for what is not such an id. */
export function entitlementKeyFrom(id: string): { tenantId: string; product: string } | null {
  const tenantId = id.slice(0, 36);
  const product = id.slice(37);
  return isUuid(tenantId) && id[36] === ":" && isStorable(product) ? { tenantId: tenantId.toLowerCase(), product } : null;
}

/** The id behind either key of a representation: `id`, or `tenant { id } product { key }`. */
export function idFromReference(representation: Readonly<Record<string, unknown>>): string {
  const { id, tenant, product } = representation as { id?: unknown; tenant?: { id?: unknown }; product?: { key?: unknown } };
  return id === undefined ? entitlementId({ tenantId: keyText(tenant?.id), product: keyText(product?.key) }) : keyText(id);
}

/** Faults: BAD_USER_INPUT(expiresAt) when the end is not in the future, or in a year that has no usual spelling. */
export function refusePastEnd(expiresAt: Date | null | undefined, now: Date): void {
  if (expiresAt && expiresAt <= now) throw new Fault("BAD_USER_INPUT", "expiresAt must be in the future", { field: "expiresAt" });
  if (expiresAt && expiresAt.getUTCFullYear() > 9999) throw new Fault("BAD_USER_INPUT", "expiresAt must be before the year 10000", { field: "expiresAt" });
}

/** Does an operator's decision give the product now, so that there is nothing to grant? A trial does not stand in the way of a sale. */
export function isInForce(row: EntitlementRow, now: Date): boolean {
  return row.enabled && row.source === EntitlementSource.OVERRIDE && !hasEnded(row, now);
}

/** Was it taken back? A trial that has ended was not: what the plan gives still counts beside it. */
export function isWithdrawn({ enabled, source }: EntitlementRow): boolean {
  return !enabled && source === EntitlementSource.OVERRIDE;
}

/** When a trial of so many days is over. */
export function trialEnd(start: Date, days: number): Date {
  const end = new Date(start);
  end.setUTCDate(end.getUTCDate() + days);
  return end;
}

/** Faults: BAD_USER_INPUT(expiresAt) when a trial would lose its end. */
export function refuseEndlessTrial({ source }: EntitlementRow, expiresAt: Date | null | undefined): void {
  if (source === EntitlementSource.TRIAL && expiresAt === null) {
    throw new Fault("BAD_USER_INPUT", "A trial has an end; grant the product instead", { field: "expiresAt" });
  }
}

/**
 * Faults  BAD_USER_INPUT(config) when the settings are larger than a row should carry, deeper than Postgres' and our own stack
 *         should follow, hold text that jsonb refuses, numbers that it writes out in hundreds of digits, or a member that becomes a prototype.
 */
export function refuseUnfitConfig(config: Record<string, unknown> | undefined): void {
  if (config === undefined) return;
  if (!isStorableJson(config, MAX_CONFIG_LEVELS)) throw new Fault("BAD_USER_INPUT", `config ${storableJsonRule(MAX_CONFIG_LEVELS)}`, { field: "config" });
  if (Buffer.byteLength(JSON.stringify(config)) > MAX_CONFIG_BYTES) {
    throw new Fault("BAD_USER_INPUT", `config must be at most ${MAX_CONFIG_BYTES} bytes`, { field: "config" });
  }
}
