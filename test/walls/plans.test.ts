/** Owns the proof that row security costs no index: of a long log Postgres reads the page that is asked for, and of many tenants those asked about. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { up } from "../../src/database/migrate.js";
import { SCOPE_SQL } from "../../src/kernel/scoped-query.js";
import { openSchemaBench, type SchemaBench } from "../database/schema-bench.js";

const MOST = "00000000-0000-4000-8000-000000000001";
const LITTLE = "00000000-0000-4000-8000-000000000002";

interface PlanNode {
  "Node Type": string;
  "Index Name"?: string;
  Plans?: PlanNode[];
}

let bench: SchemaBench;
beforeAll(async () => {
  bench = await openSchemaBench();
  await up(bench.dataSource);
  await bench.dataSource.query(`
    insert into tenants (id, slug, name) values ('${MOST}', 'long-log', 'x'), ('${LITTLE}', 'short-log', 'x');
    insert into tenants (slug, name) select 'tenant-' || g, 'x' from generate_series(1, 200) g;
    insert into audit_log (tenant_id, action) select id, 'x.x' from tenants, generate_series(1, 5);
    insert into audit_log (tenant_id, action, created_at) select '${MOST}', 'x.x', now() - g * interval '1 second' from generate_series(1, 20000) g;
    insert into tenants (slug, name) select 'many-' || g, 'x' from generate_series(1, 5000) g;
    insert into tenant_products (tenant_id, product) select id, p from tenants, unnest('{crm,desk}'::text[]) p;
    insert into tenant_projects (tenant_id, slug, name) select id, p, p from tenants, unnest('{one,two}'::text[]) p;
    insert into api_keys (tenant_id, name, hash, prefix, lookup_id) select id, 'x', '*', 'trk_dev_', left(md5(id::text), 12) from tenants;
    insert into api_key_usage (tenant_id, api_key_id, day) select tenant_id, id, current_date from api_keys;
    analyze;
  `);
});
afterAll(() => bench.close());

/** The nodes of the plan that the service's sessions would make, from the top, each with the index that it reads. */
function nodesOf(role: string, tenant: string, statement: string): Promise<string[]> {
  return bench.dataSource.transaction(async (tx) => {
    await tx.query("set local plan_cache_mode = force_generic_plan");
    await tx.query(SCOPE_SQL, [role, tenant, "on", "5000"]);
    await tx.query(`prepare page (int) as ${statement}`);
    try {
      const [row] = (await tx.query("explain (format json) execute page (21)")) as [{ "QUERY PLAN": [{ Plan: PlanNode }] }];
      return flat(row["QUERY PLAN"][0].Plan);
    } finally {
      await tx.query("deallocate page");
    }
  });
}

const flat = ({ Plans = [], ...node }: PlanNode): string[] => [`${node["Node Type"]} ${node["Index Name"] ?? ""}`.trim(), ...Plans.flatMap(flat)];

const NEWEST = "select uid, action from audit_log order by created_at desc, uid desc limit $1";
const NEWEST_OF_EACH =
  "select e.uid from tenants t, lateral (select * from audit_log a where a.tenant_id = t.id order by a.created_at desc, a.uid desc limit $1) e";
/** What an export reads, page by page. */
const NEXT = `select uid, row_to_json(e) from audit_log e where (e.created_at, e.uid) > ('2026-01-01'::timestamptz, '${LITTLE}'::uuid) order by e.created_at asc, e.uid asc limit $1`;

describe("a page of events", () => {
  it.each<[string, string, string, string, string]>([
    ["of all tenants, for staff", "registry_overview", "", NEWEST, "audit_log_created_idx"],
    ["of each tenant, for staff", "registry_overview", "", NEWEST_OF_EACH, "audit_log_page_idx"],
    ["for staff who narrowed to a tenant with most of the log", "registry_platform", MOST, NEWEST, "audit_log_page_idx"],
    ["for staff who narrowed to a tenant with little of it", "registry_platform", LITTLE, NEWEST, "audit_log_page_idx"],
    ["of a tenant, for staff who narrowed", "registry_platform", MOST, NEWEST_OF_EACH, "audit_log_page_idx"],
    ["for a tenant with most of the log", "registry_tenant", MOST, NEWEST, "audit_log_page_idx"],
    ["for a tenant with little of it", "registry_tenant", LITTLE, NEWEST, "audit_log_page_idx"],
    ["of an export of a tenant with most of the log", "registry_tenant", MOST, NEXT, "audit_log_page_idx"],
    ["of an export of a tenant with little of it", "registry_tenant", LITTLE, NEXT, "audit_log_page_idx"],
  ])("%s is read along an index in its order", async (_what, role, tenant, statement, index) => {
    const nodes = await nodesOf(role, tenant, statement);
    expect(nodes).toContainEqual(expect.stringMatching(new RegExp(`^Index (Only )?Scan ${index}$`)));
    expect(nodes.filter((node) => /Sort|Bitmap/.test(node))).toEqual([]);
  });
});

