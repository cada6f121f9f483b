/** Owns what is true of API keys: how long one may live, what it may be given, and which can be rotated. Where one stands is `api-key.state.ts`. No I/O. */
import { isIP } from "node:net";
import type { ProductManifest } from "../catalog/catalog.js";
import type { Verdict } from "../entitlement/entitlement.verdict.js";
import { Fault } from "../kernel/fault.js";
import type { Principal } from "../kernel/principal.js";
import { ApiKeyOwnerKind, type ApiKey, type ApiKeyEnvironment } from "./api-key.entity.js";
import { ApiKeyState, stateAt, type KeyStanding } from "./api-key.state.js";

/** How long a key lives when nobody says otherwise. */
export const USUAL_LIFETIME_DAYS = 90;
export const MAX_SCOPES = 50;
export const MAX_ALLOWED_IPS = 20;
/** How long two keys may work beside each other after a rotation. */
export const MAX_OVERLAP_SECONDS = 30 * 86_400;

const DAY_MS = 86_400_000;

/** What a tenant's policy says of how long its keys live. */
export interface LifetimePolicy {
  maxLifetimeDays: number;
  mayNeverExpire: boolean;
}

/**
 * When a new key ends: as asked, or after the usual time when nothing is said, as far as the policy allows that. Null is never.
 *
 * Faults  BAD_USER_INPUT(expiresAt) when it is not in the future, later than the policy allows, or never without a policy that says so.
 */
export function expiryFor(asked: Date | null | undefined, { maxLifetimeDays, mayNeverExpire }: LifetimePolicy, now: Date): Date | null {
  if (asked === undefined) return after(now, Math.min(USUAL_LIFETIME_DAYS, maxLifetimeDays) * DAY_MS);
  if (asked === null && !mayNeverExpire) throw unfit("expiresAt", "This tenant's keys must end at some time");
  if (asked !== null && asked <= now) throw unfit("expiresAt", "expiresAt must be in the future");
  if (asked !== null && asked > after(now, maxLifetimeDays * DAY_MS)) throw unfit("expiresAt", `expiresAt must be at most ${maxLifetimeDays} days from now`);
  return asked;
}

/**
 * When the key ends that takes another's place: as asked, or after as long a time as the other was made for. What that other was made
 * for and the policy no longer allows is cut to it.
 *
 * Faults  as {@link expiryFor}, for what is asked.
 */
export function expiryOfSuccessor(asked: Date | null | undefined, replaced: Pick<ApiKey, "createdAt" | "expiresAt">, policy: LifetimePolicy, now: Date): Date | null {
  if (asked !== undefined) return expiryFor(asked, policy, now);
  const { createdAt, expiresAt } = replaced;
  if (expiresAt === null && policy.mayNeverExpire) return null;
  // Of what Postgres calls infinity the driver makes a number.
  const lifetimeMs = expiresAt === null ? Infinity : Number(expiresAt) - Number(createdAt);
  return after(now, Math.min(lifetimeMs, policy.maxLifetimeDays * DAY_MS));
}

function after(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms);
}

/** Faults: BAD_USER_INPUT(scopes) unless it is one scope or more, each once, and each letter for letter one of the product's. */
export function refuseUnfitScopes({ scopes: known }: Pick<ProductManifest, "scopes">, scopes: readonly string[]): void {
  if (known.length === 0) throw unfit("scopes", "This product has nothing that a key could be allowed to do");
  if (scopes.length === 0 || scopes.length > MAX_SCOPES) throw unfit("scopes", `scopes must be 1 to ${MAX_SCOPES}`);
  if (new Set(scopes).size < scopes.length) throw unfit("scopes", "scopes must not be named twice");
  const ids = known.map(({ id }) => id);
  if (!scopes.every((scope) => ids.includes(scope))) throw unfit("scopes", `scopes must be of those that the product has: ${ids.join(", ")}`);
}

/** Faults: BAD_USER_INPUT(allowedIps) unless each is an address, or a block of them as in `10.0.0.0/8`. */
export function refuseUnfitIps(allowedIps: readonly string[]): void {
  if (allowedIps.length > MAX_ALLOWED_IPS) throw unfit("allowedIps", `allowedIps must be at most ${MAX_ALLOWED_IPS}`);
  if (!allowedIps.every(isAddressOrBlock)) throw unfit("allowedIps", "allowedIps must be IPv4 or IPv6 addresses, or blocks of them such as 10.0.0.0/8");
}

const ADDRESS_OR_BLOCK = /^([0-9A-Fa-f:.]+)(?:\/(0|[1-9]\d{0,2}))?$/;

function isAddressOrBlock(text: string): boolean {
  const [, address = "", bits = "0"] = ADDRESS_OR_BLOCK.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 4 ? 32 : 128);
}

/**
 * Who owns a key that this caller makes: its tenant, or a person, and that can only be the caller.
 *
 * Faults  BAD_USER_INPUT(ownerKind) for staff: the key would speak for somebody who is not of the tenant.
 */
export function ownerFor(ownerKind: ApiKeyOwnerKind, { kind, subject }: Principal): Pick<ApiKey, "ownerKind" | "ownerId"> {
  if (ownerKind === ApiKeyOwnerKind.TENANT) return { ownerKind, ownerId: null };
  if (kind !== "user") throw unfit("ownerKind", "Only the tenant's own people can own a key");
  return { ownerKind, ownerId: subject };
}

/** Faults: FAILED_PRECONDITION(`field`) when the tenant has not got the product now: nobody passes on what they do not have. */
export function refuseUnheld({ granted, reason }: Verdict, field: string): void {
  if (!granted) throw new Fault("FAILED_PRECONDITION", `The tenant cannot use this product now: ${reason}`, { field });
}

/**
 * What a key is bound to, for the one that takes its place.
 *
 * Faults  FAILED_PRECONDITION(id) when it is bound to no product or no environment, as keys from elsewhere may be; FORBIDDEN(id) when
 *         it belongs to a person who is not the caller, because whoever has the new one would speak for that person.
 */
export function bindingOf({ product, environment, ownerId }: ApiKey, { subject }: Principal): { product: string; environment: ApiKeyEnvironment } {
  if (ownerId !== null && ownerId !== subject) throw new Fault("FORBIDDEN", "This key belongs to a person, and only that person can rotate it; it can be revoked", { field: "id" });
  if (product === null || environment === null) {
    throw new Fault("FAILED_PRECONDITION", "This key is bound to no product or no environment; create a new one and revoke this one", { field: "id" });
  }
  return { product, environment };
}

/** Faults: FAILED_PRECONDITION(id) unless the key is active: nothing takes the place of what has ended, or has been replaced. */
export function refuseEnded(key: KeyStanding, now: Date): void {
  const state = stateAt(key, now);
  if (state !== ApiKeyState.ACTIVE) throw new Fault("FAILED_PRECONDITION", `This key is ${state}; only an active one can be rotated`, { field: "id" });
}

function unfit(field: string, message: string): Fault {
  return new Fault("BAD_USER_INPUT", message, { field });
}
