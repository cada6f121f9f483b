/** Owns the guarantee that the service starts and serves whatever Keycloak is like, and says at once what is amiss there. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../testkit/cluster.js";
import { startKeycloakServer, type KeycloakServer } from "../testkit/keycloak-server.js";
import { startService, stopPrograms, type Program } from "../testkit/program.js";
import { openRegistry } from "../testkit/registry.js";

let directory: string;
let keycloak: KeycloakServer;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "registry-amiss-"));
  keycloak = await startKeycloakServer();
});
afterEach(stopPrograms);
afterAll(async () => {
  await keycloak.close();
  await rm(directory, { recursive: true, force: true });
});

/** A service in development, with this Keycloak; it serves. */
async function started(clientSecret: string = keycloak.fake.account.clientSecret): Promise<Program> {
  const { url, clientId } = keycloak.fake.account;
  const address = `127.0.0.1:${await freePort()}`;
  const service = await startService({ DATA_DIR: join(directory, "data"), ADDR: address, KEYCLOAK_ADMIN_URL: url, KEYCLOAK_CLIENT_ID: clientId, KEYCLOAK_CLIENT_SECRET: clientSecret });
  await service.says(/Its answer:/);
  expect((await fetch(`http://${address}/readyz`)).status).toBe(200);
  return service;
}

const AMISS = /"kind":"([\w-]+)".*"msg":"Keycloak cannot be used as it is/;

describe("a Keycloak that cannot be used", () => {
  it.each([
    ["has organisations switched off", () => (keycloak.fake.settings.organizationsEnabled = false), "organizations-disabled"],
    ["gives the account no role", () => (keycloak.fake.settings.roles = []), "forbidden"],
    ["is away", () => keycloak.behave("reset"), "unreachable"],
  ] as [string, () => void, string][])("that %s is named in the log at the start, and stops nothing", async (_, spoil, kind) => {
    const usual = { ...keycloak.fake.settings };
    spoil();
    const service = await started();
    expect((await service.says(AMISS))[1]).toBe(kind);
    Object.assign(keycloak.fake.settings, usual);
    keycloak.behave("answer");
  });

  it("that has another secret is named as well, and the secret is in no line", async () => {
    const service = await started("hunter2-hunter2");
    expect((await service.says(AMISS))[1]).toBe("unauthorized");
    expect(service.stdout + service.stderr).not.toContain("hunter2");
  });
});

it("without any Keycloak the log says what is left undone", async () => {
  const alone = await openRegistry({ withKeycloak: false });
  try {
    await alone.service.lookAround();
    expect(alone.logged.filter((line) => line.includes("KEYCLOAK_ADMIN_URL is not set"))).toHaveLength(1);
  } finally {
    await alone.close();
  }
});
