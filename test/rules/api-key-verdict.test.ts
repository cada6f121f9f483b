import { describe, expect, it } from "vitest";
import { isAllowedFrom } from "../../src/api-key-verdict/api-key-verdict.addresses.js";
import { ApiKeyEnvironment, ApiKeyOwnerKind } from "../../src/api-key/api-key.entity.js";
import type { KeyRow, TenantFacts } from "../../src/api-key/api-key.facts.js";
import { ApiKeyCode, judge, MALFORMED, type Judgement, type KeyQuestion } from "../../src/api-key-verdict/api-key-verdict.rules.js";
import { catalogOf } from "../../src/catalog/catalog.js";
import { EntitlementSource } from "../../src/entitlement/entitlement.entity.js";
import { EntitlementReason, VerdictSource } from "../../src/entitlement/entitlement.verdict.js";
import { ProjectStatus } from "../../src/project/project.entity.js";
import { TenantKind, TenantStatus } from "../../src/tenant/tenant.entity.js";
import { GRACE_DAYS } from "../../src/tenant/tenant.lifecycle.js";

const NOW = new Date("2026-03-01T12:00:00.000Z");
const DAY_MS = 86_400_000;
const at = (ms: number) => new Date(NOW.getTime() + ms);
/** Where a deadline lies from now: what is reached has passed. */
const WHENS: [when: string, deadline: Date, over: boolean][] = [["just before", at(1), false], ["at", NOW, true], ["just after", at(-1), true]];

const PROJECT = { id: "0b5ad7f2-97b3-4d38-9d3c-0a5a3a9f6a11", slug: "website", status: ProjectStatus.ACTIVE };
const catalog = catalogOf([], []);

interface Changes {
  row?: Partial<KeyRow> | null;
  tenant?: Partial<TenantFacts["tenant"]>;
  entitlement?: Partial<NonNullable<TenantFacts["entitlement"]>> | null;
  project?: Partial<typeof PROJECT> | null;
  question?: Partial<KeyQuestion>;
}

/** A key that nothing speaks against, apart from these changes. */
function judged(...changes: Changes[]): Judgement {
  const row: KeyRow = {
    id: "key", tenantId: "tenant", lookupId: "0123456789AB", seat: 0, product: "crm", name: "ci", scopes: ["read", "write"], environment: ApiKeyEnvironment.PROD,
    projectId: PROJECT.id, ownerKind: ApiKeyOwnerKind.TENANT, ownerId: null, allowedIps: ["10.0.0.0/8"], expiresAt: at(DAY_MS), overlapEndsAt: null, revokedAt: null,
  };
  const tenant: TenantFacts["tenant"] = { id: "tenant", slug: "acme", status: TenantStatus.ACTIVE, kind: TenantKind.CUSTOMER, plan: "none", trialEndsAt: null, frozenAt: null };
  const entitlement: NonNullable<TenantFacts["entitlement"]> = { enabled: true, source: EntitlementSource.OVERRIDE, config: { seats: 3 }, expiresAt: null };
  const question: KeyQuestion = { key: "…", product: "crm", scopes: ["read"], environment: ApiKeyEnvironment.PROD, project: PROJECT.slug, clientIp: "10.1.2.3" };
  const without = (name: "row" | "entitlement" | "project") => changes.some((change) => change[name] === null);
  const facts: TenantFacts = {
    tenant: Object.assign(tenant, ...changes.map((change) => change.tenant)),
    entitlement: without("entitlement") ? null : Object.assign(entitlement, ...changes.map((change) => change.entitlement)),
    project: without("project") ? null : Object.assign({ ...PROJECT }, ...changes.map((change) => change.project)),
  };
  return judge({
    row: without("row") ? null : Object.assign(row, ...changes.map((change) => change.row)),
    facts,
    question: Object.assign(question, ...changes.map((change) => change.question)),
    catalog,
    now: NOW,
  });
}

const code = (...changes: Changes[]) => judged(...changes).code;
const refused = (reason: ApiKeyCode): Judgement => ({ code: reason, readOnly: false, entitlement: null });

