import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Service } from "../../src/service.js";
import { actionsIn } from "../testkit/events.js";
import { anotherInstance } from "../testkit/instance.js";
import { data } from "../testkit/outcome.js";
import { lastingOperator, newCustomer, ownTurn, statesOf, type NewCustomer } from "../testkit/provisioning.js";
import { registry, type Registry } from "../testkit/registry.js";
import type { Caller } from "../testkit/world.js";

const RETRY = "mutation ($input: RetryProvisioningInput!) { retryProvisioning(input: $input) { tenant { id } } }";

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

/** Every request of one kind waits until `count` of them are there; then all go on at once. */
function gatherAt(count: number, method: string, path: RegExp): { gathered: Promise<void> } {
  let [waiting, open] = [0, () => {}];
  const gathered = new Promise<void>((resolve) => (open = resolve));
  app.keycloak.meddle = async (call, pass) => {
    if (call.method !== method || !path.test(call.path)) return pass();
    waiting += 1;
    if (waiting === count) open();
    await gathered;
    return pass();
  };
  return { gathered };
}

async function expectOnlyOnce({ id, email }: NewCustomer): Promise<void> {
  expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "PENDING"]);
  expect(app.keycloak.organizationsOf(id)).toHaveLength(1);
  expect(app.keycloak.invitationsTo(email)).toHaveLength(1);
  expect(app.keycloak.mailsTo(email)).toHaveLength(1);
}

describe("two instances", () => {
  it.each([
    ["look for the organisation", "GET", /^\/organizations$/],
    ["make the organisation", "POST", /^\/organizations$/],
  ] as const)("that %s at the same moment end with one organisation, one invitation, and one event for each", async (_, method, path) => {
    await ownTurn(app);
    const { gathered } = gatherAt(2, method, path);
    const customer = await newCustomer(operator);
    const one = app.service.jobs.drain();
    await reached(customer, "last_attempt_at is not null");
    // Only a person's impatience brings a second one to the same step.
    data(await operator.run(RETRY, { input: { tenantId: customer.id } }));
    const another = other.jobs.drain();
    await gathered;
    await Promise.all([one, another]);
    await app.jobs.drain();
    await expectOnlyOnce(customer);
    expect(await actionsIn(app, customer.id)).toEqual(["tenant.create", "provisioning.retry", "keycloak.provision", "keycloak.provision"]);
  });

  it("that find many customers due share them, and lead each of them there once", async () => {
    await ownTurn(app);
    const customers: NewCustomer[] = [];
    for (let n = 0; n < 6; n++) customers.push(await newCustomer(operator));
    await Promise.all([app.service.jobs.drain(), other.jobs.drain(), app.service.jobs.drain(), other.jobs.drain()]);
    for (const customer of customers) await expectOnlyOnce(customer);
  });

  it("that resume the same customer at once after a crash do its work once", async () => {
    await ownTurn(app);
    const customer = await newCustomer(operator);
    await app.sql("update tenant_provisioning_steps set attempts = 1, last_attempt_at = $2, next_attempt_at = $2 where tenant_id = $1 and step = 'organization'", [customer.id, app.clock.now]);
    const job = "insert into pgboss.job (name, data, singleton_key, policy) values ('tenant.provision', $1, $2, 'standard')";
    for (const key of ["one", "other"]) await app.sql(job, [{ tenantId: customer.id }, key]);
    await Promise.all([app.service.jobs.drain(), other.jobs.drain(), app.service.jobs.drain()]);
    await expectOnlyOnce(customer);
    expect(await actionsIn(app, customer.id)).toEqual(["tenant.create", "keycloak.provision", "keycloak.provision"]);
  });
});

/** The first instance is at work. */
async function reached({ id }: NewCustomer, condition: string): Promise<void> {
  for (;;) {
    const rows = await app.sql(`select from tenant_provisioning_steps where tenant_id = $1 and step = 'organization' and ${condition}`, [id]);
    if (rows.length > 0) return;
  }
}
