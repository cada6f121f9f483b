import { randomUUID } from "node:crypto";
import sql, { raw } from "sql-template-tag";
import { beforeAll, describe, expect, it } from "vitest";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { attempt, type Outcome } from "./scopes.js";
import { adminOf, houseOf, operator, visit } from "./visits.js";

const REFUSED = "42501";
const READ_ONLY = "25006";
const NONE: Outcome = [];
const UNTOUCHED: Outcome = [{ affected: 0 }];

/** Every table that holds a tenant's rows, with the column that says whose; `grants.test.ts` proves that there are no others. */
const TABLES = { tenants: "id", tenant_projects: "tenant_id", tenant_products: "tenant_id", tenant_idp_config: "tenant_id", api_keys: "tenant_id", audit_log: "tenant_id", idempotency_keys: "tenant_id", product_requests: "tenant_id", entitlement_notices: "tenant_id", tenant_exports: "tenant_id", api_key_policies: "tenant_id", api_key_usage: "tenant_id", tenant_environments: "tenant_id", environment_placements: "tenant_id", tenant_teams: "tenant_id", team_channels: "tenant_id", tenant_flows: "tenant_id", flow_versions: "tenant_id", environment_flows: "tenant_id", tenant_usage: "tenant_id" };
const EACH = Object.entries(TABLES);

let app: Registry;
let mine: TenantInWorld;
let theirs: TenantInWorld;
const names: Record<string, string> = {};
beforeAll(async () => {
  app = await registry();
  const world = await openWorld(app);
  [mine, theirs] = [await world.tenant(), await world.tenant()];
  for (const [whose, tenant] of [["MINE", mine], ["THEIRS", theirs]] as const) {
    Object.assign(names, { [whose]: tenant.id, [`${whose}_SLUG`]: tenant.slug, [`${whose}_PROJECT`]: (await tenant.project()).id });
    await tenant.entitlement();
    await tenant.idpConfig();
    const { id: apiKey } = await tenant.apiKey();
    await app.sql("insert into api_key_policies (tenant_id) values ($1)", [tenant.id]);
    await app.sql("insert into api_key_usage (tenant_id, api_key_id, day) values ($1, $2, current_date)", [tenant.id, apiKey]);
    await tenant.channel();
    await tenant.running(await tenant.environment(), await tenant.flow());
    await tenant.usage();
    await tenant.auditEvent();
    await tenant.productRequest();
    await app.sql("insert into entitlement_notices (tenant_id, product, days_left, deadline) values ($1, 'crm', 3, now())", [tenant.id]);
    await app.sql("insert into tenant_exports (tenant_id, requested_by, token_hash, expires_at) values ($1, 'x', $2, now())", [tenant.id, randomUUID()]);
    await app.sql("insert into idempotency_keys (tenant_id, principal, operation, key, input_hash) values ($1, 'user:x', 'createProject', 'x', 'x')", [tenant.id]);
  }
});

/** MINE, THEIRS, MINE_PROJECT … in a statement are those of the two tenants, NOBODY an id that is nobody's. */
const filled = (text: string) => text.replace(/\b(MINE|THEIRS|NOBODY)\w*/g, (name) => `'${name === "NOBODY" ? randomUUID() : names[name]}'`);
const asTenant = (text: string) => attempt(app, "registry_tenant", mine.id, filled(text));
const asPlatform = (text: string, tenant: string) => attempt(app, "registry_platform", tenant, filled(text));
const asOverview = (text: string, tenant = "") => attempt(app, "registry_overview", tenant, filled(text));
const without = (text: string) => attempt(app, "registry_service", undefined, filled(text));

describe("without a door", () => {
  it.each(EACH)("nothing can be done to %s", async (table, column) => {
    const statements = [`select from ${table}`, `select count(*) from ${table}`, `select ${column} from ${table} for share`, `insert into ${table} default values`,
      `update ${table} set ${column} = ${column}`, `delete from ${table}`, `truncate ${table} cascade`, `copy ${table} to stdout`, `lock table ${table}`, `drop table ${table} cascade`, `alter table ${table} disable row level security`];
    for (const statement of statements) expect([statement, await without(statement)]).toEqual([statement, REFUSED]);
  });

  it("not even with a tenant named", async () => {
    expect(await attempt(app, "registry_service", mine.id, "select from tenants")).toBe(REFUSED);
  });

  it.each(["select nextval('audit_log_id_seq')", "select currval('audit_log_id_seq')", "select setval('audit_log_id_seq', 1)", "select last_value from audit_log_id_seq", "insert into migrations (timestamp, name) values (1, 'x')", "delete from migrations", "create table stolen ()", "select pg_read_file('PG_VERSION')", "select * from pg_authid"])("%s is refused", async (statement) => {
    expect(await without(statement)).toBe(REFUSED);
  });
});

