import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const DECIDE = `mutation ($input: DecideProductRequestInput!) { decideProductRequest(input: $input) { productRequest { id status note decidedAt version decidedBy { id } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const decide = (caller: Caller, input: Record<string, unknown>, headers = {}) => caller.run(DECIDE, { input: { outcome: "WON", ...input } }, headers);
const rowsOf = (tenantId: string) => app.sql("select * from product_requests where tenant_id = $1", [tenantId]);
async function opened(status = "active"): Promise<TenantInWorld & { request: string }> {
  const tenant = await world.tenant({ status });
  return { ...tenant, request: (await tenant.productRequest()).id };
}

describe("decideProductRequest", () => {
  it.each(["", "x".repeat(2_001), "a\u0000b"])("invalid: note %j is refused", async (note) => {
    const { id, request } = await opened();
    fault(await decide(world.operator, { id: request, note }), "BAD_USER_INPUT", "note");
    expect(await rowsOf(id)).toMatchObject([{ status: "open" }]);
  });

  it("invalid: an outcome is won or lost, never open", async () => {
    fault(await decide(world.operator, { id: (await opened()).request, outcome: "OPEN" }), "BAD_USER_INPUT");
  });

  it("unauthenticated: nobody without a token decides", async () => {
    fault(await decide(world.anonymous, { id: (await opened()).request }), "UNAUTHENTICATED");
  });

  it("forbidden: only operators decide, not even the admin who asked", async () => {
    const { id, request, admin, auditor, member } = await opened();
    for (const caller of [admin, auditor, member, world.support, world.service]) fault(await decide(caller, { id: request }), "FORBIDDEN");
    expect(await rowsOf(id)).toMatchObject([{ status: "open", version: 1 }]);
  });

  it("someone else's: an operator who narrowed gets the same answer for another tenant's as for none, and nothing is written", async () => {
    const [mine, theirs] = [await opened(), await opened()];
    const refused = await decide(world.operator, { id: theirs.request }, { "x-tenant-id": mine.id });
    fault(refused, "NOT_FOUND");
    for (const id of [randomUUID(), "no-uuid", "a"]) expect((await decide(world.operator, { id }, { "x-tenant-id": mine.id })).body).toEqual(refused.body);
    expect(await rowsOf(theirs.id)).toMatchObject([{ status: "open", version: 1 }]);
  });

  it("archived: not even an operator may", async () => {
    const { id, request } = await opened("archived");
    fault(await decide(world.operator, { id: request }), "TENANT_READ_ONLY");
    expect(await rowsOf(id)).toMatchObject([{ status: "open" }]);
  });

  it("frozen: an operator may", async () => {
    const { id, request } = await opened("frozen");
    data(await decide(world.operator, { id: request, outcome: "LOST" }));
    expect(await rowsOf(id)).toMatchObject([{ status: "lost" }]);
  });

  it("what somebody else changed meanwhile is refused", async () => {
    const { id, request } = await opened();
    fault(await decide(world.operator, { id: request, expectedVersion: 2 }), "CONFLICT", "expectedVersion");
    expect(await rowsOf(id)).toMatchObject([{ status: "open", version: 1 }]);
  });

  it("is decided once: the same again changes nothing, the opposite is refused", async () => {
    const { id, request } = await opened();
    data(await decide(world.operator, { id: request, note: "signed" }));
    const after = await rowsOf(id);
    expect(data(await decide(world.operator, { id: request, note: "another" }))["decideProductRequest"].productRequest).toMatchObject({ status: "WON", note: "signed", version: 2 });
    fault(await decide(world.operator, { id: request, outcome: "LOST" }), "FAILED_PRECONDITION", "id");
    expect(await rowsOf(id)).toEqual(after);
    expect(await actionsIn(app, id)).toEqual(["product_request.decide"]);
  });

  it("of twenty at once that disagree one outcome wins, with one event", async () => {
    const { id, request } = await opened();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => decide(world.operator, { id: request, outcome: n % 2 ? "WON" : "LOST" })));
    const [{ status }] = (await rowsOf(id)) as [{ status: string }];
    const outcomes = answers.flatMap(({ body }) => body.data?.["decideProductRequest"]?.productRequest.status ?? []);
    expect(new Set(outcomes)).toEqual(new Set([status.toUpperCase()]));
    expect(outcomes).toHaveLength(10);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "FAILED_PRECONDITION", "id");
    expect(await actionsIn(app, id)).toEqual(["product_request.decide"]);
  });

  it("winning one grants nothing by itself", async () => {
    const { id, request } = await opened();
    data(await decide(world.operator, { id: request }));
    expect(await app.sql("select * from tenant_products where tenant_id = $1", [id])).toEqual([]);
  });

  it("ok and audited: the row and its event are written together, and the note stays out of the log", async () => {
    const [{ id, request }, subject, requestId] = [await opened(), unique("op"), unique("request")];
    const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
    const answer = await decide(operator, { id: request, outcome: "LOST", note: "too small", expectedVersion: 1 }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)["decideProductRequest"].productRequest).toEqual({
      id: request,
      status: "LOST",
      note: "too small",
      decidedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      version: 2,
      decidedBy: { id: subject },
    });
    expect(await eventsOf(app, id)).toEqual([
      {
        action: "product_request.decide",
        actorType: "user",
        targetType: "product_request",
        targetId: request,
        targetName: "crm",
        projectId: null,
        product: "crm",
        metadata: { outcome: "lost", actor_role: "operator" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Olga" });
  });
});
