/** Owns the guarantees of an archive that is fetched: it is all of the tenant's, nothing of anybody else's, no secret, and whole or not readable. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { data } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { linesOf, unzipped } from "../testkit/zip.js";
import { ended, open } from "./wire.js";

const EXPORT = "mutation ($tenantId: ID!) { exportTenant(input: { tenantId: $tenantId }) { downloadUrl } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

/** The address as it is, on the test's own port instead of the public one. */
const addressed = ({ body }: { body: { data?: Record<string, any> } }) => `${app.url}${new URL(body.data?.["exportTenant"].downloadUrl).pathname}`; // any: every test knows the shape that it asked for
async function addressOf({ id }: TenantInWorld): Promise<string> {
  const answer = await world.operator.run(EXPORT, { tenantId: id });
  data(answer);
  return addressed(answer);
}

async function fetched(address: string): Promise<Map<string, Buffer>> {
  const response = await fetch(address);
  expect(response.status).toBe(200);
  return unzipped(Buffer.from(await response.arrayBuffer()));
}

/** A tenant with one of everything, and values that must never leave. */
async function furnished() {
  const tenant = await world.tenant({ name: "Ärger & Söhne \u2028 GmbH" });
  const secret = `canary-${randomBytes(6).toString("hex")}`;
  const rows = {
    project: await tenant.project(),
    entitlement: await tenant.entitlement(),
    apiKey: await tenant.apiKey(),
    idpConfig: await tenant.idpConfig(),
    auditEvent: await tenant.auditEvent({ action: "test.happened", createdAt: "2026-01-02T03:04:05.678901Z" }),
  };
  await app.sql("update api_keys set hash = $2, pepper_id = $2 where tenant_id = $1", [tenant.id, secret]);
  await app.sql("insert into api_key_policies (tenant_id, max_lifetime_days) values ($1, 30)", [tenant.id]);
  await app.sql("insert into api_key_usage (tenant_id, api_key_id, day, verified, refused) values ($1, $2, '2026-01-02', 3000000000, 2)", [tenant.id, rows.apiKey.id]);
  await app.sql("update tenants set stripe_cust_id = $2, erp_customer_id = $2, sales_owner = $2, keycloak_org_id = $2 where id = $1", [tenant.id, secret]);
  const metadata = {
    client_id: "portal", discovery_url: "https://id.example/.well-known/openid-configuration", client_secret: secret, entity_id: { nested: secret },
    certificate: `-----BEGIN PRIVATE KEY-----${secret}`,
  };
  await app.sql("update tenant_idp_config set metadata = $2 where tenant_id = $1", [tenant.id, JSON.stringify(metadata)]);
  await app.sql("insert into product_requests (tenant_id, product, requested_by, message, note, decided_by) values ($1, 'desk', 'ada', 'please', $2, $2)", [tenant.id, secret]);
  const [environment, channel, flow] = [await tenant.environment({ slug: "prod", name: "Produktion", settings: { timezone: "Europe/Berlin" } }), await tenant.channel(undefined, { slug: "slack", config: { channel_id: "C7" } }), await tenant.flow({ versions: 2 })];
  await tenant.running(environment, flow, 2);
  await tenant.usage({ day: "2026-01-03", operations: 3_000_000_000, errors: 1 });
  await app.sql("update tenants set settings = '{\"language\": \"de-CH\"}' where id = $1", [tenant.id]);
  await app.sql("insert into tenant_invitations (tenant_id, email, name) values ($1, 'ada@example.com', 'Ada')", [tenant.id]);
  return { tenant, secret, rows: { ...rows, environment, channel, flow } };
}

