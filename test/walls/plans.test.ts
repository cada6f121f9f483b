/** Owns the proof that row security costs no index: whoever asks for a page of a long log, Postgres reads that page and sorts nothing. */
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

describe("a page of events", () => {
  it.each<[string, string, string, string, string]>([
    ["of all tenants, for staff", "registry_overview", "", NEWEST, "audit_log_created_idx"],
    ["of each tenant, for staff", "registry_overview", "", NEWEST_OF_EACH, "audit_log_page_idx"],
    ["for staff who narrowed to a tenant with most of the log", "registry_platform", MOST, NEWEST, "audit_log_page_idx"],
    ["for staff who narrowed to a tenant with little of it", "registry_platform", LITTLE, NEWEST, "audit_log_page_idx"],
    ["of a tenant, for staff who narrowed", "registry_platform", MOST, NEWEST_OF_EACH, "audit_log_page_idx"],
    ["for a tenant with most of the log", "registry_tenant", MOST, NEWEST, "audit_log_page_idx"],
    ["for a tenant with little of it", "registry_tenant", LITTLE, NEWEST, "audit_log_page_idx"],
  ])("%s is read along an index in its order", async (_what, role, tenant, statement, index) => {
    const nodes = await nodesOf(role, tenant, statement);
    expect(nodes).toContainEqual(expect.stringMatching(new RegExp(`^Index (Only )?Scan ${index}$`)));
    expect(nodes.filter((node) => /Sort|Bitmap/.test(node))).toEqual([]);
  });
});
