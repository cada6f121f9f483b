/** Owns the guarantees of the one role that may delete: Postgres itself keeps what is not archived and no demo, and whatever is another tenant's. */
import { beforeAll, describe, expect, it } from "vitest";
import { ERASED_TABLES, eraseRows, eraseTenant } from "../../src/tenant/tenant.erasure.js";
import { fingerprintOfOthers, plantEverything, rowsOf } from "../testkit/everything.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { attempt } from "./scopes.js";
import { CLEAN, houseOf, noted, operator, plainSessions, visit } from "./visits.js";

const REFUSED = "42501";
const EVERYTHING = Object.fromEntries(ERASED_TABLES.map((table) => [table, 1]));

let app: Registry;
let world: World;
let archived: TenantInWorld;
let active: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [archived, active] = [await furnished({ status: "archived" }), await furnished()];
});

async function furnished(fields: Parameters<World["tenant"]>[0] = {}): Promise<TenantInWorld> {
  const tenant = await world.tenant(fields);
  await plantEverything(app, tenant.id);
  await tenant.auditEvent();
  return tenant;
}

const asEraser = (tenantId: string | undefined, text: string) => attempt(app, "registry_eraser", tenantId, text);
const affected = (count: number) => [{ affected: count }];

describe.each(ERASED_TABLES)("of %s, registry_eraser", (table) => {
  it.each<[string, Parameters<World["tenant"]>[0], number]>([
    ["an archived tenant's rows", { status: "archived" }, 1],
    ["a demo's rows", { status: "demo", kind: "demo" }, 1],
    ["an archived demo's rows", { status: "archived", kind: "demo" }, 1],
    ["no row of an active customer", { status: "active" }, 0],
    ["no row of one on trial", { status: "trial" }, 0],
    ["no row of one that is frozen, however long", { status: "frozen", frozenAt: new Date(0) }, 0],
    ["no row of a customer that calls itself a demo", { status: "demo", kind: "customer" }, 0],
  ])("deletes %s", async (_what, fields, count) => {
    const { id } = await furnished(fields);
    expect((await rowsOf(app, id))[table]).toBe(1);
    expect(await asEraser(id, `delete from ${table}`)).toEqual(affected(count));
  });

  it("deletes no row of another archived tenant than the one that is named, and none when none is", async () => {
    const other = await furnished({ status: "archived" });
    expect(await asEraser(archived.id, `delete from ${table} where tenant_id = '${other.id}'`)).toEqual(affected(0));
    for (const none of ["", undefined]) expect(await asEraser(none, `delete from ${table}`)).toEqual(affected(0));
  });

  it("sees whose rows there are and nothing that is in them, and writes none", async () => {
    expect(await asEraser(archived.id, `select tenant_id from ${table}`)).toEqual([{ tenant_id: archived.id }]);
    for (const statement of [`select * from ${table}`, `select ${table} from ${table}`, `insert into ${table} (tenant_id) values ('${archived.id}')`, `update ${table} set tenant_id = tenant_id`, `truncate ${table} cascade`, `delete from ${table} returning *`]) {
      expect([statement, await asEraser(archived.id, statement)]).toEqual([statement, REFUSED]);
    }
  });
});

describe("registry_eraser", () => {
  it.each(["audit_log", "tenants", "tenant_provisioning_steps", "migrations", "pgboss.job", "pgboss.archive"])("deletes nothing from %s, of whomever, and changes nothing there", async (table) => {
    for (const statement of [`delete from ${table}`, `truncate ${table} cascade`, `insert into ${table} default values`]) expect([statement, await asEraser(archived.id, statement)]).toEqual([statement, REFUSED]);
  });

  it.each(["select name from tenants", "select * from audit_log", "update tenants set status = 'archived'", "update tenants set kind = 'demo'", "update audit_log set action = 'x'", "select nextval('audit_log_id_seq')"])("%s is refused", async (statement) => {
    expect(await asEraser(active.id, statement)).toBe(REFUSED);
  });

  it("keeps the idempotency key of the change that it is in, which alone has no answer yet", async () => {
    const { id } = await furnished({ status: "archived" });
    await app.sql("insert into idempotency_keys (tenant_id, principal, operation, key, input_hash) values ($1, 'user:ada', 'in use', 'key', '*')", [id]);
    expect(await asEraser(id, "delete from idempotency_keys")).toEqual(affected(1));
  });

  it("keeps a customer's rows although somebody let it delete them by another policy", async () => {
    const kept = app.dataSource.transaction(async (tx) => {
      await tx.query("set local role none");
      await tx.query("create policy careless on tenant_projects to registry_eraser using (true)");
      await tx.query("select set_config('role', 'registry_eraser', true), set_config('registry.tenant', $1, true)", [active.id]);
      const [, count] = await tx.query<[unknown, number]>("delete from tenant_projects");
      throw new Error(`deleted ${count}`);
    });
    await expect(kept).rejects.toThrow("deleted 0");
  });

  it("is somebody whom only the service's role becomes, and whom it cannot be without asking", async () => {
    expect(await attempt(app, "registry_service", archived.id, "delete from tenant_projects")).toBe(REFUSED);
    for (const role of ["registry_tenant", "registry_platform", "registry_overview"] as const) {
      for (const table of ERASED_TABLES) expect([role, table, await attempt(app, role, archived.id, `delete from ${table}`)]).toEqual([role, table, REFUSED]);
    }
  });
});

