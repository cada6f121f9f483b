/** Owns verified claims → identity: who the token says is calling. Which tenant an organisation is, only the database knows. */
import type { Role } from "./action.js";
import { isPlainText, rejectedToken, type VerifiedClaims } from "./bearer.js";

/** How a token names a tenant. Ids of ours are UUIDs in lower case; an organisation's id is the issuer's, opaque to us. */
export interface TenantReference {
  readonly by: "tenant-id" | "organization-id" | "alias";
  readonly value: string;
}

interface Caller {
  /** `sub` of the verified token. */
  readonly subject: string;
  /** Display name, when the token carries one. */
  readonly name: string | null;
}

/** A person; with no tenants, one that may do nothing. A person in any tenant is at least a member. */
export interface UserIdentity extends Caller {
  readonly kind: "user";
  readonly roles: readonly Role[];
  readonly tenants: readonly TenantReference[];
}

/** A product's backend. */
export interface ServiceIdentity extends Caller {
  readonly kind: "service";
  readonly product: string;
  readonly roles: readonly ["service"];
}

/** Platform staff. */
export interface PlatformIdentity extends Caller {
  readonly kind: "platform";
  readonly roles: readonly Role[];
}

export type Identity = UserIdentity | ServiceIdentity | PlatformIdentity;

/** Member names from the claims set inwards; a list, because client ids may contain dots. */
export type ClaimPath = readonly string[];

/** Where the issuer's realm puts what we need. */
export interface ClaimsMapping {
  /** One tenant id of ours. */
  readonly tenantId: ClaimPath;
  /** Keycloak's organisation membership, in any of its shapes. */
  readonly organization: ClaimPath;
  /** The product whose backend this client is, written there by the realm and never by a user. */
  readonly product: ClaimPath;
  /** The first that holds text is the display name. */
  readonly name: readonly ClaimPath[];
  /** Lists of role names, or one text of words separated by spaces. */
  readonly roleSources: readonly ClaimPath[];
  /** The issuer's role names → ours. Other names mean nothing. Being a service comes from {@link product} alone. */
  readonly roles: Readonly<Record<string, Exclude<Role, "service">>>;
  /** Client ids that may be services; null: every client that the realm gives a product. */
  readonly serviceClients: readonly string[] | null;
}

/**
 * What a Keycloak realm gives without further mapping. Add `["resource_access", "<client>", "roles"]` to read the roles of one client.
 *
 * `scope` is not among the role sources: its words say what a client asked for, which need not be what a person is. An issuer that
 * grants by scope adds `["scope"]`.
 */
export const DEFAULT_CLAIMS_MAPPING: ClaimsMapping = {
  tenantId: ["tenant_id"],
  organization: ["organization"],
  product: ["product"],
  name: [["name"], ["preferred_username"]],
  roleSources: [["realm_access", "roles"]],
  roles: {
    IT_ADMIN: "admin",
    AUDITOR: "auditor",
    MEMBER: "member",
    "platform-support": "support",
    "platform-operator": "operator",
  },
  serviceClients: null,
};

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const SLUG = /^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$/;
const PRODUCT = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const MAX_NAME_CHARACTERS = 200;
const MAX_IDENTIFIER_CHARACTERS = 255;
const MAX_TENANTS = 100;

/**
 * Read who is calling from claims that were verified. What is malformed is ignored as if absent, so it can only take rights away.
 *
 * The kinds exclude each other. A token with a product may name neither a tenant nor a platform role; staff stay staff whatever
 * organisations they are members of.
 *
 * Faults   UNAUTHENTICATED if the token is of two kinds, of a person or client that may not be a service, or names more than 100 tenants.
 */
