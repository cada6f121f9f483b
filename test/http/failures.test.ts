import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fault } from "../testkit/outcome.js";
import { openRegistry, registry, type Registry } from "../testkit/registry.js";
import { callerWith, openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";
import { exchanged, parsed, post, raw, refusedWith, type Exchange } from "./wire.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
});
afterEach(() => {
  app.clock.now = null;
});

/** Lines that the service logged for one request. */
const linesOf = ({ logged }: Registry, requestId: string): Record<string, any>[] => // any: log lines have no type
  logged.map((line) => JSON.parse(line) as Record<string, any>).filter((line) => line["requestId"] === requestId);

const CANARY = "hunter2canary";
const as = (caller: { token: string | null }): Record<string, string> => (caller.token === null ? {} : { authorization: `Bearer ${caller.token}` });
const ask = (query: string, variables: unknown = {}, more: object = {}) => post(app.url, { query, variables, ...more }, as(world.operator));

const GRANT = "mutation ($input: GrantEntitlementInput!) { grantEntitlement(input: $input) { entitlement { id } } }";
const CREATE = "mutation ($input: CreateTenantInput!) { createTenant(input: $input) { tenant { id } } }";
const grant = (fields: object) => ask(GRANT, { input: { tenantId: tenant.id, product: "crm", ...fields } });
const create = (fields: object) => ask(CREATE, { input: { slug: unique("t"), name: "x", ...fields } });

