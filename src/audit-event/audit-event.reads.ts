/** Owns how audit events are found. */
import sql, { join, type Sql } from "sql-template-tag";
import { lookupIdOf } from "../api-key/api-key.format.js";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { isUuid } from "../kernel/id.js";
import { loaderById } from "../kernel/loaders.js";
import type { PageArgs } from "../kernel/connection.js";
import { pageOf, pagesOf, type Listing, type Order } from "../kernel/page.js";
import { startingWith } from "../kernel/pattern.js";
import { AuditEvent } from "./audit-event.entity.js";
import type { AuditEventFilter } from "./audit-event.inputs.js";

const columns = columnsOf(AuditEvent, "a");
const NEWEST_FIRST: Order = { name: "audit_event.created_at.desc", key: sql`a.created_at`, type: "timestamptz", descending: true };

const eventsOfTenant = pagesOf<AuditEvent, { filter?: AuditEventFilter | null }>({
  typeName: "Tenant",
  fieldName: "auditEvents",
  entity: AuditEvent,
  parent: sql`a.tenant_id`,
  listing: ({ filter }) => listing(filter),
});

export function auditEventReads(doors: Doors) {
  return {
    byId: loaderById<AuditEvent>(
      (ids) => doors.read(sql`select ${columns} from audit_log a where a.uid = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    search: (filter: AuditEventFilter | null | undefined, page: PageArgs) => pageOf<AuditEvent>(doors, listing(filter), page),
    ofTenant: eventsOfTenant(doors),
  };
}

function listing(filter: AuditEventFilter | null | undefined): Listing {
  return { columns, from: sql`audit_log a`, id: sql`a.uid`, where: conditions(filter ?? {}), order: NEWEST_FIRST };
}

function conditions(filter: AuditEventFilter): Sql[] {
  const where: Sql[] = [];
  if (filter.action?.endsWith("*")) where.push(sql`a.action like ${startingWith(filter.action.slice(0, -1))}`);
  else if (filter.action != null) where.push(sql`a.action = ${filter.action}`);
  if (filter.actorId != null) where.push(sql`a.actor_id = ${filter.actorId}`);
  if (filter.targetType != null) where.push(sql`a.target_type = ${filter.targetType}`);
  if (filter.targetId != null) where.push(sql`a.target_id = ${filter.targetId}`);
  if (filter.product != null) where.push(sql`a.product = ${filter.product}`);
  if (filter.apiKey != null) where.push(concerning(filter.apiKey));
  if (filter.projectId != null) where.push(isUuid(filter.projectId) ? sql`a.project_id = ${filter.projectId}::uuid` : sql`false`);
  if (filter.requestId != null) where.push(sql`a.request_id = ${filter.requestId}`);
  if (filter.from != null) where.push(sql`a.created_at >= ${filter.from}`);
  if (filter.until != null) where.push(sql`a.created_at < ${filter.until}`);
  return where;
}

/** What the registry's own keys and imported ones are found by, in a text that is nothing but that. */
const LOOKUP_ID = /^(?:[0-9A-Za-z]{12}|~[0-9a-f]{16,64})$/;

/**
 * Events of the key that an id, a look-up id or the whole key names; of a whole key that looks like neither the statement gets to see no
 * more than the look-up id. That is in every event of what was done to a key, so these are found also when its row has been erased.
 * Products name a key as the actor by its id.
 */
function concerning(apiKey: string): Sql {
  const ids = isUuid(apiKey) ? [named(sql`${apiKey.toLowerCase()}`)] : [];
  // Another service's key may look like an id of ours.
  const lookupIds = [LOOKUP_ID.test(apiKey) ? apiKey : null, lookupIdOf(apiKey, true)].filter((lookupId) => lookupId !== null);
  return sql`(${join([...ids, ...lookupIds.map(foundBy), sql`false`], " or ")})`;
}

function foundBy(lookupId: string): Sql {
  return sql`a.metadata->>'lookup_id' = ${lookupId} or ${named(sql`any(select k.id::text from api_keys k where k.lookup_id = ${lookupId})`)}`;
}

/** Rotations name the key that another took the place of. */
function named(id: Sql): Sql {
  return sql`(a.target_type = 'api_key' and a.target_id = ${id}) or (a.actor_type = 'api_key' and a.actor_id = ${id}) or a.metadata->>'rotated_from' = ${id}`;
}
