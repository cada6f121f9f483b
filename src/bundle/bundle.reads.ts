/** Owns how what is there of a tenant is found, in one statement: for a bundle to be compared with, and to be written as one. */
import DataLoader from "dataloader";
import sql, { type Sql } from "sql-template-tag";
import type { JsonObject } from "../catalog/catalog.js";
import type { Doors } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import type { Settings } from "../settings/settings.js";
import type { Tenant } from "../tenant/tenant.entity.js";
import type { FlowBundle, PresentTenant } from "./bundle.js";
import { contentOf } from "./bundle.content.js";
import { isList } from "./bundle.flows.js";
import type { TenantContent } from "./bundle.shape.js";

/** A tenant that was found, and where it stands. */
export interface FoundTenant extends Pick<Tenant, "id" | "slug" | "status" | "trialEndsAt" | "frozenAt"> {
  readonly present: PresentTenant;
}

interface Row extends Omit<FoundTenant, "present"> {
  name: string;
  settings: Settings;
  environments: { slug: string; name: string; cluster: string | null; settings: Settings; flows: Record<string, number> }[];
  teams: { slug: string; name: string; settings: Settings; channels: Record<string, { provider: string; config: JsonObject }> }[];
  flows: { name: string; latest: number; bodies: Record<string, JsonObject> }[];
}

type Ask = <T>(statement: Sql) => Promise<T[]>;

/** Of what is there, the versions of flows that a bundle is compared with: the latest where it has one body, as many as it lists where it has several. */
export async function findForBundle(ask: Ask, slug: string, flows: ReadonlyMap<string, FlowBundle> = new Map()): Promise<FoundTenant | null> {
  const lists = [...flows].flatMap(([name, flow]) => (isList(flow) ? [{ name, length: flow.length }] : []));
  const single = [...flows].flatMap(([name, flow]) => (isList(flow) ? [] : [name]));
  const compared = sql`(v.number = f.latest_number and f.name = any(${single}::text[])
    or exists (select from unnest(${lists.map(({ name }) => name)}::text[], ${lists.map(({ length }) => length)}::int[]) as listed (name, length) where listed.name = f.name and v.number <= listed.length))`;
  const [row] = await ask<Row>(tenantsWhere(sql`t.slug = ${slug}`, compared));
  return row ? found(row) : null;
}

/** As text, because that is how a bundle is sent: a larger one could not come back, and what Postgres keeps of a body can be a hundredth of it. */
const MAX_BYTES = 1024 * 1024;
const MAX_VERSIONS = 1_000;

export function bundleReads(doors: Doors) {
  return {
    /**
     * What is there of a tenant, as a bundle says it.
     *
     * Faults  LIMIT_EXCEEDED for a tenant whose flows have more versions than anybody could put in a bundle.
     */
    ofTenant: new DataLoader<string, TenantContent | null>(async (ids) => {
      const rows = await doors.read<{ id: string }>(sql`
        select asked.id from unnest(${ids}::uuid[]) as asked (id)
        cross join lateral (select v.body from flow_versions v where v.tenant_id = asked.id limit ${MAX_VERSIONS + 1}) as v
        group by asked.id having count(*) > ${MAX_VERSIONS} or sum(octet_length(v.body::text)) > ${MAX_BYTES}`);
      const tooLarge = new Set(rows.map(({ id }) => id));
      const present = await doors.read<Row>(tenantsWhere(sql`t.id = any(${ids.filter((id) => !tooLarge.has(id))}::uuid[])`, sql`true`));
      const contents = new Map(present.map((row) => [row.id, contentOf(found(row).present)]));
      return ids.map((id) => (tooLarge.has(id) ? new Fault("LIMIT_EXCEEDED", "The versions of the tenant's flows are more than a bundle can hold") : (contents.get(id) ?? null)));
    }),
  };
}

function tenantsWhere(condition: Sql, withBody: Sql): Sql {
  return sql`
    select t.id, t.slug, t.name, t.settings, t.status, t.trial_ends_at as "trialEndsAt", t.frozen_at as "frozenAt",
      (select coalesce(jsonb_agg(jsonb_build_object(
          'slug', n.slug, 'name', n.name, 'settings', n.settings,
          'cluster', (select l.cluster from environment_placements l where l.tenant_id = n.tenant_id and l.environment_id = n.id and l.ended_at is null),
          'flows', (select coalesce(jsonb_object_agg(f.name, r.number), '{}') from environment_flows r
            join tenant_flows f on f.tenant_id = r.tenant_id and f.id = r.flow_id
            where r.tenant_id = n.tenant_id and r.environment_id = n.id and r.number is not null))), '[]')
        from tenant_environments n where n.tenant_id = t.id and n.archived_at is null) as environments,
      (select coalesce(jsonb_agg(jsonb_build_object(
          'slug', m.slug, 'name', m.name, 'settings', m.settings,
          'channels', (select coalesce(jsonb_object_agg(c.slug, jsonb_build_object('provider', c.provider, 'config', c.config)), '{}') from team_channels c
            where c.tenant_id = m.tenant_id and c.team_id = m.id and c.archived_at is null))), '[]')
        from tenant_teams m where m.tenant_id = t.id and m.archived_at is null) as teams,
      (select coalesce(jsonb_agg(jsonb_build_object(
          'name', f.name, 'latest', f.latest_number,
          'bodies', (select coalesce(jsonb_object_agg(v.number, v.body), '{}') from flow_versions v
            where v.tenant_id = f.tenant_id and v.flow_id = f.id and ${withBody}))), '[]')
        from tenant_flows f where f.tenant_id = t.id) as flows
    from tenants t where ${condition}`;
}

function found({ name, settings, environments, teams, flows, ...tenant }: Row): FoundTenant {
  return {
    ...tenant,
    present: {
      name,
      settings,
      environments: new Map(environments.map(({ slug, flows: running, ...environment }) => [slug, { ...environment, flows: new Map(Object.entries(running)) }])),
      teams: new Map(teams.map(({ slug, channels, ...team }) => [slug, { ...team, channels: new Map(Object.entries(channels)) }])),
      flows: new Map(flows.map(({ name: flow, latest, bodies }) => [flow, { latest, bodies: new Map(Object.entries(bodies).map(([number, body]) => [Number(number), body])) }])),
    },
  };
}
