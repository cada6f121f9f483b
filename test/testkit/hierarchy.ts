/** Owns rows of a tenant's hierarchy for tests: environments on clusters, teams with channels, flows with versions, and how much was used. */
import type { Registry } from "./registry.js";
import { unique } from "./world.js";

type Json = Record<string, unknown>;

export interface Hierarchy {
  /** On a cluster of the shipped file, since now; null is on none. */
  environment(fields?: { slug?: string; name?: string; settings?: Json; cluster?: string | null; archivedAt?: Date }): Promise<{ id: string; slug: string }>;
  team(fields?: { slug?: string; name?: string; settings?: Json; archivedAt?: Date }): Promise<{ id: string; slug: string }>;
  /** In a new team, unless one is given. */
  channel(team?: { id: string }, fields?: { slug?: string; provider?: string; config?: Json; archivedAt?: Date }): Promise<{ id: string; slug: string; teamId: string }>;
  /** With so many versions, numbered from 1; the body of each is labelled with its number, unless one is given for all. */
  flow(fields?: { name?: string; versions?: number; body?: Json }): Promise<{ id: string; name: string }>;
  /** A null number says that the environment no longer runs the flow. */
  running(environment: { id: string }, flow: { id: string }, number?: number | null): Promise<{ id: string }>;
  usage(fields?: { environment?: string; day?: string; operations?: number; errors?: number }): Promise<{ id: string }>;
}

export function hierarchyOf({ sql }: Pick<Registry, "sql">, tenantId: string): Hierarchy {
  const insert = async (text: string, values: unknown[]) => (await sql<{ id: string }>(`${text} returning id`, values))[0] as { id: string };
  const hierarchy: Hierarchy = {
    async environment({ slug = unique("env"), name = "An environment", settings = {}, cluster = "shared", archivedAt } = {}) {
      const row = await insert("insert into tenant_environments (tenant_id, slug, name, settings, archived_at) values ($1, $2, $3, $4, $5)", [
        tenantId, slug, name, JSON.stringify(settings), archivedAt ?? null,
      ]);
      if (cluster !== null) await insert("insert into environment_placements (tenant_id, environment_id, cluster, placed_at) values ($1, $2, $3, now())", [tenantId, row.id, cluster]);
      return { ...row, slug };
    },
    async team({ slug = unique("team"), name = "A team", settings = {}, archivedAt } = {}) {
      const row = await insert("insert into tenant_teams (tenant_id, slug, name, settings, archived_at) values ($1, $2, $3, $4, $5)", [
        tenantId, slug, name, JSON.stringify(settings), archivedAt ?? null,
      ]);
      return { ...row, slug };
    },
    async channel(team, { slug = unique("channel"), provider = "messaging-slack", config = {}, archivedAt } = {}) {
      const teamId = (team ?? (await hierarchy.team())).id;
      const row = await insert("insert into team_channels (tenant_id, team_id, slug, provider, config, archived_at) values ($1, $2, $3, $4, $5, $6)", [
        tenantId, teamId, slug, provider, JSON.stringify(config), archivedAt ?? null,
      ]);
      return { ...row, slug, teamId };
    },
    async flow({ name = unique("flow"), versions = 1, body } = {}) {
      const row = await insert("insert into tenant_flows (tenant_id, name, latest_number) values ($1, $2, $3)", [tenantId, name, versions]);
      for (let number = 1; number <= versions; number++) {
        await insert("insert into flow_versions (tenant_id, flow_id, number, body, published_by) values ($1, $2, $3, $4, 'ada')", [
          tenantId, row.id, number, JSON.stringify(body ?? { version: String(number), nodes: [{ id: "start", type: "message" }] }),
        ]);
      }
      return { ...row, name };
    },
    running: (environment, flow, number = 1) =>
      insert("insert into environment_flows (tenant_id, environment_id, flow_id, number) values ($1, $2, $3, $4)", [tenantId, environment.id, flow.id, number]),
    usage: ({ environment = "prod", day, operations = 1, errors = 0 } = {}) =>
      insert("insert into tenant_usage (tenant_id, environment, day, operations, errors) values ($1, $2, coalesce($3::date, (now() at time zone 'UTC')::date), $4, $5)", [
        tenantId, environment, day ?? null, operations, errors,
      ]),
  };
  return hierarchy;
}
