/** Owns which environment and which team of a tenant are meant by their names: the one statement that finds them, and what of it is remembered. */
import { LRUCache } from "lru-cache";
import sql, { type Sql } from "sql-template-tag";
import { openDoors, type House } from "../kernel/doors.js";
import { isStorable, isUuid } from "../kernel/id.js";
import type { Settings } from "../settings/settings.js";
import type { TenantNames } from "../tenant/tenant.directory.js";
import type { Standing } from "../tenant/tenant.lifecycle.js";

/** For so long an instance may take an environment or team for live that was archived; stated in the README. */
const REMEMBER_MS = 30_000;
const REMEMBER_AT_MOST = 10_000;

/** How one of a tenant's rows is told from the others. */
export interface Ref {
  readonly id: string;
  readonly slug: string;
}

/** A live environment of a tenant, and one of the tenant's live teams or none. */
export interface Place {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly environment: Ref;
  readonly team: Ref | null;
}

/** How somebody names a place: each by its slug or id; null names none. */
export interface PlaceNames {
  readonly environment: string | null;
  readonly team: string | null;
}

/**
 * Which place is meant, or why there is none: `null` when something that was named is not there; when no environment was named,
 * `several` or `none` says how many live ones there are.
 */
export type Found<Named extends Place = Place> = Named | "several" | "none" | null;

export interface Hierarchy {
  /** Only for whoever acts in that tenant. Faults: UNAVAILABLE without a database. */
  find(tenantId: string, names: PlaceNames): Promise<Found>;
}

/** A tenant with those of its environments, at most two, and that of its teams that were named. */
export interface NamedRow extends TenantNames, Standing {
  settings: Settings;
  environments: (Ref & { settings: Settings; cluster: string | null })[];
  team: (Ref & { settings: Settings }) | null;
}

/** Archived ones are not there. No environment that is named means all of them, of which two are enough to tell. */
export function placeStatement(tenant: string, { environment, team }: PlaceNames): Sql {
  return sql`
    select t.id, t.slug, t.status, t.trial_ends_at as "trialEndsAt", t.frozen_at as "frozenAt", t.settings,
      (select coalesce(json_agg(found), '[]') from (
        select e.id, e.slug, e.settings, (select p.cluster from environment_placements p
          where p.tenant_id = e.tenant_id and p.environment_id = e.id and p.ended_at is null) as cluster
        from tenant_environments e where e.tenant_id = t.id and e.archived_at is null and ${environment === null ? sql`true` : calls(sql`e.id`, sql`e.slug`, environment)}
        order by e.slug limit 2) found) as environments,
      ${team === null ? sql`null` : sql`(select json_build_object('id', m.id, 'slug', m.slug, 'settings', m.settings)
        from tenant_teams m where m.tenant_id = t.id and m.archived_at is null and ${calls(sql`m.id`, sql`m.slug`, team)})`} as team
    from tenants t where ${calls(sql`t.id`, sql`t.slug`, tenant)}`;
}

/** What reads as an id is one: no slug that is given out does. */
function calls(id: Sql, slug: Sql, name: string): Sql {
  if (isUuid(name)) return sql`${id} = ${name}::uuid`;
  return isStorable(name) ? sql`${slug} = ${name}` : sql`false`;
}

/** A place, with what holds there. */
export interface FoundPlace extends Place {
  readonly row: Omit<NamedRow, "environments">;
  readonly environment: NamedRow["environments"][number];
  readonly team: NamedRow["team"];
}

/** What of the row was meant by these names, by which it was read. */
export function foundIn({ environments, ...row }: NamedRow, names: PlaceNames): Found<FoundPlace> {
  if (names.team !== null && row.team === null) return null;
  const [environment, another] = environments;
  if (!environment) return names.environment === null ? "none" : null;
  return another ? "several" : { tenantId: row.id, tenantSlug: row.slug, environment, team: row.team, row };
}

interface Remembered {
  place: Place;
  readAt: Date;
}

/** Only what was found is remembered, so a new environment is found at once. */
export function openHierarchy(house: House, operationMs: number, now: () => Date): Hierarchy {
  const remembered = new LRUCache<string, Remembered>({ max: REMEMBER_AT_MOST });

  function known(key: string): Place | undefined {
    const { place, readAt } = remembered.get(key) ?? {};
    return readAt && Math.abs(now().getTime() - readAt.getTime()) < REMEMBER_MS ? place : undefined;
  }

  async function look(tenantId: string, names: PlaceNames): Promise<Found> {
    const doors = openDoors(house, {
      // Inside the one tenant, where the walls show nobody else's rows.
      principal: { kind: "platform", subject: "system:hierarchy", name: null, roles: [], tenantId },
      origin: { requestId: "hierarchy", sourceIp: null, userAgent: null },
      remainingMs: () => operationMs,
      committed: () => undefined,
    });
    const [row] = await doors.read<NamedRow>(placeStatement(tenantId, names));
    const found = row ? foundIn(row, names) : null;
    return found === null || typeof found === "string" ? found : placeOf(found);
  }

  return {
    async find(tenantId, names) {
      const key = JSON.stringify([tenantId, names.environment, names.team]);
      const before = known(key);
      if (before) return before;
      const readAt = now();
      const found = await look(tenantId, names);
      if (found !== null && typeof found !== "string") remembered.set(key, { place: found, readAt });
      return found;
    },
  };
}

/** Frozen: many requests have it in their hands. */
function placeOf({ tenantId, tenantSlug, environment, team }: FoundPlace): Place {
  return Object.freeze({ tenantId, tenantSlug, environment: refOf(environment), team: team && refOf(team) });
}

function refOf({ id, slug }: Ref): Ref {
  return Object.freeze({ id, slug });
}
