/** Owns workload (c): a page of 50 of a tenant's audit events, newest first. */
import { readTenants, slugOf } from "../world/data-set.js";
import { tenantIdAt } from "../world/tenant-id.js";
import type { Workload } from "./workload.js";

/** One row more than the page is read, as everyone must who tells whether there is more. */
const SQL = `
  select json_build_object('id', t.id, 'auditEvents', page.json)::text as json from tenants t cross join lateral (
    select json_build_object('hasNextPage', count(*) > 50, 'nodes', json_agg(json_build_object('id', a.uid, 'action', a.action, 'actorId', a.actor_id,
      'targetType', a.target_type, 'targetName', a.target_name, 'metadata', a.metadata, 'createdAt', a.created_at) order by n) filter (where n <= 50)) as json
    from (select a.*, row_number() over () as n from (
      select * from audit_log a where a.tenant_id = t.id order by a.created_at desc, a.uid desc limit 51) a) a) page
  where t.slug = $1`;

const FIELDS = "action actorId targetType targetName metadata createdAt";

function flattened(tenant: any, connection: any): unknown { // any: see Workload.normal
  return { id: tenant.id, auditEvents: { nodes: connection.nodes, hasNextPage: connection.pageInfo.hasNextPage } };
}

export const auditPage: Workload = {
  id: "c",
  title: "a page of 50 audit events of a tenant",
  variants: readTenants(100).map((position) => ({
    sql: SQL,
    values: [slugOf(position)],
    caller: { tenantId: tenantIdAt(position) },
    variables: Object.fromEntries((["registry", "plain", "postgraphile"] as const).map((dialect) => [dialect, { slug: slugOf(position) }])),
  })),
  documents: {
    registry: `query ($slug: String!) { tenantBySlug(slug: $slug) { id auditEvents(first: 50) { nodes { id ${FIELDS} } pageInfo { hasNextPage endCursor } } } }`,
    plain: `query ($slug: String!) { tenantBySlug(slug: $slug) { id auditEvents(first: 50) { nodes { id ${FIELDS} } hasNextPage } } }`,
    postgraphile: `query ($slug: String!) { tenantBySlug(slug: $slug) { id: rowId
      auditEvents: auditLogsByTenantId(first: 50, orderBy: [CREATED_AT_DESC, UID_DESC]) { nodes { id: uid ${FIELDS} } pageInfo { hasNextPage endCursor } } } }`,
  },
  normal: {
    registry: ({ tenantBySlug }) => flattened(tenantBySlug, tenantBySlug.auditEvents),
    plain: ({ tenantBySlug }) => tenantBySlug,
    postgraphile: ({ tenantBySlug }) => flattened(tenantBySlug, tenantBySlug.auditEvents),
  },
  pgbench: { setup: "\\set i random(0, 399)", sql: SQL.replace("$1", "'tenant-' || lpad((:i)::text, 4, '0')") },
};
