/** Owns how look-ups of one request are collected into one statement. What is looked up is the features' business. */
import DataLoader from "dataloader";
import { isUuid } from "./id.js";

/**
 * A loader by UUID: as many ids as are asked for in one tick become one call of `find`; a missing or malformed id gives null
 * and never reaches the database, where one bad id would fail the whole batch.
 */
export function loaderById<Row>(
  find: (ids: string[]) => Promise<Row[]>,
  idOf: (row: Row) => string,
): DataLoader<string, Row | null> {
  return loaderByKey(async (ids) => find(ids.filter(isUuid)), idOf, (id) => id.toLowerCase());
}

/** A loader by any unique key; `normal` brings the spellings of one key together. */
export function loaderByKey<Row>(
  find: (keys: string[]) => Promise<Row[]>,
  keyOf: (row: Row) => string,
  normal: (key: string) => string = (key) => key,
): DataLoader<string, Row | null> {
  return new DataLoader<string, Row | null>(
    async (keys) => {
      const rows = new Map((await find([...keys])).map((row) => [normal(keyOf(row)), row]));
      return keys.map((key) => rows.get(normal(key)) ?? null);
    },
    { cacheKeyFn: normal },
  );
}

/** A loader of lists: everything that belongs to one parent id, in the order that `find` returns it. */
export function loaderOfLists<Row>(
  find: (parentIds: string[]) => Promise<Row[]>,
  parentOf: (row: Row) => string,
): DataLoader<string, Row[]> {
  return new DataLoader<string, Row[]>(async (parentIds) => {
    const lists = new Map<string, Row[]>(parentIds.map((id) => [id, []]));
    for (const row of await find([...parentIds])) lists.get(parentOf(row))?.push(row);
    return parentIds.map((id) => lists.get(id) ?? []);
  });
}
