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
    const key = caller === "operator" ? caller : caller.tenantId;
    const headers =
      known.get(key) ??
      (caller === "operator"
        ? tokenOf({ realm_access: { roles: ["platform-operator"] } })
        : { ...tokenOf({ tenant_id: caller.tenantId, realm_access: { roles: ["IT_ADMIN"] } }) });
    known.set(key, headers);
    return headers;
  };
}

/** Contenders without tokens believe this header; without it they take the caller for platform staff. */
export function tenantHeader(caller: Variant["caller"]): Record<string, string> {
  return typeof caller === "object" ? { "x-bench-tenant": caller.tenantId } : {};
}
