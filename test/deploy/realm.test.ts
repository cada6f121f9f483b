/** Owns the proof that the development realm agrees with the container set and the seeded tenants; real tokens are `check-realm.sh`'s. */
import { describe, expect, it } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { openDataSource } from "../../src/database/data-source.js";
import { openEmbedded } from "../../src/database/embedded.js";
import { DEFAULT_CLAIMS_MAPPING } from "../../src/kernel/claims.js";
import { environmentOf, realm, service, text } from "./deployment.js";

describe("the realm", () => {
  const client = (clientId: string) => realm.clients.find((candidate) => candidate["clientId"] === clientId);

  it("has organizations, and its clients beside Keycloak's own", () => {
    expect(realm.organizationsEnabled).toBe(true);
    expect(realm.clients.map(({ clientId }) => clientId)).toEqual(["portal", "tenant-registry", "product-crm", "admin-permissions"]);
  });

  it("has the roles that the registry knows where they belong: staff's in the realm, and a tenant's in its organization, where they count in no other", () => {
    const rolesIn = (names: string[]) => names.map((name) => DEFAULT_CLAIMS_MAPPING.roles[name]);
    expect(rolesIn(realm.roles.realm.map(({ name }) => name))).toEqual(["support", "operator"]);
    expect(realm.organizations.map(({ groups }) => rolesIn(groups.map(({ name }) => name)))).toEqual([["admin", "auditor"], ["admin"]]);
    for (const { groups, members } of realm.organizations) {
      const own = groups.map(({ id }) => id);
      for (const member of members) expect(own, member.username).toEqual(expect.arrayContaining(member.groups ?? []));
    }
  });

  it("lets only the portal log people in, with PKCE, and only on this machine", () => {
    expect(client("portal")).toMatchObject({
      publicClient: true,
      standardFlowEnabled: true,
      redirectUris: ["http://localhost/*"],
      attributes: { "pkce.code.challenge.method": "S256" },
    });
    for (const other of ["tenant-registry", "product-crm"]) {
      expect(client(other)).toMatchObject({ publicClient: false, standardFlowEnabled: false, directAccessGrantsEnabled: false });
    }
  });

  it("gives no client more roles than are named, and the registry's account what organizations, invitations and roles in them need", () => {
    for (const each of realm.clients) expect(each).toMatchObject({ fullScopeAllowed: false });
    const account = realm.users.find(({ username }) => username === "service-account-tenant-registry");
    expect(account?.clientRoles).toEqual({ "realm-management": ["manage-organizations", "view-users"] });
    const { policies } = (client("admin-permissions") as Record<string, unknown>)["authorizationSettings"] as { policies: { type: string; config: Record<string, string> }[] };
    expect(policies.map(({ type, config: { users, defaultResourceType, scopes } }) => ({ type, users, defaultResourceType, scopes }))).toEqual([
      { type: "user", users: '["service-account-tenant-registry"]' },
      { type: "scope", defaultResourceType: "Users", scopes: '["manage-group-membership"]' },
    ]);
  });

  it("has no secret of its own: each can be set, and otherwise is the default of docker-compose.yml", () => {
    const secrets = [...realm.clients.map(({ secret }) => secret), ...realm.users.flatMap(({ credentials = [] }) => credentials.map(({ value }) => value))];
    for (const secret of secrets.filter((value) => value !== undefined)) {
      const [, name = "", value] = /^\$\{(\w+):(dev-only-[\w-]+)\}$/.exec(String(secret)) ?? [];
      expect(environmentOf("keycloak")[name], String(secret)).toBe(value);
    }
  });

  it("was recorded with the Keycloak that the set runs, which is the one that the checks fetch", () => {
    const recorded = JSON.parse(text("test/fixtures/keycloak-tokens.json")) as { keycloakVersion: string; issuer: string };
    expect(service("keycloak").image).toBe(`quay.io/keycloak/keycloak:${recorded.keycloakVersion}`);
    expect(text("deploy/keycloak/server.sh")).toContain(`KEYCLOAK_VERSION:-${recorded.keycloakVersion}}`);
    expect(JSON.parse(text(`test/fixtures/keycloak-admin-${recorded.keycloakVersion}.json`))).toMatchObject({ keycloakVersion: recorded.keycloakVersion });
    expect(environmentOf("tenant-registry")["KEYCLOAK_ISSUER"]).toBe(recorded.issuer);
  });

  it("has its organizations as tenants: the seed runs on the migrated schema, twice, and maps each by id, with its audit event", async () => {
    const embedded = await openEmbedded({ dataDir: null });
    const limits = { statementTimeoutMs: 60_000, lockTimeoutMs: 5_000, idleInTransactionTimeoutMs: 60_000, connectTimeoutMs: 10_000 };
    const database = await openDataSource({ embedded, migrations: MIGRATIONS, ...limits });
    try {
      await database.runMigrations();
      const seed = text("deploy/postgres/seed-tenants.sql");
      await database.query(seed);
      await database.query(`RESET ROLE; ${seed}; RESET ROLE`);
      const tenants = await database.query("SELECT id, slug, keycloak_org_id FROM tenants ORDER BY id");
      expect(tenants).toEqual(
        realm.organizations.map(({ id, alias, attributes }) => ({ id: attributes.tenant_id[0], slug: alias, keycloak_org_id: id })),
      );
      const events = await database.query("SELECT tenant_id, action FROM audit_log ORDER BY tenant_id");
      expect(events).toEqual(tenants.map(({ id }: { id: string }) => ({ tenant_id: id, action: "tenant.create" })));
    } finally {
      await database.destroy();
      await embedded.close();
    }
  });
});
