import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { KEY_PATTERN, parseKey } from "../../src/api-key/api-key.format.js";
import { ApiKeyCode } from "../../src/api-key-verdict/api-key-verdict.rules.js";
import { VARIABLES } from "../../src/config.js";
import { GRAPHQL_CODES } from "../../src/kernel/error-format.js";
import { FAULT_CODES } from "../../src/kernel/fault.js";
import { DEFAULT_LIMITS } from "../../src/kernel/limits.js";
import { arrowTable, lifecycleTable } from "../testkit/lifecycle-table.js";

const readme = await readFile("README.md", "utf8");
const lifecycle = await readFile("docs/lifecycle.md", "utf8");
const apiKeys = await readFile("docs/api-keys.md", "utf8");
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
