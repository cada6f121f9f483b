/**
 * Owns what a running Keycloak with the development realm must hand out; starting and stopping it is `check-realm.sh`.
 *
 * Logs in as every user and client, verifies each token as the registry would, and looks at the claims and at what the
 * registry's own service account may do. Stops at the first thing that does not hold, with a non-zero exit code.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JWTPayload } from "jose";

const REALM = "breakpilot-dev";
const AUDIENCE = "tenant-registry";
const REQUEST_TIMEOUT_MS = 10_000;

const {
  KEYCLOAK_VERSION: version = "unknown",
  KEYCLOAK_URL: baseUrl = "http://127.0.0.1:8080",
  KEYCLOAK_PUBLIC_URL: publicUrl = baseUrl,
  REALM_USER_PASSWORD: password = "dev-only-password",
  REGISTRY_CLIENT_SECRET: registrySecret = "dev-only-registry-client-secret",
  PRODUCT_CRM_CLIENT_SECRET: productCrmSecret = "dev-only-product-crm-client-secret",
  RECORD_TO: recordTo = "",
} = process.env;

const realmUrl = `${baseUrl}/realms/${REALM}`;
const issuer = `${publicUrl}/realms/${REALM}`;

/** An organization as the claim carries it, without groups, and the tenant that its attribute names. */
const ACME = { id: "a0000000-0000-4000-8000-000000000001", tenant_id: ["00000000-0000-0000-0000-000000000001"] };
const BIGCORP = { id: "a0000000-0000-4000-8000-000000000002", tenant_id: ["00000000-0000-0000-0000-000000000002"] };

/** A role in a tenant is a group of its organization; a role of the realm is staff's. Who is in several organizations asks for all of them. */
const PEOPLE = [
  { username: "acme-admin", roles: [], organization: { acme: { ...ACME, groups: ["/IT_ADMIN"] } } },
  { username: "acme-auditor", roles: [], organization: { acme: { ...ACME, groups: ["/AUDITOR"] } } },
  { username: "acme-member", roles: [], organization: { acme: { ...ACME, groups: [] } } },
  { username: "bigcorp-admin", roles: [], organization: { bigcorp: { ...BIGCORP, groups: ["/IT_ADMIN"] } } },
  { username: "consultant", scope: "organization:*", roles: [], organization: { acme: { ...ACME, groups: [] }, bigcorp: { ...BIGCORP, groups: ["/IT_ADMIN"] } } },
  { username: "operator", roles: ["platform-operator"], organization: {} },
  { username: "support", roles: ["platform-support"], organization: {} },
];

async function request(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { redirect: "manual", signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS), ...init });
}

