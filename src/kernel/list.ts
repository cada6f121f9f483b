/** Owns how short lists are read that belong to a row and need no pages: with the row's own statement, or one for many rows. */
import DataLoader from "dataloader";
import type { GraphQLResolveInfo } from "graphql";
import sql, { raw, type Sql } from "sql-template-tag";
import type { Doors } from "./doors.js";
import { broughtAlong, declareNested } from "./nesting.js";
import { aliasOf, declareWrite, objectTypeOf, writeObject } from "./projection.js";

/** A list field whose list belongs to the row that it is a field of; `parent` is the column that names the owner. */
export interface ChildList {
  typeName: string;
  fieldName: string;
  entity: Function;
  columns: Sql;
  from: Sql;
  parent: Sql;
  order: Sql;
}

/** Lists that belong to a parent, whole. They come along with the parent's statement, or all parents' lists are one. */
export function listOf<Row extends object>({ typeName, fieldName, entity, columns, from, parent, order }: ChildList) {
  declareNested(typeName, fieldName, entity, (_, parentId) => sql`select ${columns} from ${from} where ${parent} = ${parentId} order by ${order}`);
  declareWrite(typeName, fieldName, ({ field, nodes }, at) => {
    const type = objectTypeOf(field);
    const row = type && writeObject(type, nodes, at);
    return row && sql`(select coalesce(json_agg(${row} order by ${order}), '[]') from ${from} where ${parent} = ${raw(aliasOf(typeName))}.id)`;
  });
  return (doors: Doors) => {
    const listsOf = new DataLoader<string, Row[]>(async (parentIds) => {
      const lists = new Map<string, Row[]>(parentIds.map((id) => [id, []]));
      const rows = await doors.read<Row & { parentId: string }>(sql`
        select ${parent} as "parentId", ${columns} from ${from} where ${parent} = any(${parentIds}::uuid[]) order by ${parent}, ${order}`);
      for (const row of rows) lists.get(row.parentId)?.push(row);
      return parentIds.map((id) => lists.get(id) ?? []);
    });
    return {
      load: async (owner: { id: string }, info: GraphQLResolveInfo): Promise<Row[]> =>
        broughtAlong<Row>(owner, info) ?? (await listsOf.load(owner.id)),
    };
  };
}
