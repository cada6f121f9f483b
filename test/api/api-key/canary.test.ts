/** Owns the proof that a key's text is in the one answer that shows it and nowhere else, whatever was done with the key, and whatever went wrong. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKey, KEY_FIELDS, revokeKey, rotateKey, tenantWithCrm } from "../../testkit/api-keys.js";
import { forgedKey, type WholeKey } from "../../testkit/leaked-keys.js";
import { data, fault } from "../../testkit/outcome.js";
import { openRegistry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Answer, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";
import { unzipped } from "../../testkit/zip.js";

const CREATION = { name: "canary", environment: "PROD", idempotencyKey: "create" };
const VERDICT = "code valid apiKeyId scopes entitlement { granted }";
const VERIFY = `query ($key: String!, $scopes: [String!], $environment: ApiKeyEnvironment, $project: String, $clientIp: String) {
  verifyApiKey(key: $key, scopes: $scopes, environment: $environment, project: $project, clientIp: $clientIp) { ${VERDICT} }
}`;
const REPORT = "mutation ($input: ReportLeakedApiKeyInput!) { reportLeakedApiKey(input: $input) { revoked } }";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
let created: WholeKey;
let rotated: WholeKey;
/** Every answer but the two that show a key, as the caller saw it. */
const answers: string[] = [];

async function noted(answer: Promise<Answer>): Promise<Answer> {
  const { status, headers, body } = await answer;
  answers.push(JSON.stringify([status, [...headers], body]));
  return answer;
}

async function notedText(answer: Promise<Response>): Promise<string> {
  const response = await answer;
  const text = await response.text();
  answers.push(JSON.stringify([response.status, [...response.headers]]) + text);
  return text;
}

const asked = (caller: Caller, document: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}) => noted(caller.run(document, variables, headers));

beforeAll(async () => {
  app = await openRegistry({ environment: { LOG_LEVEL: "trace" } });
  world = await openWorld(app);
  tenant = await tenantWithCrm(world);
  created = await shown(createKey(tenant.admin, CREATION), "createApiKey");
  rotated = await shown(rotate(), "rotateApiKey");
  for (const key of [created, rotated]) {
    await verifyIn(key);
    await mistake(key);
  }
  await failing();
  await end();
  await lookAtAll();
});
afterAll(() => app.close());

const rotate = () => rotateKey(tenant.admin, { id: created.id, overlapSeconds: 3_600, idempotencyKey: "rotate" });

async function shown(answer: Promise<Answer>, mutation: string): Promise<WholeKey> {
  const { plaintext, apiKey } = data(await answer)[mutation];
  return { ...apiKey, plaintext };
}

/** Every verdict that there is a way to. */
async function verifyIn({ plaintext: key, lookupId }: WholeKey): Promise<void> {
  for (const _ of [1, 2]) expect(data(await asked(world.service, VERIFY, { key }))["verifyApiKey"].code).toBe("VALID");
  const stranger = await world.caller({ product: "desk" });
  const codes = await Promise.all([
    asked(stranger, VERIFY, { key }),
    asked(world.service, VERIFY, { key, scopes: ["write"] }),
    asked(world.service, VERIFY, { key, environment: "DEV" }),
    asked(world.service, VERIFY, { key, project: key, scopes: [key] }),
    asked(world.service, VERIFY, { key: `${key}x` }),
    asked(world.service, VERIFY, { key: forgedKey(lookupId) }),
  ]);
  expect(codes.map((answer) => data(answer)["verifyApiKey"].code)).toEqual(["WRONG_PRODUCT", "INSUFFICIENT_SCOPE", "WRONG_ENVIRONMENT", "WRONG_PROJECT", "MALFORMED", "NOT_FOUND"]);
  data(await asked(world.service, `query ($key: String!) { verifyApiKeys(keys: [{ key: $key }, { key: $key, scopes: [$key] }]) { ${VERDICT} } }`, { key }));
}

