/** Owns a row of one tenant in every table that its exit empties, and a fingerprint of everybody else's. */
import { ERASED_TABLES } from "../../src/tenant/tenant.erasure.js";
import type { Registry } from "./registry.js";

const from = (table: string, name: string) => `from ${table} where tenant_id = $1 and ${name} = 'planted'`;

/** $1 is the tenant. Whatever needs another row comes after it. */
const ROWS: Record<(typeof ERASED_TABLES)[number], string> = {
  tenant_projects: "insert into tenant_projects (tenant_id, slug, name) values ($1, 'planted', 'Planted')",
  tenant_products: "insert into tenant_products (tenant_id, product) values ($1, 'planted')",
  entitlement_notices: "insert into entitlement_notices (tenant_id, product, days_left, deadline) values ($1, 'planted', 3, now())",
  product_requests: "insert into product_requests (tenant_id, product, requested_by) values ($1, 'planted', 'ada')",
  tenant_idp_config: "insert into tenant_idp_config (tenant_id, type) values ($1, 'saml')",
  api_keys: "insert into api_keys (tenant_id, name, hash, prefix) values ($1, 'planted', '*', 'abcdefgh')",
  api_key_usage: "insert into api_key_usage (tenant_id, api_key_id, day, verified) select tenant_id, id, current_date, 1 from api_keys where tenant_id = $1 and name = 'planted'",
  api_key_policies: "insert into api_key_policies (tenant_id) values ($1)",
  tenant_invitations: "insert into tenant_invitations (tenant_id, email, name) values ($1, 'ada@example.com', 'Ada')",
  tenant_notices: "insert into tenant_notices (tenant_id, kind, days_left, deadline) values ($1, 'tenant.trial_ending', 3, now())",
  idempotency_keys: "insert into idempotency_keys (tenant_id, principal, operation, key, input_hash, result) values ($1, 'user:ada', 'planted', 'key', '*', '{}')",
  tenant_environments: "insert into tenant_environments (tenant_id, slug, name) values ($1, 'planted', 'Planted')",
  environment_placements: `insert into environment_placements (tenant_id, environment_id, cluster, placed_at) select tenant_id, id, 'shared', now() ${from("tenant_environments", "slug")}`,
  tenant_teams: "insert into tenant_teams (tenant_id, slug, name) values ($1, 'planted', 'Planted')",
  team_channels: `insert into team_channels (tenant_id, team_id, slug, provider) select tenant_id, id, 'planted', 'messaging-slack' ${from("tenant_teams", "slug")}`,
  tenant_flows: "insert into tenant_flows (tenant_id, name, latest_number) values ($1, 'planted', 1)",
  flow_versions: `insert into flow_versions (tenant_id, flow_id, number, body, published_by) select tenant_id, id, 1, '{"nodes": [{"id": "start", "type": "message"}]}', 'ada' ${from("tenant_flows", "name")}`,
  environment_flows: `insert into environment_flows (tenant_id, environment_id, flow_id, number) select e.tenant_id, e.id, f.id, 1 from tenant_environments e join tenant_flows f using (tenant_id) where e.tenant_id = $1 and e.slug = 'planted' and f.name = 'planted'`,
  tenant_usage: "insert into tenant_usage (tenant_id, environment, day, operations) values ($1, 'planted', current_date, 1)",
  tenant_exports: "insert into tenant_exports (tenant_id, requested_by, token_hash, expires_at) values ($1, 'ada', gen_random_uuid()::text, now())",
};

/** One row in each of {@link ERASED_TABLES}. */
export async function plantEverything({ sql }: Registry, tenantId: string): Promise<void> {
  for (const insert of Object.values(ROWS)) await sql(insert, [tenantId]);
}

/** How many rows of each such table are the tenant's; tables without any are left out. */
export async function rowsOf({ sql }: Registry, tenantId: string): Promise<Record<string, number>> {
  const counts = ERASED_TABLES.map((table) => `select '${table}' as name, count(*)::int as count from ${table} where tenant_id = $1`);
  const rows = await sql<{ name: string; count: number }>(counts.join(" union all "), [tenantId]);
  return Object.fromEntries(rows.filter(({ count }) => count > 0).map(({ name, count }) => [name, count]));
}

/**
 * What every row of every table is, apart from those of these tenants and the queue's own: equal before and after means that nobody
 * else's row was written, not even as it was, because a row's version is part of it.
 */
export async function fingerprintOfOthers({ sql }: Registry, tenantIds: readonly string[]): Promise<Record<string, string>> {
  const tables = await sql<{ name: string; owner: string | null }>(`
    select c.relname as name, (select a.attname from pg_attribute a where a.attrelid = c.oid and a.attname = case c.relname when 'tenants' then 'id' else 'tenant_id' end) as owner
    from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') order by 1`);
  const prints: Record<string, string> = {};
  for (const { name, owner } of tables) {
    const others = owner === null ? "true" : `${owner} is null or ${owner} <> all ($1::uuid[])`;
    const [row] = await sql<{ print: string }>(
      `select md5(coalesce(string_agg(t.ctid::text || t.xmin::text || md5(t::text), ',' order by t.ctid), '')) as print from ${name} t where ${others} and $1::uuid[] is not null`,
      [tenantIds],
    );
    prints[name] = row?.print ?? "";
  }
  return prints;
}
