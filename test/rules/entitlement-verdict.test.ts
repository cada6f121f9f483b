import { describe, expect, it } from "vitest";
import { catalogOf, type PlanManifest, type ProductManifest } from "../../src/catalog/catalog.js";
import { EntitlementSource } from "../../src/entitlement/entitlement.entity.js";
import { EntitlementReason, inProject, VerdictSource, verdictOf, type EntitledTenant, type EntitlementRow, type Verdict } from "../../src/entitlement/entitlement.verdict.js";
import { ProjectStatus } from "../../src/project/project.entity.js";
import { TenantKind, TenantStatus } from "../../src/tenant/tenant.entity.js";
import { GRACE_DAYS } from "../../src/tenant/tenant.lifecycle.js";

const NOW = new Date("2026-03-01T12:00:00.000Z");
const DAY_MS = 86_400_000;
const at = (ms: number) => new Date(NOW.getTime() + ms);

/** Where a deadline lies from now: what is reached has passed. */
const DEADLINES = { "just before": at(1), at: at(0), "just after": at(-1) } as const;
type When = keyof typeof DEADLINES;
const WHENS = Object.keys(DEADLINES) as When[];
const over = (when: When) => when !== "just before";

function product(key: string, more: Partial<ProductManifest> = {}): ProductManifest {
  const limits = [{ name: "seats", type: "integer", description: "Seats.", unit: null, default: 5 }] as unknown as ProductManifest["limits"];
  return { key, name: key, description: key, supportsProjects: true, requestable: true, trialDays: 14, configSchema: {}, configDefaults: { color: "grey", lang: "en" }, limits, scopes: [], settingNames: new Set(), configProblems: () => [], ...more };
}

const PRODUCTS = [product("crm"), product("desk")];
const PLAN: PlanManifest = { key: "pro", name: "Pro", description: "Pro", products: new Map([["crm", { config: { color: "blue" }, limits: { seats: 25 } }]]) };
const catalog = catalogOf(PRODUCTS, [PLAN]);

const tenant = (more: Partial<EntitledTenant> = {}): EntitledTenant => ({ status: TenantStatus.ACTIVE, kind: TenantKind.CUSTOMER, plan: "none", trialEndsAt: null, frozenAt: null, ...more });
const row = (more: Partial<EntitlementRow> = {}): EntitlementRow => ({ enabled: true, source: EntitlementSource.OVERRIDE, config: {}, expiresAt: null, ...more });
const trialRow = (more: Partial<EntitlementRow> = {}) => row({ source: EntitlementSource.TRIAL, expiresAt: at(DAY_MS), ...more });
const ask = (of: EntitledTenant, entitlement: EntitlementRow | null, key = "crm"): Verdict => verdictOf({ tenant: of, product: key, entitlement, catalog, now: NOW });

const denied = (reason: EntitlementReason, demo = false): Verdict => ({ granted: false, reason, source: null, limits: {}, config: {}, validUntil: null, demo });
const granted = (source: VerdictSource, more: Partial<Verdict> = {}): Verdict => ({
  granted: true,
  reason: EntitlementReason.GRANTED,
  source,
  limits: { seats: 5 },
  config: { color: "grey", lang: "en" },
  validUntil: null,
  demo: false,
  ...more,
});
const PLANNED = { limits: { seats: 25 }, config: { color: "blue", lang: "en" } };

