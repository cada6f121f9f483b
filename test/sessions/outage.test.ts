/** Owns the proof that a database or an issuer that is away is said to be away, in bounded time, and that everything heals by itself. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { data, fault } from "../testkit/outcome.js";
import { startPostgresProxy, type PostgresProxy } from "../testkit/postgres-proxy.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { callerWith, openWorld, unique, type Caller, type TenantInWorld } from "../testkit/world.js";

const cluster = await startCluster();

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "an outage", () => {
  let proxy: PostgresProxy;
  let app: Registry;
  let tenant: TenantInWorld;
  let bySlug: Caller;
  beforeAll(async () => {
    proxy = await startPostgresProxy(cluster!.url);
    app = await openRegistry({ databaseUrl: proxy.url, environment: { DATABASE_POOL_SIZE: "2" } });
    tenant = await (await openWorld(app)).tenant();
    bySlug = callerWith(app, app.issuer.token({ organization: [unique("not-yet-known")], realm_access: { roles: ["MEMBER"] } }));
  });
  afterEach(async () => {
    proxy.behave("pass");
    app.issuer.behave("answer");
    await vi.waitFor(async () => expect(await ready()).toEqual([200, { status: "ready" }]), { timeout: 30_000, interval: 200 });
    expect(data(await tenant.admin.run("{ myTenant { id } }")), "it healed without a restart").toEqual({ myTenant: { id: tenant.id } });
  }, 60_000);
  afterAll(async () => {
    await app?.close();
    await proxy?.close();
    await cluster?.remove();
  });

  const ready = async () => {
    const response = await fetch(`${app.url}/readyz`);
    return [response.status, await response.json()];
  };
  const CREATE = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }";
  const ASKED = [
    ["a read", () => tenant.admin.run("{ myTenant { id } }")],
    ["a change", () => tenant.admin.run(CREATE, { input: { slug: unique("p"), name: "x" } })],
    ["whose tenant must be looked up first", () => bySlug.run("{ myTenant { id } }")],
  ] as const;

  it.each(["refuse", "swallow"] as const)("of a database (connections: %s): everything that needs it is refused as retryable, and nothing waits for ever", async (behaviour) => {
    data(await tenant.admin.run("{ myTenant { id } }"));
    proxy.behave(behaviour);
    const answers = await Promise.all(ASKED.map(async ([what, ask]) => [what, await ask()] as const));
    for (const [what, answer] of answers) {
      const [error] = answer.body.errors ?? [];
      expect([what, answer.status, answer.headers.get("retry-after"), error?.extensions.code, error?.extensions.retryable]).toEqual([what, 503, "1", "UNAVAILABLE", true]);
      expect(JSON.stringify(answer.body)).not.toMatch(/ECONN|timeout|terminated|127\.0\.0\.1/i);
    }
    expect(await ready()).toEqual([503, { status: "unavailable", failed: ["database", "migrations"] }]);
    expect((await fetch(`${app.url}/healthz`)).status).toBe(200);
    expect((await callerWith(app, null).run("{ __typename }")).body, "what needs no database is answered").toEqual({ data: { __typename: "Query" } });
  });

  it("of the issuer, before its keys were ever had: no token can be checked, which is not the caller's fault", async () => {
    const own = await openRegistry({ databaseUrl: cluster!.url });
    try {
      own.issuer.behave("fail");
      const token = own.issuer.token({ tenant_id: tenant.id, realm_access: { roles: ["MEMBER"] } });
      const answer = await callerWith(own, token).run("{ __typename }");
      const error = fault(answer, "UNAVAILABLE");
      expect([answer.status, answer.headers.get("retry-after"), answer.headers.get("www-authenticate"), error.extensions.retryable]).toEqual([503, "1", null, true]);
      expect((await callerWith(own, null).run("{ __typename }")).body).toEqual({ data: { __typename: "Query" } });
    } finally {
      await own.close();
    }
  });
});
