/** Owns the proof of the lifecycle: the table of DESIGN §3, written down once more by hand, against every state, operation and moment. */
import { describe, expect, it } from "vitest";
import { ACTIONS_OF_ROLE, CHANGE_ACTIONS, READ_ACTIONS, SYSTEM_ACTIONS, type ChangeAction } from "../../src/kernel/action.js";
import { actionsOf, may, REGISTRY_ITSELF, type Principal } from "../../src/kernel/principal.js";
import { TenantCancelReason, TenantStatus } from "../../src/tenant/tenant.entity.js";
import { archivedSince, archivesAt, ARROWS, cancelReasonAt, frozenSince, graceEnd, LIFECYCLE, refuseStep, statusAt, type ArrowAction, type Standing } from "../../src/tenant/tenant.lifecycle.js";
import { refusalOf, restrictionIn } from "../../src/tenant/tenant.refusals.js";

const { DEMO, TRIAL, ACTIVE, FROZEN, ARCHIVED } = TenantStatus;
const DEADLINE = new Date("2026-03-01T12:00:00.000Z");
const DAY = 86_400_000;
const [BEFORE, AT, AFTER] = [-1, 0, 1];
const at = (days: number, ms = 0) => new Date(DEADLINE.getTime() + days * DAY + ms);

const trial: Standing = { status: TRIAL, trialEndsAt: DEADLINE, frozenAt: null };
const frozen: Standing = { status: FROZEN, trialEndsAt: null, frozenAt: DEADLINE };

/** Standing → days after DEADLINE, milliseconds around it → what is true then. */
const MOMENTS: [string, Standing, number, number, TenantStatus][] = [
  ["a trial", trial, -1000, 0, TRIAL],
  ["a trial", trial, 0, BEFORE, TRIAL],
  ["a trial", trial, 0, AT, FROZEN],
  ["a trial", trial, 0, AFTER, FROZEN],
  ["a trial", trial, 30, BEFORE, FROZEN],
  ["a trial", trial, 30, AT, ARCHIVED],
  ["a trial", trial, 30, AFTER, ARCHIVED],
  ["a trial", trial, 4000, 0, ARCHIVED],
  ["frozen", frozen, -1, 0, FROZEN],
  ["frozen", frozen, 0, AT, FROZEN],
  ["frozen", frozen, 30, BEFORE, FROZEN],
  ["frozen", frozen, 30, AT, ARCHIVED],
  ["frozen", frozen, 30, AFTER, ARCHIVED],
  ["frozen", frozen, 4000, 0, ARCHIVED],
  // A trial that was cancelled before its end is frozen since then, and its end no longer counts.
  ["a cancelled trial", { ...frozen, trialEndsAt: at(-100) }, 30, BEFORE, FROZEN],
  ["a cancelled trial", { ...frozen, trialEndsAt: at(10) }, 30, AT, ARCHIVED],
  // Adopted rows: nobody knows when it ends, so it does not.
  ["a trial without an end", { ...trial, trialEndsAt: null }, 4000, 0, TRIAL],
  ["frozen since nobody knows when", { ...frozen, frozenAt: null }, 4000, 0, FROZEN],
  ["an active tenant whose trial is over", { status: ACTIVE, trialEndsAt: DEADLINE, frozenAt: null }, 4000, 0, ACTIVE],
  ["an active tenant that a hole left a time on", { status: ACTIVE, trialEndsAt: DEADLINE, frozenAt: DEADLINE }, 4000, 0, ACTIVE],
  ["a demo", { status: DEMO, trialEndsAt: DEADLINE, frozenAt: null }, 4000, 0, DEMO],
  ["archived before its grace was over", { ...frozen, status: ARCHIVED }, 1, 0, ARCHIVED],
  ["archived without ever having been frozen", { status: ARCHIVED, trialEndsAt: null, frozenAt: null }, 0, 0, ARCHIVED],
];

