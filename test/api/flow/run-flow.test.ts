import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const RUN = "mutation ($input: RunFlowInput!) { runFlow(input: $input) { environment { id slug } running { flow number label body } } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const run = (caller: Caller, input: Record<string, unknown>) => caller.run(RUN, { input });
const runningIn = (tenantId: string) =>
  app.sql("select n.slug as environment, f.name as flow, r.number from environment_flows r join tenant_environments n on n.id = r.environment_id join tenant_flows f on f.id = r.flow_id where r.tenant_id = $1 order by 1, 2", [tenantId]);

async function home(tenant?: TenantInWorld) {
  const at = tenant ?? (await world.tenant());
  const [environment, flow] = [await at.environment({ slug: "prod" }), await at.flow({ name: "support", versions: 3 })];
  return { tenant: at, environment, flow, input: { environmentId: environment.id, flow: "support", number: 2 } };
}

describe("runFlow", () => {
  describe("invalid", () => {
    it.each([0, -1, 4, 2_147_483_647])("the number %j is none of the flow's, and nothing runs", async (number) => {
      const { tenant, input } = await home();
      expect(fault(await run(tenant.admin, { ...input, number }), "BAD_USER_INPUT", "number").message).toBe("number must be that of a version, 1 to 3");
      expect(await runningIn(tenant.id)).toEqual([]);
    });

    it("no number at all stops nothing: null has to be said", async () => {
      const { tenant, input, environment, flow } = await home();
      await tenant.running(environment, flow, 1);
      fault(await run(tenant.admin, { environmentId: input.environmentId, flow: "support" }), "BAD_USER_INPUT", "number");
      expect(await runningIn(tenant.id)).toEqual([{ environment: "prod", flow: "support", number: 1 }]);
    });

    it.each(["", "Support", "a\0"])("%j is no flow's name", async (flow) => {
      const { tenant, input } = await home();
      fault(await run(tenant.admin, { ...input, flow }), "BAD_USER_INPUT", "flow");
    });

    it("a flow that the tenant has not got is not found", async () => {
      const { tenant, input } = await home();
      fault(await run(tenant.admin, { ...input, flow: "sales" }), "NOT_FOUND");
    });

    it("an archived environment runs nothing new, and is not stopped either", async () => {
      const { tenant, input } = await home();
      await app.sql("update tenant_environments set archived_at = now() where id = $1", [input.environmentId]);
      for (const number of [2, null]) fault(await run(tenant.admin, { ...input, number }), "FAILED_PRECONDITION", "environmentId");
      expect(await runningIn(tenant.id)).toEqual([]);
    });
  });

  it("unauthenticated: nobody without a token runs one", async () => {
    fault(await run(world.anonymous, (await home()).input), "UNAUTHENTICATED");
  });

  it("forbidden: members, auditors, support and services run none", async () => {
    const { tenant, input } = await home();
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await run(caller, input), "FORBIDDEN");
    expect(await runningIn(tenant.id)).toEqual([]);
  });

  it("someone else's: an environment that exists and one that does not are the same answer, and nothing is written", async () => {
    const [mine, theirs] = [await home(), await home()];
    expect(await app.sql("select 1 from tenant_environments where id = $1", [theirs.environment.id])).toHaveLength(1);
    const refused = await run(mine.tenant.admin, theirs.input);
    fault(refused, "NOT_FOUND");
    for (const environmentId of [randomUUID(), "no-uuid", ""]) expect((await run(mine.tenant.admin, { ...theirs.input, environmentId })).body).toEqual(refused.body);
    const narrowed = await world.operator.run(RUN, { input: theirs.input }, { "x-tenant-id": mine.tenant.id });
    expect(narrowed.body).toEqual(refused.body);
    expect([await runningIn(theirs.tenant.id), await actionsIn(app, theirs.tenant.id)]).toEqual([[], []]);
  });

  it("someone else's flow of that name is not run, and its version is no version here", async () => {
    const [mine, theirs] = [await world.tenant(), await home()];
    const environment = await mine.environment();
    expect(await app.sql("select 1 from tenant_flows where id = $1", [theirs.flow.id])).toHaveLength(1);
    fault(await run(mine.admin, { environmentId: environment.id, flow: "support", number: 2 }), "NOT_FOUND");
    await mine.flow({ name: "support", versions: 1 });
    fault(await run(mine.admin, { environmentId: environment.id, flow: "support", number: 2 }), "BAD_USER_INPUT", "number");
    expect(await runningIn(mine.id)).toEqual([]);
  });

  it("archived: nobody changes anything, not even an operator", async () => {
    const { tenant, input } = await home(await world.tenant({ status: "archived" }));
    fault(await run(world.operator, input), "TENANT_READ_ONLY");
    expect((await run(tenant.admin, input)).body.errors).toHaveLength(1);
    expect(await runningIn(tenant.id)).toEqual([]);
  });

  it("frozen: the tenant's own people change nothing, an operator may", async () => {
    const { tenant, input } = await home(await world.tenant({ status: "frozen" }));
    fault(await run(tenant.admin, input), "TENANT_READ_ONLY");
    expect(await runningIn(tenant.id)).toEqual([]);
    data(await run(world.operator, input));
  });

  it("demo: its people run flows, as everybody does", async () => {
    const { tenant, input } = await home(await world.tenant({ status: "demo", kind: "demo" }));
    data(await run(tenant.admin, input));
  });

  it("ok and audited: what runs and its event are written together", async () => {
    const { tenant, input, environment } = await home();
    const requestId = unique("request");
    const sub = randomUUID();
    const admin = await world.caller({ sub, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    const answer = await admin.run(RUN, { input }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["runFlow"]).toEqual({
      environment: { id: environment.id, slug: "prod" },
      running: { flow: "support", number: 2, label: "2", body: { version: "2", nodes: [{ id: "start", type: "message" }] } },
    });
    expect(await runningIn(tenant.id)).toEqual([{ environment: "prod", flow: "support", number: 2 }]);
    const [row] = await app.sql<{ id: string }>("select id from environment_flows where tenant_id = $1", [tenant.id]);
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "flow.run", actorType: "user", targetType: "running_flow", targetId: row?.id, targetName: "support", projectId: null, product: null,
        metadata: { flow: "support", environment: "prod", from: null, to: 2 },
      },
    ]);
    await expectOrigin(app, requestId, { subject: sub, name: "Ada" });
  });

  it("goes forward and back, stops, and begins again; each step says from where to where", async () => {
    const { tenant, input } = await home();
    for (const number of [1, 3, 2, null, 1]) expect(data(await run(tenant.admin, { ...input, number }))["runFlow"].running?.number ?? null).toBe(number);
    expect(await runningIn(tenant.id)).toEqual([{ environment: "prod", flow: "support", number: 1 }]);
    expect((await eventsOf(app, tenant.id)).map(({ metadata }) => [metadata["from"], metadata["to"]])).toEqual([[null, 1], [1, 3], [3, 2], [2, null], [null, 1]]);
  });

  it("what is so already changes nothing: neither a version that runs, nor none where none does", async () => {
    const { tenant, input } = await home();
    for (const number of [null, 2, 2, null, null]) data(await run(tenant.admin, { ...input, number }));
    expect(await actionsIn(app, tenant.id)).toEqual(["flow.run", "flow.run"]);
  });

  it("is about one environment: the others go on with what they run", async () => {
    const { tenant, input, flow } = await home();
    await tenant.running(await tenant.environment({ slug: "staging" }), flow, 3);
    data(await run(tenant.admin, input));
    expect(await runningIn(tenant.id)).toEqual([{ environment: "prod", flow: "support", number: 2 }, { environment: "staging", flow: "support", number: 3 }]);
  });

  it("of ten at once the last one's version runs, and every step follows from the one before", async () => {
    const { tenant, input } = await home();
    await Promise.all(Array.from({ length: 10 }, async (_, turn) => data(await run(tenant.admin, { ...input, number: (turn % 3) + 1 }))));
    const steps = (await eventsOf(app, tenant.id)).map(({ metadata }) => [metadata["from"], metadata["to"]]);
    expect(steps.map(([from]) => from)).toEqual([null, ...steps.slice(0, -1).map(([, to]) => to)]);
    expect(await runningIn(tenant.id)).toEqual([{ environment: "prod", flow: "support", number: steps.at(-1)?.[1] }]);
  });

  it("what is published afterwards runs nowhere by itself", async () => {
    const { tenant, input } = await home();
    data(await run(tenant.admin, input));
    data(await tenant.admin.run(`mutation { publishFlow(input: { name: "support", body: { nodes: [{ id: "a", type: "b" }] } }) { version { number } } }`));
    expect(await runningIn(tenant.id)).toEqual([{ environment: "prod", flow: "support", number: 2 }]);
  });
});