export function identityFrom(claims: VerifiedClaims, mapping: ClaimsMapping = DEFAULT_CLAIMS_MAPPING): Identity {
  const caller = { subject: claims.sub, name: nameIn(claims, mapping) };
  const roles = rolesIn(claims, mapping);
  const platformRoles = roles.filter(isPlatformRole);
  const tenants = tenantsIn(claims, mapping);
  const product = at(claims, mapping.product);

  if (typeof product === "string" && PRODUCT.test(product)) {
    if (platformRoles.length > 0 || tenants.length > 0) throw rejectedToken("the token is of more than one kind of caller");
    // A mapper on the client also marks the tokens of people who sign in through it; only theirs belong to a login session.
    if (claims.sid !== undefined) throw rejectedToken("the token has a product and a login session");
    if (!isServiceClient(claims, mapping)) throw rejectedToken("the token's client may not be a service");
    return { ...caller, kind: "service", product, roles: ["service"] };
  }
  if (platformRoles.length > 0) return { ...caller, kind: "platform", roles: platformRoles };
  if (tenants.length > MAX_TENANTS) throw rejectedToken("the token names too many tenants");
  if (tenants.length === 0) return { ...caller, kind: "user", roles: [], tenants };
  return { ...caller, kind: "user", roles: [...new Set<Role>(["member", ...roles])], tenants };
}

function isPlatformRole(role: Role): boolean {
  return role === "support" || role === "operator";
}

function nameIn(claims: VerifiedClaims, mapping: ClaimsMapping): string | null {
  const names = mapping.name.map((path) => at(claims, path));
  return names.find((name) => isPlainText(name, MAX_NAME_CHARACTERS)) ?? null;
}

function rolesIn(claims: VerifiedClaims, mapping: ClaimsMapping): Role[] {
  const words = mapping.roleSources.flatMap((path) => {
    const source = at(claims, path);
    return typeof source === "string" ? source.split(" ") : Array.isArray(source) ? (source as unknown[]) : [];
  });
  const known = words.filter((word): word is string => typeof word === "string" && Object.hasOwn(mapping.roles, word));
  return [...new Set(known.flatMap((word) => mapping.roles[word] ?? []))];
}

function isServiceClient(claims: VerifiedClaims, { serviceClients }: ClaimsMapping): boolean {
  if (serviceClients === null) return true;
  const named = [claims.azp, claims.client_id].filter((client) => client !== undefined);
  return named.length > 0 && named.every((client) => typeof client === "string" && serviceClients.includes(client));
}

function tenantsIn(claims: VerifiedClaims, mapping: ClaimsMapping): TenantReference[] {
  const tenantId = at(claims, mapping.tenantId);
  const own = typeof tenantId === "string" && UUID.test(tenantId) ? [{ by: "tenant-id", value: tenantId.toLowerCase() } as const] : [];
  return [...own, ...organizationsIn(at(claims, mapping.organization))];
}

/**
 * Keycloak writes one alias, a list of aliases, or a map by alias, whose objects hold an `id` if the realm adds it; all else in them is
 * opaque. An alias can be used again after a deletion, an id cannot: where there is an id, it alone counts, and where it is unusable,
 * so is the entry.
 */
function organizationsIn(claim: unknown): TenantReference[] {
  if (typeof claim === "string") return byAlias(claim);
  if (Array.isArray(claim)) return [...new Set(claim as unknown[])].flatMap(byAlias);
  if (!isObject(claim)) return [];
  return Object.entries(claim).flatMap(([alias, organization]) =>
    isObject(organization) && Object.hasOwn(organization, "id") ? byId(organization.id) : byAlias(alias),
  );
}

function byAlias(alias: unknown): TenantReference[] {
  return typeof alias === "string" && SLUG.test(alias) ? [{ by: "alias", value: alias }] : [];
}

function byId(id: unknown): TenantReference[] {
  return isPlainText(id, MAX_IDENTIFIER_CHARACTERS) ? [{ by: "organization-id", value: id }] : [];
}

/** The value at a path of own members; claims are input, and `constructor` is a member of every object. */
function at(claims: VerifiedClaims, path: ClaimPath): unknown {
  return path.reduce<unknown>((value, member) => (isObject(value) && Object.hasOwn(value, member) ? value[member] : undefined), claims);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
