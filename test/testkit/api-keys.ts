/** Owns how tests make, rotate and revoke API keys through the graph, and what of them they look at. */
import { data } from "./outcome.js";
import type { Registry } from "./registry.js";
import type { Answer, Caller, TenantInWorld, World } from "./world.js";

/** Everything that is told of a key. */
export const KEY_FIELDS =
  "id name prefix lookupId scopes environment allowedIps ownerKind state expiresAt createdAt lastUsedAt overlapEndsAt revokedAt revokeReason imported " +
  "product { key } project { id } owner { id } createdBy { id } revokedBy { id } rotatedFrom { id } tenant { id }";

const CREATE = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { plaintext apiKey { ${KEY_FIELDS} } } }`;
const ROTATE = `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { plaintext apiKey { ${KEY_FIELDS} } replaced { ${KEY_FIELDS} } } }`;
const REVOKE = `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { ${KEY_FIELDS} } } }`;

/** A key of the CRM, which the world's service is the backend of. */
const USUAL = { name: "ci", product: "crm", environment: "DEV", scopes: ["read"] };

type Input = Record<string, unknown>;

export const createKey = (caller: Caller, input: Input = {}, headers = {}): Promise<Answer> => caller.run(CREATE, { input: { ...USUAL, ...input } }, headers);
export const rotateKey = (caller: Caller, input: Input, headers = {}): Promise<Answer> => caller.run(ROTATE, { input: { overlapSeconds: 3600, ...input } }, headers);
export const revokeKey = (caller: Caller, input: Input, headers = {}): Promise<Answer> => caller.run(REVOKE, { input }, headers);

/** A key as the graph tells it, and its plaintext. */
export interface MadeKey {
  plaintext: string;
  apiKey: Record<string, any>; // any: every test knows the shape that it asked for
}

/** A new key, which there must be no reason to refuse. */
export async function madeKey(caller: Caller, input: Input = {}): Promise<MadeKey> {
  return data(await createKey(caller, input))["createApiKey"];
}

/** A tenant that may make keys of the CRM. */
export async function tenantWithCrm(world: World, fields?: Parameters<World["tenant"]>[0]): Promise<TenantInWorld> {
  const tenant = await world.tenant(fields);
  await tenant.entitlement("crm");
  return tenant;
}

/** Whole rows, oldest first. */
export function keyRows({ sql }: Registry, tenantId: string): Promise<Record<string, unknown>[]> {
  return sql("select * from api_keys where tenant_id = $1 order by created_at, id", [tenantId]);
}

/** The longest life of the tenant's keys, and whether they may be without an end. */
export async function allowLifetime({ sql }: Registry, tenantId: string, maxLifetimeDays: number, mayNeverExpire = false): Promise<void> {
  await sql("insert into api_key_policies (tenant_id, max_lifetime_days, may_never_expire) values ($1, $2, $3)", [tenantId, maxLifetimeDays, mayNeverExpire]);
}

/** What a product's service is told about a key. */
export async function codeOf(service: Caller, key: string): Promise<string> {
  return data(await service.run("query ($key: String!) { verifyApiKey(key: $key) { code } }", { key }))["verifyApiKey"].code;
}

/**
 * Ask again for as long as the answer is to try again: on a busy machine a crowd waits longer than a request may. What may have been done
 * although its answer was lost is asked under an idempotency key.
 */
export async function insist(ask: () => Promise<Answer>): Promise<Answer> {
  const answer = await ask();
  return answer.body.errors?.[0]?.extensions.retryable ? insist(ask) : answer;
}
