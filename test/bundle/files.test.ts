import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readBundles, type Bundles } from "../../src/bundle-cli/bundle-cli.files.js";
import { CommandRefusedError } from "../../src/bundle-cli/bundle-cli.outcome.js";
import { fixture, openScratch } from "../testkit/bundles.js";

let scratch: Awaited<ReturnType<typeof openScratch>>;
beforeAll(async () => void (scratch = await openScratch()));
afterAll(() => scratch.remove());

/** Each file by its lines. */
async function read(files: readonly (readonly string[] | Buffer)[], tenant?: string): Promise<Bundles> {
  const paths = await Promise.all(files.map((lines, index) => scratch.file(`${index + 1}.yaml`, Buffer.isBuffer(lines) ? lines : `${lines.join("\n")}\n`)));
  return readBundles(paths, tenant);
}

/** What is told of every problem, without the directory. */
function told(error: CommandRefusedError): string[] {
  return error.message.replaceAll(`${scratch.path("")}/`, "").split("\n");
}

async function problemsOf(files: readonly (readonly string[] | Buffer)[], tenant?: string): Promise<string[]> {
  const error: unknown = await read(files, tenant).then(() => null, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CommandRefusedError);
  return told(error as CommandRefusedError);
}

/** A bundle of acme, of which these are the lines. */
const acme = (...lines: string[]) => ["tenants:", "  acme:", ...lines.map((line) => `    ${line}`)];
const SUPPORT = ["team:", "  id: support", "  tenant_id: acme", "  name: Customer Support"];