/** Ask the token endpoint, in a form; returns its status and JSON body. */
async function askForToken(form: Record<string, string>): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await request(`${realmUrl}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function accessToken(form: Record<string, string>): Promise<string> {
  const { status, body } = await askForToken(form);
  assert.equal(status, 200, `${form.username ?? form.client_id} gets no token: ${JSON.stringify(body)}`);
  return body.access_token as string;
}

const loginOf = (username: string, scope = "openid") => accessToken({ grant_type: "password", client_id: "portal", scope, username, password });
const ownTokenOf = (clientId: string, secret: string) =>
  accessToken({ grant_type: "client_credentials", client_id: clientId, client_secret: secret });

const discovery = (await (await request(`${realmUrl}/.well-known/openid-configuration`)).json()) as { issuer: string };
assert.equal(discovery.issuer, issuer, "discovery names the pinned host name, whichever address was asked");
const jwks = createLocalJWKSet(await (await request(`${realmUrl}/protocol/openid-connect/certs`)).json());

/** Verify as the registry does: signature, issuer, audience, times, and Keycloak's `typ` of an access token. */
async function verified(token: string): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, jwks, { issuer, audience: AUDIENCE, requiredClaims: ["exp", "iat", "sub"] });
  assert.equal(payload.typ, "Bearer");
  return payload;
}

const recorded: Record<string, { header: object; payload: JWTPayload }> = {};
function record(name: string, token: string): void {
  const { alg, typ } = decodeProtectedHeader(token);
  recorded[name] = { header: { alg, typ }, payload: decodeJwt(token) };
}

for (const { username, scope, roles, organization } of PEOPLE) {
  const token = await loginOf(username, scope);
  const payload = await verified(token);
  assert.deepEqual(payload.realm_access, roles.length > 0 ? { roles } : undefined, `realm roles of ${username}`);
  assert.deepEqual(payload.organization, organization, `organization of ${username}`);
  assert.equal(payload.azp, "portal");
  assert.equal(payload.preferred_username, username);
  assert.equal(payload.product, undefined, "a person speaks for no product");
  record(username, token);
}

const productToken = await ownTokenOf("product-crm", productCrmSecret);
const product = await verified(productToken);
assert.equal(product.product, "crm");
assert.equal(product.client_id, "product-crm");
assert.equal(product.organization, undefined);
assert.equal(product.realm_access, undefined, "a product has no role of a person");
record("product-crm", productToken);

const registryToken = await ownTokenOf("tenant-registry", registrySecret);
await assert.rejects(verified(registryToken), /"aud"/, "the registry's own account is no caller of the registry");
record("tenant-registry", registryToken);

const admin = async (path: string, method = "GET", body?: object) =>
  request(`${baseUrl}/admin/realms/${REALM}/${path}`, {
    method,
    headers: { authorization: `Bearer ${registryToken}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
const organizations = (await (await admin("organizations?briefRepresentation=false")).json()) as {
  alias: string;
  id: string;
  attributes: { tenant_id: string[] };
}[];
assert.deepEqual(
  Object.fromEntries(organizations.map(({ alias, id, attributes }) => [alias, { id, tenant_id: attributes.tenant_id }])),
  { acme: ACME, bigcorp: BIGCORP },
  "the service account sees the organizations with their tenants",
);
for (const [path, status] of [["users?max=1", 200], ["identity-provider/instances", 403], ["clients", 403], ["events", 403]] as const) {
  assert.equal((await admin(path)).status, status, `service account of the registry: GET ${path}`);
}

// The account gives roles inside an organization, and nothing else to anybody.
const [{ id: member }] = (await (await admin("users?exact=true&username=acme-member")).json()) as [{ id: string }];
const groups = (await (await admin(`organizations/${ACME.id}/groups`)).json()) as { id: string; name: string }[];
const auditors = `organizations/${ACME.id}/groups/${groups.find(({ name }) => name === "AUDITOR")?.id}/members/${member}`;
assert.equal((await admin(auditors, "PUT")).status, 204);
assert.deepEqual((await verified(await loginOf("acme-member"))).organization, { acme: { ...ACME, groups: ["/AUDITOR"] } }, "a role that was given is in the next token");
assert.equal((await admin(auditors, "DELETE")).status, 204);
for (const [method, path, body] of [
  ["POST", `users/${member}/role-mappings/realm`, [{ name: "platform-operator" }]],
  ["PUT", `users/${member}/reset-password`, { type: "password", value: "theirs" }],
  ["PUT", `users/${member}`, { email: "theirs@evil.example" }],
  ["POST", "users", { username: "another" }],
  ["POST", "groups", { name: "another" }],
] as const) {
  assert.equal((await admin(path, method, body)).status, 403, `service account of the registry: ${method} ${path}`);
}

const wrongSecret = await askForToken({ grant_type: "client_credentials", client_id: "product-crm", client_secret: "wrong" });
assert.equal(wrongSecret.status, 401);
const passwordElsewhere = await askForToken({
  grant_type: "password",
  client_id: "tenant-registry",
  client_secret: registrySecret,
  username: "acme-admin",
  password,
});
assert.equal(passwordElsewhere.body.error, "unauthorized_client", "only the portal has the direct access grant");

/** Status and target of an authorization request of the portal. */
async function authorize(parameters: Record<string, string>): Promise<{ status: number; location: string }> {
  const query = new URLSearchParams({ response_type: "code", client_id: "portal", scope: "openid", ...parameters });
  const response = await request(`${realmUrl}/protocol/openid-connect/auth?${query}`);
  return { status: response.status, location: response.headers.get("location") ?? "" };
}
const pkce = { code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method: "S256" };
const LOCAL = "http://localhost:3000/callback";
assert.equal((await authorize({ ...pkce, redirect_uri: LOCAL })).status, 200, "the login page, with PKCE, on any local port");
assert.match((await authorize({ redirect_uri: LOCAL })).location, /error=invalid_request/, "no code flow without PKCE");
for (const foreign of ["http://localhost:1@evil.example/", "http://localhost.evil.example/", "https://evil.example/"]) {
  assert.equal((await authorize({ ...pkce, redirect_uri: foreign })).status, 400, `redirect to ${foreign} is refused`);
}

if (recordTo) {
  const note = "Decoded access tokens of a real Keycloak with the development realm; written by deploy/keycloak/check-realm.sh.";
  writeFileSync(recordTo, `${JSON.stringify({ note, keycloakVersion: version, issuer, tokens: recorded }, null, 2)}\n`);
}
process.stdout.write(`Keycloak ${version}: ${Object.keys(recorded).length} tokens and the Admin API are as the registry expects them\n`);
