/** Owns the days that counts of use are kept and asked for by: days in UTC, from one to another. No I/O. */
import { Fault } from "./fault.js";

/** A year, and a month to look back on it. */
export const KEEP_USAGE_DAYS = 400;
/** Counts are kept a little longer; so many can be asked for at once. */
const MAX_USAGE_DAYS = 366;
const USUAL_USAGE_DAYS = 30;
const DAY_MS = 86_400_000;

/** What the arguments of every field of this kind say. */
export const FROM = `First day, in UTC; ${USUAL_USAGE_DAYS} days with the last one when omitted.`;
export const UNTIL = `Last day, in UTC: today when omitted, and at most ${MAX_USAGE_DAYS} days with the first one.`;
/** What a field costs: as a month and some. How many days are asked for stands in its arguments, which no estimate reads. */
export const USAGE_SIZE = "@listSize(assumedSize: 40)";

/** Both days are in it. */
export interface UsageSpan {
  from: string;
  until: string;
}

/**
 * The days that are meant.
 *
 * Faults  BAD_USER_INPUT(from) when they run backwards, or are more than {@link MAX_USAGE_DAYS}.
 */
export function spanOf(from: string | null | undefined, until: string | null | undefined, now: Date): UsageSpan {
  const last = until ?? dayOf(now);
  const first = from ?? daysBefore(last, USUAL_USAGE_DAYS - 1);
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
  if (days < 1) throw new Fault("BAD_USER_INPUT", "from must not be after until", { field: "from" });
  if (days > MAX_USAGE_DAYS) throw new Fault("BAD_USER_INPUT", `from and until must be at most ${MAX_USAGE_DAYS} days, both included`, { field: "from" });
  return { from: first, until: last };
}

/** The day on which a moment falls. */
export function dayOf(at: Date): string {
  return at.toISOString().slice(0, 10);
}

function daysBefore(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) - days * DAY_MS));
}

/** One loader for each span of days that a request asks about. */
export function bySpan<Loader>(open: (span: UsageSpan) => Loader): (span: UsageSpan) => Loader {
  const loaders = new Map<string, Loader>();
  return (span) => {
    const key = `${span.from} ${span.until}`;
    const loader = loaders.get(key) ?? open(span);
    loaders.set(key, loader);
    return loader;
  };
}
