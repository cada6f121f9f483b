/** Owns the rows that every contender reads: deterministic, realistic in size and shape, the same on every database. */

export const TENANTS = 1_000;
export const AUDIT_EVENTS = 200_000;

/** Tenants that only the changing workload touches, so that what the others expect stays true. */
export const CHANGING = { from: 400, to: 499 };

/** Positions of tenants that are only read. */
export function readTenants(count: number): number[] {
  const positions = [...Array(TENANTS).keys()].filter((i) => i < CHANGING.from || i > CHANGING.to);
  return Array.from({ length: count }, (_, i) => positions[Math.floor((i * positions.length) / count)] as number);
}

export function slugOf(position: number): string {
  return `tenant-${String(position).padStart(4, "0")}`;
}

/** In SQL, so that pgbench and the loader agree: the id of the tenant at a position. */
export const TENANT_ID_SQL = "md5('tenant ' || i)::uuid";

/** What the tenants have of their own, beside what their plans give: what the catalogue sells, and a product that it no longer knows. */
export const PRODUCTS = ["chat", "crm", "desk", "docs", "erp", "tickets"] as const;

/**
 * 1,000 tenants with 3 projects, 6 entitlements and 4 keys each, and 200,000 audit events. Audit events are written in the
 * order of their time, as a living log is, so one tenant's events lie scattered over the table.
 *
 * Of ten tenants one has tried the CRM and not bought it, one had it taken back, and one is trying it; nobody has tickets any more.
 * What has ended is no longer enabled, because the service would write that down while it is measured.
 */
export const LOAD_SQL = `
  insert into tenants (id, slug, name, status, plan, erp_customer_id, stripe_cust_id, sales_owner, contract_start, created_at, updated_at)
  select ${TENANT_ID_SQL}, 'tenant-' || lpad(i::text, 4, '0'), 'Customer ' || lpad(i::text, 4, '0') || ' GmbH', 'active',
    (array['starter', 'business', 'enterprise'])[1 + i % 3], 'C-' || i, 'cus_' || md5('stripe ' || i), 'dana', date '2026-01-01',
    timestamptz '2026-01-01 00:00:00.123456+00' + i * interval '7 minutes', timestamptz '2026-06-01 00:00:00+00'
  from generate_series(0, ${TENANTS - 1}) i;

  insert into tenant_projects (id, tenant_id, slug, name, status, created_at, updated_at)
  select md5('project ' || i || ' ' || j)::uuid, ${TENANT_ID_SQL}, 'project-' || j, 'Project number ' || j,
    (case when j = 3 then 'archived' else 'active' end)::tenant_project_status,
    timestamptz '2026-02-01 00:00:00.5+00' + j * interval '1 hour', timestamptz '2026-06-01 00:00:00+00'
  from generate_series(0, ${TENANTS - 1}) i, generate_series(1, 3) j;

  insert into tenant_products (tenant_id, product, source, enabled, config, trial_started_at, expires_at, created_at, updated_at)
  select ${TENANT_ID_SQL}, product, (case when tries then 'trial' else 'override' end)::entitlement_source,
    product <> 'tickets' and (product <> 'crm' or i % 10 > 1),
    case product
      when 'chat' then '{"language": "de", "greeting": "Hello"}'
      when 'desk' then jsonb_build_object('mail', jsonb_build_object('from', 'help-' || i || '@example.com'))
      when 'docs' then '{}'
      when 'erp' then '{}'
      else jsonb_build_object('max_seats', 5 + i % 20, 'region', 'eu')
    end,
    case when tries then timestamptz '2026-02-02 00:00:00+00' end,
    case when product = 'crm' and i % 10 = 0 then timestamptz '2026-02-16 00:00:00+00'
      when product in ('crm', 'docs', 'tickets') then timestamptz '2030-01-01 00:00:00+00' end,
    timestamptz '2026-02-02 00:00:00+00', timestamptz '2026-06-01 00:00:00+00'
  from generate_series(0, ${TENANTS - 1}) i, unnest(array[${PRODUCTS.map((product) => `'${product}'`).join(", ")}]) product,
    lateral (select product = 'crm' and i % 10 in (0, 2) as tries) trial;

  insert into api_keys (id, tenant_id, product, name, scopes, hash, prefix, created_by, last_used_at, created_at)
  select md5('key ' || i || ' ' || j)::uuid, ${TENANT_ID_SQL}, 'crm', 'key-' || j, array['read', 'write'], '*',
    substr(md5('prefix ' || i || ' ' || j), 1, 8), 'dana', case when j < 3 then timestamptz '2026-05-01 12:00:00+00' end,
    timestamptz '2026-03-01 00:00:00+00' + j * interval '1 day'
  from generate_series(0, ${TENANTS - 1}) i, generate_series(1, 4) j;

  insert into audit_log (uid, tenant_id, actor_id, actor_name, actor_type, action, target_id, target_type, target_name, product,
    metadata, source_ip, user_agent, request_id, created_at)
  select md5('event ' || e)::uuid, md5('tenant ' || e % ${TENANTS})::uuid, md5('person ' || e % 97), 'Person ' || e % 97, 'user',
    (array['project.create', 'project.update', 'entitlement.grant', 'tenant.update', 'project.archive'])[1 + e / ${TENANTS} % 5],
    md5('target ' || e), 'project', 'project-' || e % 3, (array['crm', null])[1 + e % 2],
    jsonb_build_object('changed', jsonb_build_array('name', 'status'), 'number', e), '203.0.113.7', 'Mozilla/5.0 (X11; Linux x86_64)',
    'request-' || e, timestamptz '2026-03-01 00:00:00.654321+00' + e * interval '17 seconds'
  from generate_series(0, ${AUDIT_EVENTS - 1}) e;
`;
