import { beforeAll, describe, expect, it } from "vitest";
import { refuseUnfitRoles } from "../../migrations/door-roles.js";
import { ERASED_TABLES } from "../../src/tenant/tenant.erasure.js";
import { registry, type Registry } from "../testkit/registry.js";

/** Tables without a tenant's rows, which therefore have no row security. A line here needs a reason. */
const EXEMPT = [
  "migrations", // which migrations have run; the service may read it for its readiness
];

/** Policies beside the three that every enclosed table has. */
const FURTHER: Record<string, string[]> = {
  ...Object.fromEntries(["tenant_environments", "environment_placements", "tenant_teams", "team_channels", "tenant_flows", "flow_versions", "environment_flows"].map((table) => [table, ["product_scope PERMISSIVE SELECT {registry_product} unchecked"]])),
  tenants: ["product_scope PERMISSIVE SELECT {registry_product} unchecked", "eraser_scope PERMISSIVE SELECT {registry_eraser} unchecked"],
  tenant_projects: ["product_scope PERMISSIVE SELECT {registry_product} unchecked"],
  tenant_products: ["product_scope PERMISSIVE SELECT {registry_product} unchecked", "only_trials RESTRICTIVE INSERT {registry_tenant}"],
  product_requests: ["only_open RESTRICTIVE INSERT {registry_tenant}"],
  api_keys: ["only_new RESTRICTIVE INSERT {registry_tenant}", "verifier_scope PERMISSIVE ALL {registry_verifier}"],
  api_key_policies: ["never_by_staff RESTRICTIVE INSERT {registry_tenant}"],
  api_key_usage: ["verifier_scope PERMISSIVE ALL {registry_verifier}", "retention PERMISSIVE ALL {registry_queue}"],
  tenant_usage: ["retention PERMISSIVE ALL {registry_queue}"],
  idempotency_keys: ["retention PERMISSIVE ALL {registry_queue}", "not_in_use RESTRICTIVE DELETE {registry_eraser} unchecked"],
};

/** Of those that lose a tenant's rows when it goes. */
const ERASABLE = ["eraser_scope PERMISSIVE ALL {registry_eraser}", "only_archived_or_demo RESTRICTIVE DELETE {registry_eraser} unchecked"];

const ERASED = new Set<string>(ERASED_TABLES);

const ROLES = "('registry_service', 'registry_tenant', 'registry_platform', 'registry_overview', 'registry_product', 'registry_queue', 'registry_eraser', 'registry_verifier')";

let app: Registry;
beforeAll(async () => {
  app = await registry();
});