describe("files of bundles", () => {
  it("say together what each says, in the order in which tenants are named first", async () => {
    const flow = ["name: greet", "nodes: []"];
    const { tenants } = await read([["tenants: { zeta: {}, acme: { name: Acme, teams: { sales: {} } } }"], SUPPORT, flow], "acme");
    expect(tenants).toEqual([
      { tenant: "zeta", content: {} },
      { tenant: "acme", content: { name: "Acme", teams: { sales: {}, support: { name: "Customer Support" } }, flows: { greet: { nodes: [] } } } },
    ]);
  });

  it("a team alone says nothing of the tenant's other teams; beside a list of them it is one more", async () => {
    expect((await read([SUPPORT])).tenants).toEqual([{ tenant: "acme", content: { teams: { support: { name: "Customer Support" } }, allTeams: false } }]);
    expect((await read([SUPPORT, acme("teams: { sales: {} }")])).tenants).toEqual([{ tenant: "acme", content: { teams: { support: { name: "Customer Support" }, sales: {} } } }]);
    expect((await read([SUPPORT, acme("allTeams: false", "teams: { sales: {} }")])).tenants[0]?.content).toMatchObject({ allTeams: false });
  });

  it("may say the same thing twice, in any order of its members; the seeds' do", async () => {
    const slack = (config: string) => acme(`teams: { support: { channels: { slack: { provider: messaging-slack, config: ${config} } } } }`);
    expect((await read([slack("{ a: 1, b: 2 }"), slack("{ b: 2, a: 1 }"), SUPPORT])).tenants).toHaveLength(1);
    expect((await readBundles(["bundle.yaml", "tenant.yaml", "team.yaml"].map(fixture), undefined)).tenants.map(({ tenant }) => tenant)).toEqual(["acme", "bigcorp"]);
  });

  it("must not say different things of one: told at the later one", async () => {
    const files = [acme("name: Acme", "teams:", "  support:", "    name: Support"), ["tenant:", "  id: acme", "  name: ACME"], SUPPORT];
    expect(await problemsOf(files)).toEqual([
      "The bundle 2.yaml has a problem:",
      "- line 3: tenant.name is said in another way in 1.yaml",
      "The bundle 3.yaml has a problem:",
      "- line 4: team.name is said in another way in 1.yaml",
    ]);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ["text", ["hello"], ["line 1: the file must be an object"]],
    ["nothing", [], ["line 1: the file must be an object"]],
    ["another thing", ["clusters: {}"], ["line 1: the file must have tenants, tenant, team, or the name and nodes of a flow"]],
    ["a misspelt form", ["# a bundle", "tennants: {}"], ["line 2: tennants is not known here; did you mean tenants?"]],
    ["two forms at once", ["tenants: {}", "team: {}"], ["line 2: team is not known here: the file must have no members but tenants"]],
    ["a tenant that is none", acme().slice(0, 2), ["line 2: tenants.acme must be an object"]],
    ["a misspelt member", acme("naem: Acme"), ["line 3: tenants.acme.naem is not known here; did you mean name?"]],
    ["a name that is no text", acme("name: 7"), ["line 3: tenants.acme.name must be text"]],
    ["a channel without a provider", acme("teams:", "  support:", "    channels:", "      slack:", "        config: {}"), ["line 7: tenants.acme.teams.support.channels.slack.provider is missing"]],
    ["environments as a map", acme("environments: { prod: {} }"), ["line 3: tenants.acme.environments must be a list"]],
    ["an environment twice", acme("environments:", "  - id: prod", "  - id: staging", "  - id: prod"), ["line 6: tenants.acme.environments[2].id is used above already"]],
    ["a number that is none", acme("environments: [{ id: prod, flows: { greet: 1.5, bye: 0 } }]"), ["line 3: tenants.acme.environments[0].flows.greet must be a whole number", "line 3: tenants.acme.environments[0].flows.bye must be at least 1"]],
    ["a flow that is text", acme("flows: { greet: hello, bye: [], hey: [{}, 7] }"), ["line 3: tenants.acme.flows.greet must be an object, or a list of objects: the versions from the first on", "line 3: tenants.acme.flows.bye must be an object, or a list of objects: the versions from the first on", "line 3: tenants.acme.flows.hey[1] must be an object"]],
    ["a tenant without an id", ["tenant:", "  name: Acme"], ["line 2: tenant.id is missing"]],
    ["environments twice", ["tenant: { id: acme, environments: [] }", "environments: []"], ["line 2: environments stands in the tenant already"]],
    ["channels twice", ["team: { id: a, tenant_id: acme, channels: {} }", "channels: {}"], ["line 2: channels stands in the team already"]],
    ["a problem beside the tenant", ["tenant: { id: acme }", "environments:", "  - name: Production"], ["line 3: environments[0].id is missing"]],
    ["a problem beside the team", ["team: { id: a, tenant_id: acme }", "channels:", "  slack: { provider: 7 }"], ["line 3: channels.slack.provider must be text"]],
    ["a team of nobody's", ["team: { id: a }"], ["line 1: team.tenant_id is missing"]],
    ["a flow of nobody's", ["name: greet", "nodes: []"], ["line 1: the file is a flow, and does not say whose: name the tenant with --tenant"]],
    ["a key twice", acme("name: Acme", "name: ACME"), ["line 4: Map keys must be unique"]],
    ["two documents", ["tenants: {}", "---", "tenants: {}"], [expect.stringMatching(/^line 2: /)]],
    ["broken text", ["tenants: {", "  acme"], [expect.stringMatching(/^line [23]: /)]],
    ["a slug that YAML takes for a number", ["tenants:", "  7e10: {}", "  010: {}", "  42: {}"], ['line 2: The name 7e10 would be read as "70000000000": put it in quotation marks', 'line 3: The name 010 would be read as "10": put it in quotation marks']],
    ["a slug that YAML takes for nothing", acme("teams: { null: {}, ~: {} }"), ['line 3: The name null would be read as "": put it in quotation marks', 'line 3: The name ~ would be read as "": put it in quotation marks']],
    ["a name once as a number and once as text", acme("teams: { 1: {}, '1': {} }"), ["line 3: Map keys must be unique"]],
    ["a name that is none", ["tenants: &all", "  ? { a: 1 }", "  : {}"], ["line 2: A name must be text, and not a list or a map"]],
    ["names that would write lines of their own", acme('"\\e[31mnaem\\n- line 9: forged\\u061c": 1'), ["line 3: tenants.acme.\\u001b[31mnaem\\u000a- line 9: forged\\u061c is not known here: tenants.acme must have no members but name, settings, environments, teams, allTeams, flows"]],
    ["a number that JSON has not", acme("teams: { a: { channels: { b: { provider: c, config: { d: .inf } } } } }"), ["line 3: JSON has no such number"]],
  ])("with %s are refused, and the line is told", async (_what, lines, problems) => {
    const message = await problemsOf([lines]);
    expect(message[0]).toMatch(/^The bundle 1\.yaml has (a problem|\d+ problems):$/);
    expect(message.slice(1).filter((line) => line !== "").map((line) => line.replace(/^- /, ""))).toEqual(problems);
  });

  it("are all looked at: what is wrong with each is told at once", async () => {
    const missing = scratch.path("nowhere.yaml");
    const error: unknown = await readBundles([missing, await scratch.file("1.yaml", "tenants: 7"), fixture("team.yaml")], undefined).catch((thrown: unknown) => thrown);
    expect(told(error as CommandRefusedError)).toEqual(["The bundle nowhere.yaml has a problem:", "- it cannot be read (ENOENT)", "The bundle 1.yaml has a problem:", "- line 1: tenants must be an object"]);
  });

  it.each<[string, () => Buffer, RegExp]>([
    ["three megabytes", () => Buffer.from(acme(`name: ${"a".repeat(3 * 1024 * 1024)}`).join("\n")), /it must be at most 1048576 bytes/],
    ["aliases of aliases of aliases", () => Buffer.from(["a: &a [x, x, x, x, x, x, x, x, x, x]", ..."bcdefghij".split("").map((name, index) => `${name}: &${name} [${Array(10).fill(`*${"abcdefghij"[index]}`).join(", ")}]`)].join("\n")), /its aliases stand for too much/],
    ["what is nested a hundred thousand times", () => Buffer.from("[".repeat(100_000)), /it is nested too deeply/],
    ["a hundred thousand names", () => Buffer.from(`tenants:\n${Array.from({ length: 95_000 }, (_, n) => ` a${n}: 7\n`).join("")}`), /and 94900 more/],
    ["a hundred thousand aliases", () => Buffer.from(`a: &a 1\nb: [${"*a,".repeat(100_000)}]`), /line 2: There are more than 1000 aliases/],
    ["what is no UTF-8", () => Buffer.from([0x74, 0xff, 0xfe]), /it must be text in UTF-8/],
  ])("of %s are refused", async (_what, content, refusal) => {
    expect((await problemsOf([content()])).join("\n")).toMatch(refusal);
  });

  it("names like those that every object has are names like others", async () => {
    const { tenants } = await read([acme("teams: { constructor: { channels: { toString: { provider: p, config: { __proto__: { a: 1 } } } } } }")]);
    expect(JSON.stringify(tenants[0]?.content)).toBe('{"teams":{"constructor":{"channels":{"toString":{"provider":"p","config":{"__proto__":{"a":1}}}}}}}');
  });

  it("--tenant without a flow is a slip, and told", async () => {
    expect(await problemsOf([SUPPORT], "acme")).toEqual(["--tenant says whose the flows are, and no file is a flow."]);
  });

  it("what only the registry can tell is told at its line too, at the name that leads to it", async () => {
    const bundles = await read([
      acme("environments:", "  - id: prod", "    cluster: mars", "teams:", "  support:", "    channels:", "      slack:", "        provider: messaging-slakc", "        config:", "          workspace_id: x", "flows:", "  greet:", "    - nodes: []", "    - nodes:", "        - id: A"),
      ["tenant:", "  id: acme", "environments:", "  - id: prod", "    settings: { timezone: Mars }"],
    ]);
    const place = (text: string) => text.split(" ");
    const error = bundles.refused(
      ["environments prod cluster", "environments prod settings timezone", "teams support", "teams support channels slack provider", "teams support channels slack config workspace_id", "flows greet 1 nodes 0 id", "settings", ""].map((text) => ({ tenant: "acme", place: text === "" ? [] : place(text), rule: "is wrong" })),
    );
    expect(told(error)).toEqual([
      "The bundle 1.yaml has 7 problems:",
      "- line 2: tenants.acme.settings is wrong",
      "- line 2: tenants.acme is wrong",
      "- line 5: tenants.acme.environments[0].cluster is wrong",
      "- line 7: tenants.acme.teams.support is wrong",
      "- line 10: tenants.acme.teams.support.channels.slack.provider is wrong",
      "- line 12: tenants.acme.teams.support.channels.slack.config.workspace_id is wrong",
      "- line 17: tenants.acme.flows.greet[1].nodes[0].id is wrong",
      "The bundle 2.yaml has a problem:",
      "- line 5: environments[0].settings.timezone is wrong",
    ]);
  });
});
