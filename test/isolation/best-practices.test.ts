/** Owns the proof that tenants are kept apart as the "Best Practices" of seeds 001 and 002 ask for, sentence by sentence. `nats.test.ts` is its part on a NATS server. */
import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import * as names from "../../packages/tenant-names/src/index.js";
import type { SecretOwner, SecretProfile } from "../../packages/tenant-names/src/index.js";
import { plantEverything } from "../testkit/everything.js";
import { data, fault } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type Answer, type Caller, type TenantInWorld, type World } from "../testkit/world.js";
import { attempt } from "../walls/scopes.js";

interface Home extends TenantInWorld {
  /** What is called so in no other tenant. */
  own: { environment: Named; team: Named; channel: Named; flow: { id: string; name: string } };
}
interface Named {
  id: string;
  slug: string;
}

let app: Registry;
let world: World;
let acme: Home;
let bigcorp: Home;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  [acme, bigcorp] = [await home(), await home()];
});
afterEach(() => {
  app.clock.now = null;
});

/** A tenant with `prod`, `staging` and `support` as every other one has them, and one of each kind that nobody else has. */
async function home(): Promise<Home> {
  const tenant = await world.tenant();
  for (const slug of ["prod", "staging"]) await tenant.environment({ slug });
  await tenant.channel(await tenant.team({ slug: "support" }), { slug: "slack" });
  const [environment, team, flow] = [await tenant.environment(), await tenant.team(), await tenant.flow()];
  await tenant.running(environment, flow);
  return { ...tenant, own: { environment, team, flow, channel: await tenant.channel(team) } };
}

describe("Always pass TenantCtx - Never hardcode tenant IDs", () => {
  const [session, channel, key] = ["session_001", "slack", ["api_key"]];
  it.each<[string, () => unknown]>([
    // @ts-expect-error There is no path without a context.
    ["a session's path", () => names.sessionPath.print({ session })],
    // @ts-expect-error Nor a key.
    ["a state's key", () => names.stateKey.print({ session })],
    // @ts-expect-error Nor a subject.
    ["a message's subject", () => names.messageSubject.print({ channel })],
    // @ts-expect-error Nor a filter without a tenant.
    ["a filter of subjects", () => names.subjectFilter({ environment: "prod" })],
    // @ts-expect-error Nor a secret that is nobody's.
    ["a secret's path", () => names.secretPaths.secrets.print({ key })],
    // @ts-expect-error Nor one of a tenant that is not named.
    ["a tenant's secret's path", () => names.secretPaths.gbo.print({ owner: { kind: "tenant", environment: "prod", team: null }, key })],
    // @ts-expect-error Nor a resource.
    ["a resource's name", () => names.resourceName.print({ environment: "prod", team: null, item: null })],
    // @ts-expect-error Nor log fields.
    ["log fields", () => names.logFields.print({ environment: "prod", team: null })],
    // @ts-expect-error Nor a context.
    ["a context", () => names.tenantContext({ environment: "prod" })],
  ])("without it there is not %s, for the compiler nor at run time", (_what, make) => {
    expect(make).toThrow(names.NameRefusedError);
  });

  it("no tenant of the seeds is known to the code, apart from what development brings along", async () => {
    const files = (await Promise.all(["src", "packages/tenant-names/src", "migrations"].map(async (root) => (await readdir(root, { recursive: true })).map((file) => join(root, file))))).flat();
    const sources = files.filter((file) => file.endsWith(".ts") && !file.startsWith(join("src", "development")));
    expect(sources.length).toBeGreaterThan(200);
    // The command line names a caller of the development issuer as an example.
    const texts = await Promise.all(sources.map(async (file) => ({ file, text: (await readFile(file, "utf8")).replaceAll("acme-admin", "") })));
    expect(texts.filter(({ text }) => /acme|bigcorp|0{8}-0{4}-0{4}-\d{4}-0{11}[1-9]/i.test(text)).map(({ file }) => file)).toEqual([]);
  });

  it("one question from two tenants gives the same names, but for the tenant's place in each", async () => {
    const ALL = `query ($session: String!) { tenantContext(environment: "prod", team: "support") { names {
      sessionPath(session: $session) stateKey(session: $session) messageSubject(channel: "slack") subjectFilter logFields
      own: secretPath(key: "api_key") shared: secretPath(key: "api_key", shared: true) gbo: secretPath(profile: GBO, key: "api_key")
      context: resourceName channel: resourceName(kind: CHANNELS, id: "slack") flow: resourceName(kind: FLOWS, id: "support_flow") a: resourceName(kind: SESSIONS, id: $session) } } }`;
    // A session that tries to be in the other's place.
    const asked = { session: `../../${bigcorp.slug}` };
    const [mine, theirs] = [await acme.member.run(ALL, asked), await bigcorp.member.run(ALL, asked)].map((answer) => data(answer)["tenantContext"].names as Record<string, unknown>);
    expect(Object.keys(mine ?? {})).toHaveLength(12);
    for (const [name, value] of Object.entries(mine ?? {})) {
      const text = JSON.stringify(value);
      expect([name, text.split(acme.slug)]).toEqual([name, [expect.any(String), expect.any(String)]]);
      // In the place of the tenant, and nowhere else.
      expect([name, text.replace(acme.slug, bigcorp.slug)]).toEqual([name, JSON.stringify(theirs?.[name])]);
    }
  });
});

