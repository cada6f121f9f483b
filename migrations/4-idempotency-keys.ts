/** Owns migration 4: the keys under which creations were asked for, each with its answer. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { disclose, enclose } from "./enclose.js";

/**
 * A key is taken before anything else is done, also before a new tenant's row is there: so `tenant_id` is no foreign key. The answer
 * is `json` and not `jsonb`, which would give the members of a product's settings back in another order than the first time.
 * The overview sees that a key was used, and not what was answered.
 */
export class IdempotencyKeys1700000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE idempotency_keys (
        tenant_id UUID NOT NULL,
        principal TEXT NOT NULL,
        operation TEXT NOT NULL,
        key TEXT NOT NULL,
        input_hash TEXT NOT NULL,
        result JSON,
        created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
        PRIMARY KEY (tenant_id, principal, operation, key)
      );
      CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (created_at);
    `);
    await enclose(runner, "idempotency_keys", {
      tenantColumn: "tenant_id",
      tenant: "select, insert (tenant_id, principal, operation, key, input_hash), update (result)",
      platform: "select, insert (tenant_id, principal, operation, key, input_hash), update (result)",
      overview: "select (tenant_id, principal, operation, key, created_at)",
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await disclose(runner, "idempotency_keys");
    await runner.query("DROP TABLE idempotency_keys");
  }
}
