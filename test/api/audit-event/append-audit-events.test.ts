import { randomUUID } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { retracedHash } from "../../../src/audit-event/audit-event.content.js";
import { data, fault } from "../../testkit/outcome.js";
import { registry, type Registry } from "../../testkit/registry.js";
import { openWorld, unique, type Caller, type TenantInWorld, type World } from "../../testkit/world.js";

const APPEND = "mutation ($input: AppendAuditEventsInput!) { appendAuditEvents(input: $input) { events { id hash repeated } } }";

let app: Registry;
let world: World;
let desk: Caller;
beforeAll(async () => {
  app = await registry();
  world = await openWorld(app);
  desk = await world.caller({ product: "desk", sub: "service-account-desk", name: "Desk" });
});
afterEach(() => {
  app.clock.now = null;
});

type Appended = { id: string; hash: string; repeated: boolean };
const event = (more: object = {}) => ({ action: "ticket.close", crud: "UPDATE", actor: { id: "ada" }, ...more });
const append = ({ id: tenantId }: { id: string }, events: object[], by: Caller = desk, headers = {}) => by.run(APPEND, { input: { tenantId, events } }, headers);
const appended = async (...given: Parameters<typeof append>): Promise<Appended[]> => data(await append(...given))["appendAuditEvents"].events;
const rowsOf = ({ id }: { id: string }) => app.sql<Record<string, unknown>>("select * from audit_log where tenant_id = $1 order by id", [id]);
const namesOf = ({ id }: { id: string }) => app.sql<Record<string, unknown>>("select * from audit_external_ids where tenant_id = $1", [id]);

async function expectNothing(tenant: { id: string }): Promise<void> {
  expect([await rowsOf(tenant), await namesOf(tenant)]).toEqual([[], []]);
}