describe("what the sender wrote is not in the answer when it is refused", () => {
  it.each<[string, () => Promise<Exchange>]>([
    ["a variable of the wrong type", () => ask("query ($n: Int) { tenants(first: $n) { nodes { id } } }", { n: CANARY })],
    ["a variable that is an object", () => ask("query ($s: String!) { tenantBySlug(slug: $s) { id } }", { s: { [CANARY]: CANARY } })],
    ["a key that looks like a path", () => ask("query ($s: String!) { tenantBySlug(slug: $s) { id } }", { s: { [`x at "${CANARY}"; `]: 1 } })],
    ["a variable in a list", () => ask("query ($f: TenantFilter) { tenants(filter: $f) { nodes { id } } }", { f: { status: [CANARY] } })],
    ["an unknown input field", () => create({ [CANARY]: CANARY })],
    ["an input field of the wrong type", () => create({ name: { first: CANARY } })],
    ["an enum value in a variable", () => create({ kind: CANARY })],
    ["a DateTime", () => grant({ expiresAt: CANARY })],
    ["a DateTime that is no time", () => grant({ expiresAt: `2026-13-45T${CANARY}` })],
    ["a LocalDate", () => create({ contractStart: CANARY })],
    ["a JSONObject that is text", () => grant({ config: CANARY })],
    ["a JSONObject that is a list", () => grant({ config: [CANARY] })],
    ["a JSONObject literal", () => ask(`mutation { grantEntitlement(input: { tenantId: "x", product: "crm", config: "${CANARY}" }) { entitlement { id } } }`)],
    ["a DateTime literal", () => ask(`mutation { grantEntitlement(input: { tenantId: "x", product: "crm", expiresAt: "${CANARY}" }) { entitlement { id } } }`)],
    ["a LocalDate literal", () => ask(`mutation { createTenant(input: { slug: "s", name: "x", contractStart: "${CANARY}" }) { tenant { id } } }`)],
    ["a literal of the wrong type", () => ask(`{ tenants(first: "${CANARY}") { nodes { id } } }`)],
    ["an enum literal", () => ask(`{ tenants(filter: { status: [${CANARY}] }) { nodes { id } } }`)],
    ["an enum literal in quotes", () => ask(`{ tenants(filter: { status: ["${CANARY}"] }) { nodes { id } } }`)],
    ["a block string", () => ask(`{ tenants(first: """${CANARY}""") { nodes { id } } }`)],
    ["a document that does not parse", () => ask(`{ ${CANARY} `)],
    ["a document with a foreign character", () => ask(`{ id "${CANARY}" }`)],
    ["a document that is a sentence", () => ask(CANARY)],
    ["an unknown field", () => ask(`{ ${CANARY} }`)],
    ["an unknown field of a type", () => ask(`{ myTenant { ${CANARY} } }`)],
    ["an unknown field with an alias", () => ask(`{ ${CANARY}: nothing }`)],
    ["an unknown argument", () => ask(`{ myTenant(${CANARY}: 1) { id } }`)],
    ["an unknown argument of a directive", () => ask(`{ myTenant @include(${CANARY}: 1, if: true) { id } }`)],
    ["an unknown directive", () => ask(`{ myTenant @${CANARY} { id } }`)],
    ["an unknown type", () => ask(`query ($a: ${CANARY}) { myTenant { id } }`)],
    ["an unknown fragment", () => ask(`{ ...${CANARY} }`)],
    ["an unused fragment", () => ask(`{ __typename } fragment ${CANARY} on Query { __typename }`)],
    ["a fragment in itself", () => ask(`{ ...${CANARY} } fragment ${CANARY} on Query { ...${CANARY} }`)],
    ["a fragment twice", () => ask(`{ ...${CANARY} } fragment ${CANARY} on Query { __typename } fragment ${CANARY} on Query { __typename }`)],
    ["a fragment on a leaf", () => ask(`{ ...${CANARY} } fragment ${CANARY} on String { x }`)],
    ["a fragment that cannot be", () => ask(`{ ...${CANARY} } fragment ${CANARY} on Project { id }`)],
    ["an undeclared variable", () => ask(`query ${CANARY} { tenantBySlug(slug: $${CANARY}) { id } }`)],
    ["an unused variable", () => ask(`query ${CANARY} ($${CANARY}: Int) { __typename }`)],
    ["a variable twice", () => ask(`query ($${CANARY}: Int, $${CANARY}: Int) { tenants(first: $${CANARY}) { nodes { id } } }`)],
    ["a variable in the wrong place", () => ask(`query ($${CANARY}: Int) { tenantBySlug(slug: $${CANARY}) { id } }`)],
    ["an operation name twice", () => ask(`query ${CANARY} { __typename } query ${CANARY} { __typename }`)],
    ["an operation name that is not there", () => ask("query A { __typename }", {}, { operationName: CANARY })],
    ["an operation name that is too deep", () => ask(`query ${CANARY} { ${"...F0 ".repeat(1)} } ${Array.from({ length: 25 }, (_, i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`).join(" ")} fragment F25 on Query { __typename }`)],
    ["conflicting names", () => ask(`{ ${CANARY}: myTenant { id } ${CANARY}: viewer { __typename } }`)],
    ["an argument twice", () => ask(`{ tenantBySlug(slug: "${CANARY}", slug: "${CANARY}") { id } }`)],
    ["a definition that is none", () => ask(`type ${CANARY} { id: ID }`)],
    ["a null where none may be", () => ask(`query ($x: ID = "${CANARY}") { tenant(id: $x) { id } }`, { x: null })],
    ["a cursor", () => ask("query ($c: String) { tenants(after: $c) { nodes { id } } }", { c: CANARY })],
    ["a slug that breaks the rules", () => create({ slug: `${CANARY}!` })],
    ["a status that does not go with the kind", () => create({ kind: "DEMO", status: "ACTIVE", name: CANARY })],
    ["a representation's type", () => ask("query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", { r: [{ __typename: CANARY, id: CANARY }] })],
    ["a token", () => post(app.url, { query: "{ __typename }" }, { authorization: `Bearer ${CANARY}` })],
    ["a token's claims", async () => post(app.url, { query: "{ __typename }" }, { authorization: `Bearer ${app.issuer.token({ iss: CANARY, aud: CANARY, sub: CANARY })}` })],
    ["a token's header", async () => post(app.url, { query: "{ __typename }" }, { authorization: `Bearer ${app.issuer.token({}, { header: { kid: CANARY, crit: [CANARY] } })}` })],
    ["another scheme", () => post(app.url, { query: "{ __typename }" }, { authorization: `Basic ${CANARY}` })],
    ["a tenant header", () => post(app.url, { query: "{ __typename }" }, { ...as(tenant.admin), "x-tenant-id": CANARY })],
    ["a content type", () => post(app.url, "{}", { "content-type": `${CANARY}/json` })],
    ["an accept header", () => post(app.url, { query: "{ __typename }" }, { accept: `${CANARY}/json` })],
    ["a content encoding", () => post(app.url, "{}", { "content-encoding": CANARY })],
    ["a body that is no JSON", () => post(app.url, `{"query": ${CANARY}`)],
    ["a query that is none", () => post(app.url, { query: [CANARY] })],
    ["a path", async () => exchanged(await fetch(`${app.url}/${CANARY}?${CANARY}=1`))],
    ["a path that is no URL", async () => exchanged(await fetch(`${app.url}/%zz${CANARY}`))],
    ["GET variables", async () => exchanged(await fetch(`${app.url}/graphql?query={__typename}&variables=${CANARY}`, { headers: { "apollo-require-preflight": "1" } }))],
  ])("%s", async (_place, send) => {
    const answer = await send();
    refusedWith(answer);
    // A path is made of the names that the answer has, which the sender may choose.
    const words = JSON.stringify(answer.json, (key, value: unknown) => (key === "path" ? undefined : value));
    expect(words).not.toContain(CANARY);
    expect(answer.text).not.toMatch(/did you mean|\.js:|node_modules| at .+:\d+:\d+/i);
    expect([...answer.headers].join("\n")).not.toContain(CANARY);
    const lines = linesOf(app, answer.headers.get("x-request-id") ?? "");
    expect(lines.filter(({ level }) => level >= 50), "an error of the caller is none of ours").toEqual([]);
  });

  it("but the schema's own names are, for whoever writes the document", async () => {
    const message = async (query: string) => (await ask(query)).json.errors?.[0]?.message;
    expect(await message("{ myTenant { nmae } }")).toBe("Tenant has no such field");
    expect(await message("{ tenantBySlug { id } }")).toBe("tenantBySlug needs the argument slug of type String!");
    expect(await message("{ myTenant }")).toBe("myTenant is a Tenant: select fields of it");
    expect(await message("{ tenants(first: true) { nodes { id } } }")).toBe("A value of type Int is expected");
    expect(await message("query ($i: Int) { tenantBySlug(slug: $i) { id } }")).toBe("A variable of type Int stands where String! is expected");
    expect((await create({ kind: "x" })).json.errors?.[0]).toMatchObject({ message: "The value of input.kind is not valid", extensions: { code: "BAD_USER_INPUT", field: "input.kind" } });
  });
});

describe("a failure of ours", () => {
  /** Makes writing a project fail in this one tenant, with words that nobody outside may read. */
  const TRAP = unique("trap").replaceAll("-", "_");
  afterAll(async () => {
    await app.sql(`drop trigger if exists ${TRAP} on tenant_projects`);
    await app.sql(`drop function if exists ${TRAP}()`);
  });

  it("is masked: same words whatever it was, a reference that is the request id, and the cause in the log only", async () => {
    await app.sql(`create function ${TRAP}() returns trigger language plpgsql as $$ begin raise exception 'the secret of row %', new.name; end $$`);
    await app.sql(`create trigger ${TRAP} before insert on tenant_projects for each row when (new.name = '${TRAP}') execute function ${TRAP}()`);
    const requestId = unique("request");
    const query = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }";
    const answer = await tenant.admin.run(query, { input: { slug: unique("p"), name: TRAP } }, { "x-request-id": requestId });
    expect(answer.body).toEqual({
      data: null,
      errors: [
        {
          message: "Something went wrong on our side",
          locations: [{ line: 1, column: 42 }],
          path: ["createProject"],
          extensions: { code: "INTERNAL_SERVER_ERROR", reference: requestId },
        },
      ],
    });
    expect(answer.headers.get("x-request-id")).toBe(requestId);
    const [failure, operation] = linesOf(app, requestId);
    expect(failure).toMatchObject({ level: 50, msg: "internal error", requestId, tenant: tenant.id, err: { message: `the secret of row ${TRAP}`, code: "P0001", stack: expect.stringContaining("at ") } });
    expect(operation).toMatchObject({ level: 30, msg: "operation", codes: ["INTERNAL_SERVER_ERROR"] });
  });

  it("has a reference also when it happens before there is an operation", async () => {
    const own = await openRegistry();
    try {
      const { run } = callerWith(own, own.issuer.token({ organization: ["some-slug"], realm_access: { roles: ["MEMBER"] } }));
      await own.sql("revoke select on tenants from registry_platform, registry_tenant, registry_overview");
      const answer = await run("{ myTenant { id } }");
      const error = fault(answer, "INTERNAL_SERVER_ERROR");
      expect([answer.status, error]).toEqual([500, { message: "Something went wrong on our side", extensions: { code: "INTERNAL_SERVER_ERROR", reference: answer.headers.get("x-request-id") } }]);
      expect(linesOf(own, error.extensions.reference ?? "")).toMatchObject([{ level: 50, msg: "internal error", err: { internal: { code: "42501" } } }]);
    } finally {
      await own.close();
    }
  });
});

describe("a caller who cannot be told", () => {
  it.each<[string, () => Record<string, string>]>([
    ["an expired token", () => ({ authorization: `Bearer ${app.issuer.token({ exp: 1, iat: 0 })}` })],
    ["another audience", () => ({ authorization: `Bearer ${app.issuer.token({ aud: "somebody-else" })}` })],
    ["another issuer", () => ({ authorization: `Bearer ${app.issuer.token({ iss: "https://elsewhere.example" })}` })],
    ["no signature", () => ({ authorization: `Bearer ${app.issuer.token({}, { header: { alg: "none" } })}` })],
    ["no subject", () => ({ authorization: `Bearer ${app.issuer.token({ sub: undefined })}` })],
    ["another scheme", () => ({ authorization: "Basic YTpi" })],
    ["an empty header", () => ({ authorization: "" })],
  ])("with %s is refused with 401 and told what kind of proof is asked for", async (_what, headers) => {
    const answer = await post(app.url, { query: "{ __typename }" }, headers());
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, 'Bearer error="invalid_token"']);
    expect(answer.json).toEqual({ errors: [{ message: "The access token is not valid.", extensions: { code: "UNAUTHENTICATED" } }] });
  });

  it("with two Authorization headers is refused, also when both are good", async () => {
    const body = '{"query":"{ __typename }"}';
    const one = `authorization: Bearer ${tenant.admin.token}\r\n`;
    const request = (headers: string) => `POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`;
    expect(parsed(await raw(app.url, request(one))).status).toBe(200);
    const answer = parsed(await raw(app.url, request(one + one)));
    expect([answer.status, ...refusedWith(answer)]).toEqual([401, "UNAUTHENTICATED"]);
  });

  it("with X-Tenant-ID twice is refused, also when both are its own", async () => {
    const body = '{"query":"{ __typename }"}';
    const header = `x-tenant-id: ${tenant.id}\r\n`;
    const request = (headers: string) =>
      `POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\nauthorization: Bearer ${tenant.admin.token}\r\ncontent-length: ${body.length}\r\n${headers}\r\n${body}`;
    expect(parsed(await raw(app.url, request(header))).status).toBe(200);
    const answer = parsed(await raw(app.url, request(header + header)));
    expect([answer.status, ...refusedWith(answer), answer.json.errors?.[0]?.extensions.field]).toEqual([400, "BAD_USER_INPUT", "X-Tenant-ID"]);
  });

  it("of another tenant's X-Tenant-ID hears what is said of one that is not there", async () => {
    const other = await world.tenant();
    const answers = await Promise.all([other.id, randomUUID(), other.slug, "no-such-slug"].map((id) => post(app.url, { query: "{ __typename }" }, { ...as(tenant.admin), "x-tenant-id": id })));
    for (const { status, json } of answers) expect([status, json]).toEqual([404, { errors: [{ message: "Tenant not found", extensions: { code: "NOT_FOUND" } }] }]);
  });
});

describe("the request id", () => {
  it.each([
    ["given as text", "gateway-7f.3:a_b", "gateway-7f.3:a_b"],
    ["with spaces", "a b", null],
    ["with quotes", 'a"b', null],
    ["too long", "a".repeat(101), null],
    ["in another alphabet", "\u00e4", null],
    ["empty", "", null],
  ])("is the sender's when it is readable, else our own: %s", async (_what, given, kept) => {
    const answer = await post(app.url, { query: "{ __typename }" }, { "x-request-id": given });
    const id = answer.headers.get("x-request-id") ?? "";
    if (kept === null) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    else expect(id).toBe(kept);
    expect(linesOf(app, id)).toHaveLength(1);
  });

  it("adds no header to the answer, however it is written", async () => {
    const answer = await raw(app.url, "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-request-id: a%0d%0aset-cookie:%20b=c\r\nx-request-id: d\r\n\r\n");
    expect(answer).not.toMatch(/set-cookie|%0d/i);
  });
});

describe("introspection that is switched off", () => {
  it("is refused in words that suggest nothing, while the subgraph still tells routers its schema", async () => {
    const own = await openRegistry({ environment: { GRAPHQL_INTROSPECTION: "false" } });
    try {
      const send = async (query: string) => (await post(own.url, { query })).json;
      for (const query of ["{ __schema { types { name } } }", '{ __type(name: "Tenant") { name } }']) {
        expect(await send(query)).toEqual({
          errors: [{ message: "Introspection is switched off", locations: [{ line: 1, column: 3 }], extensions: { code: "GRAPHQL_VALIDATION_FAILED" } }],
        });
      }
      expect((await send("{ tenantz { id } }")).errors?.[0]?.message).toBe("Query has no such field");
      expect((await send("{ _service { sdl } }")).data?.["_service"].sdl).toContain("type Tenant");
    } finally {
      await own.close();
    }
  });
});
