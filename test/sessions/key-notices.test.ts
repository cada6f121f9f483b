/** Owns the proof that the end of a key reaches every other instance within the bound that its verdicts state, with notices and without. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openLog } from "../../src/process/log.js";
import { openServiceDataSource, type Service } from "../../src/service.js";
import { noCluster, startCluster } from "../testkit/cluster.js";
import { anotherInstance } from "../testkit/instance.js";
import { data } from "../testkit/outcome.js";
import { startPostgresProxy, type PostgresProxy } from "../testkit/postgres-proxy.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";
import { endAll, expectBound, plantKeys, stalenessOf, verifierAt, type KeysVerifier, type LiveKey, type Round } from "./key-rounds.js";

const cluster = await startCluster();
const ROUNDS = 1_000;
const LIVE_MS = 3_000;
const DOWN_MS = 1_000;

describe.skipIf(cluster === null)(cluster === null ? noCluster() : "of two instances that remember keys, one ends them, and the other", () => {
  let app: Registry;
  /** Between the other instance and its notices; everything else goes past it. */
  let proxy: PostgresProxy;
  let other: Service;
  let otherUrl: string;
  let world: World;
  let tenant: TenantInWorld;
  let [here, there]: KeysVerifier[] = [];
  beforeAll(async () => {
    app = await openRegistry({ databaseUrl: cluster!.url });
    proxy = await startPostgresProxy(app.config.database!.url);
    other = await another();
    otherUrl = await other.app.listen({ host: "127.0.0.1", port: 0 });
    for (const service of [app.service, other]) service.keys.start();
    world = await openWorld(app);
  });
  beforeEach(async () => {
    tenant = await world.tenant();
    await tenant.entitlement("crm");
    [here, there] = [verifierAt(app, app.url), verifierAt(app, otherUrl)];
    await hears(true);
  });
  afterEach(() => {
    proxy.behave("pass");
    app.clock.now = null;
  });
  afterAll(async () => {
    await other?.close();
    await app?.close();
    await proxy?.close();
    await cluster?.remove();
  });

  async function another(): Promise<Service> {
    const dataSource = await openServiceDataSource(app.config, undefined, openLog("silent"));
    return anotherInstance({ ...app, dataSource }, { database: { ...app.config.database!, url: proxy.url } });
  }
  const NOBODY: LiveKey = { id: "", tenantId: "", plaintext: "no key" };
  /** Resolves when the other instance says that it hears of changes, or that it does not. */
  const hears = (expected: boolean) =>
    vi.waitFor(async () => expect((await there!.verify(NOBODY)).maxStalenessMs).toBe(expected ? LIVE_MS : DOWN_MS), { timeout: 30_000, interval: 5 });
  const valid = async (verifier: KeysVerifier, keys: readonly LiveKey[]) => expect(new Set((await verifier.verifyAll(keys)).map(({ code }) => code))).toEqual(new Set(["VALID"]));

  const revoked = (by: TenantInWorld) => (key: LiveKey): Round => ({
    ...key,
    ended: "REVOKED",
    end: async () => data(await by.admin.run("mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { apiKey { id } } }", { id: key.id })),
  });
  const rotated = (key: LiveKey): Round => ({
    ...key,
    ended: "REVOKED",
    end: async () => data(await tenant.admin.run("mutation ($id: ID!) { rotateApiKey(input: { id: $id, overlapSeconds: 0 }) { replaced { id } } }", { id: key.id })),
  });
  const revokedInSql = (key: LiveKey): Round => ({ ...key, ended: "REVOKED", end: () => app.sql("update api_keys set revoked_at = now() where id = $1", [key.id]) });
  const frozen = (key: LiveKey): Round => ({
    ...key,
    ended: "TENANT_FROZEN",
    end: async () => data(await world.operator.run("mutation ($id: ID!) { cancelTenant(input: { id: $id, reason: NON_PAYMENT }) { tenant { id } } }", { id: key.tenantId })),
  });
  const withdrawn = (key: LiveKey): Round => ({
    ...key,
    ended: "NOT_ENTITLED",
    end: async () => data(await world.operator.run('mutation ($id: ID!) { withdrawEntitlement(input: { tenantId: $id, product: "crm" }) { entitlement { id } } }', { id: key.tenantId })),
  });

  /** In a tenant of its own each. */
  async function ofTenants(count: number, round: (key: LiveKey) => Round): Promise<Round[]> {
    const rounds: Round[] = [];
    for (let n = 0; n < count; n++) {
      const { id, entitlement } = await world.tenant();
      await entitlement("crm");
      rounds.push(...(await plantKeys(app, id, 1)).map(round));
    }
    return rounds;
  }

  describe.each([["comes", "pass"], ["is refused", "refuse"], ["is swallowed", "swallow"]] as const)("while every notice %s", (_what, behaviour) => {
    it("tells none of 1,000 revoked keys, nor those that were rotated, nor of tenants that were frozen or lost the product, to be VALID beyond its bound", async ({ annotate }) => {
      const keys = await plantKeys(app, tenant.id, ROUNDS + 40);
      const rounds = [
        ...keys.slice(0, ROUNDS).map(revoked(tenant)),
        ...keys.slice(ROUNDS, ROUNDS + 20).map(rotated),
        ...keys.slice(ROUNDS + 20).map(revokedInSql),
        ...(await ofTenants(20, frozen)),
        ...(await ofTenants(20, withdrawn)),
      ];
      await valid(there!, rounds);
      proxy.behave(behaviour);
      const [ends] = await endAll(rounds, [there!]);
      await annotate(stalenessOf(ends!));
      expectBound(ends!);
    }, 180_000);
  });

  it("and that one itself never tell a key to be VALID beyond the bound that is verified while it is revoked, in 1,000 rounds", async ({ annotate }) => {
    const rounds = (await plantKeys(app, tenant.id, ROUNDS)).map(revoked(tenant));
    await valid(there!, rounds.slice(0, ROUNDS / 2));
    const seen = await endAll(rounds, [here!, there!], (round) => [there!, here!, there!].map((verifier) => verifier.verify(round)));
    for (const ends of seen) {
      await annotate(stalenessOf(ends));
      expectBound(ends);
    }
  }, 180_000);

  it("knows the moment at which a rotated key has ended, without being told again", async () => {
    const [key, probe] = (await plantKeys(app, tenant.id, 2)) as [LiveKey, LiveKey];
    await valid(there!, [key, probe]);
    const ends = data(await tenant.admin.run("mutation ($id: ID!) { rotateApiKey(input: { id: $id, overlapSeconds: 60 }) { replaced { overlapEndsAt } } }", { id: key.id }));
    const overlapEndsAt = new Date(ends["rotateApiKey"].replaced.overlapEndsAt);
    // Notices keep their order: whoever has heard of this one, has of the rotation.
    await revoked(tenant)(probe).end();
    await vi.waitFor(async () => expect((await there!.verify(probe)).code).toBe("REVOKED"), { timeout: 10_000, interval: 5 });
    app.clock.now = new Date(overlapEndsAt.getTime() - 1);
    for (const verifier of [here!, there!]) expect((await verifier.verify(key)).code).toBe("VALID");
    app.clock.now = overlapEndsAt;
    for (const verifier of [here!, there!]) expect((await verifier.verify(key)).code).toBe("REVOKED");
  });

  it.each(["refuse", "swallow"] as const)("tells nothing of what it knew before its notices were cut off (%s), once they come again", async (behaviour) => {
    const [revokedMeanwhile, kept, cold] = (await plantKeys(app, tenant.id, 3)) as [LiveKey, LiveKey, LiveKey];
    const [gone] = (await ofTenants(1, frozen)) as [Round];
    await valid(there!, [revokedMeanwhile, kept, gone]);
    proxy.behave(behaviour);
    await hears(false);
    await valid(there!, [revokedMeanwhile, kept, gone]);
    for (const round of [revoked(tenant)(revokedMeanwhile), revoked(tenant)(cold), gone]) await round.end();
    proxy.behave("pass");
    await hears(true);
    expect((await there!.verifyAll([revokedMeanwhile, kept, cold, gone])).map(({ code }) => code)).toEqual(["REVOKED", "VALID", "REVOKED", "TENANT_FROZEN"]);
  }, 60_000);

  it("has written nothing while it verified, and writes how often it did when it ends", async () => {
    const [key] = (await plantKeys(app, tenant.id, 1)) as [LiveKey];
    const third = await another();
    const verifier = verifierAt(app, await third.app.listen({ host: "127.0.0.1", port: 0 }));
    for (let n = 0; n < 3; n++) await valid(verifier, [key]);
    const written = () => app.sql("select k.last_used_at is not null as used, u.verified::int from api_keys k left join api_key_usage u on u.api_key_id = k.id where k.id = $1", [key.id]);
    expect(await written()).toEqual([{ used: false, verified: null }]);
    await third.close();
    expect(await written()).toEqual([{ used: true, verified: 3 }]);
  });
});
