/** Owns the proof that the container set is well formed and agrees with the service and the router that it starts. */
import { describe, expect, it } from "vitest";
import { PROPAGATED_HEADERS, PUBLIC_ERROR_EXTENSIONS } from "../../deploy/router/gateway.config.js";
import { readConfig, readOwnerConfig, VARIABLES } from "../../src/config.js";
import { compose, composeText, environmentOf, realm, service, services, text, withDefaults } from "./deployment.js";

const ONE_SHOT = ["migrate", "seed", "supergraph"];
const dockerfile = text("Dockerfile");

describe("docker-compose.yml", () => {
  it("has database, migration, tenants, mail sink, Keycloak, the registry, composition and router", () => {
    expect(services.map(([name]) => name).sort()).toEqual(
      ["keycloak", "mail", "migrate", "postgres", "router", "seed", "supergraph", "tenant-registry"],
    );
  });

  it("has a default for every variable, and secrets' defaults say that they are for development only", () => {
    expect(withDefaults(composeText).replaceAll("$$", "")).not.toMatch(/\$\{/);
    for (const [, name, value] of composeText.matchAll(/\$\{(\w+(?:PASSWORD|SECRET|PEPPERS)):-([^}]*)\}/g)) {
      expect(value, name).toMatch(/^dev-only-/);
    }
  });

  it.each(services)("%s has a pinned image", (_name, { image, build }) => {
    if (build) expect(image).toMatch(/^tenant-registry[a-z-]*:local$/);
    else expect(image).toMatch(/:v?\d+\.\d+(\.\d+)?$/);
  });

  it.each(services)("%s is published on the loopback address only, and has no privileges", (_name, { ports = [], privileged, volumes = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    expect(privileged).toBeUndefined();
    expect(volumes.filter((volume) => /docker\.sock|^\/(?!\/)/.test(volume))).toEqual([]);
  });

  it.each(services)("%s tells whether it is healthy, or is run once and waited for", (name, { healthcheck, restart, build }) => {
    if (!ONE_SHOT.includes(name)) {
      expect(healthcheck ?? (build && /^HEALTHCHECK/m.test(dockerfile)), name).toBeTruthy();
      return;
    }
    expect(restart).toBe("no");
    const waiters = services.filter(([, { depends_on }]) => depends_on?.[name]?.condition === "service_completed_successfully");
    expect(waiters).not.toEqual([]);
  });

  it("waits only for services that exist, and mounts only files that exist", () => {
    for (const [, { depends_on = {}, volumes = [] }] of services) {
      for (const name of Object.keys(depends_on)) expect(compose.services).toHaveProperty([name]);
      for (const volume of volumes) {
        const source = volume.split(":")[0] ?? "";
        if (source.startsWith("./")) expect(text(source)).not.toBe("");
        else expect(compose.volumes).toHaveProperty([source]);
      }
    }
  });
});

describe("the registry in the set", () => {
  it("gets only variables that it reads, with values that it accepts", () => {
    for (const name of ["tenant-registry", "migrate"]) expect(VARIABLES).toEqual(expect.arrayContaining(Object.keys(environmentOf(name))));
    expect(readConfig(environmentOf("tenant-registry"))).toMatchObject({ environment: "stage", listen: { port: 8090 }, migrateOnStart: false });
    expect(readOwnerConfig(environmentOf("migrate")).database?.ownerUrl).toBe(environmentOf("migrate")["DATABASE_OWNER_URL"]);
  });

  it("verifies the issuer that Keycloak is pinned to, under a name that Keycloak's container has", () => {
    const { KC_HOSTNAME = "", KC_HTTP_PORT } = environmentOf("keycloak");
    const issuer = environmentOf("tenant-registry")["KEYCLOAK_ISSUER"] ?? "";
    expect(issuer).toBe(`${KC_HOSTNAME}/realms/${realm.realm}`);
    expect(service("keycloak").networks?.default.aliases).toContain(new URL(issuer).hostname);
    expect(service("keycloak").ports).toEqual([`127.0.0.1:${KC_HTTP_PORT}:${new URL(issuer).port}`]);
  });

  it("logs in as the role that owns nothing; only the migration has the owner's password", () => {
    expect(environmentOf("tenant-registry")["DATABASE_URL"]).toMatch(/^postgres:\/\/registry_login:/);
    expect(environmentOf("migrate")["DATABASE_OWNER_URL"]).toMatch(/^postgres:\/\/registry_owner:/);
    const ownerPassword = environmentOf("postgres")["REGISTRY_OWNER_PASSWORD"] ?? "";
    const holders = services.filter(([, { environment = {} }]) => Object.values(environment).some((value) => value.includes(ownerPassword)));
    expect(holders.map(([name]) => name)).toEqual(["postgres", "migrate"]);
  });

  it("alone has the peppers of API keys: neither the migration nor the database can try keys", () => {
    expect(services.filter(([, { environment = {} }]) => "API_KEY_PEPPERS" in environment).map(([name]) => name)).toEqual(["tenant-registry"]);
  });

  it("shares its client's secret with Keycloak", () => {
    expect(environmentOf("tenant-registry")["KEYCLOAK_CLIENT_SECRET"]).toBe(environmentOf("keycloak")["REGISTRY_CLIENT_SECRET"]);
  });
});

describe("Dockerfile", () => {
  const stages = dockerfile.split(/^FROM /m).slice(1);
  const runtime = stages.at(-1) ?? "";

  it("builds in stages, and everything that the set builds is one of them", () => {
    const names = stages.map((stage) => /^\S+ AS (\S+)/.exec(stage)?.[1]);
    for (const [, { build }] of services) if (build) expect(names).toContain(build.target);
    expect(names.at(-1)).toBe("runtime");
  });

  it("pins Node 24 everywhere, runs no install script, and takes only production packages along", () => {
    for (const stage of stages) expect(stage).toMatch(/^(node:24\.\d+\.\d+-\w+-slim|base|build) /);
    for (const [install] of dockerfile.matchAll(/npm ci.*/g)) expect(install).toContain("--ignore-scripts");
    expect(runtime).toContain("COPY --from=dependencies /app/node_modules");
    expect(dockerfile).toMatch(/AS dependencies\nRUN npm ci --omit=dev/);
  });

  it("runs the service as a user who is not root, with a health check", () => {
    expect(runtime).toMatch(/^USER node$/m);
    expect(runtime).toMatch(/^HEALTHCHECK [^]*8090\/healthz/m);
    expect(runtime.trim().endsWith('CMD ["node", "dist/src/main.js"]')).toBe(true);
  });
});

describe("the router", () => {
  it("reads the configuration and the supergraph from where the set puts them", () => {
    expect(service("router").volumes).toEqual(["./deploy/router/gateway.config.ts:/gateway/gateway.config.ts:ro", "supergraph:/supergraph:ro"]);
    const written = service("supergraph").command?.find((argument) => argument.startsWith("/supergraph/"));
    expect(service("router").command).toContain(written);
    expect(service("supergraph").command).toContain("tenant-registry=http://tenant-registry:8090/graphql=schema.graphql");
  });

  it("forwards the token and the choice of tenant, and lets the extensions of faults through", () => {
    expect(PROPAGATED_HEADERS).toEqual(["authorization", "x-tenant-id", "x-environment-id", "x-team-id"]);
    expect(PUBLIC_ERROR_EXTENSIONS).toEqual(["code", "field", "retryable", "reference"]);
  });
});