describe("Validate at boundaries - Check tenant access at API and component level", () => {
  const CONTEXT = "query ($tenant: String, $environment: String, $team: String) { tenantContext(tenant: $tenant, environment: $environment, team: $team) { tenantSlug environment team } }";
  const UNCHANGED = "xmin::text || ':' || id";

  /** What the other tenant's name or id gives is, letter for letter, what one gives that nobody has. */
  async function sameAsMissing(send: (name: string) => Promise<Answer>, theirs: string, missing = theirs.length === 36 ? randomUUID() : unique("none")): Promise<Answer> {
    const [ofTheirs, ofNobody] = [await send(theirs), await send(missing)];
    expect([theirs, ofTheirs.status, ofTheirs.body]).toEqual([theirs, ofNobody.status, ofNobody.body]);
    return ofTheirs;
  }

  it("in headers: environment, team and tenant of another are NOT_FOUND before anything is done", async () => {
    const { environment, team } = bigcorp.own;
    data(await bigcorp.admin.run("{ viewer { kind } }", {}, { "x-environment-id": environment.slug, "x-team-id": team.id, "x-tenant-id": bigcorp.id }));
    const rejected = async (header: string, name: string) => fault(await sameAsMissing((named) => acme.admin.run("{ viewer { kind } }", {}, { "x-environment-id": "prod", [header]: named }), name), "NOT_FOUND");
    for (const name of [environment.id, environment.slug]) await rejected("x-environment-id", name);
    for (const name of [team.id, team.slug]) await rejected("x-team-id", name);
    for (const name of [bigcorp.id, bigcorp.slug]) await rejected("x-tenant-id", name);
  });

  it("in arguments: another's tenant, environment and team give no context", async () => {
    const { environment, team } = bigcorp.own;
    expect(data(await bigcorp.admin.run(CONTEXT, { environment: environment.id, team: team.slug }))["tenantContext"]).toMatchObject({ tenantSlug: bigcorp.slug });
    const none = async (send: (name: string) => Promise<Answer>, name: string) => expect(data(await sameAsMissing(send, name))).toEqual({ tenantContext: null });
    for (const name of [environment.id, environment.slug]) await none((named) => acme.admin.run(CONTEXT, { environment: named }), name);
    for (const name of [team.id, team.slug]) await none((named) => acme.admin.run(CONTEXT, { environment: "prod", team: named }), name);
    for (const name of [bigcorp.id, bigcorp.slug]) await none((named) => acme.admin.run(CONTEXT, { tenant: named, environment: "prod" }), name);
  });

  it.each<["environment" | "team" | "channel" | "flow", string]>([["environment", "Environment"], ["team", "Team"], ["channel", "Channel"], ["flow", "Flow"]])("by id: another's %s is null, by query and as an entity of the supergraph", async (query, type) => {
    const one = (caller: Caller, id: string) => caller.run(`query ($id: ID!) { ${query}(id: $id) { id tenant { slug } } }`, { id });
    const entity = (caller: Caller, id: string) => caller.run(`query ($of: [_Any!]!) { _entities(representations: $of) { ... on ${type} { id } } }`, { of: [{ __typename: type, id }] });
    const { id } = bigcorp.own[query];
    expect(data(await one(bigcorp.admin, id))[query]).toEqual({ id, tenant: { slug: bigcorp.slug } });
    expect(data(await sameAsMissing((named) => one(acme.admin, named), id))).toEqual({ [query]: null });
    expect(data(await entity(bigcorp.admin, id))).toEqual({ _entities: [{ id }] });
    expect(data(await sameAsMissing((named) => entity(acme.admin, named), id))).toEqual({ _entities: [null] });
  });

  it.each<[mutation: string, id: (of: Home["own"], tenant: Home) => string, input: (id: string) => Record<string, unknown>]>([
    ["updateEnvironment", ({ environment }) => environment.id, (id) => ({ id, name: "Taken" })],
    ["createTeam", (_own, { id }) => id, (tenantId) => ({ tenantId, slug: "planted", name: "Planted" })],
    ["updateTeam", ({ team }) => team.id, (id) => ({ id, archived: true })],
    ["createChannel", ({ team }) => team.id, (teamId) => ({ teamId, slug: "planted", provider: "messaging-slack" })],
    ["updateChannel", ({ channel }) => channel.id, (id) => ({ id, archived: true })],
    ["publishFlow", (_own, { id }) => id, (tenantId) => ({ tenantId, name: "planted", body: { nodes: [{ id: "start", type: "message" }] } })],
    ["runFlow", ({ environment }) => environment.id, (environmentId) => ({ environmentId, flow: bigcorp.own.flow.name, number: null })],
    ["updateTenant", (_own, { id }) => id, (id) => ({ id, settings: { language: "de" } })],
  ])("by mutation: %s of another's is NOT_FOUND, and nothing is done", async (mutation, of, input) => {
    const tables = ["tenant_environments", "tenant_teams", "team_channels", "tenant_flows", "flow_versions", "environment_flows", "audit_log"];
    const rows = () => Promise.all(tables.map((table) => app.sql(`select ${table === "audit_log" ? "id" : UNCHANGED} as row from ${table} where tenant_id = $1 order by 1`, [bigcorp.id])));
    const before = await rows();
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const send = (id: string) => acme.admin.run(`mutation ($input: ${type}!) { ${mutation}(input: $input) { __typename } }`, { input: input(id) });
    fault(await sameAsMissing(send, of(bigcorp.own, bigcorp)), "NOT_FOUND");
    expect(await rows()).toEqual(before);
  });

  it("in components: can() is false for each resource of another, and true for its own people", async () => {
    const { environment, team, channel, flow } = bigcorp.own;
    const inAll = { tenant: bigcorp.slug, environment: null, team: null, item: null };
    const resources = [
      inAll,
      { ...inAll, environment: environment.slug },
      { ...inAll, team: team.slug },
      { ...inAll, environment: environment.slug, team: team.slug },
      { ...inAll, team: team.slug, item: { kind: "channels" as const, id: channel.slug } },
      { ...inAll, item: { kind: "flows" as const, id: flow.name } },
      { ...inAll, environment: environment.slug, item: { kind: "sessions" as const, id: "session_001" } },
      { ...inAll, item: { kind: "secrets" as const, id: "api_key" } },
    ].map((resource) => names.resourceName.print(resource));
    const ask = async (caller: Caller, where: string) => {
      const questions = resources.map((resource, n) => `r${n}: can(action: "tenant_context.read", resource: "${resource}")`).join(" ");
      return Object.values(data(await caller.run(`{ tenantContext(environment: "${where}") { ${questions} } }`))["tenantContext"] as Record<string, boolean>);
    };
    expect(await ask(bigcorp.member, environment.slug)).toEqual(resources.map(() => true));
    for (const caller of [acme.member, acme.admin]) for (const where of ["prod", acme.own.environment.slug]) expect(await ask(caller, where)).toEqual(resources.map(() => false));
  });
});

