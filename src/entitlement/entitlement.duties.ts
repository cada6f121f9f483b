/** Owns which reminder of an entitlement's end it is time for. No I/O. */
import { LIFECYCLE, statusAt } from "../tenant/tenant.lifecycle.js";
import { verdictOf, type EntitlementRow, type VerdictQuestion } from "./entitlement.verdict.js";

/** How many days ahead of an end it is announced. */
export const REMINDER_DAYS = [1, 3] as const;

const DAY_MS = 86_400_000;

/** An announcement of an end. Each of {@link REMINDER_DAYS} is made once for each end. */
export interface Reminder {
  deadline: Date;
  /** Which of the announcements it is. */
  ahead: (typeof REMINDER_DAYS)[number];
  /** Days until then, begun ones counted; fewer than `ahead` when it is late. */
  daysLeft: number;
}

/**
 * The one reminder that it is time for. One that was missed is not made up for: the next is nearer. Nobody is reminded of an end that
 * takes nothing away, because the plan gives the product too or the tenant's own trial ends before; nor in a tenant that is told nothing.
 */
export function dueReminder(question: VerdictQuestion & { entitlement: EntitlementRow }): Reminder | null {
  const { tenant, entitlement, now } = question;
  if (LIFECYCLE[statusAt(tenant, now)].outwardEffects !== "yes") return null;
  const { validUntil } = verdictOf(question);
  if (!validUntil || validUntil.getTime() !== entitlement.expiresAt?.getTime()) return null;
  const leftMs = validUntil.getTime() - now.getTime();
  const ahead = REMINDER_DAYS.find((days) => leftMs <= days * DAY_MS);
  return ahead === undefined ? null : { deadline: validUntil, ahead, daysLeft: Math.ceil(leftMs / DAY_MS) };
}
