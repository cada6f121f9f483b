import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { TenantContent } from "../../src/bundle/bundle.shape.js";
import { commandsFor } from "../testkit/bundles.js";
import { actionsIn, eventsOf } from "../testkit/events.js";
import { data, fault } from "../testkit/outcome.js";
import { bundles } from "../testkit/random-bundles.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../testkit/world.js";

const STEP = "kind what name before after";
const APPLY = `mutation ($input: ApplyBundleInput!) { applyBundle(input: $input) { applied steps { ${STEP} } kept { ${STEP} } problems { place rule } } }`;
const BUNDLE = "query ($id: ID!) { tenant(id: $id) { bundle } }";

let app: Registry;
let world: World;
let acme: TenantInWorld;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  acme = await world.tenant();
});

interface Input {
  create?: boolean;
  prune?: boolean;
  dryRun?: boolean;
}

const ask = (tenant: string, content: unknown, input: Input = {}, caller: Caller = world.operator) => caller.run(APPLY, { input: { tenant, content, ...input } });
const apply = async (tenant: string, content: TenantContent, input: Input = {}) => data(await ask(tenant, content, input))["applyBundle"];
const bundleOf = async ({ id }: { id: string }, caller = world.operator) => data(await caller.run(BUNDLE, { id }))["tenant"]["bundle"];
const named = (steps: { kind: string; what: string; name: string }[]) => steps.map(({ kind, what, name }) => `${kind} ${what} ${name}`);
const idOf = async (slug: string) => (await app.sql<{ id: string }>("select id from tenants where slug = $1", [slug]))[0]?.id ?? "";

const FLOW = { nodes: [{ id: "greet", type: "reply" }] };
const WHOLE: TenantContent = {
  name: "Whole",
  settings: { timezone: "Europe/Berlin" },
  environments: [{ id: "prod", name: "Production", cluster: "shared", flows: { greet: 1 } }],
  teams: { support: { name: "Support", settings: { language: "de" }, channels: { slack: { provider: "messaging-slack", config: { workspace_id: "T123" } } } } },
  flows: { greet: FLOW },
};

