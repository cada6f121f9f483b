/** Owns the statements by which events go from the audit log, and what is looked at before. Whether they may go Postgres decides in each of them once more. */
import type { House } from "../kernel/doors.js";
import { inNotary } from "../kernel/notary-door.js";

/** A part of the log that may go as a whole. */
export interface DuePart {
  /** Whose events are in it. Events of nobody are under the id of no tenant, as in the chain. */
  readonly tenantIds: readonly string[];
}

export interface AuditPurge {
  /** Every tenant with a chain, and nobody's. */
  tenantIds(): Promise<string[]>;
  /** Before when a tenant's events are due, as Postgres writes a time: `-infinity` while they are held. */
  dueBefore(tenantId: string): Promise<string>;
  /** The oldest part, if everything in it is past every retention and not held. */
  duePart(): Promise<DuePart | null>;
  /** Drop that part, if a purge checkpoint covers everything in it; its name, or null. */
  dropPart(): Promise<string | null>;
  /** Delete what is due and covered, up to {@link DELETED_AT_ONCE} places of the chain, all of them or none; 0 when there is nothing. */
  deleteCovered(tenantId: string): Promise<number>;
}

/** `audit_log_purge` looks at 2,000 places, of which up to 255 may be the rest of the chain before them. */
export const DELETED_AT_ONCE = 1_700;

/** A part may hold months of everybody's events, and each is looked at. */
const DROP_MS = 60_000;

const NOBODY = "00000000-0000-0000-0000-000000000000";

/** One step along the key for each. */
const CHAINED = `
  with recursive home (id) as (
    (select tenant_id from audit_chain order by tenant_id limit 1)
    union all
    select (select c.tenant_id from audit_chain c where c.tenant_id > home.id order by c.tenant_id limit 1) from home where home.id is not null
  )
  select id from home where id is not null`;

/** The first part has no lower end and stays when it is empty. The last one has no upper end. */
const OLDEST_END = `
  select bound.until::text as until from pg_inherits i join pg_class p on p.oid = i.inhrelid
  cross join lateral (select substring(pg_get_expr(p.relpartbound, p.oid) from $b$TO \\('([^']+)'\\)$b$)::timestamptz as until) bound
  where i.inhparent = 'audit_log'::regclass and bound.until is not null
    and (p.relname <> 'audit_log_before' or exists (select from audit_log a where a.created_at < bound.until))
  order by bound.until limit 1`;

const IN_PART = `
  with recursive home (id) as (
    (select a.tenant_id from audit_log a where a.tenant_id is not null and a.created_at < $1 order by a.tenant_id limit 1)
    union all
    select (select a.tenant_id from audit_log a where a.tenant_id > home.id and a.created_at < $1 order by a.tenant_id limit 1) from home where home.id is not null
  ), there as (
    select id from home where id is not null
    union all
    select '${NOBODY}' where exists (select from audit_log a where a.tenant_id is null and a.created_at < $1)
  )
  select id, audit_log_due_before(id) >= $1::timestamptz as "isDue" from there`;

export function openAuditPurge(house: Pick<House, "dataSource" | "limits">): AuditPurge {
  const look = <Row>(text: string, values: readonly unknown[] = []) => inNotary(house, { readOnly: true }, (db) => db.query<Row>(text, values));
  return {
    tenantIds: async () => (await look<{ id: string }>(CHAINED)).map(({ id }) => id),
    async dueBefore(tenantId) {
      const [row] = await look<{ due: string }>("select audit_log_due_before($1)::text as due", [tenantId]);
      return row?.due ?? "-infinity";
    },
    async duePart() {
      const [oldest] = await look<{ until: string }>(OLDEST_END);
      const homes = oldest ? await look<{ id: string; isDue: boolean }>(IN_PART, [oldest.until]) : [];
      // A part of which nobody has an event goes when the shortest retention is over: Postgres looks at that.
      return oldest && homes.every(({ isDue }) => isDue) ? { tenantIds: homes.map(({ id }) => id) } : null;
    },
    dropPart: () =>
      inNotary(house, { readOnly: false, timeoutMs: DROP_MS }, async (db) => {
        const [row] = await db.query<{ part: string | null }>("select audit_log_drop_part() as part");
        return row?.part ?? null;
      }),
    deleteCovered: (tenantId) =>
      inNotary(house, { readOnly: false }, async (db) => {
        const [row] = await db.query<{ gone: string }>("select audit_log_purge($1) as gone", [tenantId]);
        return Number(row?.gone ?? 0);
      }),
  };
}
