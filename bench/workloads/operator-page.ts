/** Owns workload (d): the list that platform staff open, 20 tenants with three nested lists each. */
import type { Workload } from "./workload.js";

const ORDERS = [
  { column: "slug", field: "SLUG", descending: false },
  { column: "slug", field: "SLUG", descending: true },
  { column: "name", field: "NAME", descending: false },
  { column: "created_at", field: "CREATED_AT", descending: true },
] as const;

function sqlOf({ column, descending }: (typeof ORDERS)[number]): string {
  const direction = descending ? "desc" : "asc";
  return `
  select json_agg(json_build_object('id', t.id, 'slug', t.slug, 'name', t.name, 'status', t.status,
    'projects', (select coalesce(json_agg(json_build_object('id', p.id, 'slug', p.slug, 'status', p.status) order by p.created_at, p.id), '[]')
      from tenant_projects p where p.tenant_id = t.id),
    'entitlements', (select coalesce(json_agg(json_build_object('product', e.product, 'enabled', e.enabled) order by e.product), '[]')
      from tenant_products e where e.tenant_id = t.id),
    'apiKeys', (select coalesce(json_agg(json_build_object('id', k.id, 'name', k.name, 'prefix', k.prefix, 'scopes', k.scopes, 'lastUsedAt', k.last_used_at)
        order by k.created_at desc, k.id desc), '[]')
      from api_keys k where k.tenant_id = t.id)) order by t.${column} ${direction}, t.id ${direction})::text as json
  from (select * from tenants t order by t.${column} ${direction}, t.id ${direction} limit 20) t`;
}

export const operatorPage: Workload = {
  id: "d",
  title: "a page of 20 tenants with 3 nested lists for an operator",
  variants: ORDERS.map((order) => ({
    sql: sqlOf(order),
    values: [],
    caller: "operator",
    variables: {
      registry: { orderBy: { field: order.field, descending: order.descending } },
      plain: { orderBy: order.column, descending: order.descending },
      postgraphile: { orderBy: [`${order.field}_${order.descending ? "DESC" : "ASC"}`] },
    },
  })),
  documents: {
    registry: `query ($orderBy: TenantOrder) { tenants(first: 20, orderBy: $orderBy) { nodes { id slug name status
      projects { nodes { id slug status } } entitlements { product { key } enabled } apiKeys { nodes { id name prefix scopes lastUsedAt } } } } }`,
    plain: `query ($orderBy: String!, $descending: Boolean!) { tenants(first: 20, orderBy: $orderBy, descending: $descending) { id slug name status
      projects { id slug status } entitlements { product enabled } apiKeys { id name prefix scopes lastUsedAt } } }`,
    postgraphile: `query ($orderBy: [TenantOrderBy!]) { allTenants(first: 20, orderBy: $orderBy) { nodes { id: rowId slug name status
      projects: tenantProjectsByTenantId(orderBy: CREATED_AT_ASC) { nodes { id: rowId slug status } }
      entitlements: tenantProductsByTenantId(orderBy: PRODUCT_ASC) { nodes { product enabled } }
      apiKeys: apiKeysByTenantId(orderBy: CREATED_AT_DESC) { nodes { id: rowId name prefix scopes lastUsedAt } } } } }`,
  },
  normal: {
    registry: ({ tenants }) =>
      tenants.nodes.map(({ projects, entitlements, apiKeys, ...tenant }: any) => ({ // any: see Workload.normal
        ...tenant,
        projects: projects.nodes,
        entitlements: entitlements.map(({ product, enabled }: any) => ({ product: product.key, enabled })), // any: see Workload.normal
        apiKeys: apiKeys.nodes,
      })),
    plain: ({ tenants }) => tenants,
    postgraphile: ({ allTenants }) =>
      allTenants.nodes.map(({ projects, entitlements, apiKeys, ...tenant }: any) => ({ // any: see Workload.normal
        ...tenant,
        projects: projects.nodes,
        entitlements: entitlements.nodes,
        apiKeys: apiKeys.nodes,
      })),
  },
  pgbench: { setup: "", sql: sqlOf(ORDERS[0]) },
};
