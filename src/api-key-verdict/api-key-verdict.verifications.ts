/** Owns what products' services ask about keys: one or many, each checked before any is looked at. How a verdict comes about is `api-key-verdict.verifier.ts`. */
import { Fault } from "../kernel/fault.js";
import type { Principal } from "../kernel/principal.js";
import type { RequestContext } from "../kernel/request.js";
import { isAddress } from "./api-key-verdict.addresses.js";
import type { ApiKeyVerdict } from "./api-key-verdict.answers.js";
import { MAX_SCOPES } from "../api-key/api-key.rules.js";
import type { KeyQuestion } from "./api-key-verdict.rules.js";

/** Keys of one request. */
export const MAX_VERIFIED = 100;

/** Of one request's keys so many are looked for at the same time: others of the same product who ask for one only are not to wait for all. */
const AT_ONCE = 16;

/** What is asked, apart from who asks. */
export type AskedKey = Omit<KeyQuestion, "product">;

/**
 * The verdict on one key, for the caller's own product. What is known is told at once.
 *
 * Faults  FORBIDDEN for whoever is no product's service; BAD_USER_INPUT(scopes | clientIp); UNAVAILABLE and DEADLINE_EXCEEDED when it
 *         cannot be told, never a verdict instead.
 */
export function verifyApiKey({ principal, facilities: { keyVerifier } }: RequestContext, asked: AskedKey): ApiKeyVerdict | Promise<ApiKeyVerdict> {
  return keyVerifier.verify(questionFrom(principal, asked));
}

/**
 * The verdicts on many keys, in their order.
 *
 * Bounds  1 to {@link MAX_VERIFIED} keys, {@link AT_ONCE} at the same time.
 * Faults  as {@link verifyApiKey}, for all of them together; BAD_USER_INPUT(keys).
 */
export async function verifyApiKeys({ principal, facilities: { keyVerifier } }: RequestContext, keys: readonly AskedKey[]): Promise<ApiKeyVerdict[]> {
  if (keys.length === 0 || keys.length > MAX_VERIFIED) throw new Fault("BAD_USER_INPUT", `keys must be 1 to ${MAX_VERIFIED}`, { field: "keys" });
  const questions = keys.map((asked) => questionFrom(principal, asked));
  const verdicts: ApiKeyVerdict[] = [];
  let next = 0;
  const worker = async () => {
    while (next < questions.length) {
      const at = next++;
      verdicts[at] = await keyVerifier.verify(questions[at] as KeyQuestion);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return verdicts;
  } finally {
    // After a fault nobody waits for the others.
    next = questions.length;
  }
}

function questionFrom(principal: Principal, asked: AskedKey): KeyQuestion {
  if (principal.kind !== "service") throw new Fault("FORBIDDEN", "Keys are verified by the products' services");
  const { scopes, clientIp } = asked;
  if (scopes && scopes.length > MAX_SCOPES) throw new Fault("BAD_USER_INPUT", `scopes must be at most ${MAX_SCOPES}`, { field: "scopes" });
  if (clientIp != null && !isAddress(clientIp)) throw new Fault("BAD_USER_INPUT", "clientIp must be an IPv4 or IPv6 address", { field: "clientIp" });
  return { ...asked, product: principal.product };
}
