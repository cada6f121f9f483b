/** Owns who asks: tokens for our own service, and what tells the same to contenders that verify none. */
import type { TestIssuer } from "../../test/testkit/issuer.js";
import type { Variant } from "../workloads/workload.js";

const TOKEN_LIFETIME_SECONDS = 12 * 60 * 60;

/** Makes the request headers that name a caller; one token for each caller, as a portal would reuse it. */
export function callerHeaders(issuer: TestIssuer) {
  const known = new Map<string, Record<string, string>>();
  const tokenOf = (claims: Record<string, unknown>) => {
    const exp = Math.floor(Date.now() / 1000) + TOKEN_LIFETIME_SECONDS;
    return { authorization: `Bearer ${issuer.token({ ...claims, exp })}` };
  };
  return (caller: Variant["caller"]): Record<string, string> => {
    if (caller === "anonymous") return {};
    const key = JSON.stringify(caller);
    const headers = known.get(key) ?? tokenOf(claimsOf(caller));
    known.set(key, headers);
    return headers;
  };
}

function claimsOf(caller: Exclude<Variant["caller"], "anonymous">): Record<string, unknown> {
  if (caller === "operator") return { realm_access: { roles: ["platform-operator"] } };
  return "product" in caller ? { product: caller.product } : { tenant_id: caller.tenantId, realm_access: { roles: ["IT_ADMIN"] } };
}

/** Contenders without tokens believe this header; without it they take the caller for platform staff. */
export function tenantHeader(caller: Variant["caller"]): Record<string, string> {
  return typeof caller === "object" && "tenantId" in caller ? { "x-bench-tenant": caller.tenantId } : {};
}
