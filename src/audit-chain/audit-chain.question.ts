/** Owns whose chain is asked about, and how numbers of checkpoints are read that come as text. */
import { MAX_PAGE_SIZE } from "../kernel/connection.js";
import { Fault } from "../kernel/fault.js";
import { isUuid } from "../kernel/id.js";
import type { Principal } from "../kernel/principal.js";

export const MAX_CHECKPOINTS = MAX_PAGE_SIZE;

const NUMBER = /^(?:0|[1-9]\d{0,14})$/;

/**
 * The caller's own when none is named; null when what is named is no id.
 *
 * Faults  BAD_USER_INPUT for who has none and names none; FORBIDDEN for who may see some of the tenant's events only, because how many
 *         there are would tell of the others.
 */
export function chainOf(caller: Principal, tenantId: string | null | undefined, field: string): string | null {
  if (caller.kind === "user" && caller.narrowedTo) throw new Fault("FORBIDDEN", "Your token shows some events only, and not how far the log goes");
  const named = tenantId ?? caller.tenantId;
  if (named === null) throw new Fault("BAD_USER_INPUT", "Name the tenant whose audit log is meant", { field });
  return isUuid(named) ? named.toLowerCase() : null;
}

/** Faults: BAD_USER_INPUT. */
export function numberFrom(text: string, field: string): number {
  if (!NUMBER.test(text)) throw new Fault("BAD_USER_INPUT", `${field} is the number of a checkpoint, in digits`, { field });
  return Number(text);
}

/** Faults: BAD_USER_INPUT. */
export function sizeFrom(first: number): number {
  if (first < 1 || first > MAX_CHECKPOINTS) throw new Fault("BAD_USER_INPUT", `first is from 1 to ${MAX_CHECKPOINTS}`, { field: "first" });
  return first;
}
