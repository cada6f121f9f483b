/** Owns how products append to the audit log: through the change door, all events of a request or none. */
import { randomUUID } from "node:crypto";
import type { EntityManager } from "typeorm";
import { Fault, type Violation } from "../kernel/fault.js";
import { isUuid } from "../kernel/id.js";
import type { ProductService } from "../kernel/principal.js";
import type { RequestContext } from "../kernel/request.js";
import type { AppendedAuditEvent, AuditEventInput } from "./audit-event.append.inputs.js";
import { NO_PROJECT, violationsOf } from "./audit-event.append.rules.js";
import { contentDigest, contentOf, retracedHash } from "./audit-event.content.js";
import type { EventRow } from "./audit-event.draft.js";
import { claimNames, type Named } from "./audit-event.external-ids.js";
import { writeEvents } from "./audit-event.recorder.js";

/** The product of events about the registry itself: a service that calls itself so is none of ours. */
const REGISTRY = "tenant-registry";

/**
 * Record what happened in a product. Tenant and product are the caller's: a product speaks for itself only. The clock of whoever sent it
 * says when it happened, within bounds; when it was received, and by whom it was written, is recorded beside.
 *
 * Faults  FORBIDDEN for whoever is no product's service, whatever their roles; NOT_FOUND for an unknown tenant; TENANT_READ_ONLY when it
 *         is archived, not when it is frozen: products go on recording what they refuse to it; BAD_USER_INPUT with every violation of
 *         every event; CONFLICT(events.<index>.externalId) when something else was recorded under that name.
 * Audit   The events are what is recorded.
 */
export async function appendEvents(
  { doors, principal, now, requestId }: Pick<RequestContext, "doors" | "principal" | "now" | "requestId">,
  tenantId: string,
  events: readonly AuditEventInput[],
): Promise<AppendedAuditEvent[]> {
  if (principal.kind !== "service" || principal.product === REGISTRY) throw new Fault("FORBIDDEN", "Only the service of a product appends events, and only its own");
  const home = doors.within(tenantId);
  return home.change("audit.append", async (tx) => {
    await refuseViolations(tx, home.tenantId, events, now());
    const recorded = await record(tx, { tenantId: home.tenantId, principal, requestId }, events);
    const value = events.map((event, index) => {
      const { id, repeated } = recorded[index] as Recorded;
      return { id, repeated, hash: retracedHash(id, home.tenantId, event) };
    });
    return { value, unaudited: "appended" };
  });
}

/** All of them together, so that whoever mends one has not to come again for the next. */
async function refuseViolations(tx: EntityManager, tenantId: string, events: readonly AuditEventInput[], now: Date): Promise<void> {
  const violations = [...violationsOf(events, now), ...(await strangeProjects(tx, tenantId, events))].sort((a, b) => a.index - b.index);
  if (violations.length === 0) return;
  const [{ message }] = violations as [Violation];
  const words = violations.length === 1 ? `events.${violations[0]?.index}: ${message}` : `${violations.length} violations; the first one, of events.${violations[0]?.index}: ${message}`;
  throw new Fault("BAD_USER_INPUT", words, { field: "events", violations });
}

async function strangeProjects(tx: EntityManager, tenantId: string, events: readonly AuditEventInput[]): Promise<Violation[]> {
  const named = events.map(({ projectId }) => (isUuid(projectId) ? projectId.toLowerCase() : null));
  const ids = [...new Set(named.filter((id) => id !== null))];
  if (ids.length === 0) return [];
  const found = await tx.query<{ id: string }[]>("select id from tenant_projects where tenant_id = $1 and id = any($2::uuid[])", [tenantId, ids]);
  const known = new Set(found.map(({ id }) => id));
  return named.flatMap((id, index) => (id === null || known.has(id) ? [] : [{ index, field: "projectId", message: `projectId ${NO_PROJECT}` }]));
}

interface Appending {
  tenantId: string;
  principal: ProductService;
  requestId: string;
}

type Recorded = Pick<AppendedAuditEvent, "id" | "repeated">;

/** Of each event where it is now. Those that were there before, or are twice among these, are not written. */
async function record(tx: EntityManager, { tenantId, principal: { product, subject: writer }, requestId }: Appending, events: readonly AuditEventInput[]): Promise<Recorded[]> {
  const drafts = events.map((event, index): Draft => ({ event, index, id: randomUUID() }));
  const firsts = new Map<string, Draft>();
  for (const draft of drafts) if (draft.event.externalId != null && !firsts.has(draft.event.externalId)) firsts.set(draft.event.externalId, draft);
  const before = firsts.size === 0 ? new Map<string, string>() : await claimNames(tx, tenantId, product, [...firsts].map(named));
  const recorded = drafts.map(({ event: { externalId }, id }): Recorded => {
    const first = externalId == null ? id : (before.get(externalId) ?? firsts.get(externalId)?.id ?? id);
    return { id: first, repeated: first !== id };
  });
  const rows = drafts.flatMap(({ event, index, id }): EventRow[] => {
    if (recorded[index]?.repeated) return [];
    const content = contentOf(event);
    return [{ ...content, uid: id, tenantId, product, writer, requestId: content.requestId ?? requestId }];
  });
  await writeEvents(tx, rows);
  return recorded;
}

interface Draft {
  event: AuditEventInput;
  index: number;
  id: string;
}

function named([externalId, { event, index, id }]: [string, Draft]): Named {
  return { index, externalId, digest: contentDigest(event), eventId: id };
}
