/** Owns how a tenant's policy for its audit events is found, and what holds where there is none. */
import sql, { raw } from "sql-template-tag";
import type { EntityManager } from "typeorm";
import { instant } from "../kernel/column-projection.js";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { loaderById } from "../kernel/loaders.js";
import { aliasOf, declareWrite, objectTypeOf, writeObject } from "../kernel/projection.js";
import { AuditPolicyRecord } from "./audit-policy.entity.js";
import type { AuditPolicy } from "./audit-retention.inputs.js";

/** What holds in a tenant that was never given a policy; `audit_log_due_before` of migration 13 says the same. */
export const WITHOUT_POLICY: Readonly<AuditPolicy> = { retentionDays: 365, heldAt: null, holdReason: null, version: 0 };

const columns = columnsOf(AuditPolicyRecord, "q");
declareWrite("AuditPolicy", "retentionDays", () => sql`coalesce(q.retention_days, ${raw(String(WITHOUT_POLICY.retentionDays))})`);
declareWrite("AuditPolicy", "heldAt", () => sql`${raw(instant("q.held_at"))}`);
declareWrite("AuditPolicy", "holdReason", () => sql`q.hold_reason`);
declareWrite("AuditPolicy", "version", () => sql`coalesce(q.version, ${raw(String(WITHOUT_POLICY.version))})`);
declareWrite("Tenant", "auditPolicy", ({ field, nodes }, at) => {
  const type = objectTypeOf(field);
  const row = type && writeObject(type, nodes, at);
  return row && sql`(select ${row} from (select) as always left join audit_policies q on q.tenant_id = ${raw(aliasOf("Tenant"))}.id)`;
});

/** The policy, as the change door's work sees it. */
export async function auditPolicyOf(tx: EntityManager, tenantId: string): Promise<Readonly<AuditPolicy>> {
  return (await tx.findOneBy(AuditPolicyRecord, { tenantId })) ?? WITHOUT_POLICY;
}

export function auditPolicyReads(doors: Doors) {
  const records = loaderById<AuditPolicyRecord>(
    (tenantIds) => doors.read(sql`select ${columns} from audit_policies q where q.tenant_id = any(${tenantIds}::uuid[])`),
    ({ tenantId }) => tenantId,
  );
  return {
    ofTenant: async (tenantId: string): Promise<Readonly<AuditPolicy>> => (await records.load(tenantId)) ?? WITHOUT_POLICY,
  };
}
