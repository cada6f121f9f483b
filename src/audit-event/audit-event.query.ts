/** Owns how a search in words, as Retraced's users write it, becomes a filter. No I/O. */
import { validateSync } from "class-validator";
import { Fault } from "../kernel/fault.js";
import { isWellFormed } from "../kernel/validation.js";
import { AuditCrud } from "./audit-event.entity.js";
import { AuditEventFilter } from "./audit-event.inputs.js";

export const MAX_QUERY_LENGTH = 1_000;

/** Said of every query, because it is all that a caller has to learn it from. */
export const QUERY_DESCRIPTION =
  "A search in words, all of which must hold: `action:project.*`, `crud:c,d`, `actor.id:`, `actor.name:`, `target.id:`, `target.name:`, `target.type:`, `product:`, " +
  "`request_id:`, `external_id:`, `description:`, `is_failure:true`, and `received:` or `created:` followed by two times of ISO 8601 with a comma between them, of which one " +
  'may be left out. Whatever has no such name is looked for in the description. A value with spaces or a colon goes into quotation marks: `actor.name:"Ada Lovelace"`. ' +
  "Names and descriptions need only contain the value, whatever the letter case; each name can be given once.";

/** Name → what its value sets. */
const WORDS: Readonly<Record<string, (filter: AuditEventFilter, value: string, name: string) => void>> = {
  action: (filter, value) => (filter.action = value),
  crud: (filter, value) => (filter.cruds = crudsIn(value)),
  received: (filter, value, name) => ([filter.receivedFrom, filter.receivedUntil] = rangeIn(value, name)),
  created: (filter, value, name) => ([filter.from, filter.until] = rangeIn(value, name)),
  "actor.id": (filter, value) => (filter.actorId = value),
  "actor.name": (filter, value) => (filter.actorName = value),
  "target.id": (filter, value) => (filter.targetId = value),
  "target.name": (filter, value) => (filter.targetName = value),
  "target.type": (filter, value) => (filter.targetType = value),
  product: (filter, value) => (filter.product = value),
  request_id: (filter, value) => (filter.requestId = value),
  external_id: (filter, value) => (filter.externalId = value),
  description: (filter, value) => void (filter.texts ??= []).push(value),
  is_failure: (filter, value, name) => (filter.isFailure = truthIn(value, name)),
};

/** Theirs, and not ours: nothing is kept of where a caller was, and fields are no columns. */
const NOT_OURS = /^(?:location|fields\..*)$/;

/** A name and a colon, or nothing; then a value in quotation marks, in which a backslash stands before a mark or a backslash, or without. */
const WORD = /\s*(?:([A-Za-z_][\w.]*):|(?![A-Za-z_][\w.]*:))(?:"((?:[^"\\]|\\["\\])*)"(?=\s|$)|([^\s":]\S*)?(?=\s|$))/uy;

/**
 * The filter that `query` says. Of what is wrong with it the fault says the place, and repeats nothing of it.
 *
 * Faults  BAD_USER_INPUT(query).
 */
export function parseQuery(query: string): AuditEventFilter {
  if (query.length > MAX_QUERY_LENGTH) throw refused(`must be at most ${MAX_QUERY_LENGTH} characters`);
  if (!isWellFormed(query)) throw refused("must be well-formed text");
  const filter = new AuditEventFilter();
  const given = new Set<string>();
  const text = query.trimEnd();
  for (let at = 0; at < text.length; ) {
    WORD.lastIndex = at;
    const [word = "", name, quoted, bare] = WORD.exec(text) ?? [];
    if (word.trim() === "") throw refused(`has something at character ${placeOf(text, at)} that is no word of it; text with a colon or a quotation mark goes into quotation marks`);
    if (name !== undefined) refuseName(name, given, placeOf(text, at));
    const value = quoted?.replaceAll(/\\(.)/gu, "$1") ?? bare ?? "";
    if (value === "") throw refused(`has no value at character ${placeOf(text, at)}`);
    (WORDS[name ?? "description"] as (typeof WORDS)[string])(filter, value, name ?? "description");
    at += word.length;
  }
  const [violation] = validateSync(filter, { forbidUnknownValues: false, stopAtFirstError: true });
  if (violation) throw refused(`is refused: ${Object.values(violation.constraints ?? {}).join() || "a value is not valid"}`);
  return filter;
}

/** From 1, and of the word, not of the spaces before it. */
function placeOf(text: string, at: number): number {
  return at + 1 + (/^\s*/u.exec(text.slice(at))?.[0].length ?? 0);
}

function refuseName(name: string, given: Set<string>, place: number): void {
  if (NOT_OURS.test(name)) throw refused(`has a name at character ${place} that events cannot be searched by here`);
  if (!Object.hasOwn(WORDS, name)) throw refused(`has an unknown name at character ${place}; text with a colon goes into quotation marks`);
  if (given.has(name)) throw refused(`has ${name} twice`);
  given.add(name);
}

function crudsIn(value: string): AuditCrud[] {
  const letters: readonly string[] = Object.values(AuditCrud);
  const cruds = value.split(",");
  if (!cruds.every((letter) => letters.includes(letter))) throw refused("must give crud as some of c, r, u and d, separated by commas");
  return [...new Set(cruds as AuditCrud[])];
}

function truthIn(value: string, name: string): boolean {
  if (value !== "true" && value !== "false") throw refused(`must give ${name} as true or false`);
  return value === "true";
}

function rangeIn(value: string, name: string): [Date | undefined, Date | undefined] {
  const ends = value.split(",");
  const [from, until] = ends.map((end) => (end === "" ? undefined : instantIn(end)));
  if (ends.length > 2 || from === null || until === null || (from === undefined && until === undefined)) {
    throw refused(`must give ${name} as two times of ISO 8601 with a comma between them, of which one may be left out`);
  }
  return [from, until];
}

/** A day, or a time to the minute or finer; without a zone it is UTC. */
const INSTANT = /^(\d{4}-\d\d-\d\d)(?:T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,9})?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?$/;

/** Null for what is no time, and for days that the calendar has not. */
function instantIn(text: string): Date | null {
  const [, day, hours, , , zone] = INSTANT.exec(text) ?? [];
  if (day === undefined || day < "0001") return null;
  if (!new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day)) return null;
  return new Date(hours === undefined || zone !== undefined ? text : `${text}Z`);
}

function refused(why: string): Fault {
  return new Fault("BAD_USER_INPUT", `query ${why}`, { field: "query" });
}
