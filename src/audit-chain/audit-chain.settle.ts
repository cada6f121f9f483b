/** Owns one batch of settling: the events that can no longer be overtaken get the next places of their tenants' chains. When that is done is the notary's business. */
import { randomBytes } from "node:crypto";
import { CURRENT_FORMAT, FORMATS, genesisOf, GROUPS, leafOf, linkOf, SALT_BYTES, type ColumnTexts, type Group, type LeafFormat } from "../audit-proof/audit-proof.encoding.js";
import type { House } from "../kernel/doors.js";
import { inNotary, type NotaryDb } from "../kernel/notary-door.js";
import { columnTexts } from "./audit-chain.columns.js";
import { nodesGrown, readerOf } from "./audit-chain.tree.js";

/** Chain and checkpoints of events of no tenant are kept under this id. */
export const NOBODY = "00000000-0000-0000-0000-000000000000";

/** On which it is told whose chains have grown, by id; nothing stands for more of them than {@link NAMED}. */
export const CHAIN_CHANNEL = "registry_audit";
const NAMED = 100;

/** Events in one transaction, and about how many bytes of text: long ones are fewer. */
const ROWS = 1_000;
const BYTES = 8_000_000;

export interface Batch {
  settled: number;
  /** There may be more that can be settled at once. */
  more: boolean;
  /** The oldest event that waits for a transaction which began before its own ended; in seconds. Null when none does. */
  heldForSeconds: number | null;
  /** The log has come from another server, whose transactions were counted further than here: it is looked through from its beginning. */
  restarted: boolean;
}

interface Cursor {
  logId: string;
  xid: string;
  event: string;
  /** This server's transactions have not been counted so far yet. */
  foreign: boolean;
}

interface Row {
  event: string;
  atXid: string;
  eventAt: string;
  home: string;
  isSettled: boolean;
  candidates: string;
}

/** Where a chain ends, and what was added to it. */
interface Tip {
  position: number;
  chain: Buffer;
  leaves: Buffer[];
}

const FORMAT = FORMATS[CURRENT_FORMAT] as LeafFormat;
const IDLE: Batch = { settled: 0, more: false, heldForSeconds: null, restarted: false };

/**
 * Every statement here has an index that gives it the next rows in their order. Where nothing is known of the tables yet, after a bulk load
 * or a migration, Postgres would rather read and sort all that waits, anew for each batch.
 */
const ALONG_INDEXES = "select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)";

const NEXT_XID = "pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
/** Of this server's transactions; where its events are after the cursor. */
const AFTER_CURSOR = `(a.xid, a.id) > ((select xid from audit_settlement), (select event from audit_settlement)) and a.xid < ${NEXT_XID}`;

/** Looked at first and without a lock: where nothing is written, nothing is written here either. */
const WAITING = `select exists (select from audit_log a where ${AFTER_CURSOR}) or (select xid from audit_settlement) >= ${NEXT_XID} as waiting`;

/** Whoever gets it is the only one to settle until its transaction ends. */
const CURSOR = `select log_id as "logId", xid, event, xid >= ${NEXT_XID} as foreign from audit_settlement for update skip locked`;

/**
 * One statement is one snapshot: an event of a transaction below its lower bound is seen, or never will be, so that none can turn up behind
 * the cursor. A log that was restored on a server which has not counted so far yet ($3) holds events with numbers from elsewhere, and all
 * of those are there already.
 */
const EVENTS = `
  select * from (
    select r.*, count(*) over () as candidates, exists (select from audit_chain c where c.event = r.event) as "isSettled",
      sum(octet_length(concat(r.metadata, r.fields, r.actor_fields, r.target_fields, r.description))) over (order by r."atXid", r.event rows between unbounded preceding and 1 preceding) as before
    from (
      select a.id as event, a.xid as "atXid", a.created_at::text as "eventAt", coalesce(a.tenant_id, '${NOBODY}')::text as home, ${columnTexts(FORMAT)}
      from audit_log a
      where (a.xid, a.id) > ($1::bigint, $2::bigint) and a.xid < case when $3::boolean then 9223372036854775807 else pg_snapshot_xmin(pg_current_snapshot())::text::bigint end
      order by a.xid, a.id limit ${ROWS}
    ) r
  ) t where coalesce(before, 0) < ${BYTES} order by "atXid", event`;

const HEADS = `
  select t.id as home, c.position, c.chain from unnest($1::uuid[]) t (id)
  cross join lateral (select position, chain from audit_chain c where c.tenant_id = t.id order by position desc limit 1) c`;

const HELD = `select extract(epoch from now() - coalesce(a.received_at, a.created_at))::float8 as seconds from audit_log a where ${AFTER_CURSOR} order by a.xid, a.id limit 1`;

const ADD_PLACES = `
  insert into audit_chain (tenant_id, position, event, event_at, format, actor_opening, target_opening, text_opening, leaf, chain)
  select u.tenant_id, u.position, u.event, u.event_at, ${CURRENT_FORMAT}, u.actor, u.target, u.text, u.leaf, u.chain
  from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[])
    u (tenant_id, position, event, event_at, actor, target, text, leaf, chain)`;

