/** Owns what the parts of the contract stand on: a Keycloak under test, clients of it, and what somebody else did there. */
import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import { openKeycloak, type KeycloakOptions } from "../../src/keycloak/keycloak.client.js";
import type { Keycloak, KeycloakFailure, Organization, WantedOrganization } from "../../src/keycloak/keycloak.js";
import type { Subject } from "./subject.js";

const PATIENCE_MS = 30_000;
const AT_ONCE = 6;

export class Ground {
  /** Set before the first test. */
  subject: Subject;
  keycloak: Keycloak;

  stand(subject: Subject): void {
    this.subject = subject;
    this.keycloak = this.opened();
  }

  /** One more client, as another instance of the registry has it. */
  opened(options: Partial<KeycloakOptions> = {}): Keycloak {
    return openKeycloak({ ...this.subject.account, fetch: this.subject.fetch, timeoutMs: PATIENCE_MS, ...options });
  }

  /** Requests that a piece of work sends, as `METHOD path`, without those for tokens. */
  async requestsOf(work: (keycloak: Keycloak) => Promise<unknown>): Promise<string[]> {
    const requests: string[] = [];
    const counting: typeof fetch = async (input, init) => {
      const { method, url } = new Request(input, init);
      if (!url.endsWith("/token")) requests.push(`${method} ${new URL(url).pathname.split("/").slice(4).join("/")}`);
      return this.subject.fetch(input, init);
    };
    await work(this.opened({ fetch: counting }));
    return requests;
  }

  /** An organisation that somebody made who is not the registry. */
  async foreign(fields: object): Promise<Organization> {
    const { account, fetch: send } = this.subject;
    const form = new URLSearchParams({ grant_type: "client_credentials", client_id: account.clientId, client_secret: account.clientSecret });
    const login = await send(`${account.url}/realms/${account.realm}/protocol/openid-connect/token`, { method: "POST", body: form });
    const { access_token: token } = (await login.json()) as { access_token: string };
    const made = await send(`${account.url}/admin/realms/${account.realm}/organizations`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(fields),
    });
    expect(made.status, await made.text()).toBe(201);
    return (await this.keycloak.organization(made.headers.get("location")?.split("/").at(-1) ?? "")) as Organization;
  }
}

/** A tenant that nobody has heard of, and what its organisation is to be. */
export function newTenant(fields: Partial<WantedOrganization> = {}): WantedOrganization {
  const tenantId = randomUUID();
  const alias = `t-${tenantId.slice(0, 8)}`;
  const attributes = { tenant_slug: alias, tenant_status: "trial" };
  return { tenantId, name: `Tenant ${tenantId}`, alias, enabled: true, attributes, redirectUrl: "http://localhost:3000/welcome", ...fields };
}

export const newPerson = () => ({ email: `${randomUUID().slice(0, 8)}@people.example`, firstName: "Pía", lastName: "O'Hara & Söhne" });

export const failing = (kind: KeycloakFailure) => expect.objectContaining({ name: "KeycloakError", kind });

/** Several at once. */
export const some = <T>(make: () => Promise<T>) => Promise.all(Array.from({ length: AT_ONCE }, make));