describe("every table", () => {
  it("has row security, enabled and forced, with the three policies and those that are listed here, unless it is exempt", async () => {
    const tables = await app.sql<{ name: string; enabled: boolean; forced: boolean; policies: string[] }>(`
      select relname as name, relrowsecurity as enabled, relforcerowsecurity as forced,
        array(select concat_ws(' ', policyname, permissive, cmd, roles::text, case when with_check is null then 'unchecked' end)
              from pg_policies p where p.schemaname = current_schema() and p.tablename = relname order by policyname) as policies
      from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'f') order by relname`);
    const policies = ["overview PERMISSIVE SELECT {registry_overview} unchecked", "platform_scope PERMISSIVE ALL {registry_platform}", "tenant_scope PERMISSIVE ALL {registry_tenant}"];
    for (const { name, ...found } of tables) {
      const expected = [...policies, ...(FURTHER[name] ?? []), ...(ERASED.has(name) ? ERASABLE : [])].sort();
      expect([name, found]).toEqual([name, EXEMPT.includes(name) ? { enabled: false, forced: false, policies: [] } : { enabled: true, forced: true, policies: expected }]);
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

describe("the roles of the doors", () => {
  it("can neither log in nor bypass anything, own nothing, and only the service's may become the others", async () => {
    expect(await app.sql(`select distinct rolsuper, rolbypassrls, rolinherit, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname in ${ROLES}`)).toEqual([
      { rolsuper: false, rolbypassrls: false, rolinherit: false, rolcanlogin: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false },
    ]);
    expect(await app.sql(`select member::regrole::text || ' may become ' || roleid::regrole as membership from pg_auth_members where member::regrole::text in ${ROLES} order by 1`)).toEqual([
      { membership: "registry_service may become registry_eraser" },
      { membership: "registry_service may become registry_overview" },
      { membership: "registry_service may become registry_platform" },
      { membership: "registry_service may become registry_product" },
      { membership: "registry_service may become registry_queue" },
      { membership: "registry_service may become registry_tenant" },
      { membership: "registry_service may become registry_verifier" },
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
        "registry_eraser delete api_key_policies",
        "registry_eraser delete api_key_usage",
        "registry_eraser delete api_keys",
        "registry_eraser delete entitlement_notices",
        "registry_eraser delete environment_flows",
        "registry_eraser delete environment_placements",
        "registry_eraser delete flow_versions",
        "registry_eraser delete idempotency_keys",
        "registry_eraser delete product_requests",
        "registry_eraser delete team_channels",
        "registry_eraser delete tenant_environments",
        "registry_eraser delete tenant_exports",
        "registry_eraser delete tenant_flows",
        "registry_eraser delete tenant_idp_config",
        "registry_eraser delete tenant_invitations",
        "registry_eraser delete tenant_notices",
        "registry_eraser delete tenant_products",
        "registry_eraser delete tenant_projects",
        "registry_eraser delete tenant_teams",
        "registry_eraser delete tenant_usage",
        "registry_eraser select api_key_policies (tenant_id)",
        "registry_eraser select api_key_usage (tenant_id)",
        "registry_eraser select api_keys (tenant_id)",
        "registry_eraser select entitlement_notices (tenant_id)",
        "registry_eraser select environment_flows (tenant_id)",
        "registry_eraser select environment_placements (tenant_id)",
        "registry_eraser select flow_versions (tenant_id)",
        "registry_eraser select idempotency_keys (tenant_id)",
        "registry_eraser select product_requests (tenant_id)",
        "registry_eraser select team_channels (tenant_id)",
        "registry_eraser select tenant_environments (tenant_id)",
        "registry_eraser select tenant_exports (tenant_id)",
        "registry_eraser select tenant_flows (tenant_id)",
        "registry_eraser select tenant_idp_config (tenant_id)",
        "registry_eraser select tenant_invitations (tenant_id)",
        "registry_eraser select tenant_notices (tenant_id)",
        "registry_eraser select tenant_products (tenant_id)",
        "registry_eraser select tenant_projects (tenant_id)",
        "registry_eraser select tenant_teams (tenant_id)",
        "registry_eraser select tenant_usage (tenant_id)",
        "registry_eraser select tenants (id, kind, status)",
        "registry_eraser usage schema",
        "registry_overview select api_key_policies",
        "registry_overview select api_key_usage",
        "registry_overview select api_keys (allowed_ips, created_at, created_by, environment, expires_at, id, imported_at, last_used_at, lookup_id, lookup_seat, name, overlap_ends_at, owner_id, owner_kind, prefix, product, project_id, revoke_reason, revoked_at, revoked_by, rotated_at, rotated_from_id, scopes, tenant_id)",
        "registry_overview select audit_log",
        "registry_overview select entitlement_notices",
        "registry_overview select environment_flows",
        "registry_overview select environment_placements",
        "registry_overview select flow_versions",
        "registry_overview select idempotency_keys (created_at, key, operation, principal, tenant_id)",
        "registry_overview select product_requests",
        "registry_overview select team_channels",
        "registry_overview select tenant_environments",
        "registry_overview select tenant_exports (created_at, expires_at, id, requested_by, tenant_id)",
        "registry_overview select tenant_flows",
        "registry_overview select tenant_idp_config",
        "registry_overview select tenant_invitations",
        "registry_overview select tenant_notices",
        "registry_overview select tenant_products",
        "registry_overview select tenant_projects",
        "registry_overview select tenant_provisioning_steps",
        "registry_overview select tenant_teams",
        "registry_overview select tenant_usage",
        "registry_overview select tenants",
        "registry_overview usage schema",
        "registry_platform insert api_key_policies",
        "registry_platform insert api_keys",
        "registry_platform insert audit_log (action, actor_id, actor_name, actor_type, metadata, product, project_id, request_id, source_ip, target_id, target_name, target_type, tenant_id, user_agent)",
        "registry_platform insert entitlement_notices (days_left, deadline, product, tenant_id)",
        "registry_platform insert environment_flows",
        "registry_platform insert environment_placements",
        "registry_platform insert flow_versions",
        "registry_platform insert idempotency_keys (input_hash, key, operation, principal, tenant_id)",
        "registry_platform insert product_requests",
        "registry_platform insert team_channels",
        "registry_platform insert tenant_environments",
        "registry_platform insert tenant_exports",
        "registry_platform insert tenant_flows",
        "registry_platform insert tenant_invitations",
        "registry_platform insert tenant_notices (days_left, deadline, kind, tenant_id)",
        "registry_platform insert tenant_products",
        "registry_platform insert tenant_projects",
        "registry_platform insert tenant_provisioning_steps",
        "registry_platform insert tenant_teams",
        "registry_platform insert tenant_usage",
        "registry_platform insert tenants",
        "registry_platform select api_key_policies",
        "registry_platform select api_key_usage",
        "registry_platform select api_keys (allowed_ips, created_at, created_by, environment, expires_at, id, imported_at, last_used_at, lookup_id, lookup_seat, name, overlap_ends_at, owner_id, owner_kind, prefix, product, project_id, revoke_reason, revoked_at, revoked_by, rotated_at, rotated_from_id, scopes, tenant_id)",
        "registry_platform select audit_log",
        "registry_platform select entitlement_notices",
        "registry_platform select environment_flows",
        "registry_platform select environment_placements",
        "registry_platform select flow_versions",
        "registry_platform select idempotency_keys",
        "registry_platform select product_requests",
        "registry_platform select team_channels",
        "registry_platform select tenant_environments",
        "registry_platform select tenant_exports (created_at, expires_at, id, requested_by, tenant_id)",
        "registry_platform select tenant_flows",
        "registry_platform select tenant_idp_config",
        "registry_platform select tenant_invitations",
        "registry_platform select tenant_notices",
        "registry_platform select tenant_products",
        "registry_platform select tenant_projects",
        "registry_platform select tenant_provisioning_steps",
        "registry_platform select tenant_teams",
        "registry_platform select tenant_usage",
        "registry_platform select tenants",
        "registry_platform update api_key_policies (max_lifetime_days, may_never_expire, updated_at, version)",
        "registry_platform update api_keys (overlap_ends_at, revoke_reason, revoked_at, revoked_by, rotated_at)",
        "registry_platform update environment_flows (number)",
        "registry_platform update environment_placements (ended_at)",
        "registry_platform update idempotency_keys (result)",
        "registry_platform update product_requests (decided_at, decided_by, note, status, updated_at, version)",
        "registry_platform update team_channels (archived_at, config, provider, updated_at, version)",
        "registry_platform update tenant_environments (archived_at, name, settings, updated_at, version)",
        "registry_platform update tenant_flows (latest_number)",
        "registry_platform update tenant_invitations (accepted_at, errand, expires_at, role_granted_at, sent_at, state, version)",
        "registry_platform update tenant_products (config, enabled, expires_at, source, updated_at, version)",
        "registry_platform update tenant_projects (name, status, updated_at, version)",
        "registry_platform update tenant_provisioning_steps (attempts, completed_at, last_attempt_at, last_error, next_attempt_at, sent_name, sent_status, state)",
        "registry_platform update tenant_teams (archived_at, name, settings, updated_at, version)",
        "registry_platform update tenant_usage (errors, operations)",
        "registry_platform update tenants (archived_at, cancel_note, cancel_reason, contract_end, contract_start, erp_customer_id, frozen_at, keycloak_org_id, name, plan, sales_owner, settings, status, stripe_cust_id, trial_ends_at, updated_at, version)",
        "registry_platform usage audit_log_id_seq",
        "registry_platform usage schema",
        "registry_product select environment_flows (environment_id, flow_id, number, tenant_id)",
        "registry_product select environment_placements (cluster, ended_at, environment_id, placed_at, tenant_id)",
        "registry_product select flow_versions (body, flow_id, number, tenant_id)",
        "registry_product select team_channels (archived_at, id, slug, team_id, tenant_id)",
        "registry_product select tenant_environments (archived_at, id, settings, slug, tenant_id)",
        "registry_product select tenant_flows (id, name, tenant_id)",
        "registry_product select tenant_products (config, created_at, enabled, expires_at, product, source, tenant_id, trial_started_at, updated_at, version)",
        "registry_product select tenant_projects (id, slug, status, tenant_id)",
        "registry_product select tenant_teams (archived_at, id, settings, slug, tenant_id)",
        "registry_product select tenants (created_at, frozen_at, id, kind, plan, settings, slug, status, trial_ends_at, updated_at, version)",
        "registry_product usage schema",
        "registry_queue delete api_key_usage",
        "registry_queue delete idempotency_keys",
        "registry_queue delete tenant_usage",
        "registry_queue select api_key_usage (day, id)",
        "registry_queue select idempotency_keys (created_at, key, operation, principal, tenant_id)",
        "registry_queue select tenant_usage (day, id)",
        "registry_queue usage schema",
        "registry_service select migrations",
        "registry_service usage schema",
        "registry_tenant insert api_key_policies",
        "registry_tenant insert api_keys",
        "registry_tenant insert audit_log (action, actor_id, actor_name, actor_type, metadata, product, project_id, request_id, source_ip, target_id, target_name, target_type, tenant_id, user_agent)",
        "registry_tenant insert environment_flows",
        "registry_tenant insert flow_versions",
        "registry_tenant insert idempotency_keys (input_hash, key, operation, principal, tenant_id)",
        "registry_tenant insert product_requests",
        "registry_tenant insert team_channels",
        "registry_tenant insert tenant_exports",
        "registry_tenant insert tenant_flows",
        "registry_tenant insert tenant_products",
        "registry_tenant insert tenant_projects",
        "registry_tenant insert tenant_teams",
        "registry_tenant select api_key_policies",
        "registry_tenant select api_key_usage",
        "registry_tenant select api_keys (allowed_ips, created_at, created_by, environment, expires_at, id, imported_at, last_used_at, lookup_id, lookup_seat, name, overlap_ends_at, owner_id, owner_kind, prefix, product, project_id, revoke_reason, revoked_at, revoked_by, rotated_at, rotated_from_id, scopes, tenant_id)",
        "registry_tenant select audit_log",
        "registry_tenant select entitlement_notices",
        "registry_tenant select environment_flows",
        "registry_tenant select environment_placements",
        "registry_tenant select flow_versions",
        "registry_tenant select idempotency_keys",
        "registry_tenant select product_requests",
        "registry_tenant select team_channels",
        "registry_tenant select tenant_environments",
        "registry_tenant select tenant_exports",
        "registry_tenant select tenant_flows",
        "registry_tenant select tenant_idp_config",
        "registry_tenant select tenant_invitations",
        "registry_tenant select tenant_notices",
        "registry_tenant select tenant_products",
        "registry_tenant select tenant_projects",
        "registry_tenant select tenant_provisioning_steps",
        "registry_tenant select tenant_teams",
        "registry_tenant select tenant_usage",
        "registry_tenant select tenants",
        "registry_tenant update api_key_policies (max_lifetime_days, updated_at, version)",
        "registry_tenant update api_keys (overlap_ends_at, revoke_reason, revoked_at, revoked_by, rotated_at)",
        "registry_tenant update environment_flows (number)",
        "registry_tenant update idempotency_keys (result)",
        "registry_tenant update team_channels (archived_at, config, provider, updated_at, version)",
        "registry_tenant update tenant_environments (name, settings, updated_at, version)",
        "registry_tenant update tenant_flows (latest_number)",
        "registry_tenant update tenant_invitations (errand, state, version)",
        "registry_tenant update tenant_projects (name, status, updated_at, version)",
        "registry_tenant update tenant_provisioning_steps (attempts, completed_at, last_error, next_attempt_at, state)",
        "registry_tenant update tenant_teams (archived_at, name, settings, updated_at, version)",
        "registry_tenant update tenants (name, settings, updated_at, version)",
        "registry_tenant usage audit_log_id_seq",
        "registry_tenant usage schema",
        "registry_verifier insert api_key_usage (api_key_id, day, refused, tenant_id, verified)",
        "registry_verifier select api_key_usage",
        "registry_verifier select api_keys (allowed_ips, environment, expires_at, hash, id, last_used_at, lookup_id, lookup_seat, name, overlap_ends_at, owner_id, owner_kind, pepper_id, product, project_id, revoked_at, scopes, tenant_id)",
        "registry_verifier update api_key_usage (refused, verified)",
        "registry_verifier update api_keys (hash, last_used_at, pepper_id)",
        "registry_verifier usage schema",
      ]
    `);
  });
});
