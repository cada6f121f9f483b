import { gzipSync } from "node:zlib";
import { randomUUID } from "node:crypto";
import { getIntrospectionQuery } from "graphql";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { data } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { exchanged, parsed, post, raw, refusedWith } from "./wire.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
});

afterEach(async () => {
  expect(data(await tenant.member.run("{ myTenant { id } }")), "the next request is answered").toEqual({ myTenant: { id: tenant.id } });
});

const as = (caller: { token: string | null }) => ({ authorization: `Bearer ${caller.token}` });
const times = (count: number, make: (index: number) => string) => Array.from({ length: count }, (_, index) => make(index)).join(" ");
const ENTITIES = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Project { slug } } }";
const doublings = (count: number) => `{ ...F0 } ${times(count, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F${count} on Query { myTenant { id } }`;

describe("a document", () => {
  it.each<[string, string, string]>([
    ["twenty-five doubling fragments", doublings(25), "Selection count exceeds the limit of 2000"],
    ["ten thousand aliases", `{ ${times(10_000, (i) => `a${i}: __typename`)} }`, "Token count exceeds the limit of 1500"],
    ["ten thousand directives", `{ __typename ${"@include(if: true) ".repeat(10_000)} }`, "Token count exceeds the limit of 1500"],
    ["1,501 tokens", `{ ${"__typename ".repeat(1_499)} }`, "Token count exceeds the limit of 1500"],
    ["depth 16", `{ myTenant { ${"projects(first: 1) { nodes { tenant { ".repeat(4)} projects(first: 1) { nodes { id } } ${"} } }".repeat(4)} } }`, "Depth 16 exceeds the limit of 15"],
    ["21 aliases", `{ myTenant { ${times(21, (i) => `a${i}: id`)} } }`, "Alias count 21 exceeds the limit of 20"],
    ["21 directives", `{ myTenant { ${times(21, () => "id @skip(if: false)")} } }`, "Directive count 21 exceeds the limit of 20"],
    ["11 root fields", `{ ${"__typename ".repeat(11)} }`, "Root field count 11 exceeds the limit of 10"],
  ])("with %s is refused in one short error", async (_what, query, message) => {
    const answer = await post(app.url, { query }, as(tenant.member));
    expect(refusedWith(answer)).toEqual(["LIMIT_EXCEEDED"]);
    expect(answer.json.errors?.[0]?.message).toBe(message);
    expect(answer.text.length).toBeLessThan(300);
  });

  it.each<[string, string]>([
    ["1,500 tokens", `{ ${"__typename ".repeat(10)} ${"#".repeat(10)}\n }`],
    ["20 aliases", `{ myTenant { ${times(20, (i) => `a${i}: id`)} } }`],
    ["20 directives", `{ myTenant { ${times(20, () => "id @skip(if: false)")} } }`],
    ["10 root fields", `{ ${"__typename ".repeat(10)} }`],
    ["depth 15", `{ myTenant { ${"projects(first: 1) { nodes { tenant { ".repeat(4)} projects(first: 1) { totalCount } ${"} } }".repeat(4)} } }`],
  ])("with %s is answered", async (_what, query) => {
    data(await tenant.member.run(query));
  });

  it("costs by its variables: at 5,000 it is answered, at 5,001 refused", async () => {
    // 1 + n × (2 + m) for the connections, and 1 for each of the others.
    const query = `query ($n: Int, $m: Int, $more: Boolean!) {
      tenants(first: $n) { nodes { projects(first: $m) { nodes { id } } } } myTenant { id } more: myTenant @include(if: $more) { id }
    }`;
    const cost = async (variables: object) => (await post(app.url, { query, variables }, as(world.operator))).json;
    expect((await cost({ n: 49, m: 100, more: false })).errors).toBeUndefined();
    for (const [variables, refused] of [[{ n: 49, m: 100, more: true }, 5_001], [{ n: 50, m: 98, more: false }, 5_002], [{ n: 100, m: 100, more: true }, 10_203]] as const) {
      expect((await cost(variables)).errors).toEqual([{ message: `Cost ${refused} exceeds the limit of 5000`, extensions: { code: "LIMIT_EXCEEDED" } }]);
    }
  });

  it("asking for 100 entities is answered and for 101 refused", async () => {
    const representations = (count: number) => Array.from({ length: count }, () => ({ __typename: "Project", id: randomUUID() }));
    const answer = await post(app.url, { query: ENTITIES, variables: { r: representations(100) } }, as(tenant.member));
    expect(answer.json).toEqual({ data: { _entities: Array(100).fill(null) } });
    const refused = await post(app.url, { query: ENTITIES, variables: { r: representations(101) } }, as(tenant.member));
    expect(refusedWith(refused)).toEqual(["LIMIT_EXCEEDED"]);
  });

  it.each(["not-an-id", "", "0", "00000000-0000-0000-0000-00000000000g", "x".repeat(100_000), "\u0000", "' or 1=1 --", 7, null, { id: 1 }, [[]], true])(
    "with a malformed id (%j) among a hundred good ones loses only that one",
    async (malformed) => {
      const project = await tenant.project();
      const representations = Array.from({ length: 100 }, (_, index) => ({ __typename: "Project", id: index === 57 ? malformed : project.id }));
      const answer = await post(app.url, { query: ENTITIES, variables: { r: representations } }, as(tenant.member));
      const expected = Array.from({ length: 100 }, (_, index) => (index === 57 ? null : { slug: project.slug }));
      expect(answer.json).toEqual({ data: { _entities: expected } });
    },
  );

  it("with the standard introspection query, all its options on, is answered in development", async () => {
    const query = getIntrospectionQuery({ descriptions: true, directiveIsRepeatable: true, inputValueDeprecation: true, oneOf: true, schemaDescription: true, specifiedByUrl: true });
    expect(data(await world.anonymous.run(query))["__schema"].queryType).toMatchObject({ name: "Query" });
  });
});

