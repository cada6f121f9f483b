/** Owns what is recorded of the audit log itself: who took it out, looked at it, held it, and what went from it. */
import { COUNT, details, entry, orNull, TEXT, TEXTS, TIME, YES_OR_NO, type ActionEntry } from "./audit-event.action-entry.js";
import { AuditCrud } from "./audit-event.entity.js";

const { CREATE, READ, UPDATE, DELETE } = AuditCrud;

/** Places in the log are decimal text: there may be more of them than other numbers can tell. */
const PLACE = { type: "string", pattern: "^\\d+$" };
/** What was asked for, as it was asked for. */
const ASKED = { type: ["object", "null"] };

export const OF_THE_LOG = {
  "audit.export": entry(READ, "An export of the audit log was asked for.", details({ format: TEXT, filter: ASKED, query: orNull(TEXT), upTo: PLACE, expiresAt: TIME })),
  "audit.fetch_export": entry(
    READ,
    "An export of the audit log was fetched, or a part of it.",
    details({ format: TEXT, events: COUNT, from: PLACE, upTo: PLACE, complete: YES_OR_NO, requested_by: TEXT }),
  ),
  "audit.create_viewer_token": entry(
    CREATE,
    "A token was made with which the audit log can be looked at for some minutes.",
    details({ token: TEXT, narrowedTo: TEXTS, expiresAt: TIME }),
  ),
  "audit.view": entry(READ, "The audit log was looked at with a token that was made for that.", details({ token: TEXT })),
  "audit.set_retention": entry(UPDATE, "For how long the audit log is kept was changed.", details({ before: COUNT, after: COUNT })),
  "audit.place_hold": entry(UPDATE, "It was ordered that nothing goes from the audit log."),
  "audit.release_hold": entry(UPDATE, "The order that nothing goes from the audit log was lifted.", details({ heldAt: TIME })),
  "audit.erase_person": entry(
    DELETE,
    "A person was erased from events of the audit log.",
    details({
      events: COUNT,
      unsettled: COUNT,
      places: { type: "string", description: "Of each settled event its place and which groups of columns went: `a` who did it, `t` what it was done to, `x` texts and details." },
    }),
  ),
  "audit.purge": entry(DELETE, "What was past its retention went from the audit log.", details({ events: COUNT, upTo: PLACE })),
} as const satisfies Record<string, ActionEntry>;
