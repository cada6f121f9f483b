import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "../testkit/events.js";
import { data } from "../testkit/outcome.js";
import { lastingOperator, later, newCustomer, ownTime, provisioningOf, statesOf, type NewCustomer } from "../testkit/provisioning.js";
import { registry, type Registry } from "../testkit/registry.js";
import type { Caller } from "../testkit/world.js";

const HOUR_SECONDS = 3_600;
const LIFE_HOURS = 12;

let app: Registry;
let operator: Caller;
beforeAll(async () => {
  app = await registry();
  operator = lastingOperator(app);
});
afterEach(() => {
  app.clock.now = null;
  app.keycloak.meddle = null;
  app.keycloak.settings.mailWorks = true;
});

/** A customer whose invitation is on its way. */
async function invited(): Promise<NewCustomer> {
  ownTime(app);
  const customer = await newCustomer(operator);
  await app.jobs.drain();
  expect(await statesOf(operator, customer.id)).toEqual(["DONE", "DONE", "PENDING"]);
  return customer;
}

const invitationOf = async (id: string) => (await provisioningOf(operator, id))!.invitations[0]!;
const steer = async (mutation: "resendInvitation" | "revokeInvitation", tenantId: string) => {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
  const input = { tenantId, invitationId: (await invitationOf(tenantId)).id };
  return data(await operator.run(`mutation ($input: ${type}!) { ${mutation}(input: $input) { invitation { state } } }`, { input }))[mutation].invitation;
};
const outcomes = async (id: string) => (await eventsOf(app, id)).filter(({ targetType }) => targetType === "invitation").map(({ action, metadata }) => [action, metadata["errand"] ?? metadata["state"] ?? null]);
const isInvite = ({ method, path }: { method: string; path: string }) => method === "POST" && path.endsWith("/invite-user");

describe("an invitation that nobody accepts", () => {
  it("is over the moment it is, is looked at once more, and says so with an event", async () => {
    const { id } = await invited();
    const { expiresAt } = await invitationOf(id);
    app.clock.now = new Date(new Date(expiresAt!).getTime() - 1);
    expect((await invitationOf(id)).state).toBe("PENDING");
    app.clock.now = new Date(expiresAt!);
    expect((await invitationOf(id)).state).toBe("EXPIRED");
    expect((await provisioningOf(operator, id))?.verification.state).toBe("PENDING");
    await later(app, 60);
    expect(await provisioningOf(operator, id)).toMatchObject({
      verification: { state: "FAILED", lastError: "The invitation was not accepted in time, or is no longer valid.", nextAttemptAt: null },
      invitations: [{ state: "EXPIRED", acceptedAt: null }],
    });
    expect(await outcomes(id)).toEqual([["keycloak.provision", "invite"], ["keycloak.provision_failed", "expired"]]);
  });

  it("is not looked at any more once it is over", async () => {
    const { id, email } = await invited();
    const looks = () => app.keycloak.calls.filter(({ method, path }) => method === "GET" && path === `/organizations/${app.keycloak.organizationsOf(id)[0]!.id}/invitations`).length;
    await later(app, LIFE_HOURS * HOUR_SECONDS + 60);
    const after = looks();
    for (let days = 0; days < 3; days++) await later(app, 24 * HOUR_SECONDS);
    expect(looks()).toBe(after);
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);
  });

  it("can be sent again: the new link works, the old one is dead, and there is still one invitation", async () => {
    const { id, email } = await invited();
    await later(app, (LIFE_HOURS + 1) * HOUR_SECONDS);
    expect(await steer("resendInvitation", id)).toEqual({ state: "PENDING" });
    await app.jobs.drain();
    const [old, fresh, ...more] = app.keycloak.mailsTo(email);
    expect(more).toEqual([]);
    expect(app.keycloak.invitationsTo(email)).toHaveLength(1);
    expect(await provisioningOf(operator, id)).toMatchObject({ verification: { state: "PENDING", lastError: null }, invitations: [{ state: "PENDING", sentAt: app.clock.now!.toISOString() }] });
    expect([app.keycloak.accept(old!), app.keycloak.accept(fresh!)]).toEqual([false, true]);
    await later(app, 60);
    expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "DONE"]);
  });
});

describe("what others do at Keycloak", () => {
  it("an invitation that was sent again there is not over when ours would have been", async () => {
    const { id, email } = await invited();
    await later(app, 11 * HOUR_SECONDS);
    const organization = app.keycloak.organizationsOf(id)[0]!;
    await app.keycloak.client.resendInvitation(organization.id, email);
    await later(app, HOUR_SECONDS + 60);
    expect((await invitationOf(id)).state).toBe("PENDING");
    app.keycloak.accept(app.keycloak.mailsTo(email).at(-1)!);
    await later(app, HOUR_SECONDS);
    expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "DONE"]);
  });

  it("an invitation that was deleted there counts as expired, and sending it again makes a new one", async () => {
    const { id, email } = await invited();
    app.keycloak.state.invitations.splice(app.keycloak.state.invitations.indexOf(app.keycloak.invitationsTo(email)[0]!), 1);
    await later(app, 60);
    expect((await invitationOf(id)).state).toBe("EXPIRED");
    await later(app, 60);
    await steer("resendInvitation", id);
    await app.jobs.drain();
    expect(app.keycloak.invitationsTo(email)).toHaveLength(1);
    expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "PENDING"]);
  });

  it("whoever is a member already needs no invitation, and gets no mail", async () => {
    ownTime(app);
    const customer = await newCustomer(operator);
    const user = app.keycloak.addUser({ email: customer.email });
    app.keycloak.meddle = async (call, pass) => {
      const { id } = app.keycloak.organizationsOf(customer.id)[0] ?? {};
      if (isInvite(call) && id) app.keycloak.state.memberships.push({ organizationId: id, userId: user.id, type: "UNMANAGED" });
      return pass();
    };
    await app.jobs.drain();
    expect(await provisioningOf(operator, customer.id)).toMatchObject({ invitation: { state: "DONE" }, verification: { state: "DONE" }, invitations: [{ state: "ACCEPTED", sentAt: null }] });
    expect(app.keycloak.mailsTo(customer.email)).toEqual([]);
  });
});