describe("a request that asks for much with few words", () => {
  const aliased = (count: number, field: string) => times(count, (i) => `a${i}: ${field}`);
  const asked = (caller: { token: string | null }, query: string, headers: Record<string, string> = {}) => {
    const representations = Array.from({ length: 100 }, () => ({ __typename: "Tenant", id: tenant.id }));
    const declared = query.includes("$r") ? `query ($r: [_Any!]!) ${query}` : query;
    return post(app.url, { query: declared, variables: query.includes("$r") ? { r: representations } : {} }, { ...as(caller), ...headers });
  };

  it.each<[string, "member" | "support", string, number]>([
    ["the same leaf again and again", "member", `{ _entities(representations: $r) { ... on Tenant { projects(first: 45) { nodes { ${aliased(20, "name")} } } } } }`, 100 * (1 + 1 + 45 * 21)],
    ["JSON of every entity", "member", "{ _entities(representations: $r) { ... on Tenant { entitlements { config } } } }", 100 * (1 + 20 * 6)],
    ["the same JSON again and again", "member", `{ _entities(representations: $r) { ... on Tenant { entitlements { ${aliased(10, "config")} } } } }`, 100 * (1 + 20 * 51)],
    ["pages of which nothing is shown", "support", `{ tenants(first: 100) { nodes { ${aliased(20, "auditEvents(first: 100) { pageInfo { hasNextPage } }")} } } }`, 1 + 100 * (1 + 20 * 102)],
    ["pages of which only a count is shown", "support", "{ tenants(first: 100) { nodes { projects(first: 100) { totalCount } } } }", 1 + 100 * (1 + 1 + 100 + 20)],
  ])("is refused for its cost: %s", async (_what, who, query, cost) => {
    const { json } = await asked({ member: tenant.member, support: world.support }[who], query);
    expect(json.errors).toEqual([{ message: `Cost ${cost} exceeds the limit of 5000`, extensions: { code: "LIMIT_EXCEEDED" } }]);
  });

  it.each<[string, "member" | "support", string]>([
    ["twenty tenants with three lists each", "support", "{ tenants(first: 20) { nodes { projects { nodes { name } } apiKeys { nodes { name } } auditEvents { nodes { action } } } } }"],
    ["the same by edges", "support", "{ tenants(first: 20) { edges { node { projects { edges { cursor node { name } } } apiKeys { edges { node { name } } } auditEvents { edges { node { action } } } } } pageInfo { endCursor } } }"],
    ["twenty tenants with all their entitlements' settings", "support", "{ tenants(first: 20) { nodes { entitlements { config product { key } } } } }"],
    ["a hundred audit events with their details", "support", "{ auditEvents(first: 100) { nodes { action metadata tenant { name } } pageInfo { endCursor } } }"],
    ["a hundred entities with their entitlements", "member", "{ _entities(representations: $r) { ... on Tenant { name entitlements { enabled product { key } } } } }"],
    ["a few renamed fields", "member", "{ organisation: myTenant { key: id label: name } }"],
  ])("is answered when it is ordinary: %s", async (_what, who, query) => {
    const { json } = await asked({ member: tenant.member, support: world.support }[who], query);
    expect(json.errors).toBeUndefined();
  });

  describe("whose answer", () => {
    const ANSWER = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Tenant { entitlements { config } } } }";
    let owner: TenantInWorld;
    beforeAll(async () => {
      owner = await world.tenant();
      for (let i = 0; i < 20; i += 1) {
        await app.sql("insert into tenant_products (tenant_id, product, config) values ($1, $2, $3)", [owner.id, `product-${i}`, JSON.stringify({ a: "x".repeat(16_000) })]);
      }
    });
    const large = (tenants: number, headers: Record<string, string> = {}) => {
      const representations = Array.from({ length: tenants }, () => ({ __typename: "Tenant", id: owner.id }));
      return post(app.url, { query: ANSWER, variables: { r: representations } }, { ...as(owner.member), ...headers });
    };

    it("is a little below 8 MB is answered", async () => {
      const { json, text } = await large(26);
      expect(json.errors).toBeUndefined();
      expect(text.length).toBeGreaterThan(8_300_000);
    });

    it.each<[string, Record<string, string>, number]>([
      ["JSON", {}, 200],
      ["a GraphQL response", { accept: "application/graphql-response+json" }, 400],
    ])("is above 8 MB becomes one short error and a line in the log, for a client that accepts %s", async (_what, headers, status) => {
      const before = app.logged.length;
      const answer = await large(27, headers);
      expect([answer.status, answer.json]).toEqual([
        status,
        { errors: [{ message: "Answer size exceeds the limit of 8388608 bytes", extensions: { code: "LIMIT_EXCEEDED" } }] },
      ]);
      const lines = app.logged.slice(before).map((line) => JSON.parse(line) as Record<string, unknown>);
      const requestId = answer.headers.get("x-request-id");
      expect(lines.filter((line) => line["msg"] === "answer refused")).toEqual([expect.objectContaining({ requestId, code: "LIMIT_EXCEEDED", tenant: owner.id })]);
      expect(lines.filter((line) => Number(line["level"]) >= 50), "nothing of it is our failure").toEqual([]);
    });
  });
});

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const TENANT = "query ($id: ID!) { tenant(id: $id) { id } }";

