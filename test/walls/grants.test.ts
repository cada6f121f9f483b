import { beforeAll, describe, expect, it } from "vitest";
import { refuseUnfitRoles } from "../../migrations/door-roles.js";
import { registry, type Registry } from "../testkit/registry.js";

/** Tables without a tenant's rows, which therefore have no row security. A line here needs a reason. */
const EXEMPT = [
  "migrations", // which migrations have run; the service may read it for its readiness
];

const ROLES = "('registry_service', 'registry_tenant', 'registry_platform', 'registry_overview')";

let app: Registry;
beforeAll(async () => {
  app = await registry();
});

describe("every table", () => {
  it("has row security, enabled and forced, with the three policies and no others, unless it is exempt", async () => {
    const tables = await app.sql<{ name: string; enabled: boolean; forced: boolean; policies: string[] }>(`
      select relname as name, relrowsecurity as enabled, relforcerowsecurity as forced,
        array(select concat_ws(' ', policyname, permissive, cmd, roles::text, case when with_check is null then 'unchecked' end)
              from pg_policies p where p.schemaname = current_schema() and p.tablename = relname order by policyname) as policies
      from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'f') order by relname`);
    const policies = ["overview PERMISSIVE SELECT {registry_overview} unchecked", "platform_scope PERMISSIVE ALL {registry_platform}", "tenant_scope PERMISSIVE ALL {registry_tenant}"];
    for (const { name, ...found } of tables) {
      expect([name, found]).toEqual([name, EXEMPT.includes(name) ? { enabled: false, forced: false, policies: [] } : { enabled: true, forced: true, policies }]);
    }
    expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(EXEMPT));
  });

  it("holds its rows alone: there is no view, rule or function that would show them with its owner's eyes", async () => {
    const found = await app.sql(`
      select 'view ' || relname as name from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('v', 'm')
      union all select 'function ' || proname from pg_proc where pronamespace = current_schema()::regnamespace and (prosecdef or prorettype <> 'trigger'::regtype)
      union all select 'rule ' || rulename from pg_rules where schemaname = current_schema()`);
    expect(found).toEqual([]);
  });
});

describe("the four roles", () => {
  it("can neither log in nor bypass anything, own nothing, and only the service's may become the other three", async () => {
    expect(await app.sql(`select distinct rolsuper, rolbypassrls, rolinherit, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname in ${ROLES}`)).toEqual([
      { rolsuper: false, rolbypassrls: false, rolinherit: false, rolcanlogin: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false },
    ]);
    expect(await app.sql(`select member::regrole::text || ' may become ' || roleid::regrole as membership from pg_auth_members where member::regrole::text in ${ROLES} order by 1`)).toEqual([
      { membership: "registry_service may become registry_overview" },
      { membership: "registry_service may become registry_platform" },
      { membership: "registry_service may become registry_tenant" },
    ]);
    expect(await app.sql(`select relname from pg_class where relowner::regrole::text in ${ROLES}`)).toEqual([]);
  });

  it("are refused when the service's role would have what the doors have without passing one", async () => {
    const changed = app.dataSource.transaction(async (tx) => {
      await tx.query("set local role none");
      await refuseUnfitRoles(tx);
      const [{ modern }] = (await tx.query("select current_setting('server_version_num')::int >= 160000 as modern")) as [{ modern: boolean }];
      await tx.query(modern ? "grant registry_tenant to registry_service with inherit true" : "alter role registry_service inherit");
      await refuseUnfitRoles(tx);
    });
    await expect(changed).rejects.toThrow(/^The database has registry_service with attributes .* mends that with: (GRANT registry_tenant TO registry_service WITH INHERIT FALSE|ALTER ROLE registry_service NOINHERIT);$/);
  });

  it("have exactly these privileges, and everyone else has none", async () => {
    const granted = await app.sql<{ line: string }>(`
      with granted as (
        select a.grantee, a.privilege_type, c.relname as object, null as field from pg_class c, aclexplode(c.relacl) a
        where c.relnamespace = current_schema()::regnamespace and a.grantee <> c.relowner
        union all
        select a.grantee, a.privilege_type, c.relname, f.attname from pg_class c join pg_attribute f on f.attrelid = c.oid, aclexplode(f.attacl) a
        where c.relnamespace = current_schema()::regnamespace and a.grantee <> c.relowner
        union all
        select a.grantee, a.privilege_type, 'schema', null from pg_namespace n, aclexplode(n.nspacl) a
        where n.nspname = current_schema() and a.grantee::regrole::text in ${ROLES}
        union all
        select a.grantee, a.privilege_type, 'by default', null from pg_default_acl d, aclexplode(d.defaclacl) a where a.grantee <> d.defaclrole
      )
      select concat(case grantee when 0 then 'everyone' else grantee::regrole::text end, ' ', lower(privilege_type), ' ', object,
        case when count(field) > 0 then ' (' || string_agg(field, ', ' order by field) || ')' end) as line
      from granted group by grantee, privilege_type, object order by 1`);
    expect(granted.map(({ line }) => line)).toMatchInlineSnapshot(`
      [
        "registry_overview select api_keys (created_at, created_by, id, last_used_at, name, prefix, product, revoked_at, scopes, tenant_id)",
        "registry_overview select audit_log",
        "registry_overview select tenant_idp_config",
        "registry_overview select tenant_products",
        "registry_overview select tenant_projects",
        "registry_overview select tenants",
        "registry_overview usage schema",
        "registry_platform insert audit_log (action, actor_id, actor_name, actor_type, metadata, product, project_id, request_id, source_ip, target_id, target_name, target_type, tenant_id, user_agent)",
        "registry_platform insert tenant_products",
        "registry_platform insert tenant_projects",
        "registry_platform insert tenants",
        "registry_platform select api_keys (created_at, created_by, id, last_used_at, name, prefix, product, revoked_at, scopes, tenant_id)",
        "registry_platform select audit_log",
        "registry_platform select tenant_idp_config",
        "registry_platform select tenant_products",
        "registry_platform select tenant_projects",
        "registry_platform select tenants",
        "registry_platform update tenant_products (config, enabled, expires_at, updated_at, version)",
        "registry_platform update tenant_projects (name, status, updated_at, version)",
        "registry_platform update tenants (contract_end, contract_start, erp_customer_id, keycloak_org_id, name, plan, sales_owner, status, stripe_cust_id, trial_ends_at, updated_at, version)",
        "registry_platform usage audit_log_id_seq",
        "registry_platform usage schema",
        "registry_service select migrations",
        "registry_service usage schema",
        "registry_tenant insert audit_log (action, actor_id, actor_name, actor_type, metadata, product, project_id, request_id, source_ip, target_id, target_name, target_type, tenant_id, user_agent)",
        "registry_tenant insert tenant_projects",
        "registry_tenant select api_keys (created_at, created_by, id, last_used_at, name, prefix, product, revoked_at, scopes, tenant_id)",
        "registry_tenant select audit_log",
        "registry_tenant select tenant_idp_config",
        "registry_tenant select tenant_products",
        "registry_tenant select tenant_projects",
        "registry_tenant select tenants",
        "registry_tenant update tenant_projects (name, status, updated_at, version)",
        "registry_tenant update tenants (name, updated_at, version)",
        "registry_tenant usage audit_log_id_seq",
        "registry_tenant usage schema",
      ]
    `);
  });
});