describe("Use tenant-scoped logging - Include tenant ID in all log entries", () => {
  async function linesOf(send: (requestId: Record<string, string>) => Promise<Answer>): Promise<Record<string, unknown>[]> {
    const requestId = unique("request");
    await send({ "x-request-id": requestId });
    return app.logged.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line["requestId"] === requestId);
  }
  const PROJECT = 'mutation { createProject(input: { slug: "never-again", name: "x" }) { project { id } } }';

  it("every line of an operation has the tenant's id, and its place where one is named: answered, refused or failed", async () => {
    const headers = { "x-environment-id": "prod", "x-team-id": "support" };
    const { id, slug, admin, member } = acme;
    await app.sql("alter table tenant_projects add constraint never_again check (slug <> 'never-again') not valid");
    try {
      for (const [caller, document, lines] of [[admin, "{ myTenant { id } }", 1], [member, PROJECT, 1], [admin, "{ nothing }", 1], [admin, PROJECT, 2]] as const) {
        const [placed, plain] = [await linesOf((given) => caller.run(document, {}, { ...given, ...headers })), await linesOf((given) => caller.run(document, {}, given))];
        expect([document, placed.length, plain.length]).toEqual([document, lines, lines]);
        for (const line of placed) expect(line).toMatchObject({ tenant: id, tenant_id: slug, env_id: "prod", team_id: "support" });
        for (const line of plain) expect(line).toMatchObject({ tenant: id });
      }
    } finally {
      await app.sql("alter table tenant_projects drop constraint never_again");
    }
  });

  it("no line of a tenant's request has anything of another's, not even when the request names it", async () => {
    const { environment, team } = bigcorp.own;
    const lines = [
      await linesOf((given) => acme.admin.run("query ($id: ID!) { tenant(id: $id) { id } environment(id: $id) { id } }", { id: bigcorp.id }, given)),
      await linesOf((given) => acme.admin.run("query ($slug: String) { tenantContext(tenant: $slug) { tenantId } }", { slug: bigcorp.slug }, given)),
      await linesOf((given) => acme.admin.run("{ __typename }", {}, { ...given, "x-environment-id": environment.slug, "x-team-id": team.slug })),
    ];
    for (const some of lines) expect(some).toHaveLength(1);
    const text = JSON.stringify(lines);
    for (const { id, slug } of [bigcorp, environment, team]) expect([text.includes(id), text.includes(slug)]).toEqual([false, false]);
  });
});