/** Everything that a tenant can have of a product that its plan does not give, and what it means in a tenant that may have products. */
const HOLDINGS: [holding: string, entitlement: EntitlementRow | null, expected: Verdict][] = [
  ["nothing", null, denied(EntitlementReason.NOT_ENTITLED)],
  ["an override without an end", row(), granted(VerdictSource.OVERRIDE)],
  ["a withdrawn override", row({ enabled: false }), denied(EntitlementReason.WITHDRAWN)],
  ["a withdrawn override with an end to come", row({ enabled: false, expiresAt: at(1) }), denied(EntitlementReason.WITHDRAWN)],
  ["an override, its end stored by the job", row({ enabled: false, expiresAt: at(0) }), denied(EntitlementReason.EXPIRED)],
  ["a trial, its end stored by the job", trialRow({ enabled: false, expiresAt: at(0) }), denied(EntitlementReason.TRIAL_ENDED)],
  ...WHENS.map((when): [string, EntitlementRow, Verdict] => [
    `an override ${when} its end`,
    row({ expiresAt: DEADLINES[when] }),
    over(when) ? denied(EntitlementReason.EXPIRED) : granted(VerdictSource.OVERRIDE, { validUntil: DEADLINES[when] }),
  ]),
  ...WHENS.map((when): [string, EntitlementRow, Verdict] => [
    `a trial ${when} its end`,
    trialRow({ expiresAt: DEADLINES[when] }),
    over(when) ? denied(EntitlementReason.TRIAL_ENDED) : granted(VerdictSource.TRIAL, { validUntil: DEADLINES[when] }),
  ]),
];

/** The same beside a plan that gives the product. */
const PLAN_ALONE = granted(VerdictSource.PLAN, PLANNED);
const PLAN_HOLDINGS: [holding: string, entitlement: EntitlementRow | null, expected: Verdict][] = HOLDINGS.map(([holding, entitlement, expected]) => {
  const trialOrNothing = entitlement?.source !== EntitlementSource.OVERRIDE;
  if (trialOrNothing) return [holding, entitlement, PLAN_ALONE];
  return [holding, entitlement, expected.granted ? { ...expected, ...PLANNED } : expected];
});

describe("the verdict in an active tenant", () => {
  it.each(HOLDINGS)("without the plan: %s", (_, entitlement, expected) => expect(ask(tenant(), entitlement)).toEqual(expected));

  it.each(PLAN_HOLDINGS)("beside the plan: %s", (_, entitlement, expected) => expect(ask(tenant({ plan: "pro" }), entitlement)).toEqual(expected));

  it("is unknown for a product that neither the catalogue nor the tenant has", () => {
    expect(ask(tenant({ plan: "pro" }), null, "gone")).toEqual(denied(EntitlementReason.UNKNOWN_PRODUCT));
  });

  it("grants what was sold before the catalogue forgot it, with its own settings and no limits", () => {
    expect(ask(tenant(), row({ config: { seats: 7 } }), "gone")).toEqual(granted(VerdictSource.OVERRIDE, { limits: {}, config: { seats: 7 } }));
  });

  it("puts the tenant's own settings over the plan's, and those over the product's", () => {
    expect(ask(tenant({ plan: "pro" }), row({ config: { lang: "de" } }))).toEqual(granted(VerdictSource.OVERRIDE, { ...PLANNED, config: { color: "blue", lang: "de" } }));
  });

  it("takes a plan that the catalogue does not know for one that gives nothing", () => {
    expect(ask(tenant({ plan: "of old" }), null)).toEqual(denied(EntitlementReason.NOT_ENTITLED));
  });
});

describe("the verdict in a trial tenant", () => {
  const onTrial = (trialEndsAt: Date | null, plan = "none") => tenant({ status: TenantStatus.TRIAL, trialEndsAt, plan });

  for (const when of WHENS) {
    it.each([...HOLDINGS.map((line) => ["none", ...line] as const), ...PLAN_HOLDINGS.map((line) => ["pro", ...line] as const)])(`${when} the tenant's trial ends, plan %s: %s`, (plan, _, entitlement, expected) => {
      const end = DEADLINES[when];
      const until = expected.validUntil && expected.validUntil < end ? expected.validUntil : end;
      const inTime = expected.granted ? { ...expected, validUntil: until } : expected;
      expect(ask(onTrial(end, plan), entitlement)).toEqual(over(when) ? denied(EntitlementReason.TENANT_FROZEN) : inTime);
    });
  }

  it("is over first at whichever end comes first", () => {
    expect(ask(onTrial(at(5)), row({ expiresAt: at(9) })).validUntil).toEqual(at(5));
    expect(ask(onTrial(at(9)), row({ expiresAt: at(5) })).validUntil).toEqual(at(5));
    expect(ask(onTrial(null), row()).validUntil).toBeNull();
  });
});

