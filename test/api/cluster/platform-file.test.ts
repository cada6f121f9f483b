/** Owns the guarantees of a platform's file of one's own: whose clusters there are, and what becomes of rows that name others. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { openRegistry, type Registry } from "../../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../../testkit/world.js";

let directory: string;
let app: Registry;
let world: World;
/** Whom the dedicated cluster is for. */
let owner: TenantInWorld;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "platform-"));
  const file = join(directory, "platform.yaml");
  await writeFile(file, "clusters: { own: { name: Own, kind: dedicated, tenant: acme-inc, domain: own.example } }\nproviders: {}\n");
  app = await openRegistry({ environment: { PLATFORM_FILE: file } });
  world = await openWorld(app);
  owner = await world.tenant();
  await app.sql("update tenants set slug = 'acme-inc' where id = $1", [owner.id]);
});
afterAll(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

const CREATE = "mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { environment { id cluster { slug domain } tenant { deployment } } } }";
const create = (tenantId: string, cluster?: string) => world.operator.run(CREATE, { input: { tenantId, slug: "prod", name: "Production", cluster } });

describe("with a platform's file of one's own", () => {
  it("a dedicated cluster takes the environments of its tenant, and of nobody else", async () => {
    const other = await world.tenant();
    expect(data(await create(owner.id, "own"))["createEnvironment"].environment).toMatchObject({ cluster: { slug: "own", domain: "own.example" }, tenant: { deployment: "SINGLE_TENANT" } });
    fault(await create(other.id, "own"), "BAD_USER_INPUT", "cluster");
  });

  it("that shares no cluster, one must be named", async () => {
    fault(await create((await world.tenant()).id), "BAD_USER_INPUT", "cluster");
  });

  it("an environment stays on a cluster that was taken out, is routed without a domain, and is placed elsewhere but not back", async () => {
    const { id } = await owner.environment({ slug: "old", cluster: "shared" });
    const routes = async () => data(await world.support.run("{ routes { nodes { environment cluster domain kind } } }", {}, { "x-tenant-id": owner.id }))["routes"].nodes.find(({ environment }: { environment: string }) => environment === "old");
    const place = (cluster: string) => world.operator.run("mutation ($input: PlaceEnvironmentInput!) { placeEnvironment(input: $input) { environment { id } } }", { input: { id, cluster } });
    expect(await routes()).toEqual({ environment: "old", cluster: "shared", domain: null, kind: null });
    data(await place("own"));
    expect(await routes()).toEqual({ environment: "old", cluster: "own", domain: "own.example", kind: "DEDICATED" });
    fault(await place("shared"), "BAD_USER_INPUT", "cluster");
  });
});
