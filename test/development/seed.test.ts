/** Owns what development starts with: the samples of seeds 001 and 002 as they are, and nothing anew that somebody changed. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.js";
import { openEmbedded, type EmbeddedDatabase } from "../../src/database/embedded.js";
import { up } from "../../src/database/migrate.js";
import { seed } from "../../src/development/start.js";
import { asOwner } from "../../src/service.js";
import { built } from "../testkit/built.js";
import { fixture } from "../testkit/bundles.js";
import { freePort } from "../testkit/cluster.js";
import { runCommand, startService, stopPrograms } from "../testkit/program.js";

describe("the seeds", () => {
  const config = readConfig({});
  let embedded: EmbeddedDatabase;
  beforeAll(async () => {
    embedded = await openEmbedded({ dataDir: null });
    await asOwner(config, embedded, (owner) => up(owner));
    await seed(config, { embedded });
  });
  afterAll(() => embedded.close());

  const sql = (text: string) => asOwner(config, embedded, (owner) => owner.query<Record<string, unknown>[]>(text));
  const everything = () => sql("select table_name, query_to_xml(format('select * from %I order by 1, 2', table_name), true, false, '')::text from information_schema.tables where table_schema = current_schema() order by 1");

  it("are two tenants of which one is deployed with others and one by itself", async () => {
    expect(await sql(`
      select t.slug as tenant, e.slug as environment, p.cluster, f.name as flow, r.number
      from tenants t join tenant_environments e on e.tenant_id = t.id join environment_placements p on p.environment_id = e.id and p.ended_at is null
      join environment_flows r on r.environment_id = e.id join tenant_flows f on f.id = r.flow_id order by 1, 2`)).toEqual([
      { tenant: "acme", environment: "prod", cluster: "shared", flow: "acme_support_flow", number: 1 },
      { tenant: "acme", environment: "staging", cluster: "shared", flow: "acme_support_flow", number: 1 },
      { tenant: "bigcorp", environment: "prod", cluster: "bigcorp", flow: "bigcorp_helpdesk_flow", number: 1 },
    ]);
  });

  it("change nothing when they are there already", async () => {
    const before = await everything();
    await seed(config, { embedded });
    expect(await everything()).toEqual(before);
  });

  it("bring nothing back that somebody moved, stopped, put away or renamed", async () => {
    await sql(`
      update environment_placements set ended_at = now() where environment_id in (select id from tenant_environments where slug = 'staging');
      insert into environment_placements (tenant_id, environment_id, cluster, placed_at) select tenant_id, id, 'shared-2', now() from tenant_environments where slug = 'staging';
      update environment_flows set number = null;
      update tenant_teams set archived_at = now(), name = 'Other';
      update team_channels set archived_at = now(), config = '{}';
      update tenants set settings = '{}'`);
    const before = await everything();
    await seed(config, { embedded });
    expect(await everything()).toEqual(before);
  });
});

describe("development, as it starts", () => {
  let directory: string;
  beforeAll(async () => {
    await built();
    directory = await mkdtemp(join(tmpdir(), "registry-seeds-"));
  });
  afterAll(async () => {
    await stopPrograms();
    await rm(directory, { recursive: true, force: true });
  });

  it("is what the samples of the seeds describe: applying them would change nothing, and remove nothing", async () => {
    const environment = { DATA_DIR: directory, ADDR: `127.0.0.1:${await freePort()}`, LOG_LEVEL: "warn" };
    const program = await startService(environment);
    await program.says(/http:\/\/localhost:\d+/);
    const dryRun = (tenant: string, ...files: string[]) => runCommand(["apply", ...files.map((name) => resolve(fixture(name))), "--tenant", tenant, "--prune", "--dry-run"], environment);
    expect(await dryRun("acme", "bundle.yaml", "tenant.yaml", "team.yaml", "flow-acme.yaml")).toEqual({ code: 0, stdout: "acme\n  no change\nbigcorp\n  no change\n", stderr: "" });
    expect(await dryRun("bigcorp", "flow-bigcorp.yaml")).toEqual({ code: 0, stdout: "bigcorp\n  no change\n", stderr: "" });
  }, 180_000);
});
