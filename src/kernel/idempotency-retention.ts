/** Owns when a used idempotency key is forgotten. Row security lets its role see no key that is younger. */
import type { House } from "./doors.js";
import { KEEP_KEYS_DAYS } from "./idempotency.js";
import { inQueue } from "./queue-door.js";
import type { RequestContext } from "./request.js";

declare module "./request.js" {
  interface Facilities {
    /** Forgets the oldest keys that are no longer kept, a bounded number of them; resolves to how many. */
    forgetKeys(): Promise<number>;
  }
}

/** So many rows are deleted well within a statement's time. */
const AT_ONCE = 5_000;

const FORGET = `
  delete from idempotency_keys where (tenant_id, principal, operation, key) in (
    select tenant_id, principal, operation, key from idempotency_keys
    where created_at < now() - make_interval(days => ${KEEP_KEYS_DAYS}) order by created_at limit ${AT_ONCE}) returning key`;

export function keyRetention(house: House): () => Promise<number> {
  return () => inQueue(house, async (db) => (await db.executeSql(FORGET, [])).rows.length);
}

/** The hourly job `idempotency.prune`. */
export async function pruneIdempotencyKeys({ facilities }: RequestContext): Promise<void> {
  let forgotten: number;
  do forgotten = await facilities.forgetKeys();
  while (forgotten === AT_ONCE);
}
