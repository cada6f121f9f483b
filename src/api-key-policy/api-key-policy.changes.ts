/** Owns how a tenant's policy for its API keys changes: through the change door. */
import type { EntityManager } from "typeorm";
import { insertUnlessThere } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, expectVersion, given } from "../kernel/update.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { ApiKeyPolicyRecord } from "./api-key-policy.entity.js";
import type { ApiKeyPolicy, UpdateApiKeyPolicyInput, UpdateApiKeyPolicyPayload } from "./api-key-policy.inputs.js";
import { WITHOUT_POLICY } from "./api-key-policy.reads.js";

/**
 * Say how long a tenant's new keys may live. Keys that are there keep theirs.
 *
 * Faults  BAD_USER_INPUT(maxLifetimeDays); FORBIDDEN(mayNeverExpire) for whoever is no operator; CONFLICT(expectedVersion);
 *         NOT_FOUND for a tenant that is not the caller's; TENANT_READ_ONLY; FAILED_PRECONDITION in a demo.
 * Audit   `api_key.update_policy` with the names of the changed fields and what now holds; nothing when nothing changes.
 */
export function updateApiKeyPolicy({ doors }: RequestContext, { tenantId, expectedVersion, ...rest }: UpdateApiKeyPolicyInput): Promise<UpdateApiKeyPolicyPayload> {
  const changes = given(rest);
  const home = doors.within(tenantId);
  return home.change("api_key.update_policy", async (tx) => {
    const { policy, changed } = await write(tx, home.tenantId, expectedVersion, changes);
    if (changed.length === 0) return { value: { policy }, unaudited: "no-op" };
    const { slug } = await tx.findOneByOrFail(Tenant, { id: home.tenantId });
    const metadata = { changed, max_lifetime_days: policy.maxLifetimeDays, may_never_expire: policy.mayNeverExpire };
    return { value: { policy }, audit: [{ target: { type: "api_key_policy", id: home.tenantId, name: slug }, metadata }] };
  });
}

async function write(tx: EntityManager, tenantId: string, expectedVersion: number | null | undefined, changes: Partial<ApiKeyPolicy>): Promise<{ policy: Readonly<ApiKeyPolicy>; changed: string[] }> {
  const record = await tx.findOne(ApiKeyPolicyRecord, { where: { tenantId }, lock: { mode: "for_no_key_update" } });
  const before = record ?? WITHOUT_POLICY;
  expectVersion(before, expectedVersion);
  const changed = changedFields(before, changes);
  if (changed.length === 0) return { policy: before, changed };
  if (record) return { policy: await tx.save(Object.assign(record, changes)), changed };
  const { version: _, ...rules } = WITHOUT_POLICY;
  const first = await insertUnlessThere(tx, ApiKeyPolicyRecord, { ...rules, ...changes, tenantId });
  // Of two that come first at once the other has written it: now it is there, to be changed.
  return first ? { policy: first, changed } : write(tx, tenantId, expectedVersion, changes);
}
