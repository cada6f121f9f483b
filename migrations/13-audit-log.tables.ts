/** Owns the tables of migration 13: the log in parts by time, and beside it its chain, tree, checkpoints, external ids and policies. */

/**
 * The table that was becomes the first part, with its rows where they are: a default that is no function of the row costs no rewriting, and
 * gives every row that was there before one transaction, this one. `received_at` of those is not known. Times without an end would belong
 * to a month that never comes.
 */
export const DIVIDE = `
  ALTER TABLE audit_log
    ADD COLUMN crud TEXT CONSTRAINT audit_log_crud_check CHECK (crud IN ('c', 'r', 'u', 'd')),
    ADD COLUMN is_failure BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN is_anonymous BOOLEAN NOT NULL DEFAULT FALSE,
    ADD COLUMN description TEXT,
    ADD COLUMN component TEXT,
    ADD COLUMN version TEXT,
    ADD COLUMN external_id TEXT,
    ADD COLUMN writer TEXT,
    ADD COLUMN actor_href TEXT,
    ADD COLUMN actor_fields JSONB,
    ADD COLUMN target_href TEXT,
    ADD COLUMN target_fields JSONB,
    ADD COLUMN fields JSONB,
    ADD COLUMN received_at TIMESTAMPTZ,
    ADD COLUMN xid BIGINT NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
    ADD CONSTRAINT audit_log_created_at_check CHECK (isfinite(created_at));
  ALTER TABLE audit_log ALTER COLUMN received_at SET DEFAULT now();
  ALTER TABLE audit_log RENAME TO audit_log_before;
  ALTER TABLE audit_log_before DROP CONSTRAINT audit_log_pkey;
  DROP INDEX audit_log_tenant_idx, audit_log_product_idx, audit_log_actor_idx, audit_log_action_idx, audit_log_tenant_action_idx,
    audit_log_uid_idx, audit_log_created_idx, audit_log_page_idx, audit_log_action_page_idx;

  CREATE TABLE audit_log (LIKE audit_log_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY RANGE (created_at);
  ALTER SEQUENCE audit_log_id_seq OWNED BY audit_log.id;
  ALTER TABLE audit_log ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id, created_at);
  CREATE INDEX audit_log_uid_idx ON audit_log (uid);
  CREATE INDEX audit_log_xid_idx ON audit_log (xid, id);
  CREATE INDEX audit_log_created_idx ON audit_log (created_at, uid) WHERE created_at >= '-infinity';
  CREATE INDEX audit_log_page_idx ON audit_log (tenant_id, created_at, uid);
  CREATE INDEX audit_log_action_page_idx ON audit_log (tenant_id, action COLLATE "C", created_at, uid);
  CREATE INDEX audit_log_actor_page_idx ON audit_log (tenant_id, actor_id, created_at, uid) WHERE actor_id IS NOT NULL;
  CREATE INDEX audit_log_target_page_idx ON audit_log (tenant_id, target_id, created_at, uid) WHERE target_id IS NOT NULL;
  CREATE INDEX audit_log_product_page_idx ON audit_log (tenant_id, product, created_at, uid) WHERE product IS NOT NULL;
  CREATE INDEX audit_log_request_idx ON audit_log (tenant_id, request_id) WHERE request_id IS NOT NULL;
  CREATE INDEX audit_log_failure_page_idx ON audit_log (tenant_id, created_at, uid) WHERE is_failure;
  CREATE INDEX audit_log_deletion_page_idx ON audit_log (tenant_id, created_at, uid) WHERE crud = 'd';
`;

/**
 * What there was up to now, when there was anything, and what comes later than anybody has thought of. No default part: with one Postgres
 * would look into every part for each page, instead of into one part after the other.
 */
export const FIRST_PARTS = `
  DO $$
  DECLARE after_all text;
  BEGIN
    PERFORM set_config('timezone', 'UTC', true);
    SELECT quote_literal(date_trunc('month', greatest(max(created_at), now())) + interval '1 month') INTO after_all FROM audit_log_before;
    IF EXISTS (SELECT FROM audit_log_before) THEN
      EXECUTE 'ALTER TABLE audit_log ATTACH PARTITION audit_log_before FOR VALUES FROM (MINVALUE) TO (' || after_all || ')';
      EXECUTE 'ALTER TABLE audit_log_before ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY';
    ELSE
      DROP TABLE audit_log_before;
      after_all := quote_literal(date_trunc('month', now()));
      EXECUTE 'CREATE TABLE audit_log_before PARTITION OF audit_log FOR VALUES FROM (MINVALUE) TO (' || after_all || ')';
      EXECUTE 'ALTER TABLE audit_log_before ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY';
    END IF;
    EXECUTE 'CREATE TABLE audit_log_later PARTITION OF audit_log FOR VALUES FROM (' || after_all || ') TO (MAXVALUE)';
    EXECUTE 'ALTER TABLE audit_log_later ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY';
  END
  $$;
`;

