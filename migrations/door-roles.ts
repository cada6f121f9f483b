/** Owns what the roles of the doors must be like for row security to hold. It makes none: that is migrations 2, 5, 6, 10 and 11. */

/** What every session of the service becomes; see migration 2. */
export const SERVICE_ROLE = "registry_service";

/** It, and what it becomes: at the doors, for the queue of jobs, to erase, and to find a key. */
const ROLES = [SERVICE_ROLE, "registry_tenant", "registry_platform", "registry_overview", "registry_product", "registry_queue", "registry_eraser", "registry_verifier"];

/** A role could step around the walls; the message says which, and how to mend it. */
export class RoleRefusedError extends Error {
  override readonly name = "RoleRefusedError";
}

/** Each of these would let a statement reach rows outside the doors, or somebody in beside the service. Column of pg_roles → its opposite. */
const ATTRIBUTES = {
  rolsuper: "NOSUPERUSER",
  rolbypassrls: "NOBYPASSRLS",
  rolinherit: "NOINHERIT",
  rolcanlogin: "NOLOGIN",
  rolcreaterole: "NOCREATEROLE",
  rolcreatedb: "NOCREATEDB",
} as const;

/** A migration's runner, or the service's data source. */
interface Queryable {
  query(sql: string, parameters: unknown[]): Promise<unknown>;
}

type RoleRow = Record<keyof typeof ATTRIBUTES, boolean> & { name: string; inherited: string[] };

/**
 * Refuse roles of the doors that somebody made otherwise than the migrations do; roles that are not there yet are none to refuse.
 * From PostgreSQL 16 on each membership says for itself whether it is inherited, and keeps saying so after ALTER ROLE … NOINHERIT.
 *
 * Failures RoleRefusedError naming every such role, with the statements that mend it.
 */
export async function refuseUnfitRoles(db: Queryable): Promise<void> {
  const rows = (await db.query(
    `SELECT rolname AS name, ${Object.keys(ATTRIBUTES).join(", ")},
       array(SELECT other.rolname::text FROM pg_roles other
              WHERE other.oid <> r.oid AND NOT r.rolsuper AND pg_has_role(r.oid, other.oid, 'USAGE') ORDER BY 1) AS inherited
     FROM pg_roles r WHERE rolname = ANY ($1) ORDER BY rolname`,
    [ROLES],
  )) as RoleRow[];
  const unfit = rows.map((row) => ({ name: row.name, statements: mending(row) })).filter(({ statements }) => statements.length > 0);
  if (unfit.length === 0) return;
  const names = unfit.map(({ name }) => name).join(", ");
  const statements = unfit.flatMap((role) => role.statements).join(" ");
  throw new RoleRefusedError(
    `The database has ${names} with attributes under which the walls between tenants do not hold; a superuser mends that with: ${statements}`,
  );
}

function mending({ name, inherited, ...attributes }: RoleRow): string[] {
  const opposites = Object.entries(ATTRIBUTES).flatMap(([column, opposite]) => (attributes[column as keyof typeof ATTRIBUTES] ? [opposite] : []));
  if (opposites.length > 0) return [`ALTER ROLE ${name} ${opposites.join(" ")};`];
  return inherited.map((other) => `GRANT ${other} TO ${name} WITH INHERIT FALSE;`);
}
