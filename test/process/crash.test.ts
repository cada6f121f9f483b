/** Owns the proof that what the service acknowledged on its embedded database survives the service's sudden death, whole. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openEmbedded } from "../../src/database/embedded.js";
import { freePort } from "../testkit/cluster.js";
import { HALF_WRITTEN, openCrowd } from "../testkit/crowd.js";
import { runCommand, startService, stopPrograms } from "../testkit/program.js";

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "registry-crash-"));
});
afterEach(stopPrograms);
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describe("kill -9 in the middle of writes", () => {
  it("loses nothing that was acknowledged and leaves nothing half written, three times over", { timeout: 180_000 }, async () => {
    const environment = { DATA_DIR: dataDir, ADDR: `127.0.0.1:${await freePort()}`, LOG_LEVEL: "warn" };
    const token = (await runCommand(["token", "acme-admin"], environment)).stdout.trim();
    const acknowledged = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const service = await startService(environment);
      await service.says(/Its answer:/);
      const crowd = openCrowd(`http://${environment.ADDR}`, token);
      await crowd.acknowledges(20);
      service.signal("SIGKILL");
      expect(await service.ended).toEqual({ code: null, signal: "SIGKILL" });
      await crowd.goHome();
      expect(crowd.faults).toEqual([]);
      for (const slug of crowd.acknowledged) acknowledged.add(slug);
    }

    const service = await startService(environment);
    await service.says(/Its answer:/);
    expect(await allSlugs(`http://${environment.ADDR}`, token)).toEqual(expect.arrayContaining([...acknowledged]));
    service.signal("SIGTERM");
    await service.ended;

    const embedded = await openEmbedded({ dataDir: join(dataDir, "postgres") });
    const owner = new pg.Client({ user: "postgres", stream: () => embedded.stream() });
    await owner.connect();
    const [halves, events] = [await owner.query(HALF_WRITTEN), await owner.query("SELECT target_name FROM audit_log WHERE action = 'project.create'")];
    await owner.end();
    await embedded.close();
    expect(halves.rows).toEqual([]);
    expect(events.rows.map(({ target_name }) => target_name as string)).toEqual(expect.arrayContaining([...acknowledged]));
  });
});

/** Every project of the caller's tenant, page by page. */
async function allSlugs(url: string, token: string): Promise<string[]> {
  const slugs: string[] = [];
  for (let after: string | null = null; ; ) {
    const response: Response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify({
        query: "query ($after: String) { myTenant { projects(first: 100, after: $after) { nodes { slug } pageInfo { hasNextPage endCursor } } } }",
        variables: { after },
      }),
    });
    const { data } = (await response.json()) as { data: { myTenant: { projects: Page } } };
    const { nodes, pageInfo } = data.myTenant.projects;
    slugs.push(...nodes.map(({ slug }) => slug));
    if (!pageInfo.hasNextPage) return slugs;
    after = pageInfo.endCursor;
  }
}

interface Page {
  nodes: { slug: string }[];
  pageInfo: { hasNextPage: boolean; endCursor: string };
}
