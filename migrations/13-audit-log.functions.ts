/** Owns the functions of migration 13: the only ways in which a row of the audit log goes or loses anything, each with its own conditions. */
import type { QueryRunner } from "typeorm";

/** Months are made so far ahead; the part behind them takes what comes when nobody made any. */
const MONTHS_AHEAD = 3;

/** Under this id the chain has the events of no tenant. */
const NOBODY = "00000000-0000-0000-0000-000000000000";

/** With an older snapshot a hold that has been placed since would not be seen, in spite of the lock. */
const AS_IT_IS_NOW = `IF current_setting('transaction_isolation') <> 'read committed' THEN
      RAISE invalid_transaction_state USING MESSAGE = 'whether events are held is looked at in a transaction that is read committed';
    END IF;`;

/**
 * They run as the tables' owner, because no role of the service may do what they do. The commitment is the one of
 * `src/audit-proof/audit-proof.encoding.ts`; a test compares the two.
 *
 * `audit_log_make_parts` closes the last part and opens months behind it. It waits for every transaction that has written to the log, so its
 * caller bounds the wait.
 *
 * `audit_log_drop_part` drops the oldest part when each row of it is due and covered by a purge checkpoint, or empties it, if it is the first;
 * answers its name, or null.
 *
 * `audit_log_purge` deletes of one tenant what is due and covered, up to 2,000 places of the chain; answers how many rows went, 0 when no
 * more are to go. The chain keeps the last, unfinished tile before the checkpoint: proofs of later events need it.
 *
 * `audit_log_erase` takes a person out of up to 1,000 events, and answers the places of the chain and the groups of columns; place 0 is
 * an event that the chain does not have yet.
 */
