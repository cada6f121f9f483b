/** Owns migration 9: the steps by which a tenant comes to Keycloak, and the people who were invited. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { disclose, enclose } from "./enclose.js";

/**
 * `next_attempt_at` says when a step's turn is, and for as long as somebody works on it, when that somebody is given up. `sent_name`
 * and `sent_status` are the organisation's step alone: what Keycloak was last told of the tenant. An invitation's `errand` is what
 * Keycloak has still to be asked for it. A tenant's own people ask for errands; what came of them only the registry writes down.
 */
export class Provisioning1700000000009 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TYPE provisioning_step_name AS ENUM ('organization', 'invitation', 'verification');
      CREATE TYPE provisioning_step_state AS ENUM ('pending', 'done', 'failed', 'skipped');
      CREATE TABLE tenant_provisioning_steps (
        tenant_id UUID NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
        step provisioning_step_name NOT NULL,
        state provisioning_step_state NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        last_error TEXT,
        last_attempt_at TIMESTAMPTZ,
        next_attempt_at TIMESTAMPTZ,
        completed_at TIMESTAMPTZ,
        sent_name TEXT,
        sent_status tenant_status,
        PRIMARY KEY (tenant_id, step)
      );
      CREATE INDEX tenant_provisioning_steps_due_idx ON tenant_provisioning_steps (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

      CREATE TYPE invitation_state AS ENUM ('pending', 'accepted', 'expired', 'revoked');
      CREATE TYPE invitation_errand AS ENUM ('invite', 'resend', 'withdraw', 'grant');
      CREATE TABLE tenant_invitations (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
        tenant_id UUID NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
        email TEXT NOT NULL CONSTRAINT tenant_invitations_email_check CHECK (email = lower(email)),
        name TEXT NOT NULL,
        state invitation_state NOT NULL DEFAULT 'pending',
        errand invitation_errand,
        sent_at TIMESTAMPTZ,
        expires_at TIMESTAMPTZ,
        accepted_at TIMESTAMPTZ,
        role_granted_at TIMESTAMPTZ,
        created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
        version INTEGER NOT NULL DEFAULT 1
      );
      CREATE UNIQUE INDEX tenant_invitations_live_key ON tenant_invitations (tenant_id, email) WHERE state = 'pending';
      CREATE INDEX tenant_invitations_created_idx ON tenant_invitations (tenant_id, created_at, id);
    `);
    await enclose(runner, "tenant_provisioning_steps", {
      tenantColumn: "tenant_id",
      tenant: "select, update (state, attempts, last_error, next_attempt_at, completed_at)",
      platform: "select, insert, update (state, attempts, last_error, last_attempt_at, next_attempt_at, completed_at, sent_name, sent_status)",
      overview: "select",
    });
    await enclose(runner, "tenant_invitations", {
      tenantColumn: "tenant_id",
      tenant: "select, update (state, errand, version)",
      platform: "select, insert, update (state, errand, sent_at, expires_at, accepted_at, role_granted_at, version)",
      overview: "select",
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await disclose(runner, "tenant_invitations");
    await disclose(runner, "tenant_provisioning_steps");
    await runner.query(`
      DROP TABLE tenant_invitations, tenant_provisioning_steps;
      DROP TYPE invitation_errand;
      DROP TYPE invitation_state;
      DROP TYPE provisioning_step_state;
      DROP TYPE provisioning_step_name;
    `);
  }
}
