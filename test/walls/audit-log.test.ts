/** Owns the proof that nobody of the service changes or deletes what is in the audit log or what proves it, by whichever way it is named. */
import { beforeAll, describe, expect, it } from "vitest";
import { notaryOf } from "../testkit/notary.js";
import { plantEvent } from "../testkit/planted-events.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";

const ROLES = ["registry_service", "registry_tenant", "registry_platform", "registry_overview", "registry_product", "registry_queue", "registry_eraser", "registry_verifier", "registry_notary"];
const PROOFS = ["audit_chain", "audit_nodes", "audit_checkpoints"];

let app: Registry;
let tenant: TenantInWorld;
let tables: string[];
beforeAll(async () => {
  app = await registry();
  tenant = await (await openWorld(app)).tenant();
  await plantEvent(app, tenant.id);
  await notaryOf(app).settle();
  const parts = await app.sql<{ name: string }>("select relname as name from pg_inherits join pg_class on oid = inhrelid where inhparent = 'audit_log'::regclass order by 1");
  expect(parts.length).toBeGreaterThan(3);
  tables = ["audit_log", ...parts.map(({ name }) => name), ...PROOFS];
});

/** What one statement is refused with, in the tenant's scope; null when it is done. */
async function refusal(role: string, statement: string): Promise<string | null> {
  const runner = app.dataSource.createQueryRunner();
  try {
    await runner.startTransaction();
    await runner.query("select set_config('role', $1, true), set_config('registry.tenant', $2, true)", [role, tenant.id]);
    return await runner.query(statement).then(() => null, ({ code }: { code: string }) => code);
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

describe.each(ROLES)("%s", (role) => {
  it("updates, deletes and truncates nothing of the log, of any part of it, or of its proofs", async () => {
    const changes = (table: string) => [
      `delete from ${table}`, `truncate ${table}`, `update ${table} set tenant_id = tenant_id`, `drop table ${table}`, `alter table ${table} disable row level security`,
      ...(PROOFS.includes(table) ? [] : [`update ${table} set action = 'x'`, `update ${table} set actor_id = null`, `select from ${table} for update`]),
    ];
    for (const table of tables) {
      for (const statement of changes(table)) expect([statement, await refusal(role, statement)]).toEqual([statement, "42501"]);
    }
  });

  it("writes and reads a part of the log only through the log", async () => {
    for (const table of tables.slice(1, -PROOFS.length)) {
      expect([table, await refusal(role, `select from ${table}`)]).toEqual([table, "42501"]);
      expect([table, await refusal(role, `insert into ${table} (tenant_id, action) values ('${tenant.id}', 'test.planted')`)]).toEqual([table, "42501"]);
    }
  });

  it("adds to chain, tree and checkpoints only as the notary, and moves the mark of what is settled only as the notary", async () => {
    const expected = role === "registry_notary" ? null : "42501";
    const values = { audit_chain: "(tenant_id, position, event, event_at, format, actor_opening, target_opening, text_opening, leaf, chain) values (gen_random_uuid(), 1, -1, now(), 1, '', '', '', '', '')", audit_nodes: "values (gen_random_uuid(), 8, 0, '')", audit_checkpoints: "values (gen_random_uuid(), 1, 'interval', 1, 'x')" };
    for (const [table, row] of Object.entries(values)) expect([table, await refusal(role, `insert into ${table} ${row}`)]).toEqual([table, expected]);
    expect(await refusal(role, "update audit_settlement set xid = xid")).toBe(expected);
    for (const statement of ["delete from audit_settlement", "truncate audit_settlement", "update audit_settlement set log_id = gen_random_uuid()", "insert into audit_settlement default values"]) {
      expect([statement, await refusal(role, statement)]).toEqual([statement, "42501"]);
    }
  });

  it("runs only the functions that are its own to keep the log", async () => {
    const runs: Record<string, string> = {
      "select audit_log_make_parts()": "registry_notary",
      "select audit_log_drop_part()": "registry_notary",
      [`select audit_log_purge('${tenant.id}')`]: "registry_notary",
      [`select audit_log_due_before('${tenant.id}')`]: "registry_notary",
      [`select * from audit_log_erase('${tenant.id}', 'nobody')`]: "registry_platform",
    };
    for (const [statement, runner] of Object.entries(runs)) expect([statement, await refusal(role, statement)]).toEqual([statement, role === runner ? null : "42501"]);
  });
});

describe("the columns that order the log", () => {
  it.each(["registry_tenant", "registry_platform"])("are the database's: %s gives no event a number, a transaction or a time of arrival", async (role) => {
    expect(await refusal(role, `insert into audit_log (tenant_id, action) values ('${tenant.id}', 'test.planted')`)).toBeNull();
    for (const column of ["id, 1", "xid, 1", "received_at, now()"]) {
      const [name, value] = column.split(", ");
      expect([name, await refusal(role, `insert into audit_log (tenant_id, action, ${name}) values ('${tenant.id}', 'test.planted', ${value})`)]).toEqual([name, "42501"]);
    }
  });

  it("are within the days in which a product may be late", async () => {
    const at = (time: string) => refusal("registry_tenant", `insert into audit_log (tenant_id, action, created_at) values ('${tenant.id}', 'test.planted', ${time})`);
    expect([await at("now() - interval '7 days'"), await at("now()"), await at("now() - interval '9 days'"), await at("now() + interval '2 hours'"), await at("'infinity'")]).toEqual([null, null, "42501", "42501", "42501"]);
  });
});

describe("the notary", () => {
  it("sees events and what they are kept for, and of everything else nothing", async () => {
    expect(await refusal("registry_notary", "select from audit_log")).toBeNull();
    for (const table of ["tenants", "api_keys", "tenant_idp_config", "tenant_exports", "audit_external_ids"]) expect([table, await refusal("registry_notary", `select from ${table}`)]).toEqual([table, "42501"]);
    expect(await refusal("registry_notary", "insert into audit_log (action) values ('test.planted')")).toBe("42501");
  });
});
