/** Owns who calls the paths of Retraced's publisher: a product's service, or an API key of a tenant, and what either may do there. */
import type { FastifyRequest } from "fastify";
import { ApiKeyCode } from "../api-key-verdict/api-key-verdict.rules.js";
import type { KeyVerifier } from "../api-key-verdict/api-key-verdict.verifier.js";
import { rejectedToken, type BearerVerifier } from "../kernel/bearer.js";
import { identityFrom, type ClaimsMapping } from "../kernel/claims.js";
import { Fault, notFound } from "../kernel/fault.js";
import type { Principal, ProductService, TenantUser } from "../kernel/principal.js";
import type { RequestContext } from "../kernel/request.js";
import { isWellFormed } from "../kernel/validation.js";

/** What keys need to be used here, in the words of their product's manifest. */
export const APPEND_SCOPE = "audit:append";
export const READ_SCOPE = "audit:read";

/** What is asked for. */
export type Errand = "append" | "search" | "make a viewer token";

/** A key that holds up, and what it is bound to. */
export interface KeyHolder {
  readonly tenantId: string;
  readonly tenantSlug: string | null;
  /** The only project that it may touch; null when that is any. */
  readonly projectId: string | null;
  readonly product: string;
}

export interface RetracedRequest {
  readonly context: RequestContext;
  /** Null for a product's service. */
  readonly key: KeyHolder | null;
  readonly log: RequestContext["log"];
}

export interface RetracedCallerParts {
  bearer: BearerVerifier;
  claims: ClaimsMapping;
  keyVerifier: KeyVerifier;
  /** Every value of the header, as it came. */
  authorizationOf(request: FastifyRequest): readonly string[];
  addressOf(request: FastifyRequest): string | null;
  open(request: FastifyRequest, principal: Principal): RequestContext;
}

/** As Retraced's clients write it when they publish, as they write it when they read, and as everybody else does. */
const AUTHORIZATION = /^(?:(?:token +)?token=|bearer +)([\x21-\x7e]+)$/i;
/** A signed token begins with its header, a JSON object; a key of ours cannot. */
const SIGNED_TOKEN = /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/;

/** Of these keys nobody is told more than that they are of no use: they may be somebody else's, or a guess. */
const NOT_KNOWN: ReadonlySet<ApiKeyCode> = new Set([ApiKeyCode.MALFORMED, ApiKeyCode.NOT_FOUND, ApiKeyCode.WRONG_PRODUCT, ApiKeyCode.REVOKED, ApiKeyCode.EXPIRED]);

/**
 * Tells who calls, for the product that the path names.
 *
 * Faults  UNAUTHENTICATED without a token, and for one or a key that does not hold up; NOT_FOUND for another product than the service's;
 *         FORBIDDEN for people, for services that want to read, for keys without the scope, and where a key's tenant has not got the
 *         product or is archived; UNAVAILABLE when it cannot be told.
 */
export function openRetracedCallers({ bearer, claims, keyVerifier, authorizationOf, addressOf, open }: RetracedCallerParts) {
  async function serviceOf(token: string, product: string, errand: Errand): Promise<ProductService> {
    const verified = await bearer.verify([`Bearer ${token}`]);
    const identity = verified && identityFrom(verified, claims);
    if (identity?.kind !== "service") throw new Fault("FORBIDDEN", "This is for services and API keys; people ask the graph");
    if (identity.product !== product) throw notFound("Project");
    if (errand !== "append") throw new Fault("FORBIDDEN", `A service reads no log: use an API key with the scope ${READ_SCOPE}`);
    return { ...identity, tenantId: null };
  }

  async function keyCallerOf(request: FastifyRequest, text: string, product: string, errand: Errand): Promise<{ key: KeyHolder; principal: Principal }> {
    const scope = errand === "append" ? APPEND_SCOPE : READ_SCOPE;
    // What a product refuses to a frozen tenant is recorded, and can be read there.
    const verdict = await keyVerifier.verify({ key: text, product, scopes: [scope], clientIp: addressOf(request), acceptReadOnly: true });
    const { code, apiKeyId, tenantId, tenantSlug, projectId } = verdict;
    if (NOT_KNOWN.has(code)) throw rejectedToken(`the API key is ${code}`);
    if (!(verdict.valid || verdict.readOnly) || apiKeyId === null || tenantId === null) throw new Fault("FORBIDDEN", `This API key cannot be used for this: ${code}`);
    const subject = `key:${apiKeyId}`;
    const service: ProductService = { kind: "service", subject, name: null, roles: ["service"], tenantId: null, product };
    // In Retraced a key sees what its project recorded, and so it does here.
    const reader: TenantUser = { kind: "user", subject, name: null, roles: ["audit_viewer"], tenantId, narrowedTo: { product } };
    return { key: { tenantId, tenantSlug, projectId, product }, principal: errand === "search" ? reader : service };
  }

  return async (request: FastifyRequest, errand: Errand): Promise<RetracedRequest> => {
    const { product } = request.params as { product: string };
    if (!isWellFormed(product)) throw notFound("Project");
    const token = tokenIn(authorizationOf(request));
    const { key, principal } = SIGNED_TOKEN.test(token)
      ? { key: null, principal: await serviceOf(token, product, errand) }
      : await keyCallerOf(request, token, product, errand);
    const context = open(request, principal);
    return { context, key, log: context.log };
  };
}

function tokenIn([value, ...more]: readonly string[]): string {
  if (value === undefined) throw new Fault("UNAUTHENTICATED", "Give a token: Authorization: token=<token>");
  const [, token] = AUTHORIZATION.exec(value) ?? [];
  if (token === undefined || more.length > 0) throw rejectedToken("the Authorization header is not one token");
  return token;
}
