/** Owns migration 5: the tables of the queue library, the role of the worker, and the walls around each tenant's jobs. */
import PgBoss from "pg-boss";
import type { MigrationInterface, QueryRunner } from "typeorm";
import { makeDoorRole } from "./door-role.js";
import { refuseUnfitRoles } from "./door-roles.js";
import { enclose } from "./enclose.js";

/** Of a tenant's jobs, one that waits for the same is enough; what runs by the clock gets its id from the time that it is for. */
const QUEUES: Record<string, "short" | "standard"> = {
  "tenant.advance": "short",
  "tenant.provision": "short",
  "deadlines.sweep": "standard",
  "provisioning.sweep": "standard",
  "demo.reset": "standard",
  "idempotency.prune": "standard",
};

/** A tenant's door adds to these, and there to its own place: another tenant's job, or the clock's, would be taken to wait there already. */
const TENANT_QUEUES = Object.keys(QUEUES).filter((name) => QUEUES[name] === "short").map((name) => `'${name}'`).join(", ");

/** What the library writes when a job is sent. */
const SENT =
  "id, name, data, priority, start_after, singleton_key, singleton_on, dead_letter, expire_in, keep_until, retry_limit, retry_delay, retry_backoff, policy";

/** Whoever asks for a job that already waits holds it until the commit, which takes the right to update a column: `priority` decides nothing here. */
const HOLD = "update (priority)";

/**
 * The library's own transaction is left out of its text: the migration is one with its record. `registry_queue` is what the worker
 * becomes for each of its statements. It has the queue and no tenant's table: what a job does, it does through the doors.
 */
export class JobQueue1700000000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PgBoss.getConstructionPlans("pgboss").replaceAll(/^\s*(?:BEGIN|COMMIT|SET LOCAL [^;]*);$/gm, ""));
    await makeDoorRole(runner, "registry_queue");
    await refuseUnfitRoles(runner);
    await runner.query("GRANT USAGE ON SCHEMA pgboss TO registry_tenant, registry_platform, registry_overview, registry_queue");
    await runner.query("GRANT SELECT ON pgboss.queue TO registry_tenant, registry_platform, registry_queue");
    await enclose(runner, "pgboss.job", {
      tenantColumn: "(data->>'tenantId')::uuid",
      tenant: `select (id, name, singleton_key, state), insert (${SENT}), ${HOLD}`,
      platform: `select, insert (${SENT}), ${HOLD}, update (state, retry_limit, start_after, completed_on, keep_until)`,
      overview: "select",
    });
    await runner.query(`
      CREATE POLICY own_place ON pgboss.job AS RESTRICTIVE FOR INSERT TO registry_tenant, registry_platform
        WITH CHECK (name IN (${TENANT_QUEUES}) AND split_part(singleton_key, ' ', 1) = data->>'tenantId');
      CREATE POLICY queue ON pgboss.job TO registry_queue USING (true) WITH CHECK (true);
      GRANT SELECT, INSERT, UPDATE, DELETE ON pgboss.job TO registry_queue;
      ALTER TABLE pgboss.archive ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
      CREATE POLICY queue ON pgboss.archive TO registry_queue USING (true) WITH CHECK (true);
      GRANT SELECT, INSERT, DELETE ON pgboss.archive TO registry_queue;
      REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA pgboss FROM PUBLIC;
    `);
    for (const [name, policy] of Object.entries(QUEUES)) {
      await runner.query("SELECT pgboss.create_queue($1, $2)", [name, JSON.stringify({ policy })]);
    }
  }

  /** The role stays: it belongs to the cluster, and another database of it may use it. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query("DROP SCHEMA pgboss CASCADE");
  }
}
