/** Owns the guarantees of the golden snapshot's file: what is wrong with it stops it, and everything that is wrong is named with its line. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Catalog } from "../../src/catalog/catalog.js";
import { loadCatalog } from "../../src/catalog/catalog.file.js";
import type { DemoSnapshot } from "../../src/demo/demo.js";
import { DemoSnapshotError, loadDemo } from "../../src/demo/demo.file.js";
import { explain } from "../../src/process/explain.js";

let directory: string;
let catalog: Catalog;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "demo-"));
  catalog = await loadCatalog();
});
afterAll(() => rm(directory, { recursive: true }));

async function load(content: string): Promise<DemoSnapshot> {
  const demoSnapshotFile = join(directory, "demo.yaml");
  await writeFile(demoSnapshotFile, content);
  return loadDemo({ demoSnapshotFile }, catalog);
}

async function refusal(content: string): Promise<DemoSnapshotError> {
  const error = await load(content).then(() => null, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DemoSnapshotError);
  return error as DemoSnapshotError;
}

const idOf = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
/** A file of tenants, each given by its lines after those that every tenant has. */
const tenants = (...each: string[][]) =>
  ["tenants:", ...each.flatMap((lines, index) => [`  - id: ${idOf(index)}`, `    slug: demo-${index}`, "    name: A demo", "    plan: pro", ...lines.map((line) => `    ${line}`)]), ""].join("\n");

