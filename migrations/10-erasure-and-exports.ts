/** Owns migration 10: the only role that may delete a tenant's rows, what of them it may delete, and the exports that were asked for. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { makeDoorRole } from "./door-role.js";
import { refuseUnfitRoles } from "./door-roles.js";
import { disclose, enclose, keep, makeErasable } from "./enclose.js";

/** Tables whose rows go when their tenant goes. The audit log stays, of `tenants` the tombstone, and what Keycloak has still to be told. */
const ERASABLE = [
  "tenant_projects",
  "entitlement_notices",
  "tenant_products",
  "product_requests",
  "tenant_idp_config",
  "api_keys",
  "tenant_invitations",
  "tenant_notices",
  "idempotency_keys",
];

/** Everything but the hash of the secret: only the tenant's own role compares it. */
const SHOWN = "id, tenant_id, requested_by, expires_at, created_at";

/**
 * `registry_eraser` is what a change becomes for the moment of an erasure. It sees whose rows there are and nothing that is in them.
 * An export's row says who may fetch the archive until when; the archive itself is never stored.
 */
export class ErasureAndExports1700000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await makeDoorRole(runner, "registry_eraser");
    await runner.query("DO $$ BEGIN EXECUTE format('GRANT USAGE ON SCHEMA %I TO registry_eraser', current_schema()); END $$");
    await refuseUnfitRoles(runner);
    await runner.query(`
      CREATE POLICY eraser_scope ON tenants FOR SELECT TO registry_eraser USING (id = nullif(current_setting('registry.tenant', true), '')::uuid);
      GRANT SELECT (id, status, kind) ON tenants TO registry_eraser;
      CREATE TABLE tenant_exports (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
        tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
        requested_by TEXT NOT NULL,
        token_hash TEXT NOT NULL UNIQUE,
        expires_at TIMESTAMPTZ NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
      );
      CREATE INDEX tenant_exports_tenant_idx ON tenant_exports (tenant_id);
    `);
    await enclose(runner, "tenant_exports", {
      tenantColumn: "tenant_id",
      tenant: "select, insert",
      platform: `select (${SHOWN}), insert`,
      overview: `select (${SHOWN})`,
    });
    for (const table of [...ERASABLE, "tenant_exports"]) await makeErasable(runner, table);
    // Not the key of the change that erases, which alone has no answer yet: whoever repeats it gets its answer, not a refusal.
    await runner.query("CREATE POLICY not_in_use ON idempotency_keys AS RESTRICTIVE FOR DELETE TO registry_eraser USING (result IS NOT NULL)");
  }

  /** The role stays: it belongs to the cluster, and another database of it may use it. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP POLICY not_in_use ON idempotency_keys");
    for (const table of [...ERASABLE, "tenant_exports"]) await keep(runner, table);
    await disclose(runner, "tenant_exports");
    await runner.query(`
      DROP TABLE tenant_exports;
      REVOKE SELECT (id, status, kind) ON tenants FROM registry_eraser;
      DROP POLICY eraser_scope ON tenants;
      DO $$ BEGIN
        EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM registry_eraser', current_schema());
      END $$;
    `);
  }
}
