import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { describeRepeatable } from "../../testkit/repeatable.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const REQUEST = `mutation ($input: RequestProductInput!) { requestProduct(input: $input) { productRequest {
  id status message requestedByName decidedAt version product { key name } tenant { id } requestedBy { id } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const request = (caller: Caller, input: Record<string, unknown> = {}) => caller.run(REQUEST, { input: { product: "crm", ...input } });
const rowsOf = (tenantId: string) => app.sql("select * from product_requests where tenant_id = $1 order by created_at", [tenantId]);

describe("requestProduct", () => {
  it.each(["", "CRM", "a\u0000b", "no-such-product"])("invalid: product %j is refused", async (product) => {
    const { id, admin } = await world.tenant();
    fault(await request(admin, { product }), "BAD_USER_INPUT", "product");
    expect(await rowsOf(id)).toEqual([]);
  });

  it.each(["", "x".repeat(2_001), "a\u0000b", "\ud800"])("invalid: message %j is refused", async (message) => {
    const { id, admin } = await world.tenant();
    fault(await request(admin, { message }), "BAD_USER_INPUT", "message");
    expect(await rowsOf(id)).toEqual([]);
  });

  it("unauthenticated: nobody without a token asks", async () => {
    fault(await request(world.anonymous), "UNAUTHENTICATED");
  });

  it("forbidden: neither members nor auditors nor support nor services ask", async () => {
    const tenant = await world.tenant();
    for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) fault(await request(caller, { tenantId: tenant.id }), "FORBIDDEN");
    expect(await rowsOf(tenant.id)).toEqual([]);
  });

  it("someone else's: an admin gets the same answer for another tenant as for none, and nothing is written", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    data(await request(theirs.admin));
    const refused = await request(mine.admin, { tenantId: theirs.id, product: "desk" });
    fault(refused, "NOT_FOUND");
    expect((await request(mine.admin, { tenantId: randomUUID(), product: "desk" })).body).toEqual(refused.body);
    expect(await rowsOf(theirs.id)).toHaveLength(1);
  });

  it.each(["frozen", "archived"])("%s: the tenant's own people may not", async (status) => {
    const tenant = await world.tenant({ status });
    fault(await request(tenant.admin), "TENANT_READ_ONLY");
    expect(await rowsOf(tenant.id)).toEqual([]);
  });

  it("nobody asks for a tenant that is frozen, or a demo", async () => {
    for (const fields of [{ status: "frozen" }, { status: "trial", trialEndsAt: new Date(Date.now() - 1_000) }, { status: "demo", kind: "demo" }]) {
      const { id, admin } = await world.tenant(fields);
      fault(await request(world.operator, { tenantId: id }), "FAILED_PRECONDITION", "product");
      expect((await request(admin)).body.errors).toHaveLength(1);
      expect(await rowsOf(id)).toEqual([]);
    }
  });

  it("what is not sold by itself, and what the tenant has, is not asked for", async () => {
    const tenant = await world.tenant({ plan: "pro" });
    await tenant.entitlement("desk");
    for (const product of ["docs", "crm", "desk"]) fault(await request(tenant.admin, { product }), "FAILED_PRECONDITION", "product");
    const { id, admin } = await world.tenant({ plan: "none" });
    fault(await request(admin, { product: "docs" }), "FAILED_PRECONDITION", "product");
    expect([await rowsOf(tenant.id), await rowsOf(id)]).toEqual([[], []]);
  });

  it("what the tenant is trying, and what it had before, is asked for", async () => {
    const tenant = await world.tenant();
    await tenant.entitlement("crm");
    await tenant.entitlement("desk");
    await app.sql("update tenant_products set source = 'trial', trial_started_at = now(), expires_at = now() + interval '1 day' where tenant_id = $1 and product = 'crm'", [tenant.id]);
    await app.sql("update tenant_products set enabled = false where tenant_id = $1 and product = 'desk'", [tenant.id]);
    for (const product of ["crm", "desk"]) data(await request(tenant.admin, { product }));
    expect(await rowsOf(tenant.id)).toHaveLength(2);
  });

  describe("one at a time", () => {
    it("a second request for the same product is refused while the first is open", async () => {
      const { id, admin } = await world.tenant();
      data(await request(admin));
      for (const caller of [admin, world.operator]) fault(await request(caller, { tenantId: id }), "FAILED_PRECONDITION", "product");
      data(await request(admin, { product: "desk" }));
      expect(await rowsOf(id)).toHaveLength(2);
    });

    it.each(["won", "lost"])("a new one may be opened once the first is %s", async (status) => {
      const { id, admin } = await world.tenant();
      data(await request(admin));
      await app.sql("update product_requests set status = $2 where tenant_id = $1", [id, status]);
      data(await request(admin));
      expect(await rowsOf(id)).toMatchObject([{ status }, { status: "open" }]);
    });

    it("of twenty at once exactly one opens it, with one event", async () => {
      for (let round = 0; round < 3; round++) {
        const { id, admin } = await world.tenant();
        const answers = await Promise.all(Array.from({ length: 20 }, () => request(admin)));
        expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
        for (const loser of answers.filter(({ body }) => body.errors)) fault(loser, "FAILED_PRECONDITION", "product");
        expect(await rowsOf(id)).toHaveLength(1);
        expect(await actionsIn(app, id)).toEqual(["product_request.create"]);
      }
    });
  });

  describeRepeatable(() => app, "product_request.create", async () => {
    const tenant = await world.tenant();
    const colleague = await world.caller({ tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    return {
      send: (idempotencyKey, { other, by } = {}) => request(by ? colleague : tenant.admin, { product: other ? "desk" : "crm", idempotencyKey }),
      async hinder() {
        await tenant.entitlement("crm");
        return async () => void (await app.sql("delete from tenant_products where tenant_id = $1", [tenant.id]));
      },
      count: async () => (await rowsOf(tenant.id)).length,
      tenantId: async () => tenant.id,
    };
  });

  it("ok and audited: the row and its event are written together, and the message stays out of the log", async () => {
    const [{ id }, subject, requestId] = [await world.tenant(), unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: id, realm_access: { roles: ["IT_ADMIN"] } });
    const message = "We are 30 people.\nCall me: ☎ 🚀";
    const answer = await admin.run(REQUEST, { input: { product: "crm", message } }, { "x-request-id": requestId, "user-agent": "portal/1" });
    const { productRequest } = data(answer)["requestProduct"];
    expect(productRequest).toEqual({
      id: expect.any(String),
      status: "OPEN",
      message,
      requestedByName: "Ada",
      decidedAt: null,
      version: 1,
      product: { key: "crm", name: "CRM" },
      tenant: { id },
      requestedBy: { id: subject },
    });
    expect(await eventsOf(app, id)).toEqual([
      {
        action: "product_request.create",
        actorType: "user",
        targetType: "product_request",
        targetId: productRequest.id,
        targetName: "crm",
        projectId: null,
        product: "crm",
        metadata: {},
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
});
