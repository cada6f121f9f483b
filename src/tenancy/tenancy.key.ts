/** Owns the context of an API key: what may be done with the key, and where. The verdict is `verifyApiKey`'s own. */
import { verifyApiKey } from "../api-key-verdict/api-key-verdict.verifications.js";
import type { RequestContext } from "../kernel/request.js";
import type { KeyContext } from "./tenancy.answers.js";
import { contextIn } from "./tenancy.question.js";

export interface KeyContextQuestion {
  /** The whole key, as somebody presented it. */
  key: string;
  /** Slug. Where none is named, a key that is bound to an environment goes by its own. */
  environment?: string | null | undefined;
  /** Slug or id. */
  team?: string | null | undefined;
  scopes?: string[] | null | undefined;
  acceptReadOnly: boolean;
  clientIp?: string | null | undefined;
}

/**
 * The verdict on the key for the caller's own product, and the context; none unless the key is valid or read-only.
 *
 * Faults  those of `verifyApiKey`; of a key that may be used also those of {@link contextIn}.
 */
export async function contextOfKey(context: RequestContext, { environment, team, scopes, clientIp, ...question }: KeyContextQuestion): Promise<KeyContext> {
  const named = environment ?? context.asked.environment;
  const verdict = await verifyApiKey(context, { ...question, scopes: scopes ?? null, clientIp: clientIp ?? null, environment: named });
  if (verdict.tenantId === null) return { verdict, context: null };
  return { verdict, context: await contextIn(context, verdict.tenantId, { environment: named ?? verdict.environment, team }) };
}
