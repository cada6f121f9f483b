/** Owns the proof of what migration 12 does to a database that is in use, of its way back, and of what its tables never hold, whoever writes. */
import { QueryFailedError, type DataSource } from "typeorm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { Tenancy1700000000012 } from "../../migrations/12-tenancy.js";
import { openDataSource } from "../../src/database/data-source.js";
import { openEmbedded } from "../../src/database/embedded.js";
import { down, up } from "../../src/database/migrate.js";
import { TIMEOUTS } from "../database/schema-bench.js";
import { plantEverything, rowsOf } from "../testkit/everything.js";
import type { Registry } from "../testkit/registry.js";

const NUMBER = MIGRATIONS.indexOf(Tenancy1700000000012) + 1;
/** Whoever owns the tables in production is not above row security, which is forced on it. */
const OWNER = "registry_plain_owner";
const [MINE, THEIRS] = ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"] as const;
const TABLES = ["environment_flows", "environment_placements", "flow_versions", "team_channels", "tenant_environments", "tenant_flows", "tenant_teams", "tenant_usage"];

let owner: DataSource;
let close: () => Promise<void>;

/** Beyond row security, as nobody is in production. */
const asSuperuser = <Found>(statement: string, values: readonly unknown[] = []): Promise<Found> =>
  owner.transaction(async (tx) => {
    await tx.query("set local role none");
    return tx.query(statement, [...values]);
  });
const planted = { sql: asSuperuser } as unknown as Registry; // which is all that the planting asks of one

/** Everything of the tables that were there before, and which commit wrote each row. */
const before = async () => ({
  tenants: await asSuperuser("select to_jsonb(t) - 'settings' as row, xmin::text from tenants t order by id"),
  projects: await asSuperuser("select *, xmin::text from tenant_projects order by id"),
  keys: await asSuperuser("select *, xmin::text from api_keys order by id"),
});
const tables = async () => (await asSuperuser<{ name: string }[]>("select tablename as name from pg_tables where schemaname = 'public' and tablename = any ($1) order by 1", [TABLES])).map(({ name }) => name);
const queues = () => asSuperuser("select name, policy from pgboss.queue where name = 'tenant_usage.prune'");

beforeAll(async () => {
  const embedded = await openEmbedded({ dataDir: null });
  const superuser = await openDataSource({ ...TIMEOUTS, embedded });
  await superuser.query(`create role ${OWNER} createrole; grant create on database postgres to ${OWNER}; grant all on schema public to ${OWNER}`);
  await superuser.destroy();
  owner = await openDataSource({ ...TIMEOUTS, embedded, migrations: MIGRATIONS, role: OWNER });
  close = () => owner.destroy().then(() => embedded.close());
  await up(owner, NUMBER - 1);
  for (const [place, id] of [MINE, THEIRS].entries()) {
    await asSuperuser("insert into tenants (id, slug, name) values ($1, $2, 'x')", [id, `tenant-${place}`]);
    await asSuperuser("insert into tenant_projects (tenant_id, slug, name) values ($1, 'website', 'x')", [id]);
    await asSuperuser("insert into api_keys (tenant_id, name, hash, prefix) values ($1, 'x', '*', 'abcdefgh')", [id]);
  }
});
afterAll(() => close());

describe("a database in use, by an owner like production's", () => {
  it("keeps every row as it is on the way there, on the way back with new rows and a job, and on the way there again", async () => {
    const there = await before();
    await up(owner, NUMBER);
    expect(await tables()).toEqual(TABLES);
    expect(await before()).toEqual(there);
    expect(await asSuperuser("select distinct settings from tenants")).toEqual([{ settings: {} }]);
    expect(await queues()).toEqual([{ name: "tenant_usage.prune", policy: "standard" }]);

    for (const id of [MINE, THEIRS]) await plantEverything(planted, id);
    await asSuperuser("insert into pgboss.job (name) values ('tenant_usage.prune')");
    expect(await rowsOf(planted, MINE)).toMatchObject(Object.fromEntries(TABLES.map((table) => [table, 1])));
    const planting = await before();
    await down(owner, 1, { forwardOnly: false });
    expect(await tables()).toEqual([]);
    expect(await before()).toEqual(planting);
    expect(await queues()).toEqual([]);
    expect(await asSuperuser("select from pgboss.job where name = 'tenant_usage.prune'")).toEqual([]);

    await up(owner, NUMBER);
    expect(await before()).toEqual(planting);
    for (const table of TABLES) expect([table, await asSuperuser(`select from ${table}`)]).toEqual([table, []]);
    expect(await queues()).toHaveLength(1);
  });

  it("shows its owner none of the new rows either", async () => {
    await asSuperuser("insert into tenant_teams (tenant_id, slug, name) values ($1, 'seen', 'x')", [MINE]);
    expect(await owner.query("select from tenant_teams")).toEqual([]);
  });
});