describe("in a tenant", () => {
  it.each(EACH)("%s shows its own rows and none of the other's, and none without a tenant", async (table, column) => {
    const count = `select count(*) filter (where ${column} = MINE)::int as mine, count(*)::int as every from ${table}`;
    const [seen] = (await asTenant(count)) as { mine: number; every: number }[];
    expect(seen).toEqual({ mine: seen?.mine, every: seen?.mine });
    expect(seen?.mine).toBeGreaterThan(0);
    for (const none of ["", undefined]) expect(await attempt(app, "registry_tenant", none, `select from ${table}`)).toEqual(UNTOUCHED);
  });

  it.each(EACH)("%s shows staff who narrowed the same rows, and none without a tenant", async (table, column) => {
    const whose = `select distinct ${column} as id from ${table}`;
    expect(await asPlatform(whose, mine.id)).toEqual([{ id: mine.id }]);
    for (const none of ["", undefined]) expect(await attempt(app, "registry_platform", none, whose)).toEqual(NONE);
  });

  it.each(["abc", " ", "*", "%", "null", "' or true --", "00000000", "00000000-0000-0000-0000-000000000001, 00000000-0000-0000-0000-000000000002"])(
    "a malformed tenant %j is an error, not everything",
    async (tenant) => {
      for (const role of ["registry_tenant", "registry_platform"] as const) {
        for (const [table] of EACH) expect(await attempt(app, role, tenant, `select from ${table}`)).toBe("22P02");
      }
    },
  );

  it.each<[string, string, Outcome]>([
    ["looks by id", "select id from tenants where id = THEIRS", NONE],
    ["looks by slug", "select id from tenants where slug = THEIRS_SLUG", NONE],
    ["locks", "select id from tenant_projects where id = THEIRS_PROJECT for update", NONE],
    ["locks for sharing", "select id from tenants where id = THEIRS for share", NONE],
    ["joins", "select p.id from tenant_projects p join tenants t on t.id = p.tenant_id where t.id = THEIRS", NONE],
    ["joins outwards", "select t.slug from (values (THEIRS::uuid)) v (id) left join tenants t using (id)", [{ slug: null }]],
    ["asks in a subquery", "select (select slug from tenants where id = THEIRS) as slug, exists (select from api_keys where tenant_id = THEIRS) as key", [{ slug: null, key: false }]],
    ["asks in a CTE", "with t as materialized (select * from tenants) select id from t where id = THEIRS", NONE],
    ["changes in a CTE", "with t as (update tenant_projects set name = 'x' where tenant_id = THEIRS returning *) select id from t", NONE],
    ["tests a guess where an error would tell", "select id from tenants where 1 / (case when slug = THEIRS_SLUG then 0 else 1 end) = 0", NONE],
    ["reads what the planner knows", "select most_common_vals, histogram_bounds from pg_stats where schemaname = current_schema()", NONE],
    ["inserts a project there", "insert into tenant_projects (tenant_id, slug, name) values (THEIRS, 'x-x', 'x')", REFUSED],
    ["inserts an event there", "insert into audit_log (tenant_id, action) values (THEIRS, 'x.x')", REFUSED],
    ["inserts an event of nobody", "insert into audit_log (action) values ('x.x')", REFUSED],
    ["inserts from there", "insert into tenant_projects (tenant_id, slug, name) select MINE, slug, name from tenants where id = THEIRS", UNTOUCHED],
    ["renames it", "update tenants set name = 'x' where id = THEIRS", UNTOUCHED],
    ["renames a project and asks for it back", "update tenant_projects set name = 'x' where id = THEIRS_PROJECT returning *", NONE],
    ["renames everything", "update tenant_projects set name = 'x'", [{ affected: 1 }]],
    ["moves its project there", "update tenant_projects set tenant_id = THEIRS where id = MINE_PROJECT", REFUSED],
    ["writes over a project by its id", "insert into tenant_projects (id, tenant_id, slug, name) values (THEIRS_PROJECT, MINE, 'x-x', 'x') on conflict (id) do update set name = 'x'", REFUSED],
    ["points an event at a project of theirs", "insert into audit_log (tenant_id, action, project_id) values (MINE, 'x.x', THEIRS_PROJECT)", [{ affected: 1 }]],
    ["points an event at a project of nobody, and is told the same", "insert into audit_log (tenant_id, action, project_id) values (MINE, 'x.x', NOBODY)", [{ affected: 1 }]],
  ])("one that %s gets nothing of the other", async (_what, statement, outcome) => {
    expect(await asTenant(statement)).toEqual(outcome);
  });

  it.each(["status = 'active'", "plan = 'enterprise'", "slug = 'other'", "id = gen_random_uuid()", "kind = 'demo'", "trial_ends_at = null", "erp_customer_id = null", "stripe_cust_id = null", "contract_end = null", "sales_owner = null", "keycloak_org_id = 'x'", "created_at = now()"])(
    "nobody sets its own tenant's %s",
    async (assignment) => expect(await asTenant(`update tenants set ${assignment} where id = MINE`)).toBe(REFUSED),
  );

  it.each(EACH)("nobody deletes from %s, nor empties it", async (table) => {
    for (const run of [asTenant, asOverview, (text: string) => asPlatform(text, mine.id)]) {
      expect([await run(`delete from ${table}`), await run(`truncate ${table} cascade`)]).toEqual([REFUSED, REFUSED]);
    }
  });

  it.each(["select hash from api_keys", "select * from api_keys", "select k from api_keys k", "select count(hash) from api_keys", "select id from api_keys where hash like '%'", "select id from api_keys order by hash", "update api_keys set hash = 'x'", "insert into api_keys (tenant_id, name, hash, prefix) values (MINE, 'x', 'x', 'x')", "update audit_log set action = 'x'", "update tenant_products set enabled = true", "insert into tenants (slug, name) values ('x-x', 'x')", "update tenant_idp_config set verified = true"])("%s is refused", async (statement) => {
    expect(await asTenant(statement)).toBe(REFUSED);
  });
});

