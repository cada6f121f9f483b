import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { pruneIdempotencyKeys } from "../../src/kernel/idempotency-retention.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { data, fault } from "../testkit/outcome.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { attempt } from "../walls/scopes.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await openRegistry({ jobHandlers: { "idempotency.prune": pruneIdempotencyKeys } });
  world = await openWorld(app);
  tenant = await world.tenant();
});
afterAll(() => app.close());
beforeEach(() => app.sql("delete from idempotency_keys"));

const plant = (prefix: string, count: number, age: string) =>
  app.sql(
    `insert into idempotency_keys (tenant_id, principal, operation, key, input_hash, result, created_at)
     select $1, 'user:x', 'createProject', $2 || '-' || g, 'x', '{}', now() - $4::interval from generate_series(1, $3) g`,
    [tenant.id, prefix, count, age],
  );
const kept = async () => (await app.sql<{ key: string }>("select key from idempotency_keys order by key")).map(({ key }) => key);

describe("the hourly job", () => {
  it("forgets the keys that are older than 30 days and keeps the others, however many there are", async () => {
    await plant("old", 5_001, "30 days 1 minute");
    await plant("young", 2, "29 days 23 hours 59 minutes");
    await app.jobs.tend();
    expect(await app.jobs.drain()).toMatchObject([{ kind: "idempotency.prune", outcome: "done" }]);
    expect(await kept()).toEqual(["young-1", "young-2"]);
  });

  it("makes a key free again, and what was created under it stays", async () => {
    const create = (slug: string) => tenant.admin.run(`mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id slug } } }`, { input: { slug, name: "x", idempotencyKey: "key" } });
    data(await create("one"));
    fault(await create("two"), "CONFLICT", "idempotencyKey");
    await app.sql("update idempotency_keys set created_at = now() - interval '31 days'");
    app.clock.now = new Date(Date.now() + 2 * 3_600_000);
    await app.jobs.tend();
    await app.jobs.drain();
    app.clock.now = null;
    data(await create("two"));
    expect(await app.sql("select slug from tenant_projects where tenant_id = $1 order by slug", [tenant.id])).toEqual([{ slug: "one" }, { slug: "two" }]);
  });
});

describe("the role of the job", () => {
  it("sees no key that is younger, and nothing that was answered", async () => {
    await plant("old", 1, "31 days");
    await plant("young", 1, "29 days");
    const asQueue = (text: string) => attempt(app, "registry_queue", "", text);
    expect(await asQueue("select key from idempotency_keys")).toEqual([{ key: "old-1" }]);
    expect(await asQueue("delete from idempotency_keys where key = 'young-1'")).toEqual([{ affected: 0 }]);
    for (const text of ["select result from idempotency_keys", "select input_hash from idempotency_keys", "update idempotency_keys set result = '{}'", "insert into idempotency_keys default values", "truncate idempotency_keys", "select id from tenants"]) {
      expect([text, await asQueue(text)]).toEqual([text, "42501"]);
    }
  });
});