describe("applyBundle", () => {
  describe("invalid", () => {
    it.each<[string, unknown, string[], RegExp]>([
      ["a misspelt section", { tems: {} }, ["tems"], /^is not known here; did you mean teams\?$/],
      ["a name that cannot be printed", { name: "a\u202eb" }, ["name"], /^must be 1 to 200 characters of printable text$/],
      ["an unknown time zone", { settings: { timezone: "Mars/Phobos" } }, ["settings", "timezone"], /^must be the IANA name/],
      ["a misspelt setting", { settings: { timezon: "UTC" } }, ["settings", "timezon"], /^is not known here; did you mean timezone\?$/],
      ["an environment that cannot be called so", { environments: [{ id: "default" }] }, ["environments", "default"], /^has a name that must be/],
      ["a slug with a null character", { environments: [{ id: "a\u0000" }] }, ["environments", "a\u0000"], /^has a name that must be/],
      ["an unknown cluster", { environments: [{ id: "prod", cluster: "mars" }] }, ["environments", "prod", "cluster"], /^is no cluster for this tenant$/],
      ["another customer's cluster, in the same words", { environments: [{ id: "prod", cluster: "bigcorp" }] }, ["environments", "prod", "cluster"], /^is no cluster for this tenant$/],
      ["an unknown provider", { teams: { a: { channels: { b: { provider: "messaging-slakc" } } } } }, ["teams", "a", "channels", "b", "provider"], /^must be one of/],
      ["an unfit setting of a channel", { teams: { a: { channels: { b: { provider: "messaging-slack", config: { workspace_id: "x" } } } } } }, ["teams", "a", "channels", "b", "config", "workspace_id"], /^must match/],
      ["a misspelt setting of a channel", { teams: { a: { channels: { b: { provider: "messaging-slack", config: { workspaceid: "T1" } } } } } }, ["teams", "a", "channels", "b", "config", "workspaceid"], /^is not known here; did you mean workspace_id\?$/],
      ["a flow without nodes", { flows: { greet: { nodes: [] } } }, ["flows", "greet", "nodes"], /^must be a list of 1 to/],
      ["an unfit later version", { flows: { greet: [FLOW, { nodes: [{ id: "G", type: "reply" }] }] } }, ["flows", "greet", "1", "nodes", "0", "id"], /^must be 1 to 64/],
      ["the same version twice in a row", { flows: { greet: [FLOW, FLOW] } }, ["flows", "greet", "1"], /^says the same as the version before it$/],
      ["a running flow that there is not", { environments: [{ id: "prod", flows: { nope: 1 } }] }, ["environments", "prod", "flows", "nope"], /^names a flow that the tenant does not have$/],
      ["a running version that there is not", { flows: { greet: FLOW }, environments: [{ id: "prod", flows: { greet: 2 } }] }, ["environments", "prod", "flows", "greet"], /^names a version that there is not: the latest is 1$/],
      ["one environment too many", { environments: Array.from({ length: 21 }, (_, n) => ({ id: `e${n}` })) }, ["environments"], /^would be 21 with those that are there, and can be at most 20$/],
    ])("%s is a problem at its place, and nothing is done", async (_what, content, place, rule) => {
      const before = await bundleOf(acme);
      for (const input of [{}, { dryRun: true }]) {
        expect(data(await ask(acme.slug, content, input))["applyBundle"]).toEqual({ applied: false, steps: [], kept: [], problems: [{ place, rule: expect.stringMatching(rule) }] });
      }
      expect(await bundleOf(acme)).toEqual(before);
    });

    it.each(["ab", "admin", "global", "con", "a_b", "A-tenant"])("a new tenant cannot be called %j", async (slug) => {
      expect((await apply(slug, {}, { create: true })).problems).toEqual([{ place: [], rule: expect.stringMatching(/^is not what a tenant can be called/) }]);
    });

    it("a published version never changes, and the others are still looked at", async () => {
      const { slug } = await world.tenant();
      await apply(slug, { flows: { greet: FLOW } });
      const other = { nodes: [{ id: "bye", type: "reply" }] };
      expect((await apply(slug, { flows: { greet: [other, FLOW] } })).problems).toEqual([{ place: ["flows", "greet", "0"], rule: "is not version 1 as it was published, and versions never change" }]);
    });

    it("more than 500 steps are refused before the first, also when only looked at", async () => {
      const { slug, id } = await world.tenant();
      const channels = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`c${n}`, { provider: "messaging-webchat" }]));
      const content = { teams: Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`t${n}`, { channels }])) };
      for (const dryRun of [true, false]) fault(await ask(slug, content, { dryRun }), "LIMIT_EXCEEDED");
      expect(await actionsIn(app, id)).toEqual([]);
    });
  });

  describe("who may", () => {
    it("only operators apply; nobody learns whether the tenant is there", async () => {
      for (const caller of [acme.admin, acme.member, world.support, world.service]) {
        const answers = await Promise.all([acme.slug, unique("t")].map((slug) => ask(slug, {}, { dryRun: true }, caller)));
        for (const answer of answers) fault(answer, "FORBIDDEN");
      }
      fault(await ask(acme.slug, {}, {}, world.anonymous), "UNAUTHENTICATED");
    });

    it("its own administrator and staff read a tenant's bundle; its auditors, its members and services do not", async () => {
      for (const caller of [acme.admin, world.support]) expect(await bundleOf(acme, caller)).toMatchObject({ name: "A tenant" });
      for (const caller of [acme.auditor, acme.member]) fault(await caller.run(BUNDLE, { id: acme.id }), "FORBIDDEN");
      const other = await world.tenant();
      expect(data(await other.admin.run(BUNDLE, { id: acme.id }))["tenant"]).toBeNull();
    });

    it("a tenant that there is not is NOT_FOUND, unless it is to be made; X-Tenant-ID never makes another one", async () => {
      const slug = unique("t");
      fault(await ask(slug, {}), "NOT_FOUND");
      fault(await world.operator.run(APPLY, { input: { tenant: slug, content: {}, create: true } }, { "x-tenant-id": acme.slug }), "NOT_FOUND");
      expect(await idOf(slug)).toBe("");
      expect(await apply(slug, {}, { create: true, dryRun: true })).toMatchObject({ applied: false, steps: [{ kind: "ADD", what: "TENANT", name: slug }] });
      expect(await idOf(slug)).toBe("");
    });

    it("an archived tenant is read-only, also for a look; a frozen one is the operators' to change", async () => {
      const archived = await world.tenant({ status: "archived" });
      for (const dryRun of [true, false]) fault(await ask(archived.slug, { name: "x" }, { dryRun }), "TENANT_READ_ONLY");
      const frozen = await world.tenant({ status: "frozen" });
      expect(await apply(frozen.slug, { name: "x" })).toMatchObject({ applied: true, steps: [{ what: "TENANT" }] });
    });
  });

  describe("ok", () => {
    it("makes a tenant on trial with everything in it, as the dry run said, and records every step", async () => {
      const slug = unique("t");
      const planned = await apply(slug, WHOLE, { create: true, dryRun: true });
      const done = await apply(slug, WHOLE, { create: true });
      expect(done).toEqual({ ...planned, applied: true });
      expect(named(done.steps)).toEqual([`ADD TENANT ${slug}`, `CHANGE SETTINGS ${slug}`, "ADD ENVIRONMENT prod", "ADD TEAM support", "ADD CHANNEL support/slack", "ADD FLOW greet", "ADD RUNNING_FLOW prod/greet"]);
      const id = await idOf(slug);
      expect((await eventsOf(app, id)).map(({ action, targetType, targetName, metadata }) => [action, targetType, targetName, metadata["did"]])).toEqual([
        ["tenant.create", "tenant", slug, undefined],
        ["bundle.apply", "tenant", slug, "change"],
        ["bundle.apply", "environment", "prod", "add"],
        ["bundle.apply", "team", "support", "add"],
        ["bundle.apply", "channel", "slack", "add"],
        ["bundle.apply", "flow", "greet", "add"],
        ["bundle.apply", "running_flow", "greet", "add"],
      ]);
      expect(await bundleOf({ id })).toEqual(WHOLE);
      expect(await app.sql("select status, plan from tenants where id = $1", [id])).toEqual([{ status: "trial", plan: "starter" }]);
    });

    it("a second time changes nothing and records nothing, whatever the order and spelling", async () => {
      const slug = unique("t");
      await apply(slug, WHOLE, { create: true });
      const id = await idOf(slug);
      const before = await eventsOf(app, id);
      const again = { ...WHOLE, settings: { timezone: "Europe/Berlin", language: null }, teams: { support: { ...WHOLE.teams?.["support"], settings: { language: "DE" } } } };
      expect(await apply(slug, again, { prune: true })).toEqual({ applied: true, steps: [], kept: [], problems: [] });
      expect(await eventsOf(app, id)).toEqual(before);
    });

    it("keeps what is not in the bundle and tells of it; with prune it goes, from the inside outwards", async () => {
      const slug = unique("t");
      await apply(slug, WHOLE, { create: true });
      const nothing = { environments: [], teams: {} };
      const removals = ["REMOVE RUNNING_FLOW prod/greet", "REMOVE CHANNEL support/slack", "REMOVE TEAM support", "REMOVE ENVIRONMENT prod"];
      const kept = await apply(slug, nothing);
      expect([kept.applied, named(kept.steps), named(kept.kept)]).toEqual([true, [], removals]);
      const planned = await apply(slug, nothing, { prune: true, dryRun: true });
      const pruned = await apply(slug, nothing, { prune: true });
      expect(pruned).toEqual({ ...planned, applied: true });
      expect([named(pruned.steps), pruned.kept]).toEqual([removals, []]);
      const id = await idOf(slug);
      expect(await bundleOf({ id })).toEqual({ name: "Whole", settings: { timezone: "Europe/Berlin" }, environments: [], teams: {}, flows: { greet: FLOW } });
      expect(await app.sql("select slug from tenant_teams where tenant_id = $1 and archived_at is not null", [id])).toEqual([{ slug: "support" }]);
    });

    it("what was archived comes back as the same rows, with what the bundle says and nothing of what it was", async () => {
      const slug = unique("t");
      await apply(slug, WHOLE, { create: true });
      const id = await idOf(slug);
      const ids = () => app.sql("select id::text from tenant_teams where tenant_id = $1 union all select id::text from tenant_environments where tenant_id = $1 order by 1", [id]);
      const before = await ids();
      await apply(slug, { environments: [], teams: {} }, { prune: true });
      await apply(slug, { environments: [{ id: "prod" }], teams: { support: {} } });
      expect(await ids()).toEqual(before);
      expect(await bundleOf({ id })).toMatchObject({ environments: [{ id: "prod", name: "prod", cluster: "shared" }], teams: { support: { name: "support", channels: {} } } });
      expect((await bundleOf({ id })).environments[0].flows).toBeUndefined();
    });

    it("changes what differs, and moves an environment to another cluster", async () => {
      const slug = unique("t");
      await apply(slug, WHOLE, { create: true });
      const next = { nodes: [{ id: "bye", type: "reply" }] };
      const { steps } = await apply(slug, { environments: [{ id: "prod", name: "Live", cluster: "shared-2", settings: { currency: "CHF" }, flows: { greet: 2 } }], flows: { greet: next } });
      expect(steps).toEqual([
        { kind: "CHANGE", what: "ENVIRONMENT", name: "prod", before: { name: "Production", cluster: "shared", settings: { currency: null } }, after: { name: "Live", cluster: "shared-2", settings: { currency: "CHF" } } },
        { kind: "ADD", what: "FLOW", name: "greet", before: null, after: { number: 2, body: next } },
        { kind: "CHANGE", what: "RUNNING_FLOW", name: "prod/greet", before: { number: 1 }, after: { number: 2 } },
      ]);
      const events = (await eventsOf(app, await idOf(slug))).slice(-3);
      expect(events.map(({ targetType, metadata }) => [targetType, metadata["did"], metadata["changed"]])).toEqual([["environment", "change", ["name", "settings"]], ["flow", "add", undefined], ["running_flow", "change", undefined]]);
      expect(events[0]?.metadata).toMatchObject({ from: "shared", to: "shared-2" });
      expect((await bundleOf({ id: await idOf(slug) })).flows).toEqual({ greet: [FLOW, next] });
    });

    it("of random bundles, one after the other, takes the steps that the dry run told, and then none", async () => {
      const { slug, id } = await world.tenant();
      await fc.assert(
        fc.asyncProperty(bundles, fc.boolean(), async (content, prune) => {
          const planned = await apply(slug, content, { prune, dryRun: true });
          expect(await apply(slug, content, { prune })).toEqual({ ...planned, applied: true });
          expect(await apply(slug, content, { prune, dryRun: true })).toEqual({ applied: true, steps: [], kept: planned.kept, problems: [] });
          expect(await apply(slug, await bundleOf({ id }), { prune: true, dryRun: true })).toMatchObject({ steps: [], kept: [], problems: [] });
        }),
        { numRuns: 25 },
      );
    });
  });

  describe("at the same time", () => {
    it("ten that apply one bundle make one tenant and take every step once", async () => {
      const slug = unique("t");
      const answers = await Promise.all(Array.from({ length: 10 }, () => ask(slug, WHOLE, { create: true })));
      const done = answers.flatMap((answer) => named(data(answer)["applyBundle"].steps));
      expect(done.sort()).toEqual(["ADD CHANNEL support/slack", "ADD ENVIRONMENT prod", "ADD FLOW greet", "ADD RUNNING_FLOW prod/greet", "ADD TEAM support", `ADD TENANT ${slug}`, `CHANGE SETTINGS ${slug}`]);
      expect(await actionsIn(app, await idOf(slug))).toHaveLength(7);
    });

    it("what its people changed since the look is planned anew, and told", async () => {
      const tenant = await world.tenant();
      await apply(tenant.slug, { teams: { support: { name: "Support" } } });
      const content = { teams: { support: { name: "Help" } } };
      await apply(tenant.slug, content, { dryRun: true });
      const [team] = data(await tenant.admin.run("{ myTenant { teams { nodes { id } } } }"))["myTenant"].teams.nodes;
      data(await tenant.admin.run("mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id } } }", { input: { id: team.id, name: "Meanwhile" } }));
      expect((await apply(tenant.slug, content)).steps).toEqual([{ kind: "CHANGE", what: "TEAM", name: "support", before: { name: "Meanwhile" }, after: { name: "Help" } }]);
    });

    it("what fails halfway leaves nothing of itself", async () => {
      const { slug, id } = await world.tenant();
      await app.sql("insert into tenant_teams (tenant_id, slug, name, archived_at) select $1, 'old-' || n, 'x', now() from generate_series(1, 2000) n", [id]);
      fault(await ask(slug, { settings: { language: "de" }, environments: [{ id: "prod" }], teams: { support: {} } }), "LIMIT_EXCEEDED");
      expect(await bundleOf({ id })).toEqual({ name: "A tenant", environments: [], teams: {} });
      expect(await actionsIn(app, id)).toEqual([]);
    });
  });

  it.each<[string, versions: number, bytes: number]>([
    ["more versions", 1_001, 1],
    // Of one letter over and over, Postgres keeps next to nothing.
    ["longer versions", 20, 60_000],
  ])("a tenant whose flows have %s than a bundle can hold is not read into memory", async (_what, versions, bytes) => {
    const { id, slug } = await world.tenant();
    await app.sql(
      `with f as (insert into tenant_flows (tenant_id, name, latest_number) values ($1, 'greet', $2) returning id)
      insert into flow_versions (tenant_id, flow_id, number, body, published_by) select $1, f.id, n, jsonb_build_object('n', n, 'text', repeat('x', $3)), 'dana' from f, generate_series(1, $2) n`,
      [id, versions, bytes],
    );
    fault(await world.operator.run(BUNDLE, { id }), "LIMIT_EXCEEDED");
    expect(await (await commandsFor(app)).export([slug])).toMatchObject({ code: 1, out: "", error: expect.stringMatching(new RegExp(`^${slug}: .*\\(LIMIT_EXCEEDED\\)\n$`)) });
    // Nobody could export all tenants of this registry any more.
    await app.sql("update tenants set status = 'archived', archived_at = now(), frozen_at = now() where id = $1", [id]);
  });
});
