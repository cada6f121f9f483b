import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { anotherInstance } from "../testkit/instance.js";
import { eventsOf } from "../testkit/events.js";
import { FAULTS, SERVER_TEXT } from "../testkit/keycloak-faults.js";
import { data, fault } from "../testkit/outcome.js";
import { lasting, lastingOperator, later, newCustomer, ownTurn, provisioningOf, statesOf, type NewCustomer } from "../testkit/provisioning.js";
import { registry, type Registry } from "../testkit/registry.js";
import type { Caller } from "../testkit/world.js";

const REQUESTS: Record<string, [method: string, path: RegExp]> = {
  "looking for the role": ["GET", /\/groups$/],
  "making the role": ["POST", /\/groups$/],
  "giving the role": ["PUT", /\/groups\/[^/]+\/members\/[^/]+$/],
};
const NOT_THERE = "The identity provider does not have what was asked for.";

let app: Registry;
let operator: Caller;
beforeAll(async () => {
  app = await registry();
  operator = lastingOperator(app);
});
afterEach(() => {
  app.clock.now = null;
  app.keycloak.meddle = null;
  Object.assign(app.keycloak.settings, { mayPutIntoGroups: true, organizationGroups: true });
});

const organizationOf = ({ id }: NewCustomer) => app.keycloak.organizationsOf(id)[0]!;
const rolesOf = ({ id, email }: NewCustomer) => app.keycloak.rolesOf(id, email);
const retry = (tenantId: string) => operator.run("mutation ($input: RetryProvisioningInput!) { retryProvisioning(input: $input) { tenant { id } } }", { input: { tenantId } });
const roleEvents = async ({ id }: NewCustomer) =>
  (await eventsOf(app, id)).filter(({ metadata }) => metadata["role"] !== undefined || metadata["error"] !== undefined).map(({ action, actorType, targetType, metadata }) => [action, actorType, targetType, metadata["role"] ?? metadata["reason"]]);
const GRANTED = ["keycloak.provision", "system", "invitation", "IT_ADMIN"];

/** A customer whose administrator has accepted, which nobody has noticed yet. */
async function accepted(): Promise<NewCustomer> {
  await ownTurn(app);
  const customer = await newCustomer(operator);
  await app.jobs.drain();
  expect(app.keycloak.accept(app.keycloak.mailsTo(customer.email)[0]!)).toBe(true);
  return customer;
}

/** What Keycloak writes into the tokens of this person. */
function tokenOf(customer: NewCustomer): Caller {
  const { id, alias } = organizationOf(customer);
  return lasting(app, { organization: { [alias]: { id, groups: rolesOf(customer).map((name) => `/${name}`) } } });
}

async function expectAdministrator(customer: NewCustomer): Promise<void> {
  expect(await statesOf(operator, customer.id)).toEqual(["DONE", "DONE", "DONE"]);
  expect(await provisioningOf(operator, customer.id)).toMatchObject({ verification: { lastError: null }, invitations: [{ state: "ACCEPTED", roleGrantedAt: expect.any(String) }] });
  expect(rolesOf(customer)).toEqual(["IT_ADMIN"]);
  expect((await roleEvents(customer)).filter(([action]) => action === "keycloak.provision")).toEqual([GRANTED]);
}

describe("whoever accepts", () => {
  it("is administrator of the tenant with the next token: it sees how far the tenant is, and manages it", async () => {
    const customer = await accepted();
    expect(data(await tokenOf(customer).run("{ viewer { roles } }"))).toEqual({ viewer: { roles: ["member"] } });
    await later(app, 60);
    const administrator = tokenOf(customer);
    const steps = ["ORGANIZATION", "INVITATION", "VERIFICATION"].map((step) => ({ step, state: "DONE" }));
    expect(data(await administrator.run("{ viewer { roles } myTenant { id provisioning { steps { step state } } } }"))).toEqual({ viewer: { roles: ["member", "admin"] }, myTenant: { id: customer.id, provisioning: { steps } } });
    data(await administrator.run("mutation ($input: UpdateTenantInput!) { updateTenant(input: $input) { tenant { id } } }", { input: { id: customer.id, name: `Ours ${customer.slug}` } }));
    await expectAdministrator(customer);
  });

  it("is nothing more than before in another tenant, also not where it is a member", async () => {
    const [own, other] = [await accepted(), await accepted()];
    const user = app.keycloak.state.users.find(({ email }) => email === own.email)!;
    app.keycloak.state.memberships.push({ organizationId: organizationOf(other).id, userId: user.id, type: "UNMANAGED" });
    await later(app, 60);
    await expectAdministrator(own);
    expect(app.keycloak.rolesOf(other.id, own.email)).toEqual([]);
    fault(await tokenOf(own).run("{ myTenant { id } }", {}, { "x-tenant-id": other.id }), "NOT_FOUND");
  });

  it("before the invitation is sent, and so needs none, is administrator too", async () => {
    await ownTurn(app);
    const customer = await newCustomer(operator);
    const user = app.keycloak.addUser({ email: customer.email });
    app.keycloak.meddle = async ({ method, path }, pass) => {
      if (method === "POST" && path.endsWith("/invite-user")) app.keycloak.state.memberships.push({ organizationId: organizationOf(customer).id, userId: user.id, type: "UNMANAGED" });
      return pass();
    };
    await app.jobs.drain();
    await expectAdministrator(customer);
  });

  it("while the tenant is frozen is administrator too: somebody has to be able to mend that", async () => {
    const customer = await accepted();
    await app.sql("update tenants set status = 'frozen', frozen_at = $2 where id = $1", [customer.id, app.clock.now]);
    await later(app, 60);
    await expectAdministrator(customer);
  });

  it("what was revoked before that was noticed is a member, and administers nothing", async () => {
    const customer = await accepted();
    const [invitation] = (await provisioningOf(operator, customer.id))!.invitations;
    data(await operator.run("mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { invitation { state } } }", { input: { tenantId: customer.id, invitationId: invitation!.id } }));
    await app.jobs.drain();
    await later(app, 3_600);
    expect(await provisioningOf(operator, customer.id)).toMatchObject({ verification: { state: "DONE" }, invitations: [{ state: "ACCEPTED", acceptedAt: expect.any(String), roleGrantedAt: null }] });
    expect([rolesOf(customer), await roleEvents(customer)]).toEqual([[], []]);
  });
});

