/** Owns how a later migration makes one more role of the doors. What such roles must be like is `door-roles.ts`. */
import type { QueryRunner } from "typeorm";

/**
 * As in migration 2: roles belong to the whole cluster, so it may exist already, made beforehand or by another database's migration at
 * this very moment. It stays when the migration is undone, because another database may use it.
 */
export async function makeDoorRole(runner: QueryRunner, name: `registry_${string}`): Promise<void> {
  await runner.query(`
    DO $$
    BEGIN
      BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') THEN
          CREATE ROLE ${name} NOLOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS;
        END IF;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
      BEGIN
        -- Asked of the table, not of pg_has_role: whoever lost the race above still remembers that there is no such role, and forgets it only when a table is locked for the first time.
        IF NOT EXISTS (SELECT FROM pg_auth_members WHERE roleid = (SELECT oid FROM pg_roles WHERE rolname = '${name}') AND member = (SELECT oid FROM pg_roles WHERE rolname = 'registry_service')) THEN
          GRANT ${name} TO registry_service;
        END IF;
      EXCEPTION WHEN unique_violation THEN
        NULL;
      END;
    END
    $$;
  `);
}
