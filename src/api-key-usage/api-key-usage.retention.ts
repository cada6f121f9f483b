/** Owns how long the use of keys is told by day. Row security lets its role see no day that is younger. */
import { KEEP_USAGE_DAYS } from "../kernel/days.js";
import type { House } from "../kernel/doors.js";
import { inQueue } from "../kernel/queue-door.js";
import type { RequestContext } from "../kernel/request.js";

declare module "../kernel/request.js" {
  interface Facilities {
    /** Forgets the oldest days of use that are no longer kept, a bounded number of them; resolves to how many. */
    forgetKeyUsage(): Promise<number>;
  }
}

/** So many rows are deleted well within a statement's time. */
const AT_ONCE = 5_000;

const FORGET = `
  delete from api_key_usage where id in (
    select id from api_key_usage where day < (now() at time zone 'UTC')::date - ${KEEP_USAGE_DAYS} order by day limit ${AT_ONCE}) returning id`;

export function keyUsageRetention(house: House): () => Promise<number> {
  return () => inQueue(house, async (db) => (await db.executeSql(FORGET, [])).rows.length);
}

/** The daily job `api_key_usage.prune`. */
export async function pruneKeyUsage({ facilities }: RequestContext): Promise<void> {
  let forgotten: number;
  do forgotten = await facilities.forgetKeyUsage();
  while (forgotten === AT_ONCE);
}
