/** Owns where an API key stands at a moment: in TypeScript for one that was read, in SQL for lists. No I/O. */
import sql, { raw, type Sql } from "sql-template-tag";
import { registerEnumType } from "type-graphql";
import type { ApiKey } from "./api-key.entity.js";

export enum ApiKeyState {
  ACTIVE = "active",
  ROTATED = "rotated",
  EXPIRED = "expired",
  REVOKED = "revoked",
}

registerEnumType(ApiKeyState, {
  name: "ApiKeyState",
  description: "Where an API key stands at this moment.",
  valuesConfig: {
    ACTIVE: { description: "It works, as far as it is up to the key." },
    ROTATED: { description: "Another took its place; it works beside that one until `overlapEndsAt`." },
    EXPIRED: { description: "It ended by itself." },
    REVOKED: { description: "It was revoked, or its time beside its successor is over." },
  },
});

/** What of a key says where it stands. */
export type KeyStanding = Pick<ApiKey, "revokedAt" | "overlapEndsAt" | "expiresAt">;

/** The state that is true at `now`. A deadline that is reached has passed. */
export function stateAt({ revokedAt, overlapEndsAt, expiresAt }: KeyStanding, now: Date): ApiKeyState {
  if (revokedAt !== null || (overlapEndsAt !== null && overlapEndsAt <= now)) return ApiKeyState.REVOKED;
  if (expiresAt !== null && expiresAt <= now) return ApiKeyState.EXPIRED;
  return overlapEndsAt === null ? ApiKeyState.ACTIVE : ApiKeyState.ROTATED;
}

/** Nothing makes it work again. */
export function hasEnded(key: KeyStanding, now: Date): boolean {
  const state = stateAt(key, now);
  return state === ApiKeyState.REVOKED || state === ApiKeyState.EXPIRED;
}

/** {@link stateAt} of the row `k`, as the text of its value. A deadline is reached in the millisecond in which it falls: a Date has no microseconds, and is what is answered. */
export function stateAtSql(now: Sql): Sql {
  const reached = (column: string) => sql`${raw(column)} < ${now} + interval '1 millisecond'`;
  return sql`case
      when k.revoked_at is not null or ${reached("k.overlap_ends_at")} then 'revoked'
      when ${reached("k.expires_at")} then 'expired'
      when k.overlap_ends_at is not null then 'rotated'
      else 'active'
    end`;
}
