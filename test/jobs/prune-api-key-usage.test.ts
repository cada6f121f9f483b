import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pruneKeyUsage } from "../../src/api-key-usage/api-key-usage.retention.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { attempt } from "../walls/scopes.js";

let app: Registry;
let tenant: TenantInWorld;
let id: string;
beforeAll(async () => {
  app = await openRegistry({ jobHandlers: { "api_key_usage.prune": pruneKeyUsage } });
  tenant = await (await openWorld(app)).tenant();
  id = (await tenant.apiKey()).id;
});
afterAll(() => app.close());
beforeEach(() => app.sql("delete from api_key_usage"));

const DAYS_AGO = "(now() at time zone 'UTC')::date - $3::int";
const plant = (daysAgo: number) => app.sql(`insert into api_key_usage (tenant_id, api_key_id, day, verified) values ($1, $2, ${DAYS_AGO}, 1)`, [tenant.id, id, daysAgo]);
const kept = async () => (await app.sql<{ ago: number }>("select (now() at time zone 'UTC')::date - day as ago from api_key_usage order by 1")).map(({ ago }) => ago);

describe("the daily job", () => {
  it("forgets the days that are more than 400 days ago and keeps the others, however many there are", async () => {
    for (const daysAgo of [0, 366, 400, 401]) await plant(daysAgo);
    await app.sql("insert into api_key_usage (tenant_id, api_key_id, day) select $1, $2, date '2000-01-01' + g from generate_series(1, 5001) g", [tenant.id, id]);
    await app.jobs.tend();
    expect(await app.jobs.drain()).toMatchObject([{ kind: "api_key_usage.prune", outcome: "done" }]);
    expect(await kept()).toEqual([0, 366, 400]);
  });
});

describe("the role of the job", () => {
  it("sees no day that is younger, and not how often a key was used", async () => {
    for (const daysAgo of [400, 401]) await plant(daysAgo);
    const asQueue = (text: string) => attempt(app, "registry_queue", "", text);
    expect(await asQueue("select (now() at time zone 'UTC')::date - day as ago from api_key_usage")).toEqual([{ ago: 401 }]);
    expect(await asQueue("delete from api_key_usage where day >= (now() at time zone 'UTC')::date - 400")).toEqual([{ affected: 0 }]);
    for (const text of ["select verified from api_key_usage", "select refused from api_key_usage", "update api_key_usage set verified = 0", "insert into api_key_usage default values", "truncate api_key_usage", "select id from api_keys"]) {
      expect([text, await asQueue(text)]).toEqual([text, "42501"]);
    }
  });
});
