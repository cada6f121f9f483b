import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { openRegistry, registry, type Registry } from "../testkit/registry.js";
import { startServer, type OwnServer } from "./own-server.js";
import { exchanged, post, refusedWith } from "./wire.js";

const get = async (url: string, path: string, init: RequestInit = {}) => exchanged(await fetch(`${url}${path}`, init));

describe("/healthz and /readyz of a registry that can do its work", () => {
  it("say so", async () => {
    const { url } = await registry();
    const [health, ready] = [await get(url, "/healthz"), await get(url, "/readyz")];
    expect([health.status, health.json, ready.status, ready.json]).toEqual([200, { status: "ok" }, 200, { status: "ready" }]);
  });

  it("answer HEAD without a body", async () => {
    const { url } = await registry();
    for (const path of ["/healthz", "/readyz"]) {
      const { status, text } = await get(url, path, { method: "HEAD" });
      expect([status, text]).toEqual([200, ""]);
    }
  });
});

describe("/readyz names what is missing, and heals by itself", () => {
  let own: Registry;
  beforeAll(async () => {
    own = await openRegistry();
  });
  afterAll(() => own.close());

  /** An answer may be a second old. */
  const failing = (names: string[]) =>
    vi.waitFor(async () => {
      const { status, json } = await get(own.url, "/readyz");
      expect([status, json]).toEqual(names.length > 0 ? [503, { status: "unavailable", failed: names }] : [200, { status: "ready" }]);
    }, { timeout: 10_000, interval: 100 });

  it("the issuer, while it has no keys; restarting would not help, so the process counts as healthy", async () => {
    own.issuer.behave("fail");
    await failing(["issuer"]);
    expect((await get(own.url, "/healthz")).status).toBe(200);
    own.issuer.behave("answer");
    await failing([]);
  });

  it.each([
    ["is missing", "delete from migrations where id = (select max(id) from migrations)"],
    ["is not the one that this build has there", `update migrations set name = 'AnotherBuilds1700000000002' where id = (select max(id) - 1 from migrations)`],
    ["has no record", "delete from migrations"],
  ])("a migration that %s", async (_what, change) => {
    await own.sql("create table kept as select * from migrations");
    await own.sql(change);
    await failing(["migrations"]);
    await own.sql("delete from migrations");
    await own.sql("insert into migrations select * from kept");
    await own.sql("drop table kept");
    await failing([]);
  });

  it("not a migration that a newer build has added: while it is rolled out, instances of this one still serve", async () => {
    await own.sql("create table kept as select * from migrations");
    await own.sql("delete from migrations");
    await failing(["migrations"]);
    await own.sql("insert into migrations select * from kept");
    await own.sql(`insert into migrations ("timestamp", name) values (9999999999999, 'FromTheFuture9999999999999')`);
    await failing([]);
    await own.sql("delete from migrations where name like 'FromTheFuture%'");
    await own.sql("drop table kept");
  });

  it("the draining, at once and without checking anything; what still comes is answered", async () => {
    own.service.startDraining();
    const { status, json } = await get(own.url, "/readyz");
    expect([status, json]).toEqual([503, { status: "unavailable", failed: ["draining"] }]);
    expect((await post(own.url, { query: "{ __typename }" })).json).toEqual({ data: { __typename: "Query" } });
  });
});

