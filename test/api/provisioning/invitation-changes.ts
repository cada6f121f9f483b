/** Owns what sending an invitation again and taking it back have in common, as tests of either. */
import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import type { Registry } from "../../testkit/registry.js";
import { unique, type Caller, type World } from "../../testkit/world.js";

export function describeInvitationChange(mutation: "resendInvitation" | "revokeInvitation", action: string, open: () => { app: Registry; world: World }): void {
  const document = `mutation ($input: ${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { invitation { id email state version } } }`;
  const change = (caller: Caller, input: object) => caller.run(document, { input });
  const stored = async (id: string) => (await open().app.sql("select state, errand from tenant_invitations where id = $1", [id]))[0];

  describe("who may", () => {
    it("unauthenticated: nobody without a token", async () => {
      const tenant = await open().world.tenant();
      fault(await change(open().world.anonymous, { tenantId: tenant.id, invitationId: (await tenant.invitation()).id }), "UNAUTHENTICATED");
    });

    it("forbidden: members, auditors, support and services may not", async () => {
      const { app, world } = open();
      const tenant = await world.tenant();
      const invitation = await tenant.invitation();
      const before = await stored(invitation.id);
      for (const caller of [tenant.member, tenant.auditor, world.support, world.service]) {
        fault(await change(caller, { tenantId: tenant.id, invitationId: invitation.id }), "FORBIDDEN");
      }
      expect([await stored(invitation.id), await actionsIn(app, tenant.id)]).toEqual([before, []]);
    });

    it("someone else's: an invitation that exists and one that does not are the same answer, and nothing is written", async () => {
      const { app, world } = open();
      const [mine, theirs] = [await world.tenant(), await world.tenant()];
      const { id } = await theirs.invitation();
      const before = await stored(id);
      expect(before).toBeDefined();
      const inputs = [{ invitationId: id }, { invitationId: randomUUID() }, { invitationId: "nonsense" }, { tenantId: mine.id, invitationId: id }];
      const answers = await Promise.all(inputs.map((input) => change(mine.admin, input)));
      for (const answer of answers) fault(answer, "NOT_FOUND");
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      const refused = await change(mine.admin, { tenantId: theirs.id, invitationId: id });
      fault(refused, "NOT_FOUND");
      expect(refused.body).toEqual((await change(mine.admin, { tenantId: randomUUID(), invitationId: id })).body);
      expect([await stored(id), await actionsIn(app, theirs.id)]).toEqual([before, []]);
    });

    it("staff must name the tenant", async () => {
      const tenant = await open().world.tenant();
      fault(await change(open().world.operator, { invitationId: (await tenant.invitation()).id }), "BAD_USER_INPUT", "tenantId");
    });
  });

  it("frozen: the tenant's own people change nothing; so do those of a trial that is over, and nobody once it is archived", async () => {
    const { app, world } = open();
    const [frozen, over, archived] = [await world.tenant({ status: "frozen" }), await world.tenant({ status: "trial", trialEndsAt: new Date(Date.now() - 1_000) }), await world.tenant({ status: "archived" })];
    for (const tenant of [frozen, over, archived]) {
      const { id } = await tenant.invitation();
      fault(await change(tenant.admin, { invitationId: id }), "TENANT_READ_ONLY");
      expect(await actionsIn(app, tenant.id)).toEqual([]);
    }
    fault(await change(world.operator, { tenantId: archived.id, invitationId: (await archived.invitation()).id }), "TENANT_READ_ONLY");
  });

  it("demo: nobody is invited there, so its people have nothing to change", async () => {
    const demo = await open().world.tenant({ status: "demo", kind: "demo" });
    fault(await change(demo.admin, { invitationId: (await demo.invitation()).id }), "FAILED_PRECONDITION");
  });

  it.each(["accepted", "revoked"])("one that was %s is refused, and the answer says so", async (state) => {
    const tenant = await open().world.tenant();
    const { id } = await tenant.invitation({ state });
    expect(fault(await change(tenant.admin, { invitationId: id }), "FAILED_PRECONDITION", "invitationId").message).toContain(state);
  });

  it("ok and audited: by the tenant's own admin or an operator, with neither address nor name in the log", async () => {
    const { app, world } = open();
    const tenant = await world.tenant();
    const [own, named] = [await tenant.invitation(), await tenant.invitation()];
    const [subject, requestId] = [unique("admin"), unique("request")];
    const admin = await world.caller({ sub: subject, name: "Ada", tenant_id: tenant.id, realm_access: { roles: ["IT_ADMIN"] } });
    data(await admin.run(document, { input: { invitationId: own.id } }, { "x-request-id": requestId, "user-agent": "portal/1" }));
    data(await change(world.operator, { tenantId: tenant.id, invitationId: named.id }));
    const event = { action, actorType: "user", targetType: "invitation", targetName: tenant.slug, projectId: null, product: null };
    const events = await eventsOf(app, tenant.id);
    expect(events).toEqual([{ ...event, targetId: own.id, metadata: {} }, { ...event, targetId: named.id, metadata: { actor_role: "operator" } }]);
    for (const text of [own.email, named.email, "Lovelace"]) expect(JSON.stringify(events)).not.toContain(text);
    await expectOrigin(app, requestId, { subject, name: "Ada" });
  });
}
