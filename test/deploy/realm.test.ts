/** Owns the proof that the development realm agrees with the container set and the seeded tenants; real tokens are `check-realm.sh`'s. */
import { describe, expect, it } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { openDataSource } from "../../src/database/data-source.js";
import { openEmbedded } from "../../src/database/embedded.js";
import { environmentOf, realm, service, text } from "./deployment.js";

describe("the realm", () => {
  const client = (clientId: string) => realm.clients.find((candidate) => candidate["clientId"] === clientId);

  it("has organizations, the roles that the registry knows, and its clients", () => {
    expect(realm.organizationsEnabled).toBe(true);
    expect(realm.roles.realm.map(({ name }) => name)).toEqual(["IT_ADMIN", "AUDITOR", "MEMBER", "platform-support", "platform-operator"]);
    expect(realm.clients.map(({ clientId }) => clientId)).toEqual(["portal", "tenant-registry", "product-crm"]);
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

  it("gives no client more roles than are named, and the registry's account what organizations, invitations and identity providers need", () => {
    for (const each of realm.clients) expect(each).toMatchObject({ fullScopeAllowed: false });
    const account = realm.users.find(({ username }) => username === "service-account-tenant-registry");
    expect(account?.clientRoles).toEqual({ "realm-management": ["manage-organizations", "manage-users", "manage-identity-providers"] });
  });

  it("has no secret of its own: each can be set, and otherwise is the default of docker-compose.yml", () => {
    const secrets = [...realm.clients.map(({ secret }) => secret), ...realm.users.flatMap(({ credentials = [] }) => credentials.map(({ value }) => value))];
    for (const secret of secrets.filter((value) => value !== undefined)) {
      const [, name = "", value] = /^\$\{(\w+):(dev-only-[\w-]+)\}$/.exec(String(secret)) ?? [];
      expect(environmentOf("keycloak")[name], String(secret)).toBe(value);
    }
  });

  it("was recorded with the Keycloak that the set runs, which is the one that the check fetches", () => {
    const recorded = JSON.parse(text("test/fixtures/keycloak-tokens.json")) as { keycloakVersion: string; issuer: string };
    expect(service("keycloak").image).toBe(`quay.io/keycloak/keycloak:${recorded.keycloakVersion}`);
    expect(text("deploy/keycloak/check-realm.sh")).toContain(`KEYCLOAK_VERSION:-${recorded.keycloakVersion}}`);
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
