/** Owns what is true of exports of the audit log: how long one can be fetched, how long a filter may be, and what addresses and files are called. No I/O. */
import type { AuditEventFilter } from "../audit-event/audit-event.inputs.js";
import { Fault } from "../kernel/fault.js";

/** How long the address of an export can be fetched, as often as needed. A download that has begun may outlast it. */
export const EXPORT_MINUTES = 60;

export const EXPORT_PATH = "/audit/exports/";

export enum AuditExportFormat {
  NDJSON = "ndjson",
  CSV = "csv",
}

/** What was asked to be exported. It travels in the address itself. */
export interface AskedExport {
  readonly id: string;
  readonly tenantId: string;
  /** Subject of who asked for it. */
  readonly requestedById: string;
  readonly format: AuditExportFormat;
  readonly filter: AuditEventFilter | null;
  readonly query: string | null;
  /** Up to which place the log had been purged then; 0 when nowhere. Where a cut file began, and so whether it can be continued. */
  readonly purged: number;
}

/** Routers and browsers take addresses of some 8,000 characters; these bytes become a third more there. */
const LONGEST_CONDITIONS = 4_000;

/** Faults: BAD_USER_INPUT(filter) when the address would be longer than what is on the way takes. */
export function refuseLong({ filter, query }: Pick<AskedExport, "filter" | "query">): void {
  if (Buffer.byteLength(JSON.stringify([filter, query])) > LONGEST_CONDITIONS) {
    throw new Fault("BAD_USER_INPUT", `Filter and query must be at most ${LONGEST_CONDITIONS} bytes together`, { field: "filter" });
  }
}

/** In whole seconds, as tokens tell it. */
export function expiryOf(now: Date): Date {
  return new Date((Math.floor(now.getTime() / 1_000) + EXPORT_MINUTES * 60) * 1_000);
}

const MIME: Readonly<Record<AuditExportFormat, string>> = {
  [AuditExportFormat.NDJSON]: "application/x-ndjson; charset=utf-8",
  [AuditExportFormat.CSV]: "text/csv; charset=utf-8",
};

/** How the downloaded file is called, and what it is. */
export function fileOf(slug: string, format: AuditExportFormat, at: Date): { name: string; mime: string } {
  return { name: `${slug}-audit-${at.toISOString().slice(0, 10)}.${format}`, mime: MIME[format] };
}

const PLACE = /^(?:0|[1-9]\d{0,14})$/;

/**
 * Behind which place a download goes on; undefined when it begins.
 *
 * Faults  BAD_USER_INPUT(after).
 */
export function placeIn(after: unknown): number | undefined {
  if (after === undefined) return undefined;
  if (typeof after !== "string" || !PLACE.test(after)) throw new Fault("BAD_USER_INPUT", "after must be the position of an event, given once", { field: "after" });
  return Number(after);
}
