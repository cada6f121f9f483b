/** Owns the proof that `/claims` answers what a token mapper can read: always JSON, of one shape, under the right status. */
import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";
import { parsed, raw } from "./wire.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
  await tenant.entitlement("crm");
});
afterEach(() => {
  app.clock.now = null;
});

interface Sent {
  method?: string;
  query?: string;
  body?: string | URLSearchParams | Uint8Array<ArrayBuffer>;
  token?: string | null;
  headers?: Record<string, string>;
}

/** Every answer is JSON that nobody keeps, whatever was sent. */
async function send({ method = "GET", query = "", body, token = world.service.token, headers = {} }: Sent) {
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`${app.url}/claims${query}`, { method, headers: { ...authorization, ...headers }, ...(body !== undefined && { body }) });
  const text = await response.text();
  expect([response.headers.get("cache-control"), response.headers.get("x-content-type-options"), response.headers.get("x-request-id")]).toEqual(["no-store", "nosniff", expect.any(String)]);
  if (method !== "HEAD") expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  return { status: response.status, headers: response.headers, json: text === "" ? null : (JSON.parse(text) as unknown) };
}

const get = (query: string, more: Sent = {}) => send({ query, ...more });
const post = (body: unknown, headers: Record<string, string> = { "content-type": "application/json" }) => send({ method: "POST", body: typeof body === "string" || body instanceof Uint8Array ? (body as string) : JSON.stringify(body), headers });
const form = (fields: [string, string][] | string) => send({ method: "POST", body: new URLSearchParams(fields) });

const refused = (status: number, code: string, message: unknown = expect.any(String)) => ({ status, json: { error: expect.objectContaining({ code, message }) } });

describe("who may ask", () => {
  it("unauthenticated: without a token, and with a bad one", async () => {
    expect(await get(`?tenant_id=${tenant.id}`, { token: null })).toMatchObject({ status: 401, json: { error: { code: "UNAUTHENTICATED", message: "Sign in to use the registry" } } });
    const bad = await get(`?tenant_id=${tenant.id}`, { token: "x" });
    expect(bad).toMatchObject(refused(401, "UNAUTHENTICATED"));
    expect(bad.headers.get("www-authenticate")).toBe('Bearer error="invalid_token"');
  });

  it("forbidden: everybody but a service, staff included, whether there is such a tenant or not", async () => {
    for (const { token } of [tenant.admin, tenant.member, world.support, world.operator]) {
      for (const id of [tenant.id, randomUUID()]) expect(await get(`?tenant_id=${id}`, { token })).toMatchObject(refused(403, "FORBIDDEN"));
    }
  });

  it("a token is not taken from the address", async () => {
    expect(await get(`?tenant_id=${tenant.id}&access_token=${world.service.token}`, { token: null })).toMatchObject({ status: 401 });
  });
});

