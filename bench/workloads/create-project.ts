/** Owns workload (f): a change and the audit event that it leaves behind, in one transaction. */
import { CHANGING, TENANTS } from "../world/data-set.js";
import { tenantIdAt } from "../world/tenant-id.js";
import { FRESH_SLUG, type Workload } from "./workload.js";

const SQL = `
  with project as (insert into tenant_projects (tenant_id, slug, name) values ($1, $2, 'A new project') returning id, tenant_id, slug, name),
    event as (insert into audit_log (tenant_id, project_id, actor_id, actor_type, action, target_id, target_type, target_name, metadata)
      select tenant_id, id, 'bench', 'user', 'project.create', id, 'project', slug, jsonb_build_object('slug', slug) from project)
  select json_build_object('slug', slug, 'name', name)::text as json from project`;

const positions = Array.from({ length: TENANTS }, (_, i) => i).filter((i) => i >= CHANGING.from && i <= CHANGING.to);

export const createProject: Workload = {
  id: "f",
  title: "createProject with its audit event",
  changes: true,
  variants: positions.map((position) => {
    const tenantId = tenantIdAt(position);
    const flat = { tenantId, slug: FRESH_SLUG, name: "A new project" };
    return {
      sql: SQL,
      values: [tenantId, FRESH_SLUG],
      caller: { tenantId },
      variables: { registry: { input: { slug: FRESH_SLUG, name: "A new project" } }, plain: flat, postgraphile: flat },
    };
  }),
  documents: {
    registry: "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { slug name } } }",
    plain: "mutation ($tenantId: ID!, $slug: String!, $name: String!) { createProject(tenantId: $tenantId, slug: $slug, name: $name) { slug name } }",
    postgraphile: `mutation ($tenantId: UUID!, $slug: String!, $name: String!) {
      benchCreateProject(input: { tenantId: $tenantId, slug: $slug, name: $name }) { result { slug name } } }`,
  },
  normal: {
    registry: ({ createProject: { project } }) => project,
    plain: (data) => data.createProject,
    postgraphile: ({ benchCreateProject: { result } }) => result,
  },
  pgbench: {
    setup: `\\set i random(${CHANGING.from}, ${CHANGING.to})`,
    sql: SQL.replace("$1", "md5('tenant ' || :i)::uuid").replace("$2", "'b-' || substr(md5(random()::text), 1, 20)"),
  },
};

/** PostGraphile's way to make two rows in one transaction is a function, whose mutation it derives. */
export const CREATE_PROJECT_FUNCTION = `
  create function bench_create_project(tenant_id uuid, slug text, name text) returns tenant_projects language plpgsql volatile as $$
  declare project tenant_projects;
  begin
    insert into tenant_projects (tenant_id, slug, name) values (bench_create_project.tenant_id, bench_create_project.slug, bench_create_project.name)
      returning * into project;
    insert into audit_log (tenant_id, project_id, actor_id, actor_type, action, target_id, target_type, target_name, metadata)
      values (project.tenant_id, project.id, 'bench', 'user', 'project.create', project.id, 'project', project.slug, jsonb_build_object('slug', project.slug));
    return project;
  end $$`;
