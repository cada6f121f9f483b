/** Owns how long it is told by day how much a tenant used the registry. Row security lets its role see no day that is younger. */
import { KEEP_USAGE_DAYS } from "../kernel/days.js";
import type { House } from "../kernel/doors.js";
import { inQueue } from "../kernel/queue-door.js";
import type { RequestContext } from "../kernel/request.js";

declare module "../kernel/request.js" {
  interface Facilities {
    /** Forgets the oldest days of tenants' use that are no longer kept, a bounded number of them; resolves to how many. */
    forgetTenantUsage(): Promise<number>;
  }
}

/** So many rows are deleted well within a statement's time. */
const AT_ONCE = 5_000;

const FORGET = `
  delete from tenant_usage where id in (
    select id from tenant_usage where day < (now() at time zone 'UTC')::date - ${KEEP_USAGE_DAYS} order by day limit ${AT_ONCE}) returning id`;

export function tenantUsageRetention(house: House): () => Promise<number> {
  return () => inQueue(house, async (db) => (await db.executeSql(FORGET, [])).rows.length);
}

/** The daily job `tenant_usage.prune`. */
export async function pruneTenantUsage({ facilities }: RequestContext): Promise<void> {
  let forgotten: number;
  do forgotten = await facilities.forgetTenantUsage();
  while (forgotten === AT_ONCE);
}