describe("where a tenant stands", () => {
  it.each(MOMENTS)("%s %#: %i days and %i ms after its deadline it is %s", (_, standing, days, ms, status) => {
    expect(statusAt(standing, at(days, ms))).toBe(status);
  });

  it("is the same when it is stored as what it is", () => {
    for (const [, standing, days, ms, status] of MOMENTS) {
      expect(statusAt({ ...standing, status, frozenAt: frozenSince(standing, at(days, ms)) }, at(days, ms))).toBe(status);
    }
  });

  it.each([
    [trial, 0, BEFORE, { frozenAt: null, archivesAt: null, archivedAt: null, reason: null }],
    [trial, 0, AT, { frozenAt: DEADLINE, archivesAt: at(30), archivedAt: null, reason: TenantCancelReason.TRIAL_ENDED }],
    [trial, 30, BEFORE, { frozenAt: DEADLINE, archivesAt: at(30), archivedAt: null, reason: TenantCancelReason.TRIAL_ENDED }],
    [trial, 30, AT, { frozenAt: DEADLINE, archivesAt: null, archivedAt: at(30), reason: TenantCancelReason.TRIAL_ENDED }],
    [frozen, 1, AT, { frozenAt: DEADLINE, archivesAt: at(30), archivedAt: null, reason: TenantCancelReason.NON_PAYMENT }],
    [frozen, 30, AT, { frozenAt: DEADLINE, archivesAt: null, archivedAt: at(30), reason: TenantCancelReason.NON_PAYMENT }],
    [{ ...frozen, frozenAt: null }, 30, AT, { frozenAt: null, archivesAt: null, archivedAt: null, reason: TenantCancelReason.NON_PAYMENT }],
    [{ status: ACTIVE, trialEndsAt: DEADLINE, frozenAt: null }, 30, AT, { frozenAt: null, archivesAt: null, archivedAt: null, reason: null }],
  ] as const)("%o is told with its times, %i days and %i ms after the deadline", (standing, days, ms, told) => {
    const now = at(days, ms);
    const cancelReason = standing.status === FROZEN ? TenantCancelReason.NON_PAYMENT : null;
    expect({
      frozenAt: frozenSince(standing, now),
      archivesAt: archivesAt(standing, now),
      archivedAt: archivedSince({ ...standing, archivedAt: null }, now),
      reason: cancelReasonAt({ ...standing, cancelReason }, now),
    }).toEqual(told);
  });

  it("an archived tenant keeps the times that it was archived with", () => {
    expect(archivedSince({ ...frozen, status: ARCHIVED, archivedAt: at(3) }, at(400))).toEqual(at(3));
    expect([frozenSince({ ...frozen, status: ARCHIVED }, at(400)), archivesAt({ ...frozen, status: ARCHIVED }, at(1))]).toEqual([DEADLINE, null]);
  });

  it("the grace is thirty days of 24 hours, also over the end of a summer time or a February, and moves no clock that it was given", () => {
    for (const from of ["2026-03-01T12:00:00.000Z", "2028-02-15T00:00:00.000Z", "2026-10-20T23:59:59.999Z"]) {
      const frozenAt = new Date(from);
      expect(graceEnd(frozenAt).getTime() - Date.parse(from)).toBe(30 * DAY);
      expect(frozenAt.toISOString()).toBe(from);
    }
  });
});

/** What changes do for whom, as DESIGN §3 says it. */
const OWN: Record<TenantStatus, (action: ChangeAction) => string> = {
  demo: (action) => (/^(api_key|invitation|provisioning|idp_config|product_request)\.|^entitlement\.start_trial$/.test(action) ? "FAILED_PRECONDITION" : "may"),
  trial: () => "may",
  active: () => "may",
  frozen: (action) => (action === "tenant.export" ? "may" : "TENANT_READ_ONLY"),
  archived: () => "TENANT_READ_ONLY",
};
const STEPS = ["tenant.activate", "tenant.extend_trial", "tenant.cancel", "tenant.reactivate", "tenant.archive"];
const FINISHES_ARCHIVING = ["tenant.trial_end", "tenant.grace_end", "keycloak.provision", "keycloak.provision_failed", "provisioning.retry", "job.retry"];
const PLATFORMS = (action: ChangeAction, status: TenantStatus) =>
  status !== ARCHIVED || STEPS.includes(action) || FINISHES_ARCHIVING.includes(action) ? "may" : "TENANT_READ_ONLY";