/** A key where none belongs. */
async function mistake({ plaintext: key }: WholeKey): Promise<void> {
  const inAddress = new URLSearchParams({ query: VERIFY, variables: JSON.stringify({ key }) });
  await notedText(fetch(`${app.url}/graphql?${inAddress}`, { headers: { authorization: `Bearer ${world.service.token}`, "apollo-require-preflight": "true" } }));
  await notedText(fetch(`${app.url}/${key}`));
  for (const body of [`{"query": "${key}`, key, JSON.stringify({ query: key })]) {
    await notedText(fetch(`${app.url}/graphql`, { method: "POST", headers: { "content-type": "application/json" }, body }));
  }
  const services: [string, Record<string, unknown>][] = [
    [VERIFY, { key: { key } }],
    [VERIFY, { key: [key, key] }],
    [VERIFY, { key, environment: key }],
    [VERIFY, { key, clientIp: key }],
    [VERIFY, { key, scopes: Array.from({ length: 51 }, () => key) }],
    [`{ verifyApiKey(key: "${key}", environment: "${key}") { code } }`, {}],
    [`{ verifyApiKey(key: "${key}") { ${key} } }`, {}],
    [`{ verifyApiKey(${key}: "${key}") { code } }`, {}],
  ];
  for (const [document, variables] of services) expect((await asked(world.service, document, variables)).body.errors).toBeDefined();
  const admins: [string, Record<string, unknown>][] = [
    ["query ($key: ID!) { apiKey(id: $key) { id } tenant(id: $key) { id } project(id: $key) { id } auditEvent(id: $key) { id } }", { key }],
    ["query ($key: String!) { tenantBySlug(slug: $key) { id } }", { key }],
    ["query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }", { of: [{ __typename: "ApiKey", id: key }, { __typename: "Tenant", slug: key }] }],
    ["query ($key: String!) { myTenant { apiKeys(filter: { prefix: $key }) { nodes { id } } } }", { key: key.slice(0, 64) }],
    ["query ($key: String!) { auditEvents(filter: { apiKey: $key }) { nodes { id } } }", { key }],
    ["query ($key: String!) { auditEvents(filter: { targetId: $key, actorId: $key, requestId: $key }) { nodes { id } } }", { key }],
    ["query ($key: String!) { auditEvents(after: $key) { nodes { id } } }", { key }],
    ["mutation ($key: ID!) { revokeApiKey(input: { id: $key }) { apiKey { id } } }", { key }],
    ["mutation ($key: ID!) { rotateApiKey(input: { id: $key, overlapSeconds: 0 }) { apiKey { id } } }", { key }],
  ];
  for (const [document, variables] of admins) await asked(tenant.admin, document, variables);
  for (const wrong of [{ name: CREATION.name }, { product: key }, { scopes: [key] }, { allowedIps: [key] }, { projectId: key }, { environment: key }, { expiresAt: key }, { tenantId: key }]) {
    expect((await noted(createKey(tenant.admin, { name: "another", ...wrong }))).body.errors).toHaveLength(1);
  }
  await asked(tenant.admin, "{ viewer { subject } }", {}, { "x-tenant-id": key });
  fault(await asked(world.anonymous, "{ viewer { subject } }", {}, { authorization: `Bearer ${key}` }), "UNAUTHENTICATED");
}

/** While it is made: what the database refuses is logged. */
async function failing(): Promise<void> {
  await app.sql(`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'the log is full'; end $$`);
  await app.sql("create trigger refusal before insert on audit_log for each row execute function refuse()");
  fault(await noted(createKey(tenant.admin, { name: "never" })), "INTERNAL_SERVER_ERROR");
  fault(await asked(tenant.admin, REPORT, { input: { key: rotated.plaintext } }), "INTERNAL_SERVER_ERROR");
  await app.sql("drop trigger refusal on audit_log");
  await app.sql("alter table api_keys add constraint none_more check (name <> 'never')");
  fault(await noted(createKey(tenant.admin, { name: "never" })), "INTERNAL_SERVER_ERROR");
  await app.sql("alter table api_keys drop constraint none_more");
}