describe("what a service asks about", () => {
  it.each<[string, string, RegExp]>([
    ["tenants", `select id, status from tenants where id = any(array['${MOST}']::uuid[]) limit $1`, /tenants_pkey/],
    ["their products", "select tenant_id, product from tenant_products limit $1", /tenant_products_pkey/],
    ["their projects", "select tenant_id, slug from tenant_projects limit $1", /tenant_projects_(tenant|created|name)_idx|tenant_projects_tenant_id_slug_key/],
    ["all of it at once", `select t.id, p.product, j.slug from tenants t left join tenant_products p on p.tenant_id = t.id left join tenant_projects j on j.tenant_id = t.id where t.id = any(array['${MOST}']::uuid[]) limit $1`, /tenants_pkey/],
  ])("%s, is read along an index: no other tenant's row is looked at", async (_what, statement, index) => {
    const nodes = await nodesOf("registry_product", `${MOST},${LITTLE}`, statement);
    expect(nodes).toContainEqual(expect.stringMatching(index));
    expect(nodes.filter((node) => node.startsWith("Seq Scan"))).toEqual([]);
  });
});

describe("a key whose look-up id is named", () => {
  it.each<[string, string]>([
    ["by a statement that names it again", "select id, hash from api_keys where lookup_id = any(array['abcdefghijkl', 'mnopqrstuvwx']) limit $1"],
    ["by one that forgets to", "select id, hash from api_keys limit $1"],
    ["to be written", "update api_keys set last_used_at = now() where $1 > 0"],
  ])("is found along its index %s: no other key is looked at", async (_what, statement) => {
    const nodes = await nodesOf("registry_verifier", "abcdefghijkl,mnopqrstuvwx", statement);
    expect(nodes).toContainEqual(expect.stringMatching(/Index Scan.* api_keys_lookup_key$/));
    expect(nodes.filter((node) => node.startsWith("Seq Scan"))).toEqual([]);
  });
});

describe("how often keys were used", () => {
  const THIRTY_DAYS = "u.day between current_date - 29 and current_date";
  const OF_TENANTS = `select asked.id, days.* from unnest('{${MOST},${LITTLE}}'::uuid[]) as asked (id)
    cross join lateral (select u.day, sum(u.verified) from api_key_usage u where u.tenant_id = asked.id and ${THIRTY_DAYS} group by u.day order by u.day) as days limit $1`;
  const OF_KEYS = `select u.day, u.verified from unnest('{${MOST}}'::uuid[], '{${LITTLE}}'::uuid[]) as asked (tenant_id, id)
    join api_key_usage u on u.tenant_id = asked.tenant_id and u.api_key_id = asked.id and ${THIRTY_DAYS} order by u.day limit $1`;

  it.each<[string, string, string, string]>([
    ["all keys of tenants, for staff", "registry_overview", "", OF_TENANTS],
    ["all keys of a tenant, for itself", "registry_tenant", LITTLE, OF_TENANTS],
    ["some keys, for staff", "registry_overview", "", OF_KEYS],
    ["some keys, for their tenant", "registry_tenant", LITTLE, OF_KEYS],
  ])("%s, is read along an index that begins with the tenant: no other tenant's row is looked at", async (_what, role, tenant, statement) => {
    const nodes = await nodesOf(role, tenant, statement);
    expect(nodes).toContainEqual(expect.stringMatching(/Index.* api_key_usage_(tenant_idx|day_key|created_idx)$/));
    expect(nodes.filter((node) => /^Seq Scan|api_key_usage_day_idx/.test(node))).toEqual([]);
  });
});
