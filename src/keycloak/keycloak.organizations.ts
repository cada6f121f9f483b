/** Owns how a tenant's organisation is found, made once, and brought to what is wanted. */
import { z } from "zod";
import type { AdminApi } from "./keycloak.admin.js";
import { organizationFrom, ORGANIZATION } from "./keycloak.answers.js";
import { failure, read, refusal, says } from "./keycloak.exchange.js";
import { KeycloakError, TENANT_ATTRIBUTE, type Organization, type WantedOrganization } from "./keycloak.js";
import { organizationNames } from "./keycloak.rules.js";

const ALL = "/organizations";
const ONE = "/organizations/{id}";
const PAGE = z.array(ORGANIZATION);

export async function organizationsOf(api: AdminApi, query: Record<string, string>): Promise<Organization[]> {
  const answer = await api.call("GET", ALL, { query: { ...query, briefRepresentation: "false" } });
  if (answer.status !== 200) throw refusal(answer);
  return read(answer, PAGE).map(organizationFrom);
}

/** A query that the server does not understand returns everything, so the attribute is compared here as well. */
export async function findOrganization(api: AdminApi, tenantId: string): Promise<Organization | null> {
  const found = await organizationsOf(api, { q: `${TENANT_ATTRIBUTE}:${tenantId}`, first: "0", max: "10" });
  const [own, ...more] = found.filter((organization) => organization.tenantId === tenantId);
  if (more.length > 0) throw new KeycloakError("conflict", `GET ${ALL}`, { status: 200, internal: `several organisations have ${TENANT_ATTRIBUTE} ${tenantId}` });
  return own ?? null;
}

export async function organization(api: AdminApi, id: string): Promise<Organization | null> {
  const stored = await representation(api, id);
  return stored === null ? null : organizationFrom(stored);
}

/**
 * Look, create, and look again: the answer to a creation has no body, and a refusal may mean that another instance was faster.
 * The alias is unique in the realm and a tenant's for ever, so two creations for one tenant cannot both succeed.
 */
export async function createOrganization(api: AdminApi, wanted: WantedOrganization): Promise<Organization> {
  const existing = await findOrganization(api, wanted.tenantId);
  if (existing !== null) return existing;
  const { alias, enabled, redirectUrl } = wanted;
  const representation = { alias, enabled, attributes: attributesOf(wanted), ...(redirectUrl !== undefined && { redirectUrl }) };
  for (const name of organizationNames(wanted)) {
    const answer = await api.call("POST", ALL, { body: { name, ...representation } });
    if (answer.status !== 201 && !says(answer, 409)) throw refusal(answer);
    const own = await findOrganization(api, wanted.tenantId);
    if (own !== null) return own;
    if (answer.status === 201) throw failure(answer, "not-understood");
  }
  throw new KeycloakError("conflict", `POST ${ALL}`, { status: 409, internal: `alias ${alias} belongs to an organisation without our ${TENANT_ATTRIBUTE}` });
}

export async function updateOrganization(api: AdminApi, id: string, wanted: WantedOrganization): Promise<Organization> {
  const stored = await representation(api, id);
  if (stored === null) throw new KeycloakError("not-found", `GET ${ONE}`, { status: 404 });
  const before = organizationFrom(stored);
  if (before.tenantId !== wanted.tenantId) {
    throw new KeycloakError("conflict", `GET ${ONE}`, { status: 200, internal: `organisation ${id} has ${TENANT_ATTRIBUTE} ${before.tenantId}` });
  }
  const { enabled, redirectUrl } = wanted;
  const attributes = { ...before.attributes, ...attributesOf(wanted) };
  const names = organizationNames(wanted);
  // The second name was chosen because the first was taken: it may stay.
  for (const name of names.includes(before.name) ? [before.name] : names) {
    const after = { ...before, name, enabled, attributes, redirectUrl: redirectUrl ?? null };
    if (isSame(before, after)) return before;
    const answer = await api.call("PUT", ONE, { path: { id }, body: { ...stored, name, enabled, attributes, redirectUrl } });
    if (answer.status === 204) return after;
    if (!says(answer, 409)) throw refusal(answer);
  }
  throw new KeycloakError("conflict", `PUT ${ONE}`, { status: 409, internal: `both names of organisation ${id} are taken` });
}

async function representation(api: AdminApi, id: string): Promise<z.infer<typeof ORGANIZATION> | null> {
  const answer = await api.call("GET", ONE, { path: { id } });
  if (answer.status === 200) return read(answer, ORGANIZATION);
  const error = refusal(answer);
  if (error.kind === "not-found") return null;
  throw error;
}

function attributesOf({ tenantId, attributes }: WantedOrganization): Record<string, string[]> {
  return Object.fromEntries(Object.entries({ ...attributes, [TENANT_ATTRIBUTE]: tenantId }).map(([name, value]) => [name, [value]]));
}

function isSame(one: Organization, other: Organization): boolean {
  const sorted = ({ attributes, ...rest }: Organization) => JSON.stringify([Object.entries(rest).sort(), Object.entries(attributes).sort()]);
  return sorted(one) === sorted(other);
}
