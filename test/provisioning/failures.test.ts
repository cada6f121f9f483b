import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "../testkit/events.js";
import { FAULTS, SERVER_TEXT } from "../testkit/keycloak-faults.js";
import type { Call } from "../testkit/keycloak.js";
import { data } from "../testkit/outcome.js";
import { lastingOperator, later, newCustomer, ownTime, provisioningOf, statesOf, type NewCustomer, type Provisioned } from "../testkit/provisioning.js";
import { registry, type Registry } from "../testkit/registry.js";
import type { Caller } from "../testkit/world.js";

/** Every kind of request that leads a new customer to Keycloak, in the order in which they come. */
const REQUESTS: Record<string, (call: Call) => boolean> = {
  "looking for the organisation": ({ method, path }) => method === "GET" && path === "/organizations",
  "making the organisation": ({ method, path }) => method === "POST" && path === "/organizations",
  "reading the organisation": ({ method, path }) => method === "GET" && /^\/organizations\/[^/]+$/.test(path),
  "looking for the invitation": ({ method, path }) => method === "GET" && path.endsWith("/invitations"),
  "inviting": ({ method, path }) => method === "POST" && path.endsWith("/invite-user"),
};

const RETRY = "mutation ($input: RetryProvisioningInput!) { retryProvisioning(input: $input) { tenant { id } } }";

let app: Registry;
let operator: Caller;
beforeAll(async () => {
  app = await registry();
  operator = lastingOperator(app);
});
afterEach(() => {
  app.clock.now = null;
  app.keycloak.meddle = null;
});

const failing = ({ organization, invitation }: Provisioned) => [organization, invitation].find(({ state }) => state === "FAILED");
const failures = async (id: string) => (await eventsOf(app, id)).filter(({ action }) => action === "keycloak.provision_failed");
const retry = (id: string) => operator.run(RETRY, { input: { tenantId: id } });

/** Nothing was lost, and nothing was made twice. */
async function expectLedThere({ id, email }: NewCustomer): Promise<void> {
  expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "PENDING"]);
  expect(app.keycloak.organizationsOf(id)).toHaveLength(1);
  expect(app.keycloak.invitationsTo(email)).toHaveLength(1);
  expect(app.keycloak.mailsTo(email)).toHaveLength(1);
  expect(app.keycloak.accept(app.keycloak.mailsTo(email)[0]!)).toBe(true);
}

describe.each(Object.entries(FAULTS))("Keycloak %s", (_, { answer, error, stops }) => {
  it.each(Object.entries(REQUESTS))("when %s: the tenant stands, the event says so, and a retry finishes with exactly one organisation and one invitation", async (_request, isMeant) => {
    app.keycloak.meddle = (call, pass) => (isMeant(call) ? answer(call, pass) : pass());
    const customer = await newCustomer(operator);
    await app.jobs.drain();
    const failed = (await provisioningOf(operator, customer.id))!;
    expect(failing(failed)).toMatchObject({ attempts: 1, lastError: error, completedAt: null, nextAttemptAt: stops ? null : expect.any(String) });
    expect(failed.verification.state).toBe("PENDING");
    expect(await failures(customer.id)).toMatchObject([{ actorType: "system", targetType: "provisioning", targetId: customer.id, metadata: { reason: error, attempts: 1 } }]);
    expect(data(await operator.run("query ($id: ID!) { tenant(id: $id) { status } }", { id: customer.id }))).toEqual({ tenant: { status: "ACTIVE" } });
    expect(JSON.stringify([failed, await eventsOf(app, customer.id)])).not.toContain(SERVER_TEXT);

    app.keycloak.meddle = null;
    data(await retry(customer.id));
    await app.jobs.drain();
    await expectLedThere(customer);
  });
});

describe.each(Object.entries(FAULTS).map(([name, fault]) => ({ name, ...fault })))("while Keycloak $name", ({ answer, stops }) => {
  it(stops ? "nothing is tried again before a person asks for it" : "it is tried again ever more seldom, with one event for all of it, and finished when Keycloak is back", async () => {
    ownTime(app);
    app.keycloak.meddle = answer;
    const customer = await newCustomer(operator);
    await app.jobs.drain();
    const attempts: number[] = [];
    for (const minutes of [1, 1, 1, 2, 2, 8, 16, 32, 60, 59, 1]) {
      await later(app, minutes * 60);
      attempts.push((await provisioningOf(operator, customer.id))!.organization.attempts);
    }
    expect(attempts).toEqual(stops ? attempts.map(() => 1) : [2, 2, 3, 3, 4, 5, 6, 7, 8, 8, 9]);
    expect(await failures(customer.id)).toHaveLength(1);
    app.keycloak.meddle = null;
    await later(app, 3_600);
    if (stops) {
      expect(await statesOf(operator, customer.id)).toEqual(["FAILED", "PENDING", "PENDING"]);
      data(await retry(customer.id));
      await app.jobs.drain();
    }
    await expectLedThere(customer);
  });
});
