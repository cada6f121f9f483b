/** Owns the guarantees of answering without an execution: it is done for plain questions only, and nobody can tell the difference. */
import { parse, type OperationDefinitionNode } from "graphql";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { answeredPlainly } from "../../src/kernel/plain-query.js";
import type { RequestContext } from "../../src/kernel/request.js";
import { buildRegistrySchema } from "../../src/schema.js";
import { madeKey, tenantWithCrm } from "../testkit/api-keys.js";
import { forgedKey } from "../testkit/leaked-keys.js";
import { fault } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type Answer, type Caller, type TenantInWorld, type World } from "../testkit/world.js";
import { poolOf } from "../walls/visits.js";

const { schema } = buildRegistrySchema();

/** Is this answered without an execution? Nobody is signed in: the refusal is such an answer, too. */
function isPlain(text: string, variables: Record<string, unknown> = {}): boolean {
  const document = parse(text);
  const operation = document.definitions.find((node): node is OperationDefinitionNode => node.kind === "OperationDefinition");
  const outcome = answeredPlainly(schema, { document, operation, request: { variables }, context: { caller: null } as RequestContext }); // nothing else of a context is looked at before the caller
  return outcome !== null;
}

const KEY = { key: "no key" };

describe("without an execution is answered", () => {
  it.each([
    ["a query alone", "query ($key: String!) { verifyApiKey(key: $key) { code } }"],
    ["with other names", "query Named($key: String!) { here: verifyApiKey(key: $key) { c: code __typename } }"],
    ["with values in the document", '{ verifyApiKey(key: "no key", scopes: ["read"], environment: PROD) { valid } }'],
    ["with objects of plain values in its answer", "query ($key: String!) { verifyApiKey(key: $key) { entitlement { granted limits __typename } } }"],
    ["with variables that are not given", "query ($key: String!, $scopes: [String!], $e: ApiKeyEnvironment) { verifyApiKey(key: $key, scopes: $scopes, environment: $e) { scopes } }"],
  ])("%s", (_what, text) => expect(isPlain(text, KEY)).toBe(true));
});

describe("executed as usual is", () => {
  it.each([
    ["what is not declared so", "{ viewer { subject } }"],
    ["a query that takes input objects", 'query { verifyApiKeys(keys: [{ key: "no key" }]) { code } }'],
    ["a mutation", 'mutation { revokeApiKey(input: { id: "x" }) { apiKey { id } } }'],
    ["two queries", "query ($key: String!) { verifyApiKey(key: $key) { code } other: verifyApiKey(key: $key) { code } }"],
    ["a query beside something else", "query ($key: String!) { __typename verifyApiKey(key: $key) { code } }"],
    ["a fragment", "query ($key: String!) { ...asked } fragment asked on Query { verifyApiKey(key: $key) { code } }"],
    ["a fragment in the answer", "query ($key: String!) { verifyApiKey(key: $key) { ... { code } } }"],
    ["a fragment deeper in it", "query ($key: String!) { verifyApiKey(key: $key) { entitlement { ... { granted } } } }"],
    ["a directive", "query ($key: String!) { verifyApiKey(key: $key) @skip(if: false) { code } }"],
    ["a directive in the answer", "query ($key: String!) { verifyApiKey(key: $key) { code @include(if: true) } }"],
    ["a directive on the operation", "query ($key: String!) @unknown { verifyApiKey(key: $key) { code } }"],
    ["a field twice", "query ($key: String!) { verifyApiKey(key: $key) { code code } }"],
    ["a variable with a default", 'query ($key: String! = "x") { verifyApiKey(key: $key) { code } }'],
  ])("%s", (_what, text) => expect(isPlain(text, KEY)).toBe(false));

  it.each([
    ["is missing", {}],
    ["is null", { key: null }],
    ["is of another type", { key: 7 }],
    ["is a list", { key: ["no key"] }],
  ])("a question whose variable %s, because the execution says what is wrong", (_what, variables) => {
    expect(isPlain("query ($key: String!) { verifyApiKey(key: $key) { code } }", variables)).toBe(false);
  });
});

