/** Owns what may be kept of a text by which events of an API key are looked for: never a key, which such a text can be. */
import type { EntityManager } from "typeorm";
import { lookupIdOf } from "../api-key/api-key.format.js";

/** A name that the tenant's keys have or had; also the key's own events know it when its row has gone. */
const KNOWN = `
  select exists (select from api_keys k where k.tenant_id = $1 and (k.id::text = lower($2) or k.lookup_id = $2))
      or exists (select from audit_log a where a.tenant_id = $1 and a.action collate "C" >= 'api_key.' and a.action collate "C" < 'api_key/'
                   and (a.target_id = lower($2) or a.metadata->>'lookup_id' = $2)) as known`;

/**
 * What finds the same events and is no secret: an id or a look-up id as it is, of a key its public part. Another service's key may look like
 * either, so only names that are known are believed to be some. Of what is no key the empty text is left, which finds nothing, as it would.
 */
export async function keptKey(tx: EntityManager, tenantId: string, apiKey: string): Promise<string> {
  const [row] = await tx.query<{ known: boolean }[]>(KNOWN, [tenantId, apiKey]);
  return row?.known ? apiKey : (lookupIdOf(apiKey, true) ?? "");
}
