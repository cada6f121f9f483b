/** Owns what is recorded of API keys. Each event has the public part of its key, by which it is found when the key is gone. */
import { COUNT, details, entry, orNull, TEXT, TEXTS, TIME, YES_OR_NO, type ActionEntry } from "./audit-event.action-entry.js";
import { AuditCrud } from "./audit-event.entity.js";

const { CREATE, UPDATE, DELETE } = AuditCrud;

const KEY = { lookup_id: orNull(TEXT) };
const END = { expires_at: orNull(TIME) };

export const OF_KEYS = {
  "api_key.create": entry(CREATE, "An API key was made.", details({ ...KEY, scopes: TEXTS, environment: TEXT, ...END })),
  "api_key.rotate": entry(CREATE, "An API key was made to take the place of another.", details({ ...KEY, rotated_from: TEXT, overlap_ends_at: TIME, ...END })),
  "api_key.revoke": entry(DELETE, "An API key was ended.", details({ ...KEY, reason: TEXT })),
  "api_key.update_policy": entry(
    UPDATE,
    "How long a tenant's new API keys may live was changed.",
    details({ changed: TEXTS, max_lifetime_days: orNull(COUNT), may_never_expire: YES_OR_NO }),
  ),
  "api_key.allow_endless": entry(UPDATE, "The right to allow API keys without an end; such a change is recorded as `api_key.update_policy`."),
  "api_key.import": entry(CREATE, "An API key of another service was brought here.", details(KEY)),
  "api_key.report_leak": entry(
    DELETE,
    "An API key was ended because it had been found where it should not be.",
    details({ ...KEY, reported_by: orNull(TEXT), found_at: orNull(TEXT) }, { successor: TEXT }),
  ),
} as const satisfies Record<string, ActionEntry>;