describe("what a tenant's own people add", () => {
  const TRIAL = "insert into tenant_products (tenant_id, product, source, trial_started_at, expires_at) values (MINE, 'x', 'trial', now(), now())";
  const REQUEST = "insert into product_requests (tenant_id, product, requested_by) values (MINE, 'x', 'dana')";

  it.each<[string, string, Outcome]>([
    ["a trial", TRIAL, [{ affected: 1 }]],
    ["a trial without a beginning", "insert into tenant_products (tenant_id, product, source, expires_at) values (MINE, 'x', 'trial', now())", "23514"],
    ["a trial without an end", "insert into tenant_products (tenant_id, product, source, trial_started_at) values (MINE, 'x', 'trial', now())", "23514"],
    ["a trial with settings", TRIAL.replace("source,", "config, source,").replace("'trial',", `'{"max_seats": 1}', 'trial',`), REFUSED],
    ["a trial of another tenant", TRIAL.replace("MINE", "THEIRS"), REFUSED],
    ["a purchase", "insert into tenant_products (tenant_id, product) values (MINE, 'x')", REFUSED],
    ["a purchase that pretends to have been a trial", "insert into tenant_products (tenant_id, product, trial_started_at) values (MINE, 'x', now())", REFUSED],
    ["a second trial over the first row", TRIAL.replace("'x'", "'crm'"), "23505"],
    ["a second trial in place of the first row", `${TRIAL.replace("'x'", "'crm'")} on conflict (tenant_id, product) do update set expires_at = excluded.expires_at`, REFUSED],
    ["a later end", "update tenant_products set expires_at = null where tenant_id = MINE", REFUSED],
    ["an open request", REQUEST, [{ affected: 1 }]],
    ["a request that is won", REQUEST.replace("product,", "product, status,").replace("'x',", "'x', 'won',"), REFUSED],
    ["a request that sales noted", REQUEST.replace("product,", "product, note,").replace("'x',", "'x', 'x',"), REFUSED],
    ["a second open request", REQUEST.replace("'x'", "'crm'"), "23505"],
    ["a decision", "update product_requests set status = 'won' where tenant_id = MINE", REFUSED],
    ["a reminder", "insert into entitlement_notices (tenant_id, product, days_left, deadline) values (MINE, 'crm', 1, now())", REFUSED],
  ])("%s", async (_what, statement, outcome) => {
    expect(await asTenant(statement)).toEqual(outcome);
  });
});

