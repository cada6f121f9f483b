/**
 * Owns what jobs do about the ends of entitlements: those that have passed are written down, and those that are near are announced.
 * Nobody waits for it: every verdict compares the end.
 */
import sql, { type Sql } from "sql-template-tag";
import type { EntityManager } from "typeorm";
import type { Change } from "../kernel/doors.js";
import type { JobRequest } from "../kernel/jobs.js";
import type { RequestContext } from "../kernel/request.js";
import { updateRow } from "../kernel/update.js";
import { Tenant } from "../tenant/tenant.entity.js";
import { LIFECYCLE } from "../tenant/tenant.lifecycle.js";
import { dueReminder, REMINDER_DAYS } from "./entitlement.duties.js";
import { Entitlement } from "./entitlement.entity.js";
import { entitlementId } from "./entitlement.rules.js";
import { hasEnded } from "./entitlement.verdict.js";

/** Tenants that one sweep sends on their way, those first that are longest due; the next sweep takes up the rest. */
export const SWEEP_AT_MOST = 1_000;

const DAY_MS = 86_400_000;

/** Find the tenants with entitlements whose end is reached and not written down, or near and not announced. */
export async function sweepEntitlements({ doors, now }: RequestContext): Promise<JobRequest[]> {
  const due = await doors.read<{ tenantId: string }>(sql`
    select e.tenant_id as "tenantId" from (${dueAt(now())}) e group by e.tenant_id order by min(e.expires_at) limit ${SWEEP_AT_MOST}`);
  return due.map(({ tenantId }) => ({ kind: "tenant.advance", payload: { tenantId } }));
}

/**
 * Do in one tenant what is due, each thing as a change and an event of its own. Called twice, at once or too early, it finds nothing to
 * do: each is looked at again in its own transaction.
 *
 * Audit   `entitlement.expire`, `entitlement.expiring`.
 */
export async function advanceEntitlements({ doors, facilities: { catalog }, now }: RequestContext, { tenantId }: { tenantId: string }): Promise<void> {
  const due = await doors.read<{ product: string; expiresAt: Date }>(sql`
    select e.product, e.expires_at as "expiresAt" from (${dueAt(now())}) e where e.tenant_id = ${tenantId}::uuid order by e.expires_at, e.product`);
  const home = doors.within(tenantId);
  for (const { product, expiresAt } of due) {
    const key = { tenantId: home.tenantId, product };
    if (hasEnded({ expiresAt }, now())) {
      await home.change("entitlement.expire", (tx) => expire(tx, key, now()));
    } else {
      await home.change("entitlement.expiring", async (tx) => {
        const [tenant, entitlement] = [await tx.findOneByOrFail(Tenant, { id: key.tenantId }), await tx.findOneBy(Entitlement, key)];
        const reminder = entitlement && dueReminder({ tenant, product, entitlement, catalog, now: now() });
        if (!reminder || !(await isFirst(tx, key, reminder))) return NOTHING;
        const { deadline, daysLeft } = reminder;
        return { value: undefined, audit: [{ ...about(key), metadata: { source: entitlement.source, daysLeft, deadline } }] };
      });
    }
  }
}

interface Key {
  tenantId: string;
  product: string;
}

const NOTHING: Change<undefined> = { value: undefined, unaudited: "no-op" };

async function expire(tx: EntityManager, key: Key, now: Date): Promise<Change<undefined>> {
  const entitlement = await tx.findOne(Entitlement, { where: { ...key }, lock: { mode: "for_no_key_update" } });
  if (!entitlement?.enabled || !hasEnded(entitlement, now)) return NOTHING;
  await updateRow(tx, Entitlement, entitlement, { enabled: false });
  const { source, expiresAt } = entitlement;
  return { value: undefined, audit: [{ ...about(key), metadata: { source, expires_at: expiresAt } }] };
}

/** The row that says that it was made is written with its event, and can be written once. */
async function isFirst(tx: EntityManager, { tenantId, product }: Key, { ahead, deadline }: { ahead: number; deadline: Date }): Promise<boolean> {
  const made = await tx.query<unknown[]>(
    "insert into entitlement_notices (tenant_id, product, days_left, deadline) values ($1, $2, $3, $4) on conflict do nothing returning days_left",
    [tenantId, product, ahead, deadline],
  );
  return made.length > 0;
}

/** States in which a tenant is told anything. Ends are written down in every state but the one in which nothing changes. */
const TOLD = Object.entries(LIFECYCLE).flatMap(([status, { outwardEffects }]) => (outwardEffects === "yes" ? [status] : []));

/** Postgres keeps microseconds and a Date has milliseconds: an end is reached in the millisecond in which it falls, here as in `hasEnded`. */
function dueAt(now: Date): Sql {
  const reachedIn = (days: number) => new Date(now.getTime() + days * DAY_MS + 1);
  const [last, first] = REMINDER_DAYS;
  return sql`
    select e.tenant_id, e.product, e.expires_at from tenant_products e join tenants t on t.id = e.tenant_id
    where e.enabled = true and e.expires_at < ${reachedIn(first)} and t.status <> 'archived' and (e.expires_at < ${reachedIn(0)} or (
      t.status = any(${TOLD}::tenant_status[])
      and not exists (select from entitlement_notices n where n.tenant_id = e.tenant_id and n.product = e.product
        and n.deadline = date_trunc('milliseconds', e.expires_at)
        and n.days_left = case when e.expires_at < ${reachedIn(last)} then ${last}::int else ${first}::int end)))`;
}

function about({ tenantId, product }: Key) {
  return { target: { type: "entitlement", id: entitlementId({ tenantId, product }), name: product }, product };
}
