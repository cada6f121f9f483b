/** Owns the steps of a tenant's life that operators take: one function per arrow, each through the change door. */
import type { EntityManager } from "typeorm";
import { Fault, notFound } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import { enqueue } from "../kernel/jobs.js";
import type { RequestContext } from "../kernel/request.js";
import { expectVersion } from "../kernel/update.js";
import { targetOf } from "./tenant.changes.js";
import { Tenant, TenantCancelReason, TenantStatus } from "./tenant.entity.js";
import { eraseTenant } from "./tenant.erasure.js";
import { cancelReasonAt, frozenSince, refuseStep, statusAt, type ArrowAction } from "./tenant.lifecycle.js";
import { extendedTrialEnd } from "./tenant.rules.js";
import type { CancelTenantInput, ExtendTrialInput, TenantStepInput } from "./tenant.steps.inputs.js";

type Payload = { tenant: Tenant };

/** What a step changes of the tenant's row, and what of it the event records besides the states that it leads from and to. */
interface Step {
  changes: Partial<Tenant>;
  recorded?: Record<string, unknown>;
}

/** From trial to paying customer. The end of the trial is kept: it says how long it lasted. Audit: `tenant.activate`. */
export function activateTenant(context: RequestContext, input: TenantStepInput): Promise<Payload> {
  return takeStep(context, "tenant.activate", once("activateTenant", input, { tenant: Tenant }), input, () => ({ changes: { status: TenantStatus.ACTIVE } }));
}

/**
 * Freeze a tenant, for 30 days.
 *
 * Faults  BAD_USER_INPUT(note) when the reason is OTHER and nothing says which; those of every step.
 * Audit   `tenant.cancel` with the reason. Not the note: the log is the tenant's too, and outlives it.
 * Source  seed 004 `POST /v1/tenants/{id}/cancel`.
 */
export async function cancelTenant(context: RequestContext, input: CancelTenantInput): Promise<Payload> {
  const { reason, note = null } = input;
  if (reason === TenantCancelReason.OTHER && note === null) throw new Fault("BAD_USER_INPUT", "Say in note what the other reason is", { field: "note" });
  return takeStep(context, "tenant.cancel", once("cancelTenant", input, { tenant: Tenant }), input, (_, frozenAt) => ({
    changes: { status: TenantStatus.FROZEN, frozenAt, cancelReason: reason, cancelNote: note },
    recorded: { reason },
  }));
}

/** Bring a frozen tenant back, also one whose trial ended. Audit: `tenant.reactivate` with since when and why it was frozen. */
export function reactivateTenant(context: RequestContext, input: TenantStepInput): Promise<Payload> {
  return takeStep(context, "tenant.reactivate", once("reactivateTenant", input, { tenant: Tenant }), input, (tenant, at) => ({
    changes: { status: TenantStatus.ACTIVE, frozenAt: null, cancelReason: null, cancelNote: null },
    recorded: { frozenAt: frozenSince(tenant, at), reason: cancelReasonAt(tenant, at) },
  }));
}

/**
 * Let a trial end later.
 *
 * Faults  BAD_USER_INPUT(days | until); those of every step.
 * Audit   `tenant.extend_trial` with the end before and after.
 */
export function extendTrial(context: RequestContext, input: ExtendTrialInput): Promise<Payload> {
  return takeStep(context, "tenant.extend_trial", once("extendTrial", input, { tenant: Tenant }), input, ({ trialEndsAt: before }, at) => {
    const trialEndsAt = extendedTrialEnd(before, input, at);
    return { changes: { trialEndsAt }, recorded: { before, after: trialEndsAt } };
  });
}

/** Erase a tenant before its 30 days are over, or a demo: its tombstone and its audit log remain. Audit: `tenant.archive`. */
export function archiveTenant(context: RequestContext, input: TenantStepInput): Promise<Payload> {
  return takeStep(context, "tenant.archive", once("archiveTenant", input, { tenant: Tenant }), input, (tenant, at) => archival(tenant, at, at));
}

/** What is stored of a tenant that is archived since `archivedAt`. */
export function archival(tenant: Tenant, archivedAt: Date, now: Date): Step {
  const [frozenAt, cancelReason] = [frozenSince(tenant, now), cancelReasonAt(tenant, now)];
  return { changes: { status: TenantStatus.ARCHIVED, archivedAt, frozenAt, cancelReason }, recorded: { frozenAt, reason: cancelReason } };
}

/**
 * Faults  NOT_FOUND; CONFLICT(expectedVersion) when somebody else changed it; FAILED_PRECONDITION naming the state when no such step
 *         leads from it; CONFLICT(idempotencyKey) when the key was used for another input.
 */
function takeStep(
  { doors, now }: RequestContext,
  action: ArrowAction,
  key: ReturnType<typeof once<"tenant">>,
  { id, expectedVersion }: TenantStepInput,
  step: (tenant: Tenant, at: Date) => Step,
): Promise<Payload> {
  const home = doors.within(id);
  return home.change(
    action,
    async (tx) => {
      const tenant = await tx.findOneBy(Tenant, { id: home.tenantId });
      if (!tenant) throw notFound("Tenant");
      expectVersion(tenant, expectedVersion);
      const at = now();
      refuseStep(action, tenant, at);
      return store(tx, tenant, statusAt(tenant, at), step(tenant, at));
    },
    key,
  );
}

/** Write a step down, erase what an archived tenant has, and let Keycloak hear of it. */
export async function store(tx: EntityManager, row: Tenant, from: TenantStatus, { changes, recorded }: Step) {
  await tx.save(Object.assign(row, changes));
  const gone = row.status === TenantStatus.ARCHIVED;
  const erased = gone ? { erased: await eraseTenant(tx, row.id) } : {};
  const tenant = gone ? await tx.findOneByOrFail(Tenant, { id: row.id }) : row;
  await enqueue(tx, "tenant.provision", { tenantId: tenant.id });
  return { value: { tenant }, audit: [{ target: targetOf(tenant), metadata: { from, to: tenant.status, ...recorded, ...erased } }] as const };
}
