/**
 * Owns what jobs do about tenants' deadlines: the stored state is moved to what is already true, and what is near is announced. Nobody
 * waits for it: whoever reads a tenant compares its deadlines.
 */
import sql, { type Sql } from "sql-template-tag";
import type { EntityManager } from "typeorm";
import type { Change, Home } from "../kernel/doors.js";
import { notFound } from "../kernel/fault.js";
import type { JobRequest } from "../kernel/jobs.js";
import type { RequestContext } from "../kernel/request.js";
import { targetOf } from "./tenant.changes.js";
import { dueReminder, overdueSteps, REMINDER_DAYS, type OverdueStep, type Reminder } from "./tenant.duties.js";
import { Tenant, TenantCancelReason, TenantStatus } from "./tenant.entity.js";
import { frozenSince, GRACE_DAYS, graceEnd, type Standing } from "./tenant.lifecycle.js";
import { archival, store } from "./tenant.steps.js";

/** Tenants that one sweep sends on their way, those first that are longest due; the next sweep takes up the rest. */
export const SWEEP_AT_MOST = 1_000;

const DAY_MS = 86_400_000;

/** Find the tenants whose stored state lags behind, and those of which a reminder is due that was not made. */
export async function sweepDeadlines({ doors, now }: RequestContext): Promise<JobRequest[]> {
  const due = await doors.read<{ id: string }>(sql`
    select id from (
      ${dueBefore({ status: sql`t.status = 'trial'`, since: sql`t.trial_ends_at`, lasts: 0, action: "tenant.trial_ending" }, now())}
      union all
      ${dueBefore({ status: sql`t.status = 'frozen'`, since: sql`t.frozen_at`, lasts: GRACE_DAYS, action: "tenant.grace_ending" }, now())}
    ) due order by deadline limit ${SWEEP_AT_MOST}`);
  return due.map(({ id }) => ({ kind: "tenant.advance", payload: { tenantId: id } }));
}

/** A deadline as SQL knows it: so many days of 24 hours after a time that is indexed for the tenants in that state. */
interface Deadline {
  status: Sql;
  since: Sql;
  lasts: number;
  action: Reminder["action"];
}

/** Postgres keeps microseconds and a Date has milliseconds: a deadline is reached in the millisecond in which it falls, here as in `statusAt`. */
function dueBefore({ status, since, lasts, action }: Deadline, now: Date): Sql {
  const reachedIn = (days: number) => new Date(now.getTime() + (days - lasts) * DAY_MS + 1);
  const [last, first] = REMINDER_DAYS;
  return sql`
    select t.id, ${since} + ${`${lasts * 24} hours`}::interval as deadline from tenants t
    where ${status} and ${since} < ${reachedIn(first)} and (${since} < ${reachedIn(0)} or not exists (
      select from tenant_notices n where n.tenant_id = t.id and n.kind = ${action}
        and n.deadline = date_trunc('milliseconds', ${since} + ${`${lasts * 24} hours`}::interval)
        and n.days_left = case when ${since} < ${reachedIn(last)} then ${last}::int else ${first}::int end))`;
}

/**
 * Take the steps that are overdue in one tenant, each with its own time and event, then make the reminder that is due. Called twice,
 * at once or too early, it finds nothing to do: each is looked at again under the tenant's lock.
 *
 * Audit   `tenant.trial_end`, `tenant.grace_end`, `tenant.trial_ending`, `tenant.grace_ending`.
 */
export async function advanceTenant({ doors, now }: RequestContext, { tenantId }: { tenantId: string }): Promise<void> {
  const [standing] = await doors.read<Standing>(sql`
    select status, trial_ends_at as "trialEndsAt", frozen_at as "frozenAt" from tenants where id = ${tenantId}::uuid`);
  if (!standing) return;
  const home = doors.within(tenantId);
  for (const step of overdueSteps(standing, now())) await change(home, step, (tx, tenant) => takeOverdue(tx, tenant, step, now()));
  const reminder = dueReminder(standing, now());
  if (reminder) await change(home, reminder.action, (tx, tenant) => remind(tx, tenant, reminder.action, now()));
}

function change(home: Home, action: OverdueStep | Reminder["action"], work: (tx: EntityManager, tenant: Tenant) => Promise<Change<unknown>>): Promise<unknown> {
  return home.change(action, async (tx) => {
    const tenant = await tx.findOneBy(Tenant, { id: home.tenantId });
    if (!tenant) throw notFound("Tenant");
    return work(tx, tenant);
  });
}

/** What is stored is what was true then: a trial is frozen since its end, a frozen tenant archived since the end of its grace. */
async function takeOverdue(tx: EntityManager, tenant: Tenant, step: OverdueStep, now: Date): Promise<Change<unknown>> {
  const since = frozenSince(tenant, now);
  if (overdueSteps(tenant, now)[0] !== step || since === null) return { value: null, unaudited: "no-op" };
  if (step === "tenant.grace_end") return store(tx, tenant, TenantStatus.FROZEN, archival(tenant, graceEnd(since), now));
  const reason = TenantCancelReason.TRIAL_ENDED;
  return store(tx, tenant, TenantStatus.TRIAL, {
    changes: { status: TenantStatus.FROZEN, frozenAt: since, cancelReason: reason },
    recorded: { reason, frozenAt: since },
  });
}

/** The row that says that it was made is written with its event, and can be written once. */
async function remind(tx: EntityManager, tenant: Tenant, action: Reminder["action"], now: Date): Promise<Change<unknown>> {
  const reminder = dueReminder(tenant, now);
  if (reminder?.action !== action) return { value: null, unaudited: "no-op" };
  const { ahead, deadline, daysLeft } = reminder;
  const made = await tx.query<unknown[]>(
    "insert into tenant_notices (tenant_id, kind, days_left, deadline) values ($1, $2, $3, $4) on conflict do nothing returning days_left",
    [tenant.id, action, ahead, deadline],
  );
  if (made.length === 0) return { value: null, unaudited: "no-op" };
  return { value: null, audit: [{ target: targetOf(tenant), metadata: { daysLeft, deadline } }] };
}
