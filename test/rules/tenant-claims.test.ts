import { describe, expect, it } from "vitest";
import { catalogOf, type ProductManifest } from "../../src/catalog/catalog.js";
import { EntitlementSource } from "../../src/entitlement/entitlement.entity.js";
import { VerdictSource } from "../../src/entitlement/entitlement.verdict.js";
import { claimsAt, type ClaimFacts } from "../../src/tenant-claims/tenant-claims.rules.js";
import { TenantKind, TenantStatus } from "../../src/tenant/tenant.entity.js";

const product = (key: string): ProductManifest => ({
  key, name: key, description: key, supportsProjects: false, requestable: false, trialDays: null, configSchema: {}, configDefaults: {},
  limits: [], scopes: [], settingNames: new Set(), configProblems: () => [],
});
const CATALOG = catalogOf(["crm", "desk", "docs"].map(product), [
  { key: "starter", name: "Starter", description: "", products: new Map([["docs", { config: {}, limits: {} }]]) },
]);

const END = new Date("2026-03-01T12:00:00.000Z");
const BEFORE = new Date(END.getTime() - 1);
const READ = new Date("2026-02-28T00:00:00.000Z");

const facts = (tenant: Partial<ClaimFacts["tenant"]> = {}, entitlements: Partial<ClaimFacts["entitlements"][number]>[] = []): ClaimFacts => ({
  tenant: { id: "1", slug: "acme", status: TenantStatus.ACTIVE, kind: TenantKind.CUSTOMER, plan: "starter", trialEndsAt: null, frozenAt: null, ...tenant },
  entitlements: entitlements.map((row) => ({ product: "crm", enabled: true, source: EntitlementSource.OVERRIDE, config: {}, expiresAt: null, ...row })),
  asOf: READ,
});
const keysAt = (now: Date, of: ClaimFacts) => claimsAt(of, CATALOG, now, false).products.map(({ key }) => key);

describe("the claims of a tenant", () => {
  it("list what the plan gives and what was granted, by key, with source and end", () => {
    expect(claimsAt(facts({}, [{ product: "desk", expiresAt: END }, { product: "crm" }]), CATALOG, BEFORE, false)).toEqual({
      tenantId: "1",
      slug: "acme",
      status: "active",
      plan: "starter",
      products: [
        { key: "crm", source: VerdictSource.OVERRIDE, validUntil: null },
        { key: "desk", source: VerdictSource.OVERRIDE, validUntil: END },
        { key: "docs", source: VerdictSource.PLAN, validUntil: null },
      ],
      asOf: READ,
      version: expect.stringMatching(/^[\w-]{22}$/),
      stale: false,
    });
  });

  it("leave out what is withdrawn, from the end on what has ended, and a product that nobody gave", () => {
    const of = facts({}, [{ product: "crm", expiresAt: END }, { product: "desk", enabled: false }]);
    expect([keysAt(BEFORE, of), keysAt(END, of)]).toEqual([["crm", "docs"], ["docs"]]);
  });

  it("of a trial end with it: frozen, and no products", () => {
    const of = facts({ status: TenantStatus.TRIAL, trialEndsAt: END }, [{}]);
    expect(claimsAt(of, CATALOG, BEFORE, true)).toMatchObject({ status: "trial", products: [{ key: "crm", validUntil: END }, { key: "docs", validUntil: END }], stale: true });
    expect(claimsAt(of, CATALOG, END, true)).toMatchObject({ status: "frozen", products: [], stale: true });
  });

  it.each([
    [TenantStatus.FROZEN, { frozenAt: READ }, "frozen"],
    [TenantStatus.FROZEN, { frozenAt: new Date("2026-01-01T00:00:00.000Z") }, "archived"],
    [TenantStatus.ARCHIVED, {}, "archived"],
  ])("stored as %s, with %o, say %s and list nothing", (status, since, said) => {
    expect(claimsAt(facts({ status, ...since }, [{}]), CATALOG, END, false)).toMatchObject({ status: said, products: [] });
  });

  it("of a demo list what it has, marked as demo", () => {
    const of = facts({ status: TenantStatus.DEMO, kind: TenantKind.DEMO }, [{}]);
    expect(claimsAt(of, CATALOG, END, false)).toMatchObject({ status: "demo", products: [{ key: "crm", source: "demo" }, { key: "docs", source: "demo" }] });
  });
});

describe("the version of claims", () => {
  const version = (of: ClaimFacts, now = BEFORE) => claimsAt(of, CATALOG, now, false).version;
  const trial = facts({ status: TenantStatus.TRIAL, trialEndsAt: END });

  it("is equal when the claims are, whenever they were read and told, and in whatever order the rows came", () => {
    const [one, other] = [{ product: "crm" }, { product: "desk" }];
    expect(version({ ...facts({}, [one, other]), asOf: BEFORE }, END)).toBe(version(facts({}, [other, one])));
    expect(claimsAt(facts(), CATALOG, END, true).version).toBe(version(facts()));
  });

  it.each<[string, () => string]>([
    ["the plan", () => version(facts({ plan: "pro" }))],
    ["a product", () => version(facts({}, [{}]))],
    ["the end of a product", () => version(facts({}, [{ expiresAt: END }]))],
    ["the status", () => version(facts({ status: TenantStatus.FROZEN, frozenAt: READ }))],
    ["the tenant", () => version(facts({ id: "2" }))],
    ["a deadline that passes", () => version(trial, END)],
  ])("differs with %s", (_what, changed) => {
    expect([version(facts()), version(facts({}, [{ product: "desk" }])), version(trial)]).not.toContain(changed());
  });
});
