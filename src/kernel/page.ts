/** Owns pagination: the arguments, the cursor, the connection types, and the one statement behind every page. */
import DataLoader from "dataloader";
import { IsOptional, Max, MaxLength, Min } from "class-validator";
import sql, { join, raw, type Sql } from "sql-template-tag";
import { ArgsType, Directive, Field, Int, ObjectType, type ClassType } from "type-graphql";
import type { Doors } from "./doors.js";
import { Fault } from "./fault.js";
import { isUuid } from "./id.js";

export const DEFAULT_PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 100;

/** Published on every field that returns a connection; the cost of a request is computed from it. */
export const LIST_SIZE =
  `@listSize(assumedSize: ${DEFAULT_PAGE_SIZE}, slicingArguments: ["first", "last"], ` +
  `sizedFields: ["edges", "nodes"], requireOneSlicingArgument: false)`;

@ArgsType()
export class PageArgs {
  @Field(() => Int, { nullable: true, description: `How many to return from the start: 1 to ${MAX_PAGE_SIZE}, ${DEFAULT_PAGE_SIZE} when neither \`first\` nor \`last\` is given.` })
  @IsOptional()
  @Min(1)
  @Max(MAX_PAGE_SIZE)
  first?: number | null;

  @Field(() => String, { nullable: true, description: "Return what comes after this cursor." })
  @IsOptional()
  @MaxLength(1024)
  after?: string | null;

  @Field(() => Int, { nullable: true, description: `How many to return from the end: 1 to ${MAX_PAGE_SIZE}.` })
  @IsOptional()
  @Min(1)
  @Max(MAX_PAGE_SIZE)
  last?: number | null;

  @Field(() => String, { nullable: true, description: "Return what comes before this cursor." })
  @IsOptional()
  @MaxLength(1024)
  before?: string | null;
}

@Directive("@shareable")
@ObjectType({ description: "Where a page stands in its list.", simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: "Is there more after this page?" })
  hasNextPage: boolean;

  @Field(() => Boolean, { description: "Is there more before this page?" })
  hasPreviousPage: boolean;

  @Field(() => String, { nullable: true })
  startCursor: string | null;

  @Field(() => String, { nullable: true })
  endCursor: string | null;
}

export interface Page<Row> {
  nodes: Row[];
  edges: { node: Row; cursor: string }[];
  pageInfo: PageInfo;
  /** Counts the whole list, in a statement of its own, only when it is asked for. */
  countAll(): Promise<number>;
}

