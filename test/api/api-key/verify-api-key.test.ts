import { randomUUID } from "node:crypto";
import pg from "pg";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { SCOPE_SQL } from "../../../src/kernel/scoped-query.js";
import { keyRows, madeKey, revokeKey, rotateKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { actionsIn } from "../../testkit/events.js";
import { forgedKey, notTheKey, wholeKey } from "../../testkit/leaked-keys.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";
import { poolOf } from "../../walls/visits.js";

const FIELDS =
  "valid code readOnly apiKeyId tenantId tenantSlug environment projectId scopes owner ownerId expiresAt checkedAt maxStalenessMs " +
  "entitlement { granted reason source limits config validUntil demo }";
const VERIFY = `query ($key: String!, $scopes: [String!], $environment: ApiKeyEnvironment, $project: String, $clientIp: String, $acceptReadOnly: Boolean) {
  verifyApiKey(key: $key, scopes: $scopes, environment: $environment, project: $project, clientIp: $clientIp, acceptReadOnly: $acceptReadOnly) { ${FIELDS} } }`;

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

const verify = (caller: Caller, key: string, more: Record<string, unknown> = {}) => caller.run(VERIFY, { key, ...more });
const verdict = async (key: string, more = {}, caller = world.service) => data(await verify(caller, key, more))["verifyApiKey"];
const code = async (key: string, more = {}, caller = world.service) => (await verdict(key, more, caller)).code as string;

/** A tenant that has the CRM, and a key of it. */
async function home(input: Record<string, unknown> = {}): Promise<TenantInWorld & { key: string; plaintext: string; lookupId: string }> {
  const tenant = await tenantWithCrm(world);
  const { plaintext, apiKey } = await madeKey(tenant.admin, input);
  return { ...tenant, plaintext, key: apiKey["id"], lookupId: apiKey["lookupId"] };
}

/** Stop the clock, so many milliseconds before the time that comes back. */
function freeze(ms: number): Date {
  app.clock.now ??= new Date();
  return new Date(app.clock.now.getTime() + ms);
}

/** What is told of a key that is refused. */
const NOTHING = {
  valid: false, readOnly: false, apiKeyId: null, tenantId: null, tenantSlug: null, environment: null, projectId: null, scopes: [], owner: null, ownerId: null,
  expiresAt: null, entitlement: null, checkedAt: expect.any(String), maxStalenessMs: expect.any(Number),
};

function countStatements(): string[] {
  const statements: string[] = [];
  const send = pg.Client.prototype.query as (...args: unknown[]) => unknown;
  vi.spyOn(pg.Client.prototype, "query").mockImplementation(function (this: pg.Client, ...args: unknown[]) {
    const [query] = args as [string | { text: string }];
    const text = typeof query === "string" ? query : query.text;
    if (text !== SCOPE_SQL) statements.push(text);
    return send.apply(this, args);
  } as never); // never: pg declares a dozen overloads, and the spy passes through whichever was called
  return statements;
}

describe("verifyApiKey", () => {
  it("unauthenticated: nobody without a token verifies a key", async () => {
    fault(await verify(world.anonymous, (await home()).plaintext), "UNAUTHENTICATED");
  });

  it("forbidden: neither the tenant's own people nor staff verify keys, whether they are right or not", async () => {
    const { plaintext, admin, auditor, member } = await home();
    for (const caller of [admin, auditor, member, world.support, world.operator, await world.caller({})]) {
      const refused = await verify(caller, plaintext);
      fault(refused, "FORBIDDEN");
      expect((await verify(caller, forgedKey("000000000000"))).body).toEqual(refused.body);
    }
  });

  it.each([
    ["a block of addresses", "clientIp", { clientIp: "10.0.0.0/8" }],
    ["no address", "clientIp", { clientIp: "somewhere" }],
    ["nothing as an address", "clientIp", { clientIp: "" }],
    ["51 scopes", "scopes", { scopes: Array.from({ length: 51 }, () => "read") }],
  ])("invalid: %s is refused, and is no verdict", async (_what, field, more) => {
    const answer = await verify(world.service, (await home()).plaintext, more);
    fault(answer, "BAD_USER_INPUT", field);
    expect(answer.body.data).toBeNull();
  });

  it.each([
    ["plainly", "query ($key: String!) { verifyApiKey(key: $key) { code } }"],
    ["under another name, in a fragment", "query ($key: String!) { ...asked } fragment asked on Query { ... { hidden: verifyApiKey(key: $key) { code } } }"],
    ["among many", "query ($key: String!) { verifyApiKeys(keys: [{ key: $key }]) { code } }"],
    ["beside something else", "query ($key: String!) { __typename verifyApiKey(key: $key) { code } }"],
  ])("a key is not asked about with GET, %s", async (_how, query) => {
    const { plaintext } = await home();
    const get = (asked: string) => {
      const parameters = new URLSearchParams({ query: asked, variables: JSON.stringify({ key: plaintext }) });
      return fetch(`${app.url}/graphql?${parameters.toString()}`, { headers: { authorization: `Bearer ${world.service.token}`, "apollo-require-preflight": "1" } });
    };
    const refused = await get(query);
    expect([refused.status, refused.headers.get("allow")]).toEqual([405, "POST"]);
    expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: "BAD_USER_INPUT" } }] });
    expect(await (await get("{ viewer { subject } }")).json()).toMatchObject({ data: { viewer: {} } });
  });

  describe("what is refused", () => {
    it("what can be no key is told from its text, without a statement", async () => {
      const { plaintext, key: id, lookupId } = await home();
      const texts = notTheKey({ plaintext, id, lookupId, name: "ci" }).filter(([what]) => !what.startsWith("another"));
      const statements = countStatements();
      for (const [what, text] of texts) expect([what, await verdict(text)]).toEqual([what, { ...NOTHING, code: "MALFORMED" }]);
      expect(statements).toEqual([]);
    });

    it("unknown, wrong, and wrong of one that was revoked or is another product's are the same answer, byte for byte", async () => {
      const [live, revoked, desks] = [await home(), await home(), await home()];
      data(await revokeKey(revoked.admin, { id: revoked.key }));
      await app.sql("update api_keys set product = 'desk' where id = $1", [desks.key]);
      freeze(0);
      const unknown = await verify(world.service, forgedKey("000000000000"));
      expect(data(unknown)["verifyApiKey"]).toEqual({ ...NOTHING, code: "NOT_FOUND" });
      for (const { lookupId } of [live, revoked, desks]) expect((await verify(world.service, forgedKey(lookupId))).body).toEqual(unknown.body);
      // They are there.
      expect([await code(live.plaintext), await code(revoked.plaintext), await code(desks.plaintext)]).toEqual(["VALID", "REVOKED", "WRONG_PRODUCT"]);
    });

    it("another product's service learns that the key is another's, and nothing of whose", async () => {
      const { plaintext } = await home();
      const desk = await world.caller({ product: "desk" });
      expect(await verdict(plaintext, {}, desk)).toEqual({ ...NOTHING, code: "WRONG_PRODUCT" });
      expect(await code(plaintext)).toBe("VALID");
      expect(await verdict(plaintext, {}, desk)).toEqual({ ...NOTHING, code: "WRONG_PRODUCT" });
    });

    it.each([
      ["another environment", { environment: "PROD" }, "WRONG_ENVIRONMENT"],
      ["a scope that it has not got", { scopes: ["read", "write"] }, "INSUFFICIENT_SCOPE"],
      ["an address that is not among its own", { clientIp: "192.0.2.9" }, "IP_NOT_ALLOWED"],
      ["no address, when it has some of its own", { clientIp: null }, "IP_NOT_ALLOWED"],
    ])("%s", async (_what, more, expected) => {
      const { plaintext } = await home({ allowedIps: ["10.0.0.0/8"] });
      expect(await code(plaintext, { clientIp: "10.1.2.3" })).toBe("VALID");
      expect(await verdict(plaintext, { clientIp: "10.1.2.3", ...more })).toEqual({ ...NOTHING, code: expected });
    });

    it("another project than the key's own, by slug and by id", async () => {
      const tenant = await tenantWithCrm(world);
      const [own, other] = [await tenant.project(), await tenant.project()];
      const { plaintext } = await madeKey(tenant.admin, { projectId: own.id });
      for (const project of [own.slug, own.id, null]) expect(await verdict(plaintext, { project })).toMatchObject({ code: "VALID", projectId: own.id });
      for (const project of [other.slug, other.id, "default", ""]) expect(await verdict(plaintext, { project })).toEqual({ ...NOTHING, code: "WRONG_PROJECT" });
    });

    it("of a key that is bound to no project: another tenant's, an archived one, and what is none", async () => {
      const [mine, other] = [await home(), await home()];
      const [own, archived, theirs] = [await mine.project(), await mine.project({ status: "archived" }), await other.project()];
      // They are there.
      for (const project of [theirs.slug, theirs.id]) expect(await verdict(other.plaintext, { project })).toMatchObject({ code: "VALID", tenantId: other.id });
      for (const project of [own.slug, own.id, own.id.toUpperCase(), "default", null]) expect(await verdict(mine.plaintext, { project })).toMatchObject({ code: "VALID", tenantId: mine.id, projectId: null });
      for (const project of [theirs.slug, theirs.id, archived.slug, archived.id, randomUUID(), "nowhere", own.slug.toUpperCase(), "", "a\u0000b", "' or true --"]) {
        expect([project, await verdict(mine.plaintext, { project })]).toEqual([project, { ...NOTHING, code: "WRONG_PROJECT" }]);
      }
    });

    it.each([
      ["emptied", ""],
      ["of another algorithm", "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW"],
      ["that wants 4 GiB", "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$dGFtcGVyZWR0YW1wZXJlZHRhbXBlcmVkdGFtcGVyZWQ"],
    ])("a key whose hash was tampered with: %s", async (_how, hash) => {
      const { plaintext, key } = await home();
      await app.sql("update api_keys set hash = $2 where id = $1", [key, hash]);
      expect(await verdict(plaintext)).toEqual({ ...NOTHING, code: "NOT_FOUND" });
    });
  });

  it("is valid with everything that its user has to know, and nothing is written", async () => {
    const tenant = await tenantWithCrm(world);
    await app.sql(`update tenant_products set config = '{"max_seats": 9}' where tenant_id = $1`, [tenant.id]);
    const { id: projectId, slug } = await tenant.project();
    const expiresAt = freeze(86_400_000).toISOString();
    const { plaintext, apiKey } = await madeKey(tenant.admin, { projectId, expiresAt, scopes: ["read", "write"] });
    const before = [await keyRows(app, tenant.id), await actionsIn(app, tenant.id)];
    expect(await verdict(plaintext, { scopes: ["write"], environment: "DEV", project: slug, clientIp: "2001:db8::1" })).toEqual({
      valid: true,
      code: "VALID",
      readOnly: false,
      apiKeyId: apiKey["id"],
      tenantId: tenant.id,
      tenantSlug: tenant.slug,
      environment: "DEV",
      projectId,
      scopes: ["read", "write"],
      owner: "TENANT",
      ownerId: null,
      expiresAt,
      entitlement: { granted: true, reason: "GRANTED", source: "OVERRIDE", limits: { seats: 5, storageGb: 1, sso: false }, config: { max_seats: 9 }, validUntil: null, demo: false },
      checkedAt: app.clock.now?.toISOString(),
      maxStalenessMs: expect.any(Number),
    });
    expect([await keyRows(app, tenant.id), await actionsIn(app, tenant.id)]).toEqual(before);
  });

  it("tells whose own a person's key is", async () => {
    const [{ id: tenant_id }, sub] = [await tenantWithCrm(world), unique("ada")];
    const { plaintext } = await madeKey(await world.caller({ sub, tenant_id, realm_access: { roles: ["IT_ADMIN"] } }), { ownerKind: "USER" });
    expect(await verdict(plaintext)).toMatchObject({ code: "VALID", owner: "USER", ownerId: sub });
  });

  it("a key that is known is verified without a statement", async () => {
    const { plaintext } = await home();
    expect(await code(plaintext)).toBe("VALID");
    const statements = countStatements();
    const sent: number[] = [];
    // What is known is read again every second while nothing is heard of changes: one of several in a row is without.
    for (let n = 0; n < 5; n++) {
      statements.length = 0;
      expect(await code(plaintext)).toBe("VALID");
      sent.push(statements.length);
    }
    expect(Math.min(...sent)).toBe(0);
  });

  describe("ends", () => {
    it("at once where it was revoked, also for whoever had it verified just before", async () => {
      for (let n = 0; n < 5; n++) {
        const { admin, key, plaintext } = await home();
        const racing = Array.from({ length: 3 }, () => code(plaintext));
        data(await revokeKey(admin, { id: key }));
        expect(await verdict(plaintext)).toEqual({ ...NOTHING, code: "REVOKED" });
        await Promise.all(racing);
        expect(await code(plaintext)).toBe("REVOKED");
      }
    });

    it("to the millisecond with the time beside its successor, which goes on", async () => {
      freeze(0);
      const { admin, key, plaintext } = await home();
      const end = freeze(60_000);
      const { plaintext: successor } = data(await rotateKey(admin, { id: key, overlapSeconds: 60 }))["rotateApiKey"];
      expect(await verdict(plaintext)).toMatchObject({ code: "VALID", expiresAt: end.toISOString() });
      app.clock.now = new Date(end.getTime() - 1);
      expect([await code(plaintext), await code(successor)]).toEqual(["VALID", "VALID"]);
      app.clock.now = end;
      expect([await code(plaintext), await code(successor)]).toEqual(["REVOKED", "VALID"]);
    });

    it("at once with a rotation without such a time", async () => {
      const { admin, key, plaintext } = await home();
      expect(await code(plaintext)).toBe("VALID");
      const { plaintext: successor } = data(await rotateKey(admin, { id: key, overlapSeconds: 0 }))["rotateApiKey"];
      expect([await code(plaintext), await code(successor)]).toEqual(["REVOKED", "VALID"]);
    });

    it("to the millisecond with its own end", async () => {
      const end = freeze(60_000);
      const { plaintext } = await home({ expiresAt: end.toISOString() });
      app.clock.now = new Date(end.getTime() - 1);
      expect(await code(plaintext)).toBe("VALID");
      app.clock.now = end;
      expect(await verdict(plaintext)).toEqual({ ...NOTHING, code: "EXPIRED" });
    });
  });

  describe("fails, and that is never a verdict", () => {
    it("without a database: it can be tried again", async () => {
      const { plaintext } = await home();
      vi.spyOn(poolOf(app), "connect").mockRejectedValue(Object.assign(new Error("nobody listens there"), { code: "ECONNREFUSED" }) as never); // never: of the overloads vitest sees the one with a callback
      for (const text of [plaintext, forgedKey("000000000000")]) {
        const answer = await verify(world.service, text);
        expect(fault(answer, "UNAVAILABLE").extensions.retryable).toBe(true);
        expect([answer.status, answer.body.data]).toEqual([503, null]);
      }
    });

    it("without the pepper that the key was hashed with", async () => {
      const { plaintext, key } = await home();
      await app.sql("update api_keys set pepper_id = 'elsewhere' where id = $1", [key]);
      expect(fault(await verify(world.service, plaintext), "UNAVAILABLE").extensions.retryable).toBe(true);
    });
  });

  it("a look-up id that many keys begin with proves none of them: each needs its own secret", async () => {
    const tenant = await tenantWithCrm(world);
    const [one, other] = [await wholeKey(tenant), await wholeKey(tenant)];
    await app.sql("update api_keys set hash = (select hash from api_keys where id = $2) where id = $1", [one.id, other.id]);
    expect([await code(one.plaintext), await code(other.plaintext)]).toEqual(["NOT_FOUND", "VALID"]);
  });

  it("no line of the log has any part of a key but its look-up id", async () => {
    const { plaintext, lookupId } = await home();
    for (const text of [plaintext, forgedKey(lookupId), plaintext.slice(0, -1)]) await verify(world.service, text);
    await verify(world.service, plaintext, { clientIp: plaintext });
    await world.service.run(`{ verifyApiKey(key: "${plaintext}") { nothing } }`);
    await world.service.run("query ($key: Int!) { verifyApiKey(key: $key) { code } }", { key: plaintext });
    const [secret = ""] = plaintext.split("_").slice(-1);
    expect(app.logged.filter((line) => line.includes(secret))).toEqual([]);
  });
});
