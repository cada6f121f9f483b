import { beforeAll, describe, expect, it } from "vitest";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { doorSteps, drive, httpSteps, type Tally } from "./traffic.js";
import { CLEAN, plainSessions, poolOf } from "./visits.js";

const LONG_MS = 180_000;

let app: Registry;
let world: World;
let tenants: [TenantInWorld, TenantInWorld];
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenants = [await world.tenant(), await world.tenant()];
  for (const tenant of tenants) await tenant.project();
});

/** Which outcomes a step had, whatever their number. */
const outcomes = (tally: Tally) => Object.keys(tally).sort();

describe("ten thousand interleaved requests of two tenants, one in three of them failing", () => {
  it("8,000 at the doors see nothing of the other tenant", async () => {
    expect(outcomes(await drive({ tenants, steps: doorSteps(app, tenants), requests: 8_000 }))).toEqual([
      "a service about both ok",
      "a service about one ok",
      "change fails BAD_USER_INPUT",
      "change reaches over 42501",
      "creates ok",
      "does nothing ok",
      "gives up after writing FAILED_PRECONDITION",
      "no door 42501",
      "read fails BAD_USER_INPUT",
      "read writes 25006",
      "reads ok",
      "staff narrowed ok",
      "staff of all ok",
    ]);
  }, LONG_MS);

  it("2,000 over HTTP see nothing of the other tenant", async () => {
    expect(outcomes(await drive({ tenants, steps: httpSteps(world.operator), requests: 2_000 }))).toEqual(["http admin ok", "http auditor ok", "http staff ok"]);
  }, LONG_MS);

  it("leave every connection with no tenant, no role but the service's, and able to write", async () => {
    expect(new Set((await plainSessions(app)).map((seen) => JSON.stringify(seen)))).toEqual(new Set([JSON.stringify(CLEAN)]));
  });

  it("leave no connection checked out and nobody waiting", () => {
    const { totalCount, idleCount, waitingCount } = poolOf(app);
    expect({ idleCount, waitingCount }).toEqual({ idleCount: totalCount, waitingCount: 0 });
  });

  it("leave an event for every row and a row for every event", async () => {
    const strays = await app.sql(
      `select p.id, a.target_id from (select id from tenant_projects where tenant_id = any($1) and name = 'x') p
       full join (select target_id from audit_log where tenant_id = any($1) and action = 'project.create') a on a.target_id = p.id::text
       where p.id is null or a.target_id is null`,
      [tenants.map(({ id }) => id)],
    );
    expect(strays).toEqual([]);
  });
});
