/** Owns how one statement runs inside its caller's scope in a single round trip. Whose scope that is, is decided by `doors.ts`. */
import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import pg from "pg";
import type { Sql } from "sql-template-tag";

/**
 * Sets, for the current transaction only: role, tenant, read-only or not, and the time a statement may take.
 * Values: role name, tenant id or empty, `on` or `off`, milliseconds.
 */
export const SCOPE_SQL =
  "select set_config('role', $1, true), set_config('registry.tenant', $2, true), " +
  "set_config('transaction_read_only', $3, true), set_config('statement_timeout', $4, true)";

export type ScopeValues = readonly [role: string, tenantId: string, readOnly: "on" | "off", timeoutMs: string];

const SCOPE_STATEMENT = "registry_scope";

/** The part of pg's wire connection that a submitted query talks to; pg publishes no types for it, so its version is pinned. */
interface Wire {
  parsedStatements: Record<string, string>;
  parse(message: { name: string; text: string }): void;
  bind(message: { statement: string; values: readonly string[] }): void;
  execute(message: object): void;
  close(message: { type: "S"; name: string }): void;
}

/** pg.Query with the hooks that pg calls while it talks to the server. */
interface SubmittedQuery {
  new (config: pg.QueryConfig): pg.Query & {
    name?: string;
    callback: (error: Error | null, result: pg.QueryResult) => void;
    prepare(wire: Wire): void;
    handleDataRow(message: unknown): void;
    handleCommandComplete(message: unknown, wire: Wire): void;
  };
}

/**
 * A query that is preceded by its scope under one Sync. Everything between two Syncs is one implicit transaction, so the
 * settings end with the statement whatever its outcome, and nothing is left on the pooled connection for the next caller.
 */
class ScopedQuery extends (pg.Query as unknown as SubmittedQuery) {
  private scopeAnswered = false;

  constructor(
    private readonly scope: ScopeValues,
    config: pg.QueryConfig,
  ) {
    super(config);
  }

  override prepare(wire: Wire): void {
    if (wire.parsedStatements[SCOPE_STATEMENT] === undefined) {
      wire.parse({ name: SCOPE_STATEMENT, text: SCOPE_SQL });
      wire.parsedStatements[SCOPE_STATEMENT] = SCOPE_SQL;
    }
    wire.bind({ statement: SCOPE_STATEMENT, values: this.scope });
    wire.execute({});
    if (this.name !== undefined && wire.parsedStatements[this.name] === undefined) makeRoom(wire);
    super.prepare(wire);
  }

  override handleDataRow(message: unknown): void {
    if (this.scopeAnswered) super.handleDataRow(message);
  }

  override handleCommandComplete(message: unknown, wire: Wire): void {
    if (this.scopeAnswered) super.handleCommandComplete(message, wire);
    else this.scopeAnswered = true;
  }
}

/** Run one parameterised statement inside `scope` on a checked-out client. Rejects with the driver's error. */
export function runScoped<Row>(client: pg.ClientBase, scope: ScopeValues, { text, values }: Sql): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const query = new ScopedQuery(scope, { name: statementName(scope[0], text), text, values });
    query.callback = (error, result) => (error ? reject(error) : resolve(result.rows as Row[]));
    client.query(query);
  });
}

/** More and longer texts than the service's usual queries have; longer ones are sent without a name, and planned each time. */
const MAX_PREPARED = 200;
const MAX_PREPARED_CHARACTERS = 6_000;
const statementNames = new LRUCache<string, string>({ max: 2 * MAX_PREPARED });

/**
 * Prepared once per connection and role: a plan under row security belongs to the role it was made for, and one name for two
 * roles would be planned anew at every switch.
 */
function statementName(role: string, text: string): string | undefined {
  if (text.length > MAX_PREPARED_CHARACTERS) return undefined;
  const key = `${role} ${text}`;
  const known = statementNames.get(key);
  if (known !== undefined) return known;
  const name = createHash("sha256").update(key).digest("base64url").slice(0, 43);
  statementNames.set(key, name);
  return name;
}

/**
 * Texts are built from code alone, but callers choose which fields, lists and orders go together. A connection keeps so many plans
 * and lets the oldest go for a new one: nobody fills the memory of every connection, and nobody keeps others from being prepared.
 */
function makeRoom(wire: Wire): void {
  const names = Object.keys(wire.parsedStatements);
  const oldest = names.find((name) => name !== SCOPE_STATEMENT);
  if (names.length <= MAX_PREPARED || oldest === undefined) return;
  wire.close({ type: "S", name: oldest });
  delete wire.parsedStatements[oldest];
}
