import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const PUBLISH = `mutation ($input: PublishFlowInput!) {
  publishFlow(input: $input) { flow { id name latestNumber latest { number } tenant { id } } version { number label body publishedBy createdAt } }
}`;
const bodyOf = (message: string) => ({ version: "1.0", nodes: [{ id: "greet", type: "reply", config: { message } }] });
const BODY = bodyOf("Welcome");

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const publish = (caller: Caller, input: Record<string, unknown>) => caller.run(PUBLISH, { input: { name: "support", body: BODY, ...input } });
const versionsOf = (tenantId: string) =>
  app.sql<{ name: string; number: number; latest: number }>(
    `select f.name, v.number, f.latest_number as latest from tenant_flows f left join flow_versions v on v.flow_id = f.id where f.tenant_id = $1 order by 1, 2`,
    [tenantId],
  );

describe("publishFlow", () => {
  describe("invalid", () => {
    it.each(["", "-a", "a-", "A", "a.b", "a b", "a\n", "é", "a".repeat(65), "con", "lpt1"])("name %j is refused", async (name) => {
      const tenant = await world.tenant();
      fault(await publish(tenant.admin, { name }), "BAD_USER_INPUT", "name");
      expect(await versionsOf(tenant.id)).toEqual([]);
    });

    it.each<[string, unknown, string]>([
      ["no nodes", { version: "1.0" }, "body.nodes"],
      ["an id twice", { nodes: [...BODY.nodes, ...BODY.nodes] }, "body.nodes.1.id"],
      ["a member that flows do not have", { ...BODY, edges: [] }, "body"],
      ["a null character", bodyOf("\0"), "body"],
      ["half a character", bodyOf("\ud800"), "body"],
      ["a number that is stored in hundreds of digits", { nodes: [{ id: "greet", type: "reply", config: { n: 1e308 } }] }, "body"],
      ["too many bytes", bodyOf("x".repeat(65_536)), "body"],
    ])("a body with %s is refused", async (_, body, field) => {
      const tenant = await world.tenant();
      fault(await publish(tenant.admin, { body }), "BAD_USER_INPUT", field);
      expect(await versionsOf(tenant.id)).toEqual([]);
    });

    it.each([[[]], ["text"], [1], [null]])("a body that is %j is refused", async (body) => {
      const tenant = await world.tenant();
      fault(await publish(tenant.admin, { body }), "BAD_USER_INPUT");
    });

    it("staff must name the tenant", async () => {
      fault(await publish(world.operator, {}), "BAD_USER_INPUT", "tenantId");
    });

    it("a number below 0 is none that could be expected", async () => {
      fault(await publish((await world.tenant()).admin, { expectedNumber: -1 }), "BAD_USER_INPUT", "expectedNumber");
    });
  });

  it("unauthenticated: nobody without a token publishes", async () => {
    fault(await publish(world.anonymous, { tenantId: (await world.tenant()).id }), "UNAUTHENTICATED");
  });

  it("forbidden: members, auditors, support and services do not publish", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await publish(caller, { tenantId: tenant.id }), "FORBIDDEN");
    expect(await versionsOf(tenant.id)).toEqual([]);
  });

  it("someone else's: a tenant that exists and one that does not are the same answer, and its flow of that name stays as it was", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    await theirs.flow({ name: "support" });
    expect(await versionsOf(theirs.id)).toHaveLength(1);
    const refused = await publish(mine.admin, { tenantId: theirs.id });
    fault(refused, "NOT_FOUND");
    expect(refused.body).toEqual((await publish(mine.admin, { tenantId: randomUUID() })).body);
    expect(data(await publish(mine.admin, {}))["publishFlow"].version.number).toBe(1);
    expect([await versionsOf(theirs.id), await actionsIn(app, theirs.id)]).toEqual([[{ name: "support", number: 1, latest: 1 }], []]);
  });

  it("archived: nobody changes anything, not even an operator", async () => {
    const tenant = await world.tenant({ status: "archived" });
    for (const caller of [tenant.admin, world.operator]) fault(await publish(caller, { tenantId: tenant.id }), "TENANT_READ_ONLY");
    expect(await versionsOf(tenant.id)).toEqual([]);
  });

  it("frozen: the tenant's own people change nothing, an operator may", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    fault(await publish(tenant.admin, {}), "TENANT_READ_ONLY");
    expect(await versionsOf(tenant.id)).toEqual([]);
    data(await publish(world.operator, { tenantId: tenant.id }));
  });

  it("demo: its people publish, as everybody does", async () => {
    data(await publish((await world.tenant({ status: "demo", kind: "demo" })).admin, {}));
  });

  it("ok and audited: the flow, its version and their event are written together, and the event does not have the body", async () => {
    const tenant = await world.tenant();
    const requestId = unique("request");
    const sub = randomUUID();
    const admin = await world.caller({ sub, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await admin.run(PUBLISH, { input: { name: "support", body: BODY } }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { flow, version } = data(answer)["publishFlow"];
    expect(flow).toEqual({ id: expect.any(String), name: "support", latestNumber: 1, latest: { number: 1 }, tenant: { id: tenant.id } });
    expect(version).toEqual({ number: 1, label: "1.0", body: BODY, publishedBy: sub, createdAt: expect.any(String) });
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "flow.publish", actorType: "user", targetType: "flow", targetId: flow.id, targetName: "support", projectId: null, product: null,
        metadata: { name: "support", number: 1, bytes: JSON.stringify(BODY).length },
      },
    ]);
    await expectOrigin(app, requestId, { subject: sub, name: "Ada" });
  });

  it("numbers versions from 1, whatever they call themselves, and leaves the earlier ones as they were", async () => {
    const tenant = await world.tenant();
    for (const message of ["one", "two", "one"]) data(await publish(tenant.admin, { body: bodyOf(message) }));
    expect(await versionsOf(tenant.id)).toEqual([1, 2, 3].map((number) => ({ name: "support", number, latest: 3 })));
    const bodies = await app.sql<{ message: string }>("select body #>> '{nodes,0,config,message}' as message from flow_versions where tenant_id = $1 order by number", [tenant.id]);
    expect(bodies.map(({ message }) => message)).toEqual(["one", "two", "one"]);
  });

  it("what says the same as the latest version, in whatever order, publishes nothing and answers that one", async () => {
    const tenant = await world.tenant();
    const first = data(await publish(tenant.admin, {}))["publishFlow"].version;
    const { version: label, nodes } = BODY;
    const again = data(await publish(tenant.admin, { body: { nodes: nodes.map(({ id, type, config }) => ({ config, type, id })), version: label } }));
    expect(again["publishFlow"].version).toEqual(first);
    expect([await versionsOf(tenant.id), await actionsIn(app, tenant.id)]).toEqual([[{ name: "support", number: 1, latest: 1 }], ["flow.publish"]]);
  });

  it("gives back what was published, names that objects have anyway too", async () => {
    const tenant = await world.tenant();
    const config = JSON.parse('{"toString":"a","hasOwnProperty":null,"valueOf":[[]],"a":1.5,"b":-0.25,"c":1e20,"d":"\\u2028 \\ud83d\\ude00"}');
    const body = { description: "Everything", nodes: [{ id: "a", type: "b", config, next: ["end"] }] };
    const { flow } = data(await publish(tenant.admin, { body }))["publishFlow"];
    expect(data(await tenant.member.run("query ($id: ID!) { flow(id: $id) { latest { label body } } }", { id: flow.id }))["flow"].latest).toEqual({ label: null, body });
    data(await publish(tenant.admin, { body }));
    expect(await actionsIn(app, tenant.id)).toEqual(["flow.publish"]);
  });

  describe("expectedNumber", () => {
    it("refuses when another version was published since, and nothing is published", async () => {
      const tenant = await world.tenant();
      await tenant.flow({ name: "support", versions: 2 });
      for (const expectedNumber of [0, 1, 3]) fault(await publish(tenant.admin, { expectedNumber }), "CONFLICT", "expectedNumber");
      expect(await versionsOf(tenant.id)).toHaveLength(2);
      expect(data(await publish(tenant.admin, { expectedNumber: 2 }))["publishFlow"].version.number).toBe(3);
    });

    it("0 is for a flow that is not there yet, and anything else makes none", async () => {
      const tenant = await world.tenant();
      fault(await publish(tenant.admin, { expectedNumber: 1 }), "CONFLICT", "expectedNumber");
      expect(await versionsOf(tenant.id)).toEqual([]);
      data(await publish(tenant.admin, { expectedNumber: 0 }));
    });

    it("of ten who expect the same exactly one publishes", async () => {
      const tenant = await world.tenant();
      const answers = await Promise.all(Array.from({ length: 10 }, (_, turn) => publish(tenant.admin, { body: bodyOf(`${turn}`), expectedNumber: 0 })));
      expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
      for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "CONFLICT", "expectedNumber");
      expect([await versionsOf(tenant.id), await actionsIn(app, tenant.id)]).toEqual([[{ name: "support", number: 1, latest: 1 }], ["flow.publish"]]);
    });
  });

  it("a tenant has at most 200 flows, whoever makes them at once; versions of those that there are go on", async () => {
    const tenant = await world.tenant();
    await app.sql("insert into tenant_flows (tenant_id, name) select $1, 'f' || n from generate_series(1, 198) n", [tenant.id]);
    const answers = await Promise.all(Array.from({ length: 5 }, (_, turn) => publish(tenant.admin, { name: `new${turn}` })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(2);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "LIMIT_EXCEEDED", "name");
    expect(await app.sql("select count(*)::int as count from tenant_flows where tenant_id = $1", [tenant.id])).toEqual([{ count: 200 }]);
    data(await publish(tenant.admin, { name: "f1" }));
    data(await publish((await world.tenant()).admin, { name: "new9" }));
  });

  describeRepeatable(() => app, "flow.publish", async () => {
    const tenant = await world.tenant();
    const colleague = await world.caller({ tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    return {
      send: (idempotencyKey, { other, by } = {}) =>
        publish(by ? colleague : tenant.admin, { idempotencyKey, body: bodyOf(other ? "two" : "one"), expectedNumber: other ? null : 0 }),
      async hinder() {
        const { id } = await tenant.flow({ name: "support" });
        return async () => void (await app.sql("delete from tenant_flows where id = $1", [id]));
      },
      count: async () => (await versionsOf(tenant.id)).length,
      tenantId: async () => tenant.id,
    };
  });
});
