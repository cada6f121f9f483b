/** Owns what the database and the catalogue's file say of keys: all of them are good, so that the rest is what their tenants were sold. */
import { CATALOG, withVerdicts } from "../verdicts/expectation.js";

/** Of each look-up id in the first value, as {@link CATALOG} is the second: what a service asks about at every request, and all that can be told. */
const toldSql = (members: string) => `${withVerdicts("select tenant_id, product, lookup_id as place from api_keys where lookup_id = any($1::text[])")}
  select k.lookup_id, json_build_object(${members})::text as json
  from verdicts v join api_keys k on k.lookup_id = v.place join tenants t on t.id = k.tenant_id`;

const ENOUGH = `'valid', true, 'code', 'VALID', 'apiKeyId', k.id, 'tenantId', t.id, 'tenantSlug', t.slug, 'environment', upper(k.environment::text), 'scopes', k.scopes`;

export const ENOUGH_SQL = toldSql(ENOUGH);

export const ALL_SQL = toldSql(`${ENOUGH}, 'readOnly', false, 'projectId', k.project_id, 'owner', upper(k.owner_kind::text), 'ownerId', k.owner_id,
  'expiresAt', k.expires_at, 'entitlement', json_build_object(
    'granted', v.granted, 'reason', 'GRANTED', 'source', v.basis, 'limits', v.limits, 'validUntil', v.valid_until)`);

export { CATALOG };