const ADD_NODES = `
  insert into audit_nodes (tenant_id, level, number, hash)
  select u.tenant_id, u.level, u.number, u.hash from unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::bytea[]) u (tenant_id, level, number, hash)`;

const MOVE_CURSOR = "update audit_settlement set xid = $1, event = $2, settled_at = now()";

/** Settle the next events, all or none of them; "busy" when somebody else is at it. Faults: those of the database. */
export function settleBatch(house: Pick<House, "dataSource" | "limits">): Promise<Batch | "busy"> {
  return inNotary(house, { readOnly: false }, async (db) => {
    await db.query(ALONG_INDEXES);
    const [look] = await db.query<{ waiting: boolean }>(WAITING);
    if (!look?.waiting) return IDLE;
    const [cursor] = await db.query<Cursor>(CURSOR);
    if (!cursor) return "busy";
    const walked = await db.query<Row & ColumnTexts>(EVENTS, [cursor.xid, cursor.event, cursor.foreign]);
    const last = walked.at(-1);
    if (!last) return cursor.foreign ? restart(db) : { ...IDLE, heldForSeconds: await heldFor(db) };
    const fresh = walked.filter(({ isSettled }) => !isSettled);
    if (fresh.length > 0) await chain(db, cursor.logId, fresh);
    await db.query(MOVE_CURSOR, [last.atXid, last.event]);
    return { settled: fresh.length, more: Number(last.candidates) === ROWS || walked.length < Number(last.candidates), heldForSeconds: null, restarted: false };
  });
}

/** Every transaction up to now has a lower number. */
export async function nextTransaction(house: Pick<House, "dataSource" | "limits">): Promise<string> {
  return inNotary(house, { readOnly: true }, async (db) => (await db.query<{ xid: string }>(`select ${NEXT_XID} as xid`))[0]?.xid ?? "0");
}

/** Is there an event of a transaction with a lower number that has no place yet? */
export async function waitsBefore(house: Pick<House, "dataSource" | "limits">, xid: string): Promise<boolean> {
  return inNotary(house, { readOnly: true }, async (db) => {
    await db.query(ALONG_INDEXES);
    return (await db.query(`select from audit_log a where ${AFTER_CURSOR} and a.xid < $1 limit 1`, [xid])).length > 0;
  });
}

/** Give the events their places. What holds of a chain holds of each: they are added in the order in which they come here. */
async function chain(db: NotaryDb, logId: string, rows: readonly (Row & ColumnTexts)[]): Promise<void> {
  const tips = await tipsOf(db, logId, [...new Set(rows.map(({ home }) => home))]);
  const places = rows.flatMap((row) => {
    const tip = tips.get(row.home);
    if (!tip) return [];
    const openings = drawSalts();
    const leaf = leafOf(FORMAT, row, openings);
    tip.position++;
    tip.chain = linkOf(tip.chain, tip.position, leaf);
    tip.leaves.push(leaf);
    return [[row.home, tip.position, row.event, row.eventAt, openings.actor, openings.target, openings.text, leaf, tip.chain]];
  });
  const nodes: unknown[][] = [];
  for (const [home, { position, leaves }] of tips) {
    for (const { level, number, hash } of await nodesGrown(readerOf(db), home, position - leaves.length, leaves)) nodes.push([home, level, number, hash]);
  }
  await db.query(ADD_PLACES, columnsOf(places, 9));
  if (nodes.length > 0) await db.query(ADD_NODES, columnsOf(nodes, 4));
  await db.query("select pg_notify($1, $2)", [CHAIN_CHANNEL, tips.size > NAMED ? "" : [...tips.keys()].join(" ")]);
}

async function tipsOf(db: NotaryDb, logId: string, homes: readonly string[]): Promise<Map<string, Tip>> {
  const tips = new Map<string, Tip>(homes.map((home) => [home, { position: 0, chain: genesisOf(logId, home), leaves: [] }]));
  const found = await db.query<{ home: string; position: string; chain: Buffer }>(HEADS, [homes]);
  for (const { home, position, chain: link } of found) tips.set(home, { position: Number(position), chain: link, leaves: [] });
  return tips;
}

/** After its last event that had been counted further elsewhere; what already has its place keeps it. */
async function restart(db: NotaryDb): Promise<Batch> {
  await db.query(MOVE_CURSOR, [0, 0]);
  return { ...IDLE, more: true, restarted: true };
}

async function heldFor(db: NotaryDb): Promise<number | null> {
  const [oldest] = await db.query<{ seconds: number }>(HELD);
  return oldest?.seconds ?? null;
}

function drawSalts(): Record<Group, Buffer> {
  const drawn = randomBytes(GROUPS.length * SALT_BYTES);
  const [actor, target, text] = GROUPS.map((_, index) => drawn.subarray(index * SALT_BYTES, (index + 1) * SALT_BYTES)) as [Buffer, Buffer, Buffer];
  return { actor, target, text };
}

/** Rows as Postgres takes many of them: a list for each column. */
function columnsOf(rows: readonly (readonly unknown[])[], width: number): unknown[][] {
  return Array.from({ length: width }, (_, column) => rows.map((row) => row[column]));
}
