/** Owns the second wall: how one table is closed to everyone but the two roles of the doors, and to each row's own tenant. */
import type { QueryRunner } from "typeorm";

/** The tenant that the door named for this transaction, or null. */
const SCOPE = "nullif(current_setting('registry.tenant', true), '')::uuid";

export interface Enclosure {
  /** The column that says whose row it is. */
  tenantColumn: string;
  /** Privileges of a tenant's own callers, for instance `select, update (name)`. Never delete or truncate. */
  tenant: string;
  /** Privileges of platform staff. */
  platform: string;
}

/**
 * Enable and force row security, so that not even the owner passes; a tenant's callers see its rows and write only those;
 * platform staff see all rows unless they narrowed to one tenant, and write only where they did.
 */
export async function enclose(runner: QueryRunner, table: string, { tenantColumn, tenant, platform }: Enclosure): Promise<void> {
  await runner.query(`
    ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY;
    ALTER TABLE ${table} FORCE ROW LEVEL SECURITY;
    CREATE POLICY tenant_scope ON ${table} TO registry_tenant
      USING (${tenantColumn} = ${SCOPE}) WITH CHECK (${tenantColumn} = ${SCOPE});
    CREATE POLICY platform_scope ON ${table} TO registry_platform
      USING (${SCOPE} IS NULL OR ${tenantColumn} = ${SCOPE}) WITH CHECK (${tenantColumn} = ${SCOPE});
    GRANT ${tenant} ON ${table} TO registry_tenant;
    GRANT ${platform} ON ${table} TO registry_platform;
  `);
}

/** The inverse of {@link enclose}. */
export async function disclose(runner: QueryRunner, table: string): Promise<void> {
  await runner.query(`
    REVOKE ALL ON ${table} FROM registry_tenant, registry_platform;
    DROP POLICY tenant_scope ON ${table};
    DROP POLICY platform_scope ON ${table};
    ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY;
  `);
}
