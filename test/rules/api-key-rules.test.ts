import { describe, expect, it } from "vitest";
import { ApiKeyEnvironment, ApiKeyOwnerKind, type ApiKey } from "../../src/api-key/api-key.entity.js";
import { bindingOf, expiryFor, expiryOfSuccessor, MAX_ALLOWED_IPS, MAX_SCOPES, ownerFor, refuseEnded, refuseUnfitIps, refuseUnfitScopes, refuseUnheld } from "../../src/api-key/api-key.rules.js";
import { EntitlementReason, type Verdict } from "../../src/entitlement/entitlement.verdict.js";
import type { Principal } from "../../src/kernel/principal.js";

const NOW = new Date("2026-03-01T12:00:00.000Z");
const DAY = 86_400_000;
const at = (days: number, ms = 0) => new Date(NOW.getTime() + days * DAY + ms);
const refusal = (code: string, field: string) => expect.objectContaining({ code, field });

describe("when a new key ends", () => {
  it.each<[string, Date | null | undefined, number, boolean, Date | null]>([
    ["unsaid, without a policy", undefined, 90, false, at(90)],
    ["unsaid, where less is allowed", undefined, 1, false, at(1)],
    ["unsaid, where more is allowed", undefined, 365, true, at(90)],
    ["the next millisecond", at(0, 1), 90, false, at(0, 1)],
    ["the last one that is allowed", at(90), 90, false, at(90)],
    ["a year", at(365), 365, false, at(365)],
    ["never, where that is allowed", null, 30, true, null],
  ])("%s", (_, asked, maxLifetimeDays, mayNeverExpire, end) => expect(expiryFor(asked, { maxLifetimeDays, mayNeverExpire }, NOW)).toEqual(end));

  it.each<[string, Date | null, number, boolean]>([
    ["the past", at(0, -1), 365, true],
    ["now", NOW, 365, true],
    ["a millisecond too late", at(30, 1), 30, true],
    ["366 days", at(366), 365, true],
    ["never, where that is not allowed", null, 365, false],
  ])("%s is refused", (_, asked, maxLifetimeDays, mayNeverExpire) =>
    expect(() => expiryFor(asked, { maxLifetimeDays, mayNeverExpire }, NOW)).toThrow(refusal("BAD_USER_INPUT", "expiresAt")),
  );

  it.each<[string, Date | null, number, boolean, Date | null]>([
    ["as long as the other was made for", at(-80 + 7), 90, false, at(7)],
    ["cut to the policy", at(-80 + 365), 90, false, at(90)],
    ["for ever, where that is still allowed", null, 90, true, null],
    ["as long as is allowed, where for ever is not", null, 365, false, at(365)],
  ])("a successor lives %s", (_, expiresAt, maxLifetimeDays, mayNeverExpire, end) =>
    expect(expiryOfSuccessor(undefined, { createdAt: at(-80), expiresAt }, { maxLifetimeDays, mayNeverExpire }, NOW)).toEqual(end),
  );

  it("of a successor is what is asked for, by the rules for every new key", () => {
    const [replaced, policy] = [{ createdAt: at(-80), expiresAt: at(-73) }, { maxLifetimeDays: 30, mayNeverExpire: false }];
    expect(expiryOfSuccessor(at(30), replaced, policy, NOW)).toEqual(at(30));
    for (const asked of [null, NOW, at(30, 1)]) expect(() => expiryOfSuccessor(asked, replaced, policy, NOW)).toThrow(refusal("BAD_USER_INPUT", "expiresAt"));
  });
});

describe("the scopes of a key", () => {
  const of = (...ids: string[]) => ({ scopes: ids.map((id) => ({ id, description: "" })) });
  const many = Array.from({ length: MAX_SCOPES + 1 }, (_, n) => `s${n}`);

  it.each([[["read"]], [["write", "read"]], [["a:b.c-d_e"]]])("%o are of the product's", (scopes) => expect(() => refuseUnfitScopes(of("read", "write", "a:b.c-d_e"), scopes)).not.toThrow());

  it.each([[[]], [["read", "read"]], [["READ"]], [["read "]], [["rea"]], [["read:all"]], [["*"]], [[""]], [["constructor"]], [["read", "other"]]])("%j are refused", (scopes) =>
    expect(() => refuseUnfitScopes(of("read", "write"), scopes)).toThrow(refusal("BAD_USER_INPUT", "scopes")),
  );

  it("are no more than a key can have, and none where the product has none", () => {
    expect(() => refuseUnfitScopes(of(...many), many.slice(1))).not.toThrow();
    expect(() => refuseUnfitScopes(of(...many), many)).toThrow(refusal("BAD_USER_INPUT", "scopes"));
    expect(() => refuseUnfitScopes(of(), ["read"])).toThrow(refusal("BAD_USER_INPUT", "scopes"));
  });

  it("of the sender are not repeated to it", () => {
    expect(() => refuseUnfitScopes(of("read"), ["hunter2"])).toThrow(expect.objectContaining({ message: expect.not.stringContaining("hunter2") }));
  });
});