export const MAKE_FUNCTIONS = `
  CREATE FUNCTION audit_field(name TEXT, value TEXT) RETURNS BYTEA LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT int4send(octet_length(convert_to(name, 'UTF8'))) || convert_to(name, 'UTF8')
        || CASE WHEN value IS NULL THEN '\\x00'::bytea ELSE '\\x01'::bytea || int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8') END
  $$;
  CREATE FUNCTION audit_commitment(name TEXT, salt BYTEA, fields BYTEA) RETURNS BYTEA LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(convert_to('tenant-registry audit group 1', 'UTF8') || '\\x00'::bytea
      || int4send(octet_length(convert_to(name, 'UTF8'))) || convert_to(name, 'UTF8') || salt || fields)
  $$;

  CREATE FUNCTION audit_log_make_parts() RETURNS VOID LANGUAGE plpgsql SECURITY DEFINER AS $$
  DECLARE
    bound timestamptz;
    latest timestamptz;
    closed_at timestamptz;
    wanted timestamptz := date_trunc('month', now()) + interval '${MONTHS_AHEAD + 1} months';
    part text;
  BEGIN
    -- Whoever comes second finds the bounds of the first.
    PERFORM pg_advisory_xact_lock(hashtextextended('tenant-registry.audit-parts', 0));
    SELECT substring(pg_get_expr(relpartbound, oid) FROM $b$FROM \\('([^']+)'\\)$b$)::timestamptz INTO STRICT bound FROM pg_class WHERE oid = 'audit_log_later'::regclass;
    IF bound >= wanted THEN
      RETURN;
    END IF;
    LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE;
    -- Through the log: row security is forced on a part too, and has no policy there, so an owner who is no superuser would see it empty.
    SELECT max(created_at) INTO latest FROM audit_log WHERE created_at >= bound;
    ALTER TABLE audit_log DETACH PARTITION audit_log_later;
    IF latest IS NOT NULL THEN
      closed_at := date_trunc('month', greatest(latest, now())) + interval '1 month';
      part := 'audit_log_' || to_char(bound, 'YYYY_MM');
      EXECUTE format('ALTER TABLE audit_log_later RENAME TO %I', part);
      EXECUTE format('ALTER TABLE audit_log ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, bound, closed_at);
      bound := closed_at;
    ELSE
      DROP TABLE audit_log_later;
    END IF;
    WHILE bound < wanted LOOP
      part := 'audit_log_' || to_char(bound, 'YYYY_MM');
      EXECUTE format('CREATE TABLE %I PARTITION OF audit_log FOR VALUES FROM (%L) TO (%L)', part, bound, bound + interval '1 month');
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
      bound := bound + interval '1 month';
    END LOOP;
    EXECUTE format('CREATE TABLE audit_log_later PARTITION OF audit_log FOR VALUES FROM (%L) TO (MAXVALUE)', bound);
    ALTER TABLE audit_log_later ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
  END
  $$;

  CREATE FUNCTION audit_log_due_before(p_tenant UUID) RETURNS TIMESTAMPTZ LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT CASE WHEN max(held_at) IS NULL THEN now() - make_interval(days => coalesce(max(retention_days), 365)) ELSE '-infinity' END
      FROM audit_policies WHERE tenant_id = p_tenant
  $$;

  CREATE FUNCTION audit_log_drop_part() RETURNS TEXT LANGUAGE plpgsql SECURITY DEFINER AS $$
  DECLARE
    part text;
    until timestamptz;
    kept boolean;
  BEGIN
    -- Rows through the log, as above.
    SELECT c.relname, b.ends INTO part, until
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        CROSS JOIN LATERAL (SELECT substring(pg_get_expr(c.relpartbound, c.oid) FROM $b$TO \\('([^']+)'\\)$b$)::timestamptz AS ends) b
      WHERE i.inhparent = 'audit_log'::regclass AND c.relname <> 'audit_log_later'
        AND (c.relname <> 'audit_log_before' OR EXISTS (SELECT FROM audit_log a WHERE a.created_at < b.ends))
      ORDER BY 2 LIMIT 1;
    IF part IS NULL OR until > now() - interval '8 days' THEN
      RETURN NULL;
    END IF;
    ${AS_IT_IS_NOW}
    -- Nobody places a hold, or changes what is due, before this has been committed.
    LOCK TABLE audit_policies IN SHARE MODE;
    EXECUTE format($q$
      SELECT EXISTS (
        SELECT FROM audit_log a
          LEFT JOIN audit_chain c ON c.event = a.id AND c.tenant_id = coalesce(a.tenant_id, '${NOBODY}')
          LEFT JOIN (
            SELECT k.tenant_id, max(k.position) AS upto FROM audit_checkpoints k WHERE k.kind = 'purge'
             GROUP BY k.tenant_id HAVING audit_log_due_before(k.tenant_id) >= %1$L
          ) gone ON gone.tenant_id = c.tenant_id AND gone.upto >= c.position
         WHERE a.created_at < %1$L AND gone.tenant_id IS NULL)$q$, until) INTO kept;
    IF kept THEN
      RETURN NULL;
    END IF;
    -- The first part stays, because it has no lower end: what is older than every other part still has a place.
    EXECUTE format(CASE part WHEN 'audit_log_before' THEN 'TRUNCATE %I' ELSE 'DROP TABLE %I' END, part);
    RETURN part;
  END
  $$;

  CREATE FUNCTION audit_log_purge(p_tenant UUID) RETURNS BIGINT LANGUAGE plpgsql SECURITY DEFINER AS $$
  DECLARE
    due timestamptz;
    upto bigint;
    gone bigint;
    forgotten bigint;
  BEGIN
    ${AS_IT_IS_NOW}
    -- As above; and nobody is erased from a row that goes at the same time.
    LOCK TABLE audit_policies IN SHARE MODE;
    PERFORM FROM audit_settlement FOR UPDATE;
    due := audit_log_due_before(p_tenant);
    SELECT max(position) INTO upto FROM audit_checkpoints WHERE tenant_id = p_tenant AND kind = 'purge';
    IF due = '-infinity' OR upto IS NULL THEN
      RETURN 0;
    END IF;
    WITH covered AS MATERIALIZED (
      SELECT position, event, event_at FROM audit_chain WHERE tenant_id = p_tenant AND position <= upto ORDER BY position LIMIT 2000
    ), deleted AS (
      DELETE FROM audit_log a USING covered c WHERE a.id = c.event AND a.created_at = c.event_at AND a.created_at < due
          AND coalesce(a.tenant_id, '${NOBODY}') = p_tenant RETURNING a.id
    ), unchained AS (
      DELETE FROM audit_chain c USING covered d
       WHERE c.tenant_id = p_tenant AND c.position = d.position AND d.position < upto / 256 * 256 AND d.event_at < due RETURNING c.position
    )
    SELECT (SELECT count(*) FROM deleted) + (SELECT count(*) FROM unchained) INTO gone;
    DELETE FROM audit_external_ids WHERE (tenant_id, product, external_id) IN (
      SELECT tenant_id, product, external_id FROM audit_external_ids WHERE tenant_id = p_tenant AND created_at < due LIMIT 2000);
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN gone + forgotten;
  END
  $$;

  CREATE FUNCTION audit_log_erase(p_tenant UUID, p_person TEXT) RETURNS TABLE (place BIGINT, groups TEXT) LANGUAGE plpgsql SECURITY DEFINER AS $$
  DECLARE
    found record;
    at_place bigint;
  BEGIN
    IF p_tenant IS DISTINCT FROM nullif(current_setting('registry.tenant', true), '')::uuid THEN
      RAISE insufficient_privilege USING MESSAGE = 'a person is erased from the tenant that the transaction names';
    END IF;
    ${AS_IT_IS_NOW}
    -- What is held is kept as it is.
    LOCK TABLE audit_policies IN SHARE MODE;
    IF audit_log_due_before(p_tenant) = '-infinity' THEN
      RETURN;
    END IF;
    -- Nothing is settled meanwhile: what the chain is made of now is what it will say.
    PERFORM FROM audit_settlement FOR UPDATE;
    FOR found IN
      SELECT a.*, a.actor_id IS NOT DISTINCT FROM p_person AS did, a.target_id IS NOT DISTINCT FROM p_person AS suffered
        FROM audit_log a WHERE a.tenant_id = p_tenant AND (a.actor_id = p_person OR a.target_id = p_person) LIMIT 1000
    LOOP
      UPDATE audit_chain c SET
          actor_opening = CASE WHEN found.did THEN audit_commitment('actor', c.actor_opening,
            audit_field('actor_id', found.actor_id) || audit_field('actor_name', found.actor_name) || audit_field('actor_href', found.actor_href)
            || audit_field('actor_fields', found.actor_fields::text) || audit_field('source_ip', found.source_ip::text) || audit_field('user_agent', found.user_agent)) ELSE c.actor_opening END,
          target_opening = CASE WHEN found.suffered THEN audit_commitment('target', c.target_opening,
            audit_field('target_id', found.target_id) || audit_field('target_name', found.target_name) || audit_field('target_href', found.target_href)
            || audit_field('target_fields', found.target_fields::text)) ELSE c.target_opening END,
          text_opening = CASE WHEN found.action = 'audit.erase_person' OR octet_length(c.text_opening) = 32 THEN c.text_opening
            ELSE audit_commitment('text', c.text_opening,
            audit_field('description', found.description) || audit_field('fields', found.fields::text) || audit_field('metadata', found.metadata::text)) END
        WHERE c.event = found.id
        RETURNING c.position INTO at_place;
      UPDATE audit_log a SET
          actor_id = CASE WHEN found.did THEN NULL ELSE a.actor_id END,
          actor_name = CASE WHEN found.did THEN NULL ELSE a.actor_name END,
          actor_href = CASE WHEN found.did THEN NULL ELSE a.actor_href END,
          actor_fields = CASE WHEN found.did THEN NULL ELSE a.actor_fields END,
          source_ip = CASE WHEN found.did THEN NULL ELSE a.source_ip END,
          user_agent = CASE WHEN found.did THEN NULL ELSE a.user_agent END,
          target_id = CASE WHEN found.suffered THEN NULL ELSE a.target_id END,
          target_name = CASE WHEN found.suffered THEN NULL ELSE a.target_name END,
          target_href = CASE WHEN found.suffered THEN NULL ELSE a.target_href END,
          target_fields = CASE WHEN found.suffered THEN NULL ELSE a.target_fields END,
          description = CASE WHEN a.action = 'audit.erase_person' THEN a.description END,
          fields = CASE WHEN a.action = 'audit.erase_person' THEN a.fields END,
          metadata = CASE WHEN a.action = 'audit.erase_person' THEN a.metadata ELSE '{}' END
        WHERE a.id = found.id AND a.created_at = found.created_at;
      UPDATE audit_external_ids SET digest = NULL WHERE tenant_id = p_tenant AND product = found.product AND external_id = found.external_id;
      place := coalesce(at_place, 0);
      groups := concat(CASE WHEN found.did THEN 'a' END, CASE WHEN found.suffered THEN 't' END, CASE WHEN found.action <> 'audit.erase_person' THEN 'x' END);
      at_place := NULL;
      RETURN NEXT;
    END LOOP;
  END
  $$;
`;

const DEFINERS = ["audit_log_make_parts()", "audit_log_due_before(uuid)", "audit_log_drop_part()", "audit_log_purge(uuid)", "audit_log_erase(uuid, text)"];
const PLAIN = ["audit_field(text, text)", "audit_commitment(text, bytea, bytea)"];

/** What runs as the owner looks only where it was made: nobody puts a table of one's own in front. And nobody runs it but whom it is given to. */
export async function closeFunctions(runner: QueryRunner): Promise<void> {
  for (const name of [...DEFINERS, ...PLAIN]) {
    await runner.query(`
      DO $$ BEGIN EXECUTE format('ALTER FUNCTION ${name} SET search_path = %I, pg_temp', current_schema()); END $$;
      ALTER FUNCTION ${name} SET timezone = 'UTC';
      REVOKE EXECUTE ON FUNCTION ${name} FROM PUBLIC;
    `);
  }
}

export const DROP_FUNCTIONS = [...DEFINERS].reverse().concat(PLAIN).map((name) => `DROP FUNCTION ${name};`).join("\n");
