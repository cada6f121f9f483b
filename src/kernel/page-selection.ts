/** Owns the statement of one page: which rows, in which order, from which place on. What becomes of them is `page.ts` and `connection-projection.ts`. */
import sql, { join, raw, type Sql } from "sql-template-tag";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, type PageArgs } from "./connection.js";
import { readCursor, type CursorOrder, type Place } from "./cursor.js";
import { Fault } from "./fault.js";

/** How a list is read. `order.key` must be sortable and not null; ties are broken by `id`, so that the order is total. */
export interface Listing {
  columns: Sql;
  from: Sql;
  where: readonly Sql[];
  id: Sql;
  order: Order;
}

export interface Order extends CursorOrder {
  key: Sql;
  descending: boolean;
}

/** Which part of a list is asked for. */
export interface Slice {
  size: number;
  backward: boolean;
  place: Place | null;
}

/** Faults: BAD_USER_INPUT for a size out of bounds, arguments that exclude each other, or a cursor of another list. */
export function sliceOf({ order }: Listing, { first, after, last, before }: PageArgs): Slice {
  const backward = last != null;
  const size = last ?? first ?? DEFAULT_PAGE_SIZE;
  if (backward && first != null) throw new Fault("BAD_USER_INPUT", "Give first or last, not both", { field: "last" });
  if (size < 1 || size > MAX_PAGE_SIZE) {
    const field = backward ? "last" : "first";
    throw new Fault("BAD_USER_INPUT", `${field} must be 1 to ${MAX_PAGE_SIZE}`, { field });
  }
  const [cursor, field] = backward ? [before, "before"] : [after, "after"];
  if ((backward ? after : before) != null) {
    throw new Fault("BAD_USER_INPUT", "Use after with first and before with last", { field: backward ? "after" : "before" });
  }
  return { size, backward, place: cursor == null ? null : readCursor(cursor, order, field) };
}

/** Its rows and one more, whose presence says whether there is a further page; `scope` are conditions beside the list's own. */
export function selection({ columns, from, where, id, order }: Listing, slice: Slice, scope: readonly Sql[] = []): Sql {
  const descending = order.descending !== slice.backward;
  const conditions = [...scope, ...where];
  if (slice.place) {
    const beyond = raw(descending ? "<" : ">");
    conditions.push(sql`(${order.key}, ${id}) ${beyond} (${slice.place.key}::${raw(order.type)}, ${slice.place.id}::uuid)`);
  }
  const direction = raw(descending ? "desc" : "asc");
  return sql`select ${columns}, (${order.key})::text as "cursorKey" from ${from} where ${conjunction(conditions)}
    order by ${order.key} ${direction}, ${id} ${direction} limit ${slice.size + 1}`;
}

export function conjunction(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`true` : join(conditions as Sql[], " and ");
}

