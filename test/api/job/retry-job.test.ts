import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { actionsIn, eventsOf, expectOrigin } from "../../testkit/events.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type World } from "../../testkit/world.js";

const RETRY = "mutation ($id: ID!) { retryJob(input: { id: $id }) { job { id state attempts maxAttempts completedAt tenant { id } lastError { message } } } }";

let app: Registry;
let world: World;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
});
// Other files run what waits in this queue, and expect to find what they asked for.
afterAll(() => app.sql("delete from pgboss.job"));

const row = async (id: string) => (await app.sql("select state::text, retry_limit, completed_on, start_after <= now() as due from pgboss.job where id = $1", [id]))[0];
const FAILED = { state: "failed", retry_limit: 2, completed_on: expect.any(Date), due: true };
const AGAIN = { state: "retry", retry_limit: 3, completed_on: null, due: true };

describe("retryJob", () => {
  it("unauthenticated: nobody without a token retries anything", async () => {
    const { id } = await (await world.tenant()).job();
    fault(await world.anonymous.run(RETRY, { id }), "UNAUTHENTICATED");
    expect(await row(id)).toEqual(FAILED);
  });

  it("forbidden: no tenant's people, no service and no support retries, not even its own", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.job();
    for (const caller of [tenant.admin, tenant.auditor, tenant.member, world.service, world.support]) fault(await caller.run(RETRY, { id }), "FORBIDDEN");
    expect([await row(id), await actionsIn(app, tenant.id)]).toEqual([FAILED, []]);
  });

  it("someone else's: who narrowed to another tenant is answered as if there were no such job", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    const { id } = await one.job();
    const headers = { "x-tenant-id": other.slug };
    const answer = await world.operator.run(RETRY, { id }, headers);
    expect(fault(answer, "NOT_FOUND")).toEqual(fault(await world.operator.run(RETRY, { id: randomUUID() }, headers), "NOT_FOUND"));
    expect(await row(id)).toEqual(FAILED);
  });

  it.each(["", "nobody", "\u0000", randomUUID()])("missing: %j is no job", async (id) => {
    fault(await world.operator.run(RETRY, { id }), id === "\u0000" ? "BAD_USER_INPUT" : "NOT_FOUND");
  });

  it("ok: the job waits for one more attempt, due at once, and it is recorded who asked", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.job();
    const requestId = unique("retry");
    const { token } = world.operator;
    const answer = await world.operator.run(RETRY, { id }, { "x-request-id": requestId, "user-agent": "portal/1" });
    expect(data(answer)).toEqual({ retryJob: { job: { id, state: "RETRYING", attempts: 3, maxAttempts: 4, completedAt: null, tenant: { id: tenant.id }, lastError: { message: "Keycloak does not answer" } } } });
    expect(await row(id)).toEqual(AGAIN);
    expect(await eventsOf(app, tenant.id)).toEqual([{
      action: "job.retry", actorType: "user", targetType: "job", targetId: id, targetName: "tenant.provision", projectId: null, product: null,
      metadata: { attempts: 3, lastError: { code: "UNAVAILABLE", message: "Keycloak does not answer" }, actor_role: "operator" },
    }]);
    const { sub: subject, name = null } = JSON.parse(Buffer.from(token?.split(".")[1] ?? "", "base64url").toString()) as { sub: string; name?: string };
    await expectOrigin(app, requestId, { subject, name });
  });

  it("is not put away with what ended long ago, however long it had failed", async () => {
    const { id } = await (await world.tenant()).job();
    await app.sql("update pgboss.job set completed_on = now() - interval '80 days', keep_until = now() - interval '60 days' where id = $1", [id]);
    data(await world.operator.run(RETRY, { id }));
    await app.jobs.tend();
    expect(await row(id)).toEqual(AGAIN);
  });

  it.each(["created", "active", "completed", "cancelled"])("%s: only what has failed for good can be retried", async (state) => {
    const tenant = await world.tenant();
    const { id } = await tenant.job({ state });
    fault(await world.operator.run(RETRY, { id }), "FAILED_PRECONDITION");
    expect([(await row(id))?.["state"], await actionsIn(app, tenant.id)]).toEqual([state, []]);
  });

  it("the platform's own comes again by itself and is refused", async () => {
    const [{ id }] = (await app.sql("insert into pgboss.job (name, data, state, completed_on) values ('deadlines.sweep', '{}', 'failed', now()) returning id")) as [{ id: string }];
    fault(await world.operator.run(RETRY, { id }), "FAILED_PRECONDITION");
  });

  it("twice: the second finds it done, and records nothing", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.job();
    for (const _ of ["first", "second"]) expect(data(await world.operator.run(RETRY, { id }))["retryJob"].job.state).toBe("RETRYING");
    expect([await row(id), await actionsIn(app, tenant.id)]).toEqual([AGAIN, ["job.retry"]]);
  });

  it("concurrent: of twenty at once one retries, once, and all are told that it is done", async () => {
    const tenant = await world.tenant();
    const { id } = await tenant.job();
    const answers = await Promise.all(Array.from({ length: 20 }, () => world.operator.run(RETRY, { id })));
    for (const answer of answers) expect(data(answer)["retryJob"].job.state).toBe("RETRYING");
    expect([await row(id), await actionsIn(app, tenant.id)]).toEqual([AGAIN, ["job.retry"]]);
  });

  it("frozen: staff retry what a frozen tenant's job failed at", async () => {
    const tenant = await world.tenant({ status: "frozen" });
    const { id } = await tenant.job();
    expect(data(await world.operator.run(RETRY, { id }))["retryJob"].job.state).toBe("RETRYING");
  });
});