describe("Separate secrets - Never share secrets between tenants", () => {
  const TENANTS = ["acme", "bigcorp", "acme-2", "environments", "teams", "tenants", "system", "secrets"];
  const PLACES = [null, "prod", "staging", "acme", "bigcorp"].flatMap((environment) => [null, "support", "acme", "bigcorp"].map((team) => ({ environment, team })));
  const KEYS = [["api_key"], ["acme"], ["bigcorp", "api_key"], ["prod"], ["support", "api_key"], ["api_key", "prod"]];
  /** Where everything of a tenant lies, which is what a policy of the store names. */
  const ROOTS: Record<SecretProfile, (tenant: string) => string> = { secrets: (tenant) => `secrets/${tenant}/`, gbo: (tenant) => `gbo/orgs/${tenant}/` };

  function ownersOf(profile: SecretProfile, tenant: string): SecretOwner[] {
    const owners: SecretOwner[] = PLACES.map((place) => ({ kind: "tenant", tenant, ...place }));
    if (profile === "secrets") return owners;
    const people = ["ada", "acme", "../bigcorp", "bigcorp/users/ada"].flatMap((who) => [null, "prod"].flatMap((environment): SecretOwner[] => [{ kind: "bot", tenant, environment, bot: who }, { kind: "user", tenant, environment, user: who }]));
    return [...owners, ...people];
  }
  const pathsOf = (profile: SecretProfile, owner: SecretOwner) => KEYS.map((key) => names.secretPaths[profile].print({ owner, key }));

  it.each<[SecretProfile]>([["secrets"], ["gbo"]])("%s: no path is two owners', and none lies below what is another tenant's", (profile) => {
    const of = TENANTS.map((tenant) => ({ tenant, paths: ownersOf(profile, tenant).flatMap((owner) => pathsOf(profile, owner)) }));
    const every = of.flatMap(({ paths }) => paths);
    expect(new Set(every).size).toBe(every.length);
    for (const { tenant, paths } of of) {
      expect(every.filter((path) => path.startsWith(ROOTS[profile](tenant)))).toEqual(paths);
    }
  });

  it.each<[SecretProfile]>([["secrets"], ["gbo"]])("%s: what is an environment's is not another's, nor below it", (profile) => {
    const pathsIn = (environment: string | null) => ownersOf(profile, "acme").filter((owner) => "environment" in owner && owner.environment === environment).flatMap((owner) => pathsOf(profile, owner));
    const below = (environment: string) => `${ROOTS[profile]("acme")}environments/${environment}/`;
    for (const environment of ["prod", "staging"]) expect(pathsIn(environment).every((path) => path.startsWith(below(environment)))).toBe(true);
    for (const path of [...pathsIn("staging"), ...pathsIn(null)]) expect([path, path.startsWith(below("prod"))]).toEqual([path, false]);
  });

  it("nobody is called as the platform's own place, and nothing is where the platform's secrets are", () => {
    expect(() => names.tenantContext({ tenant: "global", environment: "prod" })).toThrow(names.NameRefusedError);
    expect(() => pathsOf("secrets", { kind: "tenant", tenant: "global", environment: null, team: null })).toThrow(names.NameRefusedError);
    for (const profile of ["secrets", "gbo"] as const) {
      const platforms = pathsOf(profile, { kind: "system" });
      const [root] = /^[^/]+\/[^/]+\//.exec(platforms[0] ?? "") ?? [];
      for (const tenant of TENANTS) for (const path of ownersOf(profile, tenant).flatMap((owner) => pathsOf(profile, owner))) expect([path, path.startsWith(root ?? "")]).toEqual([path, false]);
    }
  });

  it("the graph tells whoever asks the paths of its own tenant, and no key leads out of it", async () => {
    const PLACES = ["secretPath(key: $key)", "secretPath(key: $key, shared: true)", "secretPath(profile: GBO, key: $key)"];
    const ask = (place: string, key: string) => acme.member.run(`query ($key: String!) { tenantContext(environment: "prod", team: "support") { names { path: ${place} } } }`, { key });
    const told = await Promise.all(PLACES.map(async (place) => data(await ask(place, "slack/token"))["tenantContext"].names.path as string));
    expect(told).toEqual([`secrets/${acme.slug}/environments/prod/teams/support/slack/token`, `secrets/${acme.slug}/teams/support/slack/token`, `gbo/orgs/${acme.slug}/environments/prod/teams/support/slack/token`]);
    for (const key of ["..", `../../${bigcorp.slug}/api_key`, "/api_key", "a//b", "%2e%2e/a", "teams/sales/api_key", "a/b/c/d/e", ""]) {
      for (const place of PLACES) fault(await ask(place, key), "BAD_USER_INPUT", "key");
    }
  });
});

