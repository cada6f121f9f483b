/** Owns how pages are read: one statement a page, or one for the pages of many parents. Their GraphQL face is `connection.ts`. */
import DataLoader from "dataloader";
import type { GraphQLResolveInfo } from "graphql";
import sql, { raw, type Sql } from "sql-template-tag";
import type { Page, PageArgs } from "./connection.js";
import { pageWriter } from "./connection-projection.js";
import { writeCursor } from "./cursor.js";
import type { Doors } from "./doors.js";
import { broughtAlong, declareNested, NOTHING_NESTED, STAYS_BEHIND, type Nesting } from "./nesting.js";
import { conjunction, selection, sliceOf, type Listing, type Slice } from "./page-selection.js";
import { aliasOf, declareWrite, objectTypeOf } from "./projection.js";

export type { Listing, Order } from "./page-selection.js";

type Keyed<Row> = Row & { cursorKey: string; id: string; parentId?: string };

/** A page of a list that has no parent, with the lists below its rows that `nesting` brings along. */
export async function pageOf<Row extends object>(doors: Doors, listing: Listing, args: PageArgs, nesting: Nesting = NOTHING_NESTED): Promise<Page<Row>> {
  const slice = sliceOf(listing, args);
  if (nesting.page) return writtenPage(await doors.read(sql`select ${nesting.page(listing, slice)}::text as written`));
  const rows = nesting.named(await doors.read<Keyed<Row>>(selection({ ...listing, columns: nesting.select(listing.columns) }, slice)));
  return page(rows, listing, slice, async () => {
    const [counted] = await doors.read<{ count: number }>(
      sql`select count(*)::int as count from ${listing.from} where ${conjunction(listing.where)}`,
    );
    return counted?.count ?? 0;
  });
}

/** One row, whose text is the whole page; nothing of it is looked at before it is sent. */
function writtenPage<Row>(rows: object[]): Page<Row> {
  return rows[0] as Page<Row>;
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
  declareWrite(child.typeName, child.fieldName, ({ field, nodes, args }, at) => {
    const type = objectTypeOf(field);
    const write = STAYS_BEHIND.some((name) => args[name] != null) ? null : type && pageWriter(type, nodes, at);
    const listing = child.listing(args as Args);
    return write && write(listing, sliceOf(listing, args), [sql`${child.parent} = ${raw(aliasOf(child.typeName))}.id`]);
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
