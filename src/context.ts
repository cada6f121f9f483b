/** Owns how one HTTP request becomes a request context: token → claims → principal → doors. */
import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";
import { BOUNDS } from "./config.js";
import type { BearerVerifier, VerifiedClaims } from "./kernel/bearer.js";
import { identityFrom, type ClaimsMapping, type Identity } from "./kernel/claims.js";
import { openDoors, type House } from "./kernel/doors.js";
import { Fault, notFound } from "./kernel/fault.js";
import { isStorable } from "./kernel/id.js";
import { may, type Principal } from "./kernel/principal.js";
import { RequestContext, type Asked, type Facilities } from "./kernel/request.js";
import { actingIn } from "./tenancy/tenancy.context.js";
import type { Hierarchy } from "./tenancy/tenancy.hierarchy.js";
import type { TenantDirectory, TenantNames } from "./tenant/tenant.directory.js";
import { statusAt } from "./tenant/tenant.lifecycle.js";
import { restrictionIn } from "./tenant/tenant.refusals.js";

export interface ContextParts {
  house: House;
  bearer: BearerVerifier;
  claims: ClaimsMapping;
  directory: TenantDirectory;
  hierarchy: Hierarchy;
  now: () => Date;
  facilities: Facilities;
}

const TENANT_HEADER = "x-tenant-id";
const ENVIRONMENT_HEADER = "x-environment-id";
const TEAM_HEADER = "x-team-id";

/**
 * Faults: UNAUTHENTICATED for a bad token; NOT_FOUND for a tenant, environment or team that this caller cannot name; BAD_USER_INPUT for a
 * header that is given twice, or without the tenant that it needs; UNAVAILABLE when it cannot be told.
 */
export function contextMaker({ house, bearer, claims, directory, hierarchy, now, facilities }: ContextParts) {
  const identities = new WeakMap<VerifiedClaims, Identity>();

  /** The verifier hands out the same claims for a remembered token; they mean the same as the last time. */
  function identityOf(verified: VerifiedClaims): Identity {
    const identity = identities.get(verified) ?? identityFrom(verified, claims);
    identities.set(verified, identity);
    return identity;
  }

  return async (request: FastifyRequest): Promise<RequestContext> => {
    const verified = await bearer.verify(everyValue(request, "authorization"));
    const principal = verified && (await principalOf(identityOf(verified), everyValue(request, TENANT_HEADER), directory, now()));
    const asked = principal && namesPlace(request) ? await askedBy(request, principal, hierarchy) : undefined;
    const started = performance.now();
    const context: RequestContext = new RequestContext(
      request.id,
      request.log,
      principal,
      openDoors(house, {
        principal,
        origin: { requestId: request.id, sourceIp: addressOf(request), userAgent: request.headers["user-agent"]?.slice(0, 500) ?? null },
        remainingMs: () => BOUNDS.operationMs - (performance.now() - started),
        committed: () => context.forget(),
      }),
      now,
      facilities,
      asked,
    );
    return context;
  };
}

/** Most requests do not, and for them nothing more is done. */
function namesPlace({ headers }: FastifyRequest): boolean {
  return headers[ENVIRONMENT_HEADER] !== undefined || headers[TEAM_HEADER] !== undefined;
}

/** The headers choose inside the caller's tenant. What they name is looked up before anything of the operation is done. */
async function askedBy(request: FastifyRequest, principal: Principal, hierarchy: Hierarchy): Promise<Asked> {
  const { kind, tenantId } = principal;
  const environment = onlyValue(request, ENVIRONMENT_HEADER, "X-Environment-ID");
  const team = onlyValue(request, TEAM_HEADER, "X-Team-ID");
  // A service says only in its question in which tenant.
  if (kind === "service") return { environment, team, place: null };
  if (kind === "platform" && tenantId === null) throw new Fault("BAD_USER_INPUT", "Name the tenant in the X-Tenant-ID header", { field: "X-Tenant-ID" });
  // Of a tenant's places nobody learns by guessing who may not read them.
  const found = tenantId !== null && may(principal, "tenant_context.read") ? await hierarchy.find(tenantId, { environment, team }) : null;
  if (found === null) throw notFound(environment === null ? "Team" : team === null ? "Environment" : "Environment or team");
  return { environment, team, place: typeof found === "string" ? null : actingIn(found) };
}

/** Null when there is none. */
function onlyValue(request: FastifyRequest, name: string, called: string): string | null {
  const [value = null, ...more] = everyValue(request, name);
  if (more.length > 0) throw new Fault("BAD_USER_INPUT", `Give ${called} once`, { field: called });
  return value;
}

/** Every value of a header, as it came: Node's own map joins some that are given twice and drops others. */
function everyValue({ headers, raw: { rawHeaders } }: FastifyRequest, name: string): readonly string[] {
  if (headers[name] === undefined) return [];
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** A trusted router may still pass on what is no address, and the audit log takes nothing else. An IPv6 zone means something on its own machine only. */
function addressOf({ ip }: FastifyRequest): string | null {
  return isIP(ip) > 0 ? ip.replace(/%.*$/, "") : null;
}

/** The header chooses among what the token already allows, never beyond it. */
async function principalOf(identity: Identity, header: readonly string[], directory: TenantDirectory, now: Date): Promise<Principal> {
  // A service chooses no tenant, and whether the one it names exists is not for it to learn here.
  if (identity.kind === "service") return { ...identity, tenantId: null };
  if (header.length > 1) throw new Fault("BAD_USER_INPUT", "Give X-Tenant-ID once", { field: "X-Tenant-ID" });
  const [chosen] = header;
  if (identity.kind === "platform") return { ...identity, tenantId: chosen === undefined ? null : (await known(chosen, directory)).id };
  const { tenants, ...person } = identity;
  const meant = await directory.resolve(tenants);
  const allowed = [...new Map([...meant.values()].map((tenant) => [tenant.id, tenant])).values()];
  // Compared with the person's own tenants and not looked up: how long the answer takes must not tell who else there is.
  const tenant = chosen === undefined ? allowed[0] : allowed.find(({ id, slug }) => slug === chosen || id === chosen.toLowerCase());
  if (chosen !== undefined && !tenant) throw notFound("Tenant");
  if (chosen === undefined && allowed.length > 1) {
    throw new Fault("BAD_USER_INPUT", "You act in several tenants: name one in the X-Tenant-ID header", { field: "X-Tenant-ID" });
  }
  if (!tenant) return { ...person, tenantId: null, roles: [] };
  const own = [...meant].flatMap(([named, { id }]) => (id === tenant.id ? named.roles : []));
  return { ...person, roles: [...new Set([...person.roles, ...own])], tenantId: tenant.id, restriction: restrictionIn(statusAt(tenant, now)) };
}

async function known(idOrSlug: string, directory: TenantDirectory): Promise<TenantNames> {
  const tenant = isStorable(idOrSlug) ? await directory.find(idOrSlug) : null;
  if (!tenant) throw notFound("Tenant");
  return tenant;
}