describe("/readyz under many probes", () => {
  let server: OwnServer | undefined;
  afterEach(async () => {
    await server?.app.close();
    server = undefined;
  });
  const probes = (count: number) => Promise.all(Array.from({ length: count }, () => get(server?.url ?? "", "/readyz")));

  it("asks each check once for all that come together, and not again while the answer is fresh", async () => {
    let asked = 0;
    const release = deferred();
    server = await startServer({ readiness: { slow: () => ((asked += 1), release.promise) }, bounds: { readiness: { timeoutMs: 60_000, rememberMs: 60_000 } } });
    const first = probes(50);
    await get(server.url, "/healthz");
    release.resolve();
    expect((await first).map(({ status }) => status)).toEqual(Array(50).fill(200));
    await probes(10);
    expect(asked).toBe(1);
  });

  it("asks anew when the answer is old", async () => {
    let asked = 0;
    server = await startServer({ readiness: { quick: async () => void (asked += 1) }, bounds: { readiness: { timeoutMs: 60_000, rememberMs: 0 } } });
    await probes(1);
    await probes(1);
    expect(asked).toBe(2);
  });

  it("does not hang with a check that hangs, and does not start it a second time", async () => {
    let asked = 0;
    const never = new Promise<void>(() => {});
    server = await startServer({ readiness: { blackHole: () => ((asked += 1), never), fine: async () => {} }, bounds: { readiness: { timeoutMs: 20, rememberMs: 0 } } });
    for (let round = 0; round < 5; round += 1) {
      const [{ status, json } = { status: 0, json: {} }] = await probes(1);
      expect([status, json]).toEqual([503, { status: "unavailable", failed: ["blackHole"] }]);
    }
    expect(asked).toBe(1);
  });

  it("heals by itself, and a check that throws is one that fails", async () => {
    let broken = true;
    const check = () => {
      if (broken) throw new Error("the reason, for the log only");
      return Promise.resolve();
    };
    server = await startServer({ readiness: { check }, bounds: { readiness: { timeoutMs: 60_000, rememberMs: 0 } } });
    const [before] = await probes(1);
    expect([before?.status, before?.text]).toEqual([503, '{"status":"unavailable","failed":["check"]}']);
    expect(server.logged).toMatchObject([{}, { level: 40, msg: "not ready", check: "check", err: { message: "the reason, for the log only" } }]);
    broken = false;
    expect((await probes(1))[0]?.status).toBe(200);
  });
});

describe("every answer", () => {
  const SECURITY = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
  };

  it.each<[string, string, RequestInit, number]>([
    ["of /healthz", "/healthz", {}, 200],
    ["of /readyz", "/readyz", {}, 200],
    ["of an operation", "/graphql?query={__typename}", { headers: { "apollo-require-preflight": "1" } }, 200],
    ["of a refused operation", "/graphql?query={__typename}", {}, 400],
    ["of a bad token", "/graphql?query={__typename}", { headers: { "apollo-require-preflight": "1", authorization: "Bearer x" } }, 401],
    ["of nothing", "/nothing", {}, 404],
    ["of no URL", "/%zz", {}, 400],
    ["of a method too many", "/graphql", { method: "PUT" }, 405],
  ])("%s keeps browsers from guessing, framing and storing", async (_what, path, init, status) => {
    const { url } = await registry();
    const answer = await get(url, path, init);
    expect(answer.status).toBe(status);
    expect(Object.fromEntries(answer.headers)).toMatchObject(SECURITY);
    expect(answer.headers.get("server")).toBeNull();
    expect(answer.headers.get("x-powered-by")).toBeNull();
  });

  it.each([["/"], ["/graphq"], ["/graphql/"], ["/GRAPHQL"], ["/healthz/x"], ["/.env"]])("to %s is the same: there is nothing", async (path) => {
    const { url } = await registry();
    const { status, json } = await get(url, path);
    expect([status, json]).toEqual([404, { errors: [{ message: "There is nothing here", extensions: { code: "NOT_FOUND" } }] }]);
  });

  it.each(["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])("to %s /graphql says which methods there are", async (method) => {
    const { url } = await registry();
    const answer = await get(url, "/graphql", { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"]);
    if (method !== "HEAD") expect(refusedWith(answer)).toEqual(["BAD_REQUEST"]);
  });

  it.each(["OPTIONS", "GET", "POST"])("to a page of another origin (%s) allows it nothing", async (method) => {
    const { url } = await registry();
    const asked = { origin: "https://elsewhere.example", "access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type" };
    const answer = await get(url, "/graphql", { method, headers: asked });
    expect([...answer.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
