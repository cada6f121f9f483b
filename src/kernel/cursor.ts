/** Owns the cursor: an opaque text ⇄ the place of a row in an order. */
import { Fault } from "./fault.js";
import { isStorable, isUuid } from "./id.js";

/** The place of a row: the key that the list is ordered by, and the id that breaks ties. */
export interface Place {
  key: string;
  id: string;
}

/** What a cursor must fit: its order's name, and the type of its key. */
export interface CursorOrder {
  /** A cursor of one order is refused by another. */
  name: string;
  /** The Postgres type of the key. */
  type: "text" | "timestamptz" | "integer";
}

/** The key travels as Postgres prints it: a JavaScript date would cut microseconds off and skip or repeat rows. */
export function writeCursor(order: CursorOrder, { key, id }: Place): string {
  return Buffer.from(JSON.stringify([order.name, key, id])).toString("base64url");
}

/** As Postgres prints a `timestamptz`, in the years that dates of ours can have. */
const INSTANT = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?([+-](?:0\d|1[0-5]))(:[0-5]\d)?$/;

/** Faults: BAD_USER_INPUT(field) for a cursor that is not of this order. */
export function readCursor(cursor: string, order: CursorOrder, field: string): Place {
  try {
    const [name, key, id]: unknown[] = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
    if (name === order.name && typeof key === "string" && isUuid(id) && isKey(key, order)) return { key, id };
  } catch {
    // Not ours: the same answer as a cursor of another order.
  }
  throw new Fault("BAD_USER_INPUT", "This is not a cursor of this list and order", { field });
}

/** A forged key must not come as far as Postgres: it would fail the whole statement, and with it what else was asked. */
function isKey(key: string, { type }: CursorOrder): boolean {
  if (type === "integer") return INTEGER.test(key);
  return type === "timestamptz" ? key === "infinity" || isInstant(key) : isStorable(key);
}

/** Of so many digits that a column of that type holds it, whatever they are. */
const INTEGER = /^(?:0|[1-9]\d{0,8})$/;

/** A day that the calendar has: JavaScript would take the 30th of February for the 2nd of March. */
function isInstant(key: string): boolean {
  const [, day = "", time = ""] = INSTANT.exec(key) ?? [];
  const instant = new Date(`${day}T${time}Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(`${day}T${time}`) && !day.startsWith("0000");
}
