/** Owns what is answered of the use of API keys, and which days can be asked about. No I/O. */
import { GraphQLLocalDate } from "graphql-scalars";
import { Field, Float, ObjectType } from "type-graphql";
import { Fault } from "../kernel/fault.js";

/** Counts are kept a little longer; so many can be asked for at once. */
export const MAX_USAGE_DAYS = 366;
const USUAL_USAGE_DAYS = 30;
const DAY_MS = 86_400_000;

/** What the arguments of every field of this kind say. */
export const FROM = `First day, in UTC; ${USUAL_USAGE_DAYS} days with the last one when omitted.`;
export const UNTIL = `Last day, in UTC: today when omitted, and at most ${MAX_USAGE_DAYS} days with the first one.`;
/** What a field costs: as a month and some. How many days are asked for stands in its arguments, which no estimate reads. */
export const USAGE_SIZE = "@listSize(assumedSize: 40)";

@ObjectType({ description: "How often keys were verified on one day.", simpleResolvers: true })
export class ApiKeyUsageDay {
  @Field(() => GraphQLLocalDate, { description: "The day, from midnight to midnight UTC." })
  day: string;

  @Field(() => Float, { description: "Verifications that found the key valid." })
  verified: number;

  @Field(() => Float, { description: "Verifications of the right key that refused it all the same: because it had ended, for instance, or may not do what was asked." })
  refused: number;
}

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
  const last = until ?? now.toISOString().slice(0, 10);
  const first = from ?? daysBefore(last, USUAL_USAGE_DAYS - 1);
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
  if (days < 1) throw new Fault("BAD_USER_INPUT", "from must not be after until", { field: "from" });
  if (days > MAX_USAGE_DAYS) throw new Fault("BAD_USER_INPUT", `from and until must be at most ${MAX_USAGE_DAYS} days, both included`, { field: "from" });
  return { from: first, until: last };
}

function daysBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10);
}
