/** Owns how products and staff learn what tenants have: one check or many, each time in one statement. What counts is `entitlement.verdict.ts`. */
import sql, { empty, type Sql } from "sql-template-tag";
import { reviverOf } from "../kernel/columns.js";
import { Fault, notFound } from "../kernel/fault.js";
import { isStorable, isUuid } from "../kernel/id.js";
import type { RequestContext } from "../kernel/request.js";
import type { ProjectStatus } from "../project/project.entity.js";
import { DEFAULT_PROJECT_SLUG, PROJECT_SLUG } from "../project/project.rules.js";
import type { CheckedProject, EntitlementCheck, EntitlementCheckItem } from "./entitlement.answers.js";
import { Entitlement } from "./entitlement.entity.js";
import type { CheckEntitlementsInput } from "./entitlement.inputs.js";
import { MAX_CONFIG_BYTES } from "./entitlement.rules.js";
import { inProject, verdictOf, type EntitledTenant, type EntitlementRow, type Verdict } from "./entitlement.verdict.js";

/** Checks whose settings may be asked for at once: so many of the largest fill the largest answer. */
export const MAX_CHECKS_WITH_CONFIG = (8 * 1024 * 1024) / MAX_CONFIG_BYTES;

export interface CheckQuestion {
  tenantId: string;
  /** Key of the product. */
  product: string;
  /** Slug or id; the implicit `default` when there is none. */
  project?: string | null;
}

/**
 * One check, in one project.
 *
 * Faults  FORBIDDEN(product) for a service that asks about another product; NOT_FOUND for an unknown tenant; BAD_USER_INPUT(project) when
 *         the product keeps no projects apart. A failing database is UNAVAILABLE, never a verdict.
 */
export async function checkEntitlement(context: RequestContext, { tenantId, product, project }: CheckQuestion): Promise<EntitlementCheck> {
  const foreign = refusalFor(context, product);
  if (foreign) throw foreign;
  const named = project == null || project === DEFAULT_PROJECT_SLUG ? null : project;
  if (named !== null && context.facilities.catalog.product(product)?.supportsProjects === false) {
    throw new Fault("BAD_USER_INPUT", "This product does not keep projects apart", { field: "project" });
  }
  const [tenant] = await read(context, [tenantId], [product], { withConfig: true, project: named });
  if (!tenant) throw notFound("Tenant");
  const verdict = verdictFor(context, tenant, product, context.now());
  if (named === null) return { tenantId, product, project: { id: null, slug: DEFAULT_PROJECT_SLUG }, verdict };
  return { tenantId, product, project: tenant.project && shown(tenant.project), verdict: inProject(verdict, tenant.project) };
}

/**
 * Every tenant × every product, in the order of the input, tenants first.
 *
 * Shape   an item is a verdict or an error: FORBIDDEN for a service and another product, NOT_FOUND for an unknown tenant.
 * Bounds  100 × 100; with their settings {@link MAX_CHECKS_WITH_CONFIG}, which are otherwise not read.
 * Faults  BAD_USER_INPUT(products) above that bound; a failing database fails the whole with UNAVAILABLE, and denies nothing.
 */
export async function checkEntitlements(context: RequestContext, { tenantIds, products }: CheckEntitlementsInput, withConfig: boolean): Promise<EntitlementCheckItem[]> {
  const refusals = new Map(products.map((product) => [product, refusalFor(context, product)]));
  const allowed = products.filter((product) => !refusals.get(product));
  if (withConfig && tenantIds.length * allowed.length > MAX_CHECKS_WITH_CONFIG) {
    throw new Fault("BAD_USER_INPUT", `The settings of at most ${MAX_CHECKS_WITH_CONFIG} checks can be asked for at once`, { field: "products" });
  }
  const tenants = new Map((await read(context, tenantIds, allowed, { withConfig, project: null })).map((tenant) => [tenant.id, tenant]));
  const now = context.now();
  return tenantIds.flatMap((tenantId) => {
    const tenant = tenants.get(tenantId.toLowerCase());
    return products.map((product) => {
      const refusal = refusals.get(product) ?? (tenant ? undefined : notFound("Tenant"));
      const verdict = tenant && !refusal ? verdictFor(context, tenant, product, now) : null;
      return { tenantId, product, verdict, error: refusal ? told(refusal) : null };
    });
  });
}

/** A product's service asks about its own product only. */
function refusalFor({ principal }: RequestContext, product: string): Fault | undefined {
  if (principal.kind !== "service" || principal.product === product) return undefined;
  return new Fault("FORBIDDEN", "A service checks its own product only", { field: "product" });
}

function told({ code, message, retryable }: Fault) {
  return { code, message, retryable };
}

type HeldProduct = EntitlementRow & { product: string };
type FoundProject = { id: string; slug: string; status: ProjectStatus };

interface TenantWithProducts extends EntitledTenant {
  id: string;
  held: HeldProduct[];
  project: FoundProject | null;
}

function verdictFor({ facilities: { catalog } }: RequestContext, tenant: TenantWithProducts, product: string, now: Date): Verdict {
  const entitlement = tenant.held.find((row) => row.product === product) ?? null;
  return verdictOf({ tenant, product, entitlement, catalog, now });
}

const revive = reviverOf(Entitlement);

interface Reading {
  /** Settings are most of a row, and seldom asked for. */
  withConfig: boolean;
  /** Slug or id. */
  project: string | null;
}

async function read({ doors }: RequestContext, tenantIds: readonly string[], products: readonly string[], { withConfig, project }: Reading): Promise<TenantWithProducts[]> {
  const ids = tenantIds.filter(isUuid);
  if (ids.length === 0 || products.length === 0) return [];
  const tenants = await doors.about(ids).read<TenantWithProducts>(sql`
    select t.id, t.status, t.kind, t.plan, t.trial_ends_at as "trialEndsAt", t.frozen_at as "frozenAt", ${projectIn(project)} as project,
      (select coalesce(json_agg(held), '[]') from (
        select e.product, e.enabled, e.source, e.expires_at as "expiresAt"${withConfig ? sql`, e.config` : empty} from tenant_products e
        where e.tenant_id = t.id and e.product = any(${products.filter(isStorable)}::text[])) held) as held
    from tenants t where t.id = any(${ids}::uuid[])`);
  for (const { held } of tenants) for (const row of held) revive(row as unknown as Record<string, unknown>);
  return tenants;
}

/** What could be neither an id nor a slug is no project's; a slug is never a UUID. */
function projectIn(project: string | null): Sql {
  if (project === null || !(isUuid(project) || PROJECT_SLUG.test(project))) return sql`null`;
  const condition = isUuid(project) ? sql`p.id = ${project}::uuid` : sql`p.slug = ${project}`;
  return sql`(select json_build_object('id', p.id, 'slug', p.slug, 'status', p.status) from tenant_projects p where p.tenant_id = t.id and ${condition})`;
}

function shown({ id, slug }: FoundProject): CheckedProject {
  return { id, slug };
}
