/** Owns the lines of an export: what each says, how it is written, and that nothing else is read. Whether they hold together is told elsewhere. */
import { FORMATS, GROUPS, HASH_BYTES, leafOf, SALT_BYTES, type ColumnTexts, type Group, type LeafFormat } from "./audit-proof.encoding.js";
import { ProofError } from "./audit-proof.failure.js";

export const EXPORT_FORMAT = "tenant-registry/audit-export/1";

/** The first line. */
export interface LogLine {
  readonly type: "log";
  readonly format: typeof EXPORT_FORMAT;
  readonly log: string;
  readonly tenant: string;
  /** The last position that was purged; 0 if none was. */
  readonly after: number;
  /** Whether all events are here, and not only those of a filter. */
  readonly whole: boolean;
  /** The purge's checkpoint at `after`, as it was signed. */
  readonly base: string | null;
  /** Hashes of the complete subtrees of `after` leaves in hex, biggest first. */
  readonly frontier: readonly string[];
}

export interface EventLine {
  readonly type: "event";
  readonly position: number;
  readonly format: number;
  /** Each hashed column as Postgres tells it. */
  readonly columns: ColumnTexts;
  /** Of each group, in hex, the salt of its hash; or the hash, when somebody was erased from it. */
  readonly openings: Readonly<Record<Group, string>>;
  /** Hash of the chain at this position, in hex. */
  readonly chain: string;
}

export interface CheckpointLine {
  readonly type: "checkpoint";
  readonly signed: string;
}

/** The last line: how many events there are, and the last one's position. */
export interface EndLine {
  readonly type: "end";
  readonly events: number;
  readonly position: number;
}

export type ExportLine = LogLine | EventLine | CheckpointLine | EndLine;

export const lineOf = (line: ExportLine): string => `${JSON.stringify(line)}\n`;

type Fits = (value: unknown) => boolean;
const isText: Fits = (value) => typeof value === "string";
const isTextOrNull: Fits = (value) => value === null || typeof value === "string";
const isFlag: Fits = (value) => typeof value === "boolean";
const isCount: Fits = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isHash: Fits = (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const isId: Fits = (value) => typeof value === "string" && UUID.test(value);
const OPENING = new RegExp(`^(?:[0-9a-f]{${2 * SALT_BYTES}}|[0-9a-f]{${2 * HASH_BYTES}})$`);

const MEMBERS: ReadonlyMap<unknown, Readonly<Record<string, Fits>>> = new Map<unknown, Readonly<Record<string, Fits>>>([
  ["log", { format: isText, log: isId, tenant: isId, after: isCount, whole: isFlag, base: isTextOrNull, frontier: (value) => Array.isArray(value) && value.every(isHash) }],
  ["event", { position: isCount, format: isCount, columns: isObject, openings: isObject, chain: isHash }],
  ["checkpoint", { signed: isText }],
  ["end", { events: isCount, position: isCount }],
]);

/**
 * A line is written in one way only, so that no other reader of the same file sees something else in it: a member twice, or text that is
 * another text in UTF-8.
 */
export function lineIn(text: string): ExportLine {
  const line = parsed(text);
  const members = MEMBERS.get(line["type"]);
  if (members === undefined || !hasExactly(line, { type: isText, ...members })) throw bad("has other members than a line of an export");
  // Before it is written again: what is nested deeply enough would end that with its stack.
  if (line["type"] === "event") checkEvent(line as unknown as EventLine, text);
  if (JSON.stringify(line) !== text) throw bad("is not written as an export writes it");
  return line as unknown as ExportLine;
}

/** What the chain and the tree have for this event, by what its line says. */
export function leafOfLine({ position, format, columns, openings }: EventLine): Buffer {
  const { groups } = formatOf(format);
  for (const group of GROUPS) {
    const shown = isErased(openings[group]) ? groups[group].find((name) => columns[name] !== (ERASED[name] ?? null)) : undefined;
    // Nothing vouches for it any more: whatever stands there was written after the erasure.
    if (shown !== undefined) throw new ProofError("content_changed", `"${shown}" belongs to a group that was erased, and is there`, position);
  }
  const bytes = Object.fromEntries(GROUPS.map((group) => [group, Buffer.from(openings[group], "hex")])) as Record<Group, Buffer>;
  return leafOf(formatOf(format), columns, bytes);
}

export const erasedGroups = ({ openings }: EventLine): Group[] => GROUPS.filter((group) => isErased(openings[group]));

/** What an erasure leaves in a column that cannot be null. */
const ERASED: ColumnTexts = { metadata: "{}" };
const isErased = (opening: string): boolean => opening.length === 2 * HASH_BYTES;

function checkEvent({ format, columns, openings }: EventLine, text: string): void {
  const names = COLUMNS.get(formatOf(format)) ?? [];
  if (!hasExactly(openings, OPENINGS)) throw bad("has other openings than a salt or a hash of each group");
  if (Object.keys(columns).length !== names.length) throw bad(`has other columns than those of format ${format}`);
  const mayBeTorn = text.includes("\\ud");
  for (const name of names) {
    const value = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (value !== null && typeof value !== "string") throw bad(`has no column "${name}"`);
    if (value !== null && mayBeTorn && /\p{Surrogate}/u.test(value)) throw bad(`has half a character in "${name}"`);
  }
}

const COLUMNS = new Map(Object.values(FORMATS).map((format) => [format, [...format.plain, ...GROUPS.flatMap((group) => format.groups[group])]]));
const OPENINGS = Object.fromEntries(GROUPS.map((group): [string, Fits] => [group, (value) => typeof value === "string" && OPENING.test(value)]));

function formatOf(number: number): LeafFormat {
  const format = FORMATS[number];
  if (format === undefined) throw new ProofError("unknown_format", `an event has format ${number}, which this version does not know`);
  return format;
}

function hasExactly(value: object, members: Readonly<Record<string, Fits>>): boolean {
  const names = Object.keys(members);
  return Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name) && members[name]?.((value as Record<string, unknown>)[name]) === true);
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value as Record<string, unknown>;
  } catch {
    // Told below, like every other text that is no object.
  }
  throw bad("is no JSON object");
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const bad = (words: string): ProofError => new ProofError("bad_line", words);