describe("what is asked", () => {
  it("by tenant, organisation or alias; in the address, as JSON or as a form: one answer", async () => {
    app.clock.now = new Date();
    const token = (await world.caller({ product: "keycloak" })).token;
    const other = await world.tenant();
    const organization = randomUUID();
    await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [other.id, organization]);
    const questions = [[tenant, [["tenant_id", tenant.id], ["alias", tenant.slug]]], [other, [["tenant_id", other.id], ["org_id", organization]]]] as const;
    for (const [{ id, slug }, ways] of questions) {
      const answers = await Promise.all(ways.flatMap(([name, value]) => [
        send({ token, query: `?${name}=${value}` }),
        send({ token, method: "POST", body: JSON.stringify({ [name]: value }), headers: { "content-type": "application/json" } }),
        send({ token, method: "POST", body: new URLSearchParams({ [name]: value }) }),
      ]));
      for (const { status, json } of answers) expect([status, json]).toEqual([200, answers[0]?.json]);
      expect(answers[0]?.json).toMatchObject({ tenant_id: id, slug });
    }
  });

  it("the answer has one shape, whatever the state", async () => {
    expect((await get(`?tenant_id=${tenant.id}`)).json).toEqual({
      tenant_id: tenant.id,
      slug: tenant.slug,
      status: "active",
      plan: "starter",
      products: [{ key: "crm", source: "override", valid_until: null }, { key: "docs", source: "plan", valid_until: null }],
      as_of: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      version: expect.stringMatching(/^[\w-]{22}$/),
      stale: false,
    });
    for (const status of ["frozen", "archived"]) {
      const { id, slug } = await world.tenant({ status });
      expect((await get(`?tenant_id=${id}`)).json).toEqual({ tenant_id: id, slug, status, plan: "starter", products: [], as_of: expect.any(String), version: expect.any(String), stale: false });
    }
  });

  it("what a mapper adds by itself is left alone, and what it has no value for is not given", async () => {
    expect(await get(`?tenant_id=${tenant.id}&org_id=&alias=&username=dana&client_id=${randomUUID()}&username=dora`)).toMatchObject({ status: 200, json: { tenant_id: tenant.id } });
    expect(await post({ tenant_id: tenant.id, org_id: null, alias: "", more: { a: [1] } })).toMatchObject({ status: 200, json: { tenant_id: tenant.id } });
  });

  it("what is not there, and what could not be, is one answer", async () => {
    const missing = await get(`?tenant_id=${randomUUID()}`);
    expect([missing.status, missing.json]).toEqual([404, { error: { code: "NOT_FOUND", message: "Tenant not found" } }]);
    const others = [get("?tenant_id=x"), get("?tenant_id=%00"), get(`?alias=${unique("t")}`), get("?alias=..%2F"), get(`?org_id=${"x".repeat(3_000)}`), get("?org_id=%00"), post({ alias: "\u0000" }), form([["org_id", "' or true --"]])];
    for (const { status, json } of await Promise.all(others)) expect([status, json]).toEqual([404, missing.json]);
  });

  it.each<[string, () => ReturnType<typeof send>]>([
    ["nothing", () => get("")],
    ["only empty ones", () => get("?tenant_id=&alias=")],
    ["two", () => get(`?tenant_id=${tenant.id}&alias=${tenant.slug}`)],
    ["one twice", () => get(`?tenant_id=${tenant.id}&tenant_id=${tenant.id}`)],
    ["one twice in a form", () => form([["alias", "a"], ["alias", "b"]])],
    ["nothing in a form", () => form("")],
    ["an object for a text", () => post({ tenant_id: { id: tenant.id } })],
    ["a number for a text", () => post({ alias: 7 })],
    ["a list", () => post([tenant.id])],
    ["a text", () => post(JSON.stringify(tenant.id))],
    ["null", () => post("null")],
    ["in the address of a POST", () => send({ method: "POST", query: `?tenant_id=${tenant.id}`, body: "{}", headers: { "content-type": "application/json" } })],
    ["no body", () => send({ method: "POST" })],
  ])("not exactly one: %s", async (_what, ask) => {
    expect(await ask()).toMatchObject(refused(400, "BAD_USER_INPUT"));
  });

  it("a name that every object has is no parameter", async () => {
    expect(await post('{"__proto__":{"tenant_id":"x"},"constructor":"x"}')).toMatchObject({ status: 400 });
    expect(await get("?__proto__=x&constructor=x&toString=x")).toMatchObject(refused(400, "BAD_USER_INPUT"));
  });
});

describe("what is refused before it is a question, is JSON of the same shape", () => {
  it.each<[string, number, string, () => ReturnType<typeof send>]>([
    ["no JSON", 400, "BAD_REQUEST", () => post("{")],
    ["an empty body that is said to be JSON", 400, "BAD_REQUEST", () => post("")],
    ["another type", 415, "BAD_REQUEST", () => post("<a/>", { "content-type": "application/xml" })],
    ["plain text", 415, "BAD_REQUEST", () => post("tenant_id=x", { "content-type": "text/plain" })],
    ["compressed", 415, "BAD_REQUEST", () => post("{}", { "content-type": "application/json", "content-encoding": "gzip" })],
    ["too large", 413, "LIMIT_EXCEEDED", () => post({ alias: "x".repeat(5_000) })],
    ["too large a form", 413, "LIMIT_EXCEEDED", () => form([["alias", "x".repeat(5_000)]])],
  ])("%s", async (_what, status, code, ask) => {
    expect(await ask()).toMatchObject(refused(status, code));
  });

  it.each(["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])("%s", async (method) => {
    const answer = await send({ method, query: `?tenant_id=${tenant.id}` });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"]);
    if (method !== "HEAD") expect(answer.json).toEqual({ error: { code: "BAD_REQUEST", message: "Use GET or POST" } });
  });

  it("a host that is none", async () => {
    const answer = parsed(await raw(app.url, "GET /claims HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n"));
    expect([answer.status, answer.json]).toEqual([400, { error: { code: "BAD_REQUEST", message: "The request is not readable" } }]);
  });

  it("and everywhere else the shape is GraphQL's", async () => {
    const response = await fetch(`${app.url}/claims/x`);
    expect([response.status, await response.json()]).toEqual([404, { errors: [{ message: "There is nothing here", extensions: { code: "NOT_FOUND" } }] }]);
  });
});

describe("the log", () => {
  it("has one line for every answer, with who asked about whom, and neither address nor token", async () => {
    const requestId = unique("claims");
    const { token } = await world.caller({ sub: "keycloak-mapper", product: "keycloak" });
    await get(`?tenant_id=${tenant.id}`, { token, headers: { "x-request-id": requestId } });
    await get(`?tenant_id=${randomUUID()}`, { token, headers: { "x-request-id": requestId } });
    const lines = app.logged.filter((line) => line.includes(requestId)).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toEqual([
      expect.objectContaining({ msg: "claims told", principal: "keycloak-mapper", about: tenant.id, stale: false, durationMs: expect.any(Number) }),
      expect.objectContaining({ msg: "request refused", principal: "keycloak-mapper", code: "NOT_FOUND" }),
    ]);
    expect(JSON.stringify(lines)).not.toContain(token);
  });
});
