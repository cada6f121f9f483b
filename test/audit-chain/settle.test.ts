import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOBODY } from "../../src/audit-chain/audit-chain.settle.js";
import { combine } from "../../src/audit-proof/audit-proof.tree.js";
import { treeLeaf } from "../../src/audit-proof/audit-proof.encoding.js";
import { expectWholeChain } from "../testkit/chain.js";
import { data } from "../testkit/outcome.js";
import { plantEvent } from "../testkit/planted-events.js";
import { openRegistry, registry, type Registry } from "../testkit/registry.js";
import { openWorld, type World } from "../testkit/world.js";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const settlement = "query ($id: ID!) { auditEvent(id: $id) { settlement { position leaf chain erased } } }";
const many = (count: number) => "insert into audit_log (tenant_id, action, actor_id, metadata) select $1, 'test.happened', 'user-' || n, jsonb_build_object('n', n) from generate_series(1, " + count + ") n";

describe("settling", () => {
  it("leaves an event without a place until it is done, and then shows position, hashes and that nobody was erased", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.auditEvent();
    expect(data(await tenant.auditor.run(settlement, { id }))).toEqual({ auditEvent: { settlement: null } });
    await app.service.audit.settle();
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/) as string;
    expect(data(await tenant.auditor.run(settlement, { id }))).toEqual({ auditEvent: { settlement: { position: "1", leaf: hash, chain: hash, erased: [] } } });
  });

  it("gives each tenant a chain of its own, from 1 and in the order of the log, whatever times the events say", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    const planted: string[] = [];
    for (const day of [3, 1, 2]) {
      planted.push(await plantEvent(app, one.id, { created_at: `2026-03-0${day} 12:00:00.123456Z` }));
      await plantEvent(app, other.id);
    }
    await app.service.audit.settle();
    expect((await expectWholeChain(app, one.id)).uids).toEqual(planted);
    expect((await expectWholeChain(app, other.id)).size).toBe(3);
  });

  it("hashes every column that there is, with texts of all kinds and of any length", async () => {
    const tenant = await world.tenant();
    await plantEvent(app, tenant.id, {
      project_id: randomUUID(), actor_id: "ü\u{1F642}", actor_name: "", actor_type: "user", actor_href: "https://x.example", actor_fields: '{"b": "1", "a": "2"}',
      target_id: "t", target_type: "contact", target_name: "\n\t", target_href: "x", target_fields: "{}", fields: '{"x": "\\u00e9"}', metadata: '{"n": 1.50, "deep": [{}]}',
      description: "x".repeat(100_000), crud: "c", is_failure: true, is_anonymous: true, component: "web", version: "1.0", external_id: "e", writer: "key:1", product: "crm",
      source_ip: "2001:db8::1", user_agent: "browser", request_id: "r", created_at: "0001-01-01 00:00:00Z",
    });
    await plantEvent(app, tenant.id);
    await app.service.audit.settle();
    expect((await expectWholeChain(app, tenant.id)).size).toBe(2);
  });

  it("keeps what belongs to no tenant in a chain that only staff see", async () => {
    const tenant = await world.tenant();
    const id = await plantEvent(app, null, { action: "test.nobodys" });
    await app.service.audit.settle();
    await expectWholeChain(app, NOBODY);
    const horizon = "query ($id: ID) { auditHorizon(tenantId: $id) { position } }";
    expect(data(await world.support.run(settlement, { id })).auditEvent.settlement.position).not.toBe("0");
    expect(data(await world.support.run(horizon, { id: NOBODY })).auditHorizon.position).not.toBe("0");
    expect(data(await tenant.auditor.run(horizon, { id: NOBODY }))).toEqual({ auditHorizon: { position: "0" } });
  });

  it("done again, or when there is nothing to do, changes nothing", async () => {
    const tenant = await world.tenant();
    await tenant.auditEvent();
    await app.service.audit.settle();
    const look = () => app.sql("select a.*, xmin::text from audit_settlement a");
    const before = await look();
    await app.service.audit.settle();
    expect(await look()).toEqual(before);
    expect((await expectWholeChain(app, tenant.id)).size).toBe(1);
  });
});

describe("the tree", () => {
  it("has every eighth level stored as soon as it is complete, over many batches and whatever their size", async () => {
    const tenant = await world.tenant();
    for (const count of [200, 57, 255, 2_500]) {
      await app.sql(many(count), [tenant.id]);
      await app.service.audit.settle();
    }
    const { size } = await expectWholeChain(app, tenant.id);
    expect(size).toBe(3_012);
    const leaves = (await app.sql<{ leaf: Buffer }>("select leaf from audit_chain where tenant_id = $1 order by position", [tenant.id])).map(({ leaf }) => treeLeaf(leaf));
    const nodes = await app.sql<{ level: number; number: string; hash: Buffer }>("select level, number, hash from audit_nodes where tenant_id = $1 order by level, number", [tenant.id]);
    expect(nodes).toEqual(Array.from({ length: 11 }, (_, number) => ({ level: 8, number: String(number), hash: combine(leaves.slice(number * 256, (number + 1) * 256)) })));
  });
});

describe("a log that was restored on another server", () => {
  let own: Registry;
  beforeAll(async () => {
    own = await openRegistry();
  });
  afterAll(() => own.close());

  it("goes on, though that server has not counted its transactions so far: nothing is left out, nothing comes twice, and it is said", async () => {
    const home = await openWorld(own);
    const tenant = await home.tenant();
    await own.sql(many(5), [tenant.id]);
    await own.service.audit.settle();
    // As the log is where it came from: the last events settled, one not yet, all with numbers of that server.
    await own.sql("update audit_log set xid = xid + 1000000");
    await own.sql("update audit_settlement set xid = xid + 1000000");
    await own.sql("update audit_log set xid = xid + 1000000 where id = (select max(id) from audit_log)");
    await own.sql("delete from audit_chain where event = (select max(id) from audit_log)");
    for (let round = 0; round < 2; round++) {
      await own.sql(many(3), [tenant.id]);
      await own.service.audit.settle();
    }
    const { size } = await expectWholeChain(own, tenant.id);
    expect(size).toBe(11);
    expect(own.logged.filter((line) => line.includes("the audit log comes from a server"))).toHaveLength(1);
  });
});
