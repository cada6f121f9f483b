/** Owns how audit events are counted: over a bounded time, by one of their columns. */
import sql, { type Sql } from "sql-template-tag";
import { Field, Int, ObjectType } from "type-graphql";
import type { Doors } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import { conjunction } from "../kernel/page-selection.js";
import { AuditEventCountBy, type AuditEventFilter } from "./audit-event.inputs.js";

/** A quarter of a year: every event in it is looked at. */
export const MAX_COUNTED_DAYS = 92;
export const MAX_COUNTS = 100;
const DAY_MS = 86_400_000;

@ObjectType({ description: "How many audit events have one thing in common.", simpleResolvers: true })
export class AuditEventCount {
  @Field(() => String, { nullable: true, description: "The action, the actor's subject, or the day in UTC such as `2026-03-01`; null where the actor is not known." })
  key: string | null;

  @Field(() => Int, { description: "How many there are." })
  count: number;
}

const KEYS: Readonly<Record<AuditEventCountBy, { key: Sql; order: Sql }>> = {
  [AuditEventCountBy.ACTION]: { key: sql`a.action`, order: sql`2 desc, 1` },
  [AuditEventCountBy.ACTOR]: { key: sql`a.actor_id`, order: sql`2 desc, 1` },
  [AuditEventCountBy.DAY]: { key: sql`to_char(a.created_at at time zone 'UTC', 'YYYY-MM-DD')`, order: sql`1` },
};

/**
 * At most {@link MAX_COUNTS} of what `where` leaves of the events in the time that all of `filters` give.
 *
 * Faults  BAD_USER_INPUT(filter) when that time has no beginning or no end, or is longer than {@link MAX_COUNTED_DAYS}.
 */
export function countEvents(doors: Doors, by: AuditEventCountBy, filters: readonly AuditEventFilter[], where: readonly Sql[]): Promise<AuditEventCount[]> {
  const from = Math.max(...filters.flatMap(({ from: one }) => one?.getTime() ?? []));
  const until = Math.min(...filters.flatMap(({ until: one }) => one?.getTime() ?? []));
  if (!Number.isFinite(from) || !Number.isFinite(until)) throw new Fault("BAD_USER_INPUT", "Give from and until: events are counted over a time with both ends", { field: "filter" });
  if (until - from > MAX_COUNTED_DAYS * DAY_MS) throw new Fault("BAD_USER_INPUT", `Events are counted over at most ${MAX_COUNTED_DAYS} days`, { field: "filter" });
  const { key, order } = KEYS[by];
  return doors.read<AuditEventCount>(sql`
    select ${key} as key, count(*)::int as count from audit_log a where ${conjunction(where)} group by 1 order by ${order} limit ${MAX_COUNTS}`);
}