describe("the verdict in a tenant that may have no products", () => {
  const grace = GRACE_DAYS * DAY_MS;
  const EVERYTHING = [...HOLDINGS, ...PLAN_HOLDINGS].map(([holding, entitlement]) => [holding, entitlement] as const);

  it.each(EVERYTHING)("frozen: %s is denied", (_, entitlement) => {
    for (const plan of ["none", "pro"]) expect(ask(tenant({ status: TenantStatus.FROZEN, frozenAt: at(-1), plan }), entitlement)).toEqual(denied(EntitlementReason.TENANT_FROZEN));
  });

  it.each(EVERYTHING)("archived: %s is denied", (_, entitlement) => {
    for (const plan of ["none", "pro"]) expect(ask(tenant({ status: TenantStatus.ARCHIVED, plan }), entitlement)).toEqual(denied(EntitlementReason.TENANT_ARCHIVED));
  });

  it.each([
    ["just before", at(1 - grace), EntitlementReason.TENANT_FROZEN],
    ["at", at(-grace), EntitlementReason.TENANT_ARCHIVED],
    ["just after", at(-1 - grace), EntitlementReason.TENANT_ARCHIVED],
  ])("%s the end of the grace, whatever is stored", (_, since, reason) => {
    expect(ask(tenant({ status: TenantStatus.FROZEN, frozenAt: since }), row())).toEqual(denied(reason));
    expect(ask(tenant({ status: TenantStatus.TRIAL, trialEndsAt: since }), row())).toEqual(denied(reason));
  });

  it("says so before it says that the product is unknown", () => {
    expect(ask(tenant({ status: TenantStatus.FROZEN, frozenAt: at(-1) }), null, "gone").reason).toBe(EntitlementReason.TENANT_FROZEN);
  });
});

describe("the verdict in a demo tenant", () => {
  it.each([...HOLDINGS.map((line) => ["none", ...line] as const), ...PLAN_HOLDINGS.map((line) => ["pro", ...line] as const)])("plan %s, %s: as anywhere, and marked", (plan, _, entitlement, expected) => {
    const marked = expected.granted ? { ...expected, source: VerdictSource.DEMO, demo: true } : { ...expected, demo: true };
    expect(ask(tenant({ status: TenantStatus.DEMO, kind: TenantKind.DEMO, plan }), entitlement)).toEqual(marked);
  });

  it("is marked when it is archived, and when only its kind or only its state says demo", () => {
    expect(ask(tenant({ status: TenantStatus.ARCHIVED, kind: TenantKind.DEMO }), row())).toEqual(denied(EntitlementReason.TENANT_ARCHIVED, true));
    expect(ask(tenant({ status: TenantStatus.ACTIVE, kind: TenantKind.DEMO }), row()).demo).toBe(true);
    expect(ask(tenant({ status: TenantStatus.DEMO }), row()).demo).toBe(true);
  });
});

describe("the verdict in a project", () => {
  it("is the tenant's in an active one, and denied in one that is archived or not there", () => {
    const verdict = ask(tenant(), row());
    expect(inProject(verdict, { status: ProjectStatus.ACTIVE })).toEqual(verdict);
    expect(inProject(verdict, { status: ProjectStatus.ARCHIVED })).toEqual(denied(EntitlementReason.PROJECT_ARCHIVED));
    expect(inProject(verdict, null)).toEqual(denied(EntitlementReason.PROJECT_NOT_FOUND));
  });

  it("keeps the tenant's reason when the tenant has not the product at all", () => {
    for (const project of [null, { status: ProjectStatus.ARCHIVED }]) expect(inProject(ask(tenant(), null), project)).toEqual(denied(EntitlementReason.NOT_ENTITLED));
  });

  it("stays marked as demo", () => {
    expect(inProject(ask(tenant({ kind: TenantKind.DEMO, status: TenantStatus.DEMO }), row()), null)).toEqual(denied(EntitlementReason.PROJECT_NOT_FOUND, true));
  });
});
