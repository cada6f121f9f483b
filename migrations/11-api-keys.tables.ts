/** Owns the tables of migration 11: the columns of a key, a tenant's rules for its keys, how often they were used, and what adopted keys are found by. */

/**
 * Two columns together refer to a key or a project, so that what one tenant has never points at what is another's. The name is held by
 * the key that nothing has ended and nothing has taken the place of. A key without a look-up id can never be verified.
 */
export const MAKE_TABLES = `
  CREATE TYPE api_key_environment AS ENUM ('dev', 'staging', 'prod');
  CREATE TYPE api_key_owner AS ENUM ('tenant', 'user');
  CREATE TYPE api_key_revoke_reason AS ENUM ('requested', 'leaked', 'rotated');
  ALTER TABLE tenant_projects ADD CONSTRAINT tenant_projects_tenant_id_id_key UNIQUE (tenant_id, id);
  ALTER TABLE api_keys
    ADD COLUMN lookup_id TEXT,
    ADD COLUMN lookup_seat SMALLINT NOT NULL DEFAULT 0,
    ADD COLUMN pepper_id TEXT,
    ADD COLUMN environment api_key_environment,
    ADD COLUMN project_id UUID,
    ADD COLUMN owner_kind api_key_owner NOT NULL DEFAULT 'tenant',
    ADD COLUMN owner_id TEXT,
    ADD COLUMN allowed_ips TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
    ADD COLUMN expires_at TIMESTAMPTZ,
    ADD COLUMN rotated_from_id UUID,
    ADD COLUMN rotated_at TIMESTAMPTZ,
    ADD COLUMN overlap_ends_at TIMESTAMPTZ,
    ADD COLUMN revoked_by TEXT,
    ADD COLUMN revoke_reason api_key_revoke_reason,
    ADD COLUMN imported_at TIMESTAMPTZ,
    DROP CONSTRAINT api_keys_tenant_id_name_key,
    ADD CONSTRAINT api_keys_lookup_key UNIQUE (lookup_id, lookup_seat),
    ADD CONSTRAINT api_keys_tenant_id_id_key UNIQUE (tenant_id, id),
    ADD CONSTRAINT api_keys_project_fkey FOREIGN KEY (tenant_id, project_id) REFERENCES tenant_projects (tenant_id, id),
    ADD CONSTRAINT api_keys_rotated_from_fkey FOREIGN KEY (tenant_id, rotated_from_id) REFERENCES api_keys (tenant_id, id),
    ADD CONSTRAINT api_keys_lookup_check CHECK (lookup_id ~ '^([0-9A-Za-z]{12}|~[0-9a-f]{16,64})$' AND (lookup_seat = 0 OR lookup_id ~ '^~')),
    ADD CONSTRAINT api_keys_seat_check CHECK (lookup_seat BETWEEN 0 AND 7),
    ADD CONSTRAINT api_keys_owner_check CHECK ((owner_kind = 'user') = (owner_id IS NOT NULL)),
    ADD CONSTRAINT api_keys_rotation_check CHECK ((rotated_at IS NULL) = (overlap_ends_at IS NULL)),
    ADD CONSTRAINT api_keys_allowed_ips_check CHECK (cardinality(allowed_ips) <= 20);
  CREATE UNIQUE INDEX api_keys_name_key ON api_keys (tenant_id, name) WHERE revoked_at IS NULL AND rotated_at IS NULL;
  CREATE INDEX api_keys_expires_idx ON api_keys (tenant_id, expires_at, id);

  CREATE TABLE api_key_policies (
    tenant_id UUID PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    max_lifetime_days INTEGER NOT NULL DEFAULT 90 CONSTRAINT api_key_policies_days_check CHECK (max_lifetime_days BETWEEN 1 AND 365),
    may_never_expire BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    version INTEGER NOT NULL DEFAULT 1
  );
  CREATE TRIGGER api_key_policies_touch_updated_at
    BEFORE UPDATE ON api_key_policies
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

  CREATE TABLE api_key_usage (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id UUID NOT NULL,
    api_key_id UUID NOT NULL,
    day DATE NOT NULL,
    verified BIGINT NOT NULL DEFAULT 0,
    refused BIGINT NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT api_key_usage_day_key UNIQUE (tenant_id, api_key_id, day),
    CONSTRAINT api_key_usage_key_fkey FOREIGN KEY (tenant_id, api_key_id) REFERENCES api_keys (tenant_id, id) ON DELETE CASCADE
  );
  CREATE INDEX api_key_usage_tenant_idx ON api_key_usage (tenant_id, day);
  CREATE INDEX api_key_usage_created_idx ON api_key_usage (tenant_id, created_at, id);
  CREATE INDEX api_key_usage_day_idx ON api_key_usage (day);
`;

