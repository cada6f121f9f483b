/** Owns workload (b): what a router asks when a list of another subgraph names 100 tenants. */
import { readTenants } from "../world/data-set.js";
import { tenantIdAt } from "../world/tenant-id.js";
import type { Workload } from "./workload.js";

const BATCH = 100;
const SETS = 10;
const READ_ONLY = 900;

const SQL = `
  select json_agg(json_build_object('id', t.id, 'slug', t.slug, 'name', t.name,
    'entitlements', (select coalesce(json_agg(json_build_object('product', e.product, 'enabled', e.enabled) order by e.product), '[]')
      from tenant_products e where e.tenant_id = t.id)) order by t.slug)::text as json
  from tenants t where t.id = any($1::uuid[])`;

const bySlug = (one: { slug: string }, other: { slug: string }) => (one.slug < other.slug ? -1 : 1);

export const entities: Workload = {
  id: "b",
  title: "_entities with 100 tenants and their entitlements",
  variants: Array.from({ length: SETS }, (_, set) => {
    const ids = readTenants(READ_ONLY).map(tenantIdAt);
    const own = Array.from({ length: BATCH }, (_unused, i) => ids[(set * 83 + i * 7) % ids.length] as string);
    return {
      sql: SQL,
      values: [own],
      caller: "operator",
      variables: { registry: { representations: own.map((id) => ({ __typename: "Tenant", id })) }, plain: { ids: own }, postgraphile: { ids: own } },
    };
  }),
  documents: {
    registry: `query ($representations: [_Any!]!) { _entities(representations: $representations) {
      ... on Tenant { id slug name entitlements { product { key } enabled } } } }`,
    plain: `query ($ids: [ID!]!) { tenantsByIds(ids: $ids) { id slug name entitlements { product enabled } } }`,
    postgraphile: `query ($ids: [UUID!]!) { allTenants(filter: { rowId: { in: $ids } }) { nodes {
      id: rowId slug name entitlements: tenantProductsByTenantId(orderBy: PRODUCT_ASC) { nodes { product enabled } } } } }`,
  },
  normal: {
    registry: ({ _entities }) =>
      _entities
        .map(({ entitlements, ...tenant }: any) => ({ ...tenant, entitlements: entitlements.map(({ product, enabled }: any) => ({ product: product.key, enabled })) })) // any: see Workload.normal
        .sort(bySlug),
    plain: ({ tenantsByIds }) => tenantsByIds.sort(bySlug),
    postgraphile: ({ allTenants }) => allTenants.nodes.map(({ entitlements, ...tenant }: any) => ({ ...tenant, entitlements: entitlements.nodes })).sort(bySlug), // any: see Workload.normal
  },
  pgbench: {
    setup: "\\set i random(0, 299)",
    sql: SQL.replace("$1::uuid[]", "(select array_agg(md5('tenant ' || n)::uuid) from generate_series((:i)::int, (:i)::int + 99) n)::uuid[]"),
  },
};