/** One reason against a key for each code, in the order in which they are looked at. */
const REASONS: [code: ApiKeyCode, changes: Changes][] = [
  [ApiKeyCode.NOT_FOUND, { row: null }],
  [ApiKeyCode.WRONG_PRODUCT, { row: { product: "desk" } }],
  [ApiKeyCode.REVOKED, { row: { revokedAt: at(-1) } }],
  [ApiKeyCode.EXPIRED, { row: { expiresAt: at(-1) } }],
  [ApiKeyCode.TENANT_FROZEN, { tenant: { status: TenantStatus.FROZEN, frozenAt: at(-1) } }],
  [ApiKeyCode.TENANT_DEMO, { tenant: { status: TenantStatus.DEMO } }],
  [ApiKeyCode.NOT_ENTITLED, { entitlement: null }],
  [ApiKeyCode.WRONG_ENVIRONMENT, { row: { environment: ApiKeyEnvironment.STAGING } }],
  [ApiKeyCode.WRONG_PROJECT, { project: { status: ProjectStatus.ARCHIVED } }],
  [ApiKeyCode.IP_NOT_ALLOWED, { row: { allowedIps: ["192.0.2.1"] } }],
  [ApiKeyCode.INSUFFICIENT_SCOPE, { question: { scopes: ["read", "delete"] } }],
];
/** A tenant has one state. */
const EXCLUSIVE = new Set([ApiKeyCode.TENANT_FROZEN, ApiKeyCode.TENANT_DEMO]);
const PAIRS = REASONS.flatMap(([first, one], index) =>
  REASONS.slice(index + 1).flatMap(([second, other]): [ApiKeyCode, ApiKeyCode, Changes[]][] => (EXCLUSIVE.has(first) && EXCLUSIVE.has(second) ? [] : [[first, second, [one, other]]])),
);

describe("the order of reasons", () => {
  it("has each code once, from what says least to what says most", () => {
    expect([ApiKeyCode.MALFORMED, ...REASONS.map(([reason]) => reason), ApiKeyCode.VALID]).toEqual(Object.values(ApiKeyCode));
  });

  it.each(REASONS)("%s alone is told, and nothing else of the key", (reason, changes) => {
    expect(judged(changes)).toEqual(refused(reason));
  });

  it.each(PAIRS)("%s is told before %s", (first, _second, changes) => {
    expect(judged(...changes)).toEqual(refused(first));
    expect(judged(...changes.toReversed())).toEqual(refused(first));
  });

  it.each(REASONS)("a key without a project is refused in the same order when the project is not its tenant's: beside %s", (reason, changes) => {
    const order = Object.values(ApiKeyCode);
    const first = order.indexOf(reason) < order.indexOf(ApiKeyCode.WRONG_PROJECT) ? reason : ApiKeyCode.WRONG_PROJECT;
    expect(judged({ row: { projectId: null }, project: null }, changes)).toEqual(refused(first));
  });

  it("a text that can be no key has no reason but that", () => expect(MALFORMED).toEqual(refused(ApiKeyCode.MALFORMED)));

  it("a key whose tenant is gone is as good as none", () => {
    const row = { product: null, revokedAt: null, overlapEndsAt: null, expiresAt: null } as KeyRow;
    expect(judge({ row, facts: null, question: { key: "…", product: "crm" }, catalog, now: NOW })).toEqual(refused(ApiKeyCode.NOT_FOUND));
  });
});

describe("a valid key", () => {
  it("comes with what its tenant has of the product", () => {
    const entitlement = { granted: true, reason: EntitlementReason.GRANTED, source: VerdictSource.OVERRIDE, limits: {}, config: { seats: 3 }, validUntil: null, demo: false };
    expect(judged({})).toEqual({ code: ApiKeyCode.VALID, readOnly: false, entitlement });
  });

  it("is not asked for what the asker leaves out", () => {
    expect(code({ question: { scopes: null, environment: null, project: null } })).toBe(ApiKeyCode.VALID);
    expect(code({ question: { scopes: undefined, environment: undefined, project: undefined } })).toBe(ApiKeyCode.VALID);
    expect(code({ question: { scopes: [] } })).toBe(ApiKeyCode.VALID);
  });

  it("that is bound to nothing fits everything", () => {
    const unbound = { row: { product: null, environment: null, projectId: null, allowedIps: [], expiresAt: null } };
    expect(code(unbound, { project: null, question: { product: "desk", environment: ApiKeyEnvironment.DEV, project: null, clientIp: null } })).toBe(ApiKeyCode.VALID);
  });
});

