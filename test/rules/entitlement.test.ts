import { describe, expect, it } from "vitest";
import { EntitlementSource } from "../../src/entitlement/entitlement.entity.js";
import { entitlementId, entitlementKeyFrom, idFromReference, isInForce, isWithdrawn, MAX_CONFIG_BYTES, refuseEndlessTrial, refusePastEnd, refuseUnfitConfig, trialEnd } from "../../src/entitlement/entitlement.rules.js";
import { BAD_CONFIGS, nested } from "../testkit/configs.js";

const TENANT = "0a000000-0000-0000-0000-000000000001";
const NOW = new Date("2026-03-01T12:00:00.000Z");

describe("an entitlement's id", () => {
  it.each(["crm", "docs-2_x", "with:colon", " "])("names tenant and product %j, and leads back to them", (product) => {
    const id = entitlementId({ tenantId: TENANT, product });
    expect(id).toBe(`${TENANT}:${product}`);
    expect(entitlementKeyFrom(id)).toEqual({ tenantId: TENANT, product });
  });

  it("is read in any letter case of its tenant", () => {
    expect(entitlementKeyFrom(`${TENANT.toUpperCase()}:crm`)).toEqual({ tenantId: TENANT, product: "crm" });
  });

  it.each(["", ":", "crm", TENANT, `${TENANT}:`, `${TENANT}crm`, `${TENANT}-crm`, `x${TENANT}:crm`, `${TENANT}:a\u0000b`])("is not %j", (id) => expect(entitlementKeyFrom(id)).toBeNull());

  it.each([
    [{ id: "x" }, "x"],
    [{ id: "x", tenant: { id: TENANT }, product: { key: "crm" } }, "x"],
    [{ tenant: { id: TENANT }, product: { key: "crm" } }, `${TENANT}:crm`],
  ])("is found in the reference %o", (representation, id) => expect(idFromReference(representation)).toBe(id));

  it.each([{}, { id: null }, { id: 7 }, { id: { toString: "x" } }, { tenant: null, product: null }, { tenant: { id: TENANT } }, { product: { key: "crm" } }, { tenant: { id: [TENANT] }, product: { key: "crm" } }])(
    "is not in the reference %o",
    (representation) => expect(entitlementKeyFrom(idFromReference(representation))).toBeNull(),
  );
});

describe("an entitlement's end", () => {
  it.each([null, undefined, new Date(NOW.getTime() + 1)])("may be %s", (end) => expect(() => refusePastEnd(end, NOW)).not.toThrow());

  it.each([NOW, new Date(NOW.getTime() - 1), new Date("9999-12-31T23:59:59-23:59")])("may not be %s", (end) =>
    expect(() => refusePastEnd(end, NOW)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field: "expiresAt" })),
  );
});

describe("what an operator decided", () => {
  const row = (source: EntitlementSource, enabled: boolean, endsInMs: number | null) => ({ source, enabled, expiresAt: endsInMs === null ? null : new Date(NOW.getTime() + endsInMs) });

  it.each([
    [row(EntitlementSource.OVERRIDE, true, null), true],
    [row(EntitlementSource.OVERRIDE, true, 1), true],
    [row(EntitlementSource.OVERRIDE, true, 0), false],
    [row(EntitlementSource.OVERRIDE, false, null), false],
    [row(EntitlementSource.TRIAL, true, 1), false],
  ])("%o is in force: %s", (entitlement, expected) => expect(isInForce(entitlement, NOW)).toBe(expected));

  it.each([
    [row(EntitlementSource.OVERRIDE, false, null), true],
    [row(EntitlementSource.OVERRIDE, true, 0), false],
    [row(EntitlementSource.TRIAL, false, 0), false],
  ])("%o is withdrawn: %s", (entitlement, expected) => expect(isWithdrawn(entitlement)).toBe(expected));
});

describe("a trial", () => {
  it.each([
    [14, "2026-03-15T12:00:00.000Z"],
    [30, "2026-03-31T12:00:00.000Z"],
    [365, "2027-03-01T12:00:00.000Z"],
  ])("of %i days ends at the same time of day", (days, end) => expect(trialEnd(NOW, days)).toEqual(new Date(end)));

  it("keeps an end, and what is no trial need not have one", () => {
    const trial = { source: EntitlementSource.TRIAL, enabled: true, expiresAt: NOW };
    expect(() => refuseEndlessTrial(trial, null)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field: "expiresAt" }));
    for (const end of [undefined, NOW]) expect(() => refuseEndlessTrial(trial, end)).not.toThrow();
    expect(() => refuseEndlessTrial({ ...trial, source: EntitlementSource.OVERRIDE }, null)).not.toThrow();
  });
});

describe("an entitlement's settings", () => {
  const BRACKETS_AND_NAME = '{"a":""}'.length;

  it.each([
    ["absent", undefined],
    ["empty", {}],
    ["as large as is allowed", { a: "x".repeat(MAX_CONFIG_BYTES - BRACKETS_AND_NAME) }],
    ["as deep as is allowed", nested(32)],
    ["of every kind of value", { a: null, b: true, c: -1.5, d: "\u2028 🚀 \\u0000", e: [[]], f: {} }],
  ])("may be %s", (_, config) => expect(() => refuseUnfitConfig(config)).not.toThrow());

  it("may not be so deep that looking at them would exhaust the stack", () => {
    const config = nested(1_000_000);
    expect(() => refuseUnfitConfig(config)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field: "config" }));
  });

  it.each([...BAD_CONFIGS.filter(([why]) => why !== "null"), ["one byte too large", { a: "x".repeat(MAX_CONFIG_BYTES - BRACKETS_AND_NAME + 1) }] as const])("may not be %s", (_, config) =>
    expect(() => refuseUnfitConfig(config as Record<string, unknown>)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field: "config" })),
  );
});
