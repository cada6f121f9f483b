/** Owns how an export comes to be while it is fetched: a stretch of the log at a time, and no faster than it is taken. */
import { following, type StoredCheckpoint } from "../audit-chain/audit-chain.checkpoints.js";
import type { Notary } from "../audit-chain/audit-chain.notary.js";
import { AuditCheckpointKind } from "../audit-chain/audit-checkpoint.entity.js";
import { EXPORT_FORMAT, lineOf } from "../audit-proof/audit-proof.export.js";
import type { Doors } from "../kernel/doors.js";
import { firstCheckpoint, frontierOf, holding, stretchOf, type Extent } from "./audit-export.reads.js";
import { AuditExportFormat, type AskedExport } from "./audit-export.rules.js";
import { untilErasuresSettled } from "./audit-export.waiting.js";
import { CSV_HEAD, csvOf, ndjsonOf } from "./audit-export.writers.js";

export interface ContentParts {
  doors: Doors;
  notary: Pick<Notary, "settle" | "cursor" | "logId" | "checkpoint">;
  asked: AskedExport;
  extent: Extent;
  /** Behind which place it goes on; absent: it begins. */
  after?: number | undefined;
  /** Called before each look at the log. */
  looking?: () => void;
}

/** How far it has come. */
export interface Progress {
  /** Events given out in this download. */
  events: number;
  /** The last place that was looked at. */
  upTo: number;
  /** Whether its last line was given out. */
  complete: boolean;
}

/** Places looked at by one statement: fewer while events are long, so that none is read in vain. */
const [FEWEST_PLACES, FIRST_PLACES, MOST_PLACES] = [16, 256, 1_024];
/** Somebody may be erased from what was just read, and again; not for ever. */
const MOST_LEGS = 10;
const CHECKPOINTS_AT_ONCE = 200;

/**
 * The file in pieces. Of a whole one every event up to its own checkpoint is there, or it has no last line.
 *
 * Whoever is erased while it is read leaves a trace in the events that are read after that, and an event that says so further on. So the
 * log is read on, a leg at a time, until a leg shows nobody erased: then the events that account for all earlier ones are in the file.
 *
 * Throws  When the next place has gone, because the log is purged meanwhile; and what the doors and the notary throw.
 */
export function contentOf(parts: ContentParts): { content: AsyncGenerator<Buffer>; progress: Progress } {
  const { asked, extent, after } = parts;
  const progress: Progress = { events: 0, upTo: after ?? extent.purged, complete: false };
  const isWhole = asked.filter === null && asked.query === null;
  const proves = isWhole && asked.format === AuditExportFormat.NDJSON;
  return { progress, content: bytesOf(proves ? proven(parts, progress) : listed(parts, progress, isWhole)) };
}

async function* proven(parts: ContentParts, progress: Progress): AsyncGenerator<string> {
  const { doors, notary, asked, extent } = parts;
  const { tenantId } = asked;
  if (parts.after === undefined) yield await firstLine(parts, true);
  // What a file that is continued has shown erased is not known here.
  let erased = (yield* leg(parts, progress, extent.head, true)) || parts.after !== undefined;
  for (let legs = 1; legs <= MOST_LEGS; legs++) {
    await notary.settle();
    if (erased) await untilErasuresSettled({ doors, notary, tenantId });
    const end = await notary.checkpoint(tenantId, AuditCheckpointKind.EXPORT);
    if (!end) throw new Error(`the chain of tenant ${tenantId} is empty, and nothing can be proven of it`);
    erased = yield* leg(parts, progress, end.position, true);
    if (erased) continue;
    yield* checkpoints(doors, extent.purged, end);
    yield lastLine(progress, progress.upTo - extent.purged);
    return;
  }
  throw new Error(`people are erased from the log of tenant ${tenantId} faster than it can be exported`);
}

async function* listed(parts: ContentParts, progress: Progress, isWhole: boolean): AsyncGenerator<string> {
  const isTable = parts.asked.format === AuditExportFormat.CSV;
  if (parts.after === undefined) yield isTable ? CSV_HEAD : await firstLine(parts, false);
  yield* leg(parts, progress, parts.extent.head, isWhole);
  if (!isTable) yield lastLine(progress, progress.events);
  progress.complete = true;
}

/** Up to a place. Tells whether somebody was erased from what was read. */
async function* leg({ doors, asked, looking }: ContentParts, progress: Progress, upTo: number, isWhole: boolean): AsyncGenerator<string, boolean> {
  const { tenantId, format } = asked;
  const where = holding(asked);
  const written = format === AuditExportFormat.CSV ? csvOf : ndjsonOf;
  let [places, erased] = [FIRST_PLACES, false];
  while (progress.upTo < upTo) {
    looking?.();
    const after = progress.upTo;
    const stretch = await stretchOf(doors, { tenantId, after, upTo, places, where });
    if (isWhole && stretch.events.some(({ position }, index) => position !== after + 1 + index)) throw gone(tenantId, after);
    if (isWhole && stretch.events.length < stretch.upTo - after) throw gone(tenantId, after);
    const isCut = stretch.upTo < Math.min(upTo, after + places);
    places = Math.min(MOST_PLACES, isCut ? Math.max(FEWEST_PLACES, stretch.upTo - after) : places * 2);
    erased ||= stretch.events.some(({ erased: groups }) => groups.length > 0);
    progress.upTo = stretch.upTo;
    progress.events += stretch.events.length;
    if (stretch.events.length > 0) yield written(stretch.events);
  }
  return erased;
}

async function firstLine({ doors, notary, asked: { tenantId }, extent: { purged, base } }: ContentParts, whole: boolean): Promise<string> {
  const frontier = whole ? await frontierOf(doors, tenantId, purged) : [];
  return lineOf({ type: "log", format: EXPORT_FORMAT, log: await notary.logId(), tenant: tenantId, after: purged, whole, base: whole ? base : null, frontier });
}

async function* checkpoints(doors: Doors, purged: number, end: StoredCheckpoint): AsyncGenerator<string> {
  let after = (await firstCheckpoint(doors, end.tenantId, purged)) - 1;
  while (after < end.number) {
    const page = (await following(doors, end.tenantId, after, CHECKPOINTS_AT_ONCE)).filter(({ number }) => number <= end.number);
    if (page.length === 0) throw new Error(`the checkpoints of tenant ${end.tenantId} end at ${after}, and not at ${end.number}`);
    yield page.map(({ signed }) => lineOf({ type: "checkpoint", signed })).join("");
    after = page.at(-1)?.number ?? after;
  }
}

function lastLine(progress: Progress, events: number): string {
  progress.complete = true;
  return lineOf({ type: "end", events, position: progress.upTo });
}

function gone(tenantId: string, after: number): Error {
  return new Error(`the log of tenant ${tenantId} has no event behind place ${after} any more`);
}

async function* bytesOf(texts: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const text of texts) yield Buffer.from(text);
}
