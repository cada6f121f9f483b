/** Owns how a person is taken out of a tenant's audit events. Which columns go is said by Postgres, which alone may do it. */
import type { EntityManager } from "typeorm";
import { Fault } from "../kernel/fault.js";
import type { RequestContext } from "../kernel/request.js";
import { Tenant } from "../tenant/tenant.entity.js";
import type { EraseAuditPersonInput, EraseAuditPersonPayload } from "./audit-retention.inputs.js";
import { auditPolicyOf } from "./audit-retention.reads.js";

/** So many rounds of up to a thousand events are done well within one operation's time; whoever asks again gets the rest done. */
const ROUNDS = 3;

/** An event as the erasure tells it: its place in the chain, 0 for one that has none yet, and which groups of columns went. */
interface Erased {
  place: string;
  groups: string;
}

/**
 * Take a person out of every event that she did or that was done to her: who it was, from where, and the texts and details of those
 * events, which may tell of her. The events stay, and so does their proof: of what went, the hashes are left. Her name in the texts of
 * other events is not found.
 *
 * Each round is a change of its own: what is done stays done, and says so, when a later round fails. Asked again, it does the rest, or nothing.
 *
 * Faults  BAD_USER_INPUT(actorId); NOT_FOUND; FAILED_PRECONDITION while a legal hold is in place: it keeps persons too.
 * Audit   one `audit.erase_person` a round with the places in the chain, by which a verifier knows these gaps from others, and without
 *         the person; nothing when there is nothing left of her.
 */
export async function eraseAuditPerson({ doors }: RequestContext, { tenantId, actorId }: EraseAuditPersonInput): Promise<EraseAuditPersonPayload> {
  const home = doors.within(tenantId);
  let events = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const erased = await home.change("audit.erase_person", async (tx) => {
      const places = await tx.query<Erased[]>("select place, groups from audit_log_erase($1, $2)", [home.tenantId, actorId]);
      if (places.length === 0) {
        // Held events are not told from those that are not there: the hold is looked at when the function has had its look.
        if ((await auditPolicyOf(tx, home.tenantId)).heldAt) throw new Fault("FAILED_PRECONDITION", "This tenant's audit log is held: nobody is erased from it until the hold is released");
        return { value: 0, unaudited: "no-op" };
      }
      return { value: places.length, audit: [{ target: await logOf(tx, home.tenantId), metadata: told(places) }] };
    });
    events += erased;
    if (erased === 0) return { events, complete: true };
  }
  return { events, complete: false };
}

/** For the events of what is done to the log itself. */
async function logOf(tx: EntityManager, tenantId: string) {
  const { slug } = await tx.findOneByOrFail(Tenant, { id: tenantId });
  return { type: "audit_log", id: tenantId, name: slug };
}

/** In the order of the chain, whatever the order in which they were found. */
function told(places: readonly Erased[]) {
  const settled = places.filter(({ place }) => place !== "0").sort((a, b) => Number(a.place) - Number(b.place));
  return { events: places.length, unsettled: places.length - settled.length, places: settled.map(({ place, groups }) => `${place}${groups}`).join(",") };
}
