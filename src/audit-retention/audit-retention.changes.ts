/** Owns how it changes for how long a tenant's audit events are kept, and whether they are held: through the change door. */
import type { EntityManager, QueryDeepPartialEntity } from "typeorm";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, expectVersion, updateRow } from "../kernel/update.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { AuditPolicyRecord } from "./audit-policy.entity.js";
import type {
  AuditPolicy,
  PlaceLegalHoldInput,
  PlaceLegalHoldPayload,
  ReleaseLegalHoldInput,
  ReleaseLegalHoldPayload,
  SetAuditRetentionInput,
  SetAuditRetentionPayload,
} from "./audit-retention.inputs.js";
import { WITHOUT_POLICY } from "./audit-retention.reads.js";

/** What of a policy is said and not counted. */
type Terms = Partial<Omit<AuditPolicy, "version">>;

/** A policy before and after a change; after is null when it would be the same. */
interface Written {
  before: Readonly<AuditPolicy>;
  after: Readonly<AuditPolicy> | null;
}

/**
 * Say for how long a tenant's events are kept. A shorter time takes effect with the next daily purge, or when a hold has ended.
 *
 * Faults  BAD_USER_INPUT(retentionDays); CONFLICT(expectedVersion); NOT_FOUND for a tenant that is not the caller's; TENANT_READ_ONLY;
 *         FAILED_PRECONDITION in a demo.
 * Audit   `audit.set_retention` with the days before and after; nothing when nothing changes.
 */
export function setAuditRetention({ doors }: RequestContext, { tenantId, retentionDays, expectedVersion }: SetAuditRetentionInput): Promise<SetAuditRetentionPayload> {
  const home = doors.within(tenantId);
  return home.change("audit.set_retention", async (tx) => {
    const { before, after } = await write(tx, home.tenantId, () => ({ retentionDays }), expectedVersion);
    if (!after) return { value: { policy: before }, unaudited: "no-op" };
    return { value: { policy: after }, audit: [{ target: await targetOf(tx, home.tenantId), metadata: { before: before.retentionDays, after: retentionDays } }] };
  });
}

/**
 * Keep every event of a tenant, however old, until the hold is released. When this has been answered, nothing is deleted any more. A
 * hold that is there keeps its time and is given the new reason.
 *
 * Faults  BAD_USER_INPUT(reason); NOT_FOUND.
 * Audit   `audit.place_hold` without the reason, which is not for the tenant's people; nothing when the hold is there for that reason.
 */
export function placeLegalHold({ doors, now }: RequestContext, { tenantId, reason }: PlaceLegalHoldInput): Promise<PlaceLegalHoldPayload> {
  const home = doors.within(tenantId);
  return home.change("audit.place_hold", async (tx) => {
    const { before, after } = await write(tx, home.tenantId, ({ heldAt }) => ({ heldAt: heldAt ?? now(), holdReason: reason }));
    if (!after) return { value: { policy: before }, unaudited: "no-op" };
    return { value: { policy: after }, audit: [{ target: await targetOf(tx, home.tenantId) }] };
  });
}

/**
 * End a hold: what has become due meanwhile goes with the next daily purge.
 *
 * Faults  NOT_FOUND.
 * Audit   `audit.release_hold` with the time since which it was held; nothing when there is no hold.
 */
export function releaseLegalHold({ doors }: RequestContext, { tenantId }: ReleaseLegalHoldInput): Promise<ReleaseLegalHoldPayload> {
  const home = doors.within(tenantId);
  return home.change("audit.release_hold", async (tx) => {
    const { before, after } = await write(tx, home.tenantId, () => ({ heldAt: null, holdReason: null }));
    if (!after) return { value: { policy: before }, unaudited: "no-op" };
    return { value: { policy: after }, audit: [{ target: await targetOf(tx, home.tenantId), metadata: { heldAt: before.heldAt } }] };
  });
}

async function targetOf(tx: EntityManager, tenantId: string) {
  const { slug } = await tx.findOneByOrFail(Tenant, { id: tenantId });
  return { type: "audit_policy", id: tenantId, name: slug };
}

async function write(tx: EntityManager, tenantId: string, termsFor: (before: Readonly<AuditPolicy>) => Terms, expectedVersion?: number | null): Promise<Written> {
  const record = await tx.findOne(AuditPolicyRecord, { where: { tenantId }, lock: { mode: "for_no_key_update" } });
  const before: Readonly<AuditPolicy> = record ? { ...record } : WITHOUT_POLICY;
  expectVersion(before, expectedVersion);
  const terms = termsFor(before);
  if (changedFields(before, terms).length === 0) return { before, after: null };
  if (record) return { before, after: await updateRow<AuditPolicyRecord>(tx, AuditPolicyRecord, record, terms) };
  const first = await insertUnlessThere(tx, tenantId, terms);
  // Of two that come first at once the other has written it: now it is there, to be changed.
  return first ? { before, after: first } : write(tx, tenantId, termsFor, expectedVersion);
}

/** Names the columns that are given and no others: a tenant's people may not so much as mention the hold's. */
async function insertUnlessThere(tx: EntityManager, tenantId: string, terms: Terms): Promise<AuditPolicy | null> {
  const values: QueryDeepPartialEntity<AuditPolicyRecord> = { tenantId, ...terms };
  const { raw } = await tx.createQueryBuilder().insert().into(AuditPolicyRecord, Object.keys(values)).values(values).orIgnore().execute();
  return (raw as unknown[]).length > 0 ? { ...WITHOUT_POLICY, ...terms, version: 1 } : null;
}