describe("the addresses of a key", () => {
  it.each(["192.0.2.7", "0.0.0.0", "10.0.0.0/8", "10.1.2.3/32", "0.0.0.0/0", "::1", "2001:DB8::/32", "::/0", "2001:db8::1/128", "::ffff:192.0.2.7"])("%s is one, or a block of them", (one) =>
    expect(() => refuseUnfitIps([one])).not.toThrow(),
  );

  it.each([
    "", " ", "10.0.0.256", "10.0.0", "10.0.0.1.2", "010.0.0.1", "0x0a.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/08", "10.0.0.1/-1", "10.0.0.1/8/8", "10.0.0.1 ", "10.0.0.1\n", "10.0.0.0-10.0.0.9", "10.*",
    "::1/129", ":::", "fe80::1%eth0", "[::1]", "localhost", "10.0.0.1:443", "١٠.0.0.1",
  ])("%j is none", (one) => expect(() => refuseUnfitIps(["10.0.0.1", one])).toThrow(refusal("BAD_USER_INPUT", "allowedIps")));

  it("are at most so many, or none at all", () => {
    const some = (count: number) => Array.from({ length: count }, (_, n) => `10.0.0.${n}`);
    for (const count of [0, MAX_ALLOWED_IPS]) expect(() => refuseUnfitIps(some(count))).not.toThrow();
    expect(() => refuseUnfitIps(some(MAX_ALLOWED_IPS + 1))).toThrow(refusal("BAD_USER_INPUT", "allowedIps"));
  });
});

const ada: Principal = { kind: "user", subject: "ada", name: null, roles: ["admin"], tenantId: "t" };
const olga: Principal = { kind: "platform", subject: "olga", name: null, roles: ["operator"], tenantId: null };

describe("who owns a key", () => {
  it("is its tenant, whoever makes it, or the person who makes it", () => {
    for (const principal of [ada, olga]) expect(ownerFor(ApiKeyOwnerKind.TENANT, principal)).toEqual({ ownerKind: "tenant", ownerId: null });
    expect(ownerFor(ApiKeyOwnerKind.USER, ada)).toEqual({ ownerKind: "user", ownerId: "ada" });
  });

  it("is nobody of the platform", () => expect(() => ownerFor(ApiKeyOwnerKind.USER, olga)).toThrow(refusal("BAD_USER_INPUT", "ownerKind")));
});

describe("what a key is for", () => {
  const verdict = (reason: EntitlementReason): Verdict => ({ granted: reason === EntitlementReason.GRANTED, reason, source: null, limits: {}, config: {}, validUntil: null, demo: false });

  it.each(Object.values(EntitlementReason).filter((reason) => reason !== EntitlementReason.GRANTED))("is nothing that the tenant has not got: %s", (reason) =>
    expect(() => refuseUnheld(verdict(reason), "product")).toThrow(expect.objectContaining({ code: "FAILED_PRECONDITION", field: "product", message: expect.stringContaining(reason) })),
  );

  it("is what it has", () => expect(() => refuseUnheld(verdict(EntitlementReason.GRANTED), "product")).not.toThrow());
});

describe("what can be rotated", () => {
  const key = (fields: Partial<ApiKey>) => ({ product: "crm", environment: ApiKeyEnvironment.DEV, ownerId: null, ...fields }) as ApiKey;

  it("is bound to a product and an environment", () => {
    expect(bindingOf(key({}), olga)).toEqual({ product: "crm", environment: "dev" });
    for (const unbound of [{ product: null }, { environment: null }]) expect(() => bindingOf(key(unbound), olga)).toThrow(refusal("FAILED_PRECONDITION", "id"));
  });

  it("is nobody else's own", () => {
    expect(bindingOf(key({ ownerId: "ada" }), ada)).toEqual({ product: "crm", environment: "dev" });
    for (const ownerId of ["bob", ""]) expect(() => bindingOf(key({ ownerId }), ada)).toThrow(refusal("FORBIDDEN", "id"));
  });

  const standing = { revokedAt: null, overlapEndsAt: null, expiresAt: null };
  it.each([standing, { ...standing, expiresAt: at(0, 1) }])("is active: %o", (one) => expect(() => refuseEnded(one, NOW)).not.toThrow());

  it.each([
    [{ ...standing, expiresAt: NOW }, "expired"],
    [{ ...standing, revokedAt: at(-1) }, "revoked"],
    [{ ...standing, revokedAt: at(1) }, "revoked"],
    [{ ...standing, overlapEndsAt: at(0, 1) }, "rotated"],
    [{ ...standing, overlapEndsAt: NOW }, "revoked"],
  ])("is not %o, which is %s", (one, state) =>
    expect(() => refuseEnded(one, NOW)).toThrow(expect.objectContaining({ code: "FAILED_PRECONDITION", field: "id", message: expect.stringContaining(state) })),
  );
});
