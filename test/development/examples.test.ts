/** Owns that the page's examples fit the schema and are answered; running them from the page itself is in `page.test.ts`. */
import { parse, validate } from "graphql";
import { beforeAll, describe, expect, it } from "vitest";
import { EXAMPLE_QUERIES, type ExampleQuery } from "../../src/development/examples.js";
import { buildRegistrySchema } from "../../src/schema.js";
import { data, fault } from "../testkit/outcome.js";
import { registry } from "../testkit/registry.js";
import { openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";

const FOR_OPERATORS = /^Operators: /;

let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  world = await openWorld(await registry());
  tenant = await world.tenant();
  await tenant.environment({ slug: "prod" });
  await tenant.team({ slug: "support" });
});

/** The variables of an example, with names that exist or are still free in a registry that has other rows than development. */
function variablesOf({ variables = "{}" }: ExampleQuery): Record<string, unknown> {
  const names: Readonly<Record<string, string>> = { acme: tenant.slug, storefront: unique("storefront") };
  return JSON.parse(variables, (_key, value: unknown) => (typeof value === "string" ? (names[value] ?? value) : value)) as Record<string, unknown>;
}

describe.each(EXAMPLE_QUERIES)("the example: $title", (example) => {
  const { title, query } = example;

  it("is valid against the schema", () => {
    expect(validate(buildRegistrySchema().schema, parse(query))).toEqual([]);
  });

  it(`is ${FOR_OPERATORS.test(title) ? "refused to" : "answered for"} a tenant's administrator, as its title says`, async () => {
    const answer = await tenant.admin.run(query, variablesOf(example));
    if (FOR_OPERATORS.test(title)) fault(answer, "FORBIDDEN");
    else expect(Object.values(data(answer))).toEqual([expect.anything()]);
  });

  it("is answered for an operator who names a tenant", async () => {
    const answer = await world.operator.run(query, variablesOf(example), { "x-tenant-id": tenant.id });
    expect(Object.values(data(answer))).toEqual([expect.anything()]);
  });
});

it("the first example takes no variables, because a first visit opens it without them", () => {
  expect(EXAMPLE_QUERIES[0]?.variables).toBeUndefined();
});
