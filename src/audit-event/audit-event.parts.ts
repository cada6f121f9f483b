/** Owns that the audit log has a part for every month that comes. What goes of it again is the retention's business. */
import type { House } from "../kernel/doors.js";
import { inNotary } from "../kernel/notary-door.js";
import type { RequestContext } from "../kernel/request.js";

declare module "../kernel/request.js" {
  interface Facilities {
    /** Makes the parts of the months ahead that are not there yet; done again, it does nothing. */
    makeAuditParts(): Promise<void>;
  }
}

/**
 * Where nobody makes any, the last part takes what comes, and is closed as one long month when somebody does.
 *
 * Faults  UNAVAILABLE or DEADLINE_EXCEEDED when writers do not let it in for a moment: it waits for those that have begun, and others wait
 *         for it, so it soon gives up and is to be tried again.
 */
export function auditParts(house: Pick<House, "dataSource" | "limits">): () => Promise<void> {
  return () => inNotary(house, { readOnly: false }, async (db) => void (await db.query("select audit_log_make_parts()")));
}

/** The daily job `audit.parts`. */
export function makeParts({ facilities }: RequestContext): Promise<void> {
  return facilities.makeAuditParts();
}
