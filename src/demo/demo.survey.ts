/** Owns the look around before a reset: which demo tenants are there, and whatever of somebody else's stands in the way. It changes nothing. */
import sql from "sql-template-tag";
import type { Doors } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import { TenantKind, type TenantStatus } from "../tenant/tenant.entity.js";
import type { DemoSnapshot, DemoTenant } from "./demo.js";

/** A tenant of the snapshot, and the demo that is there under its slug. */
export interface SurveyedTenant {
  demo: DemoTenant;
  there: { id: string; status: TenantStatus } | null;
}

interface TenantRow {
  id: string;
  slug: string;
  kind: TenantKind;
  status: TenantStatus;
}

/** Of many alike, so many are named. */
const NAMED_AT_MOST = 10;

/**
 * Find the demos of a snapshot.
 *
 * Faults  FAILED_PRECONDITION naming every row that is in the way: a customer that has a demo's slug, a tenant or a project of
 *         somebody else under an id of the snapshot, a demo's row that points at somebody else's.
 */
export async function surveyed(doors: Doors, { tenants }: DemoSnapshot): Promise<SurveyedTenant[]> {
  const rows = await doors.read<TenantRow>(sql`
    select id, slug, kind, status from tenants
    where id = any(${tenants.map(({ id }) => id)}::uuid[]) or slug = any(${tenants.map(({ slug }) => slug)}::text[])`);
  const found = tenants.map((demo) => ({ demo, there: rows.find(({ slug }) => slug === demo.slug) ?? null }));
  const inTheWay = [
    ...found.flatMap(({ demo, there }) => (there && there.kind !== TenantKind.DEMO ? [`the slug ${demo.slug} is that of the customer ${there.id}`] : [])),
    ...found.flatMap(({ demo }) => rows.filter(({ id, slug }) => id === demo.id && slug !== demo.slug).map(({ id, slug }) => `the id ${id} of ${demo.slug} is that of the tenant ${slug}`)),
    ...(await foreignProjects(doors, found)),
    ...(await foreignTargets(doors, found)),
  ];
  if (inTheWay.length === 0) return found;
  const named = [...inTheWay.slice(0, NAMED_AT_MOST), ...(inTheWay.length > NAMED_AT_MOST ? [`and ${inTheWay.length - NAMED_AT_MOST} more`] : [])];
  throw new Fault("FAILED_PRECONDITION", `The demos are left as they are, because their reset would touch what is not theirs: ${named.join("; ")}`);
}

/** Projects that have an id of the snapshot and are not the demo's that should have it. */
async function foreignProjects(doors: Doors, found: readonly SurveyedTenant[]): Promise<string[]> {
  const homes = new Map(found.flatMap(({ demo, there }) => demo.projects.map(({ id }) => [id, { slug: demo.slug, tenantId: there?.id }])));
  const rows = await doors.read<{ id: string; tenantId: string }>(sql`
    select id, tenant_id as "tenantId" from tenant_projects where id = any(${[...homes.keys()]}::uuid[])`);
  return rows
    .filter(({ id, tenantId }) => homes.get(id)?.tenantId !== tenantId)
    .map(({ id, tenantId }) => `the project ${id} of ${homes.get(id)?.slug} belongs to the tenant ${tenantId}`);
}

/**
 * Events of a demo that point at another tenant's project: nothing here writes such a row, so somebody came through a wall. Between
 * other tables Postgres itself keeps every reference inside one tenant.
 */
async function foreignTargets(doors: Doors, found: readonly SurveyedTenant[]): Promise<string[]> {
  const rows = await doors.read<{ id: string; tenantId: string; projectId: string; owner: string }>(sql`
    select a.uid as id, a.tenant_id as "tenantId", p.id as "projectId", p.tenant_id as owner
    from audit_log a join tenant_projects p on p.id = a.project_id
    where a.tenant_id = any(${found.flatMap(({ there }) => there?.id ?? [])}::uuid[]) and p.tenant_id <> a.tenant_id
    order by a.uid limit ${NAMED_AT_MOST + 1}`);
  return rows.map(({ id, tenantId, projectId, owner }) => `the audit event ${id} of ${slugOf(found, tenantId)} points at the project ${projectId} of the tenant ${owner}`);
}

function slugOf(found: readonly SurveyedTenant[], tenantId: string): string | undefined {
  return found.find(({ there }) => there?.id === tenantId)?.demo.slug;
}
