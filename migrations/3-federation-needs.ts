/** Owns migration 3: what the graph needs beyond seed 003: versions, the Keycloak mapping, stable paging, attributable audit events. */
import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * `version` is for optimistic concurrency. Audit events keep their tenant and project as values: SET NULL on delete would
 * erase whose event it was. Their public id is random, because a counter shared by all tenants tells each how busy the others are.
 * `audit_log_created_idx` has every row, and a predicate that only the policy of registry_overview implies: a plan that was made
 * once for a tenant with most of the log would otherwise choose it, and walk the whole log for the next tenant, who has little.
 */
export class FederationNeeds1700000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE tenants
        ADD COLUMN version INTEGER NOT NULL DEFAULT 1,
        ADD COLUMN keycloak_org_id TEXT UNIQUE;
      ALTER TABLE tenant_projects ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
      ALTER TABLE tenant_products ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
      GRANT UPDATE (version, updated_at) ON tenants TO registry_tenant;
      GRANT UPDATE (version, updated_at, keycloak_org_id) ON tenants TO registry_platform;
      GRANT UPDATE (version, updated_at) ON tenant_projects TO registry_tenant, registry_platform;
      GRANT UPDATE (version, updated_at) ON tenant_products TO registry_platform;

      CREATE INDEX tenants_created_idx ON tenants (created_at, id);
      CREATE INDEX tenants_name_idx ON tenants (name, id);
      CREATE INDEX tenant_projects_created_idx ON tenant_projects (tenant_id, created_at, id);
      CREATE INDEX tenant_projects_name_idx ON tenant_projects (tenant_id, name, id);
      CREATE INDEX api_keys_created_idx ON api_keys (tenant_id, created_at, id);

      ALTER TABLE audit_log
        DROP CONSTRAINT audit_log_tenant_id_fkey,
        DROP CONSTRAINT audit_log_project_id_fkey,
        ADD COLUMN uid UUID NOT NULL DEFAULT gen_random_uuid(),
        ADD COLUMN request_id TEXT;
      GRANT INSERT (request_id) ON audit_log TO registry_tenant, registry_platform;
      CREATE UNIQUE INDEX audit_log_uid_idx ON audit_log (uid);
      CREATE INDEX audit_log_created_idx ON audit_log (created_at, uid) WHERE created_at >= '-infinity';
      CREATE INDEX audit_log_page_idx ON audit_log (tenant_id, created_at, uid);
      CREATE INDEX audit_log_action_page_idx ON audit_log (tenant_id, action, created_at, uid);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX audit_log_action_page_idx, audit_log_page_idx, audit_log_created_idx, audit_log_uid_idx, api_keys_created_idx,
        tenant_projects_name_idx, tenant_projects_created_idx, tenants_name_idx, tenants_created_idx;
      REVOKE INSERT (request_id) ON audit_log FROM registry_tenant, registry_platform;
      ALTER TABLE audit_log
        DROP COLUMN request_id,
        DROP COLUMN uid,
        ADD CONSTRAINT audit_log_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE SET NULL,
        ADD CONSTRAINT audit_log_project_id_fkey FOREIGN KEY (project_id) REFERENCES tenant_projects (id) ON DELETE SET NULL;
      REVOKE UPDATE (version, updated_at) ON tenant_products FROM registry_platform;
      REVOKE UPDATE (version, updated_at) ON tenant_projects FROM registry_tenant, registry_platform;
      REVOKE UPDATE (version, updated_at, keycloak_org_id) ON tenants FROM registry_platform;
      REVOKE UPDATE (version, updated_at) ON tenants FROM registry_tenant;
      ALTER TABLE tenant_products DROP COLUMN version;
      ALTER TABLE tenant_projects DROP COLUMN version;
      ALTER TABLE tenants DROP COLUMN keycloak_org_id, DROP COLUMN version;
    `);
  }
}
