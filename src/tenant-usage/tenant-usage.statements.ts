/** Owns how counts of use are written. When that is done is `tenant-usage.collector.ts`. */
import type { EntityManager } from "typeorm";

/** What there was of one tenant, in one environment or none, on one day. */
export interface Count {
  readonly tenantId: string;
  readonly environment: string;
  readonly day: string;
  operations: number;
  errors: number;
}

/** In one order, so that of two instances one waits for the other, and never both. */
const COUNT = `
  insert into tenant_usage (tenant_id, environment, day, operations, errors)
  select $1, v.environment, v.day, v.operations, v.errors
  from jsonb_to_recordset($2::jsonb) v (environment text, day date, operations bigint, errors bigint) order by v.environment, v.day
  on conflict (tenant_id, environment, day) do update
    set operations = tenant_usage.operations + excluded.operations, errors = tenant_usage.errors + excluded.errors`;

/** Add to what has been counted of a tenant. */
export async function countDays(tx: EntityManager, tenantId: string, counts: readonly Count[]): Promise<void> {
  await tx.query(COUNT, [tenantId, JSON.stringify(counts)]);
}