describe("the answer is the same either way", () => {
  let app: Registry;
  let world: World;
  let tenant: TenantInWorld;
  let key: string;
  beforeAll(async () => {
    app = await registry();
    world = await openWorld(app);
    tenant = await tenantWithCrm(world);
    await app.sql(`update tenant_products set config = '{"text": "\\u2028 \\" </script>", "list": [1, null]}', expires_at = '2099-01-01' where tenant_id = $1`, [tenant.id]);
    key = (await madeKey(tenant.admin, { scopes: ["read", "write"], allowedIps: ["10.0.0.0/8"] })).plaintext;
  });
  afterEach(() => {
    app.clock.now = null;
    vi.restoreAllMocks();
  });

  const ARGUMENTS = "key: $key, scopes: $scopes, environment: $environment, clientIp: $clientIp";
  const VARIABLES = "$key: String!, $scopes: [String!], $environment: ApiKeyEnvironment, $clientIp: String";
  const ALL =
    "__typename valid code readOnly apiKeyId tenantId tenantSlug environment projectId scopes owner ownerId expiresAt checkedAt maxStalenessMs " +
    "again: code entitlement { __typename granted reason source limits config validUntil demo }";

  /** Once as it is, and once in a fragment, which has to be executed. */
  async function bothWays(caller: Caller, variables: Record<string, unknown>): Promise<[Answer, Answer]> {
    app.clock.now ??= new Date();
    const field = `asked: verifyApiKey(${ARGUMENTS}) { ${ALL} }`;
    const ask = (text: string) => caller.run(text, variables, { "x-request-id": "same" });
    return [await ask(`query (${VARIABLES}) { ${field} }`), await ask(`query (${VARIABLES}) { ... { ${field} } }`)];
  }

  /** Where in the document the field stands differs, and has to. */
  const seen = ({ status, headers, body }: Answer) => [status, [...headers].filter(([name]) => name !== "date" && name !== "content-length"), JSON.stringify(body).replace(/"locations":\[[^\]]*\]/g, "")];

  it.each<[string, () => { caller?: Caller; variables?: Record<string, unknown> }]>([
    ["for a valid key", () => ({ variables: { clientIp: "10.1.2.3", environment: "DEV", scopes: ["write"] } })],
    ["for a refused one", () => ({ variables: { clientIp: "192.0.2.1" } })],
    ["for what is no key", () => ({ variables: { key: "\ud800 </script> \u2028" } })],
    ["for nobody", () => ({ caller: world.anonymous })],
    ["for whoever may not ask", () => ({ caller: tenant.admin })],
    ["for an invalid question", () => ({ variables: { clientIp: "here" } })],
    ["for a variable of the wrong type", () => ({ variables: { environment: "MOON" } })],
    ["for a scalar where a list may be", () => ({ variables: { scopes: "read", clientIp: "10.1.2.3" } })],
    ["for a list with nothing in it", () => ({ variables: { scopes: [null] } })],
    ["for a variable that nobody declared", () => ({ variables: { more: 1 } })],
  ])("%s", async (_what, given) => {
    const { caller = world.service, variables = {} } = given();
    const [plain, executed] = await bothWays(caller, { key, ...variables });
    expect(seen(plain)).toEqual(seen(executed));
  });

  it("for a failure, which can be tried again", async () => {
    vi.spyOn(poolOf(app), "connect").mockRejectedValue(Object.assign(new Error("nobody listens there"), { code: "ECONNREFUSED" }) as never); // never: of the overloads vitest sees the one with a callback
    const [plain, executed] = await bothWays(world.service, { key: forgedKey("000000000000") });
    expect(fault(plain, "UNAVAILABLE").path).toEqual(["asked"]);
    expect(seen(plain)).toEqual(seen(executed));
  });
});
