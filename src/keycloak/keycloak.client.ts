/** Owns the client as the registry holds it: the {@link Keycloak} of one realm, over `fetch`, and the check that the realm is fit for it. */
import { z } from "zod";
import { AdminApi } from "./keycloak.admin.js";
import { read, refusal, says, type Exchanges } from "./keycloak.exchange.js";
import { invitation, invite, member, resend, revoke, revokeAll } from "./keycloak.invitations.js";
import type { Keycloak } from "./keycloak.js";
import { createOrganization, findOrganization, organization, organizationsOf, updateOrganization } from "./keycloak.organizations.js";
import { grantRole } from "./keycloak.roles.js";
import type { KeycloakAccount } from "./keycloak.token.js";

export interface KeycloakOptions extends KeycloakAccount {
  /** For each request, its answer included; a method may need up to eight of them, one after the other. */
  timeoutMs: number;
  now?: () => Date;
  fetch?: typeof fetch;
}

const NO_GROUP = "00000000-0000-0000-0000-000000000000";

/**
 * Keycloak's Admin API, as the service account of one client.
 *
 * Nothing is asked for before the first call. The account needs, of the client `realm-management`, `manage-organizations` and, to see
 * members, `view-users`; and to give roles, the realm's permission `manage-group-membership` for users. `manage-users` would do for both
 * of the latter, but whoever has it can make anybody anything that is not an administrator of Keycloak.
 */
export function openKeycloak({ url, timeoutMs, now = () => new Date(), fetch: send = fetch, ...account }: KeycloakOptions): Keycloak {
  const exchanges: Exchanges = { timeoutMs, fetch: send };
  const api = new AdminApi(exchanges, { ...account, url: url.replace(/\/+$/, "") }, now);
  return {
    findOrganization: (tenantId) => findOrganization(api, tenantId),
    organization: (id) => organization(api, id),
    organizations: (first, max) => organizationsOf(api, { first: String(first), max: String(max) }),
    createOrganization: (wanted) => createOrganization(api, wanted),
    updateOrganization: (id, wanted) => updateOrganization(api, id, wanted),
    invite: (organizationId, person) => invite(api, organizationId, person),
    invitation: (organizationId, email) => invitation(api, organizationId, email),
    resendInvitation: (organizationId, email) => resend(api, organizationId, email),
    revokeInvitation: (organizationId, email) => revoke(api, organizationId, email),
    revokeInvitations: (organizationId) => revokeAll(api, organizationId),
    member: (organizationId, email) => member(api, organizationId, email),
    grantRole: (organizationId, memberId, role) => grantRole(api, organizationId, memberId, role),
    ready: () => refuseUnfitRealm(api),
  };
}

/**
 * What the account may do cannot be read from the token, which may leave roles out and never has permissions. Calls show it that have no
 * effect: nobody may create an organisation without a name, or put anybody into a group that there is not, and who may not do either at
 * all is told so first.
 */
async function refuseUnfitRealm(api: AdminApi): Promise<void> {
  const nameless = await api.call("POST", "/organizations", { body: {} });
  if (!says(nameless, 400)) throw refusal(nameless);
  const users = await api.call("GET", "/users", { query: { max: "1" } });
  if (users.status !== 200) throw refusal(users);
  const [anybody] = read(users, z.array(z.object({ id: z.string().min(1) })));
  if (!anybody) return;
  const nowhere = await api.call("PUT", "/users/{id}/groups/{groupId}", { path: { id: anybody.id, groupId: NO_GROUP } });
  if (!says(nowhere, 404)) throw refusal(nowhere);
}
