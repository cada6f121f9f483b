/** Owns for what of a log an export waits: events come into the chain when no earlier transaction is open any more, usually within a second. */
import { setTimeout as rest } from "node:timers/promises";
import type { Notary } from "../audit-chain/audit-chain.notary.js";
import type { Doors } from "../kernel/doors.js";
import { hasUnsettledErasure, lastUnsettled } from "./audit-export.reads.js";

export interface Waiting {
  doors: Doors;
  notary: Pick<Notary, "settle" | "cursor">;
  tenantId: string;
}

const MOMENT_MS = 50;
/** A transaction of ours ends within this time. One of another database of the server may not, and the log up to it is better than none. */
const LONGEST_FOR_EVENTS_MS = 5_000;
const LONGEST_FOR_ERASURES_MS = 20_000;

/** Until everything is chained that the tenant's log has now, or for some seconds. */
export async function untilSettled({ doors, notary, tenantId }: Waiting): Promise<void> {
  await notary.settle();
  const last = await lastUnsettled(doors, tenantId, await notary.cursor());
  if (last) await until(LONGEST_FOR_EVENTS_MS, notary, async () => isReached(last, await notary.cursor()));
}

/** Until every event is chained that says who was erased. Throws when that takes too long: what was read of the erased cannot be accounted for without. */
export async function untilErasuresSettled({ doors, notary, tenantId }: Waiting): Promise<void> {
  const isDone = async () => !(await hasUnsettledErasure(doors, tenantId));
  if (!(await until(LONGEST_FOR_ERASURES_MS, notary, isDone))) {
    throw new Error(`an erasure in the log of tenant ${tenantId} cannot be chained: a transaction that has written is still open`);
  }
}

async function until(longestMs: number, notary: Pick<Notary, "settle">, isDone: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + longestMs;
  while (!(await isDone())) {
    if (performance.now() > end) return false;
    await rest(MOMENT_MS);
    await notary.settle();
  }
  return true;
}

function isReached(place: { xid: string; event: string }, cursor: { xid: string; event: string }): boolean {
  const [xid, cursorXid] = [BigInt(place.xid), BigInt(cursor.xid)];
  return xid < cursorXid || (xid === cursorXid && BigInt(place.event) <= BigInt(cursor.event));
}
