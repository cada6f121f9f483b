import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRegistry, registry, type Registry } from "../testkit/registry.js";
import { callerWith, openWorld, unique, type TenantInWorld, type World } from "../testkit/world.js";
import { post } from "./wire.js";

let app: Registry;
let world: World;
let tenant: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
});

type Line = Record<string, any>; // any: log lines have no type

const linesOf = (requestId: string): Line[] => app.logged.map((line) => JSON.parse(line) as Line).filter((line) => line["requestId"] === requestId);

/** Sends one request under an id of its own and returns its lines. */
async function logged(body: unknown, token: string | null, headers: Record<string, string> = {}): Promise<Line[]> {
  const requestId = unique("request");
  await post(app.url, body, { ...(token !== null && { authorization: `Bearer ${token}` }), "x-request-id": requestId, ...headers });
  return linesOf(requestId);
}

const LINE = { level: 30, time: expect.any(Number), pid: expect.any(Number), hostname: expect.any(String), requestId: expect.any(String) };

describe("an operation", () => {
  it("leaves one line: who, in which tenant, what, how long", async () => {
    const { sub } = JSON.parse(Buffer.from(tenant.admin.token?.split(".")[1] ?? "", "base64url").toString()) as { sub: string };
    expect(await logged({ query: "query Portal { myTenant { id } }" }, tenant.admin.token)).toEqual([
      { ...LINE, principal: sub, tenant: tenant.id, operation: "Portal", type: "query", durationMs: expect.any(Number), msg: "operation" },
    ]);
  });

  it.each<[string, () => Promise<Line[]>, () => Line]>([
    ["of nobody", () => logged({ query: "{ __typename }" }, null), () => ({ principal: null, tenant: null, operation: null, type: "query" })],
    ["of staff", () => logged({ query: "{ __typename }" }, world.operator.token), () => ({ principal: expect.any(String), tenant: null, operation: null })],
    ["of staff in a tenant", () => logged({ query: "{ __typename }" }, world.operator.token, { "x-tenant-id": tenant.id }), () => ({ tenant: tenant.id })],
    ["of a service", () => logged({ query: "{ __typename }" }, world.service.token), () => ({ principal: expect.any(String), tenant: null })],
    ["that changes", () => logged({ query: 'mutation Gone { archiveProject(input: { id: "x" }) { project { id } } }' }, tenant.admin.token), () => ({ operation: "Gone", type: "mutation", codes: ["NOT_FOUND"] })],
    ["that is refused", () => logged({ query: "query Wrong { nothing }" }, tenant.admin.token), () => ({ tenant: tenant.id, operation: null, type: null, codes: ["GRAPHQL_VALIDATION_FAILED"] })],
    ["that is too large", () => logged({ query: `{ ${"__typename ".repeat(11)} }` }, tenant.admin.token), () => ({ codes: ["LIMIT_EXCEEDED"] })],
  ])("%s says so", async (_what, send, expected) => {
    const lines = await send();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ ...LINE, durationMs: expect.any(Number), msg: "operation", ...expected() });
  });

  it.each([
    ["query A { __typename }", `B${"x".repeat(10_000)}`, `B${"x".repeat(99)}`],
    ["query A { __typename }", "B\n{\"level\":60}\u001b[31m\u202e\u2028", 'B?{"level":60}?[31m??'],
    [`query ${"A".repeat(10_000)} { __typename }`, undefined, "A".repeat(100)],
  ])("has its name cut and cleaned: %.20s", async (query, operationName, operation) => {
    expect(await logged({ query, operationName }, tenant.admin.token)).toMatchObject([{ operation }]);
  });

  it("puts no variable, no literal, no token and no other header into the log, at any level", async () => {
    const secret = unique("secret");
    const query = `query ($s: String!) { a: tenantBySlug(slug: $s) { id } b: tenantBySlug(slug: "${secret}") { id } }`;
    const before = app.logged.length;
    await logged({ query, variables: { s: secret, unused: secret } }, tenant.admin.token, { cookie: secret, "x-api-key": secret, "user-agent": secret });
    await logged({ query: `{ ${secret.replaceAll("-", "_")} }` }, tenant.admin.token);
    await logged(`{"query": ${secret}`, tenant.admin.token);
    const bad = app.issuer.token({ exp: 1, iat: 0, [secret]: secret });
    await logged({ query }, bad);
    const text = app.logged.slice(before).join("");
    expect(text).not.toContain(secret);
    expect(text).not.toContain(secret.replaceAll("-", "_"));
    for (const token of [tenant.admin.token ?? "", bad]) for (const segment of token.split(".")) expect(text).not.toContain(segment);
  });
});

