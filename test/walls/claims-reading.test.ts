/** Owns the proof that claims cost the database little, and that what is read for them is one tenant's. */
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { catalogOf } from "../../src/catalog/catalog.js";
import { openClaimsTeller, type ClaimsTeller } from "../../src/tenant-claims/tenant-claims.teller.js";
import { openTenantDirectory } from "../../src/tenant/tenant.directory.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";
import { houseOf, poolOf } from "./visits.js";

let app: Registry;
let world: World;
let teller: ClaimsTeller;
let checkouts = 0;
const counting = () => (checkouts += 1);
const now = () => new Date();

beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  const house = houseOf(app);
  const log = { warn: () => {}, error: () => {} };
  teller = openClaimsTeller({ house, directory: openTenantDirectory(house, 5_000, now), catalog: catalogOf([], []), now, log, budgetMs: 5_000 });
});
afterEach(() => {
  poolOf(app).off("acquire", counting);
  checkouts = 0;
});

describe("twenty who ask at once", () => {
  it("about one tenant are told from one statement; who asks afterwards, from another", async () => {
    const { id } = await world.tenant();
    poolOf(app).on("acquire", counting);
    const told = await Promise.all(Array.from({ length: 20 }, () => teller.tell({ by: "tenant-id", value: id })));
    expect([new Set(told.map((claims) => claims?.tenantId)), checkouts]).toEqual([new Set([id]), 1]);
    await teller.tell({ by: "tenant-id", value: id });
    expect(checkouts).toBe(2);
  });

  it("about as many tenants are each told about theirs", async () => {
    const tenants = await Promise.all(Array.from({ length: 20 }, () => world.tenant()));
    const told = await Promise.all(tenants.map(({ id }) => teller.tell({ by: "tenant-id", value: id })));
    expect(told.map((claims) => claims?.tenantId)).toEqual(tenants.map(({ id }) => id));
  });

  it("by alias need one more statement to know who is meant, and none the next time", async () => {
    const { slug } = await world.tenant();
    poolOf(app).on("acquire", counting);
    const told = await Promise.all(Array.from({ length: 20 }, () => teller.tell({ by: "alias", value: slug })));
    expect([new Set(told.map((claims) => claims?.slug)), checkouts]).toEqual([new Set([slug]), 2]);
    await teller.tell({ by: "alias", value: slug });
    expect(checkouts).toBe(3);
  });
});
