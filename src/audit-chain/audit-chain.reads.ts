/** Owns how chain, checkpoints and proofs are found, at the caller's own read door. */
import sql from "sql-template-tag";
import { GROUPS, HASH_BYTES } from "../audit-proof/audit-proof.encoding.js";
import type { Checkpoint } from "../audit-proof/audit-proof.checkpoint.js";
import { consistencyPath, inclusionPath } from "../audit-proof/audit-proof.tree.js";
import type { AuditEvent } from "../audit-event/audit-event.entity.js";
import type { Doors } from "../kernel/doors.js";
import { loaderByKey } from "../kernel/loaders.js";
import { following, latest, numbered, type StoredCheckpoint } from "./audit-chain.checkpoints.js";
import { NOBODY } from "./audit-chain.settle.js";
import { siblingsOf } from "./audit-chain.tree.js";
import { AuditGroup, type AuditCheckpoint, type AuditConsistencyProof, type AuditHorizon, type AuditInclusionProof, type AuditSettlement } from "./audit-chain.types.js";

/** A place as it is stored, with how long the opening of each group is. */
interface PlaceRow {
  event: string;
  position: string;
  leaf: Buffer;
  chain: Buffer;
  actor: number;
  target: number;
  text: number;
}

const GROUP: Readonly<Record<(typeof GROUPS)[number], AuditGroup>> = { actor: AuditGroup.ACTOR, target: AuditGroup.TARGET, text: AuditGroup.TEXT };

/** Of a tenant that is somebody else's there is nothing here, as of one that does not exist. */
export function auditChainReads(doors: Doors) {
  const places = loaderByKey<PlaceRow>(
    (serials) =>
      doors.read(sql`
        select c.event, c.position, c.leaf, c.chain, octet_length(c.actor_opening) as actor, octet_length(c.target_opening) as target, octet_length(c.text_opening) as text
        from audit_chain c where c.event = any(${serials}::bigint[])`),
    ({ event }) => event,
  );

  return {
    async settlementOf({ serial }: AuditEvent): Promise<AuditSettlement | null> {
      const place = await places.load(String(serial));
      return place && shown(place);
    },

    async checkpoint(tenantId: string, number: number | null): Promise<AuditCheckpoint | null> {
      const stored = await (number === null ? latest(doors, tenantId) : numbered(doors, tenantId, number));
      return stored && opened(stored);
    },

    async checkpoints(tenantId: string, after: number, first: number): Promise<AuditCheckpoint[]> {
      return (await following(doors, tenantId, after, first)).map(opened);
    },

    signedAfter: async (tenantId: string, after: number, first: number): Promise<string[]> => (await following(doors, tenantId, after, first)).map(({ signed }) => signed),

    /** `cursor` is how far the whole log is settled: what comes after it is little, unless settling is held up. */
    async horizon(tenantId: string, cursor: { xid: string; event: string }): Promise<AuditHorizon> {
      const [row] = await doors.read<{ position: string | null; oldest: Date | null }>(sql`
        select (select c.position from audit_chain c where c.tenant_id = ${tenantId}::uuid order by c.position desc limit 1) as position,
          (select min(coalesce(a.received_at, a.created_at)) from audit_log a
            where (a.xid, a.id) > (${cursor.xid}::bigint, ${cursor.event}::bigint) and coalesce(a.tenant_id, ${NOBODY}::uuid) = ${tenantId}::uuid
              and not exists (select from audit_chain c where c.event = a.id)) as oldest`);
      return { position: row?.position ?? "0", oldestUnsettledAt: row?.oldest ?? null };
    },

    /** In the newest checkpoint unless one is named; null when that does not cover the event, or what is needed has been purged. */
    async inclusionProof(event: AuditEvent, number: number | null): Promise<AuditInclusionProof | null> {
      const tenantId = event.tenantId ?? NOBODY;
      const [place, checkpoint] = await Promise.all([
        places.load(String(event.serial)),
        number === null ? latest(doors, tenantId, { covering: true }) : numbered(doors, tenantId, number),
      ]);
      if (!place || !checkpoint || Number(place.position) > checkpoint.position) return null;
      const path = await siblingsOf(doors, tenantId, inclusionPath(Number(place.position), checkpoint.position));
      return path && { position: place.position, leaf: place.leaf.toString("hex"), path: path.map(inHex), checkpoint: opened(checkpoint) };
    },

    /** Null when there is no such checkpoint, when the second one covers less, and when what is needed has been purged. */
    async consistencyProof(tenantId: string, one: number, other: number): Promise<AuditConsistencyProof | null> {
      const [from, to] = await Promise.all([numbered(doors, tenantId, one), numbered(doors, tenantId, other)]);
      if (!from || !to || from.position > to.position) return null;
      const path = await siblingsOf(doors, tenantId, consistencyPath(from.position, to.position));
      return path && { from: opened(from), to: opened(to), path: path.map(inHex) };
    },
  };
}

function shown(place: PlaceRow): AuditSettlement {
  return {
    position: place.position,
    leaf: inHex(place.leaf),
    chain: inHex(place.chain),
    erased: GROUPS.filter((group) => place[group] === HASH_BYTES).map((group) => GROUP[group]),
  };
}

/** Our own text is not verified before it is shown: whoever doubts it verifies it with the key that is published. */
function opened({ number, position, kind, signed }: StoredCheckpoint): AuditCheckpoint {
  const { chain, root, time } = JSON.parse(Buffer.from(signed.split(".")[1] ?? "", "base64url").toString()) as Checkpoint;
  return { number: String(number), position: String(position), kind, chain, root, time: new Date(time), signed };
}

const inHex = (hash: Buffer): string => hash.toString("hex");
