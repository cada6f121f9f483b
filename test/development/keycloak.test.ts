/** Owns the proof that the Keycloak of development can be lived with: it remembers, and its mails can be read and followed. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { fastify, type FastifyInstance } from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.js";
import { developmentMails, openDevelopmentKeycloak, type DevelopmentKeycloak } from "../../src/development/keycloak.js";

let dataDir: string;
let app: FastifyInstance;
let opened: DevelopmentKeycloak;

/** As when development starts. */
async function start(): Promise<void> {
  const config = readConfig({ DATA_DIR: dataDir });
  opened = await openDevelopmentKeycloak(config);
  app = fastify();
  developmentMails(app, config, opened.fake);
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "registry-keycloak-"));
  await start();
});
afterEach(async () => {
  await app.close();
  await rm(dataDir, { recursive: true });
});

const wanted = (tenantId: string) => ({ tenantId, name: "Acme", alias: `acme-${tenantId.slice(0, 8)}`, enabled: true, attributes: {} });
const person = { email: "ada@acme.example", firstName: "Ada", lastName: "Lovelace" };
const get = (url: string) => app.inject({ url: url.replace("http://localhost:8090", "") });

describe("the Keycloak of development", () => {
  it("shows its mails, and whoever opens a link accepts, once", async () => {
    expect((await get("/development/mails")).body).toBe("No mails since the start.\n");
    const { id } = await opened.keycloak.createOrganization(wanted(randomUUID()));
    await opened.keycloak.invite(id, person);
    const { body } = await get("/development/mails");
    expect(body).toMatch(/^To: ada@acme\.example\nSubject: .*Acme.*\n\nhttp:\/\/localhost:8090\/development\/keycloak\/\S+\n$/);
    const [link = ""] = /http:\S+/.exec(body) ?? [];
    expect(await opened.keycloak.member(id, person.email)).toBeNull();
    expect((await get(link)).statusCode).toBe(200);
    expect(await opened.keycloak.member(id, person.email)).toMatchObject({ email: person.email });
    expect((await get(link)).statusCode).toBe(410);
    expect((await get("/development/keycloak/anything")).statusCode).toBe(410);
  });

  it("knows after a restart what it knew before, and leaves no half-written file", async () => {
    const tenantId = randomUUID();
    const { id } = await opened.keycloak.createOrganization(wanted(tenantId));
    await Promise.all([opened.keycloak.invite(id, person), opened.keycloak.updateOrganization(id, { ...wanted(tenantId), name: "Acme & Co" })]);
    await app.close();
    await start();
    expect(await opened.keycloak.findOrganization(tenantId)).toMatchObject({ id, name: "Acme & Co" });
    expect(await opened.keycloak.invitation(id, person.email)).toMatchObject({ status: "pending" });
    expect(await readdir(dataDir)).toEqual(["keycloak.json"]);
  });
});
