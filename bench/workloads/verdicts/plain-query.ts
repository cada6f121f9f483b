/** Owns the question that verdicts and claims are compared with: one row by its slug, as a portal asks. */
import { readTenants, slugOf } from "../../world/data-set.js";
import { tenantIdAt } from "../../world/tenant-id.js";
import type { Workload } from "../workload.js";

export const plainQuery: Workload = {
  id: "plain",
  title: "tenantBySlug { id slug name status }",
  variants: readTenants(100).map((position) => ({
    sql: "select json_build_object('id', id, 'slug', slug, 'name', name, 'status', status)::text as json from tenants where slug = $1",
    values: [slugOf(position)],
    caller: { tenantId: tenantIdAt(position) },
    variables: { registry: { slug: slugOf(position) } },
  })),
  documents: { registry: "query ($slug: String!) { tenantBySlug(slug: $slug) { id slug name status } }" },
  normal: { registry: ({ tenantBySlug }) => tenantBySlug },
};
