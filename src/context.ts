/** Owns how one HTTP request becomes a request context: token → claims → principal → doors. */
import { isIP } from "node:net";
import type { FastifyRequest } from "fastify";
import { BOUNDS } from "./config.js";
import type { BearerVerifier, VerifiedClaims } from "./kernel/bearer.js";
import { identityFrom, type ClaimsMapping, type Identity } from "./kernel/claims.js";
import { openDoors, type House } from "./kernel/doors.js";
import { Fault, notFound } from "./kernel/fault.js";
import type { Principal } from "./kernel/principal.js";
import { RequestContext } from "./kernel/request.js";
import { referenceFrom, type TenantDirectory } from "./tenant/tenant.directory.js";

export interface ContextParts {
  house: House;
  bearer: BearerVerifier;
  claims: ClaimsMapping;
  directory: TenantDirectory;
  now: () => Date;
}

const TENANT_HEADER = "x-tenant-id";

/** Faults: UNAUTHENTICATED for a bad token; NOT_FOUND for a tenant that this caller cannot name; UNAVAILABLE when neither can be told. */
export function contextMaker({ house, bearer, claims, directory, now }: ContextParts) {
  const identities = new WeakMap<VerifiedClaims, Identity>();

  /** The verifier hands out the same claims for a remembered token; they mean the same as the last time. */
  function identityOf(verified: VerifiedClaims): Identity {
    const identity = identities.get(verified) ?? identityFrom(verified, claims);
    identities.set(verified, identity);
    return identity;
  }

  return async (request: FastifyRequest): Promise<RequestContext> => {
    const headers = request.raw.headersDistinct;
    const verified = await bearer.verify(headers["authorization"] ?? []);
    const principal = verified && (await principalOf(identityOf(verified), headers[TENANT_HEADER] ?? [], directory));
    const started = performance.now();
    const context: RequestContext = new RequestContext(
      request.id,
      request.log.child({ principal: principal?.subject ?? null, tenant: principal?.tenantId ?? null }),
      principal,
      openDoors(house, {
        principal,
        origin: { requestId: request.id, sourceIp: addressOf(request), userAgent: headers["user-agent"]?.[0]?.slice(0, 500) ?? null },
        remainingMs: () => BOUNDS.operationMs - (performance.now() - started),
        committed: () => context.forget(),
      }),
      now,
    );
    return context;
  };
}

/** A trusted router may still pass on what is no address, and the audit log takes nothing else. An IPv6 zone means something on its own machine only. */
function addressOf({ ip }: FastifyRequest): string | null {
  return isIP(ip) > 0 ? ip.replace(/%.*$/, "") : null;
}

/** The header chooses among what the token already allows, never beyond it. */
async function principalOf(identity: Identity, header: readonly string[], directory: TenantDirectory): Promise<Principal> {
  // A service chooses no tenant, and whether the one it names exists is not for it to learn here.
  if (identity.kind === "service") return { ...identity, tenantId: null };
  const chosen = header.length > 0 ? await chosenTenant(header, directory) : null;
  if (identity.kind === "platform") return { ...identity, tenantId: chosen };
  const { tenants, ...person } = identity;
  const allowed = await directory.resolve(tenants);
  if (chosen !== null && !allowed.includes(chosen)) throw notFound("Tenant");
  if (chosen === null && allowed.length > 1) {
    throw new Fault("BAD_USER_INPUT", "You act in several tenants: name one in the X-Tenant-ID header", { field: "X-Tenant-ID" });
  }
  const tenantId = chosen ?? allowed[0] ?? null;
  return { ...person, tenantId, roles: tenantId === null ? [] : person.roles };
}

async function chosenTenant(header: readonly string[], directory: TenantDirectory): Promise<string> {
  const [text = ""] = header;
  if (header.length > 1) throw new Fault("BAD_USER_INPUT", "Give X-Tenant-ID once", { field: "X-Tenant-ID" });
  const [id] = await directory.resolve([referenceFrom(text)]);
  if (id === undefined) throw notFound("Tenant");
  return id;
}
