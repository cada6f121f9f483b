import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const ENTITLEMENT = `query ($id: ID!) { entitlement(id: $id) { id enabled config expiresAt version createdAt updatedAt product { key } tenant { id } } }`;
const UUID = "00000000-0000-0000-0000-000000000001";

let world: World;
beforeAll(async () => {
  world = await openWorld(await registry());
});

const ask = (caller: Caller, id: string, headers = {}) => caller.run(ENTITLEMENT, { id }, headers);

describe("entitlement", () => {
  const MALFORMED = ["", ":", "crm", UUID, `${UUID}:`, `${UUID}crm`, `${UUID}::crm`, `x${UUID}:crm`, `:${UUID}:crm`, `${UUID}:a\u0000b`, `${UUID}:\ud800`, `${UUID}:CRM`, `${UUID} :crm`, `${UUID}:crm' or true --`];

  it.each(MALFORMED)("invalid: %j is the id of none", async (id) => {
    expect(data(await ask(world.support, id))).toEqual({ entitlement: null });
  });

  it("invalid: malformed ids take nothing away from the good one beside them", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.entitlement();
    for (const bad of MALFORMED) {
      const answer = await tenant.member.run(`query ($good: ID!, $bad: ID!) { good: entitlement(id: $good) { id } bad: entitlement(id: $bad) { id } }`, { good: id, bad });
      expect(data(answer)).toEqual({ good: { id }, bad: null });
    }
  });

  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous, (await (await world.tenant()).entitlement()).id), "UNAUTHENTICATED");
  });

  it("forbidden: a service and a person without a tenant see none", async () => {
    const { id } = await (await world.tenant()).entitlement();
    for (const caller of [world.service, await world.caller({})]) fault(await ask(caller, id), "FORBIDDEN");
  });

  it("someone else's: one that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.entitlement();
    await mine.entitlement();
    expect(data(await ask(theirs.member, id))["entitlement"].id).toBe(id);
    const answer = await ask(mine.admin, id);
    expect(data(answer)).toEqual({ entitlement: null });
    for (const other of [`${randomUUID()}:crm`, `${theirs.id}:erp`]) expect((await ask(mine.admin, other)).body).toEqual(answer.body);
    expect(data(await ask(world.support, id, { "x-tenant-id": mine.id }))).toEqual({ entitlement: null });
    expect(data(await ask(world.support, id))["entitlement"].tenant.id).toBe(theirs.id);
  });

  it("frozen: the tenant's own people still read it", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.entitlement();
    expect(data(await ask(tenant.member, id))["entitlement"].id).toBe(id);
  });

  it("ok: a member reads its tenant's, by an id in any letter case, and the answer names it in one", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.entitlement("docs-2_x");
    for (const spelling of [id, `${tenant.id.toUpperCase()}:docs-2_x`]) {
      expect(data(await ask(tenant.member, spelling))["entitlement"]).toEqual({
        id,
        enabled: true,
        config: {},
        expiresAt: null,
        version: 1,
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        product: { key: "docs-2_x" },
        tenant: { id: tenant.id },
      });
    }
  });
});
