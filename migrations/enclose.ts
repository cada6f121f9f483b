/** Owns the second wall: how one table is closed to everyone but the three roles of the doors, and to each row's own tenant. */
import type { QueryRunner } from "typeorm";

/** The tenant that the door named for this transaction, or null. */
const SCOPE = "nullif(current_setting('registry.tenant', true), '')::uuid";

export interface Enclosure {
  /** The column that says whose row it is. */
  tenantColumn: string;
  /** Privileges of a tenant's own callers, for instance `select, update (name)`. Never delete or truncate. */
  tenant: string;
  /** Privileges of platform staff who narrowed to one tenant. */
  platform: string;
  /** Privileges of platform staff who did not. Only ever select. */
  overview: string;
  /** A condition that every row meets, as the policy of the overview: an index with it as its predicate serves that role alone. */
  everyRow?: string;
}

/**
 * Enable and force row security, so that not even the owner passes; a tenant's callers see its rows and write only those;
 * so do platform staff who narrowed to one tenant, with privileges of their own; those who did not see all rows and write none.
 *
 * Staff are two roles, because one policy for both ("no tenant is named, or it is this one") leaves the planner guessing: it expects
 * next to no rows, and reads and sorts a whole log for one page of it.
 */
export async function enclose(runner: QueryRunner, table: string, { tenantColumn, tenant, platform, overview, everyRow = "true" }: Enclosure): Promise<void> {
  await runner.query(`
    ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant_scope ON ${table} TO registry_tenant
      USING (${tenantColumn} = ${SCOPE}) WITH CHECK (${tenantColumn} = ${SCOPE});
    CREATE POLICY platform_scope ON ${table} TO registry_platform
      USING (${tenantColumn} = ${SCOPE}) WITH CHECK (${tenantColumn} = ${SCOPE});
    CREATE POLICY overview ON ${table} FOR SELECT TO registry_overview USING (${everyRow});
    GRANT ${tenant} ON ${table} TO registry_tenant;
    GRANT ${platform} ON ${table} TO registry_platform;
    GRANT ${overview} ON ${table} TO registry_overview;
  `);
}

/** The inverse of {@link enclose}. */
export async function disclose(runner: QueryRunner, table: string): Promise<void> {
  await runner.query(`
    REVOKE ALL ON ${table} FROM registry_tenant, registry_platform, registry_overview;
    DROP POLICY tenant_scope ON ${table};
    DROP POLICY platform_scope ON ${table};
    DROP POLICY overview ON ${table};
    ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY;
  `);
}

/**
 * Let `registry_eraser` delete this table's rows, and see no more of them than whose they are. The second policy restricts the first
 * one, and any that is ever added: a row goes only when its tenant is archived, or was never a customer.
 */
export async function makeErasable(runner: QueryRunner, table: string): Promise<void> {
  await runner.query(`
    CREATE POLICY eraser_scope ON ${table} TO registry_eraser USING (tenant_id = ${SCOPE}) WITH CHECK (false);
    CREATE POLICY only_archived_or_demo ON ${table} AS RESTRICTIVE FOR DELETE TO registry_eraser
      USING (EXISTS (SELECT FROM tenants t WHERE t.id = ${table}.tenant_id AND (t.status = 'archived' OR t.kind = 'demo')));
    GRANT SELECT (tenant_id), DELETE ON ${table} TO registry_eraser;
  `);
}

/** The inverse of {@link makeErasable}. */
export async function keep(runner: QueryRunner, table: string): Promise<void> {
  await runner.query(`
    REVOKE SELECT (tenant_id), DELETE ON ${table} FROM registry_eraser;
    DROP POLICY only_archived_or_demo ON ${table};
    DROP POLICY eraser_scope ON ${table};
  `);
}
