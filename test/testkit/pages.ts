/** Owns how tests walk a connection from one end to the other, and what must hold on the way. */
import { expect } from "vitest";
import { data } from "./outcome.js";
import type { Caller } from "./world.js";

/** The arguments and fields that a document must have to be walked; a list's own arguments come before them. */
export const PAGE_VARIABLES = "$first: Int, $after: String, $last: Int, $before: String";
export const PAGE_ARGUMENTS = "first: $first, after: $after, last: $last, before: $before";
export const PAGE_FIELDS = "edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

export interface ConnectionAnswer {
  edges: { cursor: string; node: { id: string } }[];
  nodes: { id: string }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
}

export interface Walk {
  caller: Caller;
  document: string;
  variables?: Record<string, unknown>;
  /** Where the connection is in the answer's data. */
  at(data: Record<string, any>): ConnectionAnswer; // any: every test knows the shape that it asked for
  size: number;
  direction: "forward" | "backward";
  /** Runs between two pages. */
  between?(): Promise<unknown>;
}

/** The ids of the whole list in its order, read page by page from either end; every page's flags and cursors are checked. */
export async function walk({ caller, document, variables, at, size, direction, between }: Walk): Promise<string[]> {
  const forward = direction === "forward";
  const ids: string[] = [];
  for (let cursor: string | null = null, more = true; more; await between?.()) {
    const slice: object = forward ? { first: size, after: cursor } : { last: size, before: cursor };
    const { edges, nodes, pageInfo } = at(data(await caller.run(document, { ...variables, ...slice })));
    const page = nodes.map(({ id }) => id);
    expect(edges.map(({ node }) => node.id)).toEqual(page);
    expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([edges[0]?.cursor ?? null, edges.at(-1)?.cursor ?? null]);
    expect(forward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage).toBe(cursor !== null);
    more = forward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage;
    expect(page.length, "a page that has another behind it is full").toBe(more ? size : page.length);
    if (cursor !== null) expect(page, "a page that was announced is not empty").not.toEqual([]);
    ids.splice(forward ? ids.length : 0, 0, ...page);
    cursor = forward ? pageInfo.endCursor : pageInfo.startCursor;
  }
  return ids;
}
