/** Owns the proof that a search of a long log is read along an index, in the list's order where it has one: what a page costs does not grow with the log. */
import sql, { type Sql } from "sql-template-tag";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { conditionsOf } from "../../src/audit-event/audit-event.conditions.js";
import { AuditCrud } from "../../src/audit-event/audit-event.entity.js";
import type { AuditEventFilter } from "../../src/audit-event/audit-event.inputs.js";
import { SETTLED } from "../../src/audit-event/audit-event.reads.js";
import { up } from "../../src/database/migrate.js";
import { selection } from "../../src/kernel/page-selection.js";
import { SCOPE_SQL } from "../../src/kernel/scoped-query.js";
import { openSchemaBench, type SchemaBench } from "../database/schema-bench.js";

const TENANT = "00000000-0000-4000-8000-000000000001";
/** The part that has the rows, whichever month it is. */
const PART = "audit_log_2020_05";

interface PlanNode {
  "Node Type": string;
  "Index Name"?: string;
  "Relation Name"?: string;
  "Subplans Removed"?: number;
  Plans?: PlanNode[];
}

let bench: SchemaBench;
beforeAll(async () => {
  bench = await openSchemaBench();
  await up(bench.dataSource);
  await bench.dataSource.query(`
    alter table audit_log detach partition audit_log_before;
    create table ${PART} partition of audit_log for values from ('2020-05-01') to ('2020-06-01');
    insert into tenants (id, slug, name) values ('${TENANT}', 'long-log', 'x');
    insert into tenants (slug, name) select 'tenant-' || g, 'x' from generate_series(1, 20) g;
    insert into audit_log (tenant_id, created_at, action, crud, is_failure, actor_id, target_id, product, request_id, external_id)
      select t.id, '2020-05-01'::timestamptz + g * interval '10 seconds', 'noun.verb' || g % 100, case g % 100 when 0 then 'd' else 'u' end, g % 100 = 1,
        'actor ' || g % 300, 'target ' || g % 3000, 'product ' || g % 40, 'request ' || g / 10, 'event ' || g
      from tenants t, generate_series(1, case t.slug when 'long-log' then 20000 else 500 end) g;
    insert into audit_external_ids (tenant_id, product, external_id, event_id) select tenant_id, product, external_id, uid from audit_log;
    insert into audit_chain (tenant_id, position, event, event_at, format, actor_opening, target_opening, text_opening, leaf, chain)
      select tenant_id, row_number() over (partition by tenant_id order by id), id, created_at, 1, '', '', '', '', '' from audit_log;
    analyze;
  `);
});
afterAll(() => bench.close());

const flat = ({ Plans = [], ...node }: PlanNode): PlanNode[] => [node, ...Plans.flatMap(flat)];
const literal = (value: unknown) => (value instanceof Date ? `'${value.toISOString()}'` : Array.isArray(value) ? `'{${value.join()}}'` : `'${String(value)}'`);

/** The plan that the service's sessions make of a statement, whatever its values. */
function planOf(role: string, tenant: string, { text, values }: Sql): Promise<PlanNode[]> {
  return bench.dataSource.transaction(async (tx) => {
    await tx.query("set local plan_cache_mode = force_generic_plan");
    await tx.query(SCOPE_SQL, [role, tenant, "on", "5000"]);
    await tx.query(`prepare page as ${text}`);
    try {
      const [row] = (await tx.query(`explain (format json) execute page (${values.map(literal).join()})`)) as [{ "QUERY PLAN": [{ Plan: PlanNode }] }];
      return flat(row["QUERY PLAN"][0].Plan);
    } finally {
      await tx.query("deallocate page");
    }
  });
}

const NEWEST_FIRST = { name: "newest", key: sql`a.created_at`, type: "timestamptz", descending: true } as const;
const AS_SETTLED = { name: "settled", key: sql`c.position`, type: "bigint", descending: false } as const;
const page = (filter: AuditEventFilter, place: { key: string; id: string } | null = null) =>
  selection({ columns: sql`a.uid`, from: sql`audit_log a`, where: conditionsOf(filter), id: sql`a.uid`, order: NEWEST_FIRST }, { size: 20, backward: false, place });
const inPart = (nodes: PlanNode[]) => nodes.filter((node) => node["Relation Name"] === PART).map((node) => `${node["Node Type"]} ${node["Index Name"] ?? ""}`);