/**
 * Keys that were there before are found by their first eight characters, written in hexadecimal so that none of them means anything in the
 * list of named ids; not those that begin as the registry's own do. Of keys that share them, eight can be verified, live ones first. Row
 * security is lifted for the statement, because it is forced on the table's owner too.
 */
export const ADOPT = `
  ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY;
  UPDATE api_keys k SET imported_at = now(), lookup_id = '~' || found.hex, lookup_seat = found.seat
    FROM (SELECT id, encode(convert_to(prefix, 'UTF8'), 'hex') AS hex,
                 row_number() OVER (PARTITION BY prefix ORDER BY revoked_at IS NOT NULL, created_at, id) - 1 AS seat
            FROM api_keys WHERE hash LIKE '$argon2id$%' AND char_length(prefix) = 8 AND octet_length(prefix) = 8 AND left(prefix, 4) <> 'trk_') found
   WHERE found.id = k.id AND found.seat < 8;
  ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
`;

/** Of keys with one name, the one that holds it keeps it. */
export const DROP_TABLES = `
  DROP TABLE api_key_usage, api_key_policies;
  DROP INDEX api_keys_expires_idx, api_keys_name_key;
  ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY;
  UPDATE api_keys k SET name = k.name || ' ' || k.id
    FROM (SELECT id, row_number() OVER (PARTITION BY tenant_id, name ORDER BY revoked_at IS NULL DESC, rotated_at IS NULL DESC, created_at DESC, id) AS place FROM api_keys) same
   WHERE same.id = k.id AND same.place > 1;
  ALTER TABLE api_keys
    FORCE ROW LEVEL SECURITY,
    DROP CONSTRAINT api_keys_allowed_ips_check,
    DROP CONSTRAINT api_keys_rotation_check,
    DROP CONSTRAINT api_keys_owner_check,
    DROP CONSTRAINT api_keys_seat_check,
    DROP CONSTRAINT api_keys_lookup_check,
    DROP CONSTRAINT api_keys_rotated_from_fkey,
    DROP CONSTRAINT api_keys_project_fkey,
    DROP CONSTRAINT api_keys_tenant_id_id_key,
    DROP CONSTRAINT api_keys_lookup_key,
    DROP COLUMN imported_at,
    DROP COLUMN revoke_reason,
    DROP COLUMN revoked_by,
    DROP COLUMN overlap_ends_at,
    DROP COLUMN rotated_at,
    DROP COLUMN rotated_from_id,
    DROP COLUMN expires_at,
    DROP COLUMN allowed_ips,
    DROP COLUMN owner_id,
    DROP COLUMN owner_kind,
    DROP COLUMN project_id,
    DROP COLUMN environment,
    DROP COLUMN pepper_id,
    DROP COLUMN lookup_seat,
    DROP COLUMN lookup_id,
    ADD CONSTRAINT api_keys_tenant_id_name_key UNIQUE (tenant_id, name);
  ALTER TABLE tenant_projects DROP CONSTRAINT tenant_projects_tenant_id_id_key;
  DROP TYPE api_key_revoke_reason;
  DROP TYPE api_key_owner;
  DROP TYPE api_key_environment;
`;
