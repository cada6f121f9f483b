/** Owns how projects are found. */
import sql, { type Sql } from "sql-template-tag";
import { columnsOf } from "../kernel/columns.js";
import type { Doors } from "../kernel/doors.js";
import { loaderById } from "../kernel/loaders.js";
import { pagesOf, type Order } from "../kernel/page.js";
import { containing } from "../kernel/pattern.js";
import { Project } from "./project.entity.js";
import { ProjectOrderField, type ProjectFilter, type ProjectOrder } from "./project.inputs.js";

const columns = columnsOf(Project, "p");

const projectsOfTenant = pagesOf<Project, { filter?: ProjectFilter | null; orderBy?: ProjectOrder | null }>({
  typeName: "Tenant",
  fieldName: "projects",
  entity: Project,
  parent: sql`p.tenant_id`,
  listing: ({ filter, orderBy }) => ({
    columns,
    from: sql`tenant_projects p`,
    id: sql`p.id`,
    where: conditions(filter ?? {}),
    order: orderOf(orderBy),
  }),
});

export function projectReads(doors: Doors) {
  return {
    byId: loaderById<Project>(
      (ids) => doors.read(sql`select ${columns} from tenant_projects p where p.id = any(${ids}::uuid[])`),
      ({ id }) => id,
    ),
    ofTenant: projectsOfTenant(doors),
  };
}

const ORDER_KEYS: Record<ProjectOrderField, { key: Sql; type: Order["type"] }> = {
  [ProjectOrderField.CREATED_AT]: { key: sql`p.created_at`, type: "timestamptz" },
  [ProjectOrderField.NAME]: { key: sql`p.name`, type: "text" },
  [ProjectOrderField.SLUG]: { key: sql`p.slug`, type: "text" },
};

function orderOf(order: ProjectOrder | null | undefined): Order {
  const field = order?.field ?? ProjectOrderField.CREATED_AT;
  const descending = order?.descending ?? false;
  return { name: `project.${field}.${descending ? "desc" : "asc"}`, ...ORDER_KEYS[field], descending };
}

function conditions(filter: ProjectFilter): Sql[] {
  const where: Sql[] = [];
  if (filter.status != null) where.push(sql`p.status = ${filter.status}::tenant_project_status`);
  if (filter.nameContains != null) {
    const pattern = containing(filter.nameContains);
    where.push(sql`(p.name ilike ${pattern} or p.slug ilike ${pattern})`);
  }
  return where;
}
