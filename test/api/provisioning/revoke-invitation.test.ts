import { beforeAll, describe, expect, it } from "vitest";
import { actionsIn } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";
import { describeInvitationChange } from "./invitation-changes.js";

const REVOKE = `mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { invitation { id state version } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});

const revoke = (caller: Caller, input: object) => caller.run(REVOKE, { input });

describe("revokeInvitation", () => {
  describeInvitationChange("revokeInvitation", "invitation.revoke", () => ({ app, world }));

  it("one that has expired is refused, and the answer says so", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.invitation();
    await app.sql("update tenant_invitations set sent_at = now() - interval '1 day', expires_at = now() - interval '1 second' where id = $1", [id]);
    expect(fault(await revoke(tenant.admin, { invitationId: id }), "FAILED_PRECONDITION", "invitationId").message).toContain("expired");
  });

  it("an operator may in a frozen tenant: it is nothing new", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.invitation();
    expect(data(await revoke(world.operator, { tenantId: tenant.id, invitationId: id }))["revokeInvitation"].invitation).toEqual({ id, state: "REVOKED", version: 2 });
  });

  it("of ten at once one wins, with one event", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.invitation();
    const answers = await Promise.all(Array.from({ length: 10 }, () => revoke(tenant.admin, { invitationId: id })));
    expect(answers.filter(({ body }) => !body.errors)).toHaveLength(1);
    for (const answer of answers.filter(({ body }) => body.errors)) fault(answer, "FAILED_PRECONDITION", "invitationId");
    expect(await actionsIn(app, tenant.id)).toEqual(["invitation.revoke"]);
  });
});
