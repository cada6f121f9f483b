import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "../testkit/events.js";
import { data } from "../testkit/outcome.js";
import { lasting, lastingOperator, later, mappingOf, newCustomer, ownTime, ownTurn, provisioningOf, statesOf } from "../testkit/provisioning.js";
import { registry, type Registry } from "../testkit/registry.js";
import { unique, type Caller } from "../testkit/world.js";

const DAY_SECONDS = 86_400;

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

const organizationOf = (id: string) => app.keycloak.organizationsOf(id)[0];
const statusSaid = (id: string) => organizationOf(id)?.attributes["tenant_status"];
const step = async (mutation: string, input: Record<string, unknown>) =>
  data(await operator.run(`mutation ($input: ${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { tenant { id } } }`, { input }));
const freeze = (id: string) => step("cancelTenant", { id, reason: "NON_PAYMENT" });
const provisionEvents = async (id: string) => (await eventsOf(app, id)).filter(({ action }) => action.startsWith("keycloak.")).map(({ action, metadata }) => [action, metadata["status"] ?? metadata["state"] ?? metadata["errand"]]);
/** Requests that are more than a look. */
const changing = () => app.keycloak.calls.filter(({ method }) => method !== "GET").length;

/** A customer whose administrator is a member. */
async function settled(fields: Record<string, unknown> = {}) {
  const customer = await newCustomer(operator, fields);
  await app.jobs.drain();
  app.keycloak.accept(app.keycloak.mailsTo(customer.email)[0]!);
  await later(app, 60);
  expect(await statesOf(operator, customer.id)).toEqual(["DONE", "DONE", "DONE"]);
  return customer;
}

describe("what changes in the registry reaches Keycloak", () => {
  it("a new name, and nothing else of the organisation", async () => {
    ownTime(app);
    const { id, slug } = await settled();
    Object.assign(organizationOf(id)!, { description: "Written by hand", domains: [{ name: `${slug}.example`, verified: true }] });
    organizationOf(id)!.attributes["crm_number"] = ["17"];
    const before = structuredClone(organizationOf(id)!);
    await step("updateTenant", { id, name: "Countess & Co" });
    await app.jobs.drain();
    expect(organizationOf(id)).toEqual({ ...before, name: "Countess & Co" });
  });

  it("a name that another organisation has already is told apart by the slug", async () => {
    ownTime(app);
    const [one, other] = [await settled(), await settled()];
    const name = unique("Twins");
    for (const { id } of [one, other]) await step("updateTenant", { id, name });
    await app.jobs.drain();
    expect([one, other].map(({ id }) => organizationOf(id)?.name).sort()).toEqual([name, `${name} (${organizationOf(one.id)?.name === name ? other.slug : one.slug})`]);
    expect(await statesOf(operator, other.id)).toEqual(["DONE", "DONE", "DONE"]);
  });

  it("freezing and thawing: the organisation says so, stays enabled, and keeps its members", async () => {
    ownTime(app);
    const { id } = await settled();
    const members = structuredClone(app.keycloak.state.memberships);
    await freeze(id);
    await app.jobs.drain();
    expect([statusSaid(id), organizationOf(id)?.enabled]).toEqual([["frozen"], true]);
    await step("reactivateTenant", { id });
    await app.jobs.drain();
    expect([statusSaid(id), organizationOf(id)?.enabled]).toEqual([["active"], true]);
    expect(app.keycloak.state.memberships).toEqual(members);
    expect(await provisionEvents(id)).toEqual([["keycloak.provision", "active"], ["keycloak.provision", "pending"], ["keycloak.provision", "accepted"], ["keycloak.provision", "grant"], ["keycloak.provision", "frozen"], ["keycloak.provision", "active"]]);
  });

  it("the end of a trial, without anybody's doing", async () => {
    ownTime(app);
    const { id } = await settled({ status: "TRIAL", trialDays: 1 });
    expect(statusSaid(id)).toEqual(["trial"]);
    await later(app, DAY_SECONDS + 60);
    await later(app, 60);
    expect(statusSaid(id)).toEqual(["frozen"]);
  });

  it("archiving: invitations are taken back, and the last that the organisation hears is that the tenant is archived", async () => {
    ownTime(app);
    const { id, email } = await newCustomer(operator);
    await app.jobs.drain();
    const [mail] = app.keycloak.mailsTo(email);
    await freeze(id);
    await step("archiveTenant", { id });
    await app.jobs.drain();
    expect([statusSaid(id), organizationOf(id)?.enabled]).toEqual([["archived"], true]);
    expect(app.keycloak.invitationsTo(email)).toEqual([]);
    expect(app.keycloak.accept(mail!)).toBe(false);
    expect(await statesOf(operator, id)).toEqual(["DONE", "SKIPPED", "SKIPPED"]);
    expect(await provisioningOf(operator, id)).toMatchObject({ verification: { nextAttemptAt: null }, invitations: [] });
    expect((await provisionEvents(id)).at(-1)).toEqual(["keycloak.provision", "archived"]);

    const before = changing();
    await later(app, 3_600);
    expect(changing()).toBe(before);
  });

  it("archiving while an invitation is on its way: it is taken back once it has arrived, also when whoever sent it never comes back", async () => {
    ownTime(app);
    const { id, email } = await newCustomer(operator);
    let arrive = () => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    let send = () => {};
    const sent = new Promise<void>((resolve) => (send = resolve));
    app.keycloak.meddle = async ({ path }, pass) => {
      if (!path.endsWith("/invite-user")) return pass();
      arrive();
      await sent;
      return pass();
    };
    const sender = app.service.jobs.drain();
    await arrived;
    await freeze(id);
    await step("archiveTenant", { id });
    await app.jobs.drain();
    send();
    await sender;
    app.keycloak.meddle = null;
    expect(app.keycloak.invitationsTo(email)).toHaveLength(1);
    await later(app, 120);
    expect(app.keycloak.invitationsTo(email)).toEqual([]);
    expect([statusSaid(id), await statesOf(operator, id)]).toEqual([["archived"], ["DONE", "SKIPPED", "SKIPPED"]]);
  });

  it.each(["by itself", "on a person's command"])("archiving while Keycloak is away is made up for %s", async (way) => {
    ownTime(app);
    const { id, email } = await newCustomer(operator);
    await app.jobs.drain();
    app.keycloak.meddle = async () => new Response("", { status: 503 });
    await freeze(id);
    await step("archiveTenant", { id });
    await app.jobs.drain();
    expect(statusSaid(id)).toEqual(["active"]);
    app.keycloak.meddle = null;
    if (way === "by itself") await later(app, 120);
    else await step("retryProvisioning", { tenantId: id });
    await app.jobs.drain();
    expect(statusSaid(id)).toEqual(["archived"]);
    expect(app.keycloak.invitationsTo(email)).toEqual([]);
  });

  it("a change that came while Keycloak was away, once it is back; of several only the last", async () => {
    ownTime(app);
    const { id } = await settled();
    app.keycloak.meddle = async () => new Response("", { status: 503 });
    await step("updateTenant", { id, name: "First" });
    await app.jobs.drain();
    expect(await provisioningOf(operator, id)).toMatchObject({ organization: { state: "FAILED", attempts: 1, lastError: "The identity provider failed." } });
    const name = unique("Second");
    await step("updateTenant", { id, name });
    app.keycloak.meddle = null;
    await later(app, 120);
    expect(organizationOf(id)?.name).toBe(name);
    expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "DONE"]);
  });

  it("a change whose job was lost", async () => {
    ownTime(app);
    const { id } = await settled();
    const name = unique("Lost");
    await step("updateTenant", { id, name });
    await app.sql("delete from pgboss.job where data->>'tenantId' = $1", [id]);
    await app.jobs.drain();
    expect(organizationOf(id)?.name).not.toBe(name);
    await later(app, 60);
    expect(organizationOf(id)?.name).toBe(name);
  });

  it("nothing, when nothing changed: no request leaves the registry", async () => {
    ownTime(app);
    const { id } = await settled();
    await later(app, 60);
    const before = app.keycloak.calls.length;
    await later(app, 60);
    await later(app, 3_600);
    const about = app.keycloak.calls.slice(before).filter(({ path }) => path.includes(organizationOf(id)!.id));
    expect(about).toEqual([]);
  });
});

