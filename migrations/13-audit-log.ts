/** Owns migration 13: the audit log divided by time, what proves it, for how long it is kept, and the one role that settles it. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { closeFunctions, DROP_FUNCTIONS, MAKE_FUNCTIONS } from "./13-audit-log.functions.js";
import { DIVIDE, FIRST_PARTS, PROOFS, UNDIVIDE } from "./13-audit-log.tables.js";
import { makeDoorRole } from "./door-role.js";
import { refuseUnfitRoles } from "./door-roles.js";
import { disclose, enclose } from "./enclose.js";

/** As in migrations 2 and 3; number and transaction of an event are the database's, not the writer's. */
const RECORDED_BEFORE =
  "tenant_id, project_id, actor_id, actor_name, actor_type, action, target_id, target_type, target_name, product, metadata, source_ip, user_agent";
const RECORDED = `${RECORDED_BEFORE}, request_id, uid, crud, is_failure, is_anonymous, description, component, version, external_id, writer, actor_href, actor_fields, target_href, target_fields, fields, created_at`;

const SELECTED = { tenantColumn: "tenant_id", tenant: "select", platform: "select", overview: "select" };
const PROOF_TABLES = ["audit_chain", "audit_nodes", "audit_checkpoints"];
const OWNERS_TABLES = ["audit_log", ...PROOF_TABLES, "audit_external_ids", "audit_policies"];

/**
 * `registry_notary` reads the whole log, and adds to chain, tree and checkpoints; it changes and deletes nothing of them. What goes from the
 * log goes by functions, which run as the owner of the tables: its policy lets it past the row security that is forced on it too.
 */
export class AuditLog1700000000013 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await makeDoorRole(runner, "registry_notary");
    await runner.query(inSchema("GRANT USAGE ON SCHEMA %I TO registry_notary"));
    await refuseUnfitRoles(runner);
    // In the order of a change, which records itself last: audit_policies refers to tenants, and would lock them behind the log.
    await runner.query("LOCK TABLE tenants IN SHARE ROW EXCLUSIVE MODE");
    await disclose(runner, "audit_log");
    await runner.query(DIVIDE);
    await runner.query(FIRST_PARTS);
    await runner.query(PROOFS);
    await runner.query(MAKE_FUNCTIONS);
    await closeFunctions(runner);
    await runner.query("SELECT audit_log_make_parts()");
    await enclose(runner, "audit_log", {
      ...SELECTED,
      tenant: `select, insert (${RECORDED})`,
      platform: `select, insert (${RECORDED})`,
      everyRow: "created_at >= '-infinity'",
    });
    await runner.query(`CREATE POLICY in_time ON audit_log AS RESTRICTIVE FOR INSERT TO registry_tenant, registry_platform
      WITH CHECK (created_at BETWEEN now() - interval '8 days' AND now() + interval '1 hour')`);
    for (const table of PROOF_TABLES) await enclose(runner, table, SELECTED);
    await enclose(runner, "audit_external_ids", { ...SELECTED, tenant: "select, insert", platform: "select, insert" });
    await enclose(runner, "audit_policies", {
      ...SELECTED,
      tenant: "select, insert (tenant_id, retention_days), update (retention_days, updated_at, version)",
      platform: "select, insert, update (retention_days, held_at, hold_reason, updated_at, version)",
    });
    for (const table of OWNERS_TABLES) await runner.query(`CREATE POLICY owners_functions ON ${table} TO CURRENT_USER USING (TRUE) WITH CHECK (TRUE)`);
    for (const table of ["audit_log", "audit_policies"]) {
      await runner.query(`CREATE POLICY notary_scope ON ${table} FOR SELECT TO registry_notary USING (TRUE); GRANT SELECT ON ${table} TO registry_notary`);
    }
    for (const table of PROOF_TABLES) {
      await runner.query(`CREATE POLICY notary_scope ON ${table} TO registry_notary USING (TRUE) WITH CHECK (TRUE); GRANT SELECT, INSERT ON ${table} TO registry_notary`);
    }
    await runner.query(`
      GRANT SELECT, UPDATE (xid, event, settled_at) ON audit_settlement TO registry_notary;
      GRANT EXECUTE ON FUNCTION audit_log_make_parts(), audit_log_due_before(uuid), audit_log_drop_part(), audit_log_purge(uuid) TO registry_notary;
      GRANT EXECUTE ON FUNCTION audit_log_erase(uuid, text) TO registry_platform;
      SELECT pgboss.create_queue('audit.parts', '{"policy": "standard"}');
      SELECT pgboss.create_queue('audit.checkpoint', '{"policy": "standard"}');
      SELECT pgboss.create_queue('audit.purge', '{"policy": "standard"}');
    `);
  }

  /** The role stays: it belongs to the cluster, and another database of it may use it. */
  async down(runner: QueryRunner): Promise<void> {
    for (const queue of ["audit.purge", "audit.checkpoint", "audit.parts"]) {
      await runner.query(`
        DO $$ BEGIN
          EXECUTE (SELECT format('DROP TABLE pgboss.%I', partition_name) FROM pgboss.queue WHERE name = '${queue}');
          DELETE FROM pgboss.queue WHERE name = '${queue}';
        END $$;
      `);
    }
    await runner.query(DROP_FUNCTIONS);
    await runner.query(UNDIVIDE);
    await enclose(runner, "audit_log", {
      ...SELECTED,
      tenant: `select, insert (${RECORDED_BEFORE})`,
      platform: `select, insert (${RECORDED_BEFORE})`,
      everyRow: "created_at >= '-infinity'",
    });
    await runner.query("GRANT INSERT (request_id) ON audit_log TO registry_tenant, registry_platform");
    await runner.query(inSchema("REVOKE USAGE ON SCHEMA %I FROM registry_notary"));
  }
}

const inSchema = (statement: string) => `DO $$ BEGIN EXECUTE format('${statement}', current_schema()); END $$`;
