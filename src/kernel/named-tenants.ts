/** Owns which tenants a token names, and what it says the person is in each of them. Which tenant an organisation is, only the database knows. */
import type { Role } from "./action.js";
import { isPlainText } from "./bearer.js";

/** How a token names a tenant. Ids of ours are UUIDs in lower case; an organisation's id is the issuer's, opaque to us. */
export interface TenantReference {
  readonly by: "tenant-id" | "organization-id" | "alias";
  readonly value: string;
}

/** What a person can be inside one tenant. */
export type TenantRole = Extract<Role, "member" | "auditor" | "admin">;

/** A tenant that a token names, with what the person is in that tenant and in no other. */
export interface NamedTenant extends TenantReference {
  readonly roles: readonly TenantRole[];
}

/** The roles of ours that the issuer's names mean; a name that means none is left out. */
export type RolesCalled = (names: readonly unknown[]) => Role[];

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SLUG = /^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$/;
const TOP_GROUP = /^\/[^/]+$/;
const MAX_IDENTIFIER_CHARACTERS = 255;
const MAX_GROUPS = 1_000;

/** What these two claims name. What is malformed is ignored as if absent. */
export function namedTenants(tenantId: unknown, organization: unknown, rolesCalled: RolesCalled): NamedTenant[] {
  const own = typeof tenantId === "string" && UUID.test(tenantId) ? [{ by: "tenant-id", value: tenantId.toLowerCase(), roles: [] } as const] : [];
  return [...own, ...organizationsIn(organization, rolesCalled)];
}

/**
 * Keycloak writes one alias, a list of aliases, or a map by alias, whose objects hold an `id` and `groups` if the realm adds them; all
 * else in them is opaque. An alias can be used again after a deletion, an id cannot: where there is an id, it alone counts, and where
 * it is unusable, so is the entry.
 */
function organizationsIn(claim: unknown, rolesCalled: RolesCalled): NamedTenant[] {
  if (typeof claim === "string") return byAlias(claim, []);
  if (Array.isArray(claim)) return [...new Set(claim as unknown[])].flatMap((alias) => byAlias(alias, []));
  if (!isObject(claim)) return [];
  return Object.entries(claim).flatMap(([alias, organization]) => {
    if (!isObject(organization)) return byAlias(alias, []);
    const roles = rolesIn(organization, rolesCalled);
    return Object.hasOwn(organization, "id") ? byId(organization.id, roles) : byAlias(alias, roles);
  });
}

/**
 * Groups at the top of an organisation are roles in it: `/IT_ADMIN`, and never `/team/IT_ADMIN`. Whoever fills the groups of one
 * organisation decides nothing beyond it: no group makes anybody staff.
 */
function rolesIn(organization: Record<string, unknown>, rolesCalled: RolesCalled): TenantRole[] {
  const groups: unknown = Object.hasOwn(organization, "groups") ? organization.groups : [];
  if (!Array.isArray(groups) || groups.length > MAX_GROUPS) return [];
  const names = (groups as unknown[]).flatMap((path) => (typeof path === "string" && TOP_GROUP.test(path) ? [path.slice(1)] : []));
  return rolesCalled(names).filter(isTenantRole);
}

function byAlias(alias: unknown, roles: readonly TenantRole[]): NamedTenant[] {
  return typeof alias === "string" && SLUG.test(alias) ? [{ by: "alias", value: alias, roles }] : [];
}

function byId(id: unknown, roles: readonly TenantRole[]): NamedTenant[] {
  return isPlainText(id, MAX_IDENTIFIER_CHARACTERS) ? [{ by: "organization-id", value: id, roles }] : [];
}

function isTenantRole(role: Role): role is TenantRole {
  return role === "member" || role === "auditor" || role === "admin";
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
