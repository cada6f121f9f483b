/** Owns the proof that `/leaks` takes what scanners send: it revokes what is proven, tells which was one of ours, and answers in one shape. */
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { tenantWithCrm } from "../testkit/api-keys.js";
import { eventsOf } from "../testkit/events.js";
import { endOf, forgedKey, NOT_ENDED, notTheKey, wholeKey } from "../testkit/leaked-keys.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await tenantWithCrm(world);
});

interface Sent {
  method?: string;
  query?: string;
  token?: string | null;
  headers?: Record<string, string>;
}

/** Every answer is JSON that nobody keeps, whatever was sent. */
async function send(body: unknown, { method = "POST", query = "", token = world.service.token, headers = { "content-type": "application/json" } }: Sent = {}) {
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${app.url}/leaks${query}`, { method, headers: { ...authorization, ...headers }, ...(method !== "GET" && method !== "HEAD" && { body: text }) });
  const answer = await response.text();
  expect([response.headers.get("cache-control"), response.headers.get("x-content-type-options"), response.headers.get("x-request-id")]).toEqual(["no-store", "nosniff", expect.any(String)]);
  if (method !== "HEAD") expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  return { status: response.status, headers: response.headers, text: answer, json: answer === "" ? null : (JSON.parse(answer) as unknown) };
}

const refused = (status: number, code: string, message: unknown = expect.any(String)) => ({ status, json: { error: expect.objectContaining({ code, message }) } });
const told = (token: string, label: string) => ({ token_hash: createHash("sha256").update(token).digest("hex"), token_type: "tenant_registry_api_key", label });
const reportsIn = async ({ id }: TenantInWorld) => (await eventsOf(app, id)).filter(({ action }) => action === "api_key.report_leak");

describe("who may report", () => {
  it("unauthenticated: without a token, and with a bad one", async () => {
    const { plaintext: token, ...key } = await wholeKey(tenant);
    expect(await send([{ token }], { token: null })).toMatchObject(refused(401, "UNAUTHENTICATED", "Sign in to use the registry"));
    expect(await send([{ token }], { token: "x" })).toMatchObject(refused(401, "UNAUTHENTICATED"));
    expect(await send([{ token }], { token })).toMatchObject(refused(401, "UNAUTHENTICATED"));
    expect(await send([{ token }], { token: null, query: `?access_token=${world.service.token}` })).toMatchObject({ status: 401 });
    expect(await endOf(app, key)).toEqual(NOT_ENDED);
  });

  it("forbidden: everybody but a service, the key's own admin and staff included", async () => {
    const { plaintext: token, ...key } = await wholeKey(tenant);
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.support, world.operator]) {
      expect(await send([{ token }], { token: caller.token })).toMatchObject(refused(403, "FORBIDDEN"));
    }
    expect(await endOf(app, key)).toEqual(NOT_ENDED);
  });
});

describe("what is reported", () => {
  it("less than the whole key revokes nothing, and is told as what never was a key", async () => {
    const key = await wholeKey(tenant);
    const texts = notTheKey(key).map(([, token]) => token);
    const { status, json } = await send(texts.map((token) => ({ token })));
    expect([status, json]).toEqual([200, texts.map((token) => told(token, "false_positive"))]);
    expect(await endOf(app, key)).toEqual(NOT_ENDED);
  });

  it("each is answered in its place: ours, wrong ones, one that was revoked before, and one that is in the list twice", async () => {
    const [first, second, before] = [await wholeKey(tenant), await wholeKey(tenant), await wholeKey(tenant)];
    expect(await send([{ token: before.plaintext }])).toMatchObject({ status: 200 });
    const tokens = [first.plaintext, forgedKey(first.lookupId), second.plaintext, "", before.plaintext, first.plaintext, "ghp_something_else"];
    const { status, json, text } = await send(tokens.map((token) => ({ token, type: "tenant_registry_api_key", url: "https://code.example/1", source: "commit" })));
    const labels = ["true_positive", "false_positive", "true_positive", "false_positive", "true_positive", "true_positive", "false_positive"];
    expect([status, json]).toEqual([200, tokens.map((token, at) => told(token, labels[at] ?? ""))]);
    for (const key of [first, second, before]) {
      expect(await endOf(app, key)).toMatchObject({ at: expect.any(Date), reason: "leaked" });
      expect((await reportsIn(tenant)).filter(({ targetId }) => targetId === key.id)).toHaveLength(1);
      expect(text).not.toContain(key.plaintext);
    }
  });

  it("one that was revoked, and whose pepper is gone for good, does not keep the others from being revoked", async () => {
    const [before, works] = [await wholeKey(tenant), await wholeKey(tenant)];
    await app.sql("update api_keys set revoked_at = now(), pepper_id = 'gone' where id = $1", [before.id]);
    const { status, json } = await send([{ token: before.plaintext }, { token: works.plaintext }]);
    expect([status, json]).toEqual([200, [told(before.plaintext, "false_positive"), told(works.plaintext, "true_positive")]]);
    expect((await endOf(app, works)).reason).toBe("leaked");
  });

  it("keys of several tenants in one list: each is recorded in its own tenant, with the address that it was found at", async () => {
    const other = await tenantWithCrm(world);
    const [mine, theirs, subject] = [await wholeKey(tenant), await wholeKey(other), unique("scanner")];
    const { token } = await world.caller({ sub: subject, product: "secret-scanning" });
    const found = [mine, theirs].map(({ plaintext }, at) => ({ token: plaintext, url: `https://code.example/${at}?k=${plaintext}` }));
    expect(await send(found, { token })).toMatchObject({ status: 200 });
    for (const [at, [home, key]] of ([[tenant, mine], [other, theirs]] as const).entries()) {
      expect((await reportsIn(home)).filter(({ metadata }) => metadata["reported_by"] === subject)).toEqual([
        expect.objectContaining({
          actorType: "system", targetId: key.id, product: "crm",
          metadata: expect.objectContaining({ lookup_id: key.lookupId, found_at: `https://code.example/${at}?k=trk_prod_${key.lookupId}_…` }),
        }),
      ]);
    }
  });

  it.each([
    ["frozen", "status = 'frozen', frozen_at = now()", "leaked"],
    ["a demo", "status = 'demo', kind = 'demo'", "leaked"],
    ["archived", "status = 'archived', archived_at = now()", null],
  ])("a key of a tenant that is %s was one of ours, and the rest of the list is worked on", async (_what, state, reason) => {
    const home = await tenantWithCrm(world);
    const [key, live] = [await wholeKey(home), await wholeKey(tenant)];
    await app.sql(`update tenants set ${state} where id = $1`, [home.id]);
    const { json } = await send([{ token: key.plaintext }, { token: live.plaintext }]);
    expect(json).toEqual([told(key.plaintext, "true_positive"), told(live.plaintext, "true_positive")]);
    expect([(await endOf(app, key)).reason, (await endOf(app, live)).reason]).toEqual([reason, "leaked"]);
  });

  it("an address may be missing, empty, or longer than is kept of it", async () => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => wholeKey(tenant)));
    const urls = [undefined, null, "", `${"x".repeat(499)}😀😀`];
    expect(await send(keys.map(({ plaintext }, at) => ({ token: plaintext, url: urls[at] })))).toMatchObject({ status: 200 });
    const reports = await reportsIn(tenant);
    const kept = keys.map(({ id }) => reports.find(({ targetId }) => targetId === id)?.metadata["found_at"]);
    expect(kept).toEqual([null, null, "", `${"x".repeat(499)}😀`]);
  });

  it("an empty list is answered with one", async () => {
    expect(await send([])).toMatchObject({ status: 200, json: [] });
  });

  it("a hundred at once, and not one more", async () => {
    const reports = (count: number) => Array.from({ length: count }, (_, n) => ({ token: `no key ${n}` }));
    const { status, json } = await send(reports(100));
    expect([status, json]).toEqual([200, reports(100).map(({ token }) => told(token, "false_positive"))]);
    const key = await wholeKey(tenant);
    expect(await send([{ token: key.plaintext }, ...reports(100)])).toMatchObject(refused(400, "LIMIT_EXCEEDED"));
    expect(await endOf(app, key)).toEqual(NOT_ENDED);
  });

  it.each<[string, (token: string) => unknown]>([
    ["an object", (token) => ({ token })],
    ["a text", (token) => JSON.stringify(token)],
    ["null", () => "null"],
    ["a list of texts", (token) => [token]],
    ["a list with null in it", (token) => [{ token }, null]],
    ["a report without a token", (token) => [{ token }, { url: "x" }]],
    ["a token that is no text", (token) => [{ token }, { token: 7 }]],
    ["a token in a list", (token) => [{ token: [token] }]],
    ["an address that is no text", (token) => [{ token, url: 7 }]],
    ["an address that nothing can keep", (token) => [{ token, url: "a\u0000" }]],
    ["an address with half a character", (token) => [{ token, url: "\ud800" }]],
  ])("no list of reports: %s; then none of it is worked on, and nothing of it is quoted", async (_what, body) => {
    const { plaintext, ...key } = await wholeKey(tenant);
    const answer = await send(body(plaintext));
    expect(answer).toMatchObject(refused(400, "BAD_USER_INPUT"));
    expect(answer.text).not.toContain(plaintext);
    expect(await endOf(app, key)).toEqual(NOT_ENDED);
  });
});