/** The `<Name>Connection` type over an entity; `counted: false` where a count would have to walk more rows than a page ever does. */
export function connectionOf<Row extends object>(node: ClassType<Row>, name: string, { counted = true } = {}): ClassType<Page<Row>> {
  @ObjectType(`${name}Edge`, { simpleResolvers: true, description: `A ${name} and its place in the list.` })
  class Edge {
    @Field(() => node)
    node: Row;

    @Field(() => String, { description: "Opaque; valid for the order it was made with." })
    cursor: string;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}.` })
  class Connection implements Page<Row> {
    @Field(() => [Edge], { simple: true })
    edges: Edge[];

    @Field(() => [node], { simple: true, description: "The entries without their cursors." })
    nodes: Row[];

    @Field(() => PageInfo, { simple: true })
    pageInfo: PageInfo;

    countAll: () => Promise<number>;

    totalCount(): Promise<number> {
      return this.countAll();
    }
  }
  if (counted) {
    const method = Object.getOwnPropertyDescriptor(Connection.prototype, "totalCount") as PropertyDescriptor;
    Field(() => Int, { description: "Length of the whole list; costs a statement of its own." })(Connection.prototype, "totalCount", method);
    Directive("@cost(weight: 20)")(Connection.prototype, "totalCount", method);
  }
  return Connection;
}

/** How a list is read. `key` must be sortable and not null; ties are broken by `id`, so that the order is total. */
export interface Listing {
  columns: Sql;
  from: Sql;
  where: readonly Sql[];
  id: Sql;
  order: Order;
}

export interface Order {
  /** Named in the cursor, so that a cursor of one order is refused by another. */
  name: string;
  key: Sql;
  /** The Postgres type of `key`. */
  type: "text" | "timestamptz";
  descending: boolean;
}

type Keyed<Row> = Row & { cursorKey: string; id: string; parentId?: string };

/** A page of a list that has no parent. */
export async function pageOf<Row>(doors: Doors, listing: Listing, args: PageArgs): Promise<Page<Row>> {
  const slice = sliceOf(listing, args);
  const rows = await doors.read<Keyed<Row>>(selection(listing, slice));
  return page(rows, listing, slice, async () => {
    const [counted] = await doors.read<{ count: number }>(
      sql`select count(*)::int as count from ${listing.from} where ${conjunction(listing.where)}`,
    );
    return counted?.count ?? 0;
  });
}

/**
 * Pages of lists that belong to a parent: give the arguments, load by parent id. All parents that are asked for with the same
 * arguments are one statement: each one's rows are walked along their index and never further than the page.
 */
export function pagesByParent<Row, Args>(doors: Doors, parent: Sql, listingOf: (args: Args) => Listing) {
  const loaders = new Map<string, DataLoader<string, Page<Row>>>();
  return (args: Args & { page: PageArgs }): DataLoader<string, Page<Row>> => {
    const key = JSON.stringify(args);
    const known = loaders.get(key) ?? loaderOfPages<Row>(doors, parent, listingOf(args), args.page);
    loaders.set(key, known);
    return known;
  };
}

function loaderOfPages<Row>(doors: Doors, parent: Sql, listing: Listing, args: PageArgs): DataLoader<string, Page<Row>> {
  const slice = sliceOf(listing, args);
  const counts = new DataLoader<string, number>(async (parentIds) => {
    const rows = await doors.read<{ id: string; count: number }>(sql`
      select ${parent} as id, count(*)::int as count from ${listing.from}
      where ${parent} = any(${parentIds}::uuid[]) and ${conjunction(listing.where)} group by ${parent}`);
    const byId = new Map(rows.map(({ id, count }) => [id, count]));
    return parentIds.map((id) => byId.get(id) ?? 0);
  });
  return new DataLoader<string, Page<Row>>(async (parentIds) => {
    const rows = await doors.read<Keyed<Row>>(sql`
      select parent.id as "parentId", child.* from unnest(${parentIds}::uuid[]) as parent (id)
      cross join lateral (${selection(listing, slice, [sql`${parent} = parent.id`])}) as child`);
    const byParent = new Map<string, Keyed<Row>[]>(parentIds.map((id) => [id, []]));
    for (const row of rows) byParent.get(row.parentId ?? "")?.push(row);
    return parentIds.map((id) => page(byParent.get(id) ?? [], listing, slice, () => counts.load(id)));
  });
}

interface Slice {
  size: number;
  backward: boolean;
  cursor: { key: string; id: string } | null;
}

function sliceOf({ order }: Listing, { first, after, last, before }: PageArgs): Slice {
  const backward = last != null;
  if (backward && first != null) throw new Fault("BAD_USER_INPUT", "Give first or last, not both", { field: "last" });
  const [cursor, field] = backward ? [before, "before"] : [after, "after"];
  if ((backward ? after : before) != null) {
    throw new Fault("BAD_USER_INPUT", "Use after with first and before with last", { field: backward ? "after" : "before" });
  }
  return { size: last ?? first ?? DEFAULT_PAGE_SIZE, backward, cursor: cursor == null ? null : readCursor(cursor, order, field) };
}

function selection({ columns, from, where, id, order }: Listing, slice: Slice, scope: readonly Sql[] = []): Sql {
  const descending = order.descending !== slice.backward;
  const conditions = [...scope, ...where];
  if (slice.cursor) {
    const beyond = raw(descending ? "<" : ">");
    conditions.push(sql`(${order.key}, ${id}) ${beyond} (${slice.cursor.key}::${raw(order.type)}, ${slice.cursor.id}::uuid)`);
  }
  const direction = raw(descending ? "desc" : "asc");
  return sql`select ${columns}, (${order.key})::text as "cursorKey" from ${from} where ${conjunction(conditions)}
    order by ${order.key} ${direction}, ${id} ${direction} limit ${slice.size + 1}`;
}

function conjunction(conditions: readonly Sql[]): Sql {
  return conditions.length === 0 ? sql`true` : join(conditions as Sql[], " and ");
}

/** One row more than asked for was read: its presence says whether there is a further page. */
function page<Row>(read: Keyed<Row>[], { order }: Listing, slice: Slice, countAll: () => Promise<number>): Page<Row> {
  const more = read.length > slice.size;
  const rows = read.slice(0, slice.size);
  if (slice.backward) rows.reverse();
  const edges = rows.map((row) => ({ node: row as Row, cursor: writeCursor(order, row.cursorKey, row.id) }));
  return {
    nodes: rows,
    edges,
    pageInfo: {
      hasNextPage: slice.backward ? slice.cursor !== null : more,
      hasPreviousPage: slice.backward ? more : slice.cursor !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    countAll,
  };
}

/** The key travels as Postgres prints it: a JavaScript date would cut microseconds off and skip or repeat rows. */
function writeCursor(order: Order, key: string, id: string): string {
  return Buffer.from(JSON.stringify([order.name, key, id])).toString("base64url");
}

const INSTANT = /^(\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d){0,2}|infinity)$/;

function readCursor(cursor: string, order: Order, field: string): { key: string; id: string } {
  try {
    const [name, key, id]: unknown[] = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (name === order.name && typeof key === "string" && isUuid(id) && isKey(key, order)) return { key, id };
  } catch {
    // Not ours: the same answer as a cursor of another order.
  }
  throw new Fault("BAD_USER_INPUT", "This is not a cursor of this list and order", { field });
}

function isKey(key: string, { type }: Order): boolean {
  return type === "timestamptz" ? INSTANT.test(key) : !key.includes("\0");
}