describe("what the tables never hold, whoever writes", () => {
  const ids: Record<string, string> = { MINE: `'${MINE}'`, THEIRS: `'${THEIRS}'` };
  beforeAll(async () => {
    for (const [whose, id] of [["MINE", MINE], ["THEIRS", THEIRS]] as const) {
      const add = async (name: string, statement: string) => {
        const [row] = await asSuperuser<{ id: string }[]>(`${statement} returning id`, [id]);
        ids[`${whose}_${name}`] = `'${row?.id}'`;
      };
      await add("ENVIRONMENT", "insert into tenant_environments (tenant_id, slug, name) values ($1, 'prod', 'x')");
      await add("TEAM", "insert into tenant_teams (tenant_id, slug, name) values ($1, 'support', 'x')");
      await add("FLOW", "insert into tenant_flows (tenant_id, name, latest_number) values ($1, 'support_flow', 1)");
      await asSuperuser(filled(`insert into flow_versions (tenant_id, flow_id, number, body, published_by) values ($1, ${whose}_FLOW, 1, '{}', 'ada')`), [id]);
      await asSuperuser(filled(`insert into environment_placements (tenant_id, environment_id, cluster, placed_at) values ($1, ${whose}_ENVIRONMENT, 'shared', '2026-01-02')`), [id]);
      await asSuperuser(filled(`insert into team_channels (tenant_id, team_id, slug, provider) values ($1, ${whose}_TEAM, 'slack', 'x')`), [id]);
      await asSuperuser(filled(`insert into environment_flows (tenant_id, environment_id, flow_id, number) values ($1, ${whose}_ENVIRONMENT, ${whose}_FLOW, 1)`), [id]);
      await asSuperuser("insert into tenant_usage (tenant_id, environment, day) values ($1, 'prod', '2026-01-01')", [id]);
    }
  });

  const filled = (statement: string) => statement.replace(/\b(MINE|THEIRS)(_[A-Z]+)?\b/g, (name) => ids[name] ?? name);
  /** The constraint that refused a statement, or null when nothing did; it is undone either way. */
  async function refusedBy(statement: string): Promise<string | null> {
    const runner = owner.createQueryRunner();
    await runner.startTransaction();
    try {
      await runner.query("set local role none");
      await runner.query(filled(statement));
      return null;
    } catch (thrown) {
      if (!(thrown instanceof QueryFailedError)) throw thrown;
      return String((thrown.driverError as { constraint?: string }).constraint);
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  }

  const slugged: Record<string, (slug: string) => string> = {
    tenant_environments: (slug) => `insert into tenant_environments (tenant_id, slug, name) values (MINE, e'${slug}', 'x')`,
    tenant_teams: (slug) => `insert into tenant_teams (tenant_id, slug, name) values (MINE, e'${slug}', 'x')`,
    team_channels: (slug) => `insert into team_channels (tenant_id, team_id, slug, provider) values (MINE, MINE_TEAM, e'${slug}', 'x')`,
  };
  describe.each(Object.entries(slugged))("in %s", (table, insert) => {
    it.each(["", ".", "..", "a.b", "a/b", "a:b", "A", "a b", "*", ">", "-a", "a-", "a_b", "a\\n", "\\u00e9", "default", "global", "a".repeat(41)])("the slug %j is refused", async (slug) => {
      expect(await refusedBy(insert(slug))).toBe(`${table}_slug_check`);
    });

    it.each(["a", "0", "a-b", "a--b", "defaults", "a".repeat(40)])("the slug %j is not", async (slug) => expect(await refusedBy(insert(slug))).toBeNull());
  });

  it.each(["", "a.b", "a/b", "A", "_a", "a-", "a\\n", "a".repeat(65)])("the flow's name %j is refused", async (name) => {
    expect(await refusedBy(`insert into tenant_flows (tenant_id, name) values (MINE, e'${name}')`)).toBe("tenant_flows_name_check");
  });

  it.each(["a", "acme_support_flow", "a".repeat(64)])("the flow's name %j is not", async (name) => expect(await refusedBy(`insert into tenant_flows (tenant_id, name) values (MINE, '${name}')`)).toBeNull());

  it.each(["[]", "null", "1", '"x"'])("what is no object is no settings, no configuration and no body: %s", async (json) => {
    expect(await refusedBy(`update tenants set settings = '${json}' where id = MINE`)).toBe("tenants_settings_check");
    for (const table of ["tenant_environments", "tenant_teams"]) expect(await refusedBy(`update ${table} set settings = '${json}' where tenant_id = MINE`)).toBe(`${table}_settings_check`);
    expect(await refusedBy(`update team_channels set config = '${json}' where tenant_id = MINE`)).toBe("team_channels_config_check");
    expect(await refusedBy(`update flow_versions set body = '${json}' where tenant_id = MINE`)).toBe("flow_versions_body_check");
  });

  it.each<[string, string, string | null]>([
    ["a second present placement", "insert into environment_placements (tenant_id, environment_id, cluster, placed_at) values (MINE, MINE_ENVIRONMENT, 'other', now())", "environment_placements_present_key"],
    ["a second past placement", "insert into environment_placements (tenant_id, environment_id, cluster, placed_at, ended_at) values (MINE, MINE_ENVIRONMENT, 'other', '2026-01-01', '2026-01-02')", null],
    ["a placement that ends before it begins", "update environment_placements set ended_at = '2026-01-01' where tenant_id = MINE", "environment_placements_end_check"],
    ["a placement of another tenant's environment", "insert into environment_placements (tenant_id, environment_id, cluster, placed_at, ended_at) values (MINE, THEIRS_ENVIRONMENT, 'x', now(), now())", "environment_placements_environment_fkey"],
    ["a second environment of one slug", slugged["tenant_environments"]!("prod"), "tenant_environments_tenant_id_slug_key"],
    ["a second team of one slug", slugged["tenant_teams"]!("support"), "tenant_teams_tenant_id_slug_key"],
    ["a second channel of one slug in a team", slugged["team_channels"]!("slack"), "team_channels_team_id_slug_key"],
    ["a channel of another tenant's team", "insert into team_channels (tenant_id, team_id, slug, provider) values (MINE, THEIRS_TEAM, 'x', 'x')", "team_channels_team_fkey"],
    ["a second flow of one name", "insert into tenant_flows (tenant_id, name) values (MINE, 'support_flow')", "tenant_flows_tenant_id_name_key"],
    ["a second version of one number", "insert into flow_versions (tenant_id, flow_id, number, body, published_by) values (MINE, MINE_FLOW, 1, '{}', 'x')", "flow_versions_number_key"],
    ["a version without a number from 1", "insert into flow_versions (tenant_id, flow_id, number, body, published_by) values (MINE, MINE_FLOW, 0, '{}', 'x')", "flow_versions_number_check"],
    ["a version of another tenant's flow", "insert into flow_versions (tenant_id, flow_id, number, body, published_by) values (MINE, THEIRS_FLOW, 2, '{}', 'x')", "flow_versions_flow_fkey"],
    ["running a version that is not there", "update environment_flows set number = 2 where tenant_id = MINE", "environment_flows_version_fkey"],
    ["running none", "update environment_flows set number = null where tenant_id = MINE", null],
    ["running another tenant's flow", "update environment_flows set flow_id = THEIRS_FLOW where tenant_id = MINE", "environment_flows_flow_fkey"],
    ["not even running another tenant's flow", "update environment_flows set flow_id = THEIRS_FLOW, number = null where tenant_id = MINE", "environment_flows_flow_fkey"],
    ["running a flow twice in one environment", "insert into environment_flows (tenant_id, environment_id, flow_id) values (MINE, MINE_ENVIRONMENT, MINE_FLOW)", "environment_flows_flow_key"],
    ["running a flow in another tenant's environment", "update environment_flows set environment_id = THEIRS_ENVIRONMENT where tenant_id = MINE", "environment_flows_environment_fkey"],
    ["a second count of one day", "insert into tenant_usage (tenant_id, environment, day) values (MINE, 'prod', '2026-01-01')", "tenant_usage_day_key"],
    ["a count of no environment beside it", "insert into tenant_usage (tenant_id, day) values (MINE, '2026-01-01')", null],
    ["an environment of nobody", "insert into tenant_environments (tenant_id, slug, name) values (gen_random_uuid(), 'x', 'x')", "tenant_environments_tenant_id_fkey"],
  ])("%s", async (_what, statement, constraint) => {
    expect(await refusedBy(statement)).toBe(constraint);
  });
});