describe("deadlines", () => {
  it.each(WHENS)("%s the end of a key", (_when, expiresAt, over) => {
    expect(code({ row: { expiresAt } })).toBe(over ? ApiKeyCode.EXPIRED : ApiKeyCode.VALID);
  });

  it.each(WHENS)("%s the end of its overlap", (_when, overlapEndsAt, over) => {
    expect(code({ row: { overlapEndsAt } })).toBe(over ? ApiKeyCode.REVOKED : ApiKeyCode.VALID);
  });

  it.each(WHENS)("%s the end of the tenant's trial, whatever is stored", (_when, trialEndsAt, over) => {
    expect(code({ tenant: { status: TenantStatus.TRIAL, trialEndsAt } })).toBe(over ? ApiKeyCode.TENANT_FROZEN : ApiKeyCode.VALID);
  });

  it.each(WHENS)("%s the end of the entitlement", (_when, expiresAt, over) => {
    expect(code({ entitlement: { expiresAt } })).toBe(over ? ApiKeyCode.NOT_ENTITLED : ApiKeyCode.VALID);
  });

  it("a revocation counts from whenever it was written down, also by a clock that was ahead", () => {
    expect(code({ row: { revokedAt: at(DAY_MS) } })).toBe(ApiKeyCode.REVOKED);
  });
});

describe("bindings", () => {
  it.each([
    ["its slug", PROJECT.slug, ApiKeyCode.VALID],
    ["its id", PROJECT.id, ApiKeyCode.VALID],
    ["its id in another letter case", PROJECT.id.toUpperCase(), ApiKeyCode.VALID],
    ["its slug in another letter case", PROJECT.slug.toUpperCase(), ApiKeyCode.WRONG_PROJECT],
    ["another one", "mobile", ApiKeyCode.WRONG_PROJECT],
    ["the implicit one", "default", ApiKeyCode.WRONG_PROJECT],
    ["nothing that has a name", "", ApiKeyCode.WRONG_PROJECT],
  ])("the project of the key, asked by %s", (_how, project, expected) => expect(code({ question: { project } })).toBe(expected));

  it.each([
    ["its slug", PROJECT.slug, {}, ApiKeyCode.VALID],
    ["its id in another letter case", PROJECT.id.toUpperCase(), {}, ApiKeyCode.VALID],
    ["the implicit one", "default", null, ApiKeyCode.VALID],
    ["none", null, null, ApiKeyCode.VALID],
    ["an archived one", PROJECT.slug, { status: ProjectStatus.ARCHIVED }, ApiKeyCode.WRONG_PROJECT],
    ["what was not found in its tenant", "elsewhere", null, ApiKeyCode.WRONG_PROJECT],
    ["something else than what was found", "elsewhere", {}, ApiKeyCode.WRONG_PROJECT],
    ["nothing that has a name", "", null, ApiKeyCode.WRONG_PROJECT],
  ])("a project of the tenant, of a key that is bound to none: %s", (_how, asked, project, expected) => {
    expect(code({ row: { projectId: null }, project, question: { project: asked } })).toBe(expected);
  });

  it("a project that is gone or archived takes its keys along, also when none is asked about", () => {
    for (const project of [null, { status: ProjectStatus.ARCHIVED }]) expect(code({ project, question: { project: null } })).toBe(ApiKeyCode.WRONG_PROJECT);
  });

  it.each([["write"], ["READ"], ["rea"], ["read "], ["*"], [""]])("the scope %j is had letter for letter or not at all", (scope) => {
    expect(code({ question: { scopes: ["read", scope] } })).toBe(scope === "write" ? ApiKeyCode.VALID : ApiKeyCode.INSUFFICIENT_SCOPE);
  });
});

