/** Owns what the client makes of a Keycloak that fails, on every route: the kind of the error, in bounded time, and nothing of what was said. */
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openKeycloak } from "../../src/keycloak/keycloak.client.js";
import { KEYCLOAK_FAILURES, KeycloakError, type Keycloak, type KeycloakFailure, type Organization, type WantedOrganization } from "../../src/keycloak/keycloak.js";
import { SERVER_WORDS, shortly, startKeycloakServer, type KeycloakServer, type Misbehaviour } from "../testkit/keycloak-server.js";
import { newPerson, newTenant } from "./ground.js";

const SOON_MS = 100;
let server: KeycloakServer;
let wanted: WantedOrganization;
let home: Organization;
const invited = newPerson();
let memberId: string;

beforeAll(async () => {
  server = await startKeycloakServer();
  wanted = newTenant();
  home = await opened().createOrganization(wanted);
  await opened().invite(home.id, invited);
  const [member, auditor] = [server.fake.addUser({ email: newPerson().email }), server.fake.addUser({ email: newPerson().email })];
  for (const { id } of [member, auditor]) server.fake.state.memberships.push({ organizationId: home.id, userId: id, type: "UNMANAGED" });
  await opened().grantRole(home.id, auditor.id, "AUDITOR");
  memberId = member.id;
});
afterEach(() => server.behave("answer"));
afterAll(() => server.close());

/** A client that has not logged in yet. It gives up soon where the server never answers, and nowhere else: a slow machine changes nothing. */
function opened(impatientAt?: RegExp): Keycloak {
  const impatient: typeof fetch = (input, init) => fetch(input, impatientAt?.test(shortly(init?.method, String(input))) ? init : { ...init, signal: null });
  return openKeycloak({ ...server.fake.account, timeoutMs: SOON_MS, fetch: impatient });
}

interface Route {
  at: RegExp;
  call: (keycloak: Keycloak) => Promise<unknown>;
  /** Where a status means something else than usual. */
  special?: Partial<Record<string, KeycloakFailure>>;
  /** Is no failure here. */
  fine?: Misbehaviour;
}

