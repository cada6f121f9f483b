/** Owns the API keys of the benchmark: the same in every run, hashed by the product and planted in SQL, and keys that nobody has. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { KeySecrets, Pepper } from "../../src/api-key/api-key.secret.js";
import type { BenchDatabase } from "./database.js";
import { readTenants } from "./data-set.js";
import { tenantIdAt } from "./tenant-id.js";

export const KEYS = 10_000;

/** Of every product that keys can be for. Only tenants that have been sold all of them have keys here, so that every key is good. */
const SCOPES: Record<string, string[]> = { chat: ["messages:send"], crm: ["read", "write"], desk: ["tickets:read"], erp: ["invoices:read"] };
const PRODUCTS = Object.keys(SCOPES);
const hasAllProducts = (position: number) => position % 10 > 1;

export const PEPPER: Pepper = { id: "bench", secret: createHash("sha256").update("the benchmark's pepper").digest() };

export interface BenchKey {
  text: string;
  lookupId: string;
  /** Whose service may ask about it. */
  product: string;
}

/** The keys at these positions; all of them differ, and `family` makes others. */
export function keysAt(from: number, count: number, family: "planted" | "unknown"): BenchKey[] {
  return Array.from({ length: count }, (_, i) => ({ ...spelled(`${family} ${from + i}`), product: PRODUCTS[(from + i) % PRODUCTS.length] as string }));
}

const BASE_62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** A well-formed key, spelled as the documentation says and not by the product's own hand. */
function spelled(seed: string): { text: string; lookupId: string } {
  const letters = [...createHash("sha512").update(seed).digest()].map((byte) => BASE_62[byte % 62]).join("");
  const lookupId = letters.slice(0, 12);
  const body = `trk_prod_${lookupId}_${letters.slice(12, 42)}`;
  return { text: body + checksum(body), lookupId };
}

function checksum(body: string): string {
  let text = "";
  for (let rest = crc32(body); text.length < 6; rest = Math.floor(rest / 62)) text = `${BASE_62[rest % 62]}${text}`;
  return text;
}

const HASHED_AT_ONCE = 4;
const PLANT_SQL = `
  insert into api_keys (tenant_id, product, name, scopes, hash, pepper_id, prefix, lookup_id, environment, created_by, created_at, expires_at)
  select k.tenant_id, k.product, 'bench ' || k.lookup_id, k.scopes, k.hash, k.pepper_id, 'trk_prod', k.lookup_id, 'prod', 'dana',
    timestamptz '2026-03-01 00:00:00+00', timestamptz '2035-01-01 00:00:00+00'
  from jsonb_to_recordset($1) k(tenant_id uuid, product text, scopes text[], hash text, pepper_id text, lookup_id text)`;

/** Any key's hash by the product's own hand. What is given to be renewed is nobody's, and cheaper than every true one. */
export async function hashOf(secrets: KeySecrets, text: string): Promise<{ hash: string; pepperId: string | null }> {
  const made = await secrets.rehashed(text, { hash: `$argon2id$v=19$m=8,t=1,p=1$${"A".repeat(22)}$${"A".repeat(43)}`, pepperId: null });
  if (made === null) throw new Error("the product takes another hash for one of its own");
  return made;
}

/** Plant the first {@link KEYS}; their hashes take a while. */
export async function plantKeys(database: BenchDatabase, secrets: KeySecrets): Promise<BenchKey[]> {
  const keys = keysAt(0, KEYS, "planted");
  const tenantIds = readTenants(900).filter(hasAllProducts).map(tenantIdAt);
  const rows: object[] = [];
  let next = 0;
  async function hashThem(): Promise<void> {
    for (let i = next++; i < keys.length; i = next++) {
      const { text, lookupId, product } = keys[i] as BenchKey;
      const { hash, pepperId } = await hashOf(secrets, text);
      rows.push({ tenant_id: tenantIds[i % tenantIds.length], product, scopes: SCOPES[product], hash, pepper_id: pepperId, lookup_id: lookupId });
    }
  }
  await Promise.all(Array.from({ length: HASHED_AT_ONCE }, hashThem));
  await database.query(PLANT_SQL, [JSON.stringify(rows)]);
  await database.query("vacuum analyze api_keys");
  return keys;
}
