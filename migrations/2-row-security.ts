/** Owns migration 2: the roles of the doors, and row-level security on every table that holds a tenant's rows. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { refuseUnfitRoles } from "./door-roles.js";
import { disclose, enclose, type Enclosure } from "./enclose.js";

const KEY_COLUMNS = "id, tenant_id, product, name, scopes, prefix, created_by, last_used_at, revoked_at, created_at";

/** Number and time of an event are the database's, not the writer's. */
const RECORDED =
  "tenant_id, project_id, actor_id, actor_name, actor_type, action, target_id, target_type, target_name, product, metadata, source_ip, user_agent";

/** No role may delete, and none may read a key's hash or rewrite an audit event. */
const ENCLOSURES: Record<string, Enclosure> = {
  tenants: {
    tenantColumn: "id",
    tenant: "select, update (name)",
    platform:
      "select, insert, update (name, status, plan, erp_customer_id, stripe_cust_id, trial_ends_at, contract_start, contract_end, sales_owner)",
    overview: "select",
  },
  tenant_projects: {
    tenantColumn: "tenant_id",
    tenant: "select, insert, update (name, status)",
    platform: "select, insert, update (name, status)",
    overview: "select",
  },
  tenant_products: {
    tenantColumn: "tenant_id",
    tenant: "select",
    platform: "select, insert, update (enabled, config, expires_at)",
    overview: "select",
  },
  tenant_idp_config: { tenantColumn: "tenant_id", tenant: "select", platform: "select", overview: "select" },
  api_keys: {
    tenantColumn: "tenant_id",
    tenant: `select (${KEY_COLUMNS})`,
    platform: `select (${KEY_COLUMNS})`,
    overview: `select (${KEY_COLUMNS})`,
  },
  audit_log: {
    tenantColumn: "tenant_id",
    tenant: `select, insert (${RECORDED})`,
    platform: `select, insert (${RECORDED})`,
    overview: "select",
    everyRow: "created_at >= '-infinity'",
  },
};

export class RowSecurity1700000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(ROLES);
    await refuseUnfitRoles(runner);
    for (const [table, enclosure] of Object.entries(ENCLOSURES)) await enclose(runner, table, enclosure);
    await runner.query("GRANT USAGE ON SEQUENCE audit_log_id_seq TO registry_tenant, registry_platform");
    // Readiness compares the version; it is all that the service may read outside the doors.
    await runner.query("GRANT SELECT ON migrations TO registry_service");
  }

  /** The roles stay: they belong to the cluster, and another database of it may use them. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("REVOKE SELECT ON migrations FROM registry_service");
    await runner.query("REVOKE USAGE ON SEQUENCE audit_log_id_seq FROM registry_tenant, registry_platform");
    for (const table of Object.keys(ENCLOSURES)) await disclose(runner, table);
    await runner.query(`
      DO $$ BEGIN
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM registry_service, registry_tenant, registry_platform, registry_overview', current_schema());
      END $$;
    `);
  }
}

/**
 * `registry_service` is what every session of the service becomes: it owns nothing and inherits nothing, so a statement
 * outside the doors is refused. It may become one of the three others, for one transaction. Roles belong to the whole cluster: they may
 * exist already, made by an operator beforehand or by another database's migration at this very moment. What they are then like is
 * looked at, and not changed: only a superuser could, and the operator should know.
 */
const ROLES = `
  DO $$
  DECLARE role_name text;
  BEGIN
    FOREACH role_name IN ARRAY ARRAY['registry_service', 'registry_tenant', 'registry_platform', 'registry_overview'] LOOP
      BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
          EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS', role_name);
        END IF;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END LOOP;
    FOREACH role_name IN ARRAY ARRAY['registry_tenant', 'registry_platform', 'registry_overview'] LOOP
      BEGIN
        IF NOT pg_has_role('registry_service', role_name, 'MEMBER') THEN
          EXECUTE format('GRANT %I TO registry_service', role_name);
        END IF;
      EXCEPTION WHEN unique_violation THEN
        NULL;
      END;
    END LOOP;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO registry_service, registry_tenant, registry_platform, registry_overview', current_schema());
  END
  $$;
`;
