/** Owns the proof that the client keeps its promises over a real Keycloak, and that who it invites arrives in the registry as a member of the tenant. */
import { createHash, randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identityFrom } from "../../src/kernel/claims.js";
import type { VerifiedClaims } from "../../src/kernel/bearer.js";
import { openKeycloak } from "../../src/keycloak/keycloak.client.js";
import { data, fault } from "../testkit/outcome.js";
import { newCustomer, provisioningOf } from "../testkit/provisioning.js";
import { openRegistry, type Registry } from "../testkit/registry.js";
import { callerWith } from "../testkit/world.js";
import { Browser, wordsOf } from "./browser.js";
import { keycloakContract } from "./contract.js";
import { converse } from "./exchanges.js";
import { newPerson, newTenant } from "./ground.js";
import { record, recorded, RECORDS } from "./recording.js";
import { accept, PASSWORD, REAL_URL, realSubject, REALM, type RealSubject } from "./real.subject.js";

const CALLBACK = "http://localhost:3000/callback";

/** Started by `npm run test:keycloak`; in other runs the in-process Keycloak stands for it, which is compared with its recording. */
describe.skipIf(!REAL_URL)("a real Keycloak", () => {
  let subject: RealSubject;
  beforeAll(async () => {
    subject = await realSubject();
  });
  afterAll(() => subject?.close());

  it("says what was recorded", async () => {
    const exchanges = await converse(subject);
    if (RECORDS) await record(exchanges);
    expect(exchanges).toEqual((await recorded()).exchanges);
  });

  keycloakContract(async () => subject);

  describe("an invited person", () => {
    let registry: Registry;
    beforeAll(async () => {
      const { url, realm, clientId, clientSecret } = subject.account;
      const environment = { KEYCLOAK_ISSUER: `${REAL_URL}/realms/${REALM}`, KEYCLOAK_ADMIN_URL: url, KEYCLOAK_REALM: realm, KEYCLOAK_CLIENT_ID: clientId, KEYCLOAK_CLIENT_SECRET: clientSecret };
      registry = await openRegistry({ environment });
    });
    afterAll(() => registry?.close());

    it("accepts, logs in, and is in the registry a member of the tenant and of no other; provisioning again changes nothing", async () => {
      const keycloak = openKeycloak({ ...subject.account, timeoutMs: 30_000 });
      const [wanted, person] = [newTenant(), newPerson()];
      const provision = async () => {
        const { id } = await keycloak.createOrganization(wanted);
        return { id, outcome: await keycloak.invite(id, person) };
      };
      const { id: organizationId } = await provision();
      expect(await provision()).toEqual({ id: organizationId, outcome: "invited" });
      const [mail = { link: "" }, ...more] = subject.mailsTo(person.email);
      expect(more).toEqual([]);
      for (const [tenantId, slug, org] of [[wanted.tenantId, wanted.alias, organizationId], [randomUUID(), `o-${wanted.alias}`, randomUUID()]]) {
        await registry.sql("insert into tenants (id, slug, name, status, keycloak_org_id) values ($1, $2, 'A tenant', 'active', $3)", [tenantId, slug, org]);
      }

      expect(await accept(new Browser(), mail.link)).toBe(true);
      const token = await logIn(person.email);

      const claims = decodeJwt(token) as VerifiedClaims;
      const member = await keycloak.member(organizationId, person.email);
      expect(identityFrom(claims)).toMatchObject({ kind: "user", subject: member?.id, roles: ["member"], tenants: [{ by: "organization-id", value: organizationId }] });
      const answer = await callerWith(registry, token).run("{ myTenant { id slug } }");
      expect(answer.body).toEqual({ data: { myTenant: { id: wanted.tenantId, slug: wanted.alias } } });
      expect(await provision()).toEqual({ id: organizationId, outcome: "already-member" });
    });

    it("whom createTenant names becomes the administrator of that tenant, from the mail to the token, and of no other", async () => {
      const operator = callerWith(registry, await operatorsToken());
      const [own, other] = [await newCustomer(operator), await newCustomer(operator)];
      await registry.jobs.drain();
      expect(await accept(new Browser(), subject.mailsTo(own.email)[0]?.link ?? "")).toBe(true);
      const whoIs = async () => data(await callerWith(registry, await logIn(own.email)).run("{ viewer { roles tenant { id } } }"))["viewer"];
      expect(await whoIs()).toEqual({ roles: ["member"], tenant: { id: own.id } });

      await registry.sql("update tenant_provisioning_steps set next_attempt_at = now() where next_attempt_at is not null");
      await registry.jobs.tend();
      await registry.jobs.drain();
      expect(await provisioningOf(operator, own.id)).toMatchObject({ verification: { state: "DONE" }, invitations: [{ state: "ACCEPTED", roleGrantedAt: expect.any(String) }] });
      expect(await whoIs()).toEqual({ roles: ["member", "admin"], tenant: { id: own.id } });
      const administrator = callerWith(registry, await logIn(own.email));
      const steps = ["ORGANIZATION", "INVITATION", "VERIFICATION"].map((step) => ({ step, state: "DONE" }));
      expect(data(await administrator.run("{ myTenant { provisioning { steps { step state } } } }"))).toEqual({ myTenant: { provisioning: { steps } } });
      fault(await administrator.run("{ myTenant { id } }", {}, { "x-tenant-id": other.id }), "NOT_FOUND");

      // A member of the other one as well: what it is there, the other organisation's groups say.
      const keycloak = openKeycloak({ ...subject.account, timeoutMs: 30_000 });
      const { id: there = "" } = (await keycloak.findOrganization(other.id)) ?? {};
      await subject.join(there, (await keycloak.member((await keycloak.findOrganization(own.id))?.id ?? "", own.email))?.id ?? "");
      const inBoth = callerWith(registry, await logIn(own.email, "openid organization:*"));
      const rolesIn = async (id: string) => data(await inBoth.run("{ viewer { roles } }", {}, { "x-tenant-id": id }))["viewer"].roles;
      expect([await rolesIn(own.id), await rolesIn(other.id)]).toEqual([["member", "admin"], ["member"]]);
      const rename = (id: string, chosen: string) => inBoth.run("mutation ($input: UpdateTenantInput!) { updateTenant(input: $input) { tenant { id } } }", { input: { id, name: "Renamed" } }, { "x-tenant-id": chosen });
      data(await rename(own.id, own.id));
      fault(await rename(other.id, other.id), "FORBIDDEN");
      fault(await rename(other.id, own.id), "NOT_FOUND");
    });

    it("is nobody there any more when the organisation is disabled", async () => {
      const keycloak = openKeycloak({ ...subject.account, timeoutMs: 30_000 });
      const [wanted, person] = [newTenant(), newPerson()];
      const { id } = await keycloak.createOrganization(wanted);
      await keycloak.invite(id, person);
      await accept(new Browser(), subject.mailsTo(person.email)[0]?.link ?? "");
      expect(decodeJwt(await logIn(person.email))).toHaveProperty(["organization", wanted.alias]);
      await keycloak.updateOrganization(id, { ...wanted, enabled: false });
      await expect(logIn(person.email)).rejects.toThrow("Account is disabled");
    });
  });
});

