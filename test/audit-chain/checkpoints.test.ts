import { beforeAll, describe, expect, it } from "vitest";
import { AuditCheckpointKind } from "../../src/audit-chain/audit-checkpoint.entity.js";
import type { StoredCheckpoint } from "../../src/audit-chain/audit-chain.checkpoints.js";
import type { Notary } from "../../src/audit-chain/audit-chain.notary.js";
import { hashOf, open } from "../../src/audit-proof/audit-proof.checkpoint.js";
import { publicKeysFrom } from "../../src/audit-proof/audit-proof.keys.js";
import { expectWholeChain } from "../testkit/chain.js";
import { notaryOf } from "../testkit/notary.js";
import { data, fault } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type Caller, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
let notary: Notary;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  notary = notaryOf(app);
});

const { INTERVAL, EXPORT, PURGE } = AuditCheckpointKind;
const list = "query ($id: ID, $after: String, $first: Int) { auditCheckpoints(tenantId: $id, after: $after, first: $first) { number position kind signed } }";
const get = (path: string, caller: Caller) => fetch(`${app.url}${path}`, { headers: caller.token === null ? {} : { authorization: `Bearer ${caller.token}` } });
const keys = async () => publicKeysFrom(await (await fetch(`${app.url}/.well-known/audit-keys.json`)).text());

async function settled(tenant: TenantInWorld, events: number): Promise<void> {
  for (let n = 0; n < events; n++) await tenant.auditEvent();
  await notary.settle();
}
async function signed(tenant: TenantInWorld, events: number, kind: typeof INTERVAL | typeof EXPORT = INTERVAL): Promise<StoredCheckpoint> {
  await settled(tenant, events);
  return (await notary.checkpoint(tenant.id, kind))!;
}

