/** Owns the guarantees of the configuration: every problem is named at once and no value is shown; production never falls back to development. */
import { describe, expect, it } from "vitest";
import { ConfigError, readConfig, readOwnerConfig, VARIABLES } from "../../src/config.js";

const DATABASE_URL = "postgres://service:hunter2@db:5432/registry";
const KEYCLOAK_ISSUER = "https://id.example.com/realms/platform";
const SECRET = Buffer.alloc(32, "hunter2");
const LONG = Buffer.alloc(64, 0xff);
const API_KEY_PEPPERS = `first:${SECRET.toString("base64url")}`;
const PROD = { APP_ENV: "prod", DATABASE_URL, KEYCLOAK_ISSUER, API_KEY_PEPPERS };

function problemsOf(env: Record<string, string>, read: (env: Record<string, string>) => unknown = readConfig): readonly string[] {
  try {
    read(env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
}

describe("defaults", () => {
  it("without any variable: development, embedded, seed 004's port, this machine only", () => {
    expect(readConfig({})).toEqual({
      environment: "dev",
      listen: { host: "127.0.0.1", port: 8090 },
      publicUrl: "http://localhost:8090",
      dataDir: ".data",
      database: undefined,
      migrateOnStart: true,
      token: {
        audience: "tenant-registry",
        profile: "keycloak",
        algorithms: ["RS256", "PS256", "ES256", "EdDSA"],
        roleClaims: [["realm_access", "roles"]],
        serviceClients: null,
      },
      introspection: true,
      portalUrl: "http://localhost:3000",
      logLevel: "info",
      apiKeys: { peppers: [{ id: "dev", secret: expect.any(Buffer) }], imported: false },
      claimsBudgetMs: 300,
      trustedHops: 0,
      misspelt: [],
    });
  });

  it("in production: every address, no migration on start, no introspection", () => {
    expect(readConfig(PROD)).toMatchObject({
      environment: "prod",
      listen: { host: "0.0.0.0", port: 8090 },
      database: { url: DATABASE_URL, ownerUrl: DATABASE_URL, poolSize: 10 },
      issuer: KEYCLOAK_ISSUER,
      migrateOnStart: false,
      introspection: false,
      portalUrl: null,
      apiKeys: { peppers: [{ id: "first", secret: SECRET }], imported: false },
    });
  });

  it("an empty variable counts as not set", () => {
    expect(readConfig(Object.fromEntries(VARIABLES.map((name) => [name, ""])))).toEqual(readConfig({}));
  });
});

describe("the address to listen on", () => {
  it.each([
    [":9000", "127.0.0.1", 9000, "http://localhost:9000"],
    ["127.0.0.1:9000", "127.0.0.1", 9000, "http://localhost:9000"],
    ["localhost:9000", "localhost", 9000, "http://localhost:9000"],
    ["0.0.0.0:1", "0.0.0.0", 1, "http://localhost:1"],
    ["[::]:65535", "::", 65_535, "http://localhost:65535"],
    ["[::1]:9000", "::1", 9000, "http://localhost:9000"],
    ["192.0.2.7:9000", "192.0.2.7", 9000, "http://192.0.2.7:9000"],
    ["[2001:db8::7]:9000", "2001:db8::7", 9000, "http://[2001:db8::7]:9000"],
    ["registry.internal:9000", "registry.internal", 9000, "http://registry.internal:9000"],
  ])("%s is %s, port %d, and callers are told %s", (ADDR, host, port, publicUrl) => {
    expect(readConfig({ ADDR })).toMatchObject({ listen: { host, port }, publicUrl });
  });

  it("without a host it is every address when the issuer is a real one, because nothing is given away then", () => {
    expect(readConfig({ ADDR: ":9000", KEYCLOAK_ISSUER }).listen).toEqual({ host: "0.0.0.0", port: 9000 });
  });

  it("callers are told PUBLIC_URL when there is one, without a slash at its end", () => {
    expect(readConfig({ PUBLIC_URL: "https://registry.example.com/" }).publicUrl).toBe("https://registry.example.com");
  });
});

describe("what each variable takes", () => {
  it.each([
    ["APP_ENV", "stage", { environment: "stage" }],
    ["DATABASE_POOL_SIZE", "200", { database: { poolSize: 200 } }],
    ["DATABASE_OWNER_URL", "postgresql://owner@db/registry", { database: { url: DATABASE_URL, ownerUrl: "postgresql://owner@db/registry" } }],
    ["MIGRATE_ON_START", "true", { migrateOnStart: true }],
    ["DATA_DIR", "/srv/registry", { dataDir: "/srv/registry" }],
    ["CATALOG_FILE", "/etc/registry/catalog.yaml", { catalogFile: "/etc/registry/catalog.yaml" }],
    ["DEMO_SNAPSHOT_FILE", "/etc/registry/demo.yaml", { demoSnapshotFile: "/etc/registry/demo.yaml" }],
    ["PLATFORM_FILE", "/etc/registry/platform.yaml", { platformFile: "/etc/registry/platform.yaml" }],
    ["TOKEN_AUDIENCE", "https://registry", { token: { audience: "https://registry" } }],
    ["TOKEN_PROFILE", "rfc9068", { token: { profile: "rfc9068" } }],
    ["TOKEN_ALGORITHMS", "EdDSA, ES256", { token: { algorithms: ["EdDSA", "ES256"] } }],
    ["TOKEN_ROLE_CLAIMS", "roles, resource_access.portal.roles", { token: { roleClaims: [["roles"], ["resource_access", "portal", "roles"]] } }],
    ["TOKEN_SERVICE_CLIENTS", "crm, chat,", { token: { serviceClients: ["crm", "chat"] } }],
    ["API_KEY_PEPPERS", `2026-1:${LONG.toString("base64url")}, ${API_KEY_PEPPERS}`, { apiKeys: { peppers: [{ id: "2026-1", secret: LONG }, { id: "first", secret: SECRET }] } }],
    ["API_KEYS_IMPORTED", "true", { apiKeys: { imported: true } }],
    ["CLAIMS_BUDGET_MS", "50", { claimsBudgetMs: 50 }],
    ["TRUSTED_HOPS", "2", { trustedHops: 2 }],
    ["GRAPHQL_INTROSPECTION", "true", { introspection: true }],
    ["LOG_LEVEL", "silent", { logLevel: "silent" }],
  ])("%s=%s", (name, value, expected) => {
    expect(readConfig({ ...PROD, [name]: value })).toMatchObject(expected);
  });

  it.each([
    ["APP_ENV", "production"],
    ["APP_ENV", "PROD"],
    ["ADDR", "8090"],
    ["ADDR", "somewhere"],
    ["ADDR", ":0"],
    ["ADDR", ":65536"],
    ["ADDR", ":99999999"],
    ["ADDR", "::1:8090"],
    ["ADDR", "host name:80"],
    ["ADDR", "http://host:80"],
    ["PUBLIC_URL", "registry.example.com"],
    ["PUBLIC_URL", "ftp://registry.example.com"],
    ["DATABASE_URL", "mysql://user:hunter2@db/registry"],
    ["DATABASE_URL", "db:5432"],
    ["DATABASE_OWNER_URL", "host=db password=hunter2"],
    ["DATABASE_POOL_SIZE", "0"],
    ["DATABASE_POOL_SIZE", "201"],
    ["DATABASE_POOL_SIZE", "1.5"],
    ["DATABASE_POOL_SIZE", "many"],
    ["MIGRATE_ON_START", "yes"],
    ["KEYCLOAK_ISSUER", "id.corp.example"],
    ["KEYCLOAK_ISSUER", "file:///etc/passwd"],
    ["TOKEN_AUDIENCE", "x".repeat(256)],
    ["TOKEN_PROFILE", "jwt"],
    ["TOKEN_ALGORITHMS", "none"],
    ["TOKEN_ALGORITHMS", "HS256"],
    ["TOKEN_ALGORITHMS", "RS256,none"],
    ["TOKEN_ALGORITHMS", ","],
    ["TOKEN_ROLE_CLAIMS", " , "],
    ["TOKEN_SERVICE_CLIENTS", ","],
    ["API_KEY_PEPPERS", "hunter2"],
    ["API_KEY_PEPPERS", SECRET.toString("base64url")],
    ["API_KEY_PEPPERS", `first:${SECRET.subarray(1).toString("base64url")}`],
    ["API_KEY_PEPPERS", `first:${Buffer.alloc(65).toString("base64url")}`],
    ["API_KEY_PEPPERS", `first:${SECRET.toString("base64")}`],
    ["API_KEY_PEPPERS", `first:${"A".repeat(42)}B`],
    ["API_KEY_PEPPERS", `First:${SECRET.toString("base64url")}`],
    ["API_KEY_PEPPERS", `${"x".repeat(21)}:${SECRET.toString("base64url")}`],
    ["API_KEY_PEPPERS", `:${SECRET.toString("base64url")}`],
    ["API_KEY_PEPPERS", `${API_KEY_PEPPERS},${API_KEY_PEPPERS}`],
    ["API_KEY_PEPPERS", `${API_KEY_PEPPERS},`],
    ["API_KEY_PEPPERS", `${API_KEY_PEPPERS},second:hunter2`],
    ["API_KEYS_IMPORTED", "yes"],
    ["CLAIMS_BUDGET_MS", "49"],
    ["CLAIMS_BUDGET_MS", "5001"],
    ["TRUSTED_HOPS", "-1"],
    ["TRUSTED_HOPS", "all"],
    ["GRAPHQL_INTROSPECTION", "1"],
    ["LOG_LEVEL", "verbose"],
  ])("%s=%s is refused by name, and the value is not shown", (name, value) => {
    const problems = problemsOf({ DATABASE_URL, [name]: value });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name} must `))]);
    if (value.trim().length > 2) expect(problems.join().replaceAll(name, "")).not.toContain(value);
  });

  it("every problem is named at once, and no secret among them", () => {
    const env = {
      APP_ENV: "prod",
      ADDR: "nowhere",
      DATABASE_URL: "hunter2",
      DATABASE_OWNER_URL: "hunter3",
      KEYCLOAK_CLIENT_SECRET: "hunter4",
      API_KEY_PEPPERS: "first:hunter5",
      LOG_LEVEL: "loud",
    };
    const message = `${problemsOf(env).length} ${new ConfigError(problemsOf(env)).message}`;
    for (const name of ["ADDR", "DATABASE_URL", "DATABASE_OWNER_URL", "LOG_LEVEL", "KEYCLOAK_ISSUER", "API_KEY_PEPPERS", "KEYCLOAK_ADMIN_URL and KEYCLOAK_CLIENT_ID"]) {
      expect(message).toContain(`- ${name} must`);
    }
    expect(message).toMatch(/^7 The configuration has 7 problems:\n/);
    expect(message).not.toMatch(/hunter|nowhere|loud/);
  });
});

describe.each(["stage", "prod"])("APP_ENV=%s", (APP_ENV) => {
  it("names what development would have brought along, and says why it does not", () => {
    expect(problemsOf({ APP_ENV })).toEqual([
      `DATABASE_URL must be set when APP_ENV=${APP_ENV}: the embedded database is for development only`,
      `KEYCLOAK_ISSUER must be set when APP_ENV=${APP_ENV}: the development issuer is for development only`,
      `API_KEY_PEPPERS must be set when APP_ENV=${APP_ENV}: everybody knows the pepper of development`,
    ]);
  });

  it("an empty DATABASE_URL, KEYCLOAK_ISSUER or API_KEY_PEPPERS is none", () => {
    expect(problemsOf({ APP_ENV, DATABASE_URL: "", KEYCLOAK_ISSUER: "", API_KEY_PEPPERS: "" })).toHaveLength(3);
  });
});

describe("an issuer over http", () => {
  const env = { DATABASE_URL, API_KEY_PEPPERS, KEYCLOAK_ISSUER: "http://id.example.com/realms/platform" };

  it("is refused in production, which says why", () => {
    expect(problemsOf({ ...env, APP_ENV: "prod" })).toEqual([expect.stringMatching(/^KEYCLOAK_ISSUER must be https when APP_ENV=prod: /)]);
    expect(problemsOf({ ...env, APP_ENV: "prod", KEYCLOAK_ISSUER: env.KEYCLOAK_ISSUER.replace("http", "HTTP") })).toHaveLength(1);
  });

  it.each(["dev", "stage"])("is accepted in %s", (APP_ENV) => {
    expect(readConfig({ ...env, APP_ENV }).issuer).toBe(env.KEYCLOAK_ISSUER);
  });
});

describe("the portal", () => {
  it("has an address in development; elsewhere it is told, without a slash at its end, or there is none", () => {
    expect(readConfig({ PORTAL_URL: "https://portal.example.com/" }).portalUrl).toBe("https://portal.example.com");
    expect(readConfig({ ...PROD, PORTAL_URL: "https://portal.example.com/app/" }).portalUrl).toBe("https://portal.example.com/app");
    expect(problemsOf({ PORTAL_URL: "portal.example.com" })).toEqual([expect.stringMatching(/^PORTAL_URL must be a URL/)]);
  });
});

describe("variables that only mean something together", () => {
  const ADMIN = { KEYCLOAK_ADMIN_URL: "https://id.example.com", KEYCLOAK_CLIENT_ID: "registry", KEYCLOAK_CLIENT_SECRET: "hunter2" };

  it("Keycloak's Admin API has its address, client and secret, or none of them", () => {
    expect(readConfig(ADMIN).keycloak).toEqual({ url: "https://id.example.com", realm: "breakpilot-dev", clientId: "registry", clientSecret: "hunter2" });
    expect(readConfig({ ...ADMIN, KEYCLOAK_REALM: "platform" }).keycloak?.realm).toBe("platform");
    expect(readConfig({}).keycloak).toBeUndefined();
    for (const name of Object.keys(ADMIN)) {
      expect(problemsOf({ ...ADMIN, [name]: "" })).toEqual([expect.stringMatching(new RegExp(`^${name} must be set too: `))]);
    }
  });

  it("the owner's login is not used to serve with", () => {
    expect(problemsOf({ DATABASE_OWNER_URL: DATABASE_URL })).toEqual([expect.stringMatching(/^DATABASE_URL must be set when DATABASE_OWNER_URL is/)]);
  });
});

describe("the configuration of migrations", () => {
  it.each([[{ DATABASE_OWNER_URL: DATABASE_URL }], [{ DATABASE_URL }]])("needs one database and nothing else, in production too: %j", (database) => {
    expect(readOwnerConfig({ APP_ENV: "prod", ...database })).toMatchObject({ environment: "prod", database: { ownerUrl: DATABASE_URL } });
  });

  it("names every problem, like the service's", () => {
    expect(problemsOf({ APP_ENV: "live" }, readOwnerConfig)).toEqual([
      expect.stringMatching(/^APP_ENV must/),
      expect.stringMatching(/^DATABASE_OWNER_URL or DATABASE_URL must be set/),
    ]);
  });
});

describe("a misspelt variable", () => {
  it.each([
    ["DATABSE_URL", "DATABASE_URL"],
    ["DATABASE_URI", "DATABASE_URL"],
    ["database_url", "DATABASE_URL"],
    ["KEYCLOCK_ISSUER", "KEYCLOAK_ISSUER"],
    ["TOKEN_AUDIENCES", "TOKEN_AUDIENCE"],
    ["LOGLEVEL", "LOG_LEVEL"],
  ])("%s is taken for %s", (variable, meant) => {
    expect(readConfig({ [variable]: "x" }).misspelt).toEqual([{ variable, meant }]);
  });

  it.each(["PATH", "HOME", "HOSTNAME", "NODE_ENV", "PORT", "ADD", "DATABASE_NAME", "PGHOST", "constructor", "__proto__"])("%s is somebody else's", (name) => {
    expect(readConfig({ [name]: "x" }).misspelt).toEqual([]);
  });
});
