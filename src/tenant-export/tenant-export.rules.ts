/** Owns what is true of exports: how long one can be fetched, and what its address looks like. No I/O. */
import { createHash, randomBytes } from "node:crypto";
import { isUuid } from "../kernel/id.js";

/** How long the address of an export can be fetched, as often as needed. */
export const EXPORT_MINUTES = 15;

const SECRET_BYTES = 32;
const SECRET = /^[\w-]{43}$/;

export const EXPORT_PATH = "/exports/";

/** What an address proves: which tenant's export may be fetched, by whoever knows the secret. */
export interface Capability {
  tenantId: string;
  secret: string;
}

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** What is stored of a secret. It is random and long, so that a plain hash is enough. */
export function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

export function expiryOf(now: Date): Date {
  return new Date(now.getTime() + EXPORT_MINUTES * 60_000);
}

/** The last segment of the address, `<tenant's id>.<secret>`. */
export function capabilityText({ tenantId, secret }: Capability): string {
  return `${tenantId}.${secret}`;
}

/** The inverse of {@link capabilityText}; null for what is none. */
export function capabilityFrom(text: string): Capability | null {
  const [tenantId, secret, ...more] = text.split(".");
  return isUuid(tenantId) && secret !== undefined && SECRET.test(secret) && more.length === 0 ? { tenantId: tenantId.toLowerCase(), secret } : null;
}

/** How the downloaded file is called. */
export function fileNameOf({ slug }: { slug: string }, at: Date): string {
  return `${slug}-export-${at.toISOString().slice(0, 10)}.zip`;
}
