/** Owns migration 11: what an API key is made of, who may see and end one, and the role that finds one before its tenant is known. */
import type { MigrationInterface, QueryRunner } from "typeorm";
import { ADOPT, DROP_TABLES, MAKE_TABLES } from "./11-api-keys.tables.js";
import { DROP_TRIGGERS, MAKE_TRIGGERS } from "./11-api-keys.triggers.js";
import { makeDoorRole } from "./door-role.js";
import { refuseUnfitRoles } from "./door-roles.js";
import { disclose, enclose, keep, makeErasable } from "./enclose.js";

/** Everything new but the pepper, which with the hash is only compared. */
const SHOWN =
  "lookup_id, lookup_seat, environment, project_id, owner_kind, owner_id, allowed_ips, expires_at, rotated_from_id, rotated_at, overlap_ends_at, revoked_by, revoke_reason, imported_at";

/** What a key comes to its end by. */
const ENDED = "revoked_at, revoked_by, revoke_reason, rotated_at, overlap_ends_at";

/** What a verification is decided on, and when the key was last used. */
const VERIFIED =
  "id, tenant_id, product, name, scopes, hash, pepper_id, lookup_id, lookup_seat, environment, project_id, owner_kind, owner_id, allowed_ips, expires_at, overlap_ends_at, revoked_at, last_used_at";

/** The look-up ids that the transaction names, separated by commas. A subquery, so that the list is read once for a statement. */
const NAMED = "(SELECT string_to_array(nullif(current_setting('registry.tenant', true), ''), ','))::text[]";

/**
 * `registry_verifier` sees a key when its transaction names the key's look-up id, whosever it is, and nothing else: no list, no count, no
 * other table of a tenant. It writes when the key was used, how often, and a hash that was made anew; it ends no key and makes none.
 *
 * A tenant's own people add keys of the registry's own form and end them; imported ones come from staff. The worker's role may forget
 * counts of use that are past keeping; to it, the others are not there.
 */
export class ApiKeys1700000000011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await makeDoorRole(runner, "registry_verifier");
    await runner.query(inSchema("GRANT USAGE ON SCHEMA %I TO registry_verifier"));
    await refuseUnfitRoles(runner);
    await runner.query(MAKE_TABLES);
    await runner.query(ADOPT);
    await runner.query(MAKE_TRIGGERS);
    await enclose(runner, "api_key_policies", {
      tenantColumn: "tenant_id",
      tenant: "select, insert, update (max_lifetime_days, updated_at, version)",
      platform: "select, insert, update (max_lifetime_days, may_never_expire, updated_at, version)",
      overview: "select",
    });
    await enclose(runner, "api_key_usage", { tenantColumn: "tenant_id", tenant: "select", platform: "select", overview: "select" });
    await runner.query(`
      GRANT SELECT (${SHOWN}) ON api_keys TO registry_tenant, registry_platform, registry_overview;
      GRANT INSERT, UPDATE (${ENDED}) ON api_keys TO registry_tenant, registry_platform;
      CREATE POLICY only_new ON api_keys AS RESTRICTIVE FOR INSERT TO registry_tenant WITH CHECK (
        hash LIKE '$argon2id$%' AND pepper_id IS NOT NULL AND lookup_id ~ '^[0-9A-Za-z]{12}$' AND product IS NOT NULL AND environment IS NOT NULL
        AND imported_at IS NULL AND last_used_at IS NULL AND revoked_at IS NULL AND rotated_at IS NULL);
      CREATE POLICY never_by_staff ON api_key_policies AS RESTRICTIVE FOR INSERT TO registry_tenant WITH CHECK (NOT may_never_expire);

      CREATE POLICY verifier_scope ON api_keys TO registry_verifier USING (lookup_id = ANY (${NAMED})) WITH CHECK (lookup_id = ANY (${NAMED}));
      GRANT SELECT (${VERIFIED}), UPDATE (last_used_at, hash, pepper_id) ON api_keys TO registry_verifier;
      CREATE POLICY verifier_scope ON api_key_usage TO registry_verifier
        USING (EXISTS (SELECT FROM api_keys k WHERE k.tenant_id = api_key_usage.tenant_id AND k.id = api_key_usage.api_key_id))
        WITH CHECK (EXISTS (SELECT FROM api_keys k WHERE k.tenant_id = api_key_usage.tenant_id AND k.id = api_key_usage.api_key_id));
      GRANT SELECT, INSERT (tenant_id, api_key_id, day, verified, refused), UPDATE (verified, refused) ON api_key_usage TO registry_verifier;

      CREATE POLICY retention ON api_key_usage TO registry_queue USING (day < (now() AT TIME ZONE 'UTC')::date - 400) WITH CHECK (false);
      GRANT SELECT (id, day), DELETE ON api_key_usage TO registry_queue;
      SELECT pgboss.create_queue('api_key_usage.prune', '{"policy": "standard"}');
    `);
    await makeErasable(runner, "api_key_policies");
    await makeErasable(runner, "api_key_usage");
  }

  /** The role stays: it belongs to the cluster, and another database of it may use it. */
  async down(runner: QueryRunner): Promise<void> {
    await keep(runner, "api_key_usage");
    await keep(runner, "api_key_policies");
    await runner.query(`
      DO $$ BEGIN
        EXECUTE (SELECT format('DROP TABLE pgboss.%I', partition_name) FROM pgboss.queue WHERE name = 'api_key_usage.prune');
        DELETE FROM pgboss.queue WHERE name = 'api_key_usage.prune';
      END $$;
      REVOKE ALL ON api_key_usage FROM registry_queue, registry_verifier;
      REVOKE ALL ON api_keys FROM registry_verifier;
      DROP POLICY retention ON api_key_usage;
      DROP POLICY verifier_scope ON api_key_usage;
      DROP POLICY verifier_scope ON api_keys;
      DROP POLICY never_by_staff ON api_key_policies;
      DROP POLICY only_new ON api_keys;
      REVOKE INSERT, UPDATE ON api_keys FROM registry_tenant, registry_platform;
      REVOKE SELECT (${SHOWN}) ON api_keys FROM registry_tenant, registry_platform, registry_overview;
    `);
    await disclose(runner, "api_key_usage");
    await disclose(runner, "api_key_policies");
    await runner.query(DROP_TRIGGERS);
    await runner.query(DROP_TABLES);
    await runner.query(inSchema("REVOKE USAGE ON SCHEMA %I FROM registry_verifier"));
  }
}

const inSchema = (statement: string) => `DO $$ BEGIN EXECUTE format('${statement}', current_schema()); END $$`;
