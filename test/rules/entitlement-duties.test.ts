import { describe, expect, it } from "vitest";
import { catalogOf, type PlanManifest } from "../../src/catalog/catalog.js";
import { dueReminder } from "../../src/entitlement/entitlement.duties.js";
import { EntitlementSource } from "../../src/entitlement/entitlement.entity.js";
import type { EntitledTenant, EntitlementRow } from "../../src/entitlement/entitlement.verdict.js";
import { TenantKind, TenantStatus } from "../../src/tenant/tenant.entity.js";

const NOW = new Date("2026-03-01T12:00:00.000Z");
const DAY_MS = 86_400_000;
const at = (ms: number) => new Date(NOW.getTime() + ms);
const PLAN: PlanManifest = { key: "pro", name: "Pro", description: "Pro", products: new Map([["crm", { config: {}, limits: {} }]]) };
const catalog = catalogOf([], [PLAN]);

function due(entitlement: Partial<EntitlementRow>, tenant: Partial<EntitledTenant> = {}) {
  return dueReminder({
    tenant: { status: TenantStatus.ACTIVE, kind: TenantKind.CUSTOMER, plan: "none", trialEndsAt: null, frozenAt: null, ...tenant },
    product: "crm",
    entitlement: { enabled: true, source: EntitlementSource.OVERRIDE, expiresAt: null, ...entitlement },
    catalog,
    now: NOW,
  });
}

describe("the reminder of an entitlement's end", () => {
  it.each([
    ["just before the third day", 3 * DAY_MS + 1, null],
    ["at the third day", 3 * DAY_MS, { ahead: 3, daysLeft: 3 }],
    ["just after the third day", 3 * DAY_MS - 1, { ahead: 3, daysLeft: 3 }],
    ["just before the last day", DAY_MS + 1, { ahead: 3, daysLeft: 2 }],
    ["at the last day", DAY_MS, { ahead: 1, daysLeft: 1 }],
    ["just before the end", 1, { ahead: 1, daysLeft: 1 }],
    ["at the end", 0, null],
    ["after the end", -1, null],
  ])("%s", (_, ms, expected) => {
    for (const source of Object.values(EntitlementSource)) {
      expect(due({ expiresAt: at(ms), source })).toEqual(expected && { ...expected, deadline: at(ms) });
    }
  });

  it.each<[string, Partial<EntitlementRow>, Partial<EntitledTenant>]>([
    ["without an end", { expiresAt: null }, {}],
    ["that is withdrawn", { enabled: false }, {}],
    ["of a trial beside a plan that gives the product", { source: EntitlementSource.TRIAL }, { plan: "pro" }],
    ["in a tenant whose own trial ends before", {}, { status: TenantStatus.TRIAL, trialEndsAt: at(1) }],
    ["in a frozen tenant", {}, { status: TenantStatus.FROZEN, frozenAt: at(-1) }],
    ["in a tenant whose trial is over", {}, { status: TenantStatus.TRIAL, trialEndsAt: at(-1) }],
    ["in an archived tenant", {}, { status: TenantStatus.ARCHIVED }],
    ["in a demo", {}, { status: TenantStatus.DEMO, kind: TenantKind.DEMO }],
  ])("is not due of one %s", (_, entitlement, tenant) => {
    expect(due({ expiresAt: at(2 * DAY_MS), ...entitlement }, tenant)).toBeNull();
  });

  it("is due of an override beside a plan, because its end takes the product away", () => {
    expect(due({ expiresAt: at(2 * DAY_MS) }, { plan: "pro" })).toMatchObject({ ahead: 3 });
  });
});
