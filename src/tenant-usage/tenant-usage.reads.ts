/** Owns how the use of the registry is read: for many tenants in one statement. How it is counted is not here. */
import DataLoader from "dataloader";
import sql from "sql-template-tag";
import { bySpan } from "../kernel/days.js";
import type { Doors } from "../kernel/doors.js";
import type { UsageDay } from "./tenant-usage.answers.js";

/** Counts are larger than an integer of the wire, and smaller than what a number holds to the last one. */
export function tenantUsageReads(doors: Doors) {
  return {
    ofTenants: bySpan(({ from, until }) =>
      new DataLoader<{ id: string }, UsageDay[], string>(
        async (tenants) => {
          // One tenant after the other, so that each is read along its own part of an index.
          const rows = await doors.read<UsageDay & { of: string }>(sql`
            select asked.id as of, days.* from unnest(${tenants.map(({ id }) => id)}::uuid[]) as asked (id)
            cross join lateral (
              select u.day::text as day, nullif(u.environment, '') as environment, u.operations::float8 as operations, u.errors::float8 as errors
              from tenant_usage u where u.tenant_id = asked.id and u.day between ${from}::date and ${until}::date order by u.day, u.environment
            ) as days`);
          const days = new Map<string, UsageDay[]>(tenants.map(({ id }) => [id, []]));
          for (const { of, ...day } of rows) days.get(of)?.push(day);
          return tenants.map(({ id }) => days.get(id) ?? []);
        },
        { cacheKeyFn: ({ id }) => id },
      ),
    ),
  };
}
