/** Owns what is true of teams and channels: what they may be called, how many there may be, and what an archived one allows. No I/O. */
import { Fault } from "../kernel/fault.js";

export const TEAMS_AT_MOST = 500;
/** Also of those that were put away: their slugs are taken for ever. */
export const TEAMS_EVER = 2_000;
export const CHANNELS_AT_MOST = 50;
export const CHANNELS_EVER = 500;

/** How many there are. */
export interface Count {
  inUse: number;
  ever: number;
}

/** Faults: LIMIT_EXCEEDED when a tenant has more teams than it may, the new one included. */
export function refuseTooManyTeams({ inUse, ever }: Count): void {
  if (inUse > TEAMS_AT_MOST) throw new Fault("LIMIT_EXCEEDED", `A tenant can have at most ${TEAMS_AT_MOST} teams in use`);
  if (ever > TEAMS_EVER) throw new Fault("LIMIT_EXCEEDED", `A tenant can have at most ${TEAMS_EVER} teams, archived ones included`);
}

/** Faults: LIMIT_EXCEEDED when a team has more channels than it may, the new one included. */
export function refuseTooManyChannels({ inUse, ever }: Count): void {
  if (inUse > CHANNELS_AT_MOST) throw new Fault("LIMIT_EXCEEDED", `A team can have at most ${CHANNELS_AT_MOST} channels in use`);
  if (ever > CHANNELS_EVER) throw new Fault("LIMIT_EXCEEDED", `A team can have at most ${CHANNELS_EVER} channels, archived ones included`);
}

/** Since when a row is put away, after `archived` was asked of it: what it is already, it stays. */
export function archivedAfter({ archivedAt }: { archivedAt: Date | null }, archived: boolean | undefined, now: Date): Date | null {
  if (archived === undefined) return archivedAt;
  return archived ? (archivedAt ?? now) : null;
}

/** Faults: FAILED_PRECONDITION(field) when it is put away, and stays so. */
export function refuseArchived(what: "channel" | "team", archivedAt: Date | null, field: string): void {
  if (archivedAt !== null) throw new Fault("FAILED_PRECONDITION", `The ${what} is archived; restore it first`, { field });
}