describe.each(Object.entries(FAULTS))("Keycloak %s", (name, { answer, error, stops }) => {
  // Who is in the group already is told so with 409: that is as good.
  const requests = Object.entries(REQUESTS).filter(([request]) => name !== "answers 409" || request !== "giving the role");
  it.each(requests)("when %s: the person is in, the step is not done and says why, and it is finished, once, when Keycloak is well again", async (request, [method, path]) => {
    const customer = await accepted();
    app.keycloak.meddle = (call, pass) => (call.method === method && path.test(call.path) && call.path.includes(organizationOf(customer).id) ? answer(call, pass) : pass());
    await later(app, 60);
    const said = name === "answers 400" && request === "giving the role" ? NOT_THERE : error;
    const failed = await provisioningOf(operator, customer.id);
    expect(failed).toMatchObject({
      verification: { state: "FAILED", attempts: 1, lastError: said, completedAt: null, nextAttemptAt: stops ? null : expect.any(String) },
      invitations: [{ state: "ACCEPTED", acceptedAt: expect.any(String), roleGrantedAt: null }],
    });
    expect(await roleEvents(customer)).toEqual([["keycloak.provision_failed", "system", "provisioning", said]]);
    expect(JSON.stringify([failed, await eventsOf(app, customer.id)])).not.toContain(SERVER_TEXT);

    app.keycloak.meddle = null;
    if (stops) data(await retry(customer.id));
    await later(app, 60);
    await expectAdministrator(customer);
  });
});

describe("an identity provider that cannot give the role", () => {
  it.each([
    ["because the registry's account may not", { mayPutIntoGroups: false }, "The registry's account at the identity provider lacks a role."],
    ["because it is too old", { organizationGroups: false }, "The identity provider cannot give roles inside an organisation: this needs Keycloak 26.7 or newer."],
  ])("%s is asked again by itself, and says why until then", async (_, settings, said) => {
    const customer = await accepted();
    const before = { ...app.keycloak.settings };
    Object.assign(app.keycloak.settings, settings);
    await later(app, 60);
    for (let hours = 0; hours < 14; hours++) await later(app, 3_600);
    // The link's time is over by now, and that means nothing to who has used it.
    expect(await provisioningOf(operator, customer.id)).toMatchObject({ verification: { state: "FAILED", lastError: said, nextAttemptAt: expect.any(String) }, invitations: [{ state: "ACCEPTED", roleGrantedAt: null }] });
    expect(await roleEvents(customer)).toEqual([["keycloak.provision_failed", "system", "provisioning", said]]);
    Object.assign(app.keycloak.settings, before);
    await later(app, 3_600);
    await expectAdministrator(customer);
  });

  it("because the person has left by then waits for a person to look, and for that one to come back", async () => {
    const customer = await accepted();
    const { state } = app.keycloak;
    const membership = state.memberships.find(({ organizationId }) => organizationId === organizationOf(customer).id)!;
    app.keycloak.meddle = async ({ path }, pass) => {
      if (path === `/organizations/${organizationOf(customer).id}/groups`) state.memberships = state.memberships.filter((each) => each !== membership);
      return pass();
    };
    await later(app, 60);
    await later(app, 3_600);
    expect(await provisioningOf(operator, customer.id)).toMatchObject({ verification: { state: "FAILED", attempts: 1, lastError: NOT_THERE, nextAttemptAt: null }, invitations: [{ state: "ACCEPTED", roleGrantedAt: null }] });
    app.keycloak.meddle = null;
    state.memberships.push(membership);
    data(await retry(customer.id));
    await app.jobs.drain();
    await expectAdministrator(customer);
  });
});

it("two instances that give the role at the same moment give it once, with one event", async () => {
  const other = await anotherInstance(app);
  const customer = await accepted();
  let [waiting, open] = [0, () => {}];
  const gathered = new Promise<void>((resolve) => (open = resolve));
  app.keycloak.meddle = async ({ method, path }, pass) => {
    if (method === "PUT" && path.includes("/members/") && ++waiting === 2) open();
    if (method === "PUT" && path.includes("/members/")) await gathered;
    return pass();
  };
  const one = later(app, 60);
  while (waiting === 0) await app.sql("select 1");
  // Only a person's impatience brings a second one to the same step.
  data(await retry(customer.id));
  await Promise.all([one, other.jobs.drain()]);
  await app.jobs.drain();
  await expectAdministrator(customer);
});