describe("variables", () => {
  it.each<[string, string, string]>([
    ["100,000 nested arrays for an id", `{"query":${JSON.stringify(TENANT)},"variables":{"id":${nested(100_000)}}}`, "LIMIT_EXCEEDED"],
    ["100,000 nested arrays nobody asked for", `{"query":"{ __typename","variables":{"x":${nested(100_000)}}}`, "GRAPHQL_PARSE_FAILED"],
    ["a number beyond doubles", `{"query":"query ($n: Int) { tenants(first: $n) { nodes { id } } }","variables":{"n":1e999}}`, "BAD_USER_INPUT"],
    ["a number of 200,000 digits", `{"query":"query ($n: Int) { tenants(first: $n) { nodes { id } } }","variables":{"n":${"9".repeat(200_000)}}}`, "BAD_USER_INPUT"],
    ["an array of 50,000 wrong values", `{"query":"query ($s: [TenantStatus!]) { tenants(filter: { status: $s }) { nodes { id } } }","variables":{"s":[${"1,".repeat(49_999)}1]}}`, "BAD_USER_INPUT"],
    ["__proto__", `{"query":"{ __typename }","variables":{"__proto__":{"polluted":true}}}`, "BAD_REQUEST"],
    ["constructor.prototype", `{"query":"{ __typename }","variables":{"constructor":{"prototype":{"polluted":true}}}}`, "BAD_REQUEST"],
    ["a query that is a number", `{"query":7}`, "BAD_REQUEST"],
    ["a query that is a document tree", `{"query":{"kind":"Document"}}`, "BAD_REQUEST"],
    ["no query", `{"variables":{}}`, "BAD_REQUEST"],
    ["variables that are text", `{"query":"{ __typename }","variables":"{}"}`, "BAD_REQUEST"],
    ["variables that are a list", `{"query":"{ __typename }","variables":[]}`, "BAD_REQUEST"],
    ["an operation name that is a number", `{"query":"{ __typename }","operationName":7}`, "BAD_REQUEST"],
    ["an operation name that the document does not have", `{"query":"query A { __typename }","operationName":"B"}`, "OPERATION_RESOLUTION_FAILURE"],
    ["no operation name for two operations", `{"query":"query A { __typename } query B { __typename }"}`, "OPERATION_RESOLUTION_FAILURE"],
    ["an operation name of 200,000 characters", `{"query":"query A { __typename }","operationName":"${"n".repeat(200_000)}"}`, "OPERATION_RESOLUTION_FAILURE"],
    ["an operation of 200,000 characters name", `{"query":"query ${"n".repeat(200_000)} { missing }"}`, "GRAPHQL_VALIDATION_FAILED"],
    ["a subscription", `{"query":"subscription { __typename }"}`, "BAD_REQUEST"],
    ["a missing variable in an object", `{"query":"query ($s: String) { tenants(filter: { nameContains: $s }, first: $n) { nodes { id } } }"}`, "GRAPHQL_VALIDATION_FAILED"],
    ["null where a default stands", `{"query":"query ($id: ID = \\"x\\") { tenant(id: $id) { id } }","variables":{"id":null}}`, "BAD_USER_INPUT"],
    ["a batch", `[{"query":"{ __typename }"},{"query":"{ __typename }"}]`, "BAD_REQUEST"],
    ["an empty batch", "[]", "BAD_REQUEST"],
    ["text instead of an object", `"{ __typename }"`, "BAD_REQUEST"],
    ["null", "null", "BAD_REQUEST"],
    ["nothing", "", "BAD_REQUEST"],
    ["half of JSON", `{"query":"{ __typename }"`, "BAD_REQUEST"],
    ["a persisted query", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"${"a".repeat(64)}"}}}`, "PERSISTED_QUERY_NOT_SUPPORTED"],
  ])("or a body with %s are refused in short, and the log line is short too", async (_what, body, code) => {
    const before = app.logged.length;
    const answer = await post(app.url, body, as(world.operator));
    expect([...new Set(refusedWith(answer))]).toEqual([code]);
    expect(answer.text.length).toBeLessThan(2_000);
    const lines = app.logged.slice(before);
    expect(lines.filter((line) => line.length > 1_000)).toEqual([]);
    expect(lines.filter((line) => JSON.parse(line).level >= 50), "an error of the caller is none of ours").toEqual([]);
  });

  it("nested fifty deep are read, and deeper ones refused before anything recurses over them", async () => {
    // The list of representations and the representation are two of the fifty.
    const entity = (depth: number) => post(app.url, `{"query":${JSON.stringify(ENTITIES)},"variables":{"r":[{"__typename":"Project","id":${nested(depth)}}]}}`, as(tenant.member));
    expect((await entity(48)).json).toEqual({ data: { _entities: [null] } });
    for (const depth of [49, 100_000]) {
      const refused = await entity(depth);
      expect([refused.json.errors?.[0]?.message, ...refusedWith(refused)]).toEqual([`Variable depth ${depth + 2} exceeds the limit of 50`, "LIMIT_EXCEEDED"]);
    }
  });

  it("nested 100,000 deep in a JSON value are never stored", async () => {
    const query = "mutation ($input: GrantEntitlementInput!) { grantEntitlement(input: $input) { entitlement { id } } }";
    const variables = `{"input":{"tenantId":"${tenant.id}","product":"crm","config":{"deep":${nested(100_000)}}}}`;
    expect(refusedWith(await post(app.url, `{"query":${JSON.stringify(query)},"variables":${variables}}`, as(world.operator)))).toEqual(["LIMIT_EXCEEDED"]);
    expect(await app.sql("select 1 from tenant_products where tenant_id = $1", [tenant.id])).toEqual([]);
  });

  it("never reach Object.prototype, however the name is written", async () => {
    await post(app.url, `{"query":"{ __typename }","variables":{"\\u005f_proto__":{"polluted":true}}}`);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("a body", () => {
  const filled = (bytes: number) => {
    const empty = JSON.stringify({ query: "{ __typename }", pad: "" });
    return JSON.stringify({ query: "{ __typename }", pad: "x".repeat(bytes - empty.length) });
  };

  it("of 256 KB is read, and of one byte more refused", async () => {
    expect((await post(app.url, filled(256 * 1024))).json).toEqual({ data: { __typename: "Query" } });
    const refused = await post(app.url, filled(256 * 1024 + 1));
    expect([refused.status, ...refusedWith(refused)]).toEqual([413, "LIMIT_EXCEEDED"]);
  });

  it("that is chunked and larger than 256 KB is cut off while it comes", async () => {
    const head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`;
    const answer = parsed(await raw(app.url, head, chunk, chunk, chunk, chunk, chunk));
    expect([answer.status, ...refusedWith(answer)]).toEqual([413, "LIMIT_EXCEEDED"]);
  });

  it.each<[string, Record<string, string>, Uint8Array, number]>([
    ["compressed", { "content-encoding": "gzip" }, gzipSync('{"query":"{ __typename }"}'), 415],
    ["text", { "content-type": "text/plain" }, Buffer.from('{"query":"{ __typename }"}'), 415],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }, Buffer.from("query={__typename}"), 415],
    ["an upload", { "content-type": "multipart/form-data; boundary=x" }, Buffer.from('--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n{ __typename }\r\n--x--'), 415],
    ["a bare document", { "content-type": "application/graphql" }, Buffer.from("{ __typename }"), 415],
    ["of no known type", { "content-type": "\u00e4/\u00f6" }, Buffer.from("{}"), 415],
    ["compressed without saying so", {}, gzipSync('{"query":"{ __typename }"}'), 400],
    ["not UTF-8", {}, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), 400],
  ])("that is %s is refused", async (_what, headers, body, status) => {
    const answer = await post(app.url, body, headers);
    expect([answer.status, ...refusedWith(answer)]).toEqual([status, "BAD_REQUEST"]);
  });

  it("with broken UTF-8 in a string is read with a replacement character, which is no id of anybody", async () => {
    const [before = "", after = ""] = JSON.stringify({ query: TENANT, variables: { id: "|" } }).split("|");
    const answer = await post(app.url, Buffer.concat([Buffer.from(before), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from(after)]), as(tenant.member));
    expect(answer.json).toEqual({ data: { tenant: null } });
  });

  it("is not looked for in a GET: mutations there are refused, whatever they ask", async () => {
    const query = encodeURIComponent('mutation { archiveProject(input: { id: "x" }) { project { id } } }');
    const answer = await exchanged(await fetch(`${app.url}/graphql?query=${query}`, { headers: { "apollo-require-preflight": "1", ...as(tenant.admin) } }));
    expect([answer.status, answer.headers.get("allow"), ...refusedWith(answer)]).toEqual([405, "POST", "BAD_REQUEST"]);
  });
});

