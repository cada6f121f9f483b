import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const FIELDS = "id name prefix scopes createdAt lastUsedAt revokedAt product { key } createdBy { id } tenant { id }";
const API_KEY = `query ($id: ID!) { apiKey(id: $id) { ${FIELDS} } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const ask = (caller: Caller, id: string, headers = {}) => caller.run(API_KEY, { id }, headers);

describe("apiKey", () => {
  it.each(["", "x", "a\u0000b", "\ud800"])("invalid: %j is the id of no key", async (id) => {
    expect(data(await ask(world.support, id))).toEqual({ apiKey: null });
  });

  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous, (await (await world.tenant()).apiKey()).id), "UNAUTHENTICATED");
  });

  it("forbidden: members, auditors and services see none, whether it exists or not", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.apiKey();
    for (const caller of [tenant.member, tenant.auditor, world.service]) {
      const refused = await ask(caller, id);
      fault(refused, "FORBIDDEN");
      expect((await ask(caller, randomUUID())).body).toEqual(refused.body);
    }
  });

  it("someone else's: a key that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.apiKey();
    expect(data(await ask(theirs.admin, id))["apiKey"].id).toBe(id);
    const answer = await ask(mine.admin, id);
    expect(data(answer)).toEqual({ apiKey: null });
    expect(answer.body).toEqual((await ask(mine.admin, randomUUID())).body);
    expect(data(await ask(world.support, id, { "x-tenant-id": mine.id }))).toEqual({ apiKey: null });
    expect(data(await ask(world.support, id))["apiKey"].tenant.id).toBe(theirs.id);
  });

  it("frozen: the tenant's admin still reads it", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.apiKey();
    expect(data(await ask(tenant.admin, id))["apiKey"].id).toBe(id);
  });

  describe("the hash", () => {
    it("is no field of the schema", async () => {
      const { __type } = data(await world.operator.run(`{ __type(name: "ApiKey") { fields { name } } }`));
      expect(__type.fields.map(({ name }: { name: string }) => name).sort()).toEqual(FIELDS.replace(/\{[^}]*\}/g, "").trim().split(/\s+/).sort());
    });

    it("is in no answer, no event and no log line", async () => {
      const [tenant, hash] = [await world.tenant(), unique("hash")];
      const { id } = await tenant.apiKey();
      await app.sql("update api_keys set hash = $2 where id = $1", [id, hash]);
      const everywhere = `query ($id: ID!, $tenant: ID!) {
        apiKey(id: $id) { ${FIELDS} }
        tenant(id: $tenant) { apiKeys { nodes { ${FIELDS} } edges { node { ${FIELDS} } cursor } } auditEvents { nodes { metadata } } }
        _entities(representations: [{ __typename: "ApiKey", id: "${id}" }]) { ... on ApiKey { ${FIELDS} } }
      }`;
      for (const caller of [tenant.admin, world.support, world.operator]) {
        const answer = await caller.run(everywhere, { id, tenant: tenant.id });
        expect(data(answer)["apiKey"].id).toBe(id);
        expect(JSON.stringify(answer.body)).not.toContain(hash);
      }
      expect(app.logged.filter((line) => line.includes(hash))).toEqual([]);
    });

    it("is not readable for the roles that the service acts in, even by SQL of its own", async () => {
      for (const role of ["registry_tenant", "registry_platform", "registry_overview"]) {
        const peek = app.dataSource.transaction(async (tx) => {
          await tx.query(`set local role ${role}`);
          return tx.query("select hash from api_keys");
        });
        await expect(peek).rejects.toMatchObject({ driverError: { code: "42501" } });
      }
    });
  });

  it("ok: an admin reads a key of its tenant, by an id in any letter case", async () => {
    const tenant = await world.tenant();
    const { id, name } = await tenant.apiKey();
    await app.sql("update api_keys set scopes = '{read,write:all}', created_by = 'sub-1', last_used_at = '2026-01-01', revoked_at = '2026-01-02' where id = $1", [id]);
    for (const spelling of [id, id.toUpperCase()]) {
      expect(data(await ask(tenant.admin, spelling))["apiKey"]).toEqual({
        id,
        name,
        prefix: "abcdefgh",
        scopes: ["read", "write:all"],
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        lastUsedAt: "2026-01-01T00:00:00.000Z",
        revokedAt: "2026-01-02T00:00:00.000Z",
        product: { key: "crm" },
        createdBy: { id: "sub-1" },
        tenant: { id: tenant.id },
      });
    }
  });

  it("ok: what was never set is null", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.apiKey();
    await app.sql("update api_keys set product = null where id = $1", [id]);
    expect(data(await ask(tenant.admin, id))["apiKey"]).toMatchObject({ product: null, createdBy: null, lastUsedAt: null, revokedAt: null, scopes: [] });
  });
});
