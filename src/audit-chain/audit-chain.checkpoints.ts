/** Owns the signing of checkpoints and where they are stored: one after the other for each tenant, each naming the one before. */
import sql, { type Sql } from "sql-template-tag";
import { rootOf, subtreesOf } from "../audit-proof/audit-proof.tree.js";
import { hashOf, sign } from "../audit-proof/audit-proof.checkpoint.js";
import type { SigningKey } from "../audit-proof/audit-proof.keys.js";
import type { House } from "../kernel/doors.js";
import { inNotary, type NotaryDb } from "../kernel/notary-door.js";
import { AuditCheckpointKind } from "./audit-checkpoint.entity.js";
import { hashesOf, readerOf, type TreeReader } from "./audit-chain.tree.js";

/** A checkpoint as it is stored; what it says in full is in its text. */
export interface StoredCheckpoint {
  readonly tenantId: string;
  /** From 1, without gaps, in the order of signing. */
  readonly number: number;
  readonly kind: AuditCheckpointKind;
  /** The last place of the chain that it covers. */
  readonly position: number;
  /** A compact JWS. */
  readonly signed: string;
}

export interface CheckpointParts {
  house: Pick<House, "dataSource" | "limits">;
  key: SigningKey;
  now: () => Date;
}

export interface Wanted {
  tenantId: string;
  kind: AuditCheckpointKind;
  /** Absent: the chain's last. */
  position?: number;
}

interface Place {
  position: string;
  chain: Buffer;
}

/** Of a statement's alias `k`. */
const COLUMNS = sql`k.tenant_id as "tenantId", k.number::float8 as number, k.kind, k.position::float8 as position, k.signed`;

/** Every tenant of the chain by one step along its key each; those with places that no checkpoint covers. Purges look back, not ahead. */
const GROWN = `
  with recursive home (id) as (
    (select tenant_id from audit_chain order by tenant_id limit 1)
    union all
    select (select c.tenant_id from audit_chain c where c.tenant_id > home.id order by c.tenant_id limit 1) from home where home.id is not null
  )
  select home.id from home
  cross join lateral (select c.position from audit_chain c where c.tenant_id = home.id order by c.position desc limit 1) head
  where head.position > coalesce((select k.position from audit_checkpoints k where k.tenant_id = home.id and k.kind <> 'purge' order by k.number desc limit 1), 0)`;

/** Tenants whose chains have grown since they were last signed. */
export async function grownChains(house: CheckpointParts["house"]): Promise<string[]> {
  return inNotary(house, { readOnly: true }, async (db) => (await db.query<{ id: string }>(GROWN)).map(({ id }) => id));
}

/**
 * Sign the chain at a place. One that already is signed so is not signed again: told is that checkpoint. An interval needs none where any
 * checkpoint is. Null when the chain is empty.
 *
 * Faults  those of the database; an error when the chain does not have that place, or no longer has what its tree is made of.
 */
export function signCheckpoint({ house, key, now }: CheckpointParts, { tenantId, kind, position }: Wanted): Promise<{ checkpoint: StoredCheckpoint; isNew: boolean } | null> {
  return inNotary(house, { readOnly: false }, async (db) => {
    // One at a time: their numbers have no gaps.
    const [log] = await db.query<{ id: string }>("select log_id as id from audit_settlement for update");
    const place = await placeAt(db, tenantId, position);
    if (!log || !place) {
      if (position === undefined) return null;
      throw new Error(`the chain of tenant ${tenantId} has no place ${position}`);
    }
    const before = await latest(readerOf(db), tenantId);
    const at = Number(place.position);
    if (before && before.position === at && (before.kind === kind || kind === AuditCheckpointKind.INTERVAL)) return { checkpoint: before, isNew: false };
    const hashes = await hashesOf(readerOf(db), tenantId, subtreesOf(at));
    if (!hashes) throw new Error(`the tree of tenant ${tenantId} lacks hashes at place ${at}`);
    const number = (before?.number ?? 0) + 1;
    const signed = sign(
      {
        log: log.id,
        tenant: tenantId,
        number,
        position: at,
        chain: place.chain.toString("hex"),
        root: rootOf(hashes).toString("hex"),
        time: now().toISOString(),
        previous: before ? hashOf(before.signed) : null,
        kind,
      },
      key,
    );
    await db.query("insert into audit_checkpoints (tenant_id, number, kind, position, signed) values ($1, $2, $3, $4, $5)", [tenantId, number, kind, at, signed]);
    return { checkpoint: { tenantId, number, kind, position: at, signed }, isNew: true };
  });
}

async function placeAt(db: NotaryDb, tenantId: string, position?: number): Promise<Place | undefined> {
  const [place] =
    position === undefined
      ? await db.query<Place>("select position, chain from audit_chain where tenant_id = $1 order by position desc limit 1", [tenantId])
      : await db.query<Place>("select position, chain from audit_chain where tenant_id = $1 and position = $2", [tenantId, position]);
  return place;
}

/** The newest; with `covering` the newest of those that were signed at the chain's end, which cover the most. */
export async function latest(reader: TreeReader, tenantId: string, { covering = false } = {}): Promise<StoredCheckpoint | null> {
  const only = covering ? sql`and k.kind <> ${AuditCheckpointKind.PURGE}` : sql``;
  return one(reader, sql`k.tenant_id = ${tenantId}::uuid ${only} order by k.number desc limit 1`);
}

export function numbered(reader: TreeReader, tenantId: string, number: number): Promise<StoredCheckpoint | null> {
  return one(reader, sql`k.tenant_id = ${tenantId}::uuid and k.number = ${number}`);
}

/** Those after a number, in order. */
export function following(reader: TreeReader, tenantId: string, after: number, limit: number): Promise<StoredCheckpoint[]> {
  return reader.read(sql`select ${COLUMNS} from audit_checkpoints k where k.tenant_id = ${tenantId}::uuid and k.number > ${after} order by k.number limit ${limit}`);
}

async function one(reader: TreeReader, where: Sql): Promise<StoredCheckpoint | null> {
  const [found] = await reader.read<StoredCheckpoint>(sql`select ${COLUMNS} from audit_checkpoints k where ${where}`);
  return found ?? null;
}
