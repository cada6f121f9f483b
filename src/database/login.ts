/** Owns what the service's own login must not be. The roles that it becomes are `migrations/door-roles.ts`'s matter. */
import { SERVICE_ROLE } from "../../migrations/door-roles.js";
import type { SqlRunner } from "./catalogue.js";

/**
 * Say why the login of this session is not one for the service, or return undefined. The session's role hides the login's powers
 * only from statements that do not ask for them back.
 */
export async function unfitLogin(db: SqlRunner): Promise<string | undefined> {
  const [login] = (await db.query(
    `SELECT rolname AS name, rolsuper, rolbypassrls,
       EXISTS (SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
                AND pg_has_role(session_user, relowner, 'MEMBER')) AS owns
     FROM pg_roles WHERE rolname = session_user`,
  )) as { name: string; rolsuper: boolean; rolbypassrls: boolean; owns: boolean }[];
  if (!login) return undefined;
  const flaw = (login.rolsuper && "is a superuser") || (login.rolbypassrls && "has BYPASSRLS") || (login.owns && "owns the tables");
  if (!flaw) return undefined;
  return `DATABASE_URL logs in as ${login.name}, which ${flaw}: give the service a login that is a member of ${SERVICE_ROLE} and nothing more, as deploy/postgres/create-roles.sql makes it.`;
}
