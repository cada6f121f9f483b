/** Owns how API keys that another service made are brought here: by their hashes, all of a list or none. */
import sql, { type Sql } from "sql-template-tag";
import type { EntityManager } from "typeorm";
import { knownProduct } from "../catalog/catalog.rules.js";
import { faultFromDatabase } from "../kernel/database-fault.js";
import type { AuditDraft } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import { once } from "../kernel/idempotency.js";
import type { RequestContext } from "../kernel/request.js";
import { validateArgument } from "../kernel/validation.js";
import { policyOf } from "../api-key-policy/api-key-policy.reads.js";
import { ApiKey } from "./api-key.entity.js";
import { importedLookupId } from "./api-key.format.js";
import type { ImportApiKeysInput, ImportApiKeysPayload, ImportedApiKeyInput } from "./api-key.import.inputs.js";
import { aboutKey } from "./api-key.minting.js";
import { API_KEY_COLUMNS } from "./api-key.reads.js";
import { expiryFor, refuseUnfitScopes } from "./api-key.rules.js";
import { isFit } from "./api-key.secret.js";

/** Whoever presents one of several keys with the same beginning has each of their hashes computed: so many are borne. */
const SEATS = 8;

/**
 * Take over keys of one tenant. Nobody knows the keys themselves here: a product presents one, and it is compared with the hash. What
 * the tenant's policy says of new keys holds for these, too; whether the tenant has the product is asked at every verification.
 *
 * Faults  each with the place in the list, as in `keys[3].hash`: BAD_USER_INPUT(name | product | scopes | hash | prefix | expiresAt |
 *         createdAt | createdById); CONFLICT(name); CONFLICT(prefix) when eight keys of the registry begin so already.
 *         NOT_FOUND; TENANT_READ_ONLY when the tenant is archived; CONFLICT(idempotencyKey) when the key was used for another list.
 * Audit   `api_key.import` for each key, with its look-up id; neither hash nor prefix.
 */
export async function importApiKeys({ doors, facilities: { catalog }, now }: RequestContext, input: ImportApiKeysInput): Promise<ImportApiKeysPayload> {
  const hashes = new Set<string>();
  await eachInPlace(input.keys, (key) => refuseUnfit(key, hashes));
  const home = doors.within(input.tenantId);
  return home.change(
    "api_key.import",
    async (tx) => {
      const importedAt = now();
      const policy = await policyOf(tx, home.tenantId);
      const seats: Seats = new Map();
      const apiKeys = await eachInPlace(input.keys, (key) => {
        const product = knownProduct(catalog, key.product);
        // Keys from elsewhere are often allowed nothing in particular; ours never are.
        if (key.scopes.length > 0) refuseUnfitScopes(product, key.scopes);
        if (key.createdAt && key.createdAt > importedAt) throw new Fault("BAD_USER_INPUT", "createdAt must not be in the future", { field: "createdAt" });
        return insertImported(tx, { ...key, tenantId: home.tenantId, expiresAt: expiryFor(key.expiresAt, policy, importedAt), importedAt }, seats);
      });
      // An empty list was refused.
      return { value: { apiKeys }, audit: apiKeys.map((key) => aboutKey(key)) as [AuditDraft, ...AuditDraft[]] };
    },
    once("importApiKeys", input, { apiKeys: ApiKey }),
  );
}

/** One key under two names would go on working when one of them is revoked: `before` are the hashes of the keys before it in the list. */
async function refuseUnfit(key: ImportedApiKeyInput, before: Set<string>): Promise<void> {
  await validateArgument(key);
  if (!isFit(key.hash)) {
    throw new Fault("BAD_USER_INPUT", "hash must be argon2id of version 19, as in $argon2id$v=19$m=…,t=…,p=…$salt$hash, and within the bounds of what is computed here", { field: "hash" });
  }
  if (before.has(key.hash)) throw new Fault("BAD_USER_INPUT", "hash must not be in the list twice", { field: "hash" });
  before.add(key.hash);
}

/** One after the other. What is wrong with one is told with its place in the list. */
async function eachInPlace<T>(keys: readonly ImportedApiKeyInput[], work: (key: ImportedApiKeyInput) => Promise<T>): Promise<T[]> {
  const done: T[] = [];
  for (const [index, key] of keys.entries()) {
    try {
      done.push(await work(key));
    } catch (thrown) {
      throw inPlace(thrown, `keys[${index}]`);
    }
  }
  return done;
}

/** A name that is taken is only told by the database. */
function inPlace(thrown: unknown, place: string): unknown {
  const fault = faultFromDatabase(thrown);
  if (!(fault instanceof Fault) || fault.field === undefined) return thrown;
  return new Fault(fault.code, `${place}: ${fault.message}`, { field: `${place}.${fault.field}`, internal: fault.internal });
}

/** Of each look-up id that occurs in the list, the seat to try next. */
type Seats = Map<string, number>;

type ImportedRow = ImportedApiKeyInput & { tenantId: string; expiresAt: Date | null; importedAt: Date };

/**
 * Take the first free seat of the key's look-up id. Other tenants may have taken some: nobody here sees their keys, but the index does.
 *
 * Faults  CONFLICT(prefix) when none is free.
 */
async function insertImported(tx: EntityManager, row: ImportedRow, seats: Seats): Promise<ApiKey> {
  const lookupId = importedLookupId(row.prefix);
  for (let seat = seats.get(lookupId) ?? 0; seat < SEATS; seat++) {
    seats.set(lookupId, seat + 1);
    const { text, values } = insertion(row, lookupId, seat);
    const [inserted] = await tx.query<ApiKey[]>(text, values);
    if (inserted) return inserted;
  }
  throw new Fault("CONFLICT", `${SEATS} keys begin so already, and no more of them can be told apart`, { field: "prefix" });
}

function insertion({ tenantId, product, name, scopes, hash, prefix, createdById, createdAt, environment, expiresAt, importedAt }: ImportedRow, lookupId: string, seat: number): Sql {
  return sql`
    insert into api_keys as k (tenant_id, product, name, scopes, hash, prefix, created_by, created_at, lookup_id, lookup_seat, environment, expires_at, imported_at)
    values (${tenantId}, ${product}, ${name}, ${scopes}, ${hash}, ${prefix}, ${createdById ?? null}, ${createdAt ?? importedAt},
      ${lookupId}, ${seat}, ${environment ?? null}::api_key_environment, ${expiresAt}, ${importedAt})
    on conflict (lookup_id, lookup_seat) do nothing returning ${API_KEY_COLUMNS}`;
}