describe("the erasure of a tenant", () => {
  const inside = <T>({ id }: TenantInWorld, work: Parameters<ReturnType<ReturnType<typeof visit>["within"]>["change"]>[1]) =>
    visit(houseOf(app), operator()).within(id).change("tenant.archive", work) as Promise<T>;
  const ARCHIVE = "update tenants set status = 'archived', archived_at = now(), version = version + 1 where id = $1";

  it("leaves its tombstone and its audit log, tells how much went, and touches nobody else's row", async () => {
    const tenant = await furnished({ status: "frozen", name: "Gone & Sons" });
    await app.sql("update tenants set keycloak_org_id = $2, cancel_reason = 'other', cancel_note = 'moved on', contract_start = '2026-01-01', contract_end = '2026-12-31', settings = '{\"language\": \"de\"}' where id = $1", [tenant.id, `org-${tenant.id}`]);
    await app.sql("insert into tenant_provisioning_steps (tenant_id, step, state) values ($1, 'organization', 'done')", [tenant.id]);
    const [events, others] = [await app.sql("select * from audit_log where tenant_id = $1", [tenant.id]), await fingerprintOfOthers(app, [tenant.id])];
    const erased = await inside(tenant, async (tx) => {
      await tx.query(ARCHIVE, [tenant.id]);
      return noted(await eraseTenant(tx, tenant.id));
    });
    expect(erased).toEqual(EVERYTHING);
    expect(await rowsOf(app, tenant.id)).toEqual({});
    expect(await app.sql("select * from tenants where id = $1", [tenant.id])).toMatchObject([{
      slug: tenant.slug, name: "Gone & Sons", status: "archived", kind: "customer", plan: "starter", version: 2, cancel_reason: "other", keycloak_org_id: `org-${tenant.id}`,
      erp_customer_id: null, stripe_cust_id: null, sales_owner: null, cancel_note: null, contract_start: null, contract_end: null, settings: {},
    }]);
    expect(await app.sql("select * from audit_log where tenant_id = $1 and action <> 'tenant.archive'", [tenant.id])).toEqual(events);
    expect(await app.sql("select from tenant_provisioning_steps where tenant_id = $1", [tenant.id])).toHaveLength(1);
    expect(await fingerprintOfOthers(app, [tenant.id])).toEqual(others);
  });

  it("takes a key before the project that it is bound to, and the key whose place it took with it", async () => {
    const tenant = await furnished({ status: "frozen" });
    const projectId = (await tenant.project()).id;
    const [older, younger] = [await tenant.apiKey({ projectId }), await tenant.apiKey({ projectId })];
    await app.sql("update api_keys set rotated_from_id = $2 where id = $1", [younger.id, older.id]);
    const erased = await inside(tenant, async (tx) => {
      await tx.query(ARCHIVE, [tenant.id]);
      return noted(await eraseTenant(tx, tenant.id));
    });
    expect(erased).toEqual({ ...EVERYTHING, tenant_projects: 2, api_keys: 3 });
  });

  it("frees the names that other systems have for it, for the customer that comes back", async () => {
    const tenant = await furnished({ status: "frozen" });
    await inside(tenant, async (tx) => {
      await tx.query(ARCHIVE, [tenant.id]);
      return noted(await eraseTenant(tx, tenant.id));
    });
    expect(await app.sql("update tenants set erp_customer_id = $2, stripe_cust_id = $3 where id = $1 returning id", [(await world.tenant()).id, `erp-${tenant.slug}`, `cus-${tenant.slug}`])).toBeDefined();
  });

  it.each([{ status: "active" }, { status: "frozen" }, { status: "trial" }])("that is %o takes nothing: Postgres keeps it", async (fields) => {
    const tenant = await furnished(fields);
    const before = [await rowsOf(app, tenant.id), await app.sql("select * from tenants where id = $1", [tenant.id])];
    expect(await inside(tenant, async (tx) => noted(await eraseTenant(tx, tenant.id)))).toEqual({});
    expect([await rowsOf(app, tenant.id), await app.sql("select * from tenants where id = $1", [tenant.id])]).toEqual(before);
  });

  it("is undone with the change that it was in, and leaves no role behind on the connection", async () => {
    const tenant = await furnished({ status: "frozen" });
    const halfway = inside(tenant, async (tx) => {
      await tx.query(ARCHIVE, [tenant.id]);
      await eraseRows(tx, tenant.id);
      throw new Error("on second thoughts");
    });
    await expect(halfway).rejects.toThrow("on second thoughts");
    expect(await rowsOf(app, tenant.id)).toEqual(EVERYTHING);
    for (const session of await plainSessions(app)) expect(session).toEqual(CLEAN);
  });
});
