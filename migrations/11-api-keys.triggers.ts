/** Owns the triggers of migration 11: an ended key stays ended, and whoever keeps what a verification was decided on hears of its change. */

/**
 * Whoever changes a row is heard, whether a feature, a job, an erasure or somebody with a client of the database. A notice tells a public
 * look-up id or a tenant's id and nothing else, because every login of the database can listen. Transactions that notify commit one after
 * the other: so nothing that happens often may, and a mark of use (`last_used_at`) is no reason.
 *
 * The columns are those that `api-key.facts.ts` reads; a test compares the two.
 */
export const MAKE_TRIGGERS = `
  CREATE FUNCTION api_keys_stay_ended() RETURNS trigger AS $$
  BEGIN
    IF coalesce(NEW.revoked_at, 'infinity') > OLD.revoked_at OR coalesce(NEW.rotated_at, 'infinity') > OLD.rotated_at
      OR coalesce(NEW.overlap_ends_at, 'infinity') > OLD.overlap_ends_at THEN
      RAISE EXCEPTION 'the end of a key is neither taken back nor put off' USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
  END;
  $$ LANGUAGE plpgsql;
  CREATE TRIGGER api_keys_stay_ended
    BEFORE UPDATE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION api_keys_stay_ended();

  CREATE FUNCTION notify_of_key() RETURNS trigger AS $$
  BEGIN
    IF OLD.lookup_id IS NOT NULL THEN
      PERFORM pg_notify('registry_keys', 'k ' || OLD.lookup_id);
    END IF;
    RETURN NULL;
  END;
  $$ LANGUAGE plpgsql;
  CREATE TRIGGER api_keys_notify
    AFTER DELETE OR UPDATE OF lookup_id, lookup_seat, product, name, scopes, environment, project_id, owner_kind, owner_id, allowed_ips, expires_at, overlap_ends_at, revoked_at, hash, pepper_id
    ON api_keys
    FOR EACH ROW EXECUTE FUNCTION notify_of_key();

  CREATE FUNCTION notify_of_tenant() RETURNS trigger AS $$
  BEGIN
    PERFORM pg_notify('registry_keys', 't ' || NEW.id);
    RETURN NULL;
  END;
  $$ LANGUAGE plpgsql;
  CREATE TRIGGER tenants_notify_keys
    AFTER UPDATE OF slug, status, kind, plan, trial_ends_at, frozen_at ON tenants
    FOR EACH ROW
    WHEN ((OLD.slug, OLD.status, OLD.kind, OLD.plan, OLD.trial_ends_at, OLD.frozen_at) IS DISTINCT FROM (NEW.slug, NEW.status, NEW.kind, NEW.plan, NEW.trial_ends_at, NEW.frozen_at))
    EXECUTE FUNCTION notify_of_tenant();

  CREATE FUNCTION notify_of_tenants_row() RETURNS trigger AS $$
  BEGIN
    PERFORM pg_notify('registry_keys', 't ' || coalesce(NEW.tenant_id, OLD.tenant_id));
    RETURN NULL;
  END;
  $$ LANGUAGE plpgsql;
  CREATE TRIGGER tenant_products_notify_keys
    AFTER INSERT OR DELETE OR UPDATE OF product, enabled, source, config, expires_at ON tenant_products
    FOR EACH ROW EXECUTE FUNCTION notify_of_tenants_row();
  CREATE TRIGGER tenant_projects_notify_keys
    AFTER DELETE OR UPDATE OF slug, status ON tenant_projects
    FOR EACH ROW EXECUTE FUNCTION notify_of_tenants_row();
`;

export const DROP_TRIGGERS = `
  DROP TRIGGER tenant_projects_notify_keys ON tenant_projects;
  DROP TRIGGER tenant_products_notify_keys ON tenant_products;
  DROP TRIGGER tenants_notify_keys ON tenants;
  DROP TRIGGER api_keys_notify ON api_keys;
  DROP TRIGGER api_keys_stay_ended ON api_keys;
  DROP FUNCTION notify_of_tenants_row();
  DROP FUNCTION notify_of_tenant();
  DROP FUNCTION notify_of_key();
  DROP FUNCTION api_keys_stay_ended();
`;
