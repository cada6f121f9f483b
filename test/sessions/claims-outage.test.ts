/** Owns the proof that claims without a database are either what was last known, said to be so and not too old, or refused as retryable: never an empty list. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { startPostgresProxy, type PostgresProxy } from "../testkit/postgres-proxy.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";

const cluster = await startCluster();
const MINUTE = 60_000;
const START = new Date("2030-05-01T12:00:00.000Z");

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "claims while the database is away", () => {
  let proxy: PostgresProxy;
  let app: Registry;
  let world: World;
  beforeAll(async () => {
    proxy = await startPostgresProxy(cluster!.url);
    app = await openRegistry({ databaseUrl: proxy.url, environment: { DATABASE_POOL_SIZE: "2", CLAIMS_BUDGET_MS: "300" } });
    app.clock.now = START;
    world = await openWorld(app);
  });
  afterEach(async () => {
    proxy.behave("pass");
    app.clock.now = START;
    await vi.waitFor(async () => expect((await fetch(`${app.url}/readyz`)).status).toBe(200), { timeout: 30_000, interval: 200 });
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await proxy?.close();
    await cluster?.remove();
  });

  /** As a service whose token was made just now, whatever the clock says. */
  async function ask(query: string) {
    const token = app.issuer.token({ product: "keycloak" });
    const response = await fetch(`${app.url}/claims?${query}`, { headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, retryAfter: response.headers.get("retry-after"), body: (await response.json()) as Record<string, unknown> };
  }
  /** Asked until the database has answered in time: a machine that is busy may have been slower once. */
  async function fresh(query: string) {
    return vi.waitFor(async () => {
      const answer = await ask(query);
      expect(answer).toMatchObject({ status: 200, body: { stale: false } });
      return answer.body;
    }, { timeout: 30_000, interval: 100 });
  }
  const later = (ms: number) => (app.clock.now = new Date(START.getTime() + ms));
  const REFUSED = { status: 503, retryAfter: "1", body: { error: { code: "UNAVAILABLE", message: expect.any(String), retryable: true } } };

  it.each(["refuse", "swallow"] as const)("(connections: %s) are what was last known, marked so, by every name that they were asked for", async (behaviour) => {
    const [tenant, mapped] = [await world.tenant(), await world.tenant()];
    const organization = randomUUID();
    await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [mapped.id, organization]);
    await tenant.entitlement("crm");
    const questions = [`tenant_id=${tenant.id}`, `alias=${tenant.slug}`, `org_id=${organization}`];
    const known = [];
    for (const question of questions) known.push(await fresh(question));
    later(2 * MINUTE);
    proxy.behave(behaviour);
    for (const [index, question] of questions.entries()) {
      expect(await ask(question)).toEqual({ status: 200, retryAfter: null, body: { ...known[index], stale: true } });
    }
  });

  it.each(["refuse", "swallow"] as const)("(connections: %s) are refused for a tenant that nobody asked about before, and never empty", async (behaviour) => {
    const tenant = await world.tenant();
    proxy.behave(behaviour);
    for (const question of [`tenant_id=${tenant.id}`, `tenant_id=${randomUUID()}`, `alias=${tenant.slug}`]) expect(await ask(question)).toMatchObject(REFUSED);
  });

  it("are refused when what is known is five minutes old", async () => {
    const question = `tenant_id=${(await world.tenant()).id}`;
    await fresh(question);
    proxy.behave("refuse");
    later(5 * MINUTE - 1);
    expect(await ask(question)).toMatchObject({ status: 200, body: { stale: true, as_of: START.toISOString() } });
    later(5 * MINUTE);
    expect(await ask(question)).toMatchObject(REFUSED);
  });

  it("say that a trial is over that ended meanwhile, and a product", async () => {
    const soon = new Date(START.getTime() + MINUTE);
    const [trial, customer] = [await world.tenant({ status: "trial", trialEndsAt: soon }), await world.tenant()];
    await app.sql("insert into tenant_products (tenant_id, product, expires_at) values ($1, 'crm', $2)", [customer.id, soon]);
    for (const { id } of [trial, customer]) await fresh(`tenant_id=${id}`);
    proxy.behave("refuse");
    later(MINUTE - 1);
    expect(await ask(`tenant_id=${trial.id}`)).toMatchObject({ status: 200, body: { status: "trial", products: [{ key: "docs", valid_until: soon.toISOString() }], stale: true } });
    expect(await ask(`tenant_id=${customer.id}`)).toMatchObject({ body: { products: [{ key: "crm" }, { key: "docs" }], stale: true } });
    later(MINUTE + 1_000);
    expect(await ask(`tenant_id=${trial.id}`)).toMatchObject({ status: 200, body: { status: "frozen", products: [], stale: true } });
    expect(await ask(`tenant_id=${customer.id}`)).toMatchObject({ body: { products: [{ key: "docs" }], stale: true } });
  });

  it("are the truth again as soon as it is back, without a restart", async () => {
    const tenant = await world.tenant();
    await fresh(`tenant_id=${tenant.id}`);
    proxy.behave("refuse");
    expect(await ask(`tenant_id=${tenant.id}`)).toMatchObject({ body: { stale: true } });
    proxy.behave("pass");
    await vi.waitFor(() => app.sql("update tenants set status = 'frozen', frozen_at = $2 where id = $1", [tenant.id, START]), { timeout: 30_000, interval: 200 });
    expect(await fresh(`tenant_id=${tenant.id}`)).toMatchObject({ status: "frozen", products: [] });
    proxy.behave("refuse");
    expect(await ask(`tenant_id=${tenant.id}`), "what was known before is forgotten").toMatchObject({ body: { status: "frozen", products: [], stale: true } });
  });

  it("of a tenant that is gone are not told from before it went", async () => {
    const tenant = await world.tenant();
    await fresh(`alias=${tenant.slug}`);
    await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [tenant.id, randomUUID()]);
    later(MINUTE);
    await vi.waitFor(async () => expect(await ask(`alias=${tenant.slug}`)).toMatchObject({ status: 404 }), { timeout: 30_000, interval: 100 });
    proxy.behave("refuse");
    expect(await ask(`alias=${tenant.slug}`)).toMatchObject(REFUSED);
  });

  it("that only hangs, behind somebody's lock, are told from memory and are not waited for", async () => {
    const [known, unknown] = [await world.tenant(), await world.tenant()];
    await fresh(`tenant_id=${known.id}`);
    const holder = new pg.Client({ connectionString: app.config.database?.url });
    await holder.connect();
    try {
      await holder.query("begin; lock table tenants in access exclusive mode");
      expect(await ask(`tenant_id=${known.id}`)).toMatchObject({ status: 200, body: { stale: true, products: [{ key: "docs" }] } });
      expect(await ask(`tenant_id=${unknown.id}`)).toMatchObject(REFUSED);
    } finally {
      await holder.end();
    }
    await fresh(`tenant_id=${unknown.id}`);
  });

  it("are told to a crowd that asks about one tenant, also when the network swallows every packet", async () => {
    const tenant = await world.tenant();
    await fresh(`tenant_id=${tenant.id}`);
    proxy.behave("swallow");
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(`tenant_id=${tenant.id}`)));
    for (const answer of answers) expect(answer).toMatchObject({ status: 200, body: { stale: true, products: [{ key: "docs" }] } });
  });

  it("by the graph are the same: stale and said so, or refused", async () => {
    const [known, unknown] = [await world.tenant(), await world.tenant()];
    await fresh(`tenant_id=${known.id}`);
    proxy.behave("refuse");
    const query = "query ($id: ID) { tenantClaims(tenantId: $id) { slug stale } }";
    const service = await world.caller({ product: "crm" });
    expect((await service.run(query, { id: known.id })).body).toEqual({ data: { tenantClaims: { slug: known.slug, stale: true } } });
    const refused = await service.run(query, { id: unknown.id });
    expect([refused.status, refused.body.errors?.[0]?.extensions]).toEqual([503, { code: "UNAVAILABLE", retryable: true }]);
  });
});
