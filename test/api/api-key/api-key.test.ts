import { randomBytes, randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const FIELDS = `id name prefix lookupId scopes environment state imported ownerKind allowedIps createdAt expiresAt overlapEndsAt lastUsedAt revokedAt revokeReason
  product { key } project { id } createdBy { id } owner { id } revokedBy { id } rotatedFrom { id } usage { day } tenant { id }`;
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
    const [tenant, lookupId] = [await world.tenant(), randomBytes(6).toString("hex")];
    const { id, name } = await tenant.apiKey();
    const [project, before] = [await tenant.project(), await tenant.apiKey()];
    await app.sql(
      `update api_keys set scopes = '{read,write:all}', created_by = 'sub-1', last_used_at = '2026-01-01', revoked_at = '2026-01-02', revoked_by = 'sub-3', revoke_reason = 'leaked',
         lookup_id = $2, environment = 'staging', project_id = $3, owner_kind = 'user', owner_id = 'sub-2', allowed_ips = '{10.0.0.0/8,2001:db8::1}', expires_at = '2026-02-01 00:00:00.123456+00',
         rotated_from_id = $4, rotated_at = '2026-01-01', overlap_ends_at = '2026-01-03' where id = $1`,
      [id, lookupId, project.id, before.id],
    );
    await app.sql("insert into api_key_usage (tenant_id, api_key_id, day, verified) values ($1, $2, (now() at time zone 'utc')::date, 1)", [tenant.id, id]);
    for (const spelling of [id, id.toUpperCase()]) {
      expect(data(await ask(tenant.admin, spelling))["apiKey"]).toEqual({
        id,
        name,
        prefix: "abcdefgh",
        lookupId,
        scopes: ["read", "write:all"],
        environment: "STAGING",
        state: "REVOKED",
        imported: false,
        ownerKind: "USER",
        allowedIps: ["10.0.0.0/8", "2001:db8::1"],
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        expiresAt: "2026-02-01T00:00:00.123Z",
        overlapEndsAt: "2026-01-03T00:00:00.000Z",
        lastUsedAt: "2026-01-01T00:00:00.000Z",
        revokedAt: "2026-01-02T00:00:00.000Z",
        revokeReason: "LEAKED",
        product: { key: "crm" },
        project: { id: project.id },
        createdBy: { id: "sub-1" },
        owner: { id: "sub-2" },
        revokedBy: { id: "sub-3" },
        rotatedFrom: { id: before.id },
        usage: [{ day: expect.any(String) }],
        tenant: { id: tenant.id },
      });
    }
  });

  it("ok: what a list answers at once is what is answered of each key, for each way of asking", async () => {
    const tenant = await world.tenant();
    const [{ id }, { id: bare }] = [await tenant.apiKey(), await tenant.apiKey()];
    const [project, lookupId] = [await tenant.project(), randomBytes(6).toString("hex")];
    await app.sql(
      `update api_keys set created_by = 'sub-1', lookup_id = $2, environment = 'prod', project_id = $3, owner_kind = 'user', owner_id = 'sub-2', allowed_ips = '{10.0.0.1}',
         expires_at = '2099-02-01', rotated_at = now(), overlap_ends_at = '2098-01-03 00:00:00.9999+00', imported_at = now() where id = $1`,
      [id, lookupId, project.id],
    );
    // Postgres writes what needs no resolver; with any of the other fields, or a filter, resolvers answer everything.
    const written = FIELDS.replace(/rotatedFrom \{ id \} usage \{ day \} tenant \{ id \}/, "");
    const expected = new Map<string, object>();
    for (const key of [id, bare]) expected.set(key, data(await tenant.admin.run(`query ($id: ID!) { apiKey(id: $id) { ${written} } }`, { id: key }))["apiKey"]);
    for (const [args, beside] of [["", ""], ["", "tenant { id }"], ["(filter: { revoked: false })", ""]]) {
      const { nodes } = data(await tenant.admin.run(`{ myTenant { apiKeys${args} { nodes { ${written} ${beside} } } } }`))["myTenant"].apiKeys;
      for (const { tenant: _, ...node } of nodes) expect(node).toEqual(expected.get(node.id));
      expect(nodes).toHaveLength(2);
    }
    expect(expected.get(id)).toMatchObject({ state: "ROTATED", imported: true, environment: "PROD", project: { id: project.id }, overlapEndsAt: "2098-01-03T00:00:00.999Z" });
  });

  it("someone else's: neither a project nor an older key of another tenant can be what a key points at", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const [{ id }, project, older] = [await mine.apiKey(), await theirs.project(), await theirs.apiKey()];
    for (const [column, value] of [["project_id", project.id], ["rotated_from_id", older.id]]) {
      await expect(app.sql(`update api_keys set ${column} = $2 where id = $1`, [id, value])).rejects.toMatchObject({ driverError: { code: "23503" } });
    }
  });

  it("ok: what was never set is null", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.apiKey();
    await app.sql("update api_keys set product = null, environment = null where id = $1", [id]);
    expect(data(await ask(tenant.admin, id))["apiKey"]).toMatchObject({
      product: null, environment: null, project: null, lookupId: null, createdBy: null, owner: null, ownerKind: "TENANT", revokedBy: null, revokeReason: null, rotatedFrom: null,
      lastUsedAt: null, expiresAt: null, overlapEndsAt: null, revokedAt: null, state: "ACTIVE", imported: false, scopes: [], allowedIps: [], usage: [],
    });
  });
});
