import { randomUUID } from "node:crypto";
import { argon2id, hash } from "argon2";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { foreignHash, foreignKey } from "../../testkit/foreign-key.js";
import { data, fault } from "../../testkit/outcome.js";
import { openRegistry, registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const FIELDS = `id name prefix lookupId scopes environment state imported expiresAt createdAt lastUsedAt revokedAt ownerKind allowedIps
  product { key } createdBy { id } owner { id } project { id } tenant { id }`;
const IMPORT = `mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { apiKeys { ${FIELDS} } } }`;
const DAY = 86_400_000;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const bring = (tenant: { id: string }, keys: readonly object[], { by = world.operator, ...more }: { by?: Caller; idempotencyKey?: string | null } = {}, headers = {}) =>
  by.run(IMPORT, { input: { tenantId: tenant.id, keys, ...more } }, headers);
const brought = async (tenant: { id: string }, keys: readonly object[]) => data(await bring(tenant, keys))["importApiKeys"].apiKeys;
const namesIn = async ({ id }: { id: string }) => (await app.sql<{ name: string }>("select name from api_keys where tenant_id = $1 order by name", [id])).map(({ name }) => name);
const expectUntouched = async (tenant: TenantInWorld) => expect([await namesIn(tenant), await actionsIn(app, tenant.id)]).toEqual([[], []]);
const lookupIdOf = (prefix: string) => `~${Buffer.from(prefix).toString("hex")}`;

describe("importApiKeys", () => {
  it("unauthenticated and forbidden: nobody but an operator brings keys, not even a tenant's admin into its own", async () => {
    const tenant = await world.tenant();
    fault(await bring(tenant, [foreignKey()], { by: world.anonymous }), "UNAUTHENTICATED");
    for (const by of [tenant.admin, tenant.auditor, tenant.member, world.support, world.service]) fault(await bring(tenant, [foreignKey()], { by }), "FORBIDDEN");
    await expectUntouched(tenant);
  });

  describe("of one tenant", () => {
    it("a tenant that is there but not the one that the operator narrowed to is answered as one that is not there", async () => {
      const [here, there] = [await world.tenant(), await world.tenant()];
      const key = foreignKey();
      const refused = await bring(there, [key], {}, { "x-tenant-id": here.id });
      fault(refused, "NOT_FOUND");
      for (const id of [randomUUID(), "no-uuid"]) expect((await bring({ id }, [key])).body).toEqual(refused.body);
      await expectUntouched(here);
      await expectUntouched(there);
      expect((await brought(there, [key]))[0].tenant).toEqual({ id: there.id });
    });

    it("is there for no other: by id, in lists, in counts, or by the prefix that both have", async () => {
      const [mine, theirs] = [await world.tenant(), await world.tenant()];
      const prefix = randomUUID().slice(0, 8);
      const [[own], [other]] = [await brought(mine, [foreignKey({ prefix })]), await brought(theirs, [foreignKey({ prefix })])];
      expect(data(await theirs.admin.run("query ($id: ID!) { apiKey(id: $id) { id } }", { id: other.id }))).toEqual({ apiKey: { id: other.id } });
      expect(data(await mine.admin.run("query ($id: ID!) { apiKey(id: $id) { id } }", { id: other.id }))).toEqual({ apiKey: null });
      const found = "query ($prefix: String!) { myTenant { apiKeys(filter: { prefix: $prefix }) { nodes { id } totalCount } } }";
      expect(data(await mine.admin.run(found, { prefix }))["myTenant"].apiKeys).toEqual({ nodes: [{ id: own.id }], totalCount: 1 });
    });

    it("the name is unique in its tenant and free in every other", async () => {
      const [one, other] = [await world.tenant(), await world.tenant()];
      await brought(one, [foreignKey({ name: "ci" })]);
      await brought(other, [foreignKey({ name: "ci" })]);
      fault(await bring(one, [foreignKey(), foreignKey({ name: "ci" })]), "CONFLICT", "keys[1].name");
      expect(await namesIn(one)).toEqual(["ci"]);
    });
  });

  describe("a hash that could not be checked here is refused with its place, in words that do not repeat it, and nothing of the list is kept:", () => {
    const digest = "A".repeat(43);
    const salt = "A".repeat(22);
    it.each([
      ["nothing", ""],
      ["a placeholder", "*"],
      ["bcrypt", `$2b$12$${"a".repeat(53)}`],
      ["argon2i", foreignHash().replace("argon2id", "argon2i")],
      ["argon2d", foreignHash().replace("argon2id", "argon2d")],
      ["an older version of argon2", foreignHash().replace("v=19", "v=16")],
      ["4 GiB of memory", foreignHash("m=4194304,t=3,p=4")],
      ["more memory than is allowed, by one", foreignHash("m=65537,t=1,p=1")],
      ["99 passes", foreignHash("m=65536,t=99,p=1")],
      ["no pass", foreignHash("m=65536,t=0,p=1")],
      ["too many lanes", foreignHash("m=65536,t=3,p=99")],
      ["too little memory for its lanes", foreignHash("m=8,t=3,p=4")],
      ["additional data", `$argon2id$v=19$m=65536,t=3,p=4,data=AAAA$${salt}$${digest}`],
      ["a short digest", `$argon2id$v=19$m=65536,t=3,p=4$${salt}$AAAA`],
      ["no digest", `$argon2id$v=19$m=65536,t=3,p=4$${salt}`],
      ["a long digest", `$argon2id$v=19$m=65536,t=3,p=4$${salt}$${"A".repeat(10_000)}`],
      ["a second line", `${foreignHash()}\n`],
      ["a null character", `${foreignHash()}\u0000`],
    ])("%s", async (_what, hash) => {
      const tenant = await world.tenant();
      const answer = await bring(tenant, [foreignKey(), foreignKey({ hash }), foreignKey()]);
      expect(fault(answer, "BAD_USER_INPUT", "keys[1].hash").message).toMatch(/^keys\[1\]: hash must be /);
      if (hash.length > 1) expect(JSON.stringify(answer.body)).not.toContain(JSON.stringify(hash).slice(1, -1));
      await expectUntouched(tenant);
    });
  });

  describe("invalid", () => {
    it.each([
      [{ name: "" }, "name"],
      [{ name: "a\u202eb" }, "name"],
      [{ product: "CRM" }, "product"],
      [{ product: "nothing" }, "product"],
      [{ scopes: ["read", "admin"] }, "scopes"],
      [{ scopes: ["read", "read"] }, "scopes"],
      [{ scopes: ["READ"] }, "scopes"],
      [{ scopes: Array.from({ length: 51 }, () => "read") }, "scopes"],
      [{ prefix: "" }, "prefix"],
      [{ prefix: "abcdefg" }, "prefix"],
      [{ prefix: "abcdefghi" }, "prefix"],
      [{ prefix: "abc efgh" }, "prefix"],
      [{ prefix: "abcdefg\u00e9" }, "prefix"],
      [{ prefix: "trk_prod" }, "prefix"],
      [{ expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt"],
      [{ expiresAt: "9999-01-01T00:00:00Z" }, "expiresAt"],
      [{ expiresAt: null }, "expiresAt"],
      [{ createdAt: "9999-01-01T00:00:00Z" }, "createdAt"],
      [{ createdAt: "0000-12-31T23:59:59Z" }, "createdAt"],
      [{ createdAt: "0001-01-01T00:00:00+14:00" }, "createdAt"],
      [{ createdAt: "1969-12-31T23:59:59.999Z" }, "createdAt"],
      [{ createdAt: null }, "createdAt"],
      [{ createdById: "" }, "createdById"],
      [{ createdById: "a\u0000" }, "createdById"],
    ])("%o is refused with its place, and nothing of the list is kept", async (wrong, field) => {
      const tenant = await world.tenant();
      const error = fault(await bring(tenant, [foreignKey(), foreignKey(wrong)]), "BAD_USER_INPUT", `keys[1].${field}`);
      expect(error.message).toContain("keys[1]");
      await expectUntouched(tenant);
    });

    it("a list of none, and one of more than a hundred", async () => {
      const tenant = await world.tenant();
      for (const keys of [[], Array.from({ length: 101 }, () => foreignKey())]) fault(await bring(tenant, keys), "BAD_USER_INPUT", "keys");
      await expectUntouched(tenant);
    });

    it("the same key twice, and two keys of one name", async () => {
      const [tenant, key] = [await world.tenant(), foreignKey()];
      fault(await bring(tenant, [key, foreignKey(), { ...key, name: "another" }]), "BAD_USER_INPUT", "keys[2].hash");
      fault(await bring(tenant, [key, foreignKey(), foreignKey({ name: key["name"] })]), "CONFLICT", "keys[2].name");
      await expectUntouched(tenant);
    });
  });

  describe("keys that begin with the same eight characters", () => {
    const alike = (prefix: string, count: number) => Array.from({ length: count }, () => foreignKey({ prefix }));
    const seatsOf = async (prefix: string) => (await app.sql<{ seat: number }>("select lookup_seat as seat from api_keys where lookup_id = $1 order by 1", [lookupIdOf(prefix)])).map(({ seat }) => seat);

    it("are at most eight in one list: the ninth is named, and none is kept", async () => {
      const [tenant, prefix] = [await world.tenant(), randomUUID().slice(0, 8)];
      fault(await bring(tenant, [...alike(prefix, 4), foreignKey(), ...alike(prefix, 5)]), "CONFLICT", "keys[9].prefix");
      await expectUntouched(tenant);
      expect(await brought(tenant, [...alike(prefix, 4), foreignKey(), ...alike(prefix, 4)])).toHaveLength(9);
      expect(await seatsOf(prefix)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });

    it("are at most eight in the whole registry, whosever they are", async () => {
      const [one, other, prefix] = [await world.tenant(), await world.tenant(), randomUUID().slice(0, 8)];
      await brought(one, alike(prefix, 3));
      await brought(other, alike(prefix, 5));
      for (const tenant of [one, other]) fault(await bring(tenant, [foreignKey(), ...alike(prefix, 1)]), "CONFLICT", "keys[1].prefix");
      expect([(await namesIn(one)).length, (await namesIn(other)).length, await seatsOf(prefix)]).toEqual([3, 5, [0, 1, 2, 3, 4, 5, 6, 7]]);
    });

    it("of twenty at once in twenty tenants eight are kept, each in a place of its own; the others are told", async () => {
      const prefix = randomUUID().slice(0, 8);
      const tenants = await Promise.all(Array.from({ length: 20 }, () => world.tenant()));
      const answers = await Promise.all(tenants.map((tenant) => bring(tenant, alike(prefix, 1))));
      for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "CONFLICT", "keys[0].prefix");
      expect(answers.filter(({ body }) => !body.errors)).toHaveLength(8);
      expect(await seatsOf(prefix)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });
  });

  it("of twenty at once that bring one name exactly one is done", async () => {
    const tenant = await world.tenant();
    const answers = await Promise.all(Array.from({ length: 20 }, () => bring(tenant, [foreignKey({ name: "race" })])));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "CONFLICT", "keys[0].name");
    expect([await namesIn(tenant), await actionsIn(app, tenant.id)]).toEqual([["race"], ["api_key.import"]]);
  });

  it("archived: nobody brings anything, whatever a job has noticed", async () => {
    for (const fields of [{ status: "archived" }, { status: "frozen", frozenAt: new Date(Date.now() - 31 * DAY) }]) {
      const tenant = await world.tenant(fields);
      fault(await bring(tenant, [foreignKey()]), "TENANT_READ_ONLY");
      await expectUntouched(tenant);
    }
  });

  it("frozen: an operator may", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    await brought(tenant, [foreignKey({ name: "kept" })]);
    expect(await namesIn(tenant)).toEqual(["kept"]);
  });

  describe("how long an imported key lives is up to the tenant's policy, as for new ones:", () => {
    const AT = new Date("2031-05-01T10:00:00.000Z");
    const at = (days: number, ms = 0) => new Date(AT.getTime() + days * DAY + ms).toISOString();
    /** A tenant with this policy, at {@link AT}, and what an operator who signed in then brings there. */
    const withPolicy = async (maxLifetimeDays: number, mayNeverExpire: boolean) => {
      app.clock.now = AT;
      const tenant = await world.tenant();
      await app.sql("insert into api_key_policies (tenant_id, max_lifetime_days, may_never_expire) values ($1, $2, $3)", [tenant.id, maxLifetimeDays, mayNeverExpire]);
      const by = await world.caller({ realm_access: { roles: ["platform-operator"] } });
      return (expiresAt?: string | null) => bring(tenant, [foreignKey(expiresAt === undefined ? {} : { expiresAt })], { by });
    };
    const endOf = (answer: Awaited<ReturnType<typeof bring>>) => data(answer)["importApiKeys"].apiKeys[0].expiresAt;

    it("90 days when nothing is said, or less if no more is allowed", async () => {
      expect(endOf(await (await withPolicy(365, true))())).toBe(at(90));
      expect(endOf(await (await withPolicy(30, false))())).toBe(at(30));
    });

    it("not a millisecond longer than allowed", async () => {
      const bringWith = await withPolicy(30, false);
      expect(endOf(await bringWith(at(30)))).toBe(at(30));
      fault(await bringWith(at(30, 1)), "BAD_USER_INPUT", "keys[0].expiresAt");
    });

    it("for ever only where that is allowed", async () => {
      fault(await (await withPolicy(365, false))(null), "BAD_USER_INPUT", "keys[0].expiresAt");
      expect(endOf(await (await withPolicy(30, true))(null))).toBeNull();
    });
  });

  describeRepeatable(() => app, "api_key.import", async () => {
    const tenant = await world.tenant();
    const [one, two] = [foreignKey(), foreignKey()];
    const colleague = await world.caller({ realm_access: { roles: ["platform-operator"] } });
    return {
      send: (idempotencyKey, { other, by } = {}) => bring(tenant, [other ? two : one], { idempotencyKey, ...(by && { by: colleague }) }),
      async hinder() {
        await app.sql("insert into api_keys (tenant_id, name, hash, prefix) values ($1, $2, '*', 'abcdefgh')", [tenant.id, one["name"]]);
        return async () => void (await app.sql("delete from api_keys where tenant_id = $1", [tenant.id]));
      },
      count: async () => (await namesIn(tenant)).length,
      tenantId: async () => tenant.id,
    };
  });

  describe("repeated under its idempotency key", () => {
    it("is answered as it was, also when a key was revoked since or the tenant archived, and no hash is kept with the answer", async () => {
      const [tenant, keys] = [await world.tenant(), [foreignKey(), foreignKey()]];
      const first = await bring(tenant, keys, { idempotencyKey: "key" });
      expect(data(first)["importApiKeys"].apiKeys).toHaveLength(2);
      const [kept] = await app.sql<{ all: string }>("select string_agg(i::text, '') as all from idempotency_keys i where tenant_id = $1", [tenant.id]);
      for (const { hash } of keys) expect(kept?.all).not.toContain(hash);
      expect(kept?.all).not.toContain("argon2id");
      await app.sql("update tenants set status = 'archived', archived_at = now() where id = $1", [tenant.id]);
      expect((await bring(tenant, keys, { idempotencyKey: "key" })).body).toEqual(first.body);
      fault(await bring(tenant, keys, { idempotencyKey: "another" }), "TENANT_READ_ONLY");
    });

    it("with its keys in another order is another list", async () => {
      const [tenant, keys] = [await world.tenant(), [foreignKey(), foreignKey()]];
      data(await bring(tenant, keys, { idempotencyKey: "key" }));
      fault(await bring(tenant, [...keys].reverse(), { idempotencyKey: "key" }), "CONFLICT", "idempotencyKey");
    });
  });

  it("ok: a hundred at once, in the order in which they were given, each with an event of its own", async () => {
    const tenant = await world.tenant();
    const keys = Array.from({ length: 100 }, () => foreignKey());
    expect((await brought(tenant, keys)).map(({ name }: { name: string }) => name)).toEqual(keys.map(({ name }) => name));
    const events = await eventsOf(app, tenant.id);
    expect(events.map(({ action, targetName }) => [action, targetName])).toEqual(keys.map(({ name }) => ["api_key.import", name]));
  });

  it("ok: what may be left out is left out, and keys of a product without scopes have none", async () => {
    const tenant = await world.tenant();
    const [key] = await brought(tenant, [foreignKey({ product: "docs", scopes: [] })]);
    expect(key).toMatchObject({ scopes: [], environment: null, createdBy: null, product: { key: "docs" } });
  });

  it("ok and audited: the hash is stored as it was given and told nobody, with one event that says by what the key is found", async () => {
    const [tenant, subject, requestId] = [await world.tenant(), unique("operator"), unique("request")];
    const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
    const expiresAt = new Date(Date.now() + 10 * DAY).toISOString();
    const given = foreignKey({ environment: "STAGING", createdAt: "2020-02-03T04:05:06.789Z", createdById: "sub-1", expiresAt });
    const answer = await bring(tenant, [given], { by: operator }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const [key] = data(answer)["importApiKeys"].apiKeys;
    const lookupId = lookupIdOf(given["prefix"] as string);
    expect(key).toEqual({
      id: expect.any(String),
      name: given["name"],
      prefix: given["prefix"],
      lookupId,
      scopes: ["read"],
      environment: "STAGING",
      state: "ACTIVE",
      imported: true,
      expiresAt,
      createdAt: "2020-02-03T04:05:06.789Z",
      lastUsedAt: null,
      revokedAt: null,
      ownerKind: "TENANT",
      allowedIps: [],
      product: { key: "crm" },
      createdBy: { id: "sub-1" },
      owner: null,
      project: null,
      tenant: { id: tenant.id },
    });
    expect(data(await tenant.admin.run(`query ($id: ID!) { apiKey(id: $id) { ${FIELDS} } }`, { id: key.id }))["apiKey"]).toEqual(key);
    expect(await app.sql("select hash, pepper_id, lookup_seat, imported_at is not null as imported from api_keys where id = $1", [key.id])).toEqual([
      { hash: given["hash"], pepper_id: null, lookup_seat: 0, imported: true },
    ]);
    expect(JSON.stringify(answer.body) + app.logged.join("")).not.toContain(given["hash"]);
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "api_key.import",
        actorType: "user",
        targetType: "api_key",
        targetId: key.id,
        targetName: given["name"],
        projectId: null,
        product: "crm",
        metadata: { lookup_id: lookupId, actor_role: "operator" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Olga" });
  });
});

describe("a key that was imported", () => {
  const VERIFY = "query ($key: String!) { verifyApiKey(key: $key) { code apiKeyId } }";
  let own: Registry;
  let there: World;
  beforeAll(async () => {
    own = await openRegistry({ environment: { API_KEYS_IMPORTED: "true" } });
    there = await openWorld(own);
  });
  afterAll(() => own.close());

  /** A key as its maker knows it, and as it is brought here. */
  const secretKey = async (prefix: string) => {
    const text = prefix + randomUUID();
    return { text, given: foreignKey({ prefix, hash: await hash(text, { type: argon2id, memoryCost: 8_192, timeCost: 3, parallelism: 4 }) }) };
  };
  const verify = async (key: string, caller = there.service) => data(await caller.run(VERIFY, { key }))["verifyApiKey"];

  it("is valid by its own text, not before it was brought, not with another ending, not for another product, and not once it was revoked", async () => {
    const tenant = await there.tenant();
    await tenant.entitlement("crm");
    const { text, given } = await secretKey(randomUUID().slice(0, 8));
    const unknown = { code: "NOT_FOUND", apiKeyId: null };
    expect(await verify(text)).toEqual(unknown);
    const [{ id }] = data(await bring(tenant, [given], { by: there.operator }))["importApiKeys"].apiKeys;
    expect(await verify(`${text.slice(0, -1)}~`)).toEqual(unknown);
    for (const _ of [1, 2]) expect(await verify(text)).toEqual({ code: "VALID", apiKeyId: id });
    expect(await verify(text, await there.caller({ product: "desk" }))).toMatchObject({ code: "WRONG_PRODUCT" });
    data(await tenant.admin.run("mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { state } } }", { id }));
    expect(await verify(text)).toMatchObject({ code: "REVOKED" });
  });

  it("is found among eight that begin alike, in tenants of their own, each by its own text", async () => {
    const prefix = randomUUID().slice(0, 8);
    const keys = await Promise.all(Array.from({ length: 8 }, async () => {
      const [tenant, { text, given }] = [await there.tenant(), await secretKey(prefix)];
      await tenant.entitlement("crm");
      return { text, id: data(await bring(tenant, [given], { by: there.operator }))["importApiKeys"].apiKeys[0].id as string };
    }));
    for (const { text, id } of keys) expect(await verify(text)).toEqual({ code: "VALID", apiKeyId: id });
  });

  it("is nothing where the registry is not set to look for imported keys", async () => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    const { text, given } = await secretKey(randomUUID().slice(0, 8));
    await brought(tenant, [given]);
    expect(await verify(text, world.service)).toEqual({ code: "MALFORMED", apiKeyId: null });
  });
});