describe("headers", () => {
  it.each([
    ["one header of 10 MB", `x-big: ${"x".repeat(10 * 1024 * 1024)}\r\n`],
    ["a hundred headers of 1 KB", Array.from({ length: 100 }, (_, index) => `x-${index}: ${"x".repeat(1_000)}\r\n`).join("")],
  ])("of more than 16 KB are refused: %s", async (_what, headers) => {
    const answer = await raw(app.url, "GET /healthz HTTP/1.1\r\nhost: x\r\n", headers, "\r\n");
    // The connection may be reset while the rest is still being sent: then there is no answer to read.
    if (answer !== "") expect([parsed(answer).status, ...refusedWith(parsed(answer))]).toEqual([431, "LIMIT_EXCEEDED"]);
  });

  it.each([
    ["nonsense", "\u0000\u0001\u0002\r\n\r\n"],
    ["a TLS handshake", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc"],
    ["a header without a name", "GET / HTTP/1.1\r\nhost: x\r\n: y\r\n\r\n"],
    ["both a length and chunks", "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["two lengths", "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd"],
    ["a URL that is not one", "GET /%zz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"],
    ["a host that is not one", "POST /graphql HTTP/1.1\r\nhost: a b[\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"],
    ["no host", "POST /graphql HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"],
  ])("that are %s are refused as unreadable, and nothing of it is said to be our failure", async (_what, bytes) => {
    const before = app.logged.length;
    const answer = parsed(await raw(app.url, Buffer.from(bytes, "latin1")));
    expect([answer.status, ...refusedWith(answer)]).toEqual([400, "BAD_REQUEST"]);
    expect(app.logged.slice(before).filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });
});
