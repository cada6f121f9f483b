import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type World } from "../../testkit/world.js";

const PRODUCTS = "{ products { key known trialDays requestable supportsProjects } }";

let world: World;
beforeAll(async () => {
  world = await openWorld(await registry());
});

describe("products", () => {
  it("unauthenticated: nobody without a token reads the catalogue", async () => {
    fault(await world.anonymous.run(PRODUCTS), "UNAUTHENTICATED");
  });

  it("forbidden: a person without a tenant does not either", async () => {
    fault(await (await world.caller({ realm_access: { roles: ["IT_ADMIN"] } })).run(PRODUCTS), "FORBIDDEN");
  });

  it("someone else's: what a tenant has is not in it, so that everybody gets the same", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    await theirs.entitlement("only-theirs");
    const callers = [mine.member, theirs.admin, world.service, world.support, world.operator];
    const answers = await Promise.all(callers.map(async (caller) => data(await caller.run(PRODUCTS))));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(JSON.stringify(answers[0])).not.toContain("only-theirs");
  });

  it("frozen: the people of a frozen tenant still read it", async () => {
    const { member } = await world.tenant({ status: "frozen" });
    expect(data(await member.run(PRODUCTS))["products"]).toHaveLength(5);
  });

  it("ok: every product, in the order of the file", async () => {
    expect(data(await world.operator.run(PRODUCTS))["products"]).toEqual([
      { key: "crm", known: true, trialDays: 14, requestable: true, supportsProjects: true },
      { key: "desk", known: true, trialDays: 30, requestable: true, supportsProjects: true },
      { key: "chat", known: true, trialDays: 14, requestable: true, supportsProjects: true },
      { key: "erp", known: true, trialDays: null, requestable: true, supportsProjects: false },
      { key: "docs", known: true, trialDays: null, requestable: false, supportsProjects: false },
    ]);
  });

  it("ok: a portal gets the whole of it in one request", async () => {
    const whole = "{ products { key name description configSchema limits { name type unit default } scopes { id } } plans { key products { product { key } config limits { name value } } } }";
    expect(data(await (await world.tenant()).member.run(whole))["products"]).toHaveLength(5);
  });
});
