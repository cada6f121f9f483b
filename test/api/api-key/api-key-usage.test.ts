import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const DAYS = "day verified refused";
const OF_KEY = `query ($id: ID!, $from: LocalDate, $until: LocalDate) { apiKey(id: $id) { usage(from: $from, until: $until) { ${DAYS} } } }`;
const OF_TENANT = `query ($id: ID!, $from: LocalDate, $until: LocalDate) { tenant(id: $id) { id apiKeyUsage(from: $from, until: $until) { ${DAYS} } } }`;
/** The last moment of a day. */
const NOW = new Date("2031-05-10T23:59:59.999Z");

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  app.clock.now = NOW;
  world = await openWorld(app);
});
beforeEach(() => {
  app.clock.now = NOW;
});
afterAll(() => {
  app.clock.now = null;
});

/** A key that was used on these days: how often it was valid, and how often not. */
async function usedKey(tenant: TenantInWorld, days: Record<string, [verified: number, refused: number]>): Promise<string> {
  const { id } = await tenant.apiKey();
  for (const [day, counts] of Object.entries(days)) {
    await app.sql("insert into api_key_usage (tenant_id, api_key_id, day, verified, refused) values ($1, $2, $3, $4, $5)", [tenant.id, id, day, ...counts]);
  }
  return id;
}

const ofKey = async (caller: Caller, id: string, span = {}) => data(await caller.run(OF_KEY, { id, ...span }))["apiKey"].usage;
const ofTenant = async (caller: Caller, { id }: { id: string }, span = {}) => data(await caller.run(OF_TENANT, { id, ...span }))["tenant"].apiKeyUsage;
const day = (day: string, verified: number, refused: number) => ({ day, verified, refused });

