/** Owns the rows that development starts with: two tenants, so that a leak between them would be visible. */
import type { Config } from "../config.js";
import type { EmbeddedDatabase } from "../database/embedded.js";
import { asOwner } from "../service.js";

/** Put the seeds in, as the owner of the tables; rows that exist are left as they are, so a restart loses no change. */
export async function seed(config: Config, { embedded }: { embedded?: EmbeddedDatabase }): Promise<void> {
  if (embedded) await asOwner(config, embedded, (owner) => owner.transaction((tx) => tx.query(SEEDS)));
}

/** `acme` has the id of seed 004's development tenant. A key's hash is `*`: it can be listed but never verifies. */
const SEEDS = `
  INSERT INTO tenants (id, slug, name, status, plan, erp_customer_id, stripe_cust_id, sales_owner, contract_start) VALUES
    ('00000000-0000-0000-0000-000000000001', 'acme', 'ACME Corporation', 'active', 'business', 'C-1001', 'cus_acme', 'dana', '2026-01-01'),
    ('00000000-0000-0000-0000-000000000002', 'bigcorp', 'BigCorp Inc.', 'active', 'starter', 'C-1002', 'cus_bigcorp', 'lee', '2026-03-01')
  ON CONFLICT DO NOTHING;

  INSERT INTO tenant_projects (id, tenant_id, slug, name) VALUES
    ('00000000-0000-0000-0001-000000000001', '00000000-0000-0000-0000-000000000001', 'default', 'Default'),
    ('00000000-0000-0000-0001-000000000002', '00000000-0000-0000-0000-000000000001', 'website', 'Website relaunch'),
    ('00000000-0000-0000-0002-000000000001', '00000000-0000-0000-0000-000000000002', 'default', 'Default')
  ON CONFLICT DO NOTHING;

  INSERT INTO tenant_products (tenant_id, product, config) VALUES
    ('00000000-0000-0000-0000-000000000001', 'crm', '{"max_seats": 25}'),
    ('00000000-0000-0000-0000-000000000001', 'chat', '{}'),
    ('00000000-0000-0000-0000-000000000002', 'crm', '{"max_seats": 5}')
  ON CONFLICT DO NOTHING;

  INSERT INTO api_keys (id, tenant_id, product, name, scopes, hash, prefix, created_by) VALUES
    ('00000000-0000-0000-0001-00000000000a', '00000000-0000-0000-0000-000000000001', 'crm', 'ci', '{read}', '*', 'acme0001', 'seed'),
    ('00000000-0000-0000-0002-00000000000a', '00000000-0000-0000-0000-000000000002', 'crm', 'ci', '{read}', '*', 'bigc0001', 'seed')
  ON CONFLICT DO NOTHING;

  INSERT INTO tenant_idp_config (id, tenant_id, type, metadata) VALUES
    ('00000000-0000-0000-0001-00000000000b', '00000000-0000-0000-0000-000000000001', 'oidc',
      '{"discovery_url": "https://id.acme.example/.well-known/openid-configuration", "client_id": "portal"}'),
    ('00000000-0000-0000-0002-00000000000b', '00000000-0000-0000-0000-000000000002', 'saml', '{"entity_id": "https://sso.bigcorp.example"}')
  ON CONFLICT DO NOTHING;
`;