/** One is reported in the graph, the other over plain HTTP, each with itself in the place where it was found. */
async function end(): Promise<void> {
  const place = ({ plaintext }: WholeKey) => `https://code.example/?key=${plaintext}`;
  data(await asked(tenant.admin, REPORT, { input: { key: created.plaintext, foundAt: place(created) } }));
  const leaks = await notedText(
    fetch(`${app.url}/leaks`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${world.service.token}` },
      body: JSON.stringify([{ token: rotated.plaintext, url: place(rotated) }]),
    }),
  );
  expect(leaks).toContain("true_positive");
  for (const { plaintext: key, id } of [created, rotated]) {
    expect(data(await asked(world.service, VERIFY, { key }))["verifyApiKey"].code).toBe("REVOKED");
    data(await noted(revokeKey(tenant.admin, { id })));
  }
}

/** Everything that can be read of the keys afterwards, and every repetition of what made them. */
async function lookAtAll(): Promise<void> {
  const ids = [created.id, rotated.id];
  for (const caller of [tenant.admin, world.operator]) {
    for (const id of ids) data(await asked(caller, `query ($id: ID!) { apiKey(id: $id) { ${KEY_FIELDS} } }`, { id }));
    data(await asked(caller, `query ($of: [_Any!]!) { _entities(representations: $of) { ... on ApiKey { ${KEY_FIELDS} } } }`, { of: ids.map((id) => ({ __typename: "ApiKey", id })) }));
    data(await asked(caller, `query ($id: ID!) { tenant(id: $id) { apiKeys { nodes { ${KEY_FIELDS} } } auditEvents(first: 100) { nodes { action targetName metadata userAgent } } } }`, { id: tenant.id }));
  }
  expect(data(await noted(createKey(tenant.admin, CREATION)))["createApiKey"]).toMatchObject({ plaintext: null, apiKey: { id: created.id } });
  expect(data(await noted(rotate()))["rotateApiKey"]).toMatchObject({ plaintext: null, apiKey: { id: rotated.id } });
  fault(await noted(createKey(tenant.admin, { ...CREATION, name: "other" })), "CONFLICT", "idempotencyKey");
}

/** What of a key must be nowhere, in any form in which it could lie about. */
function tracesOf({ plaintext }: WholeKey): string[] {
  const secret = plaintext.slice(plaintext.lastIndexOf("_") + 1);
  return [plaintext, secret, secret.slice(0, -6)].flatMap((text) => [text, Buffer.from(text).toString("hex"), Buffer.from(text).toString("base64url").slice(0, -2)]);
}

/** Hashes that are computed too fast to protect anything. */
const digestsOf = ({ plaintext }: WholeKey) => (["hex", "base64", "base64url"] as const).map((encoding) => createHash("sha256").update(plaintext).digest(encoding));

/** The columns of the whole database, of every schema that is not Postgres' own, in which one of these texts stands. */
async function columnsWith(texts: readonly string[]): Promise<string[]> {
  const tables = await app.sql<{ name: string; columns: string[] }>(`
    select format('%I.%I', n.nspname, c.relname) as name, array_agg(quote_ident(a.attname)) as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid
    where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and a.attnum > 0 and not a.attisdropped
    group by 1 order by 1`);
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(["public.api_keys", "public.audit_log", "public.idempotency_keys"]));
  const patterns = texts.map((text) => `%${text.replace(/[\\%_]/g, "\\$&")}%`);
  const found: string[] = [];
  for (const { name, columns } of tables) {
    const [row = {}] = await app.sql<Record<string, boolean>>(`select ${columns.map((column, at) => `bool_or(${column}::text like any ($1::text[])) as "${at}"`).join(", ")} from ${name}`, [patterns]);
    found.push(...columns.filter((_, at) => row[at]).map((column) => `${name}.${column}`));
  }
  return found;
}

/** A text in which one of these stands, with what is around it left out. */
const isIn = (text: string, traces: readonly string[]) => traces.some((trace) => text.includes(trace));

const A_SECRET = /trk_(?:dev|staging|prod)_[0-9A-Za-z]{12}_[0-9A-Za-z]/;

describe("the text of a created key and of a rotated one, and the secret in it, are", () => {
  it("in no column of any table, nor is a hash that is quickly computed; what is public about them is found", async () => {
    const keys = [created, rotated];
    expect(await columnsWith(keys.map(({ lookupId }) => lookupId))).toEqual(expect.arrayContaining(["public.api_keys.lookup_id", "public.audit_log.metadata", "public.idempotency_keys.result"]));
    expect(await columnsWith(keys.flatMap((key) => [...tracesOf(key), ...digestsOf(key)]))).toEqual([]);
  });

  it("in no event, not even where the finder put it there", async () => {
    const events = await app.sql<{ text: string }>("select e::text as text from audit_log e where tenant_id = $1", [tenant.id]);
    expect(events.filter(({ text }) => text.includes("code.example"))).toHaveLength(2);
    for (const { text } of events) expect(A_SECRET.test(text)).toBe(false);
  });

  it("in no line of the log, at any level, however it was misplaced and whatever failed", () => {
    expect(app.logged.some((line) => line.includes("the log is full"))).toBe(true);
    for (const line of app.logged) expect([isIn(line, [created, rotated].flatMap((key) => [...tracesOf(key), ...digestsOf(key)])) || A_SECRET.test(line), line]).toEqual([false, line]);
  });

  it("in no other answer, no repetition, no entity and no error", () => {
    expect(answers.length).toBeGreaterThan(80);
    for (const answer of answers) expect([isIn(answer, [created, rotated].flatMap(tracesOf)) || A_SECRET.test(answer), answer]).toEqual([false, answer]);
  });

  it("in nothing that the tenant takes out", async () => {
    const { downloadUrl } = data(await tenant.admin.run("mutation { exportTenant(input: {}) { downloadUrl } }"))["exportTenant"];
    const files = unzipped(Buffer.from(await (await fetch(`${app.url}${new URL(downloadUrl as string).pathname}`)).arrayBuffer()));
    expect(String(files.get("api-keys.ndjson"))).toContain(created.lookupId);
    for (const [name, content] of files) expect([name, A_SECRET.test(String(content))]).toEqual([name, false]);
  });
});

describe("the hash of a key, and the pepper in it, are", () => {
  it("in the one column that is for it, and in no answer and no line of the log", async () => {
    const hashes = (await app.sql<{ hash: string }>("select hash from api_keys")).map(({ hash }) => hash);
    expect(hashes).toHaveLength(2);
    expect(await columnsWith(hashes)).toEqual(["public.api_keys.hash"]);
    const peppers = app.config.apiKeys.peppers.flatMap(({ secret }) => (["hex", "base64", "base64url"] as const).map((encoding) => secret.toString(encoding)));
    expect(await columnsWith(peppers)).toEqual([]);
    for (const text of [...answers, ...app.logged]) expect([isIn(text, [...hashes, ...peppers]), text]).toEqual([false, text]);
  });
});
