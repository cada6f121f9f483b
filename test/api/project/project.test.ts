import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const PROJECT = `query ($id: ID!) { project(id: $id) { id slug name status version createdAt updatedAt tenant { id slug } } }`;

let world: World;
beforeAll(async () => {
  world = await openWorld(await registry());
});

const ask = (caller: Caller, id: string, headers = {}) => caller.run(PROJECT, { id }, headers);

describe("project", () => {
  it.each(["", "x", "00000000-0000-0000-0000-00000000000", "a\u0000b", "\ud800"])("invalid: %j is the id of no project", async (id) => {
    expect(data(await ask(world.support, id))).toEqual({ project: null });
  });

  it("invalid: a malformed id takes nothing away from the good one beside it", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.project();
    const answer = await tenant.member.run(`query ($id: ID!) { good: project(id: $id) { id } bad: project(id: "x") { id } gone: project(id: "${randomUUID()}") { id } }`, { id });
    expect(data(answer)).toEqual({ good: { id }, bad: null, gone: null });
  });

  it("unauthenticated: nobody without a token sees one", async () => {
    fault(await ask(world.anonymous, (await (await world.tenant()).project()).id), "UNAUTHENTICATED");
  });

  it("forbidden: a service and a person without a tenant see none", async () => {
    const { id } = await (await world.tenant()).project();
    for (const caller of [world.service, await world.caller({})]) fault(await ask(caller, id), "FORBIDDEN");
  });

  it("someone else's: a project that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { id } = await theirs.project();
    expect(data(await ask(theirs.member, id))["project"].id).toBe(id);
    const answer = await ask(mine.admin, id);
    expect(data(answer)).toEqual({ project: null });
    expect(answer.body).toEqual((await ask(mine.admin, randomUUID())).body);
    expect(data(await ask(world.support, id, { "x-tenant-id": mine.id }))).toEqual({ project: null });
    expect(data(await ask(world.support, id))["project"].tenant.id).toBe(theirs.id);
  });

  it("frozen: the tenant's own people still read it", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.project({ status: "archived" });
    expect(data(await ask(tenant.member, id))["project"]).toMatchObject({ id, status: "ARCHIVED" });
  });

  it("ok: a member reads a project of its tenant, by an id in any letter case", async () => {
    const tenant = await world.tenant();
    const { id, slug } = await tenant.project({ name: "Website" });
    for (const spelling of [id, id.toUpperCase()]) {
      expect(data(await ask(tenant.member, spelling))["project"]).toEqual({
        id,
        slug,
        name: "Website",
        status: "ACTIVE",
        version: 1,
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
        tenant: { id: tenant.id, slug: tenant.slug },
      });
    }
  });
});
