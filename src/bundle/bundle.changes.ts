/** Owns how a bundle is applied to one tenant: judged, planned and, unless it is only looked at, done as planned in one transaction. */
import type { AuditDraft } from "../kernel/doors.js";
import { Fault, notFound } from "../kernel/fault.js";
import type { RequestContext } from "../kernel/request.js";
import { createTenant } from "../tenant/tenant.changes.js";
import { TenantKind } from "../tenant/tenant.entity.js";
import { statusAt } from "../tenant/tenant.lifecycle.js";
import { refusalOf } from "../tenant/tenant.refusals.js";
import type { BundleProblem, PresentTenant, TenantBundle } from "./bundle.js";
import { bundleFrom, shapeProblems } from "./bundle.content.js";
import { STEPS_AT_MOST, type ApplyBundleInput, type ApplyBundlePayload } from "./bundle.inputs.js";
import { planBundle } from "./bundle.plan.js";
import { findForBundle, type FoundTenant } from "./bundle.reads.js";
import { beginningProblems, bundleProblems, FIRST_PLAN, sequenceProblems, strangeness } from "./bundle.rules.js";
import { takeStep } from "./bundle.steps.js";

const TOLD_PROBLEMS = 100;

/** What is to be done, after the content was read. */
interface Task {
  readonly slug: string;
  readonly desired: TenantBundle;
  readonly prune: boolean;
}

/**
 * Make of a tenant what a bundle says of it. Who applies the same again changes nothing.
 *
 * Faults  What is wrong with the content is no fault: it is answered as problems, and nothing is done. NOT_FOUND when there is no such
 *         tenant for this caller, and none is to be made; TENANT_READ_ONLY when it is archived; LIMIT_EXCEEDED above
 *         {@link STEPS_AT_MOST} steps, and where something is one too many together with what is archived.
 * Audit   `tenant.create` for a tenant that is made; `bundle.apply` for every other step, of what it is done to, with what was done.
 */
export async function applyBundle(context: RequestContext, { tenant: slug, content, create, prune, dryRun }: ApplyBundleInput): Promise<ApplyBundlePayload> {
  const { platform, catalog } = context.facilities;
  const misshapen = shapeProblems(content);
  if (misshapen.length > 0) return refused(misshapen);
  const task: Task = { slug, desired: bundleFrom(content), prune };
  const unfit = bundleProblems(slug, task.desired, platform);
  if (unfit.length > 0) return refused(unfit);
  const found = await find(context, task);
  if (!found && (!create || context.principal.tenantId !== null)) throw notFound("Tenant");
  const impossible = found ? [] : beginningProblems(slug, catalog);
  if (impossible.length > 0) return refused(impossible);
  const plan = planned(context, task, found?.present ?? null);
  if (plan.problems.length > 0) return plan;
  if (found) refuseReadOnly(context, found);
  if (dryRun) return plan;
  const { id, isNew } = found ? { ...found, isNew: false } : await make(context, task);
  const done = await applyTo(context, id, task);
  return isNew ? { ...done, steps: [...plan.steps.slice(0, 1), ...done.steps] } : done;
}

function find({ doors }: RequestContext, { slug, desired }: Task): Promise<FoundTenant | null> {
  return findForBundle((statement) => doors.read(statement), slug, desired.flows);
}

/** What would be done, or what stands in the way. Faults: LIMIT_EXCEEDED for too many steps. */
function planned({ facilities: { platform } }: RequestContext, { slug, desired, prune }: Task, present: PresentTenant | null): ApplyBundlePayload {
  const problems = sequenceProblems(desired, present, platform);
  if (problems.length > 0) return refused(problems);
  const { steps, removals } = planBundle(slug, desired, present);
  const all = prune ? [...steps, ...removals] : steps;
  if (all.length > STEPS_AT_MOST) throw new Fault("LIMIT_EXCEEDED", `It would take ${all.length} steps, and a bundle can take at most ${STEPS_AT_MOST}`);
  return { steps: all, kept: prune ? [] : removals, problems: [], applied: all.length === 0 };
}

/** As the change door would refuse it, so that a dry run does not promise what cannot be done. */
function refuseReadOnly({ principal, now }: RequestContext, found: FoundTenant): void {
  const refusal = refusalOf("bundle.apply", statusAt(found, now()), principal);
  if (refusal) throw refusal;
}

/** Make the tenant, with nothing in it. If somebody else is faster, that one is it. */
async function make(context: RequestContext, task: Task): Promise<{ id: string; isNew: boolean }> {
  const { slug, desired: { name = slug } } = task;
  try {
    const { tenant } = await createTenant(context, { slug, name, kind: TenantKind.CUSTOMER, plan: FIRST_PLAN });
    return { id: tenant.id, isNew: true };
  } catch (thrown) {
    const other = thrown instanceof Fault && thrown.code === "CONFLICT" && thrown.field === "slug" ? await find(context, task) : null;
    if (!other) throw thrown;
    return { id: other.id, isNew: false };
  }
}

/** Planned again inside: while a bundle is applied, nothing else in the tenant changes, and what was done is told. */
function applyTo(context: RequestContext, id: string, task: Task): Promise<ApplyBundlePayload> {
  const { doors, facilities: { platform, catalog }, principal, now } = context;
  const home = doors.within(id);
  return home.change("bundle.apply", async (tx) => {
    const found = await findForBundle((statement) => tx.query(statement.text, statement.values), task.slug, task.desired.flows);
    if (!found) throw notFound("Tenant");
    const plan = planned(context, task, found.present);
    const scene = { tx, tenantId: home.tenantId, platform, catalog, publishedBy: principal.subject, now: now() };
    const drafts: AuditDraft[] = [];
    for (const step of plan.steps) drafts.push(await takeStep(scene, step));
    const [first, ...more] = drafts;
    if (!first) return { value: plan, unaudited: "no-op" };
    return { value: { ...plan, applied: true }, audit: [first, ...more] };
  });
}

function refused(problems: readonly BundleProblem[]): ApplyBundlePayload {
  const told = problems.slice(0, TOLD_PROBLEMS).map(({ place, rule, stranger }) => ({
    place: [...place, ...(stranger ? [stranger.name] : [])].map(String),
    rule: stranger ? strangeness(stranger.name, stranger.known) : rule,
  }));
  return { steps: [], kept: [], problems: told, applied: false };
}
