/** Owns the questions about API keys that services have asked before: what they need of a key at every request, and all that there is to be told. */
import type { BenchKey } from "../../world/key-set.js";
import type { Workload } from "../workload.js";
import { ALL_SQL, CATALOG, ENOUGH_SQL } from "./expectation.js";

/** While the database tells of every change. An answer that says anything else ends the run: then keys are read again every second. */
export const LIVE_STALENESS_MS = 3_000;

export const ENOUGH_FIELDS = "valid code apiKeyId tenantId tenantSlug environment scopes";

export function verifying(keys: readonly BenchKey[]): Workload {
  return question(keys, { id: "verify", title: "verifyApiKey, what a product needs", fields: ENOUGH_FIELDS, sql: ENOUGH_SQL });
}

export function verifyingAll(keys: readonly BenchKey[]): Workload {
  const fields = `${ENOUGH_FIELDS} readOnly projectId owner ownerId expiresAt entitlement { granted reason source limits validUntil }`;
  return question(keys, { id: "verify-all", title: "verifyApiKey, with entitlement and all the rest", fields, sql: ALL_SQL });
}

function question(keys: readonly BenchKey[], { id, title, fields, sql }: { id: string; title: string; fields: string; sql: string }): Workload {
  return {
    id,
    title,
    variants: keys.map(({ text, lookupId, product }) => ({ sql, values: [[lookupId], CATALOG], caller: { product }, variables: { registry: { key: text } } })),
    documents: { registry: `query ($key: String!) { verifyApiKey(key: $key) { ${fields} checkedAt maxStalenessMs } }` },
    normal: { registry: ({ verifyApiKey: { checkedAt, maxStalenessMs, ...told } }) => fresh(told, checkedAt, maxStalenessMs) },
    varies: /(?<="checkedAt":")[^"]+/,
  };
}

/** When it was checked nobody can know beforehand; that it is told, they can. */
function fresh(told: object, checkedAt: unknown, maxStalenessMs: unknown): object {
  return !Number.isNaN(Date.parse(String(checkedAt))) && maxStalenessMs === LIVE_STALENESS_MS ? told : { ...told, checkedAt, maxStalenessMs };
}
