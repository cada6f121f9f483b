/** Owns the proof that the queue of jobs is no way around the walls: a tenant's door reaches its own jobs alone, and the worker's role no tenant's data. */
import { createHash } from "node:crypto";
import PgBoss from "pg-boss";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { JOB_KINDS } from "../../src/kernel/jobs.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { attempt, type Outcome, type Role } from "./scopes.js";

const REFUSED = "42501";
const NONE: Outcome = [];

let app: Registry;
let mine: TenantInWorld;
let theirs: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  const world = await openWorld(app);
  [mine, theirs] = [await world.tenant(), await world.tenant()];
  for (const { id } of [mine, theirs]) await app.sql("insert into pgboss.job (name, data, singleton_key) values ('tenant.provision', jsonb_build_object('tenantId', $1::text), $1)", [id]);
  await app.sql("insert into pgboss.archive (id, name, retry_limit, retry_count, retry_delay, retry_backoff, start_after, expire_in, created_on, keep_until, priority, state, data) select id, name, 1, 1, 1, true, now(), '1s', now(), now(), 0, 'completed', data from pgboss.job where singleton_key = any($1)", [[mine.id, theirs.id]]);
});

afterAll(() => app.sql("delete from pgboss.job where singleton_key = any($1)", [[mine.id, theirs.id]]));

const filled = (text: string) => text.replace(/\b(MINE|THEIRS)\b/g, (name) => `'${name === "MINE" ? mine.id : theirs.id}'`);
const as = (role: Role, text: string, tenant: string | undefined = mine.id) => attempt(app, role, tenant, filled(text));
const insertFor = (data: string, { kind = "tenant.advance", key = "MINE" } = {}) => `insert into pgboss.job (name, data, singleton_key) values ('${kind}', ${data}, ${key})`;
const FOR_MINE = "jsonb_build_object('tenantId', MINE)";

describe("a tenant's door, and staff who narrowed to it", () => {
  it.each<[string, string, Outcome]>([
    ["sees its own jobs", "select singleton_key from pgboss.job where name = 'tenant.provision'", [{ singleton_key: "MINE" }]],
    ["sees none of another's", "select id from pgboss.job where singleton_key = THEIRS", NONE],
    ["holds none of another's", "select id from pgboss.job where singleton_key = THEIRS for share", NONE],
    ["asks for its own", insertFor(FOR_MINE), [{ affected: 1 }]],
    ["asks for its own at a later time", insertFor(FOR_MINE, { key: "MINE || ' 2030-01-01T00:00:00.000Z'" }), [{ affected: 1 }]],
    ["takes no place in the queue that is another's", insertFor(FOR_MINE, { key: "THEIRS" }), REFUSED],
    ["takes no place in the queue that is nobody's", insertFor(FOR_MINE, { key: "null" }), REFUSED],
    ["asks for no sweep in its own name", insertFor(FOR_MINE, { kind: "deadlines.sweep" }), REFUSED],
    ["asks for no reset of the demos in its own name", insertFor(FOR_MINE, { kind: "demo.reset" }), REFUSED],
    ["asks for none of another's", insertFor("jsonb_build_object('tenantId', THEIRS)"), REFUSED],
    ["asks for none of the platform's", insertFor("'{}'"), REFUSED],
    ["asks for none of the platform's without any data", insertFor("null"), REFUSED],
    ["changes none of another's", "update pgboss.job set priority = 9 where singleton_key = THEIRS", [{ affected: 0 }]],
    ["gives none away", "update pgboss.job set data = jsonb_build_object('tenantId', THEIRS) where singleton_key = MINE", REFUSED],
    ["ends none", "update pgboss.job set output = null where singleton_key = MINE", REFUSED],
    ["removes none", "delete from pgboss.job", REFUSED],
    ["sees no archive", "select id from pgboss.archive", REFUSED],
    ["makes no queue", "select pgboss.create_queue('x', '{}')", REFUSED],
    ["removes no queue", "select pgboss.delete_queue('tenant.advance')", REFUSED],
    ["changes no queue", "update pgboss.queue set retry_limit = 0", REFUSED],
    ["stops no clock", "select * from pgboss.schedule", REFUSED],
  ])("%s", async (_what, statement, outcome) => {
    const expected = JSON.parse(JSON.stringify(outcome).replaceAll("MINE", mine.id)) as Outcome;
    for (const role of ["registry_tenant", "registry_platform"] as const) expect([role, await as(role, statement)]).toEqual([role, expected]);
  });

  it("sees nothing without a tenant", async () => {
    for (const role of ["registry_tenant", "registry_platform"] as const) expect(await as(role, "select id from pgboss.job", "")).toEqual(NONE);
  });

  it("cannot go to a kind's own table, where no policy would look", async () => {
    const [{ name }] = (await app.sql("select partition_name as name from pgboss.queue where name = 'tenant.provision'")) as [{ name: string }];
    for (const role of ["registry_tenant", "registry_platform", "registry_overview", "registry_queue", "registry_service"] as const) {
      for (const statement of [`select id from pgboss.${name}`, `insert into pgboss.${name} (name) values ('tenant.provision')`, `delete from pgboss.${name}`]) expect([role, await as(role, statement)]).toEqual([role, REFUSED]);
    }
  });
});

