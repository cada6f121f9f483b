/** Owns the guarantees of the hierarchy's tables that hold whatever a feature writes there: who makes, changes and sees what, and that a published version stays as it is. */
import { beforeAll, describe, expect, it } from "vitest";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld } from "../testkit/world.js";
import { attempt, type Outcome, type Role } from "./scopes.js";

const REFUSED = "42501";
const TAKEN = "23505";
const NOT_THERE = "23503";
const ONE: Outcome = [{ affected: 1 }];
const NONE: Outcome = [{ affected: 0 }];

let app: Registry;
let mine: TenantInWorld;
const names: Record<string, string> = {};
beforeAll(async () => {
  app = await registry();
  const world = await openWorld(app);
  const theirs = await world.tenant();
  mine = await world.tenant();
  for (const [whose, tenant] of [["MINE", mine], ["THEIRS", theirs]] as const) {
    const [environment, channel, flow] = [await tenant.environment({ slug: "prod" }), await tenant.channel(undefined, { slug: "slack" }), await tenant.flow({ name: "support_flow" })];
    await tenant.running(environment, flow);
    await tenant.usage();
    Object.assign(names, { [whose]: tenant.id, [`${whose}_ENVIRONMENT`]: environment.id, [`${whose}_TEAM`]: channel.teamId, [`${whose}_CHANNEL`]: channel.id, [`${whose}_FLOW`]: flow.id });
  }
});

const filled = (text: string) => text.replace(/\b(MINE|THEIRS)(_[A-Z]+)?\b/g, (name) => `'${names[name]}'`);
const as = (role: Role, text: string) => attempt(app, role, mine.id, filled(text));

/** What is asked → how a tenant's own people are answered → how staff in that tenant are. */
type Row = [what: string, statement: string, people: Outcome, staff: Outcome];

describe("an environment", () => {
  it.each<Row>([
    ["is made by the platform", "insert into tenant_environments (tenant_id, slug, name) values (MINE, 'staging', 'x')", REFUSED, ONE],
    ["is never another tenant's to make", "insert into tenant_environments (tenant_id, slug, name) values (THEIRS, 'staging', 'x')", REFUSED, REFUSED],
    ["has a name that both give", "update tenant_environments set name = 'x', version = version + 1", ONE, ONE],
    ["has settings that both make", "update tenant_environments set settings = '{}', version = version + 1", ONE, ONE],
    ["is put away by the platform", "update tenant_environments set archived_at = now()", REFUSED, ONE],
    ["keeps its slug", "update tenant_environments set slug = 'other'", REFUSED, REFUSED],
    ["of another tenant is not there", "update tenant_environments set name = 'x' where id = THEIRS_ENVIRONMENT", NONE, NONE],
  ])("%s", async (_what, statement, people, staff) => {
    expect([await as("registry_tenant", statement), await as("registry_platform", statement)]).toEqual([people, staff]);
  });
});

describe("where an environment runs", () => {
  const PLACE = "insert into environment_placements (tenant_id, environment_id, cluster, placed_at) values (MINE, MINE_ENVIRONMENT, 'other', now())";
  it.each<Row>([
    ["is never two places", PLACE, REFUSED, TAKEN],
    ["is the platform's to say", `update environment_placements set ended_at = now() + interval '1 hour'; ${PLACE}`, REFUSED, ONE],
    ["was where it was", "update environment_placements set cluster = 'other'", REFUSED, REFUSED],
    ["was there since it was", "update environment_placements set placed_at = now()", REFUSED, REFUSED],
    ["is not said of another tenant's", PLACE.replace("MINE_ENVIRONMENT", "THEIRS_ENVIRONMENT"), REFUSED, NOT_THERE],
  ])("%s", async (_what, statement, people, staff) => {
    expect([await as("registry_tenant", statement), await as("registry_platform", statement)]).toEqual([people, staff]);
  });
});

