/** Owns how pages are read: one statement a page, or one for the pages of many parents. Their GraphQL face is `connection.ts`. */
import DataLoader from "dataloader";
import type { GraphQLResolveInfo } from "graphql";
import sql, { join, raw, type Sql } from "sql-template-tag";
import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, type Page, type PageArgs } from "./connection.js";
import { readCursor, writeCursor, type CursorOrder, type Place } from "./cursor.js";
import type { Doors } from "./doors.js";
import { Fault } from "./fault.js";
import { broughtAlong, declareNested, NOTHING_NESTED, type Nesting } from "./nesting.js";

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

type Keyed<Row> = Row & { cursorKey: string; id: string; parentId?: string };

/** A page of a list that has no parent, with the lists below its rows that `nesting` brings along. */
export async function pageOf<Row extends object>(doors: Doors, listing: Listing, args: PageArgs, nesting: Nesting = NOTHING_NESTED): Promise<Page<Row>> {
  const slice = sliceOf(listing, args);
  const columns = sql`${listing.columns}${nesting.columns}`;
  const rows = nesting.named(await doors.read<Keyed<Row>>(selection({ ...listing, columns }, slice)));
  return page(rows, listing, slice, async () => {
    const [counted] = await doors.read<{ count: number }>(
      sql`select count(*)::int as count from ${listing.from} where ${conjunction(listing.where)}`,
    );
    return counted?.count ?? 0;
  });
}

/** A list field whose list belongs to the row that it is a field of. */
export interface ChildPages<Args> {
  typeName: string;
  fieldName: string;
  /** What the list holds. */
  entity: Function;
  /** The column that names the owner. */
  parent: Sql;
  /** Which list the field's arguments mean, those of paging aside. */
  listing(args: Args): Listing;
}

/**
 * Pages of lists that belong to a parent. A page comes along with its parent's statement where that looked ahead; otherwise all
 * parents that are asked for with the same arguments are one statement. Each list is walked along its index, never further than
 * the page.
 */
export function pagesOf<Row extends object, Args extends object>(child: ChildPages<Args>) {
  declareNested(child.typeName, child.fieldName, child.entity, (args, parentId) => {
    const listing = child.listing(args as Args);
    return selection(listing, sliceOf(listing, args), [sql`${child.parent} = ${parentId}`]);
  });
  return (doors: Doors) => {
    const opened = new Map<string, ReturnType<typeof openPages<Row>>>();
    return (args: Args & { page: PageArgs }) => {
      const key = JSON.stringify(args);
      const pages = opened.get(key) ?? openPages<Row>(doors, child.parent, child.listing(args), args.page);
      opened.set(key, pages);
      return pages;
    };
  };
}

function openPages<Row extends object>(doors: Doors, parent: Sql, listing: Listing, args: PageArgs) {
  const slice = sliceOf(listing, args);
  const counts = new DataLoader<string, number>(async (parentIds) => {
    const rows = await doors.read<{ id: string; count: number }>(sql`
      select ${parent} as id, count(*)::int as count from ${listing.from}
      where ${parent} = any(${parentIds}::uuid[]) and ${conjunction(listing.where)} group by ${parent}`);
    const byId = new Map(rows.map(({ id, count }) => [id, count]));
    return parentIds.map((id) => byId.get(id) ?? 0);
  });
  const rowsOf = new DataLoader<string, Keyed<Row>[]>(async (parentIds) => {
    const rows = await doors.read<Keyed<Row>>(sql`
      select parent.id as "parentId", child.* from unnest(${parentIds}::uuid[]) as parent (id)
      cross join lateral (${selection(listing, slice, [sql`${parent} = parent.id`])}) as child`);
    const byParent = new Map<string, Keyed<Row>[]>(parentIds.map((id) => [id, []]));
    for (const row of rows) byParent.get(row.parentId ?? "")?.push(row);
    return parentIds.map((id) => byParent.get(id) ?? []);
  });
  return {
    async load(owner: { id: string }, info: GraphQLResolveInfo): Promise<Page<Row>> {
      const rows = broughtAlong<Keyed<Row>>(owner, info) ?? (await rowsOf.load(owner.id));
      return page(rows, listing, slice, () => counts.load(owner.id));
    },
  };
}

interface Slice {
  size: number;
  backward: boolean;
  place: Place | null;
}

/** Faults: BAD_USER_INPUT for a size out of bounds, arguments that exclude each other, or a cursor of another list. */
function sliceOf({ order }: Listing, { first, after, last, before }: PageArgs): Slice {
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

function selection({ columns, from, where, id, order }: Listing, slice: Slice, scope: readonly Sql[] = []): Sql {
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

function conjunction(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`true` : join(conditions as Sql[], " and ");
}

/** One row more than asked for was read: its presence says whether there is a further page. */
function page<Row extends object>(read: Keyed<Row>[], { order }: Listing, slice: Slice, countAll: () => Promise<number>): Page<Row> {
  const more = read.length > slice.size;
  const nodes = read.slice(0, slice.size);
  if (slice.backward) nodes.reverse();
  const cursorOf = (row: Row) => writeCursor(order, { key: (row as Keyed<Row>).cursorKey, id: (row as Keyed<Row>).id });
  const [start, end] = [nodes[0], nodes.at(-1)];
  return {
    nodes,
    pageInfo: {
      hasNextPage: slice.backward ? slice.place !== null : more,
      hasPreviousPage: slice.backward ? more : slice.place !== null,
      startCursor: start ? cursorOf(start) : null,
      endCursor: end ? cursorOf(end) : null,
    },
    cursorOf,
    countAll,
  };
}
