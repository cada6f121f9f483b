/** Owns how one HTTP request becomes a request context: token → claims → principal → doors. */
import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";
import { BOUNDS } from "./config.js";
import type { BearerVerifier, VerifiedClaims } from "./kernel/bearer.js";
import { identityFrom, type ClaimsMapping, type Identity } from "./kernel/claims.js";
import { openDoors, type House } from "./kernel/doors.js";
import { Fault, notFound } from "./kernel/fault.js";
import { isStorable } from "./kernel/id.js";
import type { Principal } from "./kernel/principal.js";
import { RequestContext, type Facilities } from "./kernel/request.js";
import type { TenantDirectory, TenantNames } from "./tenant/tenant.directory.js";
import { statusAt } from "./tenant/tenant.lifecycle.js";
import { restrictionIn } from "./tenant/tenant.refusals.js";

export interface ContextParts {
  house: House;
  bearer: BearerVerifier;
  claims: ClaimsMapping;
  directory: TenantDirectory;
  now: () => Date;
  facilities: Facilities;
}

const TENANT_HEADER = "x-tenant-id";

/** Faults: UNAUTHENTICATED for a bad token; NOT_FOUND for a tenant that this caller cannot name; UNAVAILABLE when neither can be told. */
export function contextMaker({ house, bearer, claims, directory, now, facilities }: ContextParts) {
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
    );
    return context;
  };
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