describe("an operation that acts in a place", () => {
  interface Placed extends TenantInWorld {
    headers: Record<string, string>;
    fields: Line;
  }

  async function placed(): Promise<Placed> {
    const own = await world.tenant();
    for (const slug of ["prod", "staging"]) await own.environment({ slug });
    const team = await own.team({ slug: "support" });
    return { ...own, headers: { "x-environment-id": "prod", "x-team-id": team.id }, fields: { tenant_id: own.slug, env_id: "prod", team_id: "support" } };
  }

  const PLACE_FIELDS = ["tenant_id", "env_id", "team_id"];
  const placeOf = (line: Line | undefined) => Object.fromEntries(Object.entries(line ?? {}).filter(([name]) => PLACE_FIELDS.includes(name)));
  const contextOf = (tenants: string[], more = "") => ({ query: `{ ${tenants.map((slug, n) => `c${n}: tenantContext(tenant: "${slug}", environment: "prod"${more}) { environment }`).join(" ")} }` });

  it("says so beside its tenant, whether it is answered or refused", async () => {
    const { id, member, headers, fields } = await placed();
    for (const [query, expected] of [
      ["{ __typename }", { type: "query" }],
      ["{ tenantContext { environment } }", { type: "query" }],
      ['{ tenantContext(environment: "staging") { environment } }', { codes: ["BAD_USER_INPUT"] }],
      ['mutation { createProject(input: { slug: "p", name: "P" }) { project { id } } }', { codes: ["FORBIDDEN"] }],
      ["{ nothing }", { codes: ["GRAPHQL_VALIDATION_FAILED"] }],
    ] as const) {
      const lines = await logged({ query }, member.token, headers);
      expect(lines).toMatchObject([{ tenant: id, msg: "operation", ...expected }]);
      expect(placeOf(lines[0])).toEqual(fields);
    }
  });

  it("is where the headers say, whichever contexts it asks for", async () => {
    const { slug, member, headers, fields } = await placed();
    const { "x-environment-id": environment } = headers;
    const [line] = await logged(contextOf([slug], ', team: "support"'), member.token, { "x-environment-id": environment ?? "" });
    expect(placeOf(line)).toEqual({ ...fields, team_id: null });
  });

  it("is where its contexts are when no header says so; of several it says none", async () => {
    const [one, other] = [await placed(), await placed()];
    for (const [token, tenant] of [[one.member.token, one.id], [world.service.token, null], [world.support.token, null]] as const) {
      const [line] = await logged(contextOf([one.slug, one.slug]), token);
      expect(line).toMatchObject({ tenant });
      expect(placeOf(line)).toEqual({ ...one.fields, team_id: null });
    }
    for (const caller of [world.service, world.support]) {
      expect(placeOf((await logged(contextOf([one.slug, other.slug]), caller.token))[0])).toEqual({});
      expect(placeOf((await logged(contextOf([unique("t")]), caller.token))[0])).toEqual({});
    }
    expect(placeOf((await logged({ query: "{ viewer { kind } }" }, one.member.token, { "x-team-id": "support" }))[0])).toEqual({});
  });

  it("is refused without a place in its line, and without what was named", async () => {
    const { member } = await placed();
    const name = unique("nowhere");
    const lines = await logged({ query: "{ __typename }" }, member.token, { "x-environment-id": name });
    expect(lines).toMatchObject([{ level: 40, code: "NOT_FOUND", principal: null, tenant: null, msg: "request refused" }]);
    expect(placeOf(lines[0])).toEqual({});
    expect(app.logged.join("")).not.toContain(name);
  });

  it("without any its line has the same members in the same order as ever", async () => {
    const { member } = await placed();
    const [line] = await logged({ query: "query Portal { viewer { kind } }" }, member.token);
    expect(Object.keys(line ?? {})).toEqual(["level", "time", "pid", "hostname", "requestId", "principal", "tenant", "operation", "type", "durationMs", "msg"]);
  });
});

describe("a request that is no operation", () => {
  it.each<[string, () => Promise<Line[]>, Line]>([
    ["a bad token", () => logged({ query: "{ __typename }" }, app.issuer.token({ aud: "other" })), { level: 40, code: "UNAUTHENTICATED", err: { internal: expect.stringContaining("aud") } }],
    ["another tenant's header", () => logged({ query: "{ __typename }" }, tenant.admin.token, { "x-tenant-id": "nobody" }), { level: 40, code: "NOT_FOUND" }],
    ["a body that is no JSON", () => logged("{", tenant.admin.token), { level: 30, status: 400, code: "BAD_REQUEST" }],
    ["a body that is too large", () => logged(" ".repeat(256 * 1024 + 1), tenant.admin.token), { level: 30, status: 413, code: "LIMIT_EXCEEDED" }],
  ])("leaves one line that says why it was refused: %s", async (_what, send, expected) => {
    const lines = await send();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ requestId: expect.any(String), principal: null, tenant: null, msg: "request refused", ...expected });
  });
});

describe("a database error", () => {
  let own: Registry;
  beforeAll(async () => {
    own = await openRegistry();
  });
  afterAll(() => own.close());

  it("is logged by what names the schema, without the statement's values or the row", async () => {
    const customer = await (await openWorld(own)).tenant();
    await own.sql("alter table tenant_projects add constraint no_more check (slug = 'never') not valid");
    const name = unique("confidential");
    const query = "mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id } } }";
    const answer = await callerWith(own, customer.admin.token).run(query, { input: { slug: "p1", name } });
    expect(answer.body.errors).toMatchObject([{ message: "Something went wrong on our side" }]);
    const failures = own.logged.map((line) => JSON.parse(line) as Line).filter(({ level }) => level >= 50);
    expect(failures).toMatchObject([{ err: { type: "QueryFailedError", code: "23514", table: "tenant_projects", constraint: "no_more", stack: expect.stringContaining("at ") } }]);
    expect(own.logged.join("")).not.toContain(name);
  });

  it("says in which place it happened", async () => {
    const customer = await (await openWorld(own)).tenant();
    await customer.environment({ slug: "prod" });
    await own.sql("alter table tenant_projects add constraint never_this check (slug <> 'p2') not valid");
    const query = 'mutation { createProject(input: { slug: "p2", name: "P" }) { project { id } } }';
    const answer = await callerWith(own, customer.admin.token).run(query, {}, { "x-environment-id": "prod", "x-request-id": "failing" });
    expect(answer.body.errors).toMatchObject([{ extensions: { code: "INTERNAL_SERVER_ERROR" } }]);
    const lines = own.logged.map((line) => JSON.parse(line) as Line).filter(({ requestId }) => requestId === "failing");
    expect(lines.map(({ level }) => level as number)).toEqual([50, 30]);
    for (const line of lines) expect(line).toMatchObject({ tenant: customer.id, tenant_id: customer.slug, env_id: "prod", team_id: null });
  });
});