describe("where the tenant stands decides what may leave the registry", () => {
  it("a demo tenant: nothing, ever", async () => {
    await ownTurn(app);
    const before = app.keycloak.calls.length;
    const { id } = await newCustomer(operator, { kind: "DEMO", status: "DEMO", adminEmail: null, adminName: null });
    await app.jobs.drain();
    expect(await provisioningOf(operator, id)).toBeNull();
    expect(app.keycloak.calls.length).toBe(before);
    await later(app, 60);
    expect(app.keycloak.organizationsOf(id)).toEqual([]);
  });

  it("a frozen tenant without an organisation gets none, and nobody is invited; once it is active again, both happen", async () => {
    ownTime(app);
    app.keycloak.meddle = async () => new Response("", { status: 503 });
    const { id, email } = await newCustomer(operator);
    await app.jobs.drain();
    await freeze(id);
    app.keycloak.meddle = null;
    await later(app, 3_600);
    expect([app.keycloak.organizationsOf(id), app.keycloak.mailsTo(email)]).toEqual([[], []]);
    await step("reactivateTenant", { id });
    await app.jobs.drain();
    expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "PENDING"]);
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);
  });

  it("a frozen tenant whose invitation is not out yet sends none, but is told of at Keycloak", async () => {
    ownTime(app);
    app.keycloak.settings.mailWorks = false;
    const { id, email } = await newCustomer(operator);
    await app.jobs.drain();
    app.keycloak.settings.mailWorks = true;
    expect(await provisioningOf(operator, id)).toMatchObject({ organization: { state: "DONE" }, invitation: { state: "FAILED", lastError: "The identity provider could not send the mail." } });
    await freeze(id);
    await later(app, 3_600);
    expect([statusSaid(id), app.keycloak.mailsTo(email)]).toEqual([["frozen"], []]);
    await step("reactivateTenant", { id });
    await later(app, 60);
    expect(app.keycloak.mailsTo(email)).toHaveLength(1);
  });

  it("a trial that ended a second ago counts as frozen, although nobody has written that down", async () => {
    const begin = ownTime(app);
    app.keycloak.meddle = async () => new Response("", { status: 503 });
    const { id } = await newCustomer(operator, { status: "TRIAL", trialDays: 1 });
    await app.jobs.drain();
    app.keycloak.meddle = null;
    app.clock.now = new Date(begin.getTime() + DAY_SECONDS * 1_000 + 1_000);
    await step("retryProvisioning", { tenantId: id });
    await app.jobs.drain();
    expect(app.keycloak.organizationsOf(id)).toEqual([]);
  });
});

