import { describe, expect, it } from "vitest";
import type { Fault } from "../../src/kernel/fault.js";
import { TenantKind, TenantStatus } from "../../src/tenant/tenant.entity.js";
import { beginning, extendedTrialEnd, refuseBackwardContract, refuseReservedSlug, TENANT_SLUG } from "../../src/tenant/tenant.rules.js";

const NOW = new Date("2026-03-01T12:00:00.000Z");
const { CUSTOMER } = TenantKind;
const { TRIAL, ACTIVE, FROZEN, ARCHIVED } = TenantStatus;

describe("a tenant's slug", () => {
  it.each(["abc", "a-c", "a--c", "0-9", "1st", "a".repeat(40)])("%j is one", (slug) => expect(slug).toMatch(TENANT_SLUG));

  it.each(["", "a", "ab", "-ab", "ab-", "aBc", "a_c", "a.c", "abc\n", "äbc", "a c", "a".repeat(41)])("%j is none", (slug) =>
    expect(slug).not.toMatch(TENANT_SLUG),
  );

  it.each(["admin", "api", "graphql", "healthz", "readyz", "default", "global", "system", "tenants", "www"])("%j is the platform's own", (slug) =>
    expect(() => refuseReservedSlug(slug)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field: "slug" } satisfies Partial<Fault>)),
  );

  it.each(["con", "prn", "aux", "nul", "com0", "com9", "lpt1"])("%j is a device, and could stand in no path", (slug) =>
    expect(() => refuseReservedSlug(slug)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field: "slug" })),
  );

  it.each(["xn--bcher-kva", "00000000-0000-0000-0000-000000000001"])("%j is refused: it reads as something else", (slug) =>
    expect(() => refuseReservedSlug(slug)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field: "slug" })),
  );

  it.each(["administrator", "api-2", "acme", "com10", "console"])("%j is free although it looks like a reserved one", (slug) =>
    expect(() => refuseReservedSlug(slug)).not.toThrow(),
  );
});

describe("a tenant's beginning", () => {
  it.each([
    [CUSTOMER, undefined, undefined, { status: TRIAL, trialEndsAt: new Date("2026-03-15T12:00:00.000Z") }],
    [CUSTOMER, TRIAL, 1, { status: TRIAL, trialEndsAt: new Date("2026-03-02T12:00:00.000Z") }],
    [CUSTOMER, TRIAL, 90, { status: TRIAL, trialEndsAt: new Date("2026-05-30T12:00:00.000Z") }],
    [CUSTOMER, ACTIVE, undefined, { status: ACTIVE, trialEndsAt: null }],
    [TenantKind.DEMO, undefined, undefined, { status: TenantStatus.DEMO, trialEndsAt: null }],
    [TenantKind.DEMO, TenantStatus.DEMO, undefined, { status: TenantStatus.DEMO, trialEndsAt: null }],
  ])("a %s that asks for %s and %s days", (kind, asked, days, begun) => {
    expect(beginning(kind, asked, days, NOW)).toEqual(begun);
  });

  it.each([
    [CUSTOMER, TenantStatus.DEMO, undefined, "status"],
    [CUSTOMER, FROZEN, undefined, "status"],
    [CUSTOMER, ARCHIVED, undefined, "status"],
    [CUSTOMER, ACTIVE, 14, "trialDays"],
    [TenantKind.DEMO, TRIAL, undefined, "status"],
    [TenantKind.DEMO, ACTIVE, undefined, "status"],
    [TenantKind.DEMO, undefined, 14, "trialDays"],
  ])("a %s that asks for %s and %s days is refused at %s", (kind, asked, days, field) => {
    expect(() => beginning(kind, asked, days, NOW)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field }));
  });

  it("does not move the clock that it was given", () => {
    const now = new Date(NOW);
    beginning(CUSTOMER, TRIAL, 14, now);
    expect(now).toEqual(NOW);
  });
});

describe("a trial that is extended", () => {
  const END = new Date("2026-03-11T12:00:00.000Z");
  const until = (time: string) => ({ until: new Date(time) });

  it.each([
    [END, { days: 1 }, "2026-03-12T12:00:00.000Z"],
    [END, { days: 80 }, "2026-05-30T12:00:00.000Z"],
    [null, { days: 90 }, "2026-05-30T12:00:00.000Z"],
    [END, until("2026-03-11T12:00:00.001Z"), "2026-03-11T12:00:00.001Z"],
    [null, until("2026-03-01T12:00:00.001Z"), "2026-03-01T12:00:00.001Z"],
    [END, { days: null, ...until("2026-05-30T12:00:00.000Z") }, "2026-05-30T12:00:00.000Z"],
  ])("that ends at %o, by %o, ends at %s", (present, extension, end) => {
    expect(extendedTrialEnd(present, extension, NOW)).toEqual(new Date(end));
    expect(END.toISOString()).toBe("2026-03-11T12:00:00.000Z");
  });

  it.each([
    [END, {}, "days"],
    [END, { days: null, until: null }, "days"],
    [END, { days: 1, ...until("2026-04-01T00:00:00.000Z") }, "days"],
    [END, { days: 81 }, "days"],
    [END, until("2026-05-30T12:00:00.001Z"), "until"],
    [END, until("2026-03-11T12:00:00.000Z"), "until"],
    [null, until("2026-03-01T12:00:00.000Z"), "until"],
  ])("that ends at %o is not, by %o: %s", (present, extension, field) => {
    expect(() => extendedTrialEnd(present, extension, NOW)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field }));
  });
});

describe("a contract", () => {
  it.each([
    [null, null],
    [undefined, "2026-01-01"],
    ["2026-01-01", null],
    ["2026-01-01", "2026-01-01"],
    ["2026-12-31", "2027-01-01"],
  ])("may go from %s to %s", (start, end) => expect(() => refuseBackwardContract(start, end)).not.toThrow());

  it.each([
    ["2026-01-02", "2026-01-01"],
    ["2027-01-01", "2026-12-31"],
  ])("may not go from %s to %s", (start, end) =>
    expect(() => refuseBackwardContract(start, end)).toThrow(expect.objectContaining({ code: "BAD_USER_INPUT", field: "contractEnd" })),
  );
});
