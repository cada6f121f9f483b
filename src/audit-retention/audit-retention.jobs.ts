/** Owns the daily job that deletes of the audit log what is past its retention: what is signed and recorded first, and in which steps. */
import sql from "sql-template-tag";
import { AuditCheckpointKind } from "../audit-chain/audit-checkpoint.entity.js";
import { Fault } from "../kernel/fault.js";
import type { RequestContext } from "../kernel/request.js";
import { DELETED_AT_ONCE, type AuditPurge } from "./audit-retention.purge.js";

declare module "../kernel/request.js" {
  interface Facilities {
    auditPurge: AuditPurge;
  }
}

/** Of a tenant's chain the places that go next: those after `from` up to `upTo`. The tenant itself may be gone. */
interface Due {
  from: number;
  upTo: number;
  slug: string | null;
}

/**
 * What is due goes in the order of the chain: of an event that is not due yet, those behind it wait too, which is a week at most, as
 * products tell of nothing that is older. So what is left is still a chain, whose beginning a purge checkpoint vouches for.
 *
 * Each step is recorded, signed and only then deleted, and is deleted at once or not at all: when a hold is placed meanwhile, there is a
 * checkpoint at the place where the log now begins. Broken off and begun again, it goes on where it was; the record of its last step may
 * then be there twice.
 *
 * Failures  those of one tenant do not keep the others from theirs; the job fails at the end, and is tried again.
 * Audit     `audit.purge` in each tenant with how many events go and up to which place, once a step.
 */
export async function purgeAuditLog(context: RequestContext): Promise<void> {
  const { facilities: { auditPurge }, log } = context;
  const parts = await dropParts(context).catch((err: unknown) => {
    // Writers that are in the way, or more rows than can be looked at in time: they go one by one, and the empty part another day.
    log.warn({ err }, "no further part of the audit log could be dropped as a whole");
    return [];
  });
  let [events, failed] = [0, 0];
  for (const tenantId of await auditPurge.tenantIds()) {
    try {
      events += await purgeTenant(context, tenantId);
    } catch (err) {
      if (err instanceof Fault && err.code === "DEADLINE_EXCEEDED") throw err;
      failed++;
      log.error({ err, tenant: tenantId }, "a tenant's audit log could not be purged");
    }
  }
  if (events > 0 || parts.length > 0) log.info({ events, parts }, "the audit log was purged");
  if (failed > 0) throw new Error(`the audit log of ${failed} tenants could not be purged`);
}

/** Parts go as a whole when everything in them may: for that everybody whose events are in one is signed as far as it is due. */
async function dropParts(context: RequestContext): Promise<string[]> {
  const { auditPurge } = context.facilities;
  const dropped: string[] = [];
  for (;;) {
    const part = await auditPurge.duePart();
    if (!part) return dropped;
    for (const tenantId of part.tenantIds) {
      const dueBefore = await auditPurge.dueBefore(tenantId);
      for (let due = await nextDue(context, tenantId, dueBefore); due; due = await nextDue(context, tenantId, dueBefore)) await cover(context, tenantId, due);
    }
    const name = await auditPurge.dropPart();
    if (name === null) return dropped;
    dropped.push(name);
  }
}

/** How many places of the chain have gone. */
async function purgeTenant(context: RequestContext, tenantId: string): Promise<number> {
  const { auditPurge } = context.facilities;
  // What an earlier run had signed and could not delete any more, and what was left in other parts.
  await deleteAll(auditPurge, tenantId);
  let events = 0;
  for (;;) {
    const due = await nextDue(context, tenantId, await auditPurge.dueBefore(tenantId));
    if (!due) return events;
    await cover(context, tenantId, due);
    if ((await auditPurge.deleteCovered(tenantId)) === 0) return events;
    events += due.upTo - due.from;
  }
}

async function deleteAll(auditPurge: AuditPurge, tenantId: string): Promise<void> {
  while ((await auditPurge.deleteCovered(tenantId)) > 0);
}

/** What no purge has signed yet, as far as it is due without a gap; null when that is nothing. */
async function nextDue({ doors }: RequestContext, tenantId: string, dueBefore: string): Promise<Due | null> {
  const [due] = await doors.read<Due>(sql`
    select last.position::float8 as "from", next.position::float8 as "upTo", (select t.slug from tenants t where t.id = ${tenantId}::uuid) as slug
    from (select coalesce(max(k.position), 0) as position from audit_checkpoints k where k.tenant_id = ${tenantId}::uuid and k.kind = 'purge') last
    cross join lateral (
      select coalesce(min(s.position) filter (where s.event_at >= ${dueBefore}::timestamptz) - 1, max(s.position)) as position
      from (select c.position, c.event_at from audit_chain c where c.tenant_id = ${tenantId}::uuid and c.position > last.position order by c.position limit ${DELETED_AT_ONCE}) s
    ) next
    where next.position > last.position`);
  return due ?? null;
}

/** Record and sign that these places go. Nobody's events, and those of a tenant that is no more, have no log to record it in. */
async function cover({ doors, facilities: { notary } }: RequestContext, tenantId: string, { from, upTo, slug }: Due): Promise<void> {
  if (slug !== null) {
    await doors.within(tenantId).change("audit.purge", () =>
      Promise.resolve({ value: null, audit: [{ target: { type: "audit_log", id: tenantId, name: slug }, metadata: { events: upTo - from, upTo: String(upTo) } }] }),
    );
  }
  await notary.checkpointAt(tenantId, upTo, AuditCheckpointKind.PURGE);
}