describe("what is refused before it is a report, is JSON of the same shape", () => {
  it.each<[string, number, string, () => ReturnType<typeof send>]>([
    ["no JSON", 400, "BAD_REQUEST", () => send("[")],
    ["an empty body", 400, "BAD_REQUEST", () => send("")],
    ["members that every object has", 400, "BAD_REQUEST", () => send('[{"__proto__": {"token": "x"}}]')],
    ["another type", 415, "BAD_REQUEST", () => send("<a/>", { headers: { "content-type": "application/xml" } })],
    ["a form", 415, "BAD_REQUEST", () => send("token=x", { headers: { "content-type": "application/x-www-form-urlencoded" } })],
    ["compressed", 415, "BAD_REQUEST", () => send("[]", { headers: { "content-type": "application/json", "content-encoding": "gzip" } })],
    ["too large", 413, "LIMIT_EXCEEDED", () => send([{ token: "x".repeat(64 * 1024) }])],
  ])("%s", async (_what, status, code, ask) => {
    expect(await ask()).toMatchObject(refused(status, code));
  });

  it.each(["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"])("%s, so that no key comes to stand in an address", async (method) => {
    const answer = await send("[]", { method });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
    if (method !== "HEAD") expect(answer.json).toEqual({ error: { code: "BAD_REQUEST", message: "Use POST" } });
  });
});

describe("the log", () => {
  it("has one line for every list, with who reported and how many, and neither key nor address nor token", async () => {
    const [key, requestId, place] = [await wholeKey(tenant), unique("leaks"), unique("https://code.example/")];
    const { token } = await world.caller({ sub: "scanner", product: "secret-scanning" });
    const before = app.logged.length;
    const headers = { "content-type": "application/json", "x-request-id": requestId };
    await send([{ token: key.plaintext, url: place }, { token: forgedKey(key.lookupId), url: place }, { token: key.plaintext }], { token, headers });
    await send({ token: key.plaintext, url: place }, { token, headers });
    const lines = app.logged.filter((line) => line.includes(requestId)).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toEqual([
      expect.objectContaining({ msg: "leaks reported", principal: "scanner", reported: 3, known: 2, revoked: 1 }),
      expect.objectContaining({ msg: "request refused", principal: "scanner", code: "BAD_USER_INPUT" }),
    ]);
    const text = app.logged.slice(before).join("");
    for (const secret of [key.plaintext, key.plaintext.split("_").at(-1), place, token]) expect(text).not.toContain(secret);
  });
});
