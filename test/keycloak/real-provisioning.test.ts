/** Owns the proof that a customer is led to a real Keycloak from the graph alone, that its administrator arrives, and that doing it again changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openKeycloak } from "../../src/keycloak/keycloak.client.js";
import type { Keycloak } from "../../src/keycloak/keycloak.js";
import { data } from "../testkit/outcome.js";
import { lastingOperator, mappingOf, newCustomer, provisioningOf, statesOf } from "../testkit/provisioning.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import type { Caller } from "../testkit/world.js";
import { REAL_URL, realSubject, type RealSubject } from "./real.subject.js";

/** Started by `npm run test:keycloak`; in other runs the same is done at the in-process Keycloak. */
describe.skipIf(!REAL_URL)("at a real Keycloak", () => {
  let subject: RealSubject;
  let keycloak: Keycloak;
  let app: Registry;
  let operator: Caller;
  beforeAll(async () => {
    subject = await realSubject();
    const { url, realm, clientId, clientSecret } = subject.account;
    keycloak = openKeycloak({ ...subject.account, timeoutMs: 30_000 });
    app = await openRegistry({ environment: { KEYCLOAK_ADMIN_URL: url, KEYCLOAK_REALM: realm, KEYCLOAK_CLIENT_ID: clientId, KEYCLOAK_CLIENT_SECRET: clientSecret } });
    operator = lastingOperator(app);
  });
  afterAll(async () => {
    await app?.close();
    await subject?.close();
  });

  const steer = async (mutation: string, input: object) =>
    data(await operator.run(`mutation ($input: ${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input!) { ${mutation}(input: $input) { __typename } }`, { input }));
  /** Whatever is due now, and what would be due later. */
  const runAll = async () => {
    await app.sql("update tenant_provisioning_steps set next_attempt_at = now() where next_attempt_at is not null");
    await app.sql("insert into pgboss.job (name, data, singleton_key, policy) select 'tenant.provision', jsonb_build_object('tenantId', id), id::text, 'short' from tenants on conflict do nothing");
    await app.jobs.drain();
  };

  it("createTenant leads to an organisation, one mail, and a member; a second run changes nothing; name, state and end arrive", async () => {
    const { id, slug, email } = await newCustomer(operator);
    await app.jobs.drain();
    expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "PENDING"]);
    const organizationId = (await mappingOf(app, id)) ?? "";
    expect(await keycloak.organization(organizationId)).toMatchObject({ tenantId: id, alias: slug, name: `Customer ${slug}`, enabled: true, redirectUrl: "http://localhost:3000", attributes: { tenant_status: ["active"] } });
    await steer("repairKeycloakDrift", { tenantId: id });
    await runAll();
    expect(await mappingOf(app, id)).toBe(organizationId);
    const [mail = { link: "" }, ...more] = subject.mailsTo(email);
    expect(more).toEqual([]);

    expect(await subject.accept(mail)).toBe(true);
    await runAll();
    expect(await statesOf(operator, id)).toEqual(["DONE", "DONE", "DONE"]);
    expect(await provisioningOf(operator, id)).toMatchObject({ invitations: [{ state: "ACCEPTED" }] });
    await steer("repairKeycloakDrift", { tenantId: id });
    await runAll();
    expect([subject.mailsTo(email).length, await statesOf(operator, id)]).toEqual([1, ["DONE", "DONE", "DONE"]]);

    await steer("updateTenant", { id, name: `Renamed ${slug}` });
    await steer("cancelTenant", { id, reason: "NON_PAYMENT" });
    await app.jobs.drain();
    expect(await keycloak.organization(organizationId)).toMatchObject({ name: `Renamed ${slug}`, enabled: true, attributes: { tenant_id: [id], tenant_status: ["frozen"] } });
    await steer("archiveTenant", { id });
    await app.jobs.drain();
    expect(await keycloak.organization(organizationId)).toMatchObject({ enabled: true, attributes: { tenant_status: ["archived"] } });
    expect(await keycloak.member(organizationId, email)).not.toBeNull();
  });

  it("an invitation is sent again, taken back, and gone with its tenant", async () => {
    const { id, email } = await newCustomer(operator);
    await app.jobs.drain();
    const [invitation] = (await provisioningOf(operator, id))!.invitations;
    app.clock.now = new Date(Date.now() + 120_000);
    await steer("resendInvitation", { tenantId: id, invitationId: invitation?.id });
    await app.jobs.drain();
    app.clock.now = null;
    expect(subject.mailsTo(email)).toHaveLength(2);
    const organizationId = (await mappingOf(app, id)) ?? "";
    expect(await keycloak.invitation(organizationId, email)).toMatchObject({ status: "pending" });
    await steer("revokeInvitation", { tenantId: id, invitationId: invitation?.id });
    await app.jobs.drain();
    expect(await keycloak.invitation(organizationId, email)).toBeNull();
    expect(await statesOf(operator, id)).toEqual(["DONE", "SKIPPED", "SKIPPED"]);

    const other = await newCustomer(operator);
    await app.jobs.drain();
    await steer("cancelTenant", { id: other.id, reason: "NON_PAYMENT" });
    await steer("archiveTenant", { id: other.id });
    await app.jobs.drain();
    expect(await keycloak.invitation((await mappingOf(app, other.id)) ?? "", other.email)).toBeNull();
  });

  it("the drift report finds what was changed by hand, and a repair mends it", async () => {
    const { id, slug } = await newCustomer(operator, { adminEmail: null, adminName: null });
    await app.jobs.drain();
    const organizationId = (await mappingOf(app, id)) ?? "";
    const own = { tenantId: id, alias: slug, enabled: true };
    await keycloak.updateOrganization(organizationId, { ...own, name: `By hand ${slug}`, attributes: { tenant_status: "demo" } });
    const report = async () => {
      const { keycloakDrift } = data(await operator.run("{ keycloakDrift(first: 100) { nodes { tenant { id } kinds } } }"));
      return keycloakDrift.nodes.filter(({ tenant }: { tenant: { id: string } | null }) => tenant?.id === id).map(({ kinds }: { kinds: string[] }) => kinds);
    };
    expect(await report()).toEqual([["NAME_DIFFERS", "STATUS_DIFFERS"]]);
    await steer("repairKeycloakDrift", { tenantId: id });
    await app.jobs.drain();
    expect(await report()).toEqual([]);
    expect(await keycloak.organization(organizationId)).toMatchObject({ name: `Customer ${slug}` });
  });
});