describe("as platform staff who did not narrow", () => {
  it.each(EACH)("the rows of all tenants in %s are there, and nothing is written", async (table, column) => {
    const whose = filled(`select ${column} as id, count(*)::int from ${table} where ${column} in (MINE, THEIRS) group by 1 order by 1`);
    const every = await app.sql(whose);
    expect(every).toHaveLength(2);
    expect(await asOverview(whose)).toEqual(every);
    for (const statement of [`insert into ${table} default values`, `update ${table} set ${column} = ${column}`, `select ${column} from ${table} for share`]) {
      for (const tenant of ["", mine.id]) expect([statement, await asOverview(statement, tenant)]).toEqual([statement, REFUSED]);
    }
  });

  it("events that are nobody's are there too", async () => {
    const action = `nobody.${randomUUID()}`;
    await app.sql("insert into audit_log (action) values ($1)", [action]);
    const events = `select tenant_id from audit_log where action = '${action}'`;
    expect(await asOverview(events)).toEqual([{ tenant_id: null }]);
    expect([await asTenant(events), await asPlatform(events, mine.id)]).toEqual([NONE, NONE]);
    expect(await visit(houseOf(app), operator()).read(sql`select tenant_id from audit_log where action = ${action}`)).toEqual([{ tenant_id: null }]);
  });

  it("a key's hash is not there", async () => expect(await asOverview("select hash from api_keys")).toBe(REFUSED));

  it("an export's hash is not there, nor for staff who narrowed", async () => {
    for (const outcome of [await asOverview("select token_hash from tenant_exports"), await asPlatform("select token_hash from tenant_exports", mine.id)]) expect(outcome).toBe(REFUSED);
  });
});

describe("as platform staff who narrowed", () => {
  it.each<[string, string, Outcome]>([
    ["insert into tenant_projects (tenant_id, slug, name) values (MINE, 'x-x', 'x')", "", REFUSED],
    ["insert into tenant_products (tenant_id, product) values (MINE, 'x')", "", REFUSED],
    ["insert into audit_log (tenant_id, action) values (MINE, 'x.x')", "", REFUSED],
    ["update tenants set name = 'x' where id = MINE", "", UNTOUCHED],
    ["update tenant_products set enabled = false", "", UNTOUCHED],
    ["update tenant_projects set name = 'x' where id = THEIRS_PROJECT", "MINE", UNTOUCHED],
    ["insert into tenant_projects (tenant_id, slug, name) values (THEIRS, 'x-x', 'x')", "MINE", REFUSED],
    ["update tenants set name = 'x'", "MINE", [{ affected: 1 }]],
    ["insert into tenants (id, slug, name) values (NOBODY, 'x-x', 'x')", "MINE", REFUSED],
    ["update tenants set id = THEIRS where id = MINE", "MINE", REFUSED],
    ["update audit_log set action = 'x'", "MINE", REFUSED],
    ["select hash from api_keys", "MINE", REFUSED],
    ["select id from tenants where id = THEIRS", "MINE", NONE],
  ])("%s, narrowed to %j", async (statement, tenant, outcome) => {
    expect(await asPlatform(statement, names[tenant] ?? "")).toEqual(outcome);
  });
});

describe("through the read door", () => {
  it.each<[string, string]>([
    ["insert into tenant_projects (tenant_id, slug, name) values (MINE, 'x-x', 'x')", READ_ONLY],
    ["update tenants set name = 'x'", READ_ONLY],
    ["with t as (update tenants set name = 'x' returning *) select id from t", READ_ONLY],
    ["with t as (insert into audit_log (tenant_id, action) values (MINE, 'x.x') returning id) select id from t", READ_ONLY],
    ["select nextval('audit_log_id_seq')", READ_ONLY],
    ["select id from tenants for update", READ_ONLY],
    ["select set_config('transaction_read_only', 'off', true)", "25001"],
    ["select 1; update tenants set name = 'x'", "42601"],
  ])("%s is refused", async (statement, code) => {
    for (const principal of [adminOf(mine.id), operator(mine.id)]) {
      await expect(visit(houseOf(app), principal).read(sql`${raw(filled(statement))}`)).rejects.toMatchObject({ code });
    }
    expect(await app.sql("select name from tenants where id = $1", [mine.id])).toEqual([{ name: "A tenant" }]);
  });
});

describe("known limits", () => {
  it("whoever could run any SQL inside a door could name another tenant or role: statements are parameterised, always", async () => {
    expect(await asTenant("select set_config('registry.tenant', THEIRS, true); select id from tenants")).toEqual([{ id: theirs.id }]);
    expect(await asTenant("set local role registry_platform; select id from tenants where id = MINE")).toEqual([{ id: mine.id }]);
  });

  it("whoever could run any SQL could learn that a UUID is in use, if it could guess one", async () => {
    const insert = "insert into tenant_projects (id, tenant_id, slug, name) values (THEIRS_PROJECT, MINE, 'x-x', 'x')";
    expect([await asTenant(insert), await asTenant(`${insert} on conflict do nothing`)]).toEqual(["23505", UNTOUCHED]);
  });
});