describe("a page of what a filter leaves", () => {
  it.each<[string, AuditEventFilter, string]>([
    ["nothing", {}, "tenant_id_created_at_uid_idx"],
    ["an action", { action: "noun.verb7" }, "tenant_id_action_created_at_uid_idx"],
    ["an actor", { actorId: "actor 7" }, "tenant_id_actor_id_created_at_uid_idx"],
    ["a target", { targetId: "target 7" }, "tenant_id_target_id_created_at_uid_idx"],
    ["a product", { product: "product 7" }, "tenant_id_product_created_at_uid_idx"],
    ["failures", { isFailure: true }, "tenant_id_created_at_uid_idx\\d*"],
    ["deletions", { crud: AuditCrud.DELETE }, "tenant_id_created_at_uid_idx\\d*"],
    ["deletions, in words", { cruds: [AuditCrud.DELETE] }, "tenant_id_created_at_uid_idx\\d*"],
    ["a time", { from: new Date("2020-05-02T00:00:00Z"), until: new Date("2020-05-03T00:00:00Z") }, "tenant_id_created_at_uid_idx"],
    ["a text", { text: "seldom" }, "tenant_id_created_at_uid_idx"],
  ])("of %s is read in its order along an index, without sorting", async (_what, filter, index) => {
    const nodes = await planOf("registry_tenant", TENANT, page(filter));
    expect(inPart(nodes)).toEqual([expect.stringMatching(new RegExp(`^Index (Only )?Scan ${PART}_${index}$`))]);
  });

  it.each<[string, AuditEventFilter, string]>([
    ["a request", { requestId: "request 7" }, "tenant_id_request_id_idx"],
    ["what its product calls it", { externalId: "event 7" }, "uid_idx"],
  ])("of %s is found by an index of its own", async (_what, filter, index) => {
    const nodes = await planOf("registry_tenant", TENANT, page(filter));
    expect(nodes.map((node) => node["Index Name"] ?? "").filter((name) => name.startsWith(PART))).toEqual([`${PART}_${index}`]);
    if (filter.externalId) expect(nodes).toContainEqual(expect.objectContaining({ "Index Name": "audit_external_ids_pkey" }));
  });

  it("of failures and deletions is read along the index that holds nothing else", async () => {
    const indexes = (await bench.dataSource.query(
      "select i.relname as name, pg_get_expr(x.indpred, x.indrelid) as holds from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = $1::regclass and x.indpred is not null",
      [PART],
    )) as { name: string; holds: string }[];
    for (const [filter, holds] of [[{ isFailure: true }, "is_failure"], [{ crud: AuditCrud.DELETE }, "(crud = 'd'::text)"]] as const) {
      const own = indexes.find((index) => index.holds === holds)?.name;
      expect(inPart(await planOf("registry_tenant", TENANT, page(filter)))).toEqual([expect.stringMatching(new RegExp(` ${own}$`))]);
    }
  });

  it("begins at its place, also deep in the log, and passes over the parts that are on its other side", async () => {
    const nodes = await planOf("registry_tenant", TENANT, page({}, { key: "2020-05-03 00:00:00+00", id: TENANT }));
    expect(inPart(nodes)).toEqual([expect.stringMatching(/^Index (Only )?Scan .*_tenant_id_created_at_uid_idx$/)]);
    expect(nodes.find((node) => node["Subplans Removed"])?.["Subplans Removed"]).toBeGreaterThanOrEqual(4);
  });
});

describe("a page in the log's own order", () => {
  it.each([[null], [{ key: "15000", id: TENANT }]])("from %o on is read along the chain, each event by its number in the one part that has it", async (place) => {
    const statement = selection(
      { columns: sql`a.uid`, from: SETTLED, where: [], id: sql`a.uid`, order: AS_SETTLED },
      { size: 20, backward: false, place },
    );
    const nodes = await planOf("registry_tenant", TENANT, statement);
    expect(nodes).toContainEqual(expect.objectContaining({ "Index Name": "audit_chain_pkey" }));
    expect(nodes.map((node) => node["Node Type"])).toEqual(expect.not.arrayContaining(["Seq Scan", "Hash Join", "Sort"]));
    expect(inPart(nodes)).toEqual([`Index Scan ${PART}_pkey`]);
  });
});