describe("Test isolation - Verify one tenant cannot access another's data", () => {
  const REFUSED = "42501";
  /** Each table of the hierarchy → a column and what may come of setting it: nothing was there, or nobody of a tenant may. */
  const TABLES = {
    tenant_environments: ["name = 'x'", [{ affected: 0 }]],
    environment_placements: ["ended_at = now()", REFUSED],
    tenant_teams: ["name = 'x'", [{ affected: 0 }]],
    team_channels: ["config = '{}'", [{ affected: 0 }]],
    tenant_flows: ["latest_number = 9", [{ affected: 0 }]],
    flow_versions: ["body = '{}'", REFUSED],
    environment_flows: ["number = null", [{ affected: 0 }]],
    tenant_usage: ["operations = 9", REFUSED],
  } as const;
  let victim: TenantInWorld;
  let thief: TenantInWorld;
  beforeAll(async () => {
    [victim, thief] = [await world.tenant(), await world.tenant()];
    for (const { id } of [victim, thief]) await plantEverything(app, id);
  });

  it.each(Object.entries(TABLES))("%s: another's row is there, and is neither seen nor added to, changed or deleted", async (table, [assignment, updated]) => {
    const where = `where tenant_id = '${victim.id}'`;
    expect(await app.sql(`select count(*)::int from ${table} ${where}`)).toEqual([{ count: 1 }]);
    const asThief = (text: string) => attempt(app, "registry_tenant", thief.id, text);
    expect(await asThief(`select tenant_id from ${table}`)).toEqual([{ tenant_id: thief.id }]);
    expect(await asThief(`select id from ${table} ${where}`)).toEqual([]);
    expect(await asThief(`insert into ${table} (tenant_id) values ('${victim.id}')`)).toBe(REFUSED);
    expect(await asThief(`update ${table} set ${assignment} ${where}`)).toEqual(updated);
    expect(await asThief(`delete from ${table} ${where}`)).toBe(REFUSED);
  });

  it("the graph tells the one everything of itself, and nothing of the other", async () => {
    const EVERYTHING = `{ myTenant { slug bundle deployment settings { language } usage { environment operations }
      environments { id slug cluster { slug } placements { placedAt } flows { flow body } }
      teams { totalCount nodes { id slug channels { id slug } } } flows { totalCount nodes { id name latest { number body } versions { totalCount } } } } }`;
    await app.sql("update tenant_environments set name = $2 where tenant_id = $1", [victim.id, victim.slug]);
    const [own, other] = [data(await victim.admin.run(EVERYTHING))["myTenant"], data(await thief.admin.run(EVERYTHING))["myTenant"]];
    expect(JSON.stringify(own.bundle)).toContain(victim.slug);
    for (const { teams, flows, environments } of [own, other]) expect([teams.totalCount, flows.totalCount, environments.length]).toEqual([1, 1, 1]);
    const text = JSON.stringify(other);
    for (const id of [victim.slug, own.environments[0].id, own.teams.nodes[0].id, own.teams.nodes[0].channels[0].id, own.flows.nodes[0].id]) expect(text).not.toContain(id);
    expect(data(await thief.admin.run("query ($id: ID!) { tenant(id: $id) { bundle usage { operations } environments { id } } }", { id: victim.id }))).toEqual({ tenant: null });
    fault(await thief.admin.run("{ routes { nodes { tenantSlug } } }"), "FORBIDDEN");
  });
});