describe("staff who narrowed to no tenant", () => {
  it("see every tenant's jobs, and change none", async () => {
    expect(await as("registry_overview", "select singleton_key from pgboss.job where singleton_key in (MINE, THEIRS)", "")).toHaveLength(2);
    for (const statement of [insertFor("'{}'"), "update pgboss.job set priority = 1", "delete from pgboss.job", "select id from pgboss.job for share"]) expect(await as("registry_overview", statement, "")).toBe(REFUSED);
  });
});

describe("the worker's role", () => {
  it("reads no tenant's table, whatever tenant is named", async () => {
    const tables = await app.sql<{ name: string }>("select tablename as name from pg_tables where schemaname = current_schema() and tablename not in ('migrations', 'idempotency_keys', 'api_key_usage', 'tenant_usage') order by 1");
    expect(tables.length).toBeGreaterThanOrEqual(6);
    for (const { name } of tables) for (const tenant of ["", mine.id]) expect([name, await as("registry_queue", `select from ${name}`, tenant)]).toEqual([name, REFUSED]);
  });

  it.each(["select pgboss.create_queue('x', '{}')", "create table pgboss.x ()", "truncate pgboss.job", "update pgboss.version set version = 1", "insert into pgboss.schedule (name, cron) values ('tenant.advance', '* * * * *')"])("cannot %s", async (statement) => {
    expect(await as("registry_queue", statement, "")).toBe(REFUSED);
  });
});

describe("the queue's tables", () => {
  it("have exactly these privileges, and everyone else has none", async () => {
    const granted = await app.sql<{ line: string }>(`
      with granted as (
        select a.grantee, a.privilege_type, c.relname as object, null as field from pg_class c, aclexplode(c.relacl) a
        where c.relnamespace = 'pgboss'::regnamespace and a.grantee <> c.relowner
        union all
        select a.grantee, a.privilege_type, c.relname, f.attname from pg_class c join pg_attribute f on f.attrelid = c.oid, aclexplode(f.attacl) a
        where c.relnamespace = 'pgboss'::regnamespace and a.grantee <> c.relowner
        union all
        select a.grantee, a.privilege_type, proname, null from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.pronamespace = 'pgboss'::regnamespace and a.grantee <> p.proowner
        union all
        select a.grantee, a.privilege_type, 'schema', null from pg_namespace n, aclexplode(n.nspacl) a where n.nspname = 'pgboss' and a.grantee <> n.nspowner
      )
      select concat(case grantee when 0 then 'everyone' else grantee::regrole::text end, ' ', lower(privilege_type), ' ', object,
        case when count(field) > 0 then ' (' || string_agg(field, ', ' order by field) || ')' end) as line
      from granted group by grantee, privilege_type, object order by 1`);
    expect(granted.map(({ line }) => line)).toMatchInlineSnapshot(`
      [
        "registry_overview select job",
        "registry_overview usage schema",
        "registry_platform insert job (data, dead_letter, expire_in, id, keep_until, name, policy, priority, retry_backoff, retry_delay, retry_limit, singleton_key, singleton_on, start_after)",
        "registry_platform select job",
        "registry_platform select queue",
        "registry_platform update job (completed_on, keep_until, priority, retry_limit, start_after, state)",
        "registry_platform usage schema",
        "registry_queue delete archive",
        "registry_queue delete job",
        "registry_queue insert archive",
        "registry_queue insert job",
        "registry_queue select archive",
        "registry_queue select job",
        "registry_queue select queue",
        "registry_queue update job",
        "registry_queue usage schema",
        "registry_tenant insert job (data, dead_letter, expire_in, id, keep_until, name, policy, priority, retry_backoff, retry_delay, retry_limit, singleton_key, singleton_on, start_after)",
        "registry_tenant select job (id, name, singleton_key, state)",
        "registry_tenant select queue",
        "registry_tenant update job (priority)",
        "registry_tenant usage schema",
      ]
    `);
  });

  it("with jobs in them have row security, enabled and forced", async () => {
    expect(await app.sql("select relname as name, relrowsecurity and relforcerowsecurity as walled from pg_class where relnamespace = 'pgboss'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1")).toEqual([
      { name: "archive", walled: true },
      { name: "job", walled: true },
      { name: "queue", walled: false },
      { name: "schedule", walled: false },
      { name: "subscription", walled: false },
      { name: "version", walled: false },
    ]);
  });

  it("have a queue for every kind of job, and for no other", async () => {
    expect((await app.sql<{ name: string }>("select name from pgboss.queue order by 1")).map(({ name }) => name)).toEqual(Object.keys(JOB_KINDS).toSorted());
  });

  it("are those that migration 5 was written for: another version of the library needs its text kept in migration 5, and a migration of its own", () => {
    expect(createHash("sha256").update(PgBoss.getConstructionPlans("pgboss")).digest("hex")).toMatchInlineSnapshot(`"7b9593e6817ca69beb70db10424517c5bfb3086d3c0749858fdb75259466269d"`);
  });
});
