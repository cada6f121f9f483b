/** Owns migration 7: since when a tenant is frozen or archived and why, and which reminders of its deadlines were sent. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { disclose, enclose } from "./enclose.js";

/**
 * What an adopted database leaves open is settled here, once. A tenant that is frozen has been so since its row last changed; one whose
 * trial is long over is frozen now, with an event like every other. Both keep at least a week of their 30 days: nobody's rows are
 * erased because of an upgrade. Row security is lifted for these statements, because it is forced on the tables' owner too.
 */
export class TenantLifecycle1700000000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TYPE tenant_cancel_reason AS ENUM ('customer_request', 'non_payment', 'trial_ended', 'other');
      ALTER TABLE tenants
        ADD COLUMN frozen_at TIMESTAMPTZ,
        ADD COLUMN archived_at TIMESTAMPTZ,
        ADD COLUMN cancel_reason tenant_cancel_reason,
        ADD COLUMN cancel_note TEXT;
      GRANT UPDATE (frozen_at, archived_at, cancel_reason, cancel_note) ON tenants TO registry_platform;
      GRANT SELECT (frozen_at) ON tenants TO registry_product;
      GRANT SELECT (frozen_at) ON tenants TO registry_product;
    `);
    await runner.query(SETTLE);
    await runner.query(`
      ALTER TABLE tenants
        ADD CONSTRAINT tenants_frozen_at_check CHECK (CASE status WHEN 'frozen' THEN frozen_at IS NOT NULL WHEN 'archived' THEN TRUE ELSE frozen_at IS NULL END),
        ADD CONSTRAINT tenants_archived_at_check CHECK ((status = 'archived') = (archived_at IS NOT NULL)),
        ADD CONSTRAINT tenants_cancel_note_check CHECK (char_length(cancel_note) <= 500);
      CREATE INDEX tenants_trials_idx ON tenants (trial_ends_at) WHERE status = 'trial';
      CREATE INDEX tenants_frozen_idx ON tenants (frozen_at) WHERE status = 'frozen';

      CREATE TABLE tenant_notices (
        tenant_id UUID NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        days_left INTEGER NOT NULL,
        deadline TIMESTAMPTZ NOT NULL,
        created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
        PRIMARY KEY (tenant_id, kind, days_left, deadline)
      );
    `);
    await enclose(runner, "tenant_notices", {
      tenantColumn: "tenant_id",
      tenant: "select",
      platform: "select, insert (tenant_id, kind, days_left, deadline)",
      overview: "select",
    });
  }

  /** A trial that was frozen above stays frozen: that is what it is. */
  async down(runner: QueryRunner): Promise<void> {
    await disclose(runner, "tenant_notices");
    await runner.query(`
      DROP TABLE tenant_notices;
      DROP INDEX tenants_frozen_idx, tenants_trials_idx;
      REVOKE SELECT (frozen_at) ON tenants FROM registry_product;
      REVOKE UPDATE (frozen_at, archived_at, cancel_reason, cancel_note) ON tenants FROM registry_platform;
      ALTER TABLE tenants
        DROP CONSTRAINT tenants_cancel_note_check,
        DROP CONSTRAINT tenants_archived_at_check,
        DROP CONSTRAINT tenants_frozen_at_check,
        DROP COLUMN cancel_note,
        DROP COLUMN cancel_reason,
        DROP COLUMN archived_at,
        DROP COLUMN frozen_at;
      DROP TYPE tenant_cancel_reason;
    `);
  }
}

/** 23 of the 30 days. The trigger is off, because a row does not change by our writing down since when it is what it is. */
const SETTLE = `
  ALTER TABLE tenants NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER tenants_touch_updated_at;
  ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY;

  UPDATE tenants SET frozen_at = greatest(updated_at, now() - interval '23 days') WHERE status = 'frozen';
  UPDATE tenants SET archived_at = updated_at WHERE status = 'archived';

  WITH over AS (
    UPDATE tenants
       SET status = 'frozen', frozen_at = now() - interval '23 days', cancel_reason = 'trial_ended', version = version + 1, updated_at = now()
     WHERE status = 'trial' AND trial_ends_at < now() - interval '23 days'
    RETURNING id, slug, frozen_at, trial_ends_at
  )
  INSERT INTO audit_log (tenant_id, actor_id, actor_type, action, target_id, target_type, target_name, metadata)
  SELECT id, 'system:migration', 'system', 'tenant.trial_end', id, 'tenant', slug,
         jsonb_build_object('from', 'trial', 'to', 'frozen', 'reason', 'trial_ended', 'frozenAt', frozen_at, 'trialEndsAt', trial_ends_at)
    FROM over;

  ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
  ALTER TABLE tenants ENABLE TRIGGER tenants_touch_updated_at, FORCE ROW LEVEL SECURITY;
`;