describe("Monitor per-tenant - Track usage and errors by tenant", () => {
  const USAGE = '{ myTenant { usage(from: "2031-06-01", until: "2031-06-30") { day environment operations errors } } }';

  it("operations and errors are counted apart by tenant, environment and day, and nobody's traffic shows in another's", async () => {
    app.clock.now = new Date("2031-06-10T23:59:59.999Z");
    const [mine, theirs] = [await home(), await home()];
    const work = async (caller: Caller, environment: string, operations: number, errors: number) => {
      for (let n = 0; n < operations - errors; n++) data(await caller.run("{ __typename }", {}, { "x-environment-id": environment }));
      for (let n = 0; n < errors; n++) fault(await caller.run("{ jobs { nodes { id } } }", {}, { "x-environment-id": environment }), "FORBIDDEN");
    };
    /** What was asked without naming an environment is the looking itself. */
    const usageOf = async ({ auditor }: Home) => {
      await app.service.usage.flush();
      return (data(await auditor.run(USAGE))["myTenant"].usage as { environment: string | null }[]).filter(({ environment }) => environment !== null);
    };
    await work(mine.member, "prod", 3, 1);
    await work(theirs.member, "prod", 2, 2);
    app.clock.now = new Date("2031-06-11T00:00:00Z");
    await work(mine.member, "prod", 1, 0);
    await work(mine.member, "staging", 2, 1);
    const before = await usageOf(mine);
    expect(before).toEqual([
      { day: "2031-06-10", environment: "prod", operations: 3, errors: 1 },
      { day: "2031-06-11", environment: "prod", operations: 1, errors: 0 },
      { day: "2031-06-11", environment: "staging", operations: 2, errors: 1 },
    ]);
    await work(theirs.member, "staging", 5, 3);
    expect(await usageOf(theirs)).toEqual([
      { day: "2031-06-10", environment: "prod", operations: 2, errors: 2 },
      { day: "2031-06-11", environment: "staging", operations: 5, errors: 3 },
    ]);
    expect(await usageOf(mine)).toEqual(before);
    expect(data(await mine.auditor.run("query ($id: ID!) { tenant(id: $id) { usage { operations } } }", { id: theirs.id }))).toEqual({ tenant: null });
  });
});