describe("the use of API keys", () => {
  it("someone else's: it is counted nowhere but in its own tenant, although it is there", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const [own, other] = [await usedKey(mine, { "2031-05-10": [1, 2] }), await usedKey(theirs, { "2031-05-10": [100, 200] })];
    expect(await ofTenant(theirs.admin, theirs)).toEqual([day("2031-05-10", 100, 200)]);
    expect(await ofTenant(mine.admin, mine)).toEqual([day("2031-05-10", 1, 2)]);
    for (const [tenant, expected] of [[mine, [day("2031-05-10", 1, 2)]], [theirs, [day("2031-05-10", 100, 200)]]] as const) {
      for (const caller of [world.support, world.operator]) expect(await ofTenant(caller, tenant)).toEqual(expected);
    }
    expect(data(await mine.admin.run(OF_KEY, { id: other }))).toEqual({ apiKey: null });
    expect((await mine.admin.run(OF_KEY, { id: other })).body).toEqual((await mine.admin.run(OF_KEY, { id: randomUUID() })).body);
    expect(data(await mine.admin.run(OF_TENANT, { id: theirs.id }))).toEqual({ tenant: null });
    expect(await ofKey(mine.admin, own)).toEqual([day("2031-05-10", 1, 2)]);
  });

  it("unauthenticated and forbidden: members, auditors and services see none of it, and people still read the tenant", async () => {
    const tenant = await world.tenant();
    const id = await usedKey(tenant, { "2031-05-10": [1, 0] });
    fault(await world.anonymous.run(OF_TENANT, { id: tenant.id }), "UNAUTHENTICATED");
    fault(await world.anonymous.run(OF_KEY, { id }), "UNAUTHENTICATED");
    for (const caller of [tenant.member, tenant.auditor]) {
      const answer = await caller.run(OF_TENANT, { id: tenant.id });
      fault(answer, "FORBIDDEN");
      expect(answer.body.data).toEqual({ tenant: { id: tenant.id, apiKeyUsage: null } });
      fault(await caller.run(OF_KEY, { id }), "FORBIDDEN");
    }
    for (const document of [OF_TENANT, OF_KEY]) fault(await world.service.run(document, { id }), "FORBIDDEN");
  });

  it("frozen: it is still read; archived: by staff only", async () => {
    const [frozen, archived] = [await world.tenant({ status: "frozen" }), await world.tenant({ status: "archived" })];
    for (const tenant of [frozen, archived]) await usedKey(tenant, { "2031-05-10": [1, 0] });
    expect(await ofTenant(frozen.admin, frozen)).toEqual([day("2031-05-10", 1, 0)]);
    fault(await archived.admin.run(OF_TENANT, { id: archived.id }), "FORBIDDEN");
    expect(await ofTenant(world.support, archived)).toEqual([day("2031-05-10", 1, 0)]);
  });

  it.each([
    [{ from: "2031-05-02", until: "2031-05-01" }, "from"],
    [{ from: "2031-05-11" }, "from"],
    [{ from: "2030-05-09", until: "2031-05-10" }, "from"],
    [{ from: "0001-01-01", until: "9999-12-31" }, "from"],
  ])("invalid: %o is refused, of a key and of a tenant", async (span, field) => {
    const tenant = await world.tenant();
    const id = await usedKey(tenant, {});
    fault(await tenant.admin.run(OF_KEY, { id, ...span }), "BAD_USER_INPUT", field);
    fault(await tenant.admin.run(OF_TENANT, { id: tenant.id, ...span }), "BAD_USER_INPUT", field);
  });

  it.each(["", "yesterday", "2031-5-1", "2031-02-30", "2031-13-01", "0000-01-01", "2031-05-01T00:00:00Z"])("invalid: %j is no day", async (from) => {
    const tenant = await world.tenant();
    for (const span of [{ from, until: from }, { until: from }]) {
      const { errors = [] } = (await tenant.admin.run(OF_TENANT, { id: tenant.id, ...span })).body;
      expect([...new Set(errors.map(({ extensions }) => extensions.code))]).toEqual(["BAD_USER_INPUT"]);
    }
  });

  it("both days are in it, and 366 of them can be asked for", async () => {
    const tenant = await world.tenant();
    const id = await usedKey(tenant, { "2030-05-09": [9, 9], "2030-05-10": [1, 0], "2031-05-10": [2, 0], "2031-05-11": [9, 9] });
    for (const read of [ofKey(tenant.admin, id, { from: "2030-05-10", until: "2031-05-10" }), ofTenant(tenant.admin, tenant, { from: "2030-05-10", until: "2031-05-10" })]) {
      expect(await read).toEqual([day("2030-05-10", 1, 0), day("2031-05-10", 2, 0)]);
    }
    expect(await ofKey(tenant.admin, id, { from: "2031-05-11", until: "2031-05-11" })).toEqual([day("2031-05-11", 9, 9)]);
  });

  it("without an end it ends today, and without a start it is thirty days; a day ends at midnight UTC", async () => {
    const tenant = await world.tenant();
    const id = await usedKey(tenant, { "2031-04-10": [1, 0], "2031-04-11": [2, 0], "2031-04-12": [3, 0], "2031-05-10": [4, 0], "2031-05-11": [5, 0] });
    const days = async (span = {}) => (await ofKey(tenant.admin, id, span)).map((one: { day: string }) => one.day.slice(5));
    expect(await days()).toEqual(["04-11", "04-12", "05-10"]);
    expect(await days({ from: "2031-04-12" })).toEqual(["04-12", "05-10"]);
    expect(await days({ until: "2031-05-11" })).toEqual(["04-12", "05-10", "05-11"]);
    expect(await days({ from: null, until: null })).toEqual(["04-11", "04-12", "05-10"]);
    app.clock.now = new Date(NOW.getTime() + 1);
    expect(await days()).toEqual(["04-12", "05-10", "05-11"]);
  });

  it("of a tenant it is that of all its keys together, day by day, also of those that were revoked", async () => {
    const tenant = await world.tenant();
    await usedKey(tenant, { "2031-05-08": [1, 10], "2031-05-10": [2, 20] });
    const revoked = await usedKey(tenant, { "2031-05-10": [3, 30] });
    await app.sql("update api_keys set revoked_at = now() where id = $1", [revoked]);
    await usedKey(tenant, {});
    expect(await ofTenant(tenant.admin, tenant)).toEqual([day("2031-05-08", 1, 10), day("2031-05-10", 5, 50)]);
  });

  it("counts beyond what 32 bits hold are told to the last one", async () => {
    const tenant = await world.tenant();
    const id = await usedKey(tenant, { "2031-05-10": [Number.MAX_SAFE_INTEGER, 2 ** 40 + 1] });
    expect(await ofKey(tenant.admin, id)).toEqual([day("2031-05-10", Number.MAX_SAFE_INTEGER, 2 ** 40 + 1)]);
  });

  it("of many keys and of many tenants each gets its own, for each span that is asked for", async () => {
    const [word, tenants] = [unique("used"), [await world.tenant(), await world.tenant(), await world.tenant()]];
    await app.sql("update tenants set name = $1 where id = any($2)", [word, tenants.map(({ id }) => id)]);
    const keys: string[] = [];
    for (const [n, tenant] of tenants.entries()) for (const m of [1, 2]) keys.push(await usedKey(tenant, { "2031-05-09": [n, 0], "2031-05-10": [10 * n + m, 0] }));
    const document = `query ($word: String!) { tenants(first: 3, filter: { nameContains: $word }) { nodes {
      id apiKeyUsage { verified } today: apiKeyUsage(from: "2031-05-10") { verified } apiKeys(first: 2) { nodes { id usage { verified } today: usage(from: "2031-05-10") { verified } } } } } }`;
    const { nodes } = data(await world.support.run(document, { word }))["tenants"];
    expect(nodes).toHaveLength(3);
    for (const { id, apiKeyUsage, today, apiKeys } of nodes) {
      const n = tenants.findIndex((tenant) => tenant.id === id);
      expect([apiKeyUsage, today]).toEqual([[{ verified: 2 * n }, { verified: 20 * n + 3 }], [{ verified: 20 * n + 3 }]]);
      for (const key of apiKeys.nodes) {
        const verified = 10 * n + 1 + (keys.indexOf(key.id) % 2);
        expect([key.usage, key.today]).toEqual([[{ verified: n }, { verified }], [{ verified }]]);
      }
    }
  });
});
