/** Owns what goes when a tenant goes: which tables lose its rows, and what its tombstone forgets. When that is, is the lifecycle's business. */
import type { EntityManager } from "typeorm";

/**
 * Every table with a tenant's rows, a table before those it refers to: a key may be bound to a project. Not the audit log, the tombstone itself, and what tells whose turn
 * it is and what the identity provider has still to be told; a test compares the list with the database's catalogue.
 */
export const ERASED_TABLES = [
  "tenant_usage",
  "environment_flows",
  "flow_versions",
  "tenant_flows",
  "team_channels",
  "tenant_teams",
  "environment_placements",
  "tenant_environments",
  "api_key_usage",
  "api_keys",
  "api_key_policies",
  "tenant_projects",
  "entitlement_notices",
  "tenant_products",
  "product_requests",
  "tenant_idp_config",
  "tenant_invitations",
  "tenant_notices",
  "idempotency_keys",
  "tenant_exports",
] as const;

/**
 * The keys first, in the order in which `api-key-usage.statements.ts` takes them: whoever writes down how they were used holds them, and
 * then waits for the counts of use.
 */
const HOLD_KEYS = "select from api_keys where tenant_id = $1 order by id for update";

/** Table → how many rows went; tables without any are left out. */
export type Erased = Record<string, number>;

/**
 * What nobody may find any more: who looked after it, what was noted, and its names in other systems, which a customer that comes back
 * may have again. The organisation stays: its members may still read the audit log, and without an id the alias would speak for it,
 * which the identity provider gives to whoever asks for it next.
 */
const FORGET = `
  update tenants set erp_customer_id = null, stripe_cust_id = null, sales_owner = null, contract_start = null,
    contract_end = null, cancel_note = null, settings = '{}'
  where id = $1 and status = 'archived'`;

/**
 * Leave of a tenant its tombstone and its audit log. For the inside of a change of this tenant by the platform, once its stored status
 * is `archived`: Postgres itself keeps the rows of any other. The tenant's own row changes too, so whoever answers with it reads it again.
 */
export async function eraseTenant(tx: EntityManager, tenantId: string): Promise<Erased> {
  const erased = await eraseRows(tx, tenantId);
  await tx.query(FORGET, [tenantId]);
  return erased;
}

/**
 * Delete the rows of a tenant that is archived or a demo, as the one role that may, and be who one was again. When a statement fails
 * the transaction is lost, and the role with it.
 */
export async function eraseRows(tx: EntityManager, tenantId: string): Promise<Erased> {
  const [{ role }] = await tx.query<[{ role: string }]>("select current_setting('role') as role");
  const erased: Erased = {};
  await tx.query(HOLD_KEYS, [tenantId]);
  await become(tx, "registry_eraser");
  for (const table of ERASED_TABLES) {
    const [, count] = await tx.query<[unknown[], number]>(`delete from ${table} where tenant_id = $1`, [tenantId]);
    if (count > 0) erased[table] = count;
  }
  await become(tx, role);
  return erased;
}

/** For the rest of the transaction. */
async function become(tx: EntityManager, role: string): Promise<void> {
  await tx.query("select set_config('role', $1, true)", [role]);
}
