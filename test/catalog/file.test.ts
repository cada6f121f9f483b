/** Owns the guarantees of the catalogue's file: what is wrong with it stops it, and everything that is wrong is named with its line. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Catalog } from "../../src/catalog/catalog.js";
import { CatalogError, loadCatalog } from "../../src/catalog/catalog.file.js";

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "catalog-"))));
afterAll(() => rm(directory, { recursive: true }));

async function load(content: string | Buffer): Promise<Catalog> {
  const file = join(directory, "catalog.yaml");
  await writeFile(file, content);
  return loadCatalog(file);
}

async function problemsOf(content: string | Buffer): Promise<readonly string[]> {
  const error = await load(content).then(() => null, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CatalogError);
  return (error as CatalogError).problems;
}

/** A product of which the given lines are the rest. */
const product = (...lines: string[]) => ["products:", "  - key: crm", "    name: CRM", "    description: Contacts.", ...lines.map((line) => `    ${line}`), "plans: []", ""].join("\n");
/** A plan that says the given lines about `crm`, which has a setting and a limit. */
const plan = (...lines: string[]) =>
  [
    "products:",
    "  - { key: crm, name: CRM, description: Contacts., limits: { seats: { type: integer, description: People., default: 1 } },",
    "      configSchema: { type: object, required: [tone], properties: { tone: { enum: [kind, dry] }, mail: { type: object, properties: { from: { type: string, format: email } } } } },",
    "      configDefaults: { tone: kind } }",
    "plans:",
    "  - key: pro",
    "    name: Pro",
    "    description: For professionals.",
    "    products:",
    ...lines.map((line) => `      ${line}`),
    "",
  ].join("\n");

describe("the catalogue that the package brings along", () => {
  it("is found from the sources, and has what the graph, the seeds and the tests speak of", async () => {
    const { products, plans } = await loadCatalog();
    expect(products.map(({ key, supportsProjects, requestable, trialDays }) => [key, supportsProjects, requestable, trialDays])).toEqual([
      ["crm", true, true, 14],
      ["desk", true, true, 30],
      ["chat", true, true, 14],
      ["erp", false, true, null],
      ["docs", false, false, null],
    ]);
    expect(plans.map(({ key }) => key)).toEqual(["starter", "pro", "business", "enterprise"]);
  });
});

describe("a catalogue", () => {
  it("has what the file says, in its order, and otherwise the defaults", async () => {
    const catalog = await load(
      [
        "products:",
        "  - { key: b, name: B, description: Second letter. }",
        "  - key: a",
        "    name: A",
        "    description: First letter.",
        "    supportsProjects: true",
        "    requestable: true",
        "    trial: { days: 90 }",
        "    configSchema: { $schema: 'http://json-schema.org/draft-07/schema#', type: object, properties: { size: { type: integer } } }",
        "    configDefaults: { size: 3 }",
        "    limits:",
        "      seats: { type: integer, description: People., unit: heads, default: 5 }",
        "      sso: { type: boolean, description: Single sign-on., default: false }",
        "    scopes: { 'tickets:read': Read tickets. }",
        "plans:",
        "  - { key: pro, name: Pro, description: For professionals., products: { a: { config: { size: 4 }, limits: { sso: true } }, b: {} } }",
      ].join("\n"),
    );
    expect(catalog.products).toEqual([
      { key: "b", name: "B", description: "Second letter.", supportsProjects: false, requestable: false, trialDays: null, configSchema: { type: "object", additionalProperties: false }, configDefaults: {}, limits: [], scopes: [], settingNames: new Set(), configProblems: expect.any(Function) },
      {
        key: "a",
        name: "A",
        description: "First letter.",
        supportsProjects: true,
        requestable: true,
        trialDays: 90,
        configSchema: { $schema: "http://json-schema.org/draft-07/schema#", type: "object", properties: { size: { type: "integer" } } },
        configDefaults: { size: 3 },
        limits: [
          { name: "seats", type: "integer", description: "People.", unit: "heads", default: 5 },
          { name: "sso", type: "boolean", description: "Single sign-on.", unit: null, default: false },
        ],
        scopes: [{ id: "tickets:read", description: "Read tickets." }],
        settingNames: new Set(["size"]),
        configProblems: expect.any(Function),
      },
    ]);
    const pro = { key: "pro", name: "Pro", description: "For professionals.", products: new Map([["a", { config: { size: 4 }, limits: { sso: true } }], ["b", { config: {}, limits: {} }]]) };
    expect(catalog.plans).toEqual([pro]);
    expect([catalog.product("a")?.name, catalog.plan("pro")]).toEqual(["A", pro]);
    for (const key of ["", "c", "constructor", "__proto__"]) expect([catalog.product(key), catalog.plan(key)]).toEqual([undefined, undefined]);
  });

  it("may be empty, and may begin with a byte order mark", async () => {
    expect(await load("\ufeffproducts: []\nplans: []\n")).toMatchObject({ products: [], plans: [] });
  });

  it("a trial that says nothing takes 14 days", async () => {
    expect((await load(product("trial: {}"))).product("crm")?.trialDays).toBe(14);
  });

  it("two schemas may have the same $id", async () => {
    const schema = "configSchema: { $id: 'https://example.com/config', type: object }";
    const one = (key: string) => `  - { key: ${key}, name: X, description: X., ${schema} }`;
    expect((await load(["products:", one("a"), one("b"), "plans: []"].join("\n"))).products).toHaveLength(2);
  });
});

