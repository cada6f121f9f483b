import { describe, expect, it } from "vitest";
import { TenantStatus } from "../../src/tenant/tenant.entity.js";
import { dueReminder, overdueSteps } from "../../src/tenant/tenant.duties.js";
import type { Standing } from "../../src/tenant/tenant.lifecycle.js";

const { DEMO, TRIAL, ACTIVE, FROZEN, ARCHIVED } = TenantStatus;
const DEADLINE = new Date("2026-03-01T12:00:00.000Z");
const DAY = 86_400_000;
const at = (days: number, ms = 0) => new Date(DEADLINE.getTime() + days * DAY + ms);

const trial: Standing = { status: TRIAL, trialEndsAt: DEADLINE, frozenAt: null };
/** Its grace ends at the deadline. */
const frozen: Standing = { status: FROZEN, trialEndsAt: null, frozenAt: at(-30) };
const endless: Standing[] = [
  { status: DEMO, trialEndsAt: DEADLINE, frozenAt: null },
  { status: ACTIVE, trialEndsAt: DEADLINE, frozenAt: null },
  { status: ARCHIVED, trialEndsAt: DEADLINE, frozenAt: at(-30) },
  { ...trial, trialEndsAt: null },
  { ...frozen, frozenAt: null },
];

describe("the steps that are overdue", () => {
  it.each<[string, Standing, Date, string[]]>([
    ["a trial just before its end", trial, at(0, -1), []],
    ["a trial at its end", trial, at(0), ["tenant.trial_end"]],
    ["a trial just after its end", trial, at(0, 1), ["tenant.trial_end"]],
    ["a trial just before the end of its grace", trial, at(30, -1), ["tenant.trial_end"]],
    ["a trial that nobody looked at until its grace was over", trial, at(30), ["tenant.trial_end", "tenant.grace_end"]],
    ["a trial that nobody looked at for years", trial, at(4000), ["tenant.trial_end", "tenant.grace_end"]],
    ["a frozen tenant just before the end of its grace", frozen, at(0, -1), []],
    ["a frozen tenant at the end of its grace", frozen, at(0), ["tenant.grace_end"]],
    ["a frozen tenant years later", frozen, at(4000), ["tenant.grace_end"]],
  ])("of %s", (_, standing, now, steps) => expect(overdueSteps(standing, now)).toEqual(steps));

  it.each(endless)("of %o there are none, ever", (standing) => {
    for (const now of [at(-4000), at(0), at(30), at(4000)]) expect(overdueSteps(standing, now)).toEqual([]);
  });
});

describe.each([
  ["a trial", trial, "tenant.trial_ending"],
  ["a frozen tenant", frozen, "tenant.grace_ending"],
] as const)("the reminder of %s", (_, standing, action) => {
  it.each([
    [-4000, 0, null],
    [-3, -1, null],
    [-3, 0, { ahead: 3, daysLeft: 3 }],
    [-3, 1, { ahead: 3, daysLeft: 3 }],
    [-2, 0, { ahead: 3, daysLeft: 2 }],
    [-1, -1, { ahead: 3, daysLeft: 2 }],
    [-1, 0, { ahead: 1, daysLeft: 1 }],
    [0, -1, { ahead: 1, daysLeft: 1 }],
  ])("%i days and %i ms from its deadline is %o", (days, ms, due) => {
    expect(dueReminder(standing, at(days, ms))).toEqual(due && { action, deadline: DEADLINE, ...due });
  });
});

describe("no reminder", () => {
  it("is made of a deadline that is reached: a trial that is over is reminded of the end of its grace, and then of nothing", () => {
    expect([dueReminder(trial, at(0)), dueReminder(trial, at(20))]).toEqual([null, null]);
    expect(dueReminder(trial, at(28))).toEqual({ action: "tenant.grace_ending", deadline: at(30), ahead: 3, daysLeft: 2 });
    expect([dueReminder(trial, at(30)), dueReminder(frozen, at(0)), dueReminder(frozen, at(4000))]).toEqual([null, null, null]);
  });

  it.each(endless)("is made of %o", (standing) => {
    for (const now of [at(-4000), at(-3), at(-1), at(-1, 1), at(27), at(29)]) expect(dueReminder(standing, now)).toBeNull();
  });
});
