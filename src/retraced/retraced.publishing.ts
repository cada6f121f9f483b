/** Owns how Retraced's clients publish: whose log their events go to, and the hashes by which they see that they arrived. */
import { appendEvents } from "../audit-event/audit-event.append.js";
import { MAX_APPENDED } from "../audit-event/audit-event.append.limits.js";
import { retracedHash } from "../audit-event/audit-event.content.js";
import { demand } from "../kernel/access.js";
import { Fault, notFound, type Violation } from "../kernel/fault.js";
import type { KeyHolder, RetracedRequest } from "./retraced.callers.js";
import { eventsFrom, type RetracedEvent } from "./retraced.event.js";

/** An event as Retraced answers it. */
export interface Published {
  id: string;
  hash: string;
}

/**
 * The list in the body of a request of many.
 *
 * Faults  BAD_USER_INPUT when there is none, or it is empty; LIMIT_EXCEEDED when it is too long.
 */
export function listIn(body: unknown): readonly unknown[] {
  const { events, ...others } = (typeof body === "object" && body !== null && !Array.isArray(body) ? body : {}) as { events?: unknown };
  if (!Array.isArray(events) || events.length === 0 || Object.keys(others).length > 0) {
    throw new Fault("BAD_USER_INPUT", 'Send { "events": [ … ] } with 1 event or more', { field: "events" });
  }
  if (events.length > MAX_APPENDED) throw new Fault("LIMIT_EXCEEDED", `Send at most ${MAX_APPENDED} events at once`, { field: "events" });
  return events;
}

/**
 * Record events of one tenant, all of them or none, in their order.
 *
 * Faults  BAD_USER_INPUT with every violation of every event; NOT_FOUND for a tenant that is not there, or not the key's; those of
 *         `appendEvents`.
 */
export async function publish({ context, key }: RetracedRequest, given: readonly unknown[]): Promise<Published[]> {
  demand(context.caller, "audit.append");
  const { events, violations } = eventsFrom(given, context.now());
  refuseViolations([...violations, ...groupViolations(events, key)]);
  const tenantId = tenantOf(events, key);
  const about = key?.projectId ? { projectId: key.projectId } : {};
  const appended = await appendEvents(context, tenantId, events.map(({ event }) => ({ ...event, ...about })));
  context.note({ about: tenantId, events: appended.length, repeated: appended.filter(({ repeated }) => repeated).length }, "events published");
  return appended.map(({ id }, index) => {
    const { group, event } = events[index] as RetracedEvent;
    return { id, hash: retracedHash(id, group, event) };
  });
}

/** What is written together is one tenant's, and a service has none of its own. */
function groupViolations(events: readonly RetracedEvent[], key: KeyHolder | null): Violation[] {
  const [{ group: first }] = events as [RetracedEvent];
  return events.flatMap(({ group }, index): Violation[] => {
    if (group === null) return key ? [] : [{ index, field: "group", message: "group must be there: its id is that of the tenant" }];
    return key || group === first || first === null ? [] : [{ index, field: "group.id", message: "group.id must be the same for all events of a request" }];
  });
}

function refuseViolations(violations: readonly Violation[]): void {
  const [first] = violations;
  if (!first) return;
  const more = violations.length === 1 ? "" : ` and ${violations.length - 1} more`;
  throw new Fault("BAD_USER_INPUT", `Event ${first.index}: ${first.message}${more}`, { field: "events", violations });
}

function tenantOf(events: readonly RetracedEvent[], key: KeyHolder | null): string {
  if (!key) return events[0]?.group as string;
  if (!events.every(({ group }) => isOf(key, group))) throw notFound("Tenant");
  return key.tenantId;
}

/** Where a key is used, its tenant need not be named; another one's is as good as none. */
export function isOf({ tenantId }: KeyHolder, group: string | null | undefined): boolean {
  return group == null || group.toLowerCase() === tenantId;
}
