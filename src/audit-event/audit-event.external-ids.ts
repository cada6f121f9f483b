/** Owns how an event that a product sends twice is recorded once: by what the product calls it. */
import type { EntityManager } from "typeorm";
import { Fault } from "../kernel/fault.js";

/** One event under its name, with what it says. */
export interface Named {
  /** Its place in the request. */
  index: number;
  externalId: string;
  digest: Buffer;
  /** Under which it is recorded, unless it is there already. */
  eventId: string;
}

const CLAIM = `
  insert into audit_external_ids (tenant_id, product, external_id, event_id, digest)
  select $1, $2, n.external_id, n.event_id, n.digest from unnest($3::text[], $4::uuid[], $5::bytea[]) as n (external_id, event_id, digest)
  on conflict (tenant_id, external_id, product) do nothing
  returning external_id as "externalId"`;

const FIND = `
  select external_id as "externalId", event_id as "eventId", digest from audit_external_ids
  where tenant_id = $1 and product = $2 and external_id = any($3)`;

type Found = Pick<Named, "externalId" | "eventId"> & { digest: Buffer | null };

/**
 * Take these names for these events; of those that are taken, answers the event that was recorded under the name, when it said the same.
 * Of two requests at once that bring the same name one waits for the other, both taking names in one order.
 *
 * Faults  CONFLICT(events.<index>.externalId) when something else was recorded under the name, or somebody was erased from what was:
 *         what that said is not known any more.
 */
export async function claimNames(tx: EntityManager, tenantId: string, product: string, events: readonly Named[]): Promise<ReadonlyMap<string, string>> {
  const inOrder = [...events].sort((a, b) => (a.externalId < b.externalId ? -1 : 1));
  const names = inOrder.map(({ externalId }) => externalId);
  const claimed = await tx.query<{ externalId: string }[]>(CLAIM, [tenantId, product, names, inOrder.map(({ eventId }) => eventId), inOrder.map(({ digest }) => digest)]);
  const ours = new Set(claimed.map(({ externalId }) => externalId));
  const taken = events.filter(({ externalId }) => !ours.has(externalId));
  if (taken.length === 0) return new Map();
  const found = new Map((await tx.query<Found[]>(FIND, [tenantId, product, taken.map(({ externalId }) => externalId)])).map((row) => [row.externalId, row]));
  return new Map(taken.map((event) => [event.externalId, sameEvent(event, found.get(event.externalId))]));
}

function sameEvent({ index, digest }: Named, found: Found | undefined): string {
  if (found?.digest?.equals(digest)) return found.eventId;
  const field = `events.${index}.externalId`;
  if (!found) throw new Fault("UNAVAILABLE", "What was recorded under this name was just taken away; send it again", { field });
  throw new Fault("CONFLICT", "Another event was recorded under this externalId", { field });
}
