import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { madeKey, revokeKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { forgedKey } from "../../testkit/leaked-keys.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";
import { poolOf } from "../../walls/visits.js";
import { plantKeys } from "../../sessions/key-rounds.js";

const VERIFY = (selection = "code tenantId") => `query ($keys: [VerifyApiKeyInput!]!) { verifyApiKeys(keys: $keys) { ${selection} } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
  vi.restoreAllMocks();
});

type Asked = { key: string } & Record<string, unknown>;
const verify = (caller: Caller, keys: Asked[], selection?: string) => caller.run(VERIFY(selection), { keys });
const verdicts = async (keys: Asked[], selection?: string) => data(await verify(world.service, keys, selection))["verifyApiKeys"];

/** A tenant that has the CRM, and so many keys of it. */
async function home(count = 1) {
  const tenant = await tenantWithCrm(world);
  const keys = await Promise.all(Array.from({ length: count }, () => madeKey(tenant.admin, { name: unique("key") })));
  return { ...tenant, keys: keys.map(({ plaintext: key, apiKey }) => ({ key, id: apiKey["id"] as string })) };
}

describe("verifyApiKeys", () => {
  it("unauthenticated and forbidden: products' services verify keys, and nobody else", async () => {
    const { admin, auditor, member, keys } = await home();
    const asked = keys.map(({ key }) => ({ key }));
    fault(await verify(world.anonymous, asked), "UNAUTHENTICATED");
    for (const caller of [admin, auditor, member, world.support, world.operator]) fault(await verify(caller, asked), "FORBIDDEN");
  });

  it.each([
    ["no key", [], "keys"],
    ["101 keys", Array.from({ length: 101 }, () => ({ key: forgedKey("000000000000") })), "keys"],
    ["an address that is none, in the last of them", [{ key: forgedKey("000000000000") }, { key: "", clientIp: "here" }], "clientIp"],
    ["51 scopes, in the last of them", [{ key: "" }, { key: "", scopes: Array.from({ length: 51 }, () => "read") }], "scopes"],
  ])("invalid: %s", async (_what, keys, field) => {
    const answer = await verify(world.service, keys);
    fault(answer, "BAD_USER_INPUT", field);
    expect(answer.body.data).toBeNull();
  });

  it("several of the largest in one request are refused before any key is looked for", async () => {
    const keys = [{ key: forgedKey("000000000000") }];
    const several = Array.from({ length: 10 }, (_, n) => `a${n}: verifyApiKeys(keys: $keys) { code entitlement { config } }`).join(" ");
    fault(await world.service.run(`query ($keys: [VerifyApiKeyInput!]!) { ${several} }`, { keys }), "LIMIT_EXCEEDED");
  });

  it("each has its own verdict, in the order of the question, also when a key is asked about twice", async () => {
    const [one, other] = [await home(2), await home()];
    const [live, revoked] = one.keys as [{ key: string; id: string }, { key: string; id: string }];
    const [theirs] = other.keys as [{ key: string; id: string }];
    data(await revokeKey(one.admin, { id: revoked.id }));
    const asked = [live, { key: "no key" }, revoked, theirs, { key: forgedKey("000000000000") }, live, { ...live, scopes: ["write"] }, { ...theirs, environment: "PROD" }];
    const questions = asked.map(({ id: _id, ...question }: Asked) => question as Asked);
    expect(await verdicts(questions)).toEqual([
      { code: "VALID", tenantId: one.id },
      { code: "MALFORMED", tenantId: null },
      { code: "REVOKED", tenantId: null },
      { code: "VALID", tenantId: other.id },
      { code: "NOT_FOUND", tenantId: null },
      { code: "VALID", tenantId: one.id },
      { code: "INSUFFICIENT_SCOPE", tenantId: null },
      { code: "WRONG_ENVIRONMENT", tenantId: null },
    ]);
  });

  it("each is for the projects of its own tenant, also when another's are asked about beside it", async () => {
    const [one, other] = [await home(), await home()];
    const [mine, theirs] = [await one.project(), await other.project()];
    const asked = [one, other].flatMap(({ keys: [key] }) => [mine.slug, theirs.slug, mine.id, theirs.id].map((project) => ({ key: key?.key ?? "", project })));
    const [ofOne, ofOther, none] = [{ code: "VALID", tenantId: one.id }, { code: "VALID", tenantId: other.id }, { code: "WRONG_PROJECT", tenantId: null }];
    for (let n = 0; n < 2; n++) expect(await verdicts(asked)).toEqual([ofOne, none, ofOne, none, none, ofOther, none, ofOther]);
  });

  it("says of each what verifyApiKey says of it", async () => {
    const { keys } = await home(3);
    app.clock.now = new Date();
    const asked = [...keys.map(({ key }) => key), forgedKey("000000000000"), "no key"];
    const selection = "valid code apiKeyId scopes expiresAt checkedAt entitlement { granted limits }";
    const singly = await Promise.all(asked.map(async (key) => data(await world.service.run(`query ($key: String!) { verifyApiKey(key: $key) { ${selection} } }`, { key }))["verifyApiKey"]));
    expect(await verdicts(asked.map((key) => ({ key })), selection)).toEqual(singly);
  });

  it("100 keys that nobody knows yet are verified in one request, beside others that are asked about singly", async () => {
    const tenant = await tenantWithCrm(world);
    const keys = await plantKeys(app, tenant.id, 101);
    const asked = keys.map(({ plaintext: key }) => ({ key }));
    const [single] = asked.splice(0, 1) as [Asked];
    const [many, alone] = await Promise.all([verdicts(asked), verdicts([single])]);
    expect([...many, ...alone]).toEqual(keys.map(() => ({ code: "VALID", tenantId: tenant.id })));
  });

  it("one that has ended, and whose pepper is gone for good, does not keep the others from their verdicts", async () => {
    const { admin, keys: [ended, works] } = await home(2);
    await revokeKey(admin, { id: ended?.id });
    await app.sql("update api_keys set pepper_id = 'gone' where id = $1", [ended?.id]);
    expect(await verdicts([{ key: ended?.key ?? "" }, { key: works?.key ?? "" }], "code")).toEqual([{ code: "NOT_FOUND" }, { code: "VALID" }]);
  });

  it("one that cannot be told fails them all, to be tried again: none is denied instead", async () => {
    const { keys } = await home();
    vi.spyOn(poolOf(app), "connect").mockRejectedValue(Object.assign(new Error("nobody listens there"), { code: "ECONNREFUSED" }) as never); // never: of the overloads vitest sees the one with a callback
    const answer = await verify(world.service, [{ key: "no key" }, ...keys.map(({ key }) => ({ key }))]);
    expect(fault(answer, "UNAVAILABLE").extensions.retryable).toBe(true);
    expect([answer.status, answer.body.data]).toEqual([503, null]);
  });
});
