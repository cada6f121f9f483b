/** Owns migration 12: where tenants' environments run, their teams, channels and flows, the settings that these inherit, and how much each tenant uses the registry. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { FLOW_AND_USAGE_TABLES, TENANCY_TABLES } from "./12-tenancy.tables.js";
import { disclose, enclose, keep, makeErasable } from "./enclose.js";

/** As migration 6 has it: the tenants that a product's service asks about. */
const ASKED_ABOUT = "(SELECT string_to_array(nullif(current_setting('registry.tenant', true), ''), ',')::uuid[])::uuid[]";

/** In the order in which they can be dropped. */
const TABLES = ["tenant_usage", "environment_flows", "flow_versions", "tenant_flows", "team_channels", "tenant_teams", "environment_placements", "tenant_environments"];

const ENCLOSURES: Record<string, { tenant: string; platform: string }> = {
  tenant_environments: { tenant: "select, update (name, settings, updated_at, version)", platform: "select, insert, update (name, settings, archived_at, updated_at, version)" },
  environment_placements: { tenant: "select", platform: "select, insert, update (ended_at)" },
  tenant_teams: { tenant: "select, insert, update (name, settings, archived_at, updated_at, version)", platform: "select, insert, update (name, settings, archived_at, updated_at, version)" },
  team_channels: { tenant: "select, insert, update (provider, config, archived_at, updated_at, version)", platform: "select, insert, update (provider, config, archived_at, updated_at, version)" },
  tenant_flows: { tenant: "select, insert, update (latest_number)", platform: "select, insert, update (latest_number)" },
  flow_versions: { tenant: "select, insert", platform: "select, insert" },
  environment_flows: { tenant: "select, insert, update (number)", platform: "select, insert, update (number)" },
  tenant_usage: { tenant: "select", platform: "select, insert, update (operations, errors)" },
};

/** What a product's service needs to act in a tenant's context: where it runs, by which settings and flows. No names for people, no channel's configuration. */
const SHOWN: Record<string, string> = {
  tenant_environments: "id, tenant_id, slug, settings, archived_at",
  environment_placements: "tenant_id, environment_id, cluster, placed_at, ended_at",
  tenant_teams: "id, tenant_id, slug, settings, archived_at",
  team_channels: "id, tenant_id, team_id, slug, archived_at",
  tenant_flows: "id, tenant_id, name",
  flow_versions: "tenant_id, flow_id, number, body",
  environment_flows: "tenant_id, environment_id, flow_id, number",
};

/**
 * A tenant's own people make teams, channels and flows; environments and where they run are the platform's. Nobody changes a version of a
 * flow, and nobody but the role that erases takes anything away. To the worker's role only counts of use that are past keeping are there.
 */
export class Tenancy1700000000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TENANCY_TABLES);
    await runner.query(FLOW_AND_USAGE_TABLES);
    for (const table of ["tenant_environments", "tenant_teams", "team_channels"]) {
      await runner.query(`CREATE TRIGGER ${table}_touch_updated_at BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION touch_updated_at()`);
    }
    for (const [table, privileges] of Object.entries(ENCLOSURES)) await enclose(runner, table, { tenantColumn: "tenant_id", overview: "select", ...privileges });
    for (const [table, columns] of Object.entries(SHOWN)) {
      await runner.query(`
        CREATE POLICY product_scope ON ${table} FOR SELECT TO registry_product USING (tenant_id = ANY (${ASKED_ABOUT}));
        GRANT SELECT (${columns}) ON ${table} TO registry_product;
      `);
    }
    await runner.query(`
      GRANT UPDATE (settings) ON tenants TO registry_tenant, registry_platform;
      GRANT SELECT (settings) ON tenants TO registry_product;
      CREATE POLICY retention ON tenant_usage TO registry_queue USING (day < (now() AT TIME ZONE 'UTC')::date - 400) WITH CHECK (false);
      GRANT SELECT (id, day), DELETE ON tenant_usage TO registry_queue;
      SELECT pgboss.create_queue('tenant_usage.prune', '{"policy": "standard"}');
    `);
    for (const table of TABLES) await makeErasable(runner, table);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await keep(runner, table);
    await runner.query(`
      DO $$ BEGIN
        EXECUTE (SELECT format('DROP TABLE pgboss.%I', partition_name) FROM pgboss.queue WHERE name = 'tenant_usage.prune');
        DELETE FROM pgboss.queue WHERE name = 'tenant_usage.prune';
      END $$;
      REVOKE ALL ON tenant_usage FROM registry_queue;
      REVOKE SELECT (settings) ON tenants FROM registry_product;
      REVOKE UPDATE (settings) ON tenants FROM registry_tenant, registry_platform;
    `);
    for (const table of TABLES) await disclose(runner, table);
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
    await runner.query("ALTER TABLE tenants DROP CONSTRAINT tenants_settings_check, DROP COLUMN settings");
  }
}
