/** Owns the tables of migration 12: environments and where they run, teams and their channels, flows and their versions, and counts of use. */

/** What a name of a path, a key or a subject is made of, without the words that stand for something else there; the code refuses more. */
const SLUG = "slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$' AND slug NOT IN ('default', 'global')";

/**
 * Two columns together refer to an environment, a team or a flow, so that what one tenant has never points at what is another's. The
 * placement without an end is the present one.
 */
export const TENANCY_TABLES = `
  ALTER TABLE tenants ADD COLUMN settings JSONB NOT NULL DEFAULT '{}',
    ADD CONSTRAINT tenants_settings_check CHECK (jsonb_typeof(settings) = 'object');

  CREATE TABLE tenant_environments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    settings JSONB NOT NULL DEFAULT '{}',
    archived_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    version INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT tenant_environments_tenant_id_slug_key UNIQUE (tenant_id, slug),
    CONSTRAINT tenant_environments_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT tenant_environments_slug_check CHECK (${SLUG}),
    CONSTRAINT tenant_environments_settings_check CHECK (jsonb_typeof(settings) = 'object')
  );
  CREATE TABLE environment_placements (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL,
    environment_id UUID NOT NULL,
    cluster TEXT NOT NULL,
    placed_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    CONSTRAINT environment_placements_environment_fkey FOREIGN KEY (tenant_id, environment_id) REFERENCES tenant_environments (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT environment_placements_end_check CHECK (ended_at >= placed_at)
  );
  CREATE UNIQUE INDEX environment_placements_present_key ON environment_placements (tenant_id, environment_id) WHERE ended_at IS NULL;
  CREATE INDEX environment_placements_history_idx ON environment_placements (tenant_id, environment_id, placed_at, id);
  CREATE INDEX environment_placements_cluster_idx ON environment_placements (cluster, id) WHERE ended_at IS NULL;

  CREATE TABLE tenant_teams (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    settings JSONB NOT NULL DEFAULT '{}',
    archived_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    version INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT tenant_teams_tenant_id_slug_key UNIQUE (tenant_id, slug),
    CONSTRAINT tenant_teams_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT tenant_teams_slug_check CHECK (${SLUG}),
    CONSTRAINT tenant_teams_settings_check CHECK (jsonb_typeof(settings) = 'object')
  );
  CREATE TABLE team_channels (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL,
    team_id UUID NOT NULL,
    slug TEXT NOT NULL,
    provider TEXT NOT NULL,
    config JSONB NOT NULL DEFAULT '{}',
    archived_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    version INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT team_channels_team_fkey FOREIGN KEY (tenant_id, team_id) REFERENCES tenant_teams (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT team_channels_team_id_slug_key UNIQUE (tenant_id, team_id, slug),
    CONSTRAINT team_channels_slug_check CHECK (${SLUG}),
    CONSTRAINT team_channels_config_check CHECK (jsonb_typeof(config) = 'object')
  );
`;

/** An environment runs a version that is there, or, without a number, none. */
export const FLOW_AND_USAGE_TABLES = `
  CREATE TABLE tenant_flows (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    latest_number INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT tenant_flows_tenant_id_name_key UNIQUE (tenant_id, name),
    CONSTRAINT tenant_flows_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT tenant_flows_name_check CHECK (name ~ '^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$')
  );
  CREATE TABLE flow_versions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL,
    flow_id UUID NOT NULL,
    number INTEGER NOT NULL,
    body JSONB NOT NULL,
    published_by TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT flow_versions_flow_fkey FOREIGN KEY (tenant_id, flow_id) REFERENCES tenant_flows (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT flow_versions_number_key UNIQUE (tenant_id, flow_id, number),
    CONSTRAINT flow_versions_number_check CHECK (number > 0),
    CONSTRAINT flow_versions_body_check CHECK (jsonb_typeof(body) = 'object')
  );
  CREATE INDEX flow_versions_created_idx ON flow_versions (tenant_id, created_at, id);
  CREATE TABLE environment_flows (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL,
    environment_id UUID NOT NULL,
    flow_id UUID NOT NULL,
    number INTEGER,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT environment_flows_environment_fkey FOREIGN KEY (tenant_id, environment_id) REFERENCES tenant_environments (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT environment_flows_flow_fkey FOREIGN KEY (tenant_id, flow_id) REFERENCES tenant_flows (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT environment_flows_version_fkey FOREIGN KEY (tenant_id, flow_id, number) REFERENCES flow_versions (tenant_id, flow_id, number) ON DELETE CASCADE,
    CONSTRAINT environment_flows_flow_key UNIQUE (tenant_id, environment_id, flow_id)
  );

  CREATE TABLE tenant_usage (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    environment TEXT NOT NULL DEFAULT '',
    day DATE NOT NULL,
    operations BIGINT NOT NULL DEFAULT 0,
    errors BIGINT NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT tenant_usage_day_key UNIQUE (tenant_id, environment, day)
  );
  CREATE INDEX tenant_usage_created_idx ON tenant_usage (tenant_id, created_at, id);
  CREATE INDEX tenant_usage_day_idx ON tenant_usage (day);
`;
