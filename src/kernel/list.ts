/** Owns how short lists are read that belong to a row and need no pages: with the row's own statement, or one for many rows. */
import DataLoader from "dataloader";
import type { GraphQLResolveInfo } from "graphql";
import sql, { raw, type Sql } from "sql-template-tag";
import type { Doors } from "./doors.js";
import { broughtAlong, declareNested } from "./nesting.js";
import { conjunction } from "./page-selection.js";
import { aliasOf, declareWrite, objectTypeOf, writeObject } from "./projection.js";

/** A list field whose list belongs to the row that it is a field of; `parent` is the column that names the owner. */
export interface ChildList<Args extends object> {
  typeName: string;
  fieldName: string;
  entity: Function;
  columns: Sql;
  from: Sql;
  parent: Sql;
  order: Sql;
  /** Which of them the field's arguments ask for; all when there is nothing to say. */
  where?(args: Args): readonly Sql[];
}

/** Lists that belong to a parent, whole. They come along with the parent's statement, or all parents' lists are one. */
export function listOf<Row extends object, Args extends object = object>({ typeName, fieldName, entity, columns, from, parent, order, where = () => [] }: ChildList<Args>) {
  const those = (args: object) => conjunction(where(args as Args));
  declareNested(typeName, fieldName, entity, (args, parentId) => sql`select ${columns} from ${from} where ${parent} = ${parentId} and ${those(args)} order by ${order}`);
  declareWrite(typeName, fieldName, ({ field, nodes, args }, at) => {
    const type = objectTypeOf(field);
    const row = type && writeObject(type, nodes, at);
    return row && sql`(select coalesce(json_agg(${row} order by ${order}), '[]') from ${from} where ${parent} = ${raw(aliasOf(typeName))}.id and ${those(args)})`;
  });
  return (doors: Doors) => {
    const opened = new Map<string, DataLoader<string, Row[]>>();
    const listsWith = (args: Args) => {
      const key = JSON.stringify(args);
      const lists = opened.get(key) ?? new DataLoader<string, Row[]>(async (parentIds) => {
        const rows = await doors.read<Row & { parentId: string }>(sql`
          select ${parent} as "parentId", ${columns} from ${from} where ${parent} = any(${parentIds}::uuid[]) and ${those(args)} order by ${parent}, ${order}`);
        const byParent = new Map<string, Row[]>(parentIds.map((id) => [id, []]));
        for (const row of rows) byParent.get(row.parentId)?.push(row);
        return parentIds.map((id) => byParent.get(id) ?? []);
      });
      opened.set(key, lists);
      return lists;
    };
    return {
      load: async (owner: { id: string }, info: GraphQLResolveInfo, args = {} as Args): Promise<Row[]> =>
        broughtAlong<Row>(owner, info) ?? (await listsWith(args).load(owner.id)),
    };
  };
}
