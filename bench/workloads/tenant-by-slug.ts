/** Owns workload (a): what a portal's first page asks, one tenant with its projects and entitlements. */
import { readTenants, slugOf } from "../world/data-set.js";
import { tenantIdAt } from "../world/tenant-id.js";
import type { Workload } from "./workload.js";

const SQL = `
  select json_build_object('id', t.id, 'slug', t.slug, 'name', t.name, 'status', t.status, 'plan', t.plan,
    'projects', (select coalesce(json_agg(json_build_object('id', p.id, 'slug', p.slug, 'name', p.name, 'status', p.status) order by p.created_at, p.id), '[]')
      from tenant_projects p where p.tenant_id = t.id),
    'entitlements', (select coalesce(json_agg(json_build_object('product', e.product, 'enabled', e.enabled, 'expiresAt', e.expires_at) order by e.product), '[]')
      from tenant_products e where e.tenant_id = t.id))::text as json
  from tenants t where t.slug = $1`;

export const tenantBySlug: Workload = {
  id: "a",
  title: "tenantBySlug with projects and entitlements",
  variants: readTenants(100).map((position) => ({
    sql: SQL,
    values: [slugOf(position)],
    caller: { tenantId: tenantIdAt(position) },
    variables: Object.fromEntries((["registry", "plain", "postgraphile"] as const).map((dialect) => [dialect, { slug: slugOf(position) }])),
  })),
  documents: {
    registry: `query ($slug: String!) { tenantBySlug(slug: $slug) {
      id slug name status plan projects { nodes { id slug name status } } entitlements { product { key } enabled expiresAt } } }`,
    plain: `query ($slug: String!) { tenantBySlug(slug: $slug) {
      id slug name status plan projects { id slug name status } entitlements { product enabled expiresAt } } }`,
    postgraphile: `query ($slug: String!) { tenantBySlug(slug: $slug) {
      id: rowId slug name status plan
      projects: tenantProjectsByTenantId(orderBy: CREATED_AT_ASC) { nodes { id: rowId slug name status } }
      entitlements: tenantProductsByTenantId(orderBy: PRODUCT_ASC) { nodes { product enabled expiresAt } } } }`,
  },
  normal: {
    registry: ({ tenantBySlug: { projects, entitlements, ...tenant } }) => ({
      ...tenant,
      projects: projects.nodes,
      entitlements: entitlements.map(({ product, ...rest }: any) => ({ product: product.key, ...rest })), // any: see Workload.normal
    }),
    plain: (data) => data.tenantBySlug,
    postgraphile: ({ tenantBySlug: { projects, entitlements, ...tenant } }) => ({ ...tenant, projects: projects.nodes, entitlements: entitlements.nodes }),
  },
  pgbench: { setup: "\\set i random(0, 399)", sql: SQL.replace("$1", "'tenant-' || lpad((:i)::text, 4, '0')") },
};
