import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { AuditCheckpointKind } from "../../src/audit-chain/audit-checkpoint.entity.js";
import { verifyConsistency, verifyInclusion } from "../../src/audit-proof/audit-proof.tree.js";
import { notaryOf } from "../testkit/notary.js";
import { data, fault } from "../testkit/outcome.js";
import { registry, type Registry } from "../testkit/registry.js";
import { openWorld, type TenantInWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
/** With checkpoints at these positions; the numbers from 1. */
const SIZES = [1, 2, 7, 255, 256, 257, 700];
let tenant: TenantInWorld;
let uids: string[];
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  tenant = await world.tenant();
  const notary = notaryOf(app);
  let size = 0;
  for (const wanted of SIZES) {
    await app.sql("insert into audit_log (tenant_id, action) select $1, 'test.happened' from generate_series(1, $2)", [tenant.id, wanted - size]);
    await notary.settle();
    await notary.checkpoint(tenant.id, AuditCheckpointKind.INTERVAL);
    size = wanted;
  }
  uids = (await app.sql<{ uid: string }>("select uid from audit_log a join audit_chain c on c.event = a.id where c.tenant_id = $1 order by position", [tenant.id])).map(({ uid }) => uid);
});

const inclusion = "query ($id: ID!, $checkpoint: String) { auditInclusionProof(eventId: $id, checkpoint: $checkpoint) { position leaf path checkpoint { position root } } }";
const consistency = "query ($id: ID, $from: String!, $to: String!) { auditConsistencyProof(tenantId: $id, from: $from, to: $to) { path from { position root } to { position root } } }";
const bytes = (hex: string) => Buffer.from(hex, "hex");

describe("auditInclusionProof", () => {
  it("holds for events at every edge of the tree, in every checkpoint that covers them, and for no other leaf", async () => {
    for (const [index, size] of SIZES.entries()) {
      for (const position of [1, 2, 3, 6, 7, 128, 255, 256, 257, 512, 513, 699, 700].filter((one) => one <= size)) {
        const { auditInclusionProof: proof } = data(await tenant.auditor.run(inclusion, { id: uids[position - 1], checkpoint: String(index + 1) }));
        const path = proof.path.map(bytes);
        expect([proof.position, proof.checkpoint.position]).toEqual([String(position), String(size)]);
        expect(verifyInclusion(bytes(proof.leaf), position, size, path, bytes(proof.checkpoint.root))).toBe(true);
        expect(verifyInclusion(bytes(proof.leaf.replace(/^../, (hex: string) => (hex === "00" ? "01" : "00"))), position, size, path, bytes(proof.checkpoint.root))).toBe(false);
      }
    }
  });

  it("is for the newest checkpoint when none is named", async () => {
    expect(data(await tenant.auditor.run(inclusion, { id: uids[0] })).auditInclusionProof.checkpoint.position).toBe("700");
  });

  it("is none where the checkpoint does not cover the event, where there is none of that number, and for an event that is not settled", async () => {
    const { id: unsettled } = await tenant.auditEvent();
    for (const variables of [{ id: uids[7], checkpoint: "3" }, { id: uids[0], checkpoint: "99" }, { id: unsettled }, { id: randomUUID() }, { id: "no id" }]) {
      expect(data(await tenant.auditor.run(inclusion, variables))).toEqual({ auditInclusionProof: null });
    }
    fault(await tenant.auditor.run(inclusion, { id: uids[0], checkpoint: "one" }), "BAD_USER_INPUT", "checkpoint");
  });

  it("is none of somebody else's event", async () => {
    const other = await world.tenant();
    expect(data(await tenant.auditor.run(inclusion, { id: uids[0] })).auditInclusionProof).not.toBeNull();
    expect(data(await other.auditor.run(inclusion, { id: uids[0] }))).toEqual({ auditInclusionProof: null });
    expect(data(await world.support.run(inclusion, { id: uids[0] })).auditInclusionProof.position).toBe("1");
  });
});

describe("auditConsistencyProof", () => {
  it("holds between any two checkpoints, and not for another root", async () => {
    for (const [one, oldSize] of SIZES.entries()) {
      for (const [other, newSize] of SIZES.entries()) {
        const { auditConsistencyProof: proof } = data(await tenant.auditor.run(consistency, { from: String(one + 1), to: String(other + 1) }));
        if (one > other) {
          expect(proof).toBeNull();
          continue;
        }
        const path = proof.path.map(bytes);
        expect(verifyConsistency(oldSize, newSize, bytes(proof.from.root), bytes(proof.to.root), path)).toBe(true);
        if (one < other) expect(verifyConsistency(oldSize, newSize, bytes(proof.to.root), bytes(proof.to.root), path)).toBe(false);
      }
    }
  });

  it("is none of somebody else's checkpoints, and of those that are not there", async () => {
    const other = await world.tenant();
    expect(data(await other.auditor.run(consistency, { id: tenant.id, from: "1", to: "2" }))).toEqual({ auditConsistencyProof: null });
    expect(data(await tenant.auditor.run(consistency, { from: "1", to: "99" }))).toEqual({ auditConsistencyProof: null });
    fault(await tenant.auditor.run(consistency, { from: "1", to: "-2" }), "BAD_USER_INPUT", "to");
  });
});

describe("after a purge", () => {
  it("proofs of what is left still hold, and of what was needed and is gone there is none", async () => {
    const purged = await world.tenant();
    const notary = notaryOf(app);
    await app.sql("insert into audit_log (tenant_id, action, created_at) select $1, 'test.happened', now() - interval '800 days' from generate_series(1, 600)", [purged.id]);
    await notary.settle();
    await notary.checkpoint(purged.id, AuditCheckpointKind.INTERVAL);
    await app.sql("insert into audit_log (tenant_id, action) select $1, 'test.happened' from generate_series(1, 100)", [purged.id]);
    await notary.settle();
    await notary.checkpointAt(purged.id, 600, AuditCheckpointKind.PURGE);
    await notary.checkpoint(purged.id, AuditCheckpointKind.INTERVAL);
    for (let gone = 1; gone > 0; ) [{ gone }] = (await app.sql("select audit_log_purge($1)::int as gone", [purged.id])) as [{ gone: number }];
    const left = await app.sql<{ uid: string; position: string }>("select uid, position from audit_log a join audit_chain c on c.event = a.id where c.tenant_id = $1 order by position::int", [purged.id]);
    expect([left.length, left[0]?.position]).toEqual([100, "601"]);
    const { auditInclusionProof: proof } = data(await purged.auditor.run(inclusion, { id: left[0]?.uid }));
    expect(verifyInclusion(bytes(proof.leaf), 601, 700, proof.path.map(bytes), bytes(proof.checkpoint.root))).toBe(true);
    const { auditConsistencyProof: grown } = data(await purged.auditor.run(consistency, { from: "1", to: "3" }));
    expect(verifyConsistency(600, 700, bytes(grown.from.root), bytes(grown.to.root), grown.path.map(bytes))).toBe(true);
  });
});
