/** Owns the rows that development starts with: two tenants, so that a leak between them would be visible, as seeds 001 and 002 have them. */
import type { Config } from "../config.js";
import type { EmbeddedDatabase } from "../database/embedded.js";
import { asOwner } from "../service.js";

/** Put the seeds in, as the owner of the tables; rows that exist are left as they are, so a restart loses no change. */
export async function seed(config: Config, { embedded }: { embedded?: EmbeddedDatabase }): Promise<void> {
  if (embedded) await asOwner(config, embedded, (owner) => owner.transaction((tx) => tx.query(SEEDS)));
}

/** `acme` has the id of seed 004's development tenant. A key's hash is `*`: it can be listed but never verifies. */
const SEEDS = `
  INSERT INTO tenants (id, slug, name, status, plan, erp_customer_id, stripe_cust_id, sales_owner, contract_start, settings) VALUES
    ('00000000-0000-0000-0000-000000000001', 'acme', 'ACME Corporation', 'active', 'business', 'C-1001', 'cus_acme', 'dana', '2026-01-01',
      '{"timezone": "America/New_York", "language": "en-US"}'),
    ('00000000-0000-0000-0000-000000000002', 'bigcorp', 'BigCorp Inc.', 'active', 'starter', 'C-1002', 'cus_bigcorp', 'lee', '2026-03-01', '{}')
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

  INSERT INTO tenant_environments (tenant_id, slug, name) VALUES
    ('00000000-0000-0000-0000-000000000001', 'prod', 'Production'),
    ('00000000-0000-0000-0000-000000000001', 'staging', 'Staging'),
    ('00000000-0000-0000-0000-000000000002', 'prod', 'Production')
  ON CONFLICT DO NOTHING;

  INSERT INTO tenant_teams (tenant_id, slug, name) VALUES
    ('00000000-0000-0000-0000-000000000001', 'support', 'Customer Support'),
    ('00000000-0000-0000-0000-000000000001', 'sales', 'Sales Team'),
    ('00000000-0000-0000-0000-000000000002', 'helpdesk', 'Helpdesk')
  ON CONFLICT DO NOTHING;

  INSERT INTO tenant_flows (tenant_id, name, latest_number) VALUES
    ('00000000-0000-0000-0000-000000000001', 'acme_support_flow', 1),
    ('00000000-0000-0000-0000-000000000002', 'bigcorp_helpdesk_flow', 1)
  ON CONFLICT DO NOTHING;

  INSERT INTO environment_placements (tenant_id, environment_id, cluster, placed_at)
    SELECT tenant_id, id, cluster, created_at FROM tenant_environments JOIN (VALUES
      ('00000000-0000-0000-0000-000000000001'::uuid, 'prod', 'shared'),
      ('00000000-0000-0000-0000-000000000001', 'staging', 'shared'),
      ('00000000-0000-0000-0000-000000000002', 'prod', 'bigcorp')
    ) AS placed (tenant_id, slug, cluster) USING (tenant_id, slug)
  ON CONFLICT DO NOTHING;

  INSERT INTO team_channels (tenant_id, team_id, slug, provider, config)
    SELECT tenant_id, team.id, channel.slug, channel.provider, channel.config::jsonb
    FROM tenant_teams team JOIN (VALUES
      ('00000000-0000-0000-0000-000000000001'::uuid, 'support', 'slack', 'messaging-slack', '{"workspace_id": "T123456", "channel_id": "C789012"}'),
      ('00000000-0000-0000-0000-000000000001', 'support', 'telegram', 'messaging-telegram', '{"chat_id": "-1001234567890"}'),
      ('00000000-0000-0000-0000-000000000001', 'sales', 'teams', 'messaging-teams', '{}'),
      ('00000000-0000-0000-0000-000000000002', 'helpdesk', 'webchat', 'messaging-webchat', '{}')
    ) AS channel (tenant_id, team, slug, provider, config) USING (tenant_id) WHERE team.slug = channel.team
  ON CONFLICT DO NOTHING;

  INSERT INTO flow_versions (tenant_id, flow_id, number, body, published_by)
    SELECT tenant_id, id, 1, jsonb_build_object('version', '1.0', 'nodes', jsonb_build_array(jsonb_build_object('id', 'greet', 'type', 'reply', 'config', jsonb_build_object('message', message)))), 'seed'
    FROM tenant_flows JOIN (VALUES
      ('00000000-0000-0000-0000-000000000001'::uuid, 'acme_support_flow', 'Welcome to ACME Support! How can I help?'),
      ('00000000-0000-0000-0000-000000000002', 'bigcorp_helpdesk_flow', 'BigCorp Helpdesk here. What''s your issue?')
    ) AS greeting (tenant_id, name, message) USING (tenant_id, name)
  ON CONFLICT DO NOTHING;

  INSERT INTO environment_flows (tenant_id, environment_id, flow_id, number)
    SELECT environment.tenant_id, environment.id, flow.id, 1 FROM (VALUES
      ('00000000-0000-0000-0000-000000000001'::uuid, 'prod', 'acme_support_flow'),
      ('00000000-0000-0000-0000-000000000001', 'staging', 'acme_support_flow'),
      ('00000000-0000-0000-0000-000000000002', 'prod', 'bigcorp_helpdesk_flow')
    ) AS running (tenant_id, slug, flow) JOIN tenant_environments environment USING (tenant_id, slug) JOIN tenant_flows flow ON flow.tenant_id = running.tenant_id AND flow.name = running.flow
  ON CONFLICT DO NOTHING;
`;
