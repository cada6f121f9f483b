/** Owns how look-ups of one request are collected into one statement. What is looked up is the features' business. */
import DataLoader from "dataloader";
import { isStorable, isUuid } from "./id.js";

/**
 * A loader by UUID: as many ids as are asked for in one tick become one call of `find`; a missing or malformed id gives null
 * and never reaches the database, where one bad id would fail the whole batch.
 */
export function loaderById<Row>(
  find: (ids: string[]) => Promise<Row[]>,
  idOf: (row: Row) => string,
): DataLoader<string, Row | null> {
  return loaderOf(find, idOf, isUuid, (id) => id.toLowerCase());
}

/** A loader by a unique text, in the same way. */
export function loaderByKey<Row>(
  find: (keys: string[]) => Promise<Row[]>,
  keyOf: (row: Row) => string,
): DataLoader<string, Row | null> {
  return loaderOf(find, keyOf, isStorable, (key) => key);
}

/** `possible` keys only are looked for; `normal` brings the spellings of one key together. */
function loaderOf<Row>(
  find: (keys: string[]) => Promise<Row[]>,
  keyOf: (row: Row) => string,
  possible: (key: string) => boolean,
  normal: (key: string) => string,
): DataLoader<string, Row | null> {
  return new DataLoader<string, Row | null>(
    async (keys) => {
      const asked = keys.filter(possible);
      const found = asked.length > 0 ? await find(asked) : [];
      const rows = new Map(found.map((row) => [normal(keyOf(row)), row]));
      return keys.map((key) => rows.get(normal(key)) ?? null);
    },
    { cacheKeyFn: normal },
  );
}

