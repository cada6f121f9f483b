/** Owns how much of what a product may append: the bounds that its rules check and its descriptions tell. */

/** Of one request, as in Retraced. */
export const MAX_APPENDED = 50;

/** So old an event may be when it comes: no longer than the shortest time for which a log is kept, so that nothing is due when it arrives. */
export const MAX_AGE_DAYS = 7;
/** So far another clock may be ahead of ours. */
export const MAX_AHEAD_MINUTES = 5;

export const MAX_FIELDS = 50;
export const MAX_FIELD_NAME = 100;

/** Characters of a text. What can be searched for is no longer than what it can be searched with. */
export const LIMITS = {
  action: 100,
  targetType: 100,
  requestId: 100,
  text: 255,
  userAgent: 1_000,
  href: 2_000,
  description: 4_000,
  fieldText: 4_000,
} as const;
