/** Owns the description of a schema as text, complete enough that two schemas with equal text behave alike. It changes nothing. */

/** Whatever runs SQL: a DataSource, an EntityManager or a QueryRunner. */
export interface SqlRunner {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** Tables that keep the books of migrations; they say how a schema came about, not what it is. */
const BOOKKEEPING = ["migrations", "schema_migrations", "typeorm_metadata"];

/**
 * Describe the first schema of the session's search path.
 *
 * Shape    sorted lines `<kind> <name> …`, without the schema's name and with white space folded, so that descriptions of
 *          two schemas, or of one schema at two times, can be compared line by line.
 * Limits   equal text means equal behaviour only on one server version: the definitions are the server's own wording.
 *          Left out: what extensions own, column order, and what belongs to the whole cluster (roles, their memberships).
 */
export async function catalogue(db: SqlRunner): Promise<string[]> {
  const rows = (await db.query(CATALOGUE, [BOOKKEEPING])) as { schema: string; line: string }[];
  return rows.map(({ schema, line }) => line.replaceAll(`${schema}.`, "").replaceAll(/\s+/g, " ").trim()).sort();
}

export interface CatalogueDifference {
  missing: string[];
  unexpected: string[];
}

export function compareCatalogues(expected: string[], actual: string[]): CatalogueDifference {
  const [wanted, found] = [new Set(expected), new Set(actual)];
  return {
    missing: expected.filter((line) => !found.has(line)),
    unexpected: actual.filter((line) => !wanted.has(line)),
  };
}

/** NOT NULL is told by the column lines: PostgreSQL 18 made it a constraint of its own, earlier versions did not. */
const CATALOGUE = `
  WITH here AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = current_schema()
  ), relation AS (
    SELECT c.* FROM pg_class c JOIN here ON c.relnamespace = here.oid
    WHERE c.relname <> ALL ($1::text[])
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      AND NOT EXISTS (
        SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
          AND d.deptype IN ('a', 'i') AND t.relname = ANY ($1::text[]) AND t.relnamespace = c.relnamespace)
  ), routine AS (
    SELECT p.* FROM pg_proc p JOIN here ON p.pronamespace = here.oid
    WHERE p.prokind IN ('f', 'p')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  ), kind AS (
    SELECT t.* FROM pg_type t JOIN here ON t.typnamespace = here.oid
    WHERE t.typtype IN ('e', 'd')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
  ), described(line) AS (
    SELECT format('table %s%s%s%s%s', relname,
        CASE WHEN relkind = 'p' THEN ' partition by ' || pg_get_partkeydef(oid) END,
        CASE WHEN relispartition THEN ' partition ' || pg_get_expr(relpartbound, oid) END,
        CASE WHEN relrowsecurity THEN ' row security' END,
        CASE WHEN relforcerowsecurity THEN ' forced' END)
      FROM relation WHERE relkind IN ('r', 'p')
    UNION ALL
    SELECT format('view %s %s %s', relname, reloptions, pg_get_viewdef(oid)) FROM relation WHERE relkind IN ('v', 'm')
    UNION ALL
    SELECT format('column %s.%s %s%s%s%s%s', r.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN ' not null' END,
        CASE a.attgenerated WHEN 's' THEN ' stored' WHEN 'v' THEN ' virtual' END,
        CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity by default' END,
        ' default ' || pg_get_expr(d.adbin, d.adrelid))
      FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE r.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('sequence %s %s start %s by %s from %s to %s%s', relname, format_type(s.seqtypid, NULL),
        s.seqstart, s.seqincrement, s.seqmin, s.seqmax, CASE WHEN s.seqcycle THEN ' cycle' END)
      FROM relation JOIN pg_sequence s ON s.seqrelid = relation.oid
    UNION ALL
    SELECT format('index %s.%s: %s%s', r.relname, x.relname, pg_get_indexdef(x.oid), CASE WHEN NOT i.indisvalid THEN ' invalid' END)
      FROM relation r JOIN pg_index i ON i.indrelid = r.oid JOIN pg_class x ON x.oid = i.indexrelid
    UNION ALL
    SELECT format('constraint %s.%s: %s', r.relname, c.conname, pg_get_constraintdef(c.oid))
      FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid WHERE c.contype <> 'n'
    UNION ALL
    SELECT format('trigger %s.%s [%s]: %s', r.relname, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid))
      FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT format('rule %s.%s: %s', r.relname, w.rulename, pg_get_ruledef(w.oid))
      FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT format('policy %s.%s %s for %s to %s using (%s) with check (%s)', r.relname, p.polname,
        CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
        CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all' END,
        (SELECT string_agg(CASE WHEN role = 0 THEN 'public' ELSE pg_get_userbyid(role) END, ', ' ORDER BY pg_get_userbyid(role))
           FROM unnest(p.polroles) AS role),
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
      FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
    UNION ALL
    SELECT format('enum %s: %s', typname,
        (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = kind.oid))
      FROM kind WHERE typtype = 'e'
    UNION ALL
    SELECT format('domain %s: %s%s%s', typname, format_type(typbasetype, typtypmod), CASE WHEN typnotnull THEN ' not null' END,
        (SELECT string_agg(' ' || pg_get_constraintdef(oid), '' ORDER BY conname) FROM pg_constraint
           WHERE contypid = kind.oid AND contype <> 'n'))
      FROM kind WHERE typtype = 'd'
    UNION ALL
    SELECT format('function %s(%s): %s', proname, pg_get_function_identity_arguments(oid), pg_get_functiondef(oid)) FROM routine
    UNION ALL
    SELECT format('grant %s on %s to %s%s', g.privilege_type, g.object,
        CASE WHEN g.grantee = 0 THEN 'public' ELSE pg_get_userbyid(g.grantee) END,
        CASE WHEN g.is_grantable THEN ' with grant option' END)
      FROM (
        SELECT format('%s %s', CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, relname) AS object, relowner AS owner, acl.*
          FROM relation, aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, relowner))) AS acl
          WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
        UNION ALL
        SELECT format('column %s.%s', relname, attname), relowner, acl.*
          FROM relation JOIN pg_attribute ON attrelid = relation.oid, aclexplode(attacl) AS acl WHERE NOT attisdropped
        UNION ALL
        SELECT format('function %s(%s)', proname, pg_get_function_identity_arguments(oid)), proowner, acl.*
          FROM routine, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS acl
        UNION ALL
        SELECT format('type %s', typname), typowner, acl.*
          FROM kind, aclexplode(coalesce(typacl, acldefault('T', typowner))) AS acl
        UNION ALL
        SELECT 'this schema', nspowner, acl.* FROM here, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) AS acl
      ) AS g
      WHERE g.grantee <> g.owner
  )
  SELECT here.nspname AS schema, described.line FROM described CROSS JOIN here
`;