describe("appendAuditEvents", () => {
  let tenant: TenantInWorld;
  beforeAll(async () => {
    tenant = await world.tenant();
  });

  it("unauthenticated: nobody without a token appends", async () => void fault(await append(tenant, [event()], world.anonymous), "UNAUTHENTICATED"));

  it("forbidden: nobody appends but a product's service, not even who may do everything", async () => {
    for (const caller of [tenant.member, tenant.auditor, tenant.admin, world.support, world.operator]) fault(await append(tenant, [event()], caller), "FORBIDDEN");
    fault(await append(tenant, [event()], await world.caller({ product: "tenant-registry" })), "FORBIDDEN");
    await expectNothing(tenant);
  });

  it("not found: an unknown tenant and a malformed id are the same", async () => {
    for (const id of [randomUUID(), "acme"]) expect(fault(await append({ id }, [event()]), "NOT_FOUND").message).toBe("Tenant not found");
  });

  it("read-only: an archived tenant gets no more events, whether there is something wrong with them or not", async () => {
    const archived = await world.tenant({ status: "archived" });
    for (const action of ["ticket.close", "wrong"]) fault(await append(archived, [event({ action })]), "TENANT_READ_ONLY");
    await expectNothing(archived);
  });

  it.each(["trial", "active", "frozen", "demo"])("goes on in a tenant that is %s", async (status) => {
    const other = await world.tenant({ status, kind: status === "demo" ? "demo" : "customer", trialEndsAt: new Date(Date.now() + 86_400_000) });
    expect(await appended(other, [event()])).toHaveLength(1);
  });

  it("records everything that was said, and what the registry knows itself", async () => {
    const there = await world.tenant();
    const project = await there.project();
    const created = new Date(Date.now() - 86_400_000);
    const said = {
      action: "ticket.close",
      crud: "DELETE",
      actor: { id: "ada", name: "Ada", type: "user", href: "https://desk.example/ada", fields: { team: "a" } },
      target: { id: "t-1", name: "Printer", type: "ticket", href: "https://desk.example/t-1", fields: { queue: "b" } },
      created,
      sourceIp: "2001:db8::1",
      userAgent: "browser/1",
      description: "Ada closed the ticket. 😀",
      isFailure: true,
      fields: { a: "1" },
      metadata: { b: "2" },
      component: "tickets",
      version: "1.2.3",
      externalId: "e-1",
      requestId: "r-1",
      projectId: project.id.toUpperCase(),
    };
    const [{ id, hash, repeated }] = (await appended(there, [said], desk, { "x-request-id": "ours" })) as [Appended];
    expect(repeated).toBe(false);
    expect(hash).toBe(retracedHash(id, there.id, { ...said }));
    const [row, ...others] = await rowsOf(there);
    expect(others).toEqual([]);
    expect(row).toEqual({
      id: expect.anything(), xid: expect.anything(), received_at: expect.any(Date),
      uid: id, tenant_id: there.id, project_id: project.id, action: "ticket.close", crud: "d",
      actor_id: "ada", actor_name: "Ada", actor_type: "user", actor_href: "https://desk.example/ada", actor_fields: { team: "a" },
      target_id: "t-1", target_name: "Printer", target_type: "ticket", target_href: "https://desk.example/t-1", target_fields: { queue: "b" },
      product: "desk", metadata: { b: "2" }, fields: { a: "1" }, is_failure: true, is_anonymous: false, description: "Ada closed the ticket. 😀",
      component: "tickets", version: "1.2.3", external_id: "e-1", writer: "service-account-desk", source_ip: "2001:db8::1", user_agent: "browser/1",
      request_id: "r-1", created_at: created,
    });
    expect(Number(row?.["received_at"])).toBeGreaterThan(created.getTime());
    const shown = data(await there.auditor.run(`query ($id: ID!) { auditEvent(id: $id) { crud isFailure externalId writer actorFields targetHref fields sourceIp } }`, { id }))["auditEvent"];
    expect(shown).toEqual({ crud: "DELETE", isFailure: true, externalId: "e-1", writer: "service-account-desk", actorFields: { team: "a" }, targetHref: "https://desk.example/t-1", fields: { a: "1" }, sourceIp: "2001:db8::1" });
  });

  it("records what is not said as not known, never as the product's own server", async () => {
    const there = await world.tenant();
    await appended(there, [event({ actor: null, isAnonymous: true })], desk, { "x-request-id": "ours-1" });
    expect(await rowsOf(there)).toEqual([
      expect.objectContaining({
        actor_id: null, actor_name: null, actor_type: null, is_anonymous: true, is_failure: false, source_ip: null, user_agent: null, request_id: "ours-1",
        target_id: null, metadata: {}, fields: null, external_id: null, project_id: null, component: null, product: "desk", writer: "service-account-desk",
      }),
    ]);
    const [row] = await rowsOf(there);
    expect(row?.["created_at"]).toEqual(row?.["received_at"]);
  });

  it("keeps the order of a request's events", async () => {
    const there = await world.tenant();
    const events = Array.from({ length: 50 }, (_, n) => event({ description: String(n) }));
    const answered = await appended(there, events);
    expect((await rowsOf(there)).map(({ uid, description }) => [uid, description])).toEqual(answered.map(({ id }, n) => [id, String(n)]));
  });

  it("refuses none and more than fifty", async () => {
    for (const count of [0, 51]) fault(await append(tenant, Array.from({ length: count }, () => event())), "BAD_USER_INPUT", "events");
    await expectNothing(tenant);
  });

  it("tells everything that is wrong with any of them at once, and records none", async () => {
    const theirs = await (await world.tenant()).project();
    expect(await app.sql("select id from tenant_projects where id = $1", [theirs.id])).toHaveLength(1);
    const events = [event({ externalId: unique("e") }), event({ action: "wrong", projectId: theirs.id, sourceIp: "x" }), event(), event({ fields: { a: 1 }, projectId: randomUUID() })];
    const { message, extensions } = fault(await append(tenant, events), "BAD_USER_INPUT", "events");
    const { violations } = extensions as unknown as { violations: { index: number; field: string; message: string }[] };
    expect(violations.map(({ index, field }) => [index, field])).toEqual([[1, "action"], [1, "sourceIp"], [1, "projectId"], [3, "fields"], [3, "projectId"]]);
    expect(message).toMatch(/^5 violations; the first one, of events\.1: action must/);
    await expectNothing(tenant);
  });

  it("someone else's: another tenant's project is as good as none, in the same words", async () => {
    const theirs = await (await world.tenant()).project();
    const words = async (projectId: string) => fault(await append(tenant, [event({ projectId })]), "BAD_USER_INPUT").message;
    expect(await words(theirs.id)).toBe(await words(randomUUID()));
    expect(await words(theirs.id)).toBe(await words("p1"));
  });

  it("asks the registry's clock how old an event may be", async () => {
    const there = await world.tenant();
    const ahead = new Date(Date.now() + 8 * 60_000);
    const old = new Date(Date.now() - 8 * 86_400_000);
    for (const created of [ahead, old]) fault(await append(there, [event({ created })]), "BAD_USER_INPUT");
    await expectNothing(there);
    app.clock.now = new Date(Date.now() + 4 * 60_000);
    expect(await appended(there, [event({ created: ahead })])).toHaveLength(1);
  });
});