describe("a team, a channel, a flow", () => {
  it.each<[string, string, Outcome]>([
    ["a team is made", "insert into tenant_teams (tenant_id, slug, name) values (MINE, 'sales', 'x')", ONE],
    ["a team of another tenant is not", "insert into tenant_teams (tenant_id, slug, name) values (THEIRS, 'sales', 'x')", REFUSED],
    ["a team is put away and brought back", "update tenant_teams set archived_at = now(); update tenant_teams set archived_at = null", ONE],
    ["a team keeps its slug", "update tenant_teams set slug = 'other'", REFUSED],
    ["a channel is made", "insert into team_channels (tenant_id, team_id, slug, provider) values (MINE, MINE_TEAM, 'telegram', 'x')", ONE],
    ["a channel of another tenant's team is not", "insert into team_channels (tenant_id, team_id, slug, provider) values (MINE, THEIRS_TEAM, 'telegram', 'x')", NOT_THERE],
    ["a channel is configured", "update team_channels set provider = 'x', config = '{}'", ONE],
    ["a channel stays in its team", "update team_channels set team_id = MINE_TEAM", REFUSED],
    ["a flow is made", "insert into tenant_flows (tenant_id, name) values (MINE, 'sales_flow')", ONE],
    ["a flow keeps its name", "update tenant_flows set name = 'other'", REFUSED],
    ["a version is published", "insert into flow_versions (tenant_id, flow_id, number, body, published_by) values (MINE, MINE_FLOW, 2, '{}', 'ada')", ONE],
    ["a version is not published twice", "insert into flow_versions (tenant_id, flow_id, number, body, published_by) values (MINE, MINE_FLOW, 1, '{}', 'ada')", TAKEN],
    ["a version is not published in place of another", "insert into flow_versions (tenant_id, flow_id, number, body, published_by) values (MINE, MINE_FLOW, 1, '{}', 'ada') on conflict (tenant_id, flow_id, number) do update set body = excluded.body", REFUSED],
    ["a version is not published of another tenant's flow", "insert into flow_versions (tenant_id, flow_id, number, body, published_by) values (MINE, THEIRS_FLOW, 2, '{}', 'ada')", NOT_THERE],
    ["a version keeps what it says", "update flow_versions set body = '{}'", REFUSED],
    ["a version keeps its number", "update flow_versions set number = 2", REFUSED],
    ["a version keeps its author", "update flow_versions set published_by = 'x'", REFUSED],
    ["an environment runs no version", "update environment_flows set number = null", ONE],
    ["an environment runs no version that is not there", "update environment_flows set number = 2", NOT_THERE],
    ["an environment does not run another tenant's flow", "insert into environment_flows (tenant_id, environment_id, flow_id, number) values (MINE, MINE_ENVIRONMENT, THEIRS_FLOW, 1)", NOT_THERE],
    ["an environment of another tenant runs nothing of one's own", "insert into environment_flows (tenant_id, environment_id, flow_id, number) values (MINE, THEIRS_ENVIRONMENT, MINE_FLOW, 1)", NOT_THERE],
  ])("%s, by a tenant's own people and by staff there", async (_what, statement, outcome) => {
    for (const role of ["registry_tenant", "registry_platform"] as const) expect([role, await as(role, statement)]).toEqual([role, outcome]);
  });
});

describe("a tenant's settings", () => {
  it.each<[string, string, Outcome]>([
    ["are made by its own people and by staff there", `update tenants set settings = '{"language": "de"}' where id = MINE`, ONE],
    ["are not made for another tenant", "update tenants set settings = '{}' where id = THEIRS", NONE],
  ])("%s", async (_what, statement, outcome) => {
    for (const role of ["registry_tenant", "registry_platform"] as const) expect([role, await as(role, statement)]).toEqual([role, outcome]);
  });
});

describe("how much a tenant used the registry", () => {
  it.each<Row>([
    ["is written by the platform alone", "insert into tenant_usage (tenant_id, day, operations) values (MINE, '2026-01-01', 1)", REFUSED, ONE],
    ["is added to by the platform alone", "update tenant_usage set operations = operations + 1, errors = errors + 1", REFUSED, ONE],
    ["stays of the day that it was", "update tenant_usage set day = '2026-01-01'", REFUSED, REFUSED],
    ["is not written for another tenant", "insert into tenant_usage (tenant_id, day) values (THEIRS, '2026-01-01')", REFUSED, REFUSED],
  ])("%s", async (_what, statement, people, staff) => {
    expect([await as("registry_tenant", statement), await as("registry_platform", statement)]).toEqual([people, staff]);
  });

  it("is there for the worker once it is past keeping, to be forgotten, and not a day before", async () => {
    await app.sql("delete from tenant_usage where day < (now() at time zone 'utc')::date - 399");
    for (const days of [400, 401]) await app.sql("insert into tenant_usage (tenant_id, day) values ($1, (now() at time zone 'utc')::date - $2::int)", [mine.id, days]);
    const asQueue = (text: string) => attempt(app, "registry_queue", "", filled(text));
    expect(await asQueue("select day = (now() at time zone 'utc')::date - 401 as old from tenant_usage")).toEqual([{ old: true }]);
    expect(await asQueue("delete from tenant_usage where id is not null")).toEqual(ONE);
    for (const statement of ["select operations from tenant_usage", "select tenant_id from tenant_usage", "update tenant_usage set day = day", "insert into tenant_usage default values"]) expect([statement, await asQueue(statement)]).toEqual([statement, REFUSED]);
    await app.sql("delete from tenant_usage where day < (now() at time zone 'utc')::date - 399");
  });
});