describe("a file that cannot be read", () => {
  it.each([
    ["that is not there", () => join(directory, "none.yaml"), "it cannot be read (ENOENT)"],
    ["that is a directory", () => directory, "it cannot be read (EISDIR)"],
    ["that never ends", () => "/dev/zero", "it must be at most 1048576 bytes"],
  ])("%s stops at once", async (_, file, problem) => {
    await expect(loadCatalog(file())).rejects.toThrow(new CatalogError(file(), [problem]));
  });

  it.each<[string, string | Buffer, string[]]>([
    ["a byte too large", "#".repeat(1024 * 1024 + 1), ["it must be at most 1048576 bytes"]],
    ["not text", Buffer.from([0xff, 0xfe]), ["it must be text in UTF-8"]],
    ["a list that does not end", "products: [\n", ["line 2: Flow sequence in block collection must be sufficiently indented and end with a ]"]],
    ["several documents", "products: []\nplans: []\n---\na: 1\n", ["line 3: Source contains multiple documents; please use YAML.parseAllDocuments()"]],
    ["a tag that means nothing", "products: !secret []\nplans: []\n", ["line 1: Unresolved tag: !secret"]],
    ["an alias of nothing", "products: []\nplans: *none\n", ["line 2: The anchor none is not above its alias"]],
    ["an alias of what it is in", "products: []\nplans: &all [*all]\n", ["line 2: The anchor all is around its own alias"]],
    ["aliases of aliases", ["a: &a [x,x,x,x,x,x,x,x,x]", ..."bcdefgh".split("").map((name, i) => `${name}: &${name} [${Array(9).fill(`*${"abcdefg"[i]}`).join()}]`)].join("\n"), ["its aliases stand for too much"]],
    ["nested too deeply", `products: []\nplans: ${"[".repeat(10_000)}${"]".repeat(10_000)}\n`, ["line 2: it is nested too deeply"]],
  ])("%s is said so", async (_, content, problems) => {
    expect(await problemsOf(content)).toEqual(problems);
  });
});

describe("a file of the wrong shape", () => {
  it.each<[string, string, string[]]>([
    ["nothing", "", ["line 1: the file must be an object with products and plans"]],
    ["a list", "- products\n", ["line 1: the file must be an object with products and plans"]],
    ["half of it", "products: []\n", ["line 1: plans is missing"]],
    ["a word that is not known", "products: []\nplans: []\nprices: []\n", ["line 3: prices is not known here: the file must have no members but products, plans"]],
    ["a misspelt word", "produkts: []\nproducts: []\nplans: []\n", ["line 1: produkts is not known here; did you mean products?"]],
    ["words of JavaScript", "products: []\nplans: []\n__proto__: {}\nconstructor: 1\n1: 2\n", [3, 4, 5].map((line, i) => `line ${line}: ${["__proto__", "constructor", "1"][i]} is not known here: the file must have no members but products, plans`)],
    ["products by key", "products: { crm: {} }\nplans: []\n", ["line 1: products must be a list"]],
    ["a product that is none", "products:\n  - crm\n  - ~\nplans: []\n", ["line 2: products[0] must be an object", "line 3: products[1] must be an object"]],
    ["too many products", `products:\n${"  - { key: a, name: A, description: A. }\n".repeat(201)}plans: []\n`, expect.arrayContaining(["line 2: products must have at most 200 items"])],
    ["a product without anything", "products:\n  - {}\nplans: []\n", ["key", "name", "description"].map((name) => `line 2: products[0].${name} is missing`)],
    ["a key that no product can have", "products:\n  - { key: CRM, name: C, description: C. }\nplans: []\n", ["line 2: products[0].key must match the pattern ^[a-z][a-z0-9_-]{0,62}$"]],
    ["no name", "products:\n  - { key: crm, name: '', description: C. }\nplans: []\n", ["line 2: products[0].name must not be empty"]],
    ["a name without end", `products:\n  - { key: crm, name: ${"x".repeat(201)}, description: C. }\nplans: []\n`, ["line 2: products[0].name must have at most 200 characters"]],
    ["yes for true", product("requestable: yes"), ["line 5: products[0].requestable must be true or false"]],
    ["a misspelt member", product("requestible: true"), ["line 5: products[0].requestible is not known here; did you mean requestable?"]],
    ["a word given twice", product("requestable: true", "requestable: true"), ["line 6: Map keys must be unique"]],
    ["no trial at all", product("trial: { days: 0 }"), ["line 5: products[0].trial.days must be at least 1"]],
    ["an endless trial", product("trial: { days: 91 }"), ["line 5: products[0].trial.days must be at most 90"]],
    ["half a day", product("trial: { days: 1.5 }"), ["line 5: products[0].trial.days must be a whole number"]],
    ["a trial of days", product("trial: 14"), ["line 5: products[0].trial must be an object"]],
    ["a limit without a type", product("limits:", "  seats: { description: People., default: 1 }"), ["line 6: products[0].limits.seats.type is missing"]],
    ["a limit of another type", product("limits:", "  seats: { type: int, description: People., default: 1 }"), ['line 6: products[0].limits.seats.type must be one of "integer", "number", "boolean"']],
    ["a limit's name with a hyphen", product("limits:", "  max-seats: { type: integer, description: People., default: 1 }"), ["line 6: products[0].limits.max-seats is not known here: products[0].limits must have no members but names that match ^[a-z][A-Za-z0-9_]{0,62}$"]],
    ["a scope with a space", product("scopes:", "  read all: Everything."), ["line 6: products[0].scopes.read all is not known here: products[0].scopes must have no members but names that match ^[a-z][a-z0-9_.:-]{0,62}$"]],
    ["a scope that says nothing", product("scopes: { read: '' }"), ["line 5: products[0].scopes.read must not be empty"]],
    ["a plan without products", "products: []\nplans:\n  - { key: pro, name: Pro, description: P. }\n", ["line 3: plans[0].products is missing"]],
    ["a plan that says nothing of its product", plan("crm:"), ["line 10: plans[0].products.crm must be an object"]],
  ])("%s is named", async (_, content, problems) => {
    expect(await problemsOf(content)).toEqual(problems);
  });
});

