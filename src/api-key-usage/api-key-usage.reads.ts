/** Owns how the use of API keys is read: for many keys, or many tenants, in one statement each. How it is counted is not here. */
import DataLoader from "dataloader";
import sql, { type Sql } from "sql-template-tag";
import { bySpan, type UsageSpan } from "../kernel/days.js";
import type { Doors } from "../kernel/doors.js";
import type { ApiKeyUsageDay } from "./api-key-usage.answers.js";

type Counted = ApiKeyUsageDay & { of: string };

/** Counts are larger than an integer of the wire, and smaller than what a number holds to the last one. */
export function apiKeyUsageReads(doors: Doors) {
  return {
    /** By key. The tenant is named for the index: it and the key are what a row is found by. */
    ofKeys: bySpan((span) =>
      daysOf<{ id: string; tenantId: string }>(
        ({ id }) => id,
        (keys) => doors.read(sql`
          select u.api_key_id as of, u.day::text as day, u.verified::float8 as verified, u.refused::float8 as refused
          from unnest(${keys.map(({ tenantId }) => tenantId)}::uuid[], ${keys.map(({ id }) => id)}::uuid[]) as asked (tenant_id, id)
          join api_key_usage u on u.tenant_id = asked.tenant_id and u.api_key_id = asked.id and ${within(span)} order by u.day`),
      ),
    ),
    /** One tenant after the other, so that each is read along its own part of the index: in the order of days Postgres would read everybody's. */
    ofTenants: bySpan((span) =>
      daysOf<{ id: string }>(
        ({ id }) => id,
        (tenants) => doors.read(sql`
          select asked.id as of, days.* from unnest(${tenants.map(({ id }) => id)}::uuid[]) as asked (id)
          cross join lateral (
            select u.day::text as day, sum(u.verified)::float8 as verified, sum(u.refused)::float8 as refused
            from api_key_usage u where u.tenant_id = asked.id and ${within(span)} group by u.day order by u.day
          ) as days`),
      ),
    ),
  };
}

function within({ from, until }: UsageSpan): Sql {
  return sql`u.day between ${from}::date and ${until}::date`;
}

function daysOf<Owner>(idOf: (owner: Owner) => string, read: (owners: readonly Owner[]) => Promise<Counted[]>) {
  return new DataLoader<Owner, ApiKeyUsageDay[], string>(
    async (owners) => {
      const days = new Map<string, ApiKeyUsageDay[]>(owners.map((owner) => [idOf(owner), []]));
      for (const { of, ...day } of await read(owners)) days.get(of)?.push(day);
      return owners.map((owner) => days.get(idOf(owner)) ?? []);
    },
    { cacheKeyFn: idOf },
  );
}