describe("addresses", () => {
  it.each([
    [["10.0.0.0/8"], "10.255.255.255", true],
    [["10.0.0.0/8"], "11.0.0.0", false],
    [["192.0.2.7"], "192.0.2.7", true],
    [["192.0.2.7"], "192.0.2.8", false],
    [["192.0.2.7/32", "198.51.100.0/24"], "198.51.100.9", true],
    [["0.0.0.0/0"], "203.0.113.5", true],
    [["0.0.0.0/0"], "2001:db8::1", false],
    [["2001:db8::/32"], "2001:db8:ffff::1", true],
    [["2001:db8::/32"], "2001:db9::1", false],
    [["2001:db8::1"], "2001:0db8:0:0:0:0:0:1", true],
    [["::/0"], "2001:db8::1", true],
    [["10.0.0.0/8"], "::ffff:10.1.2.3", true],
    [["10.0.0.0/8"], "::ffff:11.1.2.3", false],
    [["fe80::1"], "fe80::1%eth0", true],
    [["10.0.0.0/8"], "10.1.2.3.4", false],
    [["10.0.0.0/8"], "", false],
    [["10.0.0.0/33", "nonsense", "/8", "10.0.0.0/-1", "10.0.0.0/x", ""], "10.0.0.1", false],
    [["10.0.0.0/", "10.0.0.0/ ", "10.0.0.0/8/9", "10.0.0.0/0x8", "10.0.0.0/1e1", "10.0.0.0/8.0", "::/"], "10.0.0.1", false],
    [["0.0.0.0/0"], "::ffff:203.0.113.1", true],
    [["0.0.0.0/0"], "::1", false],
    [["::/0"], "203.0.113.1", true],
    [["10.1.2.3/8"], "10.200.0.1", true],
    [["::ffff:10.0.0.0/104"], "10.1.2.3", true],
    [["10.0.0.0/8"], "::10.0.0.1", false],
  ])("of %j, %s: %s", (list, address, expected) => expect(isAllowedFrom(list, address)).toBe(expected));

  it("a list needs an address, and no list needs none", () => {
    expect([isAllowedFrom(["0.0.0.0/0"], null), isAllowedFrom(["0.0.0.0/0"], undefined), isAllowedFrom([], null), isAllowedFrom([], "10.0.0.1")]).toEqual([false, false, true, true]);
  });

  it("a list that is asked again answers the same", () => {
    const list = ["10.0.0.0/8"];
    expect(["10.0.0.1", "11.0.0.1", "10.0.0.1"].map((address) => isAllowedFrom(list, address))).toEqual([true, false, true]);
  });
});

describe("read-only", () => {
  const FROZEN: Changes = { tenant: { status: TenantStatus.FROZEN, frozenAt: at(-1) } };
  const ACCEPTED: Changes = { question: { acceptReadOnly: true } };
  const readOnly: Judgement = { code: ApiKeyCode.TENANT_FROZEN, readOnly: true, entitlement: null };

  it("is what a frozen tenant's key is, to whoever accepts that and to nobody else", () => {
    expect(judged(FROZEN, ACCEPTED)).toEqual(readOnly);
    for (const acceptReadOnly of [false, null, undefined]) expect(judged(FROZEN, { question: { acceptReadOnly } })).toEqual(refused(ApiKeyCode.TENANT_FROZEN));
  });

  it("is also what a tenant's key is whose trial has just ended", () => {
    expect(judged({ tenant: { status: TenantStatus.TRIAL, trialEndsAt: NOW } }, ACCEPTED)).toEqual(readOnly);
  });

  it.each([
    ["stored as archived", { status: TenantStatus.ARCHIVED, frozenAt: at(-40 * DAY_MS) }],
    ["frozen for its whole grace", { status: TenantStatus.FROZEN, frozenAt: at(-GRACE_DAYS * DAY_MS) }],
  ])("is nothing in a tenant that is archived: %s", (_how, tenant) => expect(judged({ tenant }, ACCEPTED)).toEqual(refused(ApiKeyCode.TENANT_FROZEN)));

  it("is never said of a tenant that is not frozen", () => expect(judged(ACCEPTED)).toMatchObject({ code: ApiKeyCode.VALID, readOnly: false }));

  it.each(REASONS.filter(([reason]) => !EXCLUSIVE.has(reason)))("does not hide %s", (_reason, changes) => expect(judged(FROZEN, ACCEPTED, changes).readOnly).toBe(false));

  it.each([
    ["withdrawn", { enabled: false }],
    ["over", { expiresAt: NOW }],
  ])("does not bring back an entitlement that is %s", (_how, entitlement) => expect(judged(FROZEN, ACCEPTED, { entitlement })).toEqual(refused(ApiKeyCode.TENANT_FROZEN)));
});
