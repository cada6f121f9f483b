/** Owns what is true of entitlements. No I/O. */
import { Fault } from "../kernel/fault.js";
import { isStorable, isUuid, keyText } from "../kernel/id.js";
import { isWellFormed } from "../kernel/validation.js";

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

/**
 * Faults  BAD_USER_INPUT(config) when the settings are larger than a row should carry, deeper than Postgres' and our own stack
 *         should follow, or hold text that jsonb refuses.
 */
export function refuseUnfitConfig(config: Record<string, unknown> | undefined): void {
  if (config === undefined) return;
  if (!isFit(config, MAX_CONFIG_LEVELS)) {
    throw new Fault("BAD_USER_INPUT", `config must be well-formed text in at most ${MAX_CONFIG_LEVELS} levels`, { field: "config" });
  }
  if (Buffer.byteLength(JSON.stringify(config)) > MAX_CONFIG_BYTES) {
    throw new Fault("BAD_USER_INPUT", `config must be at most ${MAX_CONFIG_BYTES} bytes`, { field: "config" });
  }
}

/** Looked at before anything that recurses without a bound of its own, such as JSON.stringify. */
function isFit(value: unknown, levels: number): boolean {
  if (typeof value === "string") return isWellFormed(value);
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.entries(value).every(([name, inner]) => isWellFormed(name) && isFit(inner, levels - 1));
}
