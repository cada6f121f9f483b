/** Owns the proof that what was acknowledged on a real Postgres survives the death of the service and of the database, and that the service heals. */
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { HALF_WRITTEN, openCrowd } from "../testkit/crowd.js";
import { ask, deploy, LISTENING, type Deployment } from "../testkit/deployed.js";
import { stopPrograms } from "../testkit/program.js";

const cluster = await startCluster({ private: true });
let deployment: Deployment | undefined;

afterEach(async () => {
  await stopPrograms();
  await deployment?.close();
});
afterAll(() => cluster?.remove());

async function missingOf(acknowledged: Set<string>): Promise<string[]> {
  const rows = await deployment!.sql("SELECT p.slug FROM tenant_projects p JOIN audit_log a ON a.target_id = p.id::text AND a.action = 'project.create'");
  const there = new Set(rows.map(({ slug }) => slug as string));
  return [...acknowledged].filter((slug) => !there.has(slug));
}

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "in the middle of writes", () => {
  it("kill -9 of the service loses nothing that was acknowledged and leaves nothing half written", async () => {
    deployment = await deploy(cluster!);
    const service = await deployment.instance();
    await service.says(LISTENING);
    const crowd = openCrowd(service.url, (await deployment.tenant()).token);
    await crowd.acknowledges(100);
    service.signal("SIGKILL");
    await service.ended;
    await crowd.goHome();
    expect(await missingOf(crowd.acknowledged)).toEqual([]);
    expect(await deployment.sql(HALF_WRITTEN)).toEqual([]);
  });

  it("an immediate stop of Postgres loses nothing either; meanwhile faults are retryable, afterwards the service works unaided", async () => {
    deployment = await deploy(cluster!);
    const service = await deployment.instance();
    await service.says(LISTENING);
    const { token } = await deployment.tenant();
    const crowd = openCrowd(service.url, token);
    for (let round = 0; round < 3; round += 1) {
      await crowd.acknowledges(30);
      const refused = crowd.isRefused();
      await cluster!.stop("immediate");
      await refused;
      expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
      await cluster!.restart();
    }
    await crowd.acknowledges(30);
    await crowd.goHome();
    // The last outcome is remembered for a second.
    await vi.waitFor(async () => expect((await fetch(`${service.url}/readyz`)).status).toBe(200), { timeout: 10_000 });
    expect((await ask(service.url, token, "{ myTenant { slug } }")).body.errors).toBeUndefined();
    expect(new Set(crowd.faults.map(({ code, retryable }) => `${code} ${retryable}`))).toEqual(new Set(["UNAVAILABLE true"]));
    expect(await missingOf(crowd.acknowledged)).toEqual([]);
    expect(await deployment.sql(HALF_WRITTEN)).toEqual([]);
    expect(service.log().filter(({ level }) => level >= 60)).toEqual([]);
  });
});
