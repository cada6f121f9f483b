import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const IDP_CONFIG = `query ($id: ID!) { idpConfig(id: $id) { id type metadata verified createdAt updatedAt tenant { id } } }`;

let world: World;
beforeAll(async () => {
  world = await openWorld(await registry());
});

const ask = (caller: Caller, id: string, headers = {}) => caller.run(IDP_CONFIG, { id }, headers);

describe("idpConfig", () => {
  it.each(["", "x", "a\u0000b", "\ud800"])("invalid: %j is the id of none", async (id) => {
    expect(data(await ask(world.support, id))).toEqual({ idpConfig: null });
  });

  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous, (await (await world.tenant()).idpConfig()).id), "UNAUTHENTICATED");
  });

  it("forbidden: members, auditors and services see none, with its metadata or without", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.idpConfig();
    for (const caller of [tenant.member, tenant.auditor, world.service]) {
      for (const fields of ["id", "metadata"]) {
        const answer = await caller.run(`query ($id: ID!) { idpConfig(id: $id) { ${fields} } }`, { id });
        fault(answer, "FORBIDDEN");
        expect(answer.body.data).toEqual({ idpConfig: null });
      }
    }
  });

  it("someone else's: one that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.idpConfig();
    expect(data(await ask(theirs.admin, id))["idpConfig"].id).toBe(id);
    const answer = await ask(mine.admin, id);
    expect(data(answer)).toEqual({ idpConfig: null });
    expect(answer.body).toEqual((await ask(mine.admin, randomUUID())).body);
    expect(data(await ask(world.support, id, { "x-tenant-id": mine.id }))).toEqual({ idpConfig: null });
    expect(data(await ask(world.support, id))["idpConfig"].tenant.id).toBe(theirs.id);
  });

  it("frozen: the tenant's admin still reads it", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.idpConfig();
    expect(data(await ask(tenant.admin, id))["idpConfig"].id).toBe(id);
  });

  it("ok: an admin and staff read it with its metadata", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.idpConfig();
    for (const caller of [tenant.admin, world.support, world.operator]) {
      expect(data(await ask(caller, id.toUpperCase()))["idpConfig"]).toEqual({
        id,
        type: "OIDC",
        metadata: { client_id: "portal" },
        verified: false,
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        tenant: { id: tenant.id },
      });
    }
  });
});
