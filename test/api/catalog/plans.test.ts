import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../../testkit/world.js";

const PLANS = "{ plans { key name description products { product { key name } config limits { name value } } } }";

let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  world = await openWorld(await registry());
  tenant = await world.tenant();
});

describe("plans", () => {
  it("unauthenticated: nobody without a token reads the catalogue", async () => {
    fault(await world.anonymous.run(PLANS), "UNAUTHENTICATED");
  });

  it("forbidden: a person without a tenant does not either", async () => {
    fault(await (await world.caller({ realm_access: { roles: ["IT_ADMIN"] } })).run(PLANS), "FORBIDDEN");
  });

  it("frozen: the people of a frozen tenant still read them", async () => {
    const { member } = await world.tenant({ status: "frozen" });
    expect(data(await member.run("{ plans { key } }"))["plans"]).toHaveLength(4);
  });

  it("ok: whoever is signed in gets the same, in the order of the file", async () => {
    const answers = await Promise.all([tenant.member, tenant.admin, world.service, world.operator].map(async (caller) => data(await caller.run(PLANS))));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.["plans"].map(({ key }: { key: string }) => key)).toEqual(["starter", "pro", "business", "enterprise"]);
  });

  it("ok: each product comes with what a tenant's settings start with, and with every limit, whether the plan or the product says so", async () => {
    const { plans } = data(await tenant.member.run(PLANS));
    const business = plans.find(({ key }: { key: string }) => key === "business");
    expect(business.products.map(({ product }: { product: { key: string } }) => product.key)).toEqual(["docs", "crm", "desk", "chat"]);
    expect(business.products[2]).toEqual({
      product: { key: "desk", name: "Desk" },
      config: { mail: { from: "support@desk.example" }, hours: { opens: "08:00", closes: "18:00" }, priority: "normal", retentionDays: 730 },
      limits: [{ name: "seats", value: 20 }, { name: "storageGb", value: 25 }, { name: "sso", value: false }],
    });
  });
});
