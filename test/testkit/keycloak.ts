/** Owns the Keycloak that tests give to a registry: the imitation with its mails, a record of what it was asked, and a hand on every request. */
import { setImmediate } from "node:timers/promises";
import { openFakeKeycloak, type FakeKeycloak } from "../../src/keycloak/fake/fake.js";
import { openKeycloak } from "../../src/keycloak/keycloak.client.js";
import type { Keycloak } from "../../src/keycloak/keycloak.js";

/** A request as it arrives: `POST /organizations/{id}/members/invite-user`, for instance, with its organisation's id in its place. */
export interface Call {
  method: string;
  path: string;
}

/** Decides what becomes of a request; `pass` lets the server answer. */
export type Meddle = (call: Call, pass: () => Promise<Response>) => Promise<Response>;

export interface TestKeycloak extends FakeKeycloak {
  /** What a registry holds. */
  client: Keycloak;
  /** Every request but those for tokens, oldest first. */
  calls: Call[];
  /** Null lets everything pass. */
  meddle: Meddle | null;
  organizationsOf(tenantId: string): FakeKeycloak["state"]["organizations"];
  invitationsTo(email: string): FakeKeycloak["state"]["invitations"];
  mailsTo(email: string): FakeKeycloak["mails"];
  /** The roles that the person with this address has inside the tenant's organisation. */
  rolesOf(tenantId: string, email: string): string[];
}

/** `timeoutMs` is how long the client waits for a server that hangs. */
export function openTestKeycloak(now: () => Date, timeoutMs = 5_000): TestKeycloak {
  const fake = openFakeKeycloak({ now });
  const keycloak: Omit<TestKeycloak, "client"> = {
    ...fake,
    calls: [],
    meddle: null,
    organizationsOf: (tenantId) => fake.state.organizations.filter(({ attributes }) => attributes["tenant_id"]?.includes(tenantId)),
    invitationsTo: (email) => fake.state.invitations.filter((each) => each.email === email),
    mailsTo: (email) => fake.mails.filter(({ to }) => to === email),
    rolesOf: (tenantId, email) => {
      const ids = fake.state.users.filter((user) => user.email === email).map(({ id }) => id);
      const organizations = keycloak.organizationsOf(tenantId).map(({ id }) => id);
      return fake.state.groups.filter(({ organizationId, userIds }) => organizations.includes(organizationId) && userIds.some((id) => ids.includes(id))).map(({ name }) => name);
    },
  };
  const send: typeof fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    const [, path] = /^\/admin\/realms\/[^/]+(\/.*)$/.exec(pathname) ?? [];
    if (path === undefined) return fake.fetch(input, init);
    const call = { method: init?.method ?? "GET", path };
    keycloak.calls.push(call);
    // As on a network: whoever asks goes on only later.
    await setImmediate();
    const pass = () => fake.fetch(input, init);
    return keycloak.meddle ? keycloak.meddle(call, pass) : pass();
  };
  return Object.assign(keycloak, { client: openKeycloak({ ...fake.account, timeoutMs, now, fetch: send }) });
}