describe("a checkpoint", () => {
  it("is none where there is no event", async () => {
    const tenant = await world.tenant();
    expect(await notary.checkpoint(tenant.id, INTERVAL)).toBeNull();
    expect(data(await tenant.auditor.run(list))).toEqual({ auditCheckpoints: [] });
    expect(data(await tenant.auditor.run("{ auditCheckpoint { number } }"))).toEqual({ auditCheckpoint: null });
  });

  it("says chain and root at its position, names the one before, and verifies with the published keys alone", async () => {
    const tenant = await world.tenant();
    app.clock.now = new Date("2026-05-06T07:08:09.010Z");
    const first = await signed(tenant, 3);
    const second = await signed(tenant, 2, EXPORT);
    app.clock.now = null;
    const { root } = await expectWholeChain(app, tenant.id);
    const [{ log, chain }] = (await app.sql("select log_id as log, encode(chain, 'hex') as chain from audit_settlement, audit_chain where tenant_id = $1 and position = 5", [tenant.id])) as [{ log: string; chain: string }];
    expect(open(first.signed, await keys())).toMatchObject({ number: 1, position: 3, previous: null, kind: "interval" });
    expect(open(second.signed, await keys())).toEqual({
      log, tenant: tenant.id, number: 2, position: 5, chain, root, time: "2026-05-06T07:08:09.010Z", previous: hashOf(first.signed), kind: "export",
    });
    const shown = data(await tenant.auditor.run("{ auditCheckpoint { number position kind chain root time signed } }"));
    expect(shown).toEqual({ auditCheckpoint: { number: "2", position: "5", kind: "EXPORT", chain, root, time: "2026-05-06T07:08:09.010Z", signed: second.signed } });
  });

  it("is the same one as long as nothing was chained, and one more for an export that has none of its own there", async () => {
    const tenant = await world.tenant();
    const first = await signed(tenant, 1);
    expect(await notary.checkpoint(tenant.id, INTERVAL)).toEqual(first);
    const exported = await notary.checkpoint(tenant.id, EXPORT);
    expect(exported).toMatchObject({ number: 2, position: 1, kind: "export" });
    expect(await notary.checkpoint(tenant.id, EXPORT)).toEqual(exported);
    expect(await notary.checkpoint(tenant.id, INTERVAL)).toEqual(exported);
  });

  it("of an earlier place says what the one that was signed there said, and does not hide that the chain has grown", async () => {
    const tenant = await world.tenant();
    const early = open((await signed(tenant, 300)).signed, await keys());
    await settled(tenant, 10);
    const purge = open((await notary.checkpointAt(tenant.id, 300, PURGE)).signed, await keys());
    expect(purge).toMatchObject({ number: 2, position: 300, chain: early.chain, root: early.root, kind: "purge" });
    expect(await notary.checkpoint(tenant.id, INTERVAL)).toMatchObject({ number: 3, position: 310 });
    await expect(notary.checkpointAt(tenant.id, 311, PURGE)).rejects.toThrow("has no place 311");
  });

  it("has a number of its own when many are signed at once", async () => {
    const tenant = await world.tenant();
    await settled(tenant, 1);
    const all = await Promise.all(Array.from({ length: 6 }, (_, n) => (n % 2 ? notary.checkpointAt(tenant.id, 1, PURGE) : notary.checkpoint(tenant.id, EXPORT))));
    const numbers = [...new Set(all.map((one) => one?.number))].toSorted();
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it("is added by the job to every chain that has grown, and to no other", async () => {
    const [grown, still, empty] = [await world.tenant(), await world.tenant(), await world.tenant()];
    await signed(still, 1);
    await settled(grown, 2);
    await notary.checkpointGrown();
    await notary.checkpointGrown();
    const of = async ({ auditor }: TenantInWorld) => data(await auditor.run(list)).auditCheckpoints.map(({ position }: { position: string }) => position);
    expect([await of(grown), await of(still), await of(empty)]).toEqual([["2"], ["1"], []]);
  });
});

describe("whoever keeps checkpoints", () => {
  it("gets them page by page, over the graph and over plain HTTP, in order and all of them", async () => {
    const tenant = await world.tenant();
    for (let n = 0; n < 3; n++) await signed(tenant, 1);
    const page = async (after: string | null) => data(await tenant.auditor.run(list, { after, first: 2 })).auditCheckpoints as { number: string; signed: string }[];
    const pages = [...(await page(null)), ...(await page("2"))];
    expect(pages.map(({ number }) => number)).toEqual(["1", "2", "3"]);
    expect(await page("3")).toEqual([]);
    const response = await get("/audit/checkpoints?after=1", tenant.auditor);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ checkpoints: pages.slice(1).map((one) => one.signed) });
    expect(await (await get(`/audit/checkpoints?tenant=${tenant.id}`, world.support)).json()).toEqual({ checkpoints: pages.map((one) => one.signed) });
  });

  it("gets nothing of another tenant, exactly as of one that does not exist", async () => {
    const [tenant, other] = [await world.tenant(), await world.tenant()];
    await signed(tenant, 1);
    expect(data(await tenant.auditor.run(list)).auditCheckpoints).toHaveLength(1);
    for (const id of [tenant.id, "no id"]) {
      expect(data(await other.auditor.run(list, { id }))).toEqual({ auditCheckpoints: [] });
      expect(data(await other.auditor.run("query ($id: ID) { auditCheckpoint(tenantId: $id, number: \"1\") { number } auditHorizon(tenantId: $id) { position oldestUnsettledAt } }", { id }))).toEqual({
        auditCheckpoint: null,
        auditHorizon: { position: "0", oldestUnsettledAt: null },
      });
      const response = await get(`/audit/checkpoints?tenant=${encodeURIComponent(id)}`, other.auditor);
      expect([response.status, await response.json()]).toEqual([200, { checkpoints: [] }]);
    }
  });

  it("is refused without a token, without the right, without a tenant and with numbers that are none", async () => {
    const tenant = await world.tenant();
    expect((await get("/audit/checkpoints", world.anonymous)).status).toBe(401);
    expect((await get("/audit/checkpoints", tenant.member)).status).toBe(403);
    expect((await get("/audit/checkpoints", world.service)).status).toBe(403);
    expect((await get("/audit/checkpoints", world.support)).status).toBe(400);
    for (const after of ["-1", "x", "1e3", "01", "9999999999999999999", "1&after=2"]) {
      const response = await get(`/audit/checkpoints?after=${after}`, tenant.auditor);
      expect([response.status, ((await response.json()) as { error: { field: string } }).error.field]).toEqual([400, "after"]);
    }
    fault(await tenant.member.run(list), "FORBIDDEN");
    fault(await world.support.run(list), "BAD_USER_INPUT", "tenantId");
    fault(await tenant.auditor.run(list, { after: "x" }), "BAD_USER_INPUT", "after");
    fault(await tenant.auditor.run(list, { first: 101 }), "BAD_USER_INPUT", "first");
    fault(await tenant.auditor.run(list, { first: 0 }), "BAD_USER_INPUT", "first");
    fault(await tenant.auditor.run('{ auditCheckpoint(number: "-1") { number } }'), "BAD_USER_INPUT", "number");
  });
});

describe("the keys", () => {
  it("are published for everybody without what is private of them, also on the graph", async () => {
    const response = await fetch(`${app.url}/.well-known/audit-keys.json`);
    expect([response.status, response.headers.get("content-type"), response.headers.get("cache-control")]).toEqual([200, "application/jwk-set+json; charset=utf-8", "public, max-age=300"]);
    const key = { kty: "OKP", crv: "Ed25519", x: expect.stringMatching(/^[\w-]{43}$/) as string, kid: "dev", alg: "EdDSA", use: "sig" };
    expect(await response.json()).toEqual({ keys: [key] });
    const tenant = await world.tenant();
    expect(data(await tenant.auditor.run("{ auditSigningKeys { id jwk } }"))).toEqual({ auditSigningKeys: [{ id: "dev", jwk: key }] });
  });
});