describe("an archive", () => {
  it("holds everything that the tenant owns, under the names of the graph, and a manifest that says how much and of what content", async () => {
    const { tenant, rows } = await furnished();
    const files = await fetched(await addressOf(tenant));
    expect([...files.keys()]).toEqual(["tenant.json", "projects.ndjson", "entitlements.ndjson", "product-requests.ndjson", "api-keys.ndjson", "api-key-policy.ndjson", "api-key-usage.ndjson", "idp-configs.ndjson", "invitations.ndjson", "environments.ndjson", "placements.ndjson", "teams.ndjson", "channels.ndjson", "flows.ndjson", "flow-versions.ndjson", "running-flows.ndjson", "usage.ndjson", "audit-events.ndjson", "manifest.json"]);
    expect(linesOf(files, "tenant.json")).toMatchObject([{ id: tenant.id, slug: tenant.slug, name: "Ärger & Söhne \u2028 GmbH", plan: "starter", settings: { language: "de-CH" }, version: 1 }]);
    expect(linesOf(files, "projects.ndjson")).toMatchObject([{ id: rows.project.id, slug: rows.project.slug, status: "active" }]);
    expect(linesOf(files, "entitlements.ndjson")).toMatchObject([{ product: "crm", enabled: true, config: {} }]);
    expect(linesOf(files, "product-requests.ndjson")).toMatchObject([{ product: "desk", status: "open", message: "please", requestedBy: "ada" }]);
    expect(linesOf(files, "api-keys.ndjson")).toMatchObject([{ id: rows.apiKey.id, name: rows.apiKey.name, prefix: "abcdefgh", scopes: [] }]);
    expect(linesOf(files, "api-key-policy.ndjson")).toMatchObject([{ maxLifetimeDays: 30, mayNeverExpire: false, version: 1 }]);
    expect(linesOf(files, "api-key-usage.ndjson")).toMatchObject([{ apiKeyId: rows.apiKey.id, day: "2026-01-02", verified: 3_000_000_000, refused: 2 }]);
    expect(linesOf(files, "idp-configs.ndjson")).toMatchObject([{ id: rows.idpConfig.id, type: "oidc", verified: false }]);
    expect(linesOf(files, "invitations.ndjson")).toMatchObject([{ email: "ada@example.com", name: "Ada", state: "pending" }]);
    expect(linesOf(files, "environments.ndjson")).toMatchObject([{ id: rows.environment.id, slug: "prod", name: "Produktion", settings: { timezone: "Europe/Berlin" }, archivedAt: null }]);
    expect(linesOf(files, "placements.ndjson")).toMatchObject([{ environmentId: rows.environment.id, cluster: "shared", endedAt: null }]);
    expect(linesOf(files, "teams.ndjson")).toMatchObject([{ id: rows.channel.teamId, settings: {} }]);
    expect(linesOf(files, "channels.ndjson")).toMatchObject([{ id: rows.channel.id, teamId: rows.channel.teamId, slug: "slack", provider: "messaging-slack", config: { channel_id: "C7" } }]);
    expect(linesOf(files, "flows.ndjson")).toMatchObject([{ id: rows.flow.id, name: rows.flow.name, latestNumber: 2 }]);
    expect(linesOf(files, "flow-versions.ndjson")).toMatchObject([1, 2].map((number) => ({ flowId: rows.flow.id, number, body: { version: String(number) }, publishedBy: "ada" })));
    expect(linesOf(files, "running-flows.ndjson")).toMatchObject([{ environmentId: rows.environment.id, flowId: rows.flow.id, number: 2 }]);
    expect(linesOf(files, "usage.ndjson")).toMatchObject([{ environment: "prod", day: "2026-01-03", operations: 3_000_000_000, errors: 1 }]);
    expect(linesOf(files, "audit-events.ndjson")).toMatchObject([
      { id: rows.auditEvent.id, action: "test.happened", createdAt: "2026-01-02T03:04:05.678901+00:00" },
      { action: "tenant.export", targetType: "tenant_export", targetName: tenant.slug },
    ]);
    const manifest = linesOf(new Map([["manifest.json", Buffer.from(`${JSON.stringify(JSON.parse(String(files.get("manifest.json"))))}\n`)]]), "manifest.json")[0] ?? {};
    expect(manifest).toEqual({
      format: "tenant-registry/tenant-export/1",
      tenant: { id: tenant.id, slug: tenant.slug, status: "active" },
      startedAt: expect.any(String),
      finishedAt: expect.any(String),
      files: [...files].filter(([name]) => name !== "manifest.json").map(([name, content]) => ({
        name,
        rows: linesOf(files, name).length,
        bytes: content.length,
        sha256: createHash("sha256").update(content).digest("hex"),
      })),
    });
  });

  it("holds no secret, nothing of the platform's own, and of an identity provider only what names it", async () => {
    const { tenant, secret } = await furnished();
    expect(await app.sql("select from api_keys where tenant_id = $1 and hash = $2", [tenant.id, secret])).toHaveLength(1);
    const files = await fetched(await addressOf(tenant));
    for (const [name, content] of files) expect([name, String(content).includes(secret)]).toEqual([name, false]);
    expect(linesOf(files, "idp-configs.ndjson")[0]?.["metadata"]).toEqual({ client_id: "portal", discovery_url: "https://id.example/.well-known/openid-configuration" });
  });

  it("holds nothing of another tenant, which has one of everything too", async () => {
    const [{ tenant }, theirs] = [await furnished(), await furnished()];
    const content = [...(await fetched(await addressOf(tenant))).values()].join("");
    expect(content).toContain(tenant.id);
    for (const foreign of [theirs.tenant.id, theirs.tenant.slug, ...Object.values(theirs.rows).map(({ id }) => id)]) expect(content).not.toContain(foreign);
  });

  it("of more rows than a page has each row once, in the order in which they were made", async () => {
    const tenant = await world.tenant();
    // A hundred in one instant: the order must still be total.
    await app.sql("insert into audit_log (tenant_id, action, created_at) select $1, 'n.' || n, '2026-01-01'::timestamptz + n / 100 * interval '1 microsecond' from generate_series(0, 449) n", [tenant.id]);
    for (let n = 0; n < 3; n += 1) await tenant.project();
    const events = linesOf(await fetched(await addressOf(tenant)), "audit-events.ndjson").filter(({ action }) => String(action).startsWith("n."));
    expect(new Set(events.map(({ id }) => id)).size).toBe(450);
    expect(events.map(({ createdAt }) => String(createdAt))).toEqual(events.map(({ createdAt }) => String(createdAt)).toSorted());
  });

  it("is as of when it is fetched, as often as that is: what was added meanwhile is in the next one", async () => {
    const tenant = await world.tenant();
    const address = await addressOf(tenant);
    expect(linesOf(await fetched(address), "projects.ndjson")).toEqual([]);
    const { id } = await tenant.project();
    expect(linesOf(await fetched(address), "projects.ndjson")).toMatchObject([{ id }]);
  });

  it("is sent as a file that nobody keeps, guesses about or shows", async () => {
    app.clock.now = new Date("2026-05-01T10:00:00.000Z");
    const tenant = await world.tenant();
    // A token of the real clock would not be valid then.
    const operator = await world.caller({ realm_access: { roles: ["platform-operator"] } });
    const { headers, status } = await fetch(addressed(await operator.run(EXPORT, { tenantId: tenant.id })));
    expect([status, Object.fromEntries(headers)]).toMatchObject([200, {
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${tenant.slug}-export-2026-05-01.zip"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    }]);
  });

  it("adds nothing to the tenant: asking was the event", async () => {
    const tenant = await world.tenant();
    const address = await addressOf(tenant);
    const rows = () => app.sql("select (select count(*) from audit_log where tenant_id = $1) as events, (select md5(string_agg(e::text, '')) from tenant_exports e where tenant_id = $1) as exports", [tenant.id]);
    const before = await rows();
    await fetched(address);
    expect(await rows()).toEqual(before);
  });
});

describe("an address", () => {
  const nowhere = async () => seen(await fetch(`${app.url}/nothing-here`));
  const seen = async (response: Response) => [response.status, [...response.headers].filter(([name]) => name !== "date" && name !== "x-request-id"), await response.text()];

  it.each<[string, (address: string, other: string) => string]>([
    ["of another secret", (address) => `${address.slice(0, -43)}${randomBytes(32).toString("base64url")}`],
    ["of another tenant with this secret", (address, other) => `${other.split(".").slice(0, -1).join(".")}.${address.slice(-43)}`],
    ["without its secret", (address) => address.slice(0, -44)],
    ["with half of its secret", (address) => address.slice(0, -20)],
    ["with more than its secret", (address) => `${address}A`],
    ["with a dot more", (address) => `${address}.`],
    ["of nobody", (address) => address.replace(/exports\/[^.]+/, "exports/00000000-0000-4000-8000-000000000000")],
    ["of what is no id", (address) => address.replace(/exports\/[^.]+/, "exports/%27%20or%20true--")],
    ["with a null character", (address) => `${address.slice(0, -1)}%00`],
    ["as long as a header may be", (address) => `${address}${"A".repeat(10_000)}`],
    ["below it", (address) => `${address}/manifest.json`],
  ])("%s leads nowhere, like any path that does not exist", async (_what, changed) => {
    const [mine, theirs] = [await addressOf(await world.tenant()), await addressOf(await world.tenant())];
    expect((await fetch(mine)).status).toBe(200);
    expect(await seen(await fetch(changed(mine, theirs)))).toEqual(await nowhere());
  });

  it.each(["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("answers no %s", async (method) => {
    const address = await addressOf(await world.tenant());
    const [here, there] = [await seen(await fetch(address, { method })), await seen(await fetch(`${app.url}/nothing-here`, { method }))];
    expect(here).toEqual(there);
    expect(here[0]).toBe(404);
  });

  it("can be fetched until just before its 15 minutes are over, by the service's clock, and not from then on", async () => {
    const tenant = await world.tenant();
    const address = await addressOf(tenant);
    const [{ at } = { at: new Date(0) }] = await app.sql<{ at: Date }>("select expires_at as at from tenant_exports where tenant_id = $1", [tenant.id]);
    app.clock.now = new Date(at.getTime() - 1);
    expect((await fetch(address)).status).toBe(200);
    app.clock.now = at;
    expect(await seen(await fetch(address))).toEqual(await nowhere());
  });

  it.each([
    ["archived", "status = 'archived', archived_at = now()"],
    ["frozen for 30 days, which no job has noticed", "status = 'frozen', frozen_at = now() - interval '30 days'"],
  ])("leads nowhere once the tenant is %s", async (_what, state) => {
    const tenant = await world.tenant();
    const address = await addressOf(tenant);
    await app.sql(`update tenants set ${state} where id = $1`, [tenant.id]);
    expect(await seen(await fetch(address))).toEqual(await nowhere());
  });

  it("is in no log line, used or misused; one line says which export was fetched by whose leave", async () => {
    const tenant = await world.tenant();
    const before = app.logged.length;
    const address = await addressOf(tenant);
    await fetched(address);
    await fetch(address, { method: "POST" });
    await fetch(`${address}%zz`);
    await fetch(`${address}A`);
    const lines = () => app.logged.slice(before);
    const told = () => lines().map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line["msg"] === "export fetched" && line["tenant"] === tenant.id);
    // It is written when the answer's end has left, which the reader may see first.
    await vi.waitFor(() => expect(told()).toHaveLength(1));
    expect(lines().join("")).not.toContain(address.slice(-43));
    const [{ id } = { id: "" }] = await app.sql<{ id: string }>("select id from tenant_exports where tenant_id = $1", [tenant.id]);
    expect(told()).toMatchObject([{ tenant: tenant.id, export: id, principal: expect.any(String), durationMs: expect.any(Number), requestId: expect.any(String) }]);
  });
});

describe("a download", () => {
  /** More than the buffers between us and a reader that takes nothing can hold. The noise repeats itself too late for a compressor. */
  async function large(): Promise<TenantInWorld> {
    const tenant = await world.tenant();
    await app.sql("insert into audit_log (tenant_id, action, metadata) select $1, 'large.' || n, $2 from generate_series(1, 400) n", [
      tenant.id, JSON.stringify({ noise: randomBytes(36_000).toString("base64") }),
    ]);
    return tenant;
  }

  /** A reader that has the first bytes and takes no more. */
  async function begun(address: string) {
    const socket = await open(address);
    socket.pause();
    socket.write(`GET ${new URL(address).pathname} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    await once(socket, "readable");
    return socket;
  }

  const cutOff = (tenant: TenantInWorld) => app.logged.filter((line) => line.includes("export cut off") && line.includes(tenant.id));

  it("of a tenant that is archived meanwhile ends in the middle: what there is of it is no archive", async () => {
    const tenant = await large();
    const socket = await begun(await addressOf(tenant));
    await app.sql("update tenants set status = 'archived', archived_at = now() where id = $1", [tenant.id]);
    await app.sql("delete from tenant_exports where tenant_id = $1", [tenant.id]);
    const answer = Buffer.from(await ended(socket), "latin1");
    expect(answer.length).toBeGreaterThan(1_000_000);
    expect(answer.includes("audit-events.ndjson")).toBe(true);
    // Neither the archive's directory, nor the mark that ends a chunked answer.
    expect([answer.includes(Buffer.from("PK\u0005\u0006", "latin1")), answer.subarray(-5).toString("latin1")]).not.toContain("0\r\n\r\n");
    await vi.waitFor(() => expect(cutOff(tenant)).toHaveLength(1), { timeout: 30_000 });
  });

  it("that nobody takes any more ends, and nothing more is read for it", async () => {
    const tenant = await large();
    const socket = await begun(await addressOf(tenant));
    socket.destroy();
    await vi.waitFor(() => expect(cutOff(tenant)).toHaveLength(1), { timeout: 30_000 });
    expect((await fetched(await addressOf(tenant))).has("manifest.json")).toBe(true);
  });

  it("of one tenant is one of two at a time: the third is asked to come back, and another tenant's is not in its way", async () => {
    const [tenant, other] = [await large(), await world.tenant()];
    const address = await addressOf(tenant);
    const sockets = [await begun(address), await begun(address)];
    const refused = await fetch(address);
    expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toMatchObject([503, "1", { errors: [{ extensions: { code: "UNAVAILABLE", retryable: true } }] }]);
    await fetched(await addressOf(other));
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(() => fetched(address), { timeout: 30_000 });
  });
});
