import { describe, expect, it } from "vitest";
import { effectiveConfig, effectiveLimits, type Catalog } from "../../src/catalog/catalog.js";
import { catalogFrom } from "../../src/catalog/catalog.manifest.js";
import { refuseUnfitProductConfig, refuseUnknownPlan } from "../../src/catalog/catalog.rules.js";
import { Fault } from "../../src/kernel/fault.js";
import { loadCatalog } from "../../src/catalog/catalog.file.js";

interface Content {
  configSchema?: object;
  configDefaults?: object;
  limits?: object;
  plan?: object;
}

/** A catalogue of one product and one plan. */
function catalogWith({ configSchema = { type: "object" }, configDefaults = {}, limits = {}, plan = {} }: Content): Catalog {
  const words = { name: "X", description: "X." };
  const { catalog, problems } = catalogFrom({
    products: [{ key: "app", ...words, configSchema, configDefaults, limits }],
    plans: [{ key: "pro", ...words, products: { app: plan } }],
  });
  expect(problems).toEqual([]);
  return catalog;
}

function settings(content: Content, own?: Record<string, unknown>) {
  const catalog = catalogWith(content);
  return effectiveConfig(catalog.product("app")!, catalog.plan("pro"), own);
}

describe("the settings that a tenant gets", () => {
  it("are the product's defaults, over them the plan's, over them its own, member by member", () => {
    const configDefaults = { a: 1, b: 1, c: 1, mail: { from: "default", to: "default", host: "default" } };
    const plan = { config: { b: 2, c: 2, mail: { to: "plan", host: "plan" } } };
    expect(settings({ configDefaults, plan }, { c: 3, d: 3, mail: { host: "own" } })).toEqual({ a: 1, b: 2, c: 3, d: 3, mail: { from: "default", to: "plan", host: "own" } });
  });

  it.each<[string, unknown, unknown, unknown]>([
    ["a list replaces a list", [1, 2, 3], [4], [4]],
    ["an empty list is no list", [1], [], []],
    ["null is a value", { a: 1 }, null, null],
    ["null is filled by nothing", null, { a: 1 }, { a: 1 }],
    ["a text replaces an object", { a: 1 }, "x", "x"],
    ["an object replaces a list", [{ a: 1 }], { b: 1 }, { b: 1 }],
    ["an empty object takes nothing away", { a: 1 }, {}, { a: 1 }],
    ["false and 0 count", { on: true, n: 1 }, { on: false, n: 0 }, { on: false, n: 0 }],
  ])("%s", (_, byDefault, own, expected) => {
    expect(settings({ configDefaults: { it: byDefault } }, { it: own })).toEqual({ it: expected });
  });

  it("without a plan that the catalogue knows are the defaults and the tenant's own", () => {
    const catalog = catalogWith({ configDefaults: { a: 1 }, plan: { config: { a: 2 } } });
    expect(effectiveConfig(catalog.product("app")!, catalog.plan("adopted"), { b: 3 })).toEqual({ a: 1, b: 3 });
  });

  it("may have members that are called like JavaScript's own, which then mean nothing else", () => {
    const own = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as Record<string, unknown>;
    const got = settings({ configDefaults: JSON.parse('{"__proto__": {"a": 1}}') as object }, own);
    expect(JSON.stringify(got)).toBe('{"__proto__":{"a":1,"polluted":true},"constructor":1}');
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("leave what they are made of as it was", () => {
    const content = { configDefaults: { mail: { from: "a" } }, plan: { config: { mail: { to: "b" } } } };
    const before = structuredClone(content);
    settings(content, { mail: { from: "c" } });
    expect(content).toEqual(before);
  });
});

describe("the limits that a tenant gets", () => {
  const seats = { type: "integer", description: "People.", default: 5 };
  const sso = { type: "boolean", description: "Login.", default: true };
  const catalog = catalogWith({ limits: { seats, sso }, plan: { limits: { sso: false } } });

  it("are the plan's where it says something, also false, and the product's otherwise", () => {
    expect(effectiveLimits(catalog.product("app")!, catalog.plan("pro"))).toEqual({ seats: 5, sso: false });
  });

  it("are the product's without a plan that the catalogue knows", () => {
    expect(effectiveLimits(catalog.product("app")!, undefined)).toEqual({ seats: 5, sso: true });
  });
});

/** The message and the field of the fault, or null when the settings fit. */
function refusal(catalog: Catalog, config: Record<string, unknown>, product = "app") {
  try {
    refuseUnfitProductConfig(catalog, product, config);
    return null;
  } catch (error) {
    const { code, message, field } = error as Fault;
    return { code, message, field };
  }
}

const refused = (field: string, message: string) => ({ code: "BAD_USER_INPUT", message, field });

describe("a tenant's own settings", () => {
  it.each<[keyword: string, schema: object, value: unknown, rule: string]>([
    ["type", { type: "string" }, 1, "must be text"],
    ["type", { type: "integer" }, 1.5, "must be a whole number"],
    ["type", { type: "number" }, "1", "must be a number"],
    ["type", { type: "boolean" }, "true", "must be true or false"],
    ["type", { type: "array" }, {}, "must be a list"],
    ["type", { type: "object" }, [], "must be an object"],
    ["type", { type: ["string", "null"] }, 1, "must be text or null"],
    ["enum", { enum: ["low", 1, null] }, "high", 'must be one of "low", 1, null'],
    ["enum", { enum: Array.from({ length: 21 }, (_, n) => n) }, 99, `must be one of ${Array.from({ length: 20 }, (_, n) => n).join(", ")}, …`],
    ["const", { const: "on" }, "off", 'must be "on"'],
    ["minimum", { type: "number", minimum: 1 }, 0, "must be at least 1"],
    ["exclusiveMinimum", { type: "number", exclusiveMinimum: 1 }, 1, "must be more than 1"],
    ["maximum", { type: "number", maximum: 1 }, 2, "must be at most 1"],
    ["exclusiveMaximum", { type: "number", exclusiveMaximum: 1 }, 1, "must be less than 1"],
    ["multipleOf", { type: "number", multipleOf: 0.5 }, 0.7, "must be a multiple of 0.5"],
    ["minLength", { type: "string", minLength: 1 }, "", "must not be empty"],
    ["minLength", { type: "string", minLength: 2 }, "a", "must have at least 2 characters"],
    ["maxLength", { type: "string", maxLength: 1 }, "ab", "must have at most 1 character"],
    ["maxLength, in characters", { type: "string", maxLength: 1 }, "🚀🚀", "must have at most 1 character"],
    ["pattern", { type: "string", pattern: "^a+$" }, "b", "must match the pattern ^a+$"],
    ["format", { type: "string", format: "email" }, "nobody", "must be an e-mail address"],
    ["format", { type: "string", format: "uri" }, "nowhere", "must be a URI"],
    ["format", { type: "string", format: "date" }, "2026-02-30", "must be a date like 2026-01-31"],
    ["format", { type: "string", format: "date-time" }, "today", "must be a time like 2026-01-31T13:30:00Z"],
    ["format", { type: "string", format: "hostname" }, "-", "must be a host name"],
    ["format", { type: "string", format: "uuid" }, "1", "must be a UUID"],
    ["minItems", { type: "array", minItems: 2 }, [1], "must have at least 2 items"],
    ["maxItems", { type: "array", maxItems: 1 }, [1, 2], "must have at most 1 item"],
    ["uniqueItems", { type: "array", uniqueItems: true }, [{ a: 1 }, { a: 1 }], "must not have the same item twice"],
    ["items", { type: "array", prefixItems: [{}], items: false, minItems: 1, maxItems: 9 }, [1, 2], "must have at most 1 item"],
    ["contains", { type: "array", contains: { const: 1 } }, [2], "must have at least 1 item of the kind that is asked for"],
    ["minProperties", { type: "object", minProperties: 2 }, { a: 1 }, "must have at least 2 members"],
    ["maxProperties", { type: "object", maxProperties: 1 }, { a: 1, b: 1 }, "must have at most 1 member"],
    ["propertyNames", { type: "object", propertyNames: { pattern: "^a" } }, { b: 1 }, "has a member whose name is not allowed"],
    ["additionalProperties", { type: "object", additionalProperties: false, properties: { from: {}, to: {} } }, { form: 1 }, "must have no members but from, to"],
    ["unevaluatedProperties", { type: "object", unevaluatedProperties: false, properties: { from: {} } }, { form: 1 }, "must have no members but from"],
    ["anyOf", { anyOf: [{ type: "string" }, { type: "integer", minimum: 5 }] }, 1, "must be one of the alternatives of its schema"],
    ["oneOf", { oneOf: [{ type: "string" }, { type: "boolean" }] }, 1, "must be one of the alternatives of its schema"],
    ["oneOf, twice", { oneOf: [{ type: "number" }, { type: "integer" }] }, 1, "must be only one of the alternatives of its schema"],
    ["not", { not: { const: 1 } }, 1, "must not be what its schema excludes"],
    ["false", false as never, 1, "is not allowed"],
  ])("%s %j refuses %j in our words, at its place", (_, schema, value, rule) => {
    const catalog = catalogWith({ configSchema: { type: "object", properties: { outer: { type: "object", properties: { it: schema } } } } });
    expect(refusal(catalog, { outer: { it: value } })).toEqual(refused("config.outer.it", `config.outer.it ${rule}`));
  });

  it.each<[string, object, Record<string, unknown>, string, string]>([
    ["a member that is missing", { properties: { mail: { type: "object", required: ["from"], properties: { from: {} } } } }, { mail: {} }, "config.mail.from", "config.mail.from is missing"],
    ["a member that another needs", { dependentRequired: { user: ["password"] }, properties: { user: {}, password: {} } }, { user: 1 }, "config.password", "config.password is missing, which user needs"],
    ["an item of a list", { properties: { to: { type: "array", items: { type: "string" } } } }, { to: ["a", 2] }, "config.to[1]", "config.to[1] must be text"],
    ["what is refused after an if", { properties: { tls: {}, port: {} }, if: { not: { required: ["tls"] } }, else: { required: ["port"] } }, { tls: true }, "config.port", "config.port is missing"],
    ["what a reference says", { properties: { from: { $ref: "#/$defs/address" } }, $defs: { address: { type: "string", minLength: 3 } } }, { from: "x" }, "config.from", "config.from must have at least 3 characters"],
    ["everything", { additionalProperties: false }, { a: 1 }, "config", "config must have no members"],
  ])("%s is named by its path", (_, schema, config, field, message) => {
    expect(refusal(catalogWith({ configSchema: { type: "object", ...schema } }), config)).toEqual(refused(field, message));
  });

  it("must be whole only together with the defaults", () => {
    const configSchema = { type: "object", properties: { mail: { type: "object", required: ["from"], properties: { from: { type: "string" }, to: { type: "string" } } } } };
    const catalog = catalogWith({ configSchema, configDefaults: { mail: { from: "a" } } });
    expect(refusal(catalog, { mail: { to: "b" } })).toBeNull();
    expect(refusal(catalog, { mail: null })).toEqual(refused("config.mail", "config.mail must be an object"));
    expect(refusal(catalogWith({ configSchema }), { mail: { to: "b" } })).toEqual(refused("config.mail.from", "config.mail.from is missing"));
  });

  it("of JavaScript's own names are no settings that anybody gave", () => {
    const configSchema = { type: "object", properties: { it: { type: "object", required: ["constructor"], properties: { constructor: { type: "string" } } } } };
    expect(refusal(catalogWith({ configSchema }), { it: {} })).toEqual(refused("config.it.constructor", "config.it.constructor is missing"));
  });

  it("are refused with the first problem as the field and five in the message, each said once", () => {
    const properties = Object.fromEntries("abcdefg".split("").map((name) => [name, { type: "integer" }]));
    const catalog = catalogWith({ configSchema: { type: "object", properties, additionalProperties: false } });
    const text = Object.fromEntries("abcdefg".split("").map((name) => [name, "x"]));
    expect(refusal(catalog, text)).toEqual(refused("config.a", `${"abcde".split("").map((name) => `config.${name} must be a whole number`).join("; ")}; and 2 more`));
    expect(refusal(catalog, { y: 1, z: 1 })).toEqual(refused("config", "config must have no members but a, b, c, d, e, f, g"));
  });

  it("are not repeated, neither names that the schema does not declare nor values", () => {
    const configSchema = {
      type: "object",
      properties: { quotas: { type: "object", additionalProperties: { type: "integer" } }, mail: { type: "object", additionalProperties: false, properties: { from: { type: "string", format: "email" } } } },
      additionalProperties: { type: "string" },
    };
    const answer = refusal(catalogWith({ configSchema }), { hunter2: 1, "4111111111111111": 1, quotas: { hunter2: "hunter2" }, mail: { hunter2: "hunter2", from: "hunter2" } });
    expect(answer).toEqual(refused("config.*", "config.* must be text; config.quotas.* must be a whole number; config.mail must have no members but from; config.mail.from must be an e-mail address"));
  });

  it("of a product that the catalogue does not know are refused with the product", () => {
    expect(refusal(catalogWith({}), {}, "erp")).toEqual(refused("product", "The catalogue has no such product"));
    expect(refusal(catalogWith({}), {}, "__proto__")).toEqual(refused("product", "The catalogue has no such product"));
  });

  it("of every shipped product may be left out, and its plans' may stand for them", async () => {
    const catalog = await loadCatalog();
    for (const { key } of catalog.products) expect(refusal(catalog, {}, key)).toBeNull();
    for (const plan of catalog.plans) for (const [key, { config }] of plan.products) expect(refusal(catalog, config, key)).toBeNull();
  });
});

describe("a plan", () => {
  it("is one of the catalogue", () => {
    const catalog = catalogWith({});
    expect(() => refuseUnknownPlan(catalog, "pro")).not.toThrow();
    for (const plan of ["", "PRO", "free", "constructor"]) {
      expect(() => refuseUnknownPlan(catalog, plan)).toThrow(new Fault("BAD_USER_INPUT", "The catalogue has no such plan", { field: "plan" }));
    }
  });
});
