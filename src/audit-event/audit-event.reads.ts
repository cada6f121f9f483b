/** Owns how audit events are found. What a filter means is `audit-event.conditions.ts`. */
import sql, { type Sql } from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { PageArgs } from "../kernel/connection.js";
import type { Doors } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import { loaderById } from "../kernel/loaders.js";
import { conjunction } from "../kernel/page-selection.js";
import { pageOf, pagesOf, type Listing, type Order } from "../kernel/page.js";
import { isPlatforms, type Principal } from "../kernel/principal.js";
import { eventsBeginningWith } from "./audit-event.beginnings.js";
import { beginningOf, conditionsOf, narrowing, ofTimes } from "./audit-event.conditions.js";
import { countEvents } from "./audit-event.counts.js";
import { AuditEvent } from "./audit-event.entity.js";
import { AuditEventOrder, type AuditEventCountBy, type AuditEventFilter } from "./audit-event.inputs.js";
import { parseQuery } from "./audit-event.query.js";

/** A filter, a search in words, or both, which then both must hold. */
export interface Asked {
  filter?: AuditEventFilter | null;
  query?: string | null;
}

const columns = columnsOf(AuditEvent, "a");
const NEWEST_FIRST: Order = { name: "audit_event.created_at.desc", key: sql`a.created_at`, type: "timestamptz", descending: true };
const AS_SETTLED: Order = { name: "audit_event.position", key: sql`c.position`, type: "bigint", descending: false };
const LOG = sql`audit_log a`;
/**
 * Along the chain, which says in which part of the log an event is, so that each is one look-up in one part. Without OFFSET Postgres,
 * which does not know how short a page is when it plans, would rather read the whole log and sort it.
 */
export const SETTLED = sql`audit_chain c cross join lateral (select * from audit_log l where l.id = c.event and l.created_at = c.event_at offset 0) a`;

const eventsOfTenant = pagesOf<AuditEvent, Asked>({
  typeName: "Tenant",
  fieldName: "auditEvents",
  entity: AuditEvent,
  parent: sql`a.tenant_id`,
  listing: (asked) => newestFirst(conditions(asked)),
});

/** What a narrowed caller may see is a condition of every read of its own, beside whatever is asked; of a whole tenant's list it has nothing. */
export function auditEventReads(doors: Doors, caller: Principal | null) {
  const scope = scopeOf(caller);
  return {
    byId: loaderById<AuditEvent>(
      (ids) => doors.read(sql`select ${columns} from audit_log a where ${conjunction([...scope, sql`a.uid = any(${ids}::uuid[])`])}`),
      ({ id }) => id,
    ),
    async search(asked: Asked, order: AuditEventOrder, page: PageArgs) {
      const filters = filtersOf(asked);
      const where = [...scope, ...filters.flatMap(conditionsOf)];
      if (order === AuditEventOrder.SETTLED) return pageOf<AuditEvent>(doors, asSettled(where, caller), page);
      return pageOf<AuditEvent>(doors, newestFirst(where, await placeOf(doors, filters, caller)), page);
    },
    async counts(by: AuditEventCountBy, asked: Asked) {
      const filters = filtersOf(asked);
      return countEvents(doors, by, filters, [...scope, ...filters.flatMap(conditionsOf)]);
    },
    ofTenant: eventsOfTenant(doors),
  };
}

/** The conditions that say what this caller sees of its log; none for whoever sees all of it. */
export function scopeOf(caller: Principal | null): Sql[] {
  return caller?.kind === "user" && caller.narrowedTo ? narrowing(caller.narrowedTo) : [];
}

/** Everything that must hold of rows of the log, alias `a`. Faults: BAD_USER_INPUT(query). */
export function conditions(asked: Asked): Sql[] {
  return filtersOf(asked).flatMap(conditionsOf);
}

function filtersOf({ filter, query }: Asked): AuditEventFilter[] {
  return [...(filter ? [filter] : []), ...(query == null ? [] : [parseQuery(query)])];
}

function newestFirst(where: readonly Sql[], from = LOG): Listing {
  return { columns, from, id: sql`a.uid`, where, order: NEWEST_FIRST };
}

function placeOf(doors: Doors, filters: readonly AuditEventFilter[], caller: Principal | null): Sql | Promise<Sql> {
  const beginning = filters.map(({ action }) => beginningOf(action)).find((one) => one !== null);
  return beginning == null || seesAll(caller) ? LOG : eventsBeginningWith(doors, beginning, filters.flatMap(ofTimes));
}

/** Staff who did not narrow. */
function seesAll(caller: Principal | null): boolean {
  return caller !== null && isPlatforms(caller) && caller.tenantId === null;
}

/** Places are one tenant's: all tenants' together are no order. */
function asSettled(where: readonly Sql[], caller: Principal | null): Listing {
  if (seesAll(caller)) {
    throw new Fault("BAD_USER_INPUT", "The log's own order is that of one tenant: name it in X-Tenant-ID", { field: "order" });
  }
  return { columns, from: SETTLED, id: sql`a.uid`, where, order: AS_SETTLED };
}
