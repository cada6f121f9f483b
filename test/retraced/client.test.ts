/** Owns the proof that a producer and a reader that use Retraced's published client work unchanged. */
import { Client, type Config } from "@retracedhq/retraced";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tenantWithCrm } from "../testkit/api-keys.js";
import { data } from "../testkit/outcome.js";
import type { Registry } from "../testkit/registry.js";
import { auditKey, openRetracedRegistry } from "../testkit/retraced.js";
import { callerWith, openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let client: Client;
beforeAll(async () => {
  app = await openRetracedRegistry();
  world = await openWorld(app);
  tenant = await tenantWithCrm(world);
  client = clientWith((await auditKey(tenant)).text);
});
afterAll(() => app.close());

/** Their client, told no more than where the registry is, which product it writes for, and a token. */
const clientWith = (apiKey: string, more: Partial<Config> = {}) => new Client({ endpoint: `${app.url}/auditlog`, projectId: "crm", apiKey, component: "mailer", version: "1.2.3", ...more });

const rowOf = async (id: string) => (await app.sql("select *, host(source_ip) as ip from audit_log where uid = $1", [id]))[0];
const MASK = {
  id: true, action: true, description: true, group: { id: true, name: true }, actor: { id: true, name: true, href: true, fields: true },
  target: { id: true, name: true, href: true, type: true, fields: true }, crud: true, display: { markdown: true }, is_failure: true, is_anonymous: true,
  source_ip: true, country: true, loc_subdiv1: true, loc_subdiv2: true, received: true, created: true, canonical_time: true, component: true, version: true,
  fields: true, external_id: true, metadata: true,
};

const EVENT = {
  action: "largeTazoTea.purchase",
  crud: "c",
  actor: { id: "ada%3A:1", name: "Ada", href: "https://crm.example/ada", fields: { team: "a;b=c" } },
  target: { id: "tea:9", name: "Tea", href: "https://crm.example/tea", type: "tea", fields: { size: "large" } },
  source_ip: "192.0.2.7",
  description: "Ada bought a tea: a large one",
  is_failure: true,
  fields: { "b=1": "50%", a: "x;y:z", empty: "" },
  metadata: { z: "1", "k;ey": "100%:" },
} as const;

describe("their client publishes", () => {
  it("one event with everything that it has: the hash that it computes is the one that it is answered", async () => {
    const created = new Date(Date.now() - 60_000);
    const externalId = unique("e:%");
    const id = await client.reportEvent({ ...EVENT, group: { id: tenant.id, name: "the tenant" }, created, external_id: externalId });
    expect(await rowOf(id)).toMatchObject({
      tenant_id: tenant.id, product: "crm", action: EVENT.action, crud: "c", actor_id: "ada%3A:1", actor_name: "Ada", actor_href: EVENT.actor.href,
      actor_fields: EVENT.actor.fields, target_id: "tea:9", target_name: "Tea", target_type: "tea", target_href: EVENT.target.href, target_fields: EVENT.target.fields,
      ip: "192.0.2.7", description: EVENT.description, is_failure: true, is_anonymous: false, fields: EVENT.fields, metadata: EVENT.metadata,
      component: "mailer", version: "1.2.3", external_id: externalId, created_at: created, writer: expect.stringMatching(/^key:/),
    });
  });

  it.each([
    ["nothing but what it must have", { action: "a.b", crud: "r", is_anonymous: true }],
    ["an empty target, empty fields and empty details", { action: "a.b", crud: "u", actor: { id: "ada" }, target: {}, fields: {}, metadata: {}, description: "", source_ip: "", external_id: "" }],
    ["an address of IPv6", { action: "a.b", crud: "d", actor: { id: "ada" }, source_ip: "2001:db8::7" }],
    ["texts of every script", { action: "a.b", crud: "d", actor: { id: "å😀" }, fields: { "名": "值", å: "1", a: "2", B: "3" } }],
  ] as const)("an event with %s", async (_what, event) => {
    for (const group of [{}, { group: { id: tenant.id } }]) expect(await client.reportEvent({ ...event, ...group } as never)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("many at once, each with its hash", async () => {
    const events = Array.from({ length: 50 }, (_, n) => ({ ...EVENT, fields: { n: String(n) }, external_id: unique("bulk") }));
    const ids = await client.reportEvents(events);
    expect(new Set(ids).size).toBe(50);
    const rows = await app.sql<{ n: string }>("select fields->>'n' as n from audit_log where uid = any($1::uuid[]) order by array_position($1::uuid[], uid)", [ids]);
    expect(rows.map(({ n }) => Number(n))).toEqual(events.map((_, n) => n));
    expect(await client.reportEvents(events)).toEqual(ids);
  });

  it("with the token of a product's service instead of a key, when it names the tenant", async () => {
    const service = clientWith(world.service.token ?? "");
    expect(await rowOf(await service.reportEvent({ ...EVENT, group: { id: tenant.id } }))).toMatchObject({ tenant_id: tenant.id, product: "crm", writer: expect.not.stringMatching(/^key:/) });
    await expect(service.reportEvent(EVENT)).rejects.toThrow("400");
  });

  it("and is told of a refusal", async () => {
    await expect(client.reportEvent({ ...EVENT, action: "no verb" })).rejects.toThrow("400");
    await expect(clientWith("nothing").reportEvent(EVENT)).rejects.toThrow("401");
    const readsOnly = await auditKey(tenant, { scopes: ["audit:read"] });
    await expect(clientWith(readsOnly.text).reportEvent(EVENT)).rejects.toThrow("403");
  });
});

describe("their client searches", () => {
  it("and gets back what it published, with every field that it can ask for", async () => {
    const id = await client.reportEvent({ ...EVENT, action: "tea.sip", group: { id: tenant.id } });
    const { currentResults, totalCount } = await client.query({ action: "tea.sip" }, MASK, 10);
    const times = { received: expect.any(Date), created: expect.any(Date), canonical_time: expect.any(Date) };
    expect([totalCount, currentResults]).toEqual([1, [{
      ...EVENT, action: "tea.sip", id, group: { id: tenant.id, name: tenant.slug }, display: null, is_anonymous: false, component: "mailer", version: "1.2.3",
      external_id: null, country: null, loc_subdiv1: null, loc_subdiv2: null, ...times,
      // Of an address their client asks for the country, and details it leaves as pairs.
      source_ip: undefined, metadata: expect.arrayContaining(Object.entries(EVENT.metadata).map(([key, value]) => ({ key, value }))),
    }]]);
  });

  it("page by page from the newest to the oldest, each event once", async () => {
    const actor = unique("walker");
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) ids.unshift(await client.reportEvent({ action: "step.take", crud: "c", actor: { id: actor } }));
    const connection = await client.query({ actor_id: actor }, { id: true }, 3);
    const pages = [connection.currentResults];
    expect([connection.totalCount, connection.totalPages()]).toEqual([7, 3]);
    while (connection.hasNextPage()) {
      await connection.nextPage();
      pages.push(connection.currentResults);
    }
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat().map(({ id }) => id)).toEqual(ids);
  });

  it("by everything that it has a word for, except where a caller was", async () => {
    const actor = unique("finder");
    const created = new Date(Date.now() - 3_600_000);
    const sought = await client.reportEvent({ action: "thing.lose", crud: "d", actor: { id: actor, name: `Bob ${actor}` }, created, description: `it is gone: ${actor}` });
    await client.reportEvent({ action: "thing.find", crud: "c", actor: { id: unique("other") } });
    const [before, after, now] = [new Date(created.getTime() - 1_000), new Date(created.getTime() + 1_000), new Date(Date.now() + 60_000)];
    const all = { action: "thing.*", crud: "d,u", actor_id: actor, actor_name: `Bob ${actor}`, created_start: before, created_end: after, received_start: after, received_end: now, description: `gone: ${actor}` };
    for (const query of [...Object.entries(all).filter(([name]) => !/^(?:created|received|crud|action)/.test(name)).map(([name, value]) => ({ [name]: value })), all]) {
      expect((await client.query(query, { id: true }, 5)).currentResults, JSON.stringify(query)).toEqual([{ id: sought }]);
    }
    await expect(client.query({ location: "Berlin" }, { id: true }, 5)).rejects.toThrow("400");
  });

  it("what its product recorded in its tenant, and nothing of other products, the registry or other tenants", async () => {
    const other = await tenantWithCrm(world);
    await tenant.entitlement("chat");
    const mine = await client.reportEvent({ action: "wall.see", crud: "c", actor: { id: "ada" } });
    const theirs = await clientWith((await auditKey(other)).text).reportEvent({ action: "wall.see", crud: "c", actor: { id: "ada" } });
    const chat = await world.caller({ product: "chat" });
    const append = "mutation ($input: AppendAuditEventsInput!) { appendAuditEvents(input: $input) { events { id } } }";
    const neighbour = data(await chat.run(append, { input: { tenantId: tenant.id, events: [{ action: "wall.see", crud: "CREATE", actor: { id: "ada" } }] } }))["appendAuditEvents"].events[0].id;
    for (const id of [theirs, neighbour]) expect(await rowOf(id)).toMatchObject({ action: "wall.see" });
    expect((await client.query({ action: "wall.see" }, { id: true }, 10)).currentResults).toEqual([{ id: mine }]);
    expect((await client.query({ action: "api_key.*" }, { id: true }, 10)).currentResults).toEqual([]);
  });
});

describe("their client asks for a viewer token", () => {
  const read = async (token: string) => data(await callerWith(app, token).run("{ auditEvents(first: 100) { nodes { action actorId product } } }"))["auditEvents"].nodes as Record<string, string>[];

  it("which shows what its product recorded: to an administrator of everybody, to others what they did themselves", async () => {
    const [ada, bob] = [unique("ada"), unique("bob")];
    for (const id of [ada, bob]) await client.reportEvent({ action: "page.open", crud: "r", actor: { id } });
    const all = await read(await client.getViewerToken(tenant.id, ada, true));
    expect(new Set(all.map(({ product }) => product))).toEqual(new Set(["crm"]));
    expect(all.map(({ actorId }) => actorId)).toEqual(expect.arrayContaining([ada, bob]));
    expect(await read(await client.getViewerToken(tenant.id, ada, false))).toEqual([{ action: "page.open", actorId: ada, product: "crm" }]);
    expect(await read(await client.getViewerToken(tenant.id, unique("nobody")))).toEqual([]);
  });

  it("and both that it was made and that it was used are recorded", async () => {
    const person = unique("eve");
    await read(await client.getViewerToken(tenant.id, person, true));
    const rows = await app.sql("select action, actor_id, target_id, product, metadata - 'token' - 'expiresAt' as metadata from audit_log where tenant_id = $1 and $2 in (actor_id, target_id) order by id", [tenant.id, person]);
    expect(rows).toEqual([
      { action: "audit.create_viewer_token", actor_id: expect.stringMatching(/^key:/), target_id: person, product: "crm", metadata: { narrowedTo: ["product"] } },
      { action: "audit.view", actor_id: person, target_id: tenant.id, product: null, metadata: {} },
    ]);
  });

  it("but not of another tenant, nor with a key that may only append", async () => {
    const other = await tenantWithCrm(world);
    await expect(client.getViewerToken(other.id, "ada", true)).rejects.toThrow("404");
    const appendsOnly = await auditKey(tenant, { scopes: ["audit:append"] });
    await expect(clientWith(appendsOnly.text).getViewerToken(tenant.id, "ada", true)).rejects.toThrow("403");
    await expect(clientWith(world.service.token ?? "").getViewerToken(tenant.id, "ada", true)).rejects.toThrow("403");
  });
});
