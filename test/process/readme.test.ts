import { readFile } from "node:fs/promises";
import { parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { messageSubject, resourceName, secretPaths, sessionPath, stateKey, subjectFilter, tenantContext } from "../../packages/tenant-names/src/index.js";
import { KEY_PATTERN, parseKey } from "../../src/api-key/api-key.format.js";
import { ApiKeyCode } from "../../src/api-key-verdict/api-key-verdict.rules.js";
import { ExitCode } from "../../src/bundle-cli/bundle-cli.outcome.js";
import { VARIABLES } from "../../src/config.js";
import { ENVIRONMENTS_AT_MOST, ENVIRONMENTS_EVER } from "../../src/environment/environment.rules.js";
import { MAX_FLOWS } from "../../src/flow/flow.rules.js";
import { GRAPHQL_CODES } from "../../src/kernel/error-format.js";
import { FAULT_CODES } from "../../src/kernel/fault.js";
import { DEFAULT_LIMITS } from "../../src/kernel/limits.js";
import { buildRegistrySchema } from "../../src/schema.js";
import { DEFAULT_SETTINGS } from "../../src/settings/settings.js";
import { CHANNELS_AT_MOST, CHANNELS_EVER, TEAMS_AT_MOST, TEAMS_EVER } from "../../src/team/team.rules.js";
import { arrowTable, lifecycleTable } from "../testkit/lifecycle-table.js";

const readme = await readFile("README.md", "utf8");
const lifecycle = await readFile("docs/lifecycle.md", "utf8");
const apiKeys = await readFile("docs/api-keys.md", "utf8");
const tenancy = await readFile("docs/tenancy.md", "utf8");
const section = (title: string) => new RegExp(`^## ${title}\\n([\\s\\S]*?)(?=^## )`, "m").exec(readme)?.[1] ?? "";
const firstColumn = (text: string) => [...text.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));

describe("the README", () => {
  it("documents every variable that the service reads, and no other", () => {
    expect(firstColumn(section("Configuration")).sort()).toEqual(VARIABLES);
  });

  it("documents every code that an error can carry", () => {
    expect(firstColumn(section("Failures")).sort()).toEqual([...FAULT_CODES, ...GRAPHQL_CODES].filter((code) => code !== "PERSISTED_QUERY_NOT_SUPPORTED").sort());
  });

  it("draws the lifecycle as the service goes by it", () => {
    for (const table of [lifecycleTable(), arrowTable()]) expect(lifecycle).toContain(`\n${table}\n`);
  });

  it("states the limits that are enforced", () => {
    const { maxTokens, maxDepth, maxAliases, maxDirectives, maxRootFields, maxRecursiveSelections, maxCost, maxRepresentations } = DEFAULT_LIMITS;
    const numbers = [maxTokens, maxDepth, maxAliases, maxDirectives, maxRootFields, maxRecursiveSelections, maxCost, maxRepresentations];
    for (const number of numbers) expect(section("Limits")).toContain(number.toLocaleString("en"));
  });
});

describe("docs/api-keys.md", () => {
  it("lists every code of a verification in the order in which they are looked at", () => {
    expect(firstColumn(apiKeys.slice(apiKeys.indexOf("## Verifying"), apiKeys.indexOf("## Leaks")))).toEqual(Object.values(ApiKeyCode));
  });

  it("gives scanners the expression that the service goes by, and examples that it takes for keys", () => {
    expect(apiKeys).toContain(`\n${KEY_PATTERN.source}\n`);
    const examples = apiKeys.match(new RegExp(KEY_PATTERN, "g")) ?? [];
    expect(examples.map((example) => parseKey(example)?.environment)).toEqual(["prod", "dev"]);
  });
});

describe("docs/tenancy.md", () => {
  const part = (title: string) => tenancy.slice(tenancy.indexOf(`\n## ${title}\n`)).split("\n## ", 2).join("");

  it("asks nothing that the schema does not answer", () => {
    const documents = [...tenancy.matchAll(/^```graphql\n([\s\S]*?)^```/gm)].map(([, document]) => document ?? "");
    expect(documents.length).toBeGreaterThan(5);
    const { schema } = buildRegistrySchema();
    for (const document of documents) {
      const { definitions, ...rest } = parse(document);
      // Several in one block are sent one by one.
      for (const definition of definitions) expect([document, validate(schema, { ...rest, definitions: [definition] })]).toEqual([document, []]);
    }
  });

  it("shows names as they are", () => {
    const context = tenantContext({ tenant: "acme", environment: "prod", team: "support" });
    const key = ["api_key"];
    const NAMES = {
      session: sessionPath.print({ context, session: "session_001" }),
      state: stateKey.print({ context, session: "session_001" }),
      subject: messageSubject.print({ context, channel: "slack" }),
      secret: secretPaths.secrets.print({ owner: { kind: "tenant", ...context }, key }),
      "secret, shared": secretPaths.secrets.print({ owner: { kind: "tenant", ...context, environment: null }, key }),
      "secret, gbo": secretPaths.gbo.print({ owner: { kind: "tenant", ...context }, key }),
      resource: resourceName.print({ ...context, item: null }),
      "no team": sessionPath.print({ context: { ...context, team: null }, session: "session_006" }),
      "any text": stateKey.print({ context, session: "../../bigcorp" }),
    };
    expect(part("Names")).toContain(`\`\`\`\n${Object.entries(NAMES).map(([what, name]) => `${what.padEnd(16)}${name}\n`).join("")}\`\`\``);
    const filter = subjectFilter({ tenant: "acme" });
    expect(part("Names")).toContain(`subscribe: ["${filter}", "_INBOX_acme.>"]\n        publish: ["${filter}"]`);
  });

  it("tells the limits, the settings and the exit codes that there are", () => {
    const said = (numbers: number[]) => numbers.map((number) => number.toLocaleString("en")).join(", ");
    for (const row of [
      `| ${said([ENVIRONMENTS_AT_MOST, ENVIRONMENTS_EVER])} a tenant |`,
      `| ${said([TEAMS_AT_MOST, TEAMS_EVER])} teams a tenant; ${said([CHANNELS_AT_MOST, CHANNELS_EVER])} channels a team |`,
      `| ${MAX_FLOWS} a tenant |`,
    ]) {
      expect(part("Hierarchy")).toContain(row);
    }
    expect(firstColumn(part("Settings"))).toEqual(Object.keys(DEFAULT_SETTINGS));
    expect(firstColumn(part("Bundles")).filter((cell) => /^\d$/.test(cell ?? "")).map(Number)).toEqual(Object.values(ExitCode).filter(Number.isInteger));
  });
});