describe("a file that does not hold together", () => {
  it.each<[string, string, string[]]>([
    ["two products of one key", "products:\n  - &a { key: crm, name: C, description: C. }\n  - { key: crm, name: D, description: D. }\nplans: []\n", ["line 3: products[1].key is the key of products[0] already"]],
    ["two plans of one key", "products: []\nplans:\n  - { key: pro, name: P, description: P., products: {} }\n  - { key: pro, name: P, description: P., products: {} }\n", ["line 4: plans[1].key is the key of plans[0] already"]],
    ["a limit that is no whole number", product("limits:", "  seats: { type: integer, description: People., default: 1.5 }"), ["line 6: products[0].limits.seats.default must be a whole number, and not negative"]],
    ["a limit below nothing", product("limits:", "  gb: { type: number, description: Space., default: -0.5 }"), ["line 6: products[0].limits.gb.default must be a number, and not negative"]],
    ["a limit without end", product("limits:", "  gb: { type: number, description: Space., default: .inf }"), ["line 6: JSON has no such number", "line 6: products[0].limits.gb.default must be a number, and not negative"]],
    ["a limit that is neither true nor false", product("limits:", "  sso: { type: boolean, description: Login., default: 1 }"), ["line 6: products[0].limits.sso.default must be true or false"]],
    ["a default that breaks its schema", product("configSchema: { type: object, properties: { mail: { type: object, properties: { from: { type: string, format: email } } } } }", "configDefaults:", "  mail:", "    from: nobody"), ["line 8: products[0].configDefaults.mail.from must be an e-mail address"]],
    ["a default that is missing", product("configSchema: { type: object, required: [mail], properties: { mail: { type: object } } }"), ["line 2: products[0].configDefaults.mail is missing"]],
    ["a default of a product without settings", product("configDefaults: { size: 1 }"), ["line 5: products[0].configDefaults.size is not known here: products[0].configDefaults must have no members"]],
    ["a product that is not there", plan("erp: {}"), ["line 10: plans[0].products.erp is not known here: plans[0].products must name products of the catalogue"]],
    ["a misspelt product", plan("crn: {}"), ["line 10: plans[0].products.crn is not known here; did you mean crm?"]],
    ["a setting that breaks the product's schema", plan("crm:", "  config:", "    tone: rude", "    mail: { from: nobody }"), ['line 12: plans[0].products.crm.config.tone must be one of "kind", "dry"', "line 13: plans[0].products.crm.config.mail.from must be an e-mail address"]],
    ["a limit that the product has not", plan("crm: { limits: { rooms: 1 } }"), ["line 10: plans[0].products.crm.limits.rooms is not known here: plans[0].products.crm.limits must name limits of the product"]],
    ["a misspelt limit", plan("crm: { limits: { seat: 1 } }"), ["line 10: plans[0].products.crm.limits.seat is not known here; did you mean seats?"]],
    ["a limit of another type", plan("crm: { limits: { seats: many } }"), ["line 10: plans[0].products.crm.limits.seats must be a whole number, and not negative"]],
  ])("%s is named", async (_, content, problems) => {
    expect(await problemsOf(content)).toEqual(problems);
  });

  it("what a plan leaves out is filled by the product's defaults before it is checked", async () => {
    expect((await load(plan("crm: { config: { mail: { from: a@b.example } } }"))).plans).toHaveLength(1);
  });

  it("a product with problems of its own is not also missing", async () => {
    expect(await problemsOf(plan("crm: {}").replace("name: CRM", "nmae: CRM"))).toEqual([
      "line 2: products[0].name is missing",
      "line 2: products[0].nmae is not known here; did you mean name?",
    ]);
  });
});

