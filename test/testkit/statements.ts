/** Owns how tests count what is sent to the database. */
import pg from "pg";
import { vi } from "vitest";
import { SCOPE_SQL } from "../../src/kernel/scoped-query.js";

/** The texts of every statement from now on, scopes aside, as they are sent; `vi.restoreAllMocks` ends it. */
export function countStatements(): string[] {
  const statements: string[] = [];
  const send = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  vi.spyOn(pg.Client.prototype, "query").mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const [query] = args as [string | { text: string }];
    const text = typeof query === "string" ? query : query.text;
    if (text !== SCOPE_SQL) statements.push(text);
    return send.apply(this, args);
  } as never); // never: pg declares a dozen overloads, and the spy passes through whichever was called
  return statements;
}
