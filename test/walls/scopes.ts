/** Owns running one statement as a role in a tenant, on the service's own connection, whatever a feature would ever write there. */
import pg from "pg";
import { SCOPE_SQL } from "../../src/kernel/scoped-query.js";
import type { Registry } from "../testkit/registry.js";
import { poolOf } from "./visits.js";

export type Role = "registry_service" | "registry_tenant" | "registry_platform" | "registry_overview" | "registry_product" | "registry_queue" | "registry_eraser" | "registry_verifier";

/** Rows, or the SQLSTATE that refused the statement. */
export type Outcome = Record<string, unknown>[] | string;

/**
 * Run `text` in a transaction that is rolled back. `tenant: undefined` leaves the setting as a connection has it that never named
 * one. Of several statements the last one answers; how many rows one without columns concerned comes as `[{ affected }]`.
 */
export async function attempt(app: Registry, role: Role, tenant: string | undefined, text: string): Promise<Outcome> {
  const client = await poolOf(app).connect();
  let answer: Outcome;
  try {
    await client.query("begin");
    if (tenant !== undefined) await client.query(SCOPE_SQL, [role, tenant, "off", "5000"]);
    else if (role !== "registry_service") await client.query(`set local role ${role}`);
    const { rows, rowCount, fields } = [await client.query<Record<string, unknown>>(text)].flat().at(-1) as pg.QueryResult;
    answer = fields.length > 0 ? rows : [{ affected: rowCount }];
  } catch (thrown) {
    if (!(thrown instanceof pg.DatabaseError) || thrown.code === undefined) throw thrown;
    answer = thrown.code;
  } finally {
    await client.query("rollback");
    client.release();
  }
  return answer;
}
