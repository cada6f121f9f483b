/** Owns how API keys are created, rotated and revoked: one function per action, each through the change door. */
import { randomUUID } from "node:crypto";
import type { EntityManager } from "typeorm";
import { knownProduct } from "../catalog/catalog.rules.js";
import type { Change, OnceWith } from "../kernel/doors.js";
import { notFound } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import type { RequestContext } from "../kernel/request.js";
import { updateRow } from "../kernel/update.js";
import { policyOf } from "../api-key-policy/api-key-policy.reads.js";
import { ApiKey, ApiKeyRevokeReason } from "./api-key.entity.js";
import type { CreateApiKeyInput, RevokeApiKeyInput, RotateApiKeyInput } from "./api-key.inputs.js";
import { aboutKey, expectHeld, insertKey, projectFor } from "./api-key.minting.js";
import type { CreateApiKeyPayload, RevokeApiKeyPayload, RotateApiKeyPayload } from "./api-key.payloads.js";
import { apiKeyReads } from "./api-key.reads.js";
import { bindingOf, expiryFor, expiryOfSuccessor, ownerFor, refuseEnded, refuseUnfitIps, refuseUnfitScopes } from "./api-key.rules.js";
import type { KeySecrets } from "./api-key.secret.js";
import { ApiKeyState, stateAt } from "./api-key.state.js";

declare module "../kernel/request.js" {
  interface Facilities {
    keySecrets: KeySecrets;
  }
}

/**
 * Make a key. Its plaintext is in the payload and nowhere else: it is not kept with the answer either, so that whoever repeats the
 * request under its idempotency key is not told it again.
 *
 * Faults  CONFLICT(name) when a key of the tenant has that name and is neither revoked nor rotated; FAILED_PRECONDITION(product) when
 *         the tenant has not got the product, (projectId) when the project is archived; BAD_USER_INPUT(product | scopes | projectId |
 *         allowedIps | ownerKind | expiresAt); NOT_FOUND for a tenant or project that is not the caller's; TENANT_READ_ONLY;
 *         CONFLICT(idempotencyKey) when the key was used for another creation.
 * Audit   `api_key.create` with the public part of the key.
 */
export async function createApiKey({ doors, principal, facilities, now }: RequestContext, input: CreateApiKeyInput): Promise<CreateApiKeyPayload> {
  const { name, environment, scopes, allowedIps } = input;
  refuseUnfitIps(allowedIps);
  const owner = ownerFor(input.ownerKind, principal);
  const home = doors.within(input.tenantId);
  const { tenantId } = home;
  const id = randomUUID();
  const minted = await facilities.keySecrets.mint(environment);
  const { apiKey } = await home.change(
    "api_key.create",
    async (tx) => {
      const createdAt = now();
      const product = knownProduct(facilities.catalog, input.product);
      await expectHeld(tx, { tenantId, product: product.key, catalog: facilities.catalog, now: createdAt }, "product");
      refuseUnfitScopes(product, scopes);
      const projectId = await projectFor(tx, product, tenantId, input.projectId);
      const expiresAt = expiryFor(input.expiresAt, await policyOf(tx, tenantId), createdAt);
      const terms = { id, tenantId, product: product.key, name, scopes, environment, projectId, allowedIps, ...owner, expiresAt };
      const apiKey = await insertKey(tx, minted, { ...terms, createdAt, createdById: principal.subject, rotatedFromId: null });
      return { value: { apiKey }, audit: [aboutKey(apiKey, { scopes, environment, expires_at: expiresAt })] };
    },
    once("createApiKey", input, { apiKey: ApiKey }),
  );
  return { apiKey, plaintext: apiKey.id === id ? minted.plaintext : null };
}

/**
 * Put a new key in the place of one that works. It may do exactly what the other may, and has its name, which only the newest of a
 * line holds. Of several rotations of one key at once one is done.
 *
 * Faults  NOT_FOUND; FAILED_PRECONDITION(id) when it has ended or been rotated, is bound to no product or environment, or its tenant has
 *         not got the product; FORBIDDEN(id) for another person's own; BAD_USER_INPUT(overlapSeconds | expiresAt); TENANT_READ_ONLY;
 *         CONFLICT(idempotencyKey) when the key was used for another rotation.
 * Audit   `api_key.rotate`, target = the new key.
 */
