/** Owns the guarantees of reading claims: which caller a token names, and that hostile contents only ever take rights away. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/kernel/fault.js";
import type { VerifiedClaims } from "../../src/kernel/bearer.js";
import { DEFAULT_CLAIMS_MAPPING, identityFrom, type ClaimsMapping, type Identity } from "../../src/kernel/claims.js";
import keycloakTokens from "../fixtures/keycloak-tokens.json" with { type: "json" };

const ID = "00000000-0000-0000-0000-00000000000a";
const BASE = { iss: "https://id.example", aud: "tenant-registry", sub: "subject-1", iat: 0, exp: 1 };
const NOT_VALID = { name: "Fault", code: "UNAUTHENTICATED", message: "The access token is not valid." };
const NOBODY: Identity = { kind: "user", subject: "subject-1", name: null, roles: [], tenants: [] };

function identity(claims: Record<string, unknown>, mapping: Partial<ClaimsMapping> = {}): Identity {
  return identityFrom({ ...BASE, ...claims } as VerifiedClaims, { ...DEFAULT_CLAIMS_MAPPING, ...mapping });
}

const roles = (...names: unknown[]) => ({ realm_access: { roles: names } });
const slug = (value: string) => ({ by: "alias", value });
const organizationId = (value: string) => ({ by: "organization-id", value });

describe("the organisation claim", () => {
  const shapes: [title: string, claim: unknown, tenants: object[]][] = [
    ["absent", undefined, []],
    ["one alias", "acme", [slug("acme")]],
    ["a list of aliases", ["acme", "bigcorp", "acme"], [slug("acme"), slug("bigcorp")]],
    ["a map by alias", { acme: {}, bigcorp: null }, [slug("acme"), slug("bigcorp")]],
    ["a map with ids", { acme: { id: "o-1", plan: ["gold"], resource_access: {} } }, [organizationId("o-1")]],
    ["a map with and without ids", { acme: { id: "o-1" }, bigcorp: { plan: ["x"] } }, [organizationId("o-1"), slug("bigcorp")]],
  ];
  it.each(shapes)("is read as %s", (_title, organization, tenants) => {
    expect(identity({ organization })).toMatchObject({ kind: "user", tenants, roles: tenants.length > 0 ? ["member"] : [] });
  });

  const hostile: [title: string, claim: unknown][] = [
    ["null", null],
    ["a number", 7],
    ["a list of other things", [7, null, {}, ["acme"], true]],
    ["an empty alias", ""],
    ["an alias that no tenant can have", ["Acme Inc", "../acme", "a", "-acme", "acme\n", "x".repeat(41), "%"]],
    ["a huge alias", "a".repeat(1_000_000)],
    ["__proto__ as alias", JSON.parse('{"__proto__": {}}')],
    ["an id that is no text, next to a good alias", { acme: { id: 7 } }],
    ["an empty id, next to a good alias", { acme: { id: "" } }],
    ["a list as id, next to a good alias", { acme: { id: ["o-1"] } }],
    ["an id with a zero character", { acme: { id: "o\0" } }],
    ["a huge id", { acme: { id: "o".repeat(256) } }],
  ];
  it.each(hostile)("means no tenant as %s", (_title, organization) => {
    expect(identity({ organization, ...roles("IT_ADMIN") })).toStrictEqual(NOBODY);
  });

  it("with more than a hundred tenants is refused", () => {
    const aliases = (count: number) => Array.from({ length: count }, (_, index) => `tenant-${index}`);
    expect(identity({ organization: aliases(100) })).toMatchObject({ kind: "user" });
    expect(() => identity({ organization: aliases(101) })).toThrow(expect.objectContaining(NOT_VALID));
  });
});

describe("roles inside an organisation", () => {
  const acme = (groups: unknown, more: object = {}) => ({ organization: { acme: { id: "o-1", ...more, groups } } });
  const inAcme = (claims: Record<string, unknown>, mapping: Partial<ClaimsMapping> = {}) => {
    const found = identity(claims, mapping);
    expect(found).toMatchObject({ kind: "user", roles: ["member"], tenants: [organizationId("o-1")] });
    return found.kind === "user" ? found.tenants[0]?.roles : undefined;
  };

  const cases: [title: string, groups: unknown, expected: string[]][] = [
    ["none", [], []],
    ["one", ["/IT_ADMIN"], ["admin"]],
    ["several, once each", ["/AUDITOR", "/IT_ADMIN", "/MEMBER", "/AUDITOR"], ["auditor", "admin", "member"]],
    ["beside groups that mean nothing", ["/sales", "/IT_ADMIN", "/it_admin", "/"], ["admin"]],
    ["a thousand groups", [...Array.from({ length: 999 }, (_, index) => `/team-${index}`), "/IT_ADMIN"], ["admin"]],
  ];
  it.each(cases)("are the organisation's own groups: %s", (_title, groups, expected) => {
    expect(inAcme(acme(groups))).toStrictEqual(expected);
  });

  const hostile: [title: string, groups: unknown][] = [
    ["below another group", ["/team/IT_ADMIN", "/IT_ADMIN/team", "//IT_ADMIN", "/IT_ADMIN/"]],
    ["without their slash", ["IT_ADMIN", " /IT_ADMIN", "/IT_ADMIN ", "/IT_ADMIN\n", "\\IT_ADMIN"]],
    ["names of staff", ["/platform-operator", "/platform-support", "/operator", "/support"]],
    ["names of services, and our own names", ["/service", "/admin", "/auditor"]],
    ["names that every object has", ["/constructor", "/__proto__", "/toString", "/hasOwnProperty"]],
    ["things that are no names", [7, null, true, {}, ["/IT_ADMIN"], { path: "/IT_ADMIN" }]],
    ["one text", "/IT_ADMIN"],
    ["an object", { 0: "/IT_ADMIN", length: 1 }],
    ["null", null],
    ["thousands", Array.from({ length: 5_000 }, () => "/IT_ADMIN")],
    ["one more than a thousand", [...Array.from({ length: 1_000 }, (_, index) => `/team-${index}`), "/IT_ADMIN"]],
    ["a huge name", [`/${"IT_ADMIN".repeat(10_000)}`]],
  ];
  it.each(hostile)("are none as %s, and the person is still a member", (_title, groups) => {
    expect(inAcme(acme(groups))).toStrictEqual([]);
  });

  it("are none where groups stand anywhere else", () => {
    const groups = ["/IT_ADMIN"];
    expect(inAcme({ groups, ...acme([], { realm_access: { roles: ["IT_ADMIN"] }, resource_access: { portal: { roles: ["IT_ADMIN"] } }, inner: { groups } }) })).toStrictEqual([]);
    expect(inAcme({ organization: JSON.parse('{"acme": {"id": "o-1", "__proto__": {"groups": ["/IT_ADMIN"]}}}') as object })).toStrictEqual([]);
  });

  it("count in that organisation only, also for who is in two", () => {
    const organization = { acme: { id: "o-1", groups: ["/IT_ADMIN"] }, bigcorp: { id: "o-2", groups: ["/AUDITOR"] }, other: { id: "o-3" } };
    expect(identity({ tenant_id: ID, organization })).toStrictEqual({
      ...NOBODY,
      roles: ["member"],
      tenants: [
        { by: "tenant-id", value: ID, roles: [] },
        { by: "organization-id", value: "o-1", roles: ["admin"] },
        { by: "organization-id", value: "o-2", roles: ["auditor"] },
        { by: "organization-id", value: "o-3", roles: [] },
      ],
    });
  });

  it("stand beside those that count everywhere", () => {
    expect(identity({ ...acme(["/IT_ADMIN"]), ...roles("AUDITOR") })).toMatchObject({ roles: ["member", "auditor"], tenants: [{ roles: ["admin"] }] });
  });

  it("count by alias where the realm adds no id, and not at all where the id is unusable", () => {
    expect(identity({ organization: { acme: { groups: ["/IT_ADMIN"] } } })).toMatchObject({ tenants: [{ ...slug("acme"), roles: ["admin"] }] });
    expect(identity({ organization: { acme: { id: "", groups: ["/IT_ADMIN"] } } })).toStrictEqual(NOBODY);
  });

  it("can have other names", () => {
    expect(inAcme(acme(["/boss", "/IT_ADMIN", "/team/boss"]), { roles: { boss: "admin", "team/boss": "auditor" } })).toStrictEqual(["admin"]);
  });

  it("make no staff and no service, whatever the mapping says", () => {
    expect(inAcme(acme(["/root"]), { roles: { root: "operator" } })).toStrictEqual([]);
    expect(() => identity({ product: "crm", ...acme(["/IT_ADMIN"]) })).toThrow(expect.objectContaining(NOT_VALID));
    expect(identity({ ...roles("platform-support"), ...acme(["/platform-operator", "/IT_ADMIN"]) })).toStrictEqual({ kind: "platform", subject: "subject-1", name: null, roles: ["support"] });
  });
});

describe("the tenant id claim", () => {
  it("names a tenant of ours, in lower case", () => {
    expect(identity({ tenant_id: ID.toUpperCase() })).toMatchObject({ tenants: [{ by: "tenant-id", value: ID }], roles: ["member"] });
  });

  it.each([["acme"], [""], [`${ID} `], [`{${ID}}`], [[ID]], [{ id: ID }], [7], [null]])("is ignored as %j", (tenant_id) => {
    expect(identity({ tenant_id })).toStrictEqual(NOBODY);
  });

  it("adds to the organisations", () => {
    expect(identity({ tenant_id: ID, organization: ["acme"] })).toMatchObject({ tenants: [{ by: "tenant-id", value: ID }, slug("acme")] });
  });

  it("can be somewhere else, also under a name with dots", () => {
    const claims = { "https://example.com/claims": { tenant: ID } };
    expect(identity(claims, { tenantId: ["https://example.com/claims", "tenant"] })).toMatchObject({ tenants: [{ value: ID }] });
  });
});

describe("roles", () => {
  const cases: [title: string, claims: Record<string, unknown>, expected: string[]][] = [
    ["no role at all: a member", {}, ["member"]],
    ["one role", roles("IT_ADMIN"), ["member", "admin"]],
    ["every tenant role, once each", roles("AUDITOR", "IT_ADMIN", "MEMBER", "AUDITOR"), ["member", "auditor", "admin"]],
    ["names in other letters", roles("it_admin", "IT_ADMIN "), ["member"]],
    ["our own names, which mean nothing outside", roles("admin", "service", "operator"), ["member"]],
    ["names that every object has", roles("constructor", "__proto__", "toString", "hasOwnProperty"), ["member"]],
    ["things that are no names", roles(7, null, {}, ["IT_ADMIN"]), ["member"]],
    ["no list", { realm_access: { roles: { 0: "IT_ADMIN" } } }, ["member"]],
    ["a list in place of the object", { realm_access: ["IT_ADMIN"] }, ["member"]],
    ["roles of a client that is not configured", { resource_access: { other: { roles: ["IT_ADMIN"] } } }, ["member"]],
    ["a scope word that is not configured", { scope: "IT_ADMIN" }, ["member"]],
  ];
  it.each(cases)("%s", (_title, claims, expected) => {
    const { roles: actual } = identity({ tenant_id: ID, ...claims });
    expect([...actual].sort()).toStrictEqual([...expected].sort());
  });

  it("are read from a client's roles when so configured", () => {
    const roleSources = [["resource_access", "my.client", "roles"]];
    const claims = { tenant_id: ID, resource_access: { "my.client": { roles: ["IT_ADMIN"] } }, ...roles("AUDITOR") };
    expect(identity(claims, { roleSources })).toMatchObject({ roles: ["member", "admin"] });
  });

  it("are read from scope words when so configured", () => {
    expect(identity({ tenant_id: ID, scope: "openid AUDITOR" }, { roleSources: [["scope"]] })).toMatchObject({ roles: ["member", "auditor"] });
  });

  it("can have other names", () => {
    expect(identity({ tenant_id: ID, ...roles("boss", "IT_ADMIN") }, { roles: { boss: "admin" } })).toMatchObject({ roles: ["member", "admin"] });
  });
});

describe("kinds exclude each other:", () => {
  it("a product makes a service", () => {
    expect(identity({ product: "crm", preferred_username: "service-account-crm" })).toStrictEqual({
      kind: "service",
      subject: "subject-1",
      name: "service-account-crm",
      product: "crm",
      roles: ["service"],
    });
  });

  it("tenant roles give a service nothing", () => {
    expect(identity({ product: "crm", ...roles("IT_ADMIN") })).toMatchObject({ kind: "service", roles: ["service"] });
  });

  it("platform roles make staff, whatever organisations they are members of", () => {
    const claims = { ...roles("platform-support", "platform-operator", "IT_ADMIN"), organization: ["acme"], tenant_id: ID };
    expect(identity(claims)).toStrictEqual({ kind: "platform", subject: "subject-1", name: null, roles: ["support", "operator"] });
  });

  const mixed: [title: string, claims: Record<string, unknown>][] = [
    ["a product and an organisation", { organization: ["acme"] }],
    ["a product and a tenant id", { tenant_id: ID }],
    ["a product and a platform role", roles("platform-operator")],
    ["a product and a login session", { sid: "session" }],
  ];
  it.each(mixed)("%s are refused", (_title, claims) => {
    expect(() => identity({ product: "crm", ...claims })).toThrow(expect.objectContaining(NOT_VALID));
  });

  it.each([[""], ["CRM"], ["a b"], ["crm\n"], [["crm"]], [{ crm: true }], [7], [true], [null], ["x".repeat(64)]])("the product %j makes no service", (product) => {
    expect(identity({ product })).toStrictEqual(NOBODY);
  });
});

describe("with a list of clients that may be services", () => {
  const serviceClients = ["service-crm"];
  const admitted = [{ azp: "service-crm" }, { client_id: "service-crm" }, { azp: "service-crm", client_id: "service-crm" }];
  it.each(admitted)("%j is admitted", (clients) => {
    expect(identity({ product: "crm", ...clients }, { serviceClients })).toMatchObject({ kind: "service" });
  });

  const refused = [{}, { azp: "portal" }, { azp: "service-crm", client_id: "portal" }, { azp: ["service-crm"] }, { azp: null }];
  it.each(refused)("%j is refused", (clients) => {
    expect(() => identity({ product: "crm", ...clients }, { serviceClients })).toThrow(expect.objectContaining(NOT_VALID));
  });
});

describe("names", () => {
  const cases: [claims: Record<string, unknown>, name: string | null][] = [
    [{ name: "Ada", preferred_username: "ada" }, "Ada"],
    [{ name: "", preferred_username: "ada" }, "ada"],
    [{ name: ["Ada"], preferred_username: "ada" }, "ada"],
    [{ name: "Ada\u0000", preferred_username: "\ud800" }, null],
    [{ name: "x".repeat(201) }, null],
  ];
  it.each(cases)("%j is shown as %j", (claims, name) => {
    expect(identity(claims)).toMatchObject({ name });
  });
});

describe("the tokens of a stock Keycloak", () => {
  const { tokens } = keycloakTokens;
  const [ACME, BIGCORP] = [organizationId("a0000000-0000-4000-8000-000000000001"), organizationId("a0000000-0000-4000-8000-000000000002")];
  const cases: [caller: keyof typeof tokens, expected: object][] = [
    ["acme-admin", { kind: "user", roles: ["member"], tenants: [{ by: "organization-id", roles: ["admin"] }] }],
    ["acme-auditor", { kind: "user", roles: ["member"], tenants: [{ by: "organization-id", roles: ["auditor"] }] }],
    ["acme-member", { kind: "user", roles: ["member"], tenants: [{ by: "organization-id", roles: [] }] }],
    ["consultant", { kind: "user", roles: ["member"], tenants: expect.arrayContaining([{ ...ACME, roles: [] }, { ...BIGCORP, roles: ["admin"] }]) }],
    ["support", { kind: "platform", roles: ["support"] }],
    ["operator", { kind: "platform", roles: ["operator"] }],
    ["product-crm", { kind: "service", product: "crm", roles: ["service"] }],
    ["tenant-registry", { kind: "user", roles: [], tenants: [] }],
  ];
  it.each(cases)("are understood: %s", (caller, expected) => {
    expect(identity(tokens[caller].payload)).toMatchObject(expected);
  });
});

it("claims of any content give an identity or the one refusal, never another error, and change no prototype", () => {
  const names = ["tenant_id", "organization", "product", "realm_access", "roles", "groups", "scope", "azp", "client_id", "name", "sid", "id", "__proto__", "acme"];
  const key = fc.oneof(fc.constantFrom(...names), fc.string());
  const text = fc.oneof(fc.constantFrom("acme", "crm", ID, "IT_ADMIN", "/IT_ADMIN", "/platform-operator", "platform-operator", "constructor"), fc.string({ unit: "binary" }));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, text, fc.double(), fc.boolean(), fc.constant(null), fc.array(tie("value")), fc.dictionary(key, tie("value"))),
  }));
  fc.assert(
    fc.property(fc.dictionary(key, value), (claims) => {
      const parsed = { ...(JSON.parse(JSON.stringify(claims)) as object), ...BASE } as VerifiedClaims;
      try {
        const found = identityFrom(parsed);
        expect(found.subject).toBe("subject-1");
        if (found.kind === "user" && found.tenants.length === 0) expect(found.roles).toStrictEqual([]);
        for (const { roles: own } of found.kind === "user" ? found.tenants : []) expect(["admin", "auditor", "member"]).toEqual(expect.arrayContaining([...own]));
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
        expect(error).toMatchObject(NOT_VALID);
      }
      expect(Object.keys(Object.prototype)).toStrictEqual([]);
    }),
    { numRuns: 1_000 },
  );
});