describe("an event that a product sends twice", () => {
  const named = (more: object = {}) => event({ externalId: "e-1", ...more });

  it("is recorded once, and answered as it was the first time", async () => {
    const there = await world.tenant();
    const [first] = (await appended(there, [named()])) as [Appended];
    const again = await appended(there, [event(), named({ target: null, isFailure: false })], desk, { "x-request-id": unique("another") });
    expect(again[1]).toEqual({ ...first, repeated: true });
    expect(await rowsOf(there)).toHaveLength(2);
  });

  it("is one also within a request", async () => {
    const there = await world.tenant();
    const [first, , second] = await appended(there, [named(), named({ externalId: "e-2" }), named()]);
    expect(second).toEqual({ ...first, repeated: true });
    expect(await rowsOf(there)).toHaveLength(2);
  });

  it("must say the same, or nothing of the request is recorded", async () => {
    const there = await world.tenant();
    await appended(there, [named()]);
    const before = [await rowsOf(there), await namesOf(there)];
    const { message } = fault(await append(there, [named({ externalId: "e-0" }), named({ description: "else" })]), "CONFLICT", "events.1.externalId");
    expect(message).toBe("Another event was recorded under this externalId");
    expect([await rowsOf(there), await namesOf(there)]).toEqual(before);
  });

  it("is another one in another tenant, and of another product", async () => {
    const [one, other] = [await world.tenant(), await world.tenant()];
    const answers = [await appended(one, [named()]), await appended(other, [named({ description: "else" })]), await appended(one, [named({ description: "third" })], world.service)].flat();
    expect(answers.map(({ repeated }) => repeated)).toEqual([false, false, false]);
    expect((await rowsOf(one)).map(({ product }) => product)).toEqual(["desk", "crm"]);
  });

  it("of two requests at once is recorded by one, whatever the order of their events", async () => {
    const there = await world.tenant();
    const events = Array.from({ length: 20 }, (_, n) => named({ externalId: `e-${n}` }));
    const answers = await Promise.all([events, [...events].reverse(), events, [...events].reverse()].map((some) => appended(there, some)));
    expect(new Set(answers.flat().map(({ id }) => id)).size).toBe(20);
    expect(answers.flat().filter(({ repeated }) => !repeated)).toHaveLength(20);
    expect(await rowsOf(there)).toHaveLength(20);
  });

  it("of two requests at once that say different things one is refused", async () => {
    const there = await world.tenant();
    const answers = await Promise.all(["one", "other"].map((description) => append(there, [named({ description })])));
    expect(answers.map(({ body }) => body.errors?.[0]?.extensions.code ?? "recorded").sort()).toEqual(["CONFLICT", "recorded"]);
    expect(await rowsOf(there)).toHaveLength(1);
  });

  it("is not answered when somebody was erased from what was recorded", async () => {
    const there = await world.tenant();
    await appended(there, [named()]);
    await app.sql("update audit_external_ids set digest = null where tenant_id = $1", [there.id]);
    fault(await append(there, [named()]), "CONFLICT", "events.0.externalId");
    expect(await rowsOf(there)).toHaveLength(1);
  });

  it("after a request that failed is the first one", async () => {
    const there = await world.tenant();
    fault(await append(there, [named(), event({ action: "wrong" })]), "BAD_USER_INPUT");
    expect((await appended(there, [named()]))[0]?.repeated).toBe(false);
  });
});
