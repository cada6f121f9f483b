/** Owns the proof that the service scales out by starting more of it: nothing that matters lives in one process only. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { MIGRATIONS } from "../../migrations/index.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { ask, deploy, LISTENING, type Deployment } from "../testkit/deployed.js";
import { stopPrograms } from "../testkit/program.js";

const cluster = await startCluster();
let deployment: Deployment | undefined;

afterEach(async () => {
  await stopPrograms();
  await deployment?.close();
});
afterAll(() => cluster?.remove());

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "two instances that start at once on an empty database", () => {
  it("both become ready, run each migration once, and see each other's changes at once", async () => {
    deployment = await deploy(cluster!);
    const both = await Promise.all([deployment.instance(), deployment.instance()]);
    const [one, other] = both;
    await Promise.all(both.map((instance) => instance.says(LISTENING)));
    for (const { url } of both) expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const applied = both.flatMap((instance) => instance.log().filter(({ msg }) => msg === "database migrated").flatMap((line) => line["applied"] as string[]));
    expect(applied.toSorted()).toEqual(MIGRATIONS.map(({ name }) => name).toSorted());

    const { token } = await deployment.tenant();
    const create = `mutation ($slug: String!) { createProject(input: { slug: $slug, name: "x" }) { project { id } } }`;
    const list = "{ myTenant { projects(orderBy: { field: CREATED_AT }) { nodes { slug } } } }";
    const expected: string[] = [];
    for (const [slug, writer, reader] of [["from-one", one, other], ["from-other", other, one]] as const) {
      expect((await ask(writer!.url, token, create, { slug })).body.errors).toBeUndefined();
      expected.push(slug);
      const { body } = await ask(reader!.url, token, list);
      expect(body.data?.myTenant.projects.nodes.map((node: { slug: string }) => node.slug)).toEqual(expected);
    }
  });
});
