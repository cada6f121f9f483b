import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";

const READ = `query ($id: ID!) { tenant(id: $id) { id provisioning { steps { step state attempts lastError nextAttemptAt } invitations { email name state } } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const read = (caller: Caller, id: string) => caller.run(READ, { id });

describe("Tenant.provisioning", () => {
  it("unauthenticated: nobody without a token reads it", async () => {
    fault(await read(world.anonymous, (await world.tenant()).id), "UNAUTHENTICATED");
  });

  it("forbidden: members, auditors and services do not see who was invited", async () => {
    const tenant = await world.tenant();
    const { email } = await tenant.invitation();
    for (const caller of [tenant.member, tenant.auditor]) {
      const answer = await read(caller, tenant.id);
      fault(answer, "FORBIDDEN");
      expect(JSON.stringify(answer.body)).not.toContain(email);
    }
    fault(await read(world.service, tenant.id), "FORBIDDEN");
  });

  it("someone else's: a tenant that exists and one that does not are the same answer", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const { email } = await theirs.invitation();
    expect(await app.sql("select email from tenant_invitations where tenant_id = $1", [theirs.id])).toEqual([{ email }]);
    const refused = await read(mine.admin, theirs.id);
    expect(data(refused)).toEqual({ tenant: null });
    expect(refused.body).toEqual((await read(mine.admin, randomUUID())).body);
  });

  it("no tenant's people, steps or addresses come with another's, also when many are asked for at once", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    const [own, foreign] = [await mine.invitation(), await theirs.invitation()];
    const many = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Tenant { id provisioning { invitations { email } } } } }`;
    const of = [mine, theirs].map(({ id }) => ({ __typename: "Tenant", id }));
    expect(data(await mine.admin.run(many, { of }))["_entities"]).toEqual([{ id: mine.id, provisioning: { invitations: [{ email: own.email }] } }, null]);
    const emailsOf = (entities: { id: string; provisioning: { invitations: object[] } }[]) => entities.map(({ id, provisioning }) => [id, provisioning.invitations]);
    expect(emailsOf(data(await world.support.run(many, { of }))["_entities"])).toEqual([[mine.id, [{ email: own.email }]], [theirs.id, [{ email: foreign.email }]]]);
  });

  it("null for a tenant for which nothing was ever planned", async () => {
    const tenant = await world.tenant();
    expect(data(await read(tenant.admin, tenant.id))["tenant"].provisioning).toBeNull();
  });

  it("frozen: its own people still read it", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    await tenant.invitation();
    expect(data(await read(tenant.admin, tenant.id))["tenant"].provisioning.steps).toHaveLength(3);
  });

  it("ok: steps in their order with words for what failed, and everybody who was invited", async () => {
    const tenant = await world.tenant();
    const [first, second] = [await tenant.invitation(), await tenant.invitation({ state: "revoked" })];
    for (const caller of [tenant.admin, world.support, world.operator]) {
      expect(data(await read(caller, tenant.id))["tenant"].provisioning).toEqual({
        steps: [
          { step: "ORGANIZATION", state: "FAILED", attempts: 1, lastError: "The identity provider has something else under the same name.", nextAttemptAt: null },
          { step: "INVITATION", state: "PENDING", attempts: 0, lastError: null, nextAttemptAt: null },
          { step: "VERIFICATION", state: "PENDING", attempts: 0, lastError: null, nextAttemptAt: null },
        ],
        // Both may have been made in one millisecond, which is the embedded database's finest.
        invitations: expect.toSatisfy((found: { email: string; name: string; state: string }[]) => {
          const states = new Map(found.map(({ email, state }) => [email, state]));
          return found.length === 2 && found.every(({ name }) => name === "Ada Lovelace") && states.get(first.email) === "PENDING" && states.get(second.email) === "REVOKED";
        }),
      });
    }
  });
});