describe("an invitation that is taken back", () => {
  it("loses its link, and nothing waits for it any more", async () => {
    const { id, email } = await invited();
    expect(await steer("revokeInvitation", id)).toEqual({ state: "REVOKED" });
    await app.jobs.drain();
    expect(app.keycloak.invitationsTo(email)).toEqual([]);
    expect(app.keycloak.accept(app.keycloak.mailsTo(email)[0]!)).toBe(false);
    expect(await statesOf(operator, id)).toEqual(["DONE", "SKIPPED", "SKIPPED"]);
    expect(await outcomes(id)).toEqual([["keycloak.provision", "invite"], ["invitation.revoke", null], ["keycloak.provision", "withdraw"]]);
  });

  it("before anything was made at Keycloak is never sent", async () => {
    ownTime(app);
    const { id, email } = await newCustomer(operator);
    await steer("revokeInvitation", id);
    await app.jobs.drain();
    await later(app, 3_600);
    expect(app.keycloak.mailsTo(email)).toEqual([]);
    expect(await statesOf(operator, id)).toEqual(["DONE", "SKIPPED", "SKIPPED"]);
  });

  it("at the very moment in which its mail goes out is dead right after", async () => {
    ownTime(app);
    const { id, email } = await newCustomer(operator);
    app.keycloak.meddle = async (call, pass) => {
      const answer = await pass();
      if (isInvite(call)) await steer("revokeInvitation", id);
      return answer;
    };
    await app.jobs.drain();
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);
    expect(app.keycloak.invitationsTo(email)).toEqual([]);
    expect(await provisioningOf(operator, id)).toMatchObject({ invitation: { state: "SKIPPED" }, invitations: [{ state: "REVOKED", sentAt: expect.any(String) }] });
  });

  it("but was accepted before Keycloak heard of it: the person is in, and the invitation says so", async () => {
    const { id, email } = await invited();
    await steer("revokeInvitation", id);
    app.keycloak.accept(app.keycloak.mailsTo(email)[0]!);
    await app.jobs.drain();
    expect(await provisioningOf(operator, id)).toMatchObject({ verification: { state: "DONE" }, invitations: [{ state: "ACCEPTED", acceptedAt: expect.any(String) }] });
  });

  it("while Keycloak is away is revoked at once here, and there as soon as it is back", async () => {
    const { id, email } = await invited();
    app.keycloak.meddle = async () => new Response("", { status: 503 });
    expect(await steer("revokeInvitation", id)).toEqual({ state: "REVOKED" });
    await app.jobs.drain();
    expect((await provisioningOf(operator, id))?.invitation.state).toBe("FAILED");
    expect(app.keycloak.invitationsTo(email)).toHaveLength(1);
    app.keycloak.meddle = null;
    await later(app, 120);
    expect(app.keycloak.invitationsTo(email)).toEqual([]);
    expect(await statesOf(operator, id)).toEqual(["DONE", "SKIPPED", "SKIPPED"]);
  });
});

describe("a mail", () => {
  it("that cannot be sent leaves no invitation behind, and goes out once mails do", async () => {
    ownTime(app);
    app.keycloak.settings.mailWorks = false;
    const { id, email } = await newCustomer(operator);
    await app.jobs.drain();
    expect(await provisioningOf(operator, id)).toMatchObject({ organization: { state: "DONE" }, invitation: { state: "FAILED" }, invitations: [{ state: "PENDING", sentAt: null }] });
    expect(app.keycloak.invitationsTo(email)).toEqual([]);
    app.keycloak.settings.mailWorks = true;
    await later(app, 120);
    expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "PENDING"]);
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);
  });

  it("that was sent again is not sent a third time because the answer was lost", async () => {
    const { id, email } = await invited();
    app.clock.now = new Date(app.clock.now!.getTime() + 120_000);
    await steer("resendInvitation", id);
    app.keycloak.meddle = async ({ path }, pass) => {
      const answer = await pass();
      if (path.endsWith("/resend")) throw new TypeError("fetch failed");
      return answer;
    };
    await app.jobs.drain();
    expect((await provisioningOf(operator, id))?.invitation.state).toBe("FAILED");
    app.keycloak.meddle = null;
    await later(app, 120);
    expect(app.keycloak.mailsTo(email)).toHaveLength(2);
    expect(app.keycloak.accept(app.keycloak.mailsTo(email).at(-1)!)).toBe(true);
  });
});
