/** Owns how a tenant's policy for its API keys is found, and what holds where there is none. */
import sql, { raw } from "sql-template-tag";
import type { EntityManager } from "typeorm";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { loaderById } from "../kernel/loaders.js";
import { aliasOf, declareWrite, objectTypeOf, writeObject } from "../kernel/projection.js";
import { ApiKeyPolicyRecord } from "./api-key-policy.entity.js";
import type { ApiKeyPolicy } from "./api-key-policy.inputs.js";

/** What holds in a tenant that was never given a policy. */
export const WITHOUT_POLICY: Readonly<ApiKeyPolicy> = { maxLifetimeDays: 90, mayNeverExpire: false, version: 0 };

const columns = columnsOf(ApiKeyPolicyRecord, "y");
const otherwise = (member: keyof ApiKeyPolicy) => raw(String(WITHOUT_POLICY[member]));
declareWrite("ApiKeyPolicy", "maxLifetimeDays", () => sql`coalesce(y.max_lifetime_days, ${otherwise("maxLifetimeDays")})`);
declareWrite("ApiKeyPolicy", "mayNeverExpire", () => sql`coalesce(y.may_never_expire, ${otherwise("mayNeverExpire")})`);
declareWrite("ApiKeyPolicy", "version", () => sql`coalesce(y.version, ${otherwise("version")})`);
declareWrite("Tenant", "apiKeyPolicy", ({ field, nodes }, at) => {
  const type = objectTypeOf(field);
  const row = type && writeObject(type, nodes, at);
  return row && sql`(select ${row} from (select) as always left join api_key_policies y on y.tenant_id = ${raw(aliasOf("Tenant"))}.id)`;
});

/** The policy, as the change door's work sees it. */
export async function policyOf(tx: EntityManager, tenantId: string): Promise<Readonly<ApiKeyPolicy>> {
  return (await tx.findOneBy(ApiKeyPolicyRecord, { tenantId })) ?? WITHOUT_POLICY;
}

export function apiKeyPolicyReads(doors: Doors) {
  const records = loaderById<ApiKeyPolicyRecord>(
    (tenantIds) => doors.read(sql`select ${columns} from api_key_policies y where y.tenant_id = any(${tenantIds}::uuid[])`),
    ({ tenantId }) => tenantId,
  );
  return {
    ofTenant: async (tenantId: string): Promise<Readonly<ApiKeyPolicy>> => (await records.load(tenantId)) ?? WITHOUT_POLICY,
  };
}