describe("whose organisation it is", () => {
  it("one that is there already and says that it is ours is adopted and corrected, and none is made", async () => {
    ownTime(app);
    app.keycloak.meddle = async () => new Response("", { status: 503 });
    const { id, slug } = await newCustomer(operator);
    await app.jobs.drain();
    app.keycloak.state.organizations.push({ id: unique("org"), name: "Old name", alias: slug, enabled: false, attributes: { tenant_id: [id], kept: ["yes"] } });
    app.keycloak.meddle = null;
    await later(app, 120);
    expect(app.keycloak.organizationsOf(id)).toMatchObject([{ name: `Customer ${slug}`, enabled: true, attributes: { tenant_id: [id], tenant_status: ["active"], kept: ["yes"] } }]);
    expect(await mappingOf(app, id)).toBe(organizationOf(id)?.id);
  });

  it("one that has our alias or name, and does not say so, is never adopted: a person has to look", async () => {
    ownTime(app);
    const slug = unique("t");
    const theirs = { id: unique("org"), name: "Somebody else's", alias: slug, enabled: true, attributes: {} };
    app.keycloak.state.organizations.push(structuredClone(theirs));
    const { id } = await newCustomer(operator, { slug });
    await app.jobs.drain();
    await later(app, 3_600);
    expect(await provisioningOf(operator, id)).toMatchObject({
      organization: { state: "FAILED", attempts: 1, lastError: "The identity provider has something else under the same name.", nextAttemptAt: null },
      invitation: { state: "PENDING" },
    });
    expect(app.keycloak.state.organizations.find(({ alias }) => alias === slug)).toEqual(theirs);
  });

  it("one that another tenant is mapped to is a conflict, whatever it says", async () => {
    ownTime(app);
    const [one, other] = [await settled(), await newCustomer(operator, { adminEmail: null, adminName: null })];
    await app.jobs.drain();
    await app.sql("update tenants set keycloak_org_id = null where id = $1", [other.id]);
    await app.sql("update tenant_provisioning_steps set sent_name = null, state = 'pending', next_attempt_at = $2 where tenant_id = $1 and step = 'organization'", [other.id, app.clock.now]);
    app.keycloak.state.organizations.splice(app.keycloak.state.organizations.indexOf(organizationOf(other.id)!), 1);
    organizationOf(one.id)!.attributes["tenant_id"] = [other.id];
    await later(app, 60);
    expect(await provisioningOf(operator, other.id)).toMatchObject({ organization: { state: "FAILED", lastError: "The identity provider has something else under the same name.", nextAttemptAt: null } });
  });

  it("one that an operator mapped the tenant to has the last word, also while ours is being made", async () => {
    ownTime(app);
    const { id } = await newCustomer(operator);
    const theirs = unique("org");
    app.keycloak.state.organizations.push({ id: theirs, name: theirs, alias: theirs, enabled: true, attributes: {} });
    app.keycloak.meddle = async ({ method }, pass) => {
      if (method === "POST") await app.sql("update tenants set keycloak_org_id = $2 where id = $1", [id, theirs]);
      return pass();
    };
    await app.jobs.drain();
    expect(await provisioningOf(operator, id)).toMatchObject({ organization: { state: "FAILED", lastError: "The identity provider has something else under the same name." } });
    expect(await mappingOf(app, id)).toBe(theirs);
  });

  it("one that is gone is not made again by a new name: only on command", async () => {
    ownTime(app);
    const { id } = await settled();
    app.keycloak.state.organizations.splice(app.keycloak.state.organizations.indexOf(organizationOf(id)!), 1);
    await step("updateTenant", { id, name: unique("New") });
    await app.jobs.drain();
    expect(app.keycloak.organizationsOf(id)).toEqual([]);
    expect(await provisioningOf(operator, id)).toMatchObject({ organization: { state: "FAILED", lastError: "The identity provider does not have what was asked for.", nextAttemptAt: null } });
  });
});

it("an administrator sees how far its tenant is, whatever the tenant's people do meanwhile", async () => {
  ownTime(app);
  const { id } = await settled();
  const admin = lasting(app, { tenant_id: id, realm_access: { roles: ["IT_ADMIN"] } });
  expect(await statesOf(admin, id)).toEqual(["DONE", "DONE", "DONE"]);
});