const person = (role: "admin" | "auditor" | "member"): Principal => ({ kind: "user", subject: "u", name: null, roles: [role], tenantId: "t" });
const operator: Principal = { kind: "platform", subject: "o", name: null, roles: ["operator"], tenantId: null };
const service: Principal = { kind: "service", subject: "s", name: null, roles: ["service"], tenantId: null, product: "crm" };

describe.each(Object.values(TenantStatus))("in a tenant that is %s", (status) => {
  it.each([...CHANGE_ACTIONS, ...SYSTEM_ACTIONS])("%s is refused to whom it should be, and the refusal names the state", (action) => {
    const outcome = (principal: Principal) => refusalOf(action, status, principal)?.code ?? "may";
    expect([person("admin"), service].map(outcome)).toEqual([OWN[status](action), OWN[status](action)]);
    expect([operator, REGISTRY_ITSELF].map(outcome)).toEqual([PLATFORMS(action, status), PLATFORMS(action, status)]);
    for (const principal of [person("admin"), operator]) expect(refusalOf(action, status, principal)?.message ?? status).toContain(status);
  });

  it.each(["admin", "auditor", "member"] as const)("a %s reads what the state leaves, and is offered nothing that would be refused", (role) => {
    const principal = { ...person(role), restriction: restrictionIn(status) } as Principal;
    const held = [...ACTIONS_OF_ROLE[role]];
    const mayRead = held.filter((action) => (READ_ACTIONS as readonly string[]).includes(action) && (status !== ARCHIVED || ["viewer.read", "audit_event.read"].includes(action)));
    const mayChange = held.filter((action) => (CHANGE_ACTIONS as readonly string[]).includes(action) && OWN[status](action as ChangeAction) === "may");
    expect(READ_ACTIONS.filter((action) => may(principal, action)).sort()).toEqual(mayRead.sort());
    expect(actionsOf(principal)).toEqual([...mayRead, ...mayChange].sort());
  });

  it("a step is taken from where an arrow leads from, and nowhere else", () => {
    const leads: Record<ArrowAction, string[]> = {
      "tenant.activate": ["trial"],
      "tenant.extend_trial": ["trial"],
      "tenant.cancel": ["trial", "active"],
      "tenant.reactivate": ["frozen"],
      "tenant.archive": ["frozen", "demo"],
    };
    expect(Object.keys(ARROWS).sort()).toEqual(Object.keys(leads).sort());
    for (const [action, from] of Object.entries(leads) as [ArrowAction, string[]][]) {
      for (const [, standing, days, ms] of MOMENTS.filter(([, , , , truly]) => truly === status)) {
        const take = () => refuseStep(action, standing, at(days, ms));
        if (from.includes(status)) expect(take).not.toThrow();
        else expect(take).toThrow(expect.objectContaining({ code: "FAILED_PRECONDITION", field: "id", message: expect.stringContaining(`is ${status}`) }));
      }
    }
  });
});

describe("the table", () => {
  it("is the one that DESIGN §3 draws", () => {
    expect(LIFECYCLE).toEqual({
      demo: { ownReads: "everything", ownChanges: "demo", operatorChanges: "everything", apiKeys: "refused", entitlements: "granted, marked demo", claims: "products", outwardEffects: "never" },
      trial: { ownReads: "everything", ownChanges: "everything", operatorChanges: "everything", apiKeys: "verify", entitlements: "until its own and the trial's end", claims: "products", outwardEffects: "yes" },
      active: { ownReads: "everything", ownChanges: "everything", operatorChanges: "everything", apiKeys: "verify", entitlements: "until its own end", claims: "products", outwardEffects: "yes" },
      frozen: { ownReads: "everything", ownChanges: "export only", operatorChanges: "everything", apiKeys: "refused", entitlements: "denied", claims: "no products", outwardEffects: "no new ones" },
      archived: { ownReads: "audit log only", ownChanges: "nothing", operatorChanges: "nothing", apiKeys: "refused", entitlements: "denied", claims: "no products", outwardEffects: "never" },
    });
  });
});
