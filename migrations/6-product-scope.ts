/** Owns migration 6: the role of the products' services, which see several tenants at once, and little of each; and what forgets old idempotency keys. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { makeDoorRole } from "./door-role.js";
import { refuseUnfitRoles } from "./door-roles.js";

/** The tenants that a service asks about, separated by commas. An empty list is no tenant. */
/** A subquery, so that the list is read once for a statement and not once for every row: a tenth of the time for a hundred tenants. */
const ASKED_ABOUT = "(SELECT string_to_array(nullif(current_setting('registry.tenant', true), ''), ',')::uuid[])::uuid[]";

/** Table → the column that says whose row it is, and what a verdict or a claim is made of. No billing, no names of people. */
const SHOWN: Record<string, { tenantColumn: string; columns: string }> = {
  tenants: { tenantColumn: "id", columns: "id, slug, status, kind, plan, trial_ends_at, created_at, updated_at, version" },
  tenant_projects: { tenantColumn: "tenant_id", columns: "id, tenant_id, slug, status" },
  tenant_products: { tenantColumn: "tenant_id", columns: "tenant_id, product, enabled, config, expires_at, created_at, updated_at, version" },
};

/**
 * `registry_product` reads and nothing else. What no policy names for it has no rows, so keys, identity providers and the audit log
 * are not there twice over: without a grant, and without a policy.
 *
 * The worker's role may forget a key that nobody repeats any more; to it, the others are not there.
 */
export class ProductScope1700000000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await makeDoorRole(runner, "registry_product");
    await refuseUnfitRoles(runner);
    for (const [table, { tenantColumn, columns }] of Object.entries(SHOWN)) {
      await runner.query(`
        CREATE POLICY product_scope ON ${table} FOR SELECT TO registry_product USING (${tenantColumn} = ANY (${ASKED_ABOUT}));
        GRANT SELECT (${columns}) ON ${table} TO registry_product;
      `);
    }
    await runner.query(`
      CREATE POLICY retention ON idempotency_keys TO registry_queue USING (created_at < now() - interval '30 days') WITH CHECK (false);
      GRANT SELECT (tenant_id, principal, operation, key, created_at), DELETE ON idempotency_keys TO registry_queue;
    `);
    await runner.query(usage("GRANT USAGE ON SCHEMA %I TO registry_product, registry_queue"));
  }

  /** The role stays: it belongs to the cluster, and another database of it may use it. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(usage("REVOKE USAGE ON SCHEMA %I FROM registry_product, registry_queue"));
    await runner.query(`
      REVOKE SELECT (tenant_id, principal, operation, key, created_at), DELETE ON idempotency_keys FROM registry_queue;
      DROP POLICY retention ON idempotency_keys;
    `);
    for (const [table, { columns }] of Object.entries(SHOWN)) {
      await runner.query(`
        REVOKE SELECT (${columns}) ON ${table} FROM registry_product;
        DROP POLICY product_scope ON ${table};
      `);
    }
  }
}

const usage = (statement: string) => `DO $$ BEGIN EXECUTE format('${statement}', current_schema()); END $$`;