describe("a schema of settings that cannot be relied on", () => {
  const PLACE = "line 5: products[0].configSchema";
  it.each<[string, string, string[]]>([
    ["is no object's", "{ type: array }", [`${PLACE}.type must be object, because settings are`]],
    ["has no type", "{}", ["line 5: products[0].configSchema.type must be object, because settings are"]],
    ["has a misspelt keyword", "{ type: object, propreties: {} }", [`${PLACE} cannot be used: strict mode: unknown keyword: "propreties"`]],
    ["has a misspelt keyword further down", "{ type: object, properties: { a: { type: string, maxLenght: 1 } } }", [`${PLACE} cannot be used: strict mode: unknown keyword: "maxLenght"`]],
    ["has a keyword that never applies", "{ type: object, properties: { a: { maxLength: 1 } } }", [`${PLACE} cannot be used: strict mode: missing type "string" for keyword "maxLength" at "#/properties/a" (strictTypes)`]],
    ["has a type that does not exist", "{ type: object, properties: { a: { type: strnig } } }", expect.arrayContaining([`${PLACE}.properties.a.type must be one of "array", "boolean", "integer", "null", "number", "object", "string"`])],
    ["has a keyword of the wrong type", "{ type: object, required: mail }", [`${PLACE}.required must be a list`]],
    ["has a format that does not exist", "{ type: object, properties: { a: { type: string, format: emial } } }", [`${PLACE} cannot be used: unknown format "emial" ignored in schema at path "#/properties/a"`]],
    ["has a format that takes quadratic time", "{ type: object, properties: { a: { type: string, format: url } } }", [`${PLACE} cannot be used: unknown format "url" ignored in schema at path "#/properties/a"`]],
    ["has a pattern that is none", "{ type: object, properties: { a: { type: string, pattern: '(' } } }", [expect.stringMatching(/configSchema cannot be used: Invalid regular expression: /)]],
    ["refers to another file", "{ type: object, properties: { a: { $ref: 'other.json' } } }", [`${PLACE} cannot be used: can't resolve reference other.json from id #`]],
    ["refers to another server", "{ type: object, properties: { a: { $ref: 'https://example.com/a.json' } } }", [`${PLACE} cannot be used: can't resolve reference https://example.com/a.json from id #`]],
    ["refers to nothing", "{ type: object, properties: { a: { $ref: '#/$defs/none' } } }", [`${PLACE} cannot be used: can't resolve reference #/$defs/none from id #`]],
    ["is of a draft that we do not know", "{ $schema: 'http://json-schema.org/draft-04/schema#', type: object }", [`${PLACE}.$schema must be one of https://json-schema.org/draft/2020-12/schema, http://json-schema.org/draft-07/schema`]],
    ["would be checked later", "{ $async: true, type: object }", [`${PLACE}.$async is not allowed`]],
  ])("one that %s is named", async (_, schema, problems) => {
    expect(await problemsOf(product(`configSchema: ${schema}`))).toEqual(problems);
  });
});

it("every problem is named at once, in the order of the lines", async () => {
  const content = ["prodcts: []", "products:", "  - { key: A, name: A, description: A. }", "  - { key: b, name: B, description: B., configSchema: { type: object, requred: [] } }", "plans:", "  - { key: p, name: P, description: P., products: { none: {} } }"];
  const error = await load(content.join("\n")).catch((thrown: Error) => thrown);
  expect((error as Error).message).toBe(
    [
      `The catalogue ${join(directory, "catalog.yaml")} has 4 problems:`,
      "- line 1: prodcts is not known here; did you mean products?",
      "- line 3: products[0].key must match the pattern ^[a-z][a-z0-9_-]{0,62}$",
      '- line 4: products[1].configSchema cannot be used: strict mode: unknown keyword: "requred"',
      "- line 6: plans[0].products.none is not known here: plans[0].products must name products of the catalogue",
    ].join("\n"),
  );
});
