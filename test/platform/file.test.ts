/** Owns the guarantees of the platform's file: what is wrong with it stops it, and everything that is wrong is named with its line. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadPlatform, PlatformError } from "../../src/platform/platform.file.js";
import type { Platform } from "../../src/platform/platform.js";

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "platform-"))));
afterAll(() => rm(directory, { recursive: true }));

async function load(...lines: string[]): Promise<Platform> {
  const file = join(directory, "platform.yaml");
  await writeFile(file, `${lines.join("\n")}\n`);
  return loadPlatform(file);
}

async function problemsOf(...lines: string[]): Promise<readonly string[]> {
  const error = await load(...lines).then(() => null, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PlatformError);
  return (error as PlatformError).problems;
}

const cluster = (slug: string, members: string) => `  ${slug}: { name: A, ${members} }`;
const EU = cluster("eu", "kind: shared, domain: eu.example");

describe("the file that the package brings along", () => {
  it("is found from the sources, and has what the seeds' bundles and the tests speak of", async () => {
    const { clusters, providers, standard } = await loadPlatform();
    expect(clusters.map(({ slug, kind, tenant, domain }) => [slug, kind, tenant, domain])).toEqual([
      ["shared", "shared", null, "eu.greentic.example"],
      ["shared-2", "shared", null, "us.greentic.example"],
      ["bigcorp", "dedicated", "bigcorp", "bigcorp.greentic.example"],
    ]);
    expect(providers.map(({ key }) => key)).toEqual(["messaging-slack", "messaging-telegram", "messaging-teams", "messaging-webchat"]);
    expect(standard?.slug).toBe("shared");
  });

  it.each([
    ["messaging-slack", { workspace_id: "T123456", channel_id: "C789012" }],
    ["messaging-slack", {}],
    ["messaging-telegram", { chat_id: "-1001234567890" }],
    ["messaging-teams", {}],
    ["messaging-webchat", {}],
  ])("takes the seeds' channel of %s with %j", async (provider, config) => {
    expect((await loadPlatform()).channelProblems(provider, config)).toEqual([]);
  });
});

describe("a platform", () => {
  it("has what the file says, in its order, and otherwise the defaults", async () => {
    const platform = await load(
      "clusters:",
      "  own: { name: Theirs, kind: dedicated, tenant: bigcorp, domain: own.example, infrastructure: [models, tables] }",
      "  z: { name: Zed, kind: shared, domain: z.example }",
      "  a: { name: Ay, kind: shared, domain: a.example }",
      "providers:",
      "  b: { name: B, configSchema: { type: object, properties: { size: { type: integer } } } }",
      "  a: { name: A }",
    );
    const z = { slug: "z", name: "Zed", kind: "shared", tenant: null, domain: "z.example", infrastructure: [] };
    expect(platform.clusters).toEqual([{ slug: "own", name: "Theirs", kind: "dedicated", tenant: "bigcorp", domain: "own.example", infrastructure: ["models", "tables"] }, z, { ...z, slug: "a", name: "Ay", domain: "a.example" }]);
    expect(platform.providers.map(({ key, name, configSchema, settingNames }) => ({ key, name, configSchema, settingNames }))).toEqual([
      { key: "b", name: "B", configSchema: { type: "object", properties: { size: { type: "integer" } } }, settingNames: new Set(["size"]) },
      { key: "a", name: "A", configSchema: { type: "object", additionalProperties: false }, settingNames: new Set() },
    ]);
    expect([platform.standard, platform.cluster("z"), platform.provider("a")?.name]).toEqual([z, z, "A"]);
    for (const name of ["", "c", "constructor", "__proto__"]) expect([platform.cluster(name), platform.provider(name)]).toEqual([undefined, undefined]);
  });

  it("may be empty, and then nothing is placed unless it is said where", async () => {
    expect(await load("clusters: {}", "providers: {}")).toMatchObject({ clusters: [], providers: [], standard: null });
  });

  it("whose clusters are all somebody's own has no standard one", async () => {
    expect((await load("clusters:", cluster("own", "kind: dedicated, tenant: bigcorp, domain: a.example"), "providers: {}")).standard).toBeNull();
  });
});

describe("what is wrong is named with its line", () => {
  it.each<[string, string[], string[]]>([
    ["nothing at all", [""], ["line 1: the file must be an object with clusters and providers"]],
    ["a list", ["[]"], ["line 1: the file must be an object with clusters and providers"]],
    ["members that are missing", ["clusters: {}"], ["line 1: providers is missing"]],
    ["a misspelt member", ["clusters: {}", "providers: {}", "cluster: {}"], ["line 3: cluster is not known here; did you mean clusters?"]],
    ["a cluster's name that is no slug", ["clusters:", cluster("EU_1", "kind: shared, domain: eu.example"), "providers: {}"], [expect.stringMatching(/^line 2: clusters\.EU_1 is not known here: clusters must have no members but names that match /) as unknown as string]],
    ["a cluster's name that is reserved", ["clusters:", cluster("global", "kind: shared, domain: eu.example"), cluster("con", "kind: shared, domain: us.example"), "providers: {}"], ["line 2: clusters.global has a name that is reserved", "line 3: clusters.con has a name that is reserved"]],
    ["a cluster twice", ["clusters:", EU, cluster("eu", "kind: shared, domain: us.example"), "providers: {}"], ["line 3: Map keys must be unique"]],
    ["a domain twice", ["clusters:", EU, cluster("us", "kind: shared, domain: eu.example"), "providers: {}"], ["line 3: clusters.us.domain is the domain of clusters.eu already"]],
    ["a domain in capital letters", ["clusters:", cluster("eu", "kind: shared, domain: EU.example"), "providers: {}"], [expect.stringMatching(/^line 2: clusters\.eu\.domain must match the pattern /) as unknown as string]],
    ["an address in place of a domain", ["clusters:", cluster("eu", "kind: shared, domain: 'https://eu.example'"), "providers: {}"], [expect.stringMatching(/^line 2: clusters\.eu\.domain must match the pattern /) as unknown as string]],
    ["a kind that there is not", ["clusters:", cluster("eu", "kind: own, domain: eu.example"), "providers: {}"], ['line 2: clusters.eu.kind must be one of "shared", "dedicated"']],
    ["a dedicated cluster of nobody", ["clusters:", cluster("eu", "kind: dedicated, domain: eu.example"), "providers: {}"], ["line 2: clusters.eu.tenant is missing, which a dedicated cluster needs"]],
    ["a shared cluster of somebody", ["clusters:", cluster("eu", "kind: shared, domain: eu.example, tenant: acme"), "providers: {}"], ["line 2: clusters.eu.tenant is not allowed: a shared cluster is nobody's"]],
    ["a cluster of a tenant that there cannot be", ["clusters:", cluster("eu", "kind: dedicated, domain: eu.example, tenant: global"), "providers: {}"], ["line 2: clusters.eu.tenant is a reserved name"]],
    ["infrastructure that there is not", ["clusters:", cluster("eu", "kind: shared, domain: eu.example, infrastructure: [tables, disks]"), "providers: {}"], ['line 2: clusters.eu.infrastructure[1] must be one of "tables", "drive", "cache", "email", "directory", "llm", "models"']],
    ["infrastructure twice", ["clusters:", cluster("eu", "kind: shared, domain: eu.example, infrastructure: [tables, tables]"), "providers: {}"], ["line 2: clusters.eu.infrastructure must not have the same item twice"]],
    ["a member that a cluster has not", ["clusters:", cluster("eu", "kind: shared, domain: eu.example, dommain: x"), "providers: {}"], ["line 2: clusters.eu.dommain is not known here; did you mean domain?"]],
    ["a schema that does not compile", ["clusters: {}", "providers:", "  x:", "    name: X", "    configSchema:", "      type: object", "      properties: { a: { type: strin } }"], [
      'line 7: providers.x.configSchema.properties.a.type must be one of "array", "boolean", "integer", "null", "number", "object", "string"',
      "line 7: providers.x.configSchema.properties.a.type must be one of the alternatives of its schema",
    ]],
    ["a schema of something else than settings", ["clusters: {}", "providers:", "  x:", "    name: X", "    configSchema: { type: array }"], ["line 5: providers.x.configSchema.type must be object, because settings are"]],
  ])("%s", async (_, lines, problems) => {
    expect(await problemsOf(...lines)).toEqual(problems);
  });

  it("all at once, in the order of the lines", async () => {
    const problems = await problemsOf("clusters:", cluster("default", "kind: shared, domain: eu.example"), cluster("us", "kind: dedicated, domain: eu.example"), "providers:", "  x: {}");
    expect(problems.map((problem) => problem.split(":")[0])).toEqual(["line 2", "line 3", "line 3", "line 5"]);
  });

  it("a file that is not there", async () => {
    const file = join(directory, "none.yaml");
    await expect(loadPlatform(file)).rejects.toThrow(new PlatformError(file, ["it cannot be read (ENOENT)"]));
  });
});
