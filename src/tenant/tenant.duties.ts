/** Owns what a tenant's deadlines make due: which steps its stored state lags behind, and which reminder it is time for. No I/O. */
import { TenantStatus } from "./tenant.entity.js";
import { frozenSince, graceEnd, statusAt, type Standing } from "./tenant.lifecycle.js";

/** How many days ahead of a deadline it is announced. */
export const REMINDER_DAYS = [1, 3] as const;

const DAY_MS = 86_400_000;

/** A step that a deadline took, and that is still to be stored. */
export type OverdueStep = "tenant.trial_end" | "tenant.grace_end";

/** The steps by which the stored state lags behind, in their order: a tenant that nobody looked at for long has both before it. */
export function overdueSteps(standing: Standing, now: Date): OverdueStep[] {
  if (standing.status === TenantStatus.ARCHIVED || standing.status === statusAt(standing, now)) return [];
  const steps: OverdueStep[] = standing.status === TenantStatus.TRIAL ? ["tenant.trial_end"] : [];
  return statusAt(standing, now) === TenantStatus.ARCHIVED ? [...steps, "tenant.grace_end"] : steps;
}

/** An announcement of a deadline. Each of {@link REMINDER_DAYS} is made once for each deadline. */
export interface Reminder {
  action: "tenant.trial_ending" | "tenant.grace_ending";
  deadline: Date;
  /** Which of the announcements it is. */
  ahead: (typeof REMINDER_DAYS)[number];
  /** Days until then, begun ones counted; fewer than `ahead` when it is late. */
  daysLeft: number;
}

/** The one reminder that it is time for. One that was missed is not made up for: the next is nearer, and a deadline that has passed needs none. */
export function dueReminder(standing: Standing, now: Date): Reminder | null {
  const status = statusAt(standing, now);
  const since = frozenSince(standing, now);
  if (status === TenantStatus.TRIAL && standing.trialEndsAt) return reminderOf("tenant.trial_ending", standing.trialEndsAt, now);
  return status === TenantStatus.FROZEN && since ? reminderOf("tenant.grace_ending", graceEnd(since), now) : null;
}

function reminderOf(action: Reminder["action"], deadline: Date, now: Date): Reminder | null {
  const leftMs = deadline.getTime() - now.getTime();
  const ahead = REMINDER_DAYS.find((days) => leftMs <= days * DAY_MS);
  return ahead === undefined ? null : { action, deadline, ahead, daysLeft: Math.ceil(leftMs / DAY_MS) };
}
