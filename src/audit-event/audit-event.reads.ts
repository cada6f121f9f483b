/** Owns how audit events are found. */
import sql, { type Sql } from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { isUuid } from "../kernel/id.js";
import { loaderById } from "../kernel/loaders.js";
import { pageOf, pagesByParent, type Listing, type Order, type PageArgs } from "../kernel/page.js";
import { startingWith } from "../kernel/pattern.js";
import { AuditEvent } from "./audit-event.entity.js";
import type { AuditEventFilter } from "./audit-event.inputs.js";

const columns = columnsOf(AuditEvent, "a");
const NEWEST_FIRST: Order = { name: "audit_event.created_at.desc", key: sql`a.created_at`, type: "timestamptz", descending: true };

export function auditEventReads(doors: Doors) {
  return {
    byId: loaderById<AuditEvent>(
      (ids) => doors.read(sql`select ${columns} from audit_log a where a.uid = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    search: (filter: AuditEventFilter | null | undefined, page: PageArgs) => pageOf<AuditEvent>(doors, listing(filter), page),
    ofTenant: pagesByParent<AuditEvent, { filter?: AuditEventFilter | null }>(doors, sql`a.tenant_id`, ({ filter }) => listing(filter)),
  };
}

function listing(filter: AuditEventFilter | null | undefined): Listing {
  return { columns, from: sql`audit_log a`, id: sql`a.uid`, where: conditions(filter ?? {}), order: NEWEST_FIRST };
}

function conditions(filter: AuditEventFilter): Sql[] {
  const where: Sql[] = [];
  if (filter.action?.endsWith("*")) where.push(sql`a.action like ${startingWith(filter.action.slice(0, -1))}`);
  else if (filter.action) where.push(sql`a.action = ${filter.action}`);
  if (filter.actorId) where.push(sql`a.actor_id = ${filter.actorId}`);
  if (filter.targetType) where.push(sql`a.target_type = ${filter.targetType}`);
  if (filter.targetId) where.push(sql`a.target_id = ${filter.targetId}`);
  if (filter.product) where.push(sql`a.product = ${filter.product}`);
  if (filter.projectId) where.push(isUuid(filter.projectId) ? sql`a.project_id = ${filter.projectId}::uuid` : sql`false`);
  if (filter.requestId) where.push(sql`a.request_id = ${filter.requestId}`);
  if (filter.from) where.push(sql`a.created_at >= ${filter.from}`);
  if (filter.until) where.push(sql`a.created_at < ${filter.until}`);
  return where;
}