describe("a golden snapshot", () => {
  it("is read with what may be left out", async () => {
    const lines = [`projects: [{ id: ${idOf(8)}, slug: default, name: Default }, { id: ${idOf(9)}, slug: old, name: Old, status: archived }]`, "entitlements: { crm: {}, desk: { config: { priority: high } } }"];
    expect(await load(tenants(lines, []))).toEqual({
      tenants: [
        {
          id: idOf(0), slug: "demo-0", name: "A demo", plan: "pro",
          projects: [{ id: idOf(8), slug: "default", name: "Default", status: "active" }, { id: idOf(9), slug: "old", name: "Old", status: "archived" }],
          entitlements: [{ product: "crm", config: {} }, { product: "desk", config: { priority: "high" } }],
        },
        { id: idOf(1), slug: "demo-1", name: "A demo", plan: "pro", projects: [], entitlements: [] },
      ],
    });
  });

  it("may be empty: then there are no demos", async () => {
    expect(await load("tenants: []\n")).toEqual({ tenants: [] });
  });

  it.each<[string, string, string]>([
    ["text", "hello\n", "line 1: the file must be an object with tenants"],
    ["nothing", "", "line 1: the file must be an object with tenants"],
    ["an object without tenants", "{}\n", "line 1: tenants is missing"],
    ["a misspelt member", tenants(["entitlments: {}"]), "line 6: tenants[0].entitlments is not known here; did you mean entitlements?"],
    ["a tenant's status", tenants(["status: active"]), "line 6: tenants[0].status is not known here: tenants[0] must have no members but id, slug, name, plan, projects, entitlements"],
    ["an id that is none", tenants(["projects: [{ id: x, slug: default, name: Default }]"]), "line 6: tenants[0].projects[0].id must match the pattern ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"],
    ["an id in capitals", tenants([`projects: [{ id: ${idOf(1).replace(/0/, "A")}, slug: default, name: Default }]`]), "line 6: tenants[0].projects[0].id must match the pattern ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"],
    ["a blank name", tenants([`projects: [{ id: ${idOf(1)}, slug: default, name: "  " }]`]), "line 6: tenants[0].projects[0].name must match the pattern ^[^\\p{Cc}]*[^\\p{Cc}\\s][^\\p{Cc}]*$"],
    ["a name with a null character", tenants([`projects: [{ id: ${idOf(1)}, slug: default, name: "a\\0b" }]`]), "line 6: tenants[0].projects[0].name must match the pattern ^[^\\p{Cc}]*[^\\p{Cc}\\s][^\\p{Cc}]*$"],
    ["a state that projects do not have", tenants([`projects: [{ id: ${idOf(1)}, slug: default, name: Default, status: gone }]`]), 'line 6: tenants[0].projects[0].status must be one of "active", "archived"'],
    ["the platform's own name", tenants([]).replace("demo-0", "admin"), "line 3: tenants[0].slug is one of the platform's own names"],
    ["a plan that is not in the catalogue", tenants([]).replace("plan: pro", "plan: gold"), "line 5: tenants[0].plan must be one of the catalogue's plans: starter, pro, business, enterprise"],
    ["a product that is not in the catalogue", tenants(["entitlements: { dsk: {} }"]), "line 6: tenants[0].entitlements.dsk is not known here; did you mean desk?"],
    ["settings that do not fit the product", tenants(["entitlements:", "  desk:", "    config:", "      retentionDays: 1"]), "line 9: tenants[0].entitlements.desk.config.retentionDays must be at least 30"],
    ["settings that are too large", tenants([`entitlements: { crm: { config: { note: ${"x".repeat(17_000)} } } }`]), "line 6: tenants[0].entitlements.crm.config is larger or deeper than settings may be"],
    ["one tenant's id twice", tenants([], []).replace(idOf(1), idOf(0)), "line 6: tenants[1].id is used above already"],
    ["one tenant's slug twice", tenants([], []).replace("demo-1", "demo-0"), "line 7: tenants[1].slug is used above already"],
    ["one project's id in two tenants", tenants([`projects: [{ id: ${idOf(9)}, slug: a-a, name: A }]`], [`projects: [{ id: ${idOf(9)}, slug: b-b, name: B }]`]), "line 11: tenants[1].projects[0].id is used above already"],
    ["one project's slug twice in a tenant", tenants([`projects: [{ id: ${idOf(8)}, slug: a-a, name: A }, { id: ${idOf(9)}, slug: a-a, name: B }]`]), "line 6: tenants[0].projects[1].slug is used above already"],
    ["more demos than one job should put back", tenants(...Array.from({ length: 21 }, () => [])).replace(/- id: (.*)\n/g, "- id: $1\n"), "line 2: tenants must have at most 20 items"],
  ])("with %s is refused", async (_what, content, problem) => {
    expect((await refusal(content)).problems).toContain(problem);
  });

  it("names everything that is wrong at once, by line, and the operator is told without a stack", async () => {
    const error = await refusal(tenants(["entitlements: { dsk: {} }"], []).replace("demo-1", "demo-0").replace("plan: pro", "plan: gold"));
    expect(error.problems).toEqual([
      "line 5: tenants[0].plan must be one of the catalogue's plans: starter, pro, business, enterprise",
      "line 6: tenants[0].entitlements.dsk is not known here; did you mean desk?",
      "line 8: tenants[1].slug is used above already",
    ]);
    expect(explain(error)).toBe(`The demo snapshot ${join(directory, "demo.yaml")} has 3 problems:\n${error.problems.map((problem) => `- ${problem}`).join("\n")}`);
  });

  it("with more wrong than anybody reads is refused with the first hundred, and how many more there are", async () => {
    const { problems } = await refusal(`tenants: []\n${Array.from({ length: 5_000 }, (_, n) => `stranger${n}: 1`).join("\n")}`);
    expect([problems.length, problems[99], problems[100]]).toEqual([101, expect.stringContaining("line 101: stranger99 is not known here"), "and 4900 more"]);
  });

  it("that cannot be read is refused by its name", async () => {
    await expect(loadDemo({ demoSnapshotFile: join(directory, "missing.yaml") }, catalog)).rejects.toThrow(`The demo snapshot ${join(directory, "missing.yaml")} has a problem:\n- it cannot be read (ENOENT)`);
  });

  it("is the one that the package brings along when none is named, and fits the catalogue beside it", async () => {
    expect((await loadDemo({}, catalog)).tenants.map(({ slug }) => slug)).toEqual(["demo"]);
  });

  it("is empty when none is named beside a catalogue of one's own, which the package's snapshot could not know", async () => {
    expect(await loadDemo({ catalogFile: "/etc/registry/catalog.yaml" }, catalog)).toEqual({ tenants: [] });
  });
});
