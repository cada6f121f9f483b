import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pruneTenantUsage } from "../../src/tenant-usage/tenant-usage.retention.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { attempt } from "../walls/scopes.js";

let app: Registry;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await openRegistry({ jobHandlers: { "tenant_usage.prune": pruneTenantUsage } });
  tenant = await (await openWorld(app)).tenant();
});
afterAll(() => app.close());
beforeEach(() => app.sql("delete from tenant_usage"));

const plant = (daysAgo: number) => app.sql("insert into tenant_usage (tenant_id, environment, day) values ($1, 'prod', (now() at time zone 'UTC')::date - $2::int)", [tenant.id, daysAgo]);
const kept = async () => (await app.sql<{ ago: number }>("select (now() at time zone 'UTC')::date - day as ago from tenant_usage order by 1")).map(({ ago }) => ago);

describe("the daily job", () => {
  it("forgets the days that are more than 400 days ago and keeps the others, however many there are", async () => {
    for (const daysAgo of [0, 366, 400, 401]) await plant(daysAgo);
    await app.sql("insert into tenant_usage (tenant_id, day) select $1, date '2000-01-01' + g from generate_series(1, 5001) g", [tenant.id]);
    await app.jobs.tend();
    expect(await app.jobs.drain()).toMatchObject([{ kind: "tenant_usage.prune", outcome: "done" }]);
    expect(await kept()).toEqual([0, 366, 400]);
  });
});

describe("the role of the job", () => {
  it("sees no day that is younger, and not how much was used", async () => {
    for (const daysAgo of [400, 401]) await plant(daysAgo);
    const asQueue = (text: string) => attempt(app, "registry_queue", "", text);
    expect(await asQueue("select (now() at time zone 'UTC')::date - day as ago from tenant_usage")).toEqual([{ ago: 401 }]);
    expect(await asQueue("delete from tenant_usage where day >= (now() at time zone 'UTC')::date - 400")).toEqual([{ affected: 0 }]);
    for (const text of ["select operations from tenant_usage", "select tenant_id from tenant_usage", "update tenant_usage set operations = 0", "insert into tenant_usage default values", "truncate tenant_usage", "select id from tenants"]) {
      expect([text, await asQueue(text)]).toEqual([text, "42501"]);
    }
  });
});
