import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { lastingOperator, newCustomer, statesOf } from "../../testkit/provisioning.js";
import { openRegistry, registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type World } from "../../testkit/world.js";

const RETRY = `mutation ($input: RetryProvisioningInput!) { retryProvisioning(input: $input) { tenant { id slug } } }`;

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
afterEach(() => {
  app.keycloak.meddle = null;
});

const retry = (caller: Caller, tenantId: string, more: object = {}) => caller.run(RETRY, { input: { tenantId, ...more } });
const jobsOf = async (id: string) => (await app.sql("select from pgboss.job where name = 'tenant.provision' and data->>'tenantId' = $1 and state = 'created'", [id])).length;

describe("retryProvisioning", () => {
  it("unauthenticated: nobody without a token retries", async () => {
    fault(await retry(world.anonymous, (await world.tenant()).id), "UNAUTHENTICATED");
  });

  it("forbidden: only operators retry", async () => {
    const tenant = await world.tenant();
    await tenant.invitation();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.support, world.service]) fault(await retry(caller, tenant.id), "FORBIDDEN");
    expect(await jobsOf(tenant.id)).toBe(0);
    expect(await actionsIn(app, tenant.id)).toEqual([]);
  });

  it("someone else's: an operator who narrowed to one tenant retries no other", async () => {
    const [mine, theirs] = [await world.tenant(), await world.tenant()];
    await theirs.invitation();
    const refused = await world.operator.run(RETRY, { input: { tenantId: theirs.id } }, { "x-tenant-id": mine.id });
    const missing = await world.operator.run(RETRY, { input: { tenantId: randomUUID() } }, { "x-tenant-id": mine.id });
    fault(refused, "NOT_FOUND");
    expect(refused.body).toEqual(missing.body);
    expect(await actionsIn(app, theirs.id)).toEqual([]);
  });

  it("a demo tenant has nothing to retry", async () => {
    const demo = await world.tenant({ status: "demo", kind: "demo" });
    fault(await retry(world.operator, demo.id), "FAILED_PRECONDITION", "tenantId");
    expect(await actionsIn(app, demo.id)).toEqual([]);
  });

  it("without an identity provider there is nothing to retry, and nothing is lost", async () => {
    const alone = await openRegistry({ withKeycloak: false });
    try {
      const operator = lastingOperator(alone);
      const { id } = await newCustomer(operator);
      await alone.jobs.tend();
      await alone.jobs.drain();
      expect(await statesOf(operator, id)).toEqual(["SKIPPED", "SKIPPED", "SKIPPED"]);
      fault(await retry(operator, id), "FAILED_PRECONDITION");
      expect(await actionsIn(alone, id)).toEqual(["tenant.create"]);
      expect((await fetch(`${alone.url}/readyz`)).status).toBe(200);
    } finally {
      await alone.close();
    }
  });

  it("where every step is done it changes nothing, and is recorded as nothing", async () => {
    const { id } = await newCustomer(world.operator, { adminEmail: null, adminName: null });
    await app.jobs.drain();
    expect(await statesOf(world.operator, id)).toEqual(["DONE", "SKIPPED", "SKIPPED"]);
    data(await retry(world.operator, id));
    expect([await jobsOf(id), (await actionsIn(app, id)).includes("provisioning.retry")]).toEqual([0, false]);
  });

  it("a tenant for which nothing was ever planned gets its organisation, and nobody is invited", async () => {
    const tenant = await world.tenant();
    data(await retry(world.operator, tenant.id));
    await app.jobs.drain();
    expect(await statesOf(world.operator, tenant.id)).toEqual(["DONE", "SKIPPED", "SKIPPED"]);
    expect(app.keycloak.organizationsOf(tenant.id)).toMatchObject([{ alias: tenant.slug }]);
  });

  it("steps that were skipped for want of an identity provider are done once there is one", async () => {
    const { id, email } = await newCustomer(world.operator);
    await app.sql("update tenant_provisioning_steps set state = 'skipped', next_attempt_at = null where tenant_id = $1", [id]);
    await app.jobs.drain();
    expect(app.keycloak.organizationsOf(id)).toEqual([]);
    data(await retry(world.operator, id));
    await app.jobs.drain();
    expect(await statesOf(world.operator, id)).toEqual(["DONE", "DONE", "PENDING"]);
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);
  });

  it("of ten at once each is answered, and there is one organisation, one mail, and one job that waits", async () => {
    const { id, email } = await newCustomer(world.operator);
    const answers = await Promise.all(Array.from({ length: 10 }, () => retry(world.operator, id)));
    for (const answer of answers) data(answer);
    expect(await jobsOf(id)).toBe(1);
    await app.jobs.drain();
    expect(app.keycloak.organizationsOf(id)).toHaveLength(1);
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);
  });

  it("under an idempotency key it is asked for once, and with other input it is a conflict", async () => {
    const [one, other, idempotencyKey] = [await world.tenant(), await world.tenant(), unique("key")];
    await one.invitation();
    const operator = await world.caller({ realm_access: { roles: ["platform-operator"] } });
    const first = await retry(operator, one.id, { idempotencyKey });
    expect(data(first)["retryProvisioning"].tenant).toEqual({ id: one.id, slug: one.slug });
    expect((await retry(operator, one.id, { idempotencyKey })).body).toEqual(first.body);
    expect(await actionsIn(app, one.id)).toEqual(["provisioning.retry"]);
    fault(await retry(operator, one.id, { idempotencyKey: "a b" }), "BAD_USER_INPUT", "idempotencyKey");
    data(await retry(operator, other.id, { idempotencyKey }));
  });

  it("ok and audited: the steps begin anew, and the event says which were open", async () => {
    const [tenant, subject, requestId] = [await world.tenant(), unique("op"), unique("request")];
    await tenant.invitation();
    const operator = await world.caller({ sub: subject, name: "Olga", realm_access: { roles: ["platform-operator"] } });
    data(await operator.run(RETRY, { input: { tenantId: tenant.id } }, { "x-request-id": requestId, "user-agent": "portal/1" }));
    expect(await app.sql("select state, attempts, last_error from tenant_provisioning_steps where tenant_id = $1 and step = 'organization'", [tenant.id])).toEqual([{ state: "pending", attempts: 0, last_error: null }]);
    expect(await eventsOf(app, tenant.id)).toEqual([
      {
        action: "provisioning.retry",
        actorType: "user",
        targetType: "provisioning",
        targetId: tenant.id,
        targetName: tenant.slug,
        projectId: null,
        product: null,
        metadata: { open: ["organization", "invitation", "verification"], actor_role: "operator" },
      },
    ]);
    await expectOrigin(app, requestId, { subject, name: "Olga" });
  });
});
