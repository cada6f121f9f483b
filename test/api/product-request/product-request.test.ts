import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const REQUEST = "query ($id: ID!) { productRequest(id: $id) { id status message product { key } tenant { id } requestedBy { id } } }";
const FOR_SALES = "query ($id: ID!) { productRequest(id: $id) { id note decidedBy { id } } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const ask = (caller: Caller, id: string, document = REQUEST) => caller.run(document, { id });

describe("productRequest", () => {
  it.each(["", "no-uuid", "a\u0000b"])("invalid: %j is the id of none", async (id) => {
    expect(data(await ask(world.support, id))).toEqual({ productRequest: null });
  });

  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous, (await (await world.tenant()).productRequest()).id), "UNAUTHENTICATED");
  });

  it("forbidden: a service and a person without a tenant see none", async () => {
    const { id } = await (await world.tenant()).productRequest();
    for (const caller of [world.service, await world.caller({})]) fault(await ask(caller, id), "FORBIDDEN");
  });

  it("forbidden: what sales noted and who decided is for staff", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.productRequest();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member]) {
      for (const field of ["note", "decidedBy { id }"]) fault(await ask(caller, id, `query ($id: ID!) { productRequest(id: $id) { ${field} } }`), "FORBIDDEN");
    }
    expect(data(await ask(world.support, id, FOR_SALES))).toEqual({ productRequest: { id, note: "for sales", decidedBy: null } });
  });

  it("someone else's: one that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.productRequest();
    expect(data(await ask(theirs.member, id))["productRequest"].id).toBe(id);
    const answer = await ask(mine.admin, id);
    expect(data(answer)).toEqual({ productRequest: null });
    expect((await ask(mine.admin, randomUUID())).body).toEqual(answer.body);
  });

  it("ok: a member reads its tenant's", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.productRequest();
    await app.sql("update product_requests set message = 'Please' where id = $1", [id]);
    expect(data(await ask(tenant.member, id))["productRequest"]).toEqual({
      id,
      status: "OPEN",
      message: "Please",
      product: { key: "crm" },
      tenant: { id: tenant.id },
      requestedBy: { id: "dana" },
    });
  });
});