const sends = { 500: "mail-failed", 404: "conflict" } as const;
const ROUTES: Record<string, Route> = {
  "the login": { at: /^POST \/token$/, call: (keycloak) => keycloak.ready(), special: { 400: "unauthorized" } },
  "looking for an organisation": { at: /^GET \/organizations\?/, call: (keycloak) => keycloak.findOrganization(wanted.tenantId) },
  "listing organisations": { at: /^GET \/organizations\?/, call: (keycloak) => keycloak.organizations(0, 10) },
  "creating an organisation": { at: /^POST \/organizations$/, call: (keycloak) => keycloak.createOrganization(newTenant()) },
  "changing an organisation": { at: /^PUT /, call: (keycloak) => keycloak.updateOrganization(home.id, { ...wanted, enabled: false }) },
  "inviting": { at: /^POST .*\/invite-user$/, call: (keycloak) => keycloak.invite(home.id, newPerson()), special: { 500: "mail-failed" } },
  "looking for an invitation": { at: /^GET .*\/invitations\?/, call: (keycloak) => keycloak.invitation(home.id, invited.email) },
  "sending again": { at: /^POST .*\/resend$/, call: (keycloak) => keycloak.resendInvitation(home.id, invited.email), special: sends },
  "withdrawing": { at: /^DELETE /, call: (keycloak) => keycloak.revokeInvitation(home.id, invited.email), special: { 404: "conflict" } },
  "looking for a member": { at: /^GET .*\/members\?/, call: (keycloak) => keycloak.member(home.id, invited.email) },
  "looking for a role": { at: /^GET .*\/groups\?/, call: (keycloak) => keycloak.grantRole(home.id, memberId, "AUDITOR") },
  "making a role": { at: /^POST .*\/groups$/, call: (keycloak) => keycloak.grantRole(home.id, memberId, newTenant().alias) },
  "giving a role": { at: /^PUT .*\/members\//, call: (keycloak) => keycloak.grantRole(home.id, memberId, "AUDITOR"), special: { 400: "not-found" }, fine: 409 },
  "readiness": { at: /^GET \/users\?/, call: (keycloak) => keycloak.ready() },
  "readiness to give roles": { at: /^PUT \/users\//, call: (keycloak) => keycloak.ready(), fine: 404 },
};

const MISBEHAVIOURS: [behaviour: Misbehaviour, kind: KeycloakFailure][] = [
  [400, "invalid"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "not-found"],
  [405, "not-understood"],
  [409, "conflict"],
  [429, "server-error"],
  [500, "server-error"],
  [503, "server-error"],
  ["html", "not-understood"],
  ["html 404", "not-understood"],
  ["html 409", "not-understood"],
  ["html 403", "forbidden"],
  ["html 502", "server-error"],
  ["empty", "not-understood"],
  ["huge", "not-understood"],
  ["drip", "timeout"],
  ["hang", "timeout"],
  ["reset", "unreachable"],
  ["cut", "unreachable"],
  ["redirect", "not-understood"],
];

/** The error of a call that must not succeed. */
async function errorOf(call: Promise<unknown>): Promise<KeycloakError> {
  const error: unknown = await call.then((value) => expect.unreachable(`succeeded with ${inspect(value)}`), (reason: unknown) => reason);
  expect(error).toBeInstanceOf(KeycloakError);
  return error as KeycloakError;
}

describe.each(Object.entries(ROUTES))("%s", (_name, { at, call, special = {}, fine }) => {
  it.each(MISBEHAVIOURS.filter(([behaviour]) => behaviour !== fine))("%s is %s, told in our own words, and over when the server is well again", async (behaviour, usual) => {
    server.behave(behaviour, at);
    const requestsBefore = server.requests.length;
    const error = await errorOf(call(opened(behaviour === "hang" || behaviour === "drip" ? at : undefined)));
    const kind = special[String(behaviour)] ?? usual;
    expect(error).toMatchObject({ kind, message: KEYCLOAK_FAILURES[kind].message, retryable: KEYCLOAK_FAILURES[kind].retryable });
    expect(`${error.message} ${error.route}`).not.toContain(SERVER_WORDS.slice(0, 12));
    expect(error.route).toMatch(/^(GET|POST|PUT|DELETE) \/[\w/{}-]+$/);
    expect(inspect(error, { depth: 10 })).not.toContain(server.fake.account.clientSecret);
    // A page that moved, a huge or endless answer: none makes the client ask without end.
    expect(server.requests.length - requestsBefore).toBeLessThanOrEqual(6);
    server.behave("answer");
    await opened().ready();
  });
});

it("a missing organisation is only believed when Keycloak itself says so: a proxy's 404 is none", async () => {
  const keycloak = opened();
  server.behave(404, /^GET \/organizations\/[^/]+$/);
  expect(await keycloak.organization(home.id)).toBeNull();
  server.behave("html 404", /^GET \/organizations\/[^/]+$/);
  expect(await errorOf(keycloak.organization(home.id))).toMatchObject({ kind: "not-understood", retryable: true });
});

it("a server that does not run is unreachable, until it runs", async () => {
  const stopped = await startKeycloakServer();
  await stopped.close();
  expect(await errorOf(openKeycloak({ ...stopped.fake.account, timeoutMs: SOON_MS * 100 }).ready())).toMatchObject({ kind: "unreachable", status: null, retryable: true });
});

it("a lost answer is found again: the organisation and the invitation were made, are not made twice, and mailed once", async () => {
  const [tenant, person, keycloak] = [newTenant(), newPerson(), opened()];
  server.behave("lose", /^POST \/organizations$/);
  expect(await errorOf(keycloak.createOrganization(tenant))).toMatchObject({ kind: "unreachable" });
  server.behave("lose", /invite-user$/);
  const { id } = await keycloak.createOrganization(tenant);
  expect(await errorOf(keycloak.invite(id, person))).toMatchObject({ kind: "unreachable" });
  expect(await keycloak.invite(id, person)).toBe("invited");
  expect(server.fake.state.organizations.filter(({ attributes }) => attributes["tenant_id"]?.includes(tenant.tenantId))).toHaveLength(1);
  expect(server.fake.state.invitations.filter(({ organizationId }) => organizationId === id)).toHaveLength(1);
  expect(server.fake.mails.filter(({ to }) => to === person.email)).toHaveLength(1);
});

it("a server that echoes what it was sent leaves neither the token nor the secret in the error", async () => {
  const keycloak = opened();
  server.behave("echo", /^GET \/organizations/);
  const echoed = inspect(await errorOf(keycloak.organizations(0, 1)), { depth: 10 });
  expect(echoed).toContain("authorization");
  expect(echoed).not.toMatch(/in-process-[0-9a-f]/);
  server.behave("echo", /token$/);
  expect(inspect(await errorOf(opened().ready()), { depth: 10 })).not.toContain(server.fake.account.clientSecret);
});

it("an id is one segment of a path, whatever is in it", async () => {
  const keycloak = opened();
  expect(await keycloak.organization("../users?x=#y")).toBeNull();
  expect(server.requests.at(-1)).toBe("GET /organizations/..%2Fusers%3Fx%3D%23y");
  for (const id of ["", ".", ".."]) expect(await errorOf(keycloak.organization(id))).toMatchObject({ kind: "invalid" });
});
