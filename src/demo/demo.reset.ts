/** Owns the nightly reset: every demo tenant of the golden snapshot becomes what the snapshot says, and nobody else notices. */
import { Entitlement } from "../entitlement/entitlement.entity.js";
import type { Doors } from "../kernel/doors.js";
import { insertRow } from "../kernel/insert.js";
import type { RequestContext } from "../kernel/request.js";
import { changedFields, updateRow } from "../kernel/update.js";
import { Project } from "../project/project.entity.js";
import { Tenant, TenantKind, TenantStatus } from "../tenant/tenant.entity.js";
import { eraseRows } from "../tenant/tenant.erasure.js";
import type { DemoTenant } from "./demo.js";
import { surveyed } from "./demo.survey.js";

/**
 * Put the demo tenants back to their golden snapshot; one that is missing is created. Everything is looked at before anything is
 * changed, and each tenant is then one change. Rows go as the role for which Postgres itself deletes no customer's, and what comes
 * instead is written inside the demo, so that between looking and doing nobody's row can get in the way and be lost.
 *
 * Left alone: demos that the snapshot does not have, and one that was archived. Done twice, it is as if done once.
 *
 * Faults  FAILED_PRECONDITION naming every row that is in the way: nothing is changed.
 * Audit   `demo.reset` with how many rows went and came; before it `tenant.create` for one that was missing. The log is never reset.
 */
export async function resetDemos({ doors, facilities, log }: RequestContext): Promise<void> {
  for (const { demo, there } of await surveyed(doors, facilities.demo)) {
    if (there?.status === TenantStatus.ARCHIVED) log.warn({ tenant: there.id }, "a demo of the snapshot is archived and stays so");
    else await resetDemo(doors, there?.id ?? (await createDemo(doors, demo)), demo);
  }
}

async function createDemo(doors: Doors, { id, slug, name, plan }: DemoTenant): Promise<string> {
  return doors.within(id).change("tenant.create", async (tx) => {
    const { kind, status } = await insertRow(tx, Tenant, { id, slug, name, plan, kind: TenantKind.DEMO, status: TenantStatus.DEMO });
    return { value: id, audit: [{ target: { type: "tenant", id, name: slug }, metadata: { slug, kind, plan, status } }] };
  });
}

/** What a demo has not got, whoever wrote it there. The organisation stays: it is how visitors sign in. */
const NOT_BILLED = { erpCustomerId: null, stripeCustomerId: null, contractStart: null, contractEnd: null, salesOwner: null };

function resetDemo(doors: Doors, tenantId: string, { name, plan, projects, entitlements }: DemoTenant): Promise<void> {
  return doors.within(tenantId).change("demo.reset", async (tx) => {
    const tenant = await tx.findOneByOrFail(Tenant, { id: tenantId, kind: TenantKind.DEMO });
    const removed = await eraseRows(tx, tenantId);
    const golden = { name, plan, settings: {}, ...NOT_BILLED };
    if (changedFields(tenant, golden).length > 0) await updateRow(tx, Tenant, tenant, golden);
    for (const project of projects) await insertRow(tx, Project, { ...project, tenantId });
    for (const entitlement of entitlements) await insertRow(tx, Entitlement, { ...entitlement, tenantId });
    const restored = { projects: projects.length, entitlements: entitlements.length };
    return { value: undefined, audit: [{ target: { type: "tenant", id: tenantId, name: tenant.slug }, metadata: { removed, restored } }] };
  });
}
