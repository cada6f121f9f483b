/** Owns how environments are found, and where they run. */
import DataLoader from "dataloader";
import sql from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { loaderById } from "../kernel/loaders.js";
import type { Principal } from "../kernel/principal.js";
import { statusAtSql } from "../tenant/tenant.reads.js";
import { Environment } from "./environment.entity.js";
import { Placement } from "./placement.entity.js";

const COLUMNS = columnsOf(Environment, "n");
const PLACEMENT_COLUMNS = columnsOf(Placement, "l");

/** So many placements of one environment are shown, the latest. */
export const MAX_PLACEMENTS = 100;

/** An environment of a tenant, by their ids. */
export interface EnvironmentKey {
  tenantId: string;
  id: string;
}

export function environmentReads(doors: Doors, _caller: Principal | null, now: () => Date) {
  return {
    byId: loaderById<Environment>(
      (ids) => doors.read(sql`select ${COLUMNS} from tenant_environments n where n.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    /** Every environment of a tenant, archived ones too, by slug. */
    ofTenant: new DataLoader<string, Environment[]>(async (tenantIds) => {
      const rows = await doors.read<Environment>(sql`select ${COLUMNS} from tenant_environments n where n.tenant_id = any(${tenantIds}::uuid[]) order by n.slug`);
      const ofTenant = new Map<string, Environment[]>(tenantIds.map((id) => [id, []]));
      for (const row of rows) ofTenant.get(row.tenantId)?.push(row);
      return tenantIds.map((id) => ofTenant.get(id) ?? []);
    }),
    /** Where it ran, the latest first. */
    placementsOf: new DataLoader<EnvironmentKey, Placement[], string>(
      async (environments) => {
        const rows = await doors.read<Placement>(sql`
          select shown.* from unnest(${environments.map(({ tenantId }) => tenantId)}::uuid[], ${environments.map(({ id }) => id)}::uuid[]) as asked (tenant_id, id)
          cross join lateral (
            select ${PLACEMENT_COLUMNS} from environment_placements l where l.tenant_id = asked.tenant_id and l.environment_id = asked.id
            order by l.placed_at desc, l.ended_at desc nulls first, l.id limit ${MAX_PLACEMENTS}) as shown`);
        const placements = new Map<string, Placement[]>(environments.map(({ id }) => [id, []]));
        for (const row of rows) placements.get(row.environmentId)?.push(row);
        return environments.map(({ id }) => placements.get(id) ?? []);
      },
      { cacheKeyFn: ({ id }) => id },
    ),
    /** How many environments a cluster runs: as many as there are routes to it. */
    countOn: new DataLoader<string, number>(async (clusters) => {
      const rows = await doors.read<{ cluster: string; count: number }>(sql`
        select l.cluster, count(*)::int as count from environment_placements l
        join tenant_environments n on n.tenant_id = l.tenant_id and n.id = l.environment_id and n.archived_at is null
        join tenants t on t.id = l.tenant_id and ${statusAtSql(sql`${now()}::timestamptz`)} <> 'archived'
        where l.ended_at is null and l.cluster = any(${clusters}::text[]) group by l.cluster`);
      const counts = new Map(rows.map(({ cluster, count }) => [cluster, count]));
      return clusters.map((cluster) => counts.get(cluster) ?? 0);
    }),
    /** The cluster that it is on, also while it is archived; null when it was never placed. */
    clusterOf: new DataLoader<EnvironmentKey, string | null, string>(
      async (environments) => {
        const rows = await doors.read<{ id: string; cluster: string }>(sql`
          select l.environment_id as id, l.cluster
          from unnest(${environments.map(({ tenantId }) => tenantId)}::uuid[], ${environments.map(({ id }) => id)}::uuid[]) as asked (tenant_id, id)
          join environment_placements l on l.tenant_id = asked.tenant_id and l.environment_id = asked.id and l.ended_at is null`);
        const clusters = new Map(rows.map(({ id, cluster }) => [id, cluster]));
        return environments.map(({ id }) => clusters.get(id) ?? null);
      },
      { cacheKeyFn: ({ id }) => id },
    ),
  };
}
