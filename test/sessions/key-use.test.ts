/** Owns the proof that the running service does around keys what its parts can do: it hears of changes, and what it noted of a key's use outlives a stop. */
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
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

const CREATE = 'mutation { createApiKey(input: { name: "ci", product: "crm", environment: PROD, scopes: ["read"] }) { plaintext apiKey { id } } }';
const VERIFY = "query ($key: String!) { verifyApiKey(key: $key) { code maxStalenessMs } }";
/** What is said while notices come. */
const LIVE_MS = 3_000;

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "an instance", () => {
  it("hears of changes soon after its start, and when it is told to stop writes down how keys were used, and no event", async () => {
    deployment = await deploy(cluster!);
    const { sql, issuer } = deployment;
    const service = await deployment.instance();
    await service.says(LISTENING);
    const { id, token } = await deployment.tenant();
    await sql("insert into tenant_products (tenant_id, product) values ($1, 'crm')", [id]);
    const { plaintext: key, apiKey } = (await ask(service.url, token, CREATE)).body.data.createApiKey;
    const crm = issuer.token({ product: "crm" });
    const verdict = async () => (await ask(service.url, crm, VERIFY, { key })).body.data.verifyApiKey;
    let asked = 0;
    await vi.waitFor(async () => (asked++, expect(await verdict()).toEqual({ code: "VALID", maxStalenessMs: LIVE_MS })), { timeout: 10_000, interval: 50 });

    service.signal("SIGTERM");
    expect(await service.ended).toEqual({ code: 0, signal: null });
    const [{ used }] = (await sql("select last_used_at as used from api_keys where id = $1", [apiKey.id])) as [{ used: Date }];
    expect(used.getTime() % 60_000).toBe(0);
    expect(Date.now() - used.getTime()).toBeLessThan(600_000);
    expect(await sql("select sum(verified)::int as verified, sum(refused)::int as refused from api_key_usage where api_key_id = $1", [apiKey.id])).toEqual([{ verified: asked, refused: 0 }]);
    expect(await sql("select action from audit_log where tenant_id = $1", [id])).toEqual([{ action: "api_key.create" }]);
  });
});
