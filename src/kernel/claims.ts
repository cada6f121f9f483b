/** Owns verified claims → identity: who the token says is calling. Which tenants it names is `named-tenants.ts`. */
import type { Role } from "./action.js";
import { isPlainText, rejectedToken, type VerifiedClaims } from "./bearer.js";
import { isObject, namedTenants, type NamedTenant } from "./named-tenants.js";

interface Caller {
  /** `sub` of the verified token. */
  readonly subject: string;
  /** Display name, when the token carries one. */
  readonly name: string | null;
}

/** A person; with no tenants, one that may do nothing. A person in any tenant is at least a member. */
export interface UserIdentity extends Caller {
  readonly kind: "user";
  /** In every one of the tenants. */
  readonly roles: readonly Role[];
  readonly tenants: readonly NamedTenant[];
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
  /** Keycloak's organisation membership, in any of its shapes. An organisation's `groups` are the person's roles in it. */
  readonly organization: ClaimPath;
  /** The product whose backend this client is, written there by the realm and never by a user. */
  readonly product: ClaimPath;
  /** The first that holds text is the display name. */
  readonly name: readonly ClaimPath[];
  /** Lists of role names, or one text of words separated by spaces. A tenant role here counts in every tenant of the person. */
  readonly roleSources: readonly ClaimPath[];
  /** The issuer's role names → ours. Other names mean nothing. Being a service comes from {@link product} alone. */
  readonly roles: Readonly<Record<string, Exclude<Role, "service">>>;
  /** Client ids that may be services; null: every client that the realm gives a product. */
  readonly serviceClients: readonly string[] | null;
}

/** The issuer's name of the role that administers a tenant; who is invited to do so is given it. */
export const ADMINISTRATOR = "IT_ADMIN";

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
    [ADMINISTRATOR]: "admin",
    AUDITOR: "auditor",
    MEMBER: "member",
    "platform-support": "support",
    "platform-operator": "operator",
  },
  serviceClients: null,
};

const PRODUCT = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const MAX_NAME_CHARACTERS = 200;
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
  const tenants = namedTenants(at(claims, mapping.tenantId), at(claims, mapping.organization), (names) => rolesCalled(names, mapping));
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
  return rolesCalled(words, mapping);
}

function rolesCalled(names: readonly unknown[], { roles }: ClaimsMapping): Role[] {
  const known = names.filter((name): name is string => typeof name === "string" && Object.hasOwn(roles, name));
  return [...new Set(known.flatMap((name) => roles[name] ?? []))];
}

function isServiceClient(claims: VerifiedClaims, { serviceClients }: ClaimsMapping): boolean {
  if (serviceClients === null) return true;
  const named = [claims.azp, claims.client_id].filter((client) => client !== undefined);
  return named.length > 0 && named.every((client) => typeof client === "string" && serviceClients.includes(client));
}

/** The value at a path of own members; claims are input, and `constructor` is a member of every object. */
function at(claims: VerifiedClaims, path: ClaimPath): unknown {
  return path.reduce<unknown>((value, member) => (isObject(value) && Object.hasOwn(value, member) ? value[member] : undefined), claims);
}