/**
 * An event is found by what its product calls it through `audit_external_ids`, whose key begins so, and not by an index of the log.
 *
 * A position of the chain is one event's, and an event has one. An opening is the salt of 16 bytes under which personal columns were hashed,
 * or, when a person was erased from them, the 32 bytes of that hash.
 */
export const PROOFS = `
  CREATE TABLE audit_chain (
    tenant_id UUID NOT NULL,
    position BIGINT NOT NULL CONSTRAINT audit_chain_position_check CHECK (position > 0),
    event BIGINT NOT NULL CONSTRAINT audit_chain_event_key UNIQUE,
    event_at TIMESTAMPTZ NOT NULL,
    format SMALLINT NOT NULL,
    actor_opening BYTEA NOT NULL,
    target_opening BYTEA NOT NULL,
    text_opening BYTEA NOT NULL,
    leaf BYTEA NOT NULL,
    chain BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, position)
  );
  CREATE TABLE audit_nodes (
    tenant_id UUID NOT NULL,
    level SMALLINT NOT NULL,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, level, number)
  );
  CREATE TYPE audit_checkpoint_kind AS ENUM ('interval', 'export', 'purge');
  CREATE TABLE audit_checkpoints (
    tenant_id UUID NOT NULL,
    number BIGINT NOT NULL CONSTRAINT audit_checkpoints_number_check CHECK (number > 0),
    kind audit_checkpoint_kind NOT NULL,
    position BIGINT NOT NULL,
    signed TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, number)
  );
  CREATE INDEX audit_checkpoints_purge_idx ON audit_checkpoints (tenant_id, position) WHERE kind = 'purge';
  CREATE TABLE audit_external_ids (
    tenant_id UUID NOT NULL,
    product TEXT NOT NULL,
    external_id TEXT NOT NULL,
    event_id UUID NOT NULL,
    digest BYTEA,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, external_id, product)
  );
  CREATE INDEX audit_external_ids_created_idx ON audit_external_ids (tenant_id, created_at);
  CREATE TABLE audit_policies (
    tenant_id UUID PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    retention_days INTEGER NOT NULL DEFAULT 365 CONSTRAINT audit_policies_days_check CHECK (retention_days BETWEEN 7 AND 3650),
    held_at TIMESTAMPTZ,
    hold_reason TEXT CONSTRAINT audit_policies_reason_check CHECK (char_length(hold_reason) <= 500),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    version INTEGER NOT NULL DEFAULT 1
  );
  CREATE TRIGGER audit_policies_touch_updated_at
    BEFORE UPDATE ON audit_policies
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
  CREATE TABLE audit_settlement (
    log_id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    xid BIGINT NOT NULL DEFAULT 0,
    event BIGINT NOT NULL DEFAULT 0,
    settled_at TIMESTAMPTZ NOT NULL DEFAULT now()
  );
  CREATE UNIQUE INDEX audit_settlement_one_idx ON audit_settlement ((TRUE));
  INSERT INTO audit_settlement DEFAULT VALUES;
`;

/** Back to one table as migration 12 found it. What only the new columns say is lost, and so are chain and checkpoints. */
export const UNDIVIDE = `
  DROP TABLE audit_settlement, audit_policies, audit_external_ids, audit_checkpoints, audit_nodes, audit_chain;
  DROP TYPE audit_checkpoint_kind;
  CREATE TABLE audit_log_again (LIKE audit_log INCLUDING DEFAULTS);
  ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY;
  INSERT INTO audit_log_again SELECT * FROM audit_log ORDER BY id;
  ALTER SEQUENCE audit_log_id_seq OWNED BY audit_log_again.id;
  DROP TABLE audit_log;
  ALTER TABLE audit_log_again RENAME TO audit_log;
  ALTER TABLE audit_log
    DROP COLUMN xid, DROP COLUMN received_at, DROP COLUMN fields, DROP COLUMN target_fields, DROP COLUMN target_href, DROP COLUMN actor_fields,
    DROP COLUMN actor_href, DROP COLUMN writer, DROP COLUMN external_id, DROP COLUMN version, DROP COLUMN component, DROP COLUMN description,
    DROP COLUMN is_anonymous, DROP COLUMN is_failure, DROP COLUMN crud,
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);
  CREATE INDEX audit_log_tenant_idx ON audit_log (tenant_id, created_at DESC);
  CREATE INDEX audit_log_product_idx ON audit_log (product, created_at DESC) WHERE product IS NOT NULL;
  CREATE INDEX audit_log_actor_idx ON audit_log (actor_id, created_at DESC) WHERE actor_id IS NOT NULL;
  CREATE INDEX audit_log_action_idx ON audit_log (action);
  CREATE INDEX audit_log_tenant_action_idx ON audit_log (tenant_id, action, created_at DESC);
  CREATE UNIQUE INDEX audit_log_uid_idx ON audit_log (uid);
  CREATE INDEX audit_log_created_idx ON audit_log (created_at, uid) WHERE created_at >= '-infinity';
  CREATE INDEX audit_log_page_idx ON audit_log (tenant_id, created_at, uid);
  CREATE INDEX audit_log_action_page_idx ON audit_log (tenant_id, action, created_at, uid);
`;
