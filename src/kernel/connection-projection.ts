/** Owns how a page of a list is written by Postgres, as `page.ts` and `connection.ts` would answer it. */
import type { FieldNode, GraphQLObjectType } from "graphql";
import sql, { join, raw, type Sql } from "sql-template-tag";
import { conjunction, selection, type Listing, type Slice } from "./page-selection.js";
import { fieldsOf, objectOf, objectTypeOf, writeObject, type Projecting } from "./projection.js";

/** A page as one JSON value; `scope` are conditions beside the list's own. */
export type WritePage = (listing: Listing, slice: Slice, scope?: readonly Sql[]) => Sql;

/** A JSON value made of one page: of its rows, numbered in the page's order, or of the list. */
type WriteMember = (listing: Listing, slice: Slice) => Sql;

/** How to write what is selected of a connection; null when part of it is for the resolvers. */
export function pageWriter(type: GraphQLObjectType, nodes: readonly FieldNode[], at: Projecting): WritePage | null {
  const columns: WriteMember[] = [];
  const write = objectWriter(type, nodes, at, (name, inner, selected) => {
    switch (name) {
      case "nodes":
      case "edges": {
        const row = inner && (name === "nodes" ? constantly(writeObject(inner, selected, at)) : edgeWriter(inner, selected, at));
        return row && allOf(columns.push(row) - 1);
      }
      case "pageInfo":
        return inner && objectWriter(inner, selected, at, pageFact);
      case "totalCount":
        return ({ from, where }) => sql`(select count(*)::int from ${from} where ${conjunction(where)})`;
      default:
        return null;
    }
  });
  return write && ((listing, slice, scope = []) => {
    const direction = raw(listing.order.descending !== slice.backward ? "desc" : "asc");
    const numbers = sql`row_number() over (order by ${listing.order.key} ${direction}, ${listing.id} ${direction}) as n, ${place(listing)} as place`;
    const rows = columns.map((column, position) => sql`${column(listing, slice)} as ${raw(`c${position}`)}`);
    const page = selection({ ...listing, columns: join([numbers, ...rows]) }, slice, scope);
    const scoped = { ...listing, where: [...scope, ...listing.where] };
    // HAVING makes it one row also where nothing in it is an aggregate.
    return sql`(select ${write(scoped, slice)} from (${page}) as page having true)`;
  });
}

/** A JSON object of the selected fields, each written by what `memberOf` knows of it; null when it does not know one. */
function objectWriter(
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
  at: Projecting,
  memberOf: (name: string, inner: GraphQLObjectType | null, nodes: readonly FieldNode[]) => WriteMember | null,
): WriteMember | null {
  const members: [string, WriteMember][] = [];
  for (const [name, selected] of fieldsOf(type, nodes.map(({ selectionSet }) => selectionSet), at)) {
    const own = selected[0]?.name.value ?? "";
    const field = type.getFields()[own];
    const member = own === "__typename" ? constantly(sql`${raw(`'${type.name}'`)}`) : field ? memberOf(own, objectTypeOf(field), selected) : null;
    if (!member) return null;
    members.push([name, member]);
  }
  return (listing, slice) => objectOf(members.map(([name, write]) => sql`${name}::text, ${write(listing, slice)}`));
}

function edgeWriter(type: GraphQLObjectType, nodes: readonly FieldNode[], at: Projecting): WriteMember | null {
  return objectWriter(type, nodes, at, (name, inner, selected) => {
    if (name === "cursor") return (listing) => cursor(place(listing));
    return name === "node" && inner ? constantly(writeObject(inner, selected, at)) : null;
  });
}

function constantly(value: Sql | null): WriteMember | null {
  return value && (() => value);
}

/** The page's rows have one more at the end, which is not shown. */
function allOf(column: number): WriteMember {
  return (_, { backward, size }) =>
    sql`coalesce(json_agg(${raw(`page.c${column}`)} order by page.n ${raw(backward ? "desc" : "asc")}) filter (where page.n <= ${size}), '[]')`;
}

function pageFact(name: string): WriteMember {
  return (_, { size, backward, place: from }) => {
    const more = sql`count(*) > ${size}`;
    const left = from === null ? sql`false` : sql`true`;
    const first = sql`(array_agg(page.place order by page.n))[1]`;
    const last = sql`(array_agg(page.place order by page.n desc) filter (where page.n <= ${size}))[1]`;
    switch (name) {
      case "hasNextPage":
        return backward ? left : more;
      case "hasPreviousPage":
        return backward ? more : left;
      case "startCursor":
        return cursor(backward ? last : first);
      default:
        return cursor(backward ? first : last);
    }
  };
}

/** What {@link cursor} encodes; the same bytes as `writeCursor` in `cursor.ts` takes. */
function place({ order, id }: Listing): Sql {
  return sql`'["${raw(order.name)}",' || to_json((${order.key})::text)::text || ',"' || ${id} || '"]'`;
}

/** Base64 for URLs, without padding; Postgres breaks lines of the usual one. */
function cursor(text: Sql): Sql {
  return sql`rtrim(translate(encode(convert_to(${text}, 'UTF8'), 'base64'), E'+/\n', '-_'), '=')`;
}
