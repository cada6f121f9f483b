/** Owns how events are found by the beginning of their action: when they are few among many, not by walking past all the others. */
import sql, { raw, type Sql } from "sql-template-tag";
import type { Doors } from "../kernel/doors.js";
import { conjunction } from "../kernel/page-selection.js";

/** So many are soon read and sorted; of more a page is soon found by walking. */
const FEW = 2_000;

/**
 * Where to read the events from whose action begins so: the log, alias `a`, or just those of it. Their order is that of time, and the
 * index by action knows it for one whole action only: Postgres cannot know beforehand which of the two ways is short, so it is tried.
 * `bounds` are the conditions on time that hold anyway. For callers of one tenant: the index is by tenant first.
 */
export async function eventsBeginningWith(doors: Doors, beginning: string, bounds: readonly Sql[]): Promise<Sql> {
  const where = conjunction([inByteOrder(beginning), ...bounds]);
  const [found] = await doors.read<{ count: number }>(sql`select count(*)::int as count from (select from audit_log a where ${where} limit ${FEW + 1}) as few`);
  // OFFSET keeps Postgres from walking the log in its order after all.
  return found && found.count <= FEW ? sql`(select a.* from audit_log a where ${where} offset 0) as a` : sql`audit_log a`;
}

/** A range of the byte order, which is the index's; actions are made of nothing that is not one byte. */
function inByteOrder(beginning: string): Sql {
  const next = beginning.slice(0, -1) + String.fromCharCode(beginning.charCodeAt(beginning.length - 1) + 1);
  const place = raw('a.action collate "C"');
  return sql`${place} >= ${beginning} and ${place} < ${next}`;
}
