/** Owns how an export of the audit log is asked for: one change, one event. How it is fetched is `audit-export.endpoint.ts`. */
import { randomUUID } from "node:crypto";
import type { EntityManager } from "typeorm";
import type { AuditEventFilter } from "../audit-event/audit-event.inputs.js";
import { keptKey } from "../audit-event/audit-event.kept-key.js";
import { conditions } from "../audit-event/audit-event.reads.js";
import { notFound } from "../kernel/fault.js";
import type { RequestContext } from "../kernel/request.js";
import { validateArgument } from "../kernel/validation.js";
import type { ExportAuditEventsInput, ExportAuditEventsPayload } from "./audit-export.inputs.js";
import { expiryOf, EXPORT_PATH, refuseLong, type AskedExport } from "./audit-export.rules.js";
import type {} from "../tenant-export/tenant-export.changes.js";
import type {} from "./audit-export.tickets.js";

/** How far the log goes, and up to where it has gone. */
const PLACES = `
  select t.slug, coalesce((select c.position from audit_chain c where c.tenant_id = t.id order by c.position desc limit 1), 0)::text as "upTo",
    coalesce((select max(k.position) from audit_checkpoints k where k.tenant_id = t.id and k.kind = 'purge'), 0)::float8 as purged
  from tenants t where t.id = $1`;

/**
 * Let a tenant's audit log be fetched for a while, from an address that is proof enough by itself. The address holds everything that was
 * asked for, signed; of an API key that was looked for it holds the public part.
 *
 * Faults  NOT_FOUND for a tenant that is not the caller's; BAD_USER_INPUT for what a search would refuse too, and for conditions that no
 *         address can hold.
 * Audit   `audit.export`, target = the export. Fetching it is `audit.fetch_export`, recorded by the registry itself.
 */
export async function exportAuditEvents({ doors, principal, now, facilities }: RequestContext, input: ExportAuditEventsInput): Promise<ExportAuditEventsPayload> {
  const home = doors.within(input.tenantId);
  const { format, query = null } = input;
  await validateArgument(input.filter);
  const given = { filter: givenOnly(input.filter), query };
  conditions(given); // For its faults.
  refuseLong(given);
  const [id, expiresAt] = [randomUUID(), expiryOf(now())];
  const asked = await home.change<AskedExport>("audit.export", async (tx) => {
    const [place] = await tx.query<{ slug: string; upTo: string; purged: number }[]>(PLACES, [home.tenantId]);
    if (!place) throw notFound("Tenant");
    const filter = await withoutSecret(tx, home.tenantId, given.filter);
    const value: AskedExport = { id, tenantId: home.tenantId, requestedById: principal.subject, format, filter, query, purged: place.purged };
    return { value, audit: [{ target: { type: "audit_export", id, name: place.slug }, metadata: { format, filter, query, upTo: place.upTo, expiresAt } }] };
  });
  return { downloadUrl: `${facilities.publicUrl}${EXPORT_PATH}${await facilities.auditTickets.issue(asked, expiresAt)}`, expiresAt };
}

/** Null for a filter that holds for everything: without conditions it is the whole log. */
function givenOnly(filter: AuditEventFilter | null | undefined): AuditEventFilter | null {
  const entries = Object.entries(filter ?? {}).filter(([, value]) => value != null);
  return entries.length === 0 ? null : (Object.fromEntries(entries) as AuditEventFilter);
}

async function withoutSecret(tx: EntityManager, tenantId: string, filter: AuditEventFilter | null): Promise<AuditEventFilter | null> {
  return filter?.apiKey == null ? filter : { ...filter, apiKey: await keptKey(tx, tenantId, filter.apiKey) };
}
