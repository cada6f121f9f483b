import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const FIELDS = "key known name description supportsProjects requestable trialDays configSchema limits { name type description unit default } scopes { id description }";
const PRODUCT = `query ($key: ID!) { product(key: $key) { ${FIELDS} } }`;
const REFERENCE = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Product { ${FIELDS} } } }`;
const ENTITLEMENTS = `{ myTenant { entitlements { product { ${FIELDS} } } } }`;

let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  world = await openWorld(await registry());
  tenant = await world.tenant();
});

const ask = (caller: Caller, key: string) => caller.run(PRODUCT, { key });
const refer = async (...of: object[]) => data(await tenant.member.run(REFERENCE, { of: of.map((one) => ({ __typename: "Product", ...one })) }))["_entities"] as unknown[];

const unknownProduct = (key: string) => ({ key, known: false, name: key, description: null, supportsProjects: false, requestable: false, trialDays: null, configSchema: null, limits: [], scopes: [] });

describe("product", () => {
  it("unauthenticated: nobody without a token reads the catalogue", async () => {
    fault(await ask(world.anonymous, "crm"), "UNAUTHENTICATED");
  });

  it("forbidden: a person without a tenant does not either", async () => {
    fault(await ask(await world.caller({ realm_access: { roles: ["IT_ADMIN"] } }), "crm"), "FORBIDDEN");
  });

  it.each(["", "CRM", "none", "constructor", "__proto__", "a\u0000b", "x".repeat(10_000)])("missing: %j is null, without an error", async (key) => {
    expect(data(await ask(tenant.member, key))).toEqual({ product: null });
  });

  it("frozen: the people of a frozen tenant still read it", async () => {
    const { member } = await world.tenant({ status: "frozen" });
    expect(data(await ask(member, "crm"))["product"].key).toBe("crm");
  });

  it("ok: whoever is signed in gets the same, services and staff included", async () => {
    const answers = await Promise.all([tenant.member, tenant.auditor, tenant.admin, world.service, world.support, world.operator].map(async (caller) => data(await ask(caller, "desk"))));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.["product"]).toMatchObject({
      key: "desk",
      known: true,
      name: "Desk",
      supportsProjects: true,
      requestable: true,
      trialDays: 30,
      configSchema: { type: "object", required: ["mail"], properties: { mail: { type: "object", properties: { from: { type: "string", format: "email" } } } } },
      limits: [
        { name: "seats", type: "INTEGER", unit: null, default: 3 },
        { name: "storageGb", type: "NUMBER", unit: "GB", default: 0.5 },
        { name: "sso", type: "BOOLEAN", unit: null, default: false },
      ],
      scopes: [{ id: "tickets:read", description: "Read tickets and answers." }, { id: "tickets:write" }],
    });
  });

  it("ok: what a product does not have is null or empty", async () => {
    expect(data(await ask(tenant.member, "docs"))["product"]).toEqual({
      ...unknownProduct("docs"),
      known: true,
      name: "Docs",
      description: "The documentation portal. It comes with every plan and is not sold by itself.",
      configSchema: { type: "object", additionalProperties: false },
    });
  });
});

describe("a reference to a product", () => {
  it("is the product of the catalogue", async () => {
    const { product } = data(await ask(tenant.member, "crm"));
    expect(await refer({ key: "crm" }, { key: "crm", name: "FORGED" })).toEqual([product, product]);
  });

  it("to one that the catalogue does not know is there by its key, because rows and other subgraphs may still name it", async () => {
    expect(await refer({ key: "withdrawn-2019" })).toEqual([unknownProduct("withdrawn-2019")]);
  });

  it.each([[{}], [{ key: null }], [{ key: 1 }], [{ key: ["crm"] }], [{ key: "" }], [{ key: "FORGED" }], [{ key: "a\u0000b" }], [{ key: "x".repeat(64) }]])("%j names none, and disturbs nothing", async (key) => {
    expect(await refer({ key: "crm" }, key)).toEqual([expect.objectContaining({ key: "crm" }), null]);
  });

  it("needs the same permission", async () => {
    const of = [{ __typename: "Product", key: "crm" }];
    fault(await world.anonymous.run(REFERENCE, { of }), "UNAUTHENTICATED");
    fault(await (await world.caller({ realm_access: { roles: ["IT_ADMIN"] } })).run(REFERENCE, { of }), "FORBIDDEN");
  });
});

describe("Entitlement.product", () => {
  it("is the product of the catalogue, and of an adopted row whose product nobody knows still its key", async () => {
    const home = await world.tenant();
    for (const key of ["chat", "Legacy Suite 3"]) await home.entitlement(key);
    const { product: chat } = data(await ask(home.member, "chat"));
    const products = data(await home.member.run(ENTITLEMENTS))["myTenant"].entitlements.map(({ product }: { product: object }) => product);
    expect(products).toHaveLength(2);
    expect(products).toEqual(expect.arrayContaining([chat, unknownProduct("Legacy Suite 3")]));
  });
});
