/** Owns migration 8: where an entitlement comes from, the trials that tenants start themselves, reminders, and product requests. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { disclose, enclose } from "./enclose.js";

/**
 * A tenant may add rows to `tenant_products` and never change one, and the added ones are trials: so its role can try each product
 * once, because a row is never deleted while the tenant lives, and can neither buy nor take back. In `product_requests` it may ask,
 * and only staff may decide.
 */
export class EntitlementSources1700000000008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TYPE entitlement_source AS ENUM ('override', 'trial');
      ALTER TABLE tenant_products
        ADD COLUMN source entitlement_source NOT NULL DEFAULT 'override',
        ADD COLUMN trial_started_at TIMESTAMPTZ,
        ADD CONSTRAINT tenant_products_trial_check CHECK (source <> 'trial' OR (trial_started_at IS NOT NULL AND expires_at IS NOT NULL));
      CREATE INDEX tenant_products_expires_idx ON tenant_products (expires_at, tenant_id, product) WHERE enabled = TRUE;
      CREATE POLICY only_trials ON tenant_products AS RESTRICTIVE FOR INSERT TO registry_tenant
        WITH CHECK (source = 'trial' AND enabled AND config = '{}'::jsonb);
      GRANT INSERT ON tenant_products TO registry_tenant;
      GRANT UPDATE (source) ON tenant_products TO registry_platform;
      GRANT SELECT (source, trial_started_at) ON tenant_products TO registry_product;

      CREATE TABLE entitlement_notices (
        tenant_id UUID NOT NULL,
        product TEXT NOT NULL,
        days_left INTEGER NOT NULL,
        deadline TIMESTAMPTZ NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
        PRIMARY KEY (tenant_id, product, days_left, deadline),
        CONSTRAINT entitlement_notices_entitlement_fkey FOREIGN KEY (tenant_id, product) REFERENCES tenant_products (tenant_id, product) ON DELETE CASCADE
      );

      CREATE TYPE product_request_status AS ENUM ('open', 'won', 'lost');
      CREATE TABLE product_requests (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
        tenant_id UUID NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
        product TEXT NOT NULL,
        status product_request_status NOT NULL DEFAULT 'open',
        message TEXT,
        requested_by TEXT NOT NULL,
        requested_by_name TEXT,
        decided_by TEXT,
        decided_at TIMESTAMPTZ,
        note TEXT,
        created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
        updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
        version INTEGER NOT NULL DEFAULT 1
      );
      CREATE UNIQUE INDEX product_requests_open_key ON product_requests (tenant_id, product) WHERE status = 'open';
      CREATE INDEX product_requests_tenant_idx ON product_requests (tenant_id, created_at, id);
      CREATE INDEX product_requests_created_idx ON product_requests (created_at, id);
      CREATE INDEX product_requests_status_idx ON product_requests (status, created_at, id);
      CREATE TRIGGER product_requests_touch_updated_at
        BEFORE UPDATE ON product_requests
        FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
    `);
    await enclose(runner, "entitlement_notices", { tenantColumn: "tenant_id", tenant: "select", platform: "select, insert (tenant_id, product, days_left, deadline)", overview: "select" });
    await enclose(runner, "product_requests", {
      tenantColumn: "tenant_id",
      tenant: "select, insert",
      platform: "select, insert, update (status, decided_by, decided_at, note, updated_at, version)",
      overview: "select",
    });
    await runner.query(`
      CREATE POLICY only_open ON product_requests AS RESTRICTIVE FOR INSERT TO registry_tenant
        WITH CHECK (status = 'open' AND decided_by IS NULL AND decided_at IS NULL AND note IS NULL)
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP POLICY only_open ON product_requests");
    await disclose(runner, "product_requests");
    await disclose(runner, "entitlement_notices");
    await runner.query(`
      DROP TABLE product_requests, entitlement_notices;
      DROP TYPE product_request_status;
      REVOKE SELECT (source, trial_started_at) ON tenant_products FROM registry_product;
      REVOKE UPDATE (source) ON tenant_products FROM registry_platform;
      REVOKE INSERT ON tenant_products FROM registry_tenant;
      DROP POLICY only_trials ON tenant_products;
      DROP INDEX tenant_products_expires_idx;
      ALTER TABLE tenant_products
        DROP CONSTRAINT tenant_products_trial_check,
        DROP COLUMN trial_started_at,
        DROP COLUMN source;
      DROP TYPE entitlement_source;
    `);
  }
}
