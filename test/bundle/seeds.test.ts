import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandsFor, fixture, openScratch, type Commands } from "../testkit/bundles.js";
import { data } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";

const TABLES = ["tenants", "tenant_environments", "environment_placements", "tenant_teams", "team_channels", "tenant_flows", "flow_versions", "environment_flows"];

const GRAPH = `query ($slug: String!) { tenantBySlug(slug: $slug) {
  name settings { timezone language } environments { slug name cluster { slug } flows { flow number } }
  teams { nodes { slug name channels { slug provider config } } } flows { nodes { name latestNumber latest { body } } }
} }`;

const ALL = ["bundle.yaml", "tenant.yaml", "team.yaml", "flow-acme.yaml"].map(fixture);

let app: Registry;
let world: World;
let commands: Commands;
let scratch: Awaited<ReturnType<typeof openScratch>>;
beforeAll(async () => {
  app = await openRegistry();
  world = await openWorld(app);
  commands = await commandsFor(app);
  scratch = await openScratch();
});
afterAll(async () => {
  await app.close();
  await scratch.remove();
});

/** Which commit wrote each row, and how many events there are. */
const written = async () => {
  const rows = await Promise.all(TABLES.map((table) => app.sql(`select id, xmin::text from ${table} order by id`)));
  return [rows, await app.sql("select count(*)::int as events from audit_log")];
};
const seen = async (slug: string) => data(await world.operator.run(GRAPH, { slug }))["tenantBySlug"];

describe("the seeds' samples", () => {
  it.each(["tenant.yaml", "tenant-beside.yaml", "team.yaml", "team-beside.yaml", "bundle.yaml", "flow-acme.yaml", "flow-bigcorp.yaml"])("%s is what was published, with its indentation back", async (name) => {
    const [published, ours] = await Promise.all([fixture("as-published.txt"), fixture(name)].map(async (file) => (await readFile(file, "utf8")).replaceAll(/\s/g, "")));
    expect(published).toContain(ours);
  });

  it("say the same whether lists stand in the tenant and the team, or beside them", async () => {
    const [inside, beside] = [await commands.apply([fixture("tenant.yaml"), fixture("team.yaml")], { dryRun: true }), await commands.apply([fixture("tenant-beside.yaml"), fixture("team-beside.yaml")], { dryRun: true })];
    expect(inside).toEqual({ code: 2, out: expect.stringContaining("+ channel support/telegram"), error: "" });
    expect(beside).toEqual(inside);
  });

  it("are planned as a diff, and the plan changes nothing", async () => {
    const before = await written();
    const { code, out, error } = await commands.apply(ALL, { tenant: "acme", dryRun: true });
    expect({ code, error, lines: out.split("\n") }).toEqual({
      code: 2,
      error: "",
      lines: [
        "acme",
        '  + tenant acme name "ACME Corporation"',
        '  ~ settings acme language null → "en-US", timezone null → "America/New_York"',
        '  + environment prod name "Production"',
        '  + environment staging name "Staging"',
        '  + team sales name "Sales Team"',
        '  + team support name "Customer Support"',
        '  + channel sales/teams provider "messaging-teams"',
        '  + channel support/slack provider "messaging-slack", config {"channel_id":"C789012","workspace_id":"T123456"}',
        '  + channel support/telegram provider "messaging-telegram", config {"chat_id":"-1001234567890"}',
        '  + flow acme_support_flow number 1, body {"nodes":[{"config":{"message":"Welcome to ACME Support! How can I help?"},"id":"greet","type":"reply"}],"version":"1.0"}',
        "  9 to add, 1 to change, 0 to remove",
        "bigcorp",
        '  + tenant bigcorp name "BigCorp Inc."',
        '  + team helpdesk name "helpdesk"',
        '  + channel helpdesk/webchat provider "messaging-webchat"',
        "  3 to add, 0 to change, 0 to remove",
        "",
      ],
    });
    expect(await written()).toEqual(before);
  });

  it("are applied as planned, and the graph shows both customers", async () => {
    const plan = await commands.apply(ALL, { tenant: "acme", dryRun: true });
    expect(await commands.apply(ALL, { tenant: "acme" })).toEqual({ code: 0, out: `${plan.out}Done: acme, bigcorp.\n`, error: "" });
    expect(await commands.apply([fixture("flow-bigcorp.yaml")], { tenant: "bigcorp" })).toMatchObject({ code: 0, error: "" });
    expect(await seen("acme")).toEqual({
      name: "ACME Corporation",
      settings: { timezone: "America/New_York", language: "en-US" },
      environments: ["Production", "Staging"].map((name, n) => ({ slug: ["prod", "staging"][n], name, cluster: { slug: "shared" }, flows: [] })),
      teams: {
        nodes: [
          { slug: "sales", name: "Sales Team", channels: [{ slug: "teams", provider: "messaging-teams", config: {} }] },
          {
            slug: "support",
            name: "Customer Support",
            channels: [
              { slug: "slack", provider: "messaging-slack", config: { workspace_id: "T123456", channel_id: "C789012" } },
              { slug: "telegram", provider: "messaging-telegram", config: { chat_id: "-1001234567890" } },
            ],
          },
        ],
      },
      flows: { nodes: [{ name: "acme_support_flow", latestNumber: 1, latest: { body: { version: "1.0", nodes: [{ id: "greet", type: "reply", config: { message: "Welcome to ACME Support! How can I help?" } }] } } }] },
    });
    expect(await seen("bigcorp")).toMatchObject({
      name: "BigCorp Inc.",
      environments: [],
      teams: { nodes: [{ slug: "helpdesk", name: "helpdesk", channels: [{ slug: "webchat", provider: "messaging-webchat" }] }] },
      flows: { nodes: [{ name: "bigcorp_helpdesk_flow", latestNumber: 1 }] },
    });
  });

  it("are applied a second time without a change: no row is written, and nothing is recorded", async () => {
    const before = await written();
    expect(await commands.apply(ALL, { tenant: "acme", prune: true })).toEqual({ code: 0, out: "acme\n  no change\nbigcorp\n  no change\n", error: "" });
    expect(await commands.apply([fixture("flow-bigcorp.yaml")], { tenant: "bigcorp", prune: true })).toEqual({ code: 0, out: "bigcorp\n  no change\n", error: "" });
    expect(await written()).toEqual(before);
  });

  it("are exported, and applied to an empty registry they are exported the same", async () => {
    const { code, out, error } = await commands.export();
    expect({ code, error }).toEqual({ code: 0, error: "" });
    const file = await scratch.file("export.yaml", out);
    expect(await commands.apply([file], { prune: true })).toMatchObject({ code: 0, out: "acme\n  no change\nbigcorp\n  no change\n" });
    const empty = await openRegistry();
    try {
      const there = await commandsFor(empty);
      expect(await there.export()).toEqual({ code: 0, out: "tenants: {}\n", error: "" });
      expect(await there.apply([file])).toMatchObject({ code: 0, error: "" });
      expect(await there.export()).toEqual({ code: 0, out, error: "" });
      expect(await there.export(["bigcorp"], scratch.path("bigcorp.yaml"))).toEqual({ code: 0, out: "", error: "" });
      expect(out).toContain(`${(await readFile(scratch.path("bigcorp.yaml"), "utf8")).replace("tenants:\n", "")}`);
    } finally {
      await empty.close();
    }
  });
});
