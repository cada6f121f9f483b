/** Owns the proof that stored hashes are renewed while keys are in use: a pepper can be replaced without a key that stops working, and a dear hash is computed once. */
import { randomUUID } from "node:crypto";
import { hash as argon2 } from "argon2";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Pepper } from "../../src/api-key/api-key.secret.js";
import { openLog } from "../../src/process/log.js";
import { openServiceDataSource } from "../../src/service.js";
import { madeKey, tenantWithCrm } from "../testkit/api-keys.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { foreignKey } from "../testkit/foreign-key.js";
import { anotherInstance } from "../testkit/instance.js";
import { forgedKey } from "../testkit/leaked-keys.js";
import { data, fault } from "../testkit/outcome.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { callerWith, openWorld, type Answer, type TenantInWorld, type World } from "../testkit/world.js";

const cluster = await startCluster();
const OLD: Pepper = { id: "old", secret: Buffer.alloc(32, "old") };
const NEW: Pepper = { id: "new", secret: Buffer.alloc(32, "new") };
const AS_NEW_ONES = /^\$argon2id\$v=19\$m=1024,t=2,p=1\$/;
const IMPORT = "mutation ($input: ImportApiKeysInput!) { importApiKeys(input: $input) { apiKeys { id } } }";

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "the hash of a key", () => {
  let app: Registry;
  let world: World;
  let tenant: TenantInWorld;
  beforeAll(async () => {
    app = await openRegistry({ databaseUrl: cluster!.url, environment: { API_KEY_PEPPERS: `old:${OLD.secret.toString("base64url")}` } });
    world = await openWorld(app);
    tenant = await tenantWithCrm(world);
  });
  afterAll(async () => {
    await app?.close();
    await cluster?.remove();
  });

  /** What an instance with these peppers answers; it is then closed, and has written what it had to. */
  async function at(peppers: readonly Pepper[], key: string): Promise<Answer> {
    const dataSource = await openServiceDataSource(app.config, undefined, openLog("silent"));
    const instance = await anotherInstance({ ...app, dataSource }, { apiKeys: { peppers, imported: true } });
    try {
      const url = await instance.app.listen({ host: "127.0.0.1", port: 0 });
      return await callerWith({ ...app, url }, app.issuer.token({ product: "crm" })).run("query ($key: String!) { verifyApiKey(key: $key) { code } }", { key });
    } finally {
      await instance.close();
    }
  }
  const codeAt = async (peppers: readonly Pepper[], key: string) => data(await at(peppers, key))["verifyApiKey"].code;
  const stored = async (id: string) => (await app.sql<{ hash: string; pepper_id: string | null }>("select hash, pepper_id from api_keys where id = $1", [id]))[0];
  /** It is renewed beside a use, and given up when an instance is closed meanwhile: at the latest at one of the next uses. */
  const renewedAt = (peppers: readonly Pepper[], key: string, id: string, expected: object) =>
    vi.waitFor(async () => {
      expect(await codeAt(peppers, key)).toBe("VALID");
      expect(await stored(id)).toEqual(expected);
    }, { timeout: 30_000, interval: 1 });

  it("is renewed at a use, and the old pepper can be taken away then; where the pepper is missing, keys are neither denied nor touched", async () => {
    const { plaintext, apiKey } = await madeKey(tenant.admin, { name: "peppered" });
    const before = await stored(apiKey["id"]);
    expect(before?.pepper_id).toBe("old");
    fault(await at([NEW], plaintext), "UNAVAILABLE");
    expect(await codeAt([OLD, NEW], plaintext)).toBe("VALID");
    expect(await codeAt([NEW, OLD], forgedKey(apiKey["lookupId"]))).toBe("NOT_FOUND");
    expect(await stored(apiKey["id"])).toEqual(before);
    await renewedAt([NEW, OLD], plaintext, apiKey["id"], { hash: expect.stringMatching(AS_NEW_ONES), pepper_id: "new" });
    expect(await codeAt([NEW], plaintext)).toBe("VALID");
    expect(await codeAt([NEW], forgedKey(apiKey["lookupId"]))).toBe("NOT_FOUND");
    fault(await at([OLD], plaintext), "UNAVAILABLE");
  });

  it("that another service made, at a cost of its own, has the cost and the pepper of new ones after its first use, and the key goes on working", async () => {
    const prefix = randomUUID().slice(0, 8);
    const key = `${prefix}${randomUUID()}`;
    const given = foreignKey({ prefix, hash: await argon2(key) });
    const [{ id }] = data(await world.operator.run(IMPORT, { input: { tenantId: tenant.id, keys: [given] } }))["importApiKeys"].apiKeys;
    expect(await codeAt([OLD], `${prefix}${randomUUID()}`)).toBe("NOT_FOUND");
    expect(await stored(id)).toEqual({ hash: given["hash"], pepper_id: null });
    await renewedAt([OLD], key, id, { hash: expect.stringMatching(AS_NEW_ONES), pepper_id: "old" });
    expect(await codeAt([OLD], key)).toBe("VALID");
    expect(await codeAt([OLD], `${prefix}${randomUUID()}`)).toBe("NOT_FOUND");
  });
});