export async function rotateApiKey(context: RequestContext, input: RotateApiKeyInput): Promise<RotateApiKeyPayload> {
  const { principal, facilities, now } = context;
  const seen = await seenBy(context, input.id);
  const { product, environment } = bindingOf(seen, principal);
  const id = randomUUID();
  const minted = await facilities.keySecrets.mint(environment);
  const rotate = async (tx: EntityManager, old: ApiKey) => {
    const at = now();
    const { tenantId, name, scopes, projectId, allowedIps, ownerKind, ownerId } = old;
    refuseEnded(old, at);
    await expectHeld(tx, { tenantId, product, catalog: facilities.catalog, now: at }, "id");
    const expiresAt = expiryOfSuccessor(input.expiresAt, old, await policyOf(tx, tenantId), at);
    const overlapEndsAt = new Date(at.getTime() + input.overlapSeconds * 1_000);
    const ended = input.overlapSeconds === 0 && { revokedAt: at, revokedById: principal.subject, revokeReason: ApiKeyRevokeReason.ROTATED };
    // First the old one: until then it holds the name.
    const replaced = await updateRow(tx, ApiKey, old, { rotatedAt: at, overlapEndsAt, ...ended });
    const terms = { id, tenantId, product, name, scopes, environment, projectId, allowedIps, ownerKind, ownerId, expiresAt, rotatedFromId: old.id };
    const apiKey = await insertKey(tx, minted, { ...terms, createdAt: at, createdById: principal.subject });
    const audit = [aboutKey(apiKey, { rotated_from: old.id, overlap_ends_at: overlapEndsAt, expires_at: expiresAt })] as const;
    return { value: { apiKey, replaced }, audit };
  };
  const { apiKey, replaced } = await endKey(context, seen, "api_key.rotate", rotate, once("rotateApiKey", input, { apiKey: ApiKey, replaced: ApiKey }));
  return { apiKey, replaced, plaintext: apiKey.id === id ? minted.plaintext : null };
}

/**
 * End a key at once. One that was revoked, or whose time beside its successor is over, has ended already: nothing changes.
 *
 * Faults  NOT_FOUND; BAD_USER_INPUT(reason); TENANT_READ_ONLY.
 * Audit   `api_key.revoke` with the reason.
 */
export async function revokeApiKey(context: RequestContext, { id, reason }: RevokeApiKeyInput): Promise<RevokeApiKeyPayload> {
  const { principal, now } = context;
  return endKey(context, await seenBy(context, id), "api_key.revoke", async (tx, apiKey) => {
    const revokedAt = now();
    if (stateAt(apiKey, revokedAt) === ApiKeyState.REVOKED) return { value: { apiKey }, unaudited: "no-op" };
    await updateRow(tx, ApiKey, apiKey, { revokedAt, revokedById: principal.subject, revokeReason: reason });
    return { value: { apiKey }, audit: [aboutKey(apiKey, { reason })] };
  });
}

async function seenBy({ reads }: RequestContext, id: string): Promise<ApiKey> {
  const seen = await reads(apiKeyReads).byId.load(id);
  if (!seen) throw notFound("API key");
  return seen;
}

/**
 * Lock the key in its tenant, change it, and let this instance drop at once what it remembers of it; the others hear of it from the
 * database. Also after a failure, because a commit may have been done although its answer was lost.
 */
async function endKey<T>(
  { doors, facilities }: RequestContext,
  seen: ApiKey,
  action: "api_key.rotate" | "api_key.revoke",
  work: (tx: EntityManager, apiKey: ApiKey) => Promise<Change<T>>,
  once?: OnceWith<T>,
): Promise<T> {
  try {
    return await doors.within(seen.tenantId).change(
      action,
      async (tx) => {
        const apiKey = await tx.findOne(ApiKey, { where: { id: seen.id }, lock: { mode: "for_no_key_update" } });
        if (!apiKey) throw notFound("API key");
        return work(tx, apiKey);
      },
      once,
    );
  } finally {
    if (seen.lookupId !== null) facilities.keyVerifier.forget(seen.lookupId);
  }
}
