/** Owns the short memory of tokens that were just verified. How a token is verified is `bearer.ts`. */
import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { BearerVerifier, VerifiedClaims } from "./bearer.js";

/** How long a withdrawn signing key may go unnoticed beyond the issuer's own key cache. */
const REMEMBER_MS = 30_000;
const REMEMBER_AT_MOST = 5_000;

/**
 * Verify each token once in a while instead of at every request: a signature costs more than a query. Only success is
 * remembered, under a digest of the exact text, and never beyond the token's own end; any other spelling of a token is verified.
 */
export function rememberVerified(verifier: BearerVerifier, now: () => Date): BearerVerifier {
  const verified = new LRUCache<string, VerifiedClaims>({ max: REMEMBER_AT_MOST, ttl: REMEMBER_MS });
  return {
    ready: () => verifier.ready(),
    async verify(authorization) {
      const [header] = authorization;
      if (header === undefined || authorization.length > 1) return verifier.verify(authorization);
      const key = hash("sha256", header, "base64");
      const known = verified.get(key);
      if (known && known.exp * 1000 > now().getTime()) return known;
      const claims = await verifier.verify(authorization);
      if (claims) verified.set(key, claims);
      return claims;
    },
  };
}