/** The operator of the development realm, who needs no browser there. */
async function operatorsToken(): Promise<string> {
  const form = new URLSearchParams({ grant_type: "password", client_id: "portal", username: "operator", password: process.env["REALM_USER_PASSWORD"] ?? "" });
  const answer = await fetch(`${REAL_URL}/realms/${REALM}/protocol/openid-connect/token`, { method: "POST", body: form });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** Log in at the portal's client with a browser: authorization code with PKCE. */
async function logIn(username: string, scope = "openid"): Promise<string> {
  const endpoint = `${REAL_URL}/realms/${REALM}/protocol/openid-connect`;
  const verifier = randomUUID() + randomUUID();
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const query = { response_type: "code", client_id: "portal", redirect_uri: CALLBACK, scope, code_challenge: challenge, code_challenge_method: "S256" };
  const browser = new Browser();
  // With organisations, the realm asks who is there before it asks for the password.
  let page = await browser.open(`${endpoint}/auth?${new URLSearchParams(query)}`);
  for (const [field, value] of [["username", username], ["password", PASSWORD]] as const) page = await browser.submit(page, { [field]: value });
  const code = page.leftFor?.searchParams.get("code");
  if (!code) throw new Error(`no code, but: ${wordsOf(page)}`);
  const form = new URLSearchParams({ grant_type: "authorization_code", client_id: "portal", redirect_uri: CALLBACK, code, code_verifier: verifier });
  const answer = (await (await fetch(`${endpoint}/token`, { method: "POST", body: form })).json()) as { access_token: string };
  return answer.access_token;
}
