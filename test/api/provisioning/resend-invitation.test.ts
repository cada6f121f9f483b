import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { lastingOperator, newCustomer, ownTime, provisioningOf } from "../../testkit/provisioning.js";
import { openRegistry, registry, type Registry } from "../../testkit/registry.js";
import { openWorld, type Caller, type World } from "../../testkit/world.js";
import { describeInvitationChange } from "./invitation-changes.js";

const RESEND = `mutation ($input: ResendInvitationInput!) { resendInvitation(input: $input) { invitation { id state version } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.clock.now = null;
});

const resend = (caller: Caller, input: object) => caller.run(RESEND, { input });

describe("resendInvitation", () => {
  describeInvitationChange("resendInvitation", "invitation.resend", () => ({ app, world }));

  it("into a frozen tenant nobody is invited, not even by an operator", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.invitation();
    expect(fault(await resend(world.operator, { tenantId: tenant.id, invitationId: id }), "FAILED_PRECONDITION", "tenantId").message).toContain("frozen");
  });

  it("without an identity provider there is nobody to send it", async () => {
    const alone = await openRegistry({ withKeycloak: false });
    try {
      const operator = lastingOperator(alone);
      const { id } = await newCustomer(operator);
      const [invitation] = (await provisioningOf(operator, id))!.invitations;
      fault(await resend(operator, { tenantId: id, invitationId: invitation?.id }), "FAILED_PRECONDITION");
    } finally {
      await alone.close();
    }
  });

  it("within a minute of the last mail it is refused: nobody is flooded", async () => {
    const begin = ownTime(app);
    const operator = lastingOperator(app);
    const { id, email } = await newCustomer(operator);
    await app.jobs.drain();
    const [invitation] = (await provisioningOf(operator, id))!.invitations;
    const again = () => resend(operator, { tenantId: id, invitationId: invitation?.id });
    app.clock.now = new Date(begin.getTime() + 59_999);
    fault(await again(), "FAILED_PRECONDITION", "invitationId");
    app.clock.now = new Date(begin.getTime() + 60_000);
    data(await again());
    for (let i = 0; i < 5; i++) data(await again());
    await app.jobs.drain();
    expect(app.keycloak.mailsTo(email)).toHaveLength(2);
    fault(await again(), "FAILED_PRECONDITION", "invitationId");
  });

  it("of ten at once each is answered, and one mail goes out", async () => {
    const operator = lastingOperator(app);
    const { id, email } = await newCustomer(operator);
    const [invitation] = (await provisioningOf(operator, id))!.invitations;
    for (const answer of await Promise.all(Array.from({ length: 10 }, () => resend(operator, { tenantId: id, invitationId: invitation?.id })))) data(answer);
    await app.jobs.drain();
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);
    expect((await actionsIn(app, id)).filter((action) => action === "invitation.resend")).toHaveLength(10);
  });
});
