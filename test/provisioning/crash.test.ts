import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn } from "../testkit/events.js";
import { anotherInstance } from "../testkit/instance.js";
import { lastingOperator, later, newCustomer, ownTurn, statesOf, type NewCustomer } from "../testkit/provisioning.js";
import { registry, type Registry } from "../testkit/registry.js";
import type { Caller } from "../testkit/world.js";
import type { Service } from "../../src/service.js";

/** Requests from the registration to the invitation that is sent; the first test says when it is no longer true. */
const REQUESTS = 7;
const LEASE_SECONDS = 120;

let app: Registry;
let other: Service;
let operator: Caller;
beforeAll(async () => {
  app = await registry();
  other = await anotherInstance(app);
  operator = lastingOperator(app);
});
afterEach(() => {
  app.clock.now = null;
  app.keycloak.meddle = null;
});

/** Let the instance that is at work stop for good at its `nth` request with this in its path, before or after Keycloak has done it. Resolves when it has. */
function dieAt(nth: number, moment: "before" | "after", part = "/"): { died: Promise<void>; wakeUp: () => void } {
  let wakeUp = () => {};
  const forGood = new Promise<never>((_, reject) => (wakeUp = () => reject(new TypeError("fetch failed"))));
  forGood.catch(() => {});
  const died = new Promise<void>((resolve) => {
    let seen = 0;
    app.keycloak.meddle = async ({ path }, pass) => {
      if (path.includes(part)) seen += 1;
      if (seen !== nth || !path.includes(part)) return pass();
      if (moment === "after") await pass();
      resolve();
      return forGood;
    };
  });
  return { died, wakeUp };
}

async function expectLedThere({ id, email }: NewCustomer): Promise<void> {
  expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "PENDING"]);
  expect(app.keycloak.organizationsOf(id)).toHaveLength(1);
  expect(app.keycloak.invitationsTo(email)).toHaveLength(1);
  expect(app.keycloak.mailsTo(email)).toHaveLength(1);
  expect(await actionsIn(app, id)).toEqual(["tenant.create", "keycloak.provision", "keycloak.provision"]);
}

it("a customer is led to Keycloak with as many requests as these tests interrupt", async () => {
  await ownTurn(app);
  const customer = await newCustomer(operator);
  const before = app.keycloak.calls.length;
  await app.jobs.drain();
  expect(app.keycloak.calls.length - before).toBe(REQUESTS);
  await expectLedThere(customer);
});

describe.each(Array.from({ length: REQUESTS }, (_, index) => index + 1))("an instance that dies at request %i of them", (nth) => {
  it.each(["before", "after"] as const)("%s Keycloak has done it: another one finishes what was begun, and nothing is there twice", async (moment) => {
    await ownTurn(app);
    const customer = await newCustomer(operator);
    const { died, wakeUp } = dieAt(nth, moment);
    const dying = app.service.jobs.drain();
    await died;
    app.keycloak.meddle = null;

    // As long as it may still be alive, nobody takes its work.
    await app.sql("update pgboss.job set state = 'retry', start_after = now() - interval '1 second' where state = 'active'");
    await other.jobs.drain();
    expect(await statesOf(operator, customer.id)).toEqual([expect.stringMatching(/PENDING|DONE/), "PENDING", "PENDING"]);
    await later(app, LEASE_SECONDS);
    await expectLedThere(customer);

    // It was not dead at all, and does no harm.
    wakeUp();
    await dying;
    await expectLedThere(customer);
  });
});

/** Two that look whether the invitation was accepted, and five that give the role. */
describe.each([1, 2, 3, 4, 5, 6, 7])("an instance that dies at request %i of those that make an administrator of who accepted", (nth) => {
  it.each(["before", "after"] as const)("%s Keycloak has done it: another one finishes it, once", async (moment) => {
    await ownTurn(app);
    const customer = await newCustomer(operator);
    await app.jobs.drain();
    app.keycloak.accept(app.keycloak.mailsTo(customer.email)[0]!);
    const { died, wakeUp } = dieAt(nth, moment, app.keycloak.organizationsOf(customer.id)[0]?.id);
    const dying = later(app, 60);
    await died;
    app.keycloak.meddle = null;
    await later(app, LEASE_SECONDS);
    wakeUp();
    await dying;
    expect(await statesOf(operator, customer.id)).toEqual(["DONE", "DONE", "DONE"]);
    expect(app.keycloak.rolesOf(customer.id, customer.email)).toEqual(["IT_ADMIN"]);
    expect(await actionsIn(app, customer.id)).toEqual(["tenant.create", ...Array.from({ length: 4 }, () => "keycloak.provision")]);
  });
});
