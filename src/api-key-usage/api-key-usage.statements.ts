/** Owns how the use of keys is written: when each was last used, how often a day, and its secret hashed anew. When that is done is `api-key-usage.collector.ts`. */
import sql, { type Sql } from "sql-template-tag";
import type { KeyRow, StoredSecret } from "../api-key/api-key.facts.js";

/** What one key was used for since its use was last written. */
export interface Uses extends Pick<KeyRow, "id" | "lookupId"> {
  /** The minute in which it was last verified, in milliseconds; null when it was only refused. */
  usedAt: number | null;
  /** By day in UTC. */
  days: Map<string, Counts>;
}

export interface Counts {
  verified: number;
  /** Times that the secret was right and the verdict was not VALID. */
  refused: number;
}

export interface Rehash extends Pick<KeyRow, "lookupId" | "seat"> {
  before: StoredSecret;
  after: StoredSecret;
}

const MINUTE_MS = 60_000;

/** To the second would tell more than anybody needs of who works when. */
export function minuteOf(at: Date): number {
  return Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS;
}

export function together(one: Uses, other: Uses): Uses {
  const days = new Map(one.days);
  for (const [day, { verified, refused }] of other.days) {
    const counts = days.get(day);
    days.set(day, { verified: verified + (counts?.verified ?? 0), refused: refused + (counts?.refused ?? 0) });
  }
  const usedAt = Math.max(one.usedAt ?? -Infinity, other.usedAt ?? -Infinity);
  return { ...other, usedAt: Number.isFinite(usedAt) ? usedAt : null, days };
}

/** A key that is gone by now is joined away. A time is only ever put forward: another instance may have written a later one. */
export function usesOf(uses: readonly Uses[]): Sql[] {
  const used = uses.flatMap(({ id, usedAt }) => (usedAt === null ? [] : [{ id, at: new Date(usedAt) }]));
  const counted = uses.flatMap(({ id, days }) => [...days].map(([day, counts]) => ({ id, day, ...counts })));
  return [
    held(uses),
    sql`
      update api_keys k set last_used_at = v.at from jsonb_to_recordset(${JSON.stringify(used)}::jsonb) v (id uuid, at timestamptz)
      where k.id = v.id and (k.last_used_at is null or k.last_used_at < v.at)`,
    sql`
      insert into api_key_usage (tenant_id, api_key_id, day, verified, refused)
      select k.tenant_id, k.id, v.day, v.verified, v.refused
      from jsonb_to_recordset(${JSON.stringify(counted)}::jsonb) v (id uuid, day date, verified bigint, refused bigint) join api_keys k on k.id = v.id
      on conflict (tenant_id, api_key_id, day) do update
        set verified = api_key_usage.verified + excluded.verified, refused = api_key_usage.refused + excluded.refused`,
  ];
}

/** Not over a hash that somebody else has put there meanwhile, another instance for the same reason. */
export function rehashing(rehashes: readonly Rehash[]): Sql[] {
  const changed = rehashes.map(({ lookupId, seat, before, after }) => ({ lookup_id: lookupId, seat, before: before.hash, after: after.hash, pepper_id: after.pepperId }));
  return [
    held(rehashes),
    sql`
      update api_keys k set hash = v.after, pepper_id = v.pepper_id
      from jsonb_to_recordset(${JSON.stringify(changed)}::jsonb) v (lookup_id text, seat smallint, before text, after text, pepper_id text)
      where k.lookup_id = v.lookup_id and k.lookup_seat = v.seat and k.hash = v.before`,
  ];
}

/** All rows of a batch are taken in the order of their ids, so that of two instances one waits for the other, and never both. */
function held(keys: readonly Pick<KeyRow, "lookupId">[]): Sql {
  return sql`select from api_keys k where k.lookup_id = any(${namesOf(keys)}::text[]) order by k.id for no key update`;
}

export function namesOf(keys: readonly Pick<KeyRow, "lookupId">[]): string[] {
  return [...new Set(keys.map(({ lookupId }) => lookupId))];
}
