/** Owns how what is exported is read: along the chain, a stretch at a time, through the read door, as the tenant's own people would. */
import sql, { raw, type Sql } from "sql-template-tag";
import { columnsIn, columnTexts } from "../audit-chain/audit-chain.columns.js";
import { hashesOf } from "../audit-chain/audit-chain.tree.js";
import { AuditCheckpointKind } from "../audit-chain/audit-checkpoint.entity.js";
import { parseQuery } from "../audit-event/audit-event.query.js";
import { conditions, type Asked } from "../audit-event/audit-event.reads.js";
import { FORMATS, GROUPS, type ColumnTexts, type Group, type LeafFormat } from "../audit-proof/audit-proof.encoding.js";
import { subtreesOf } from "../audit-proof/audit-proof.tree.js";
import { openDoors, type Doors, type House, type RequestOrigin } from "../kernel/doors.js";
import { conjunction } from "../kernel/page-selection.js";

/** Where a log begins and ends at this moment. */
export interface Extent {
  /** The last place that was purged, and the checkpoint that says so; 0 and null when none was. */
  purged: number;
  base: string | null;
  /** The last place of the chain. */
  head: number;
}

/** An event at its place. */
export interface Placed {
  position: number;
  format: number;
  columns: ColumnTexts;
  /** In hex. */
  openings: Readonly<Record<Group, string>>;
  chain: string;
  erased: readonly Group[];
}

/** What one statement found, and up to which place it looked. */
export interface Stretch {
  events: Placed[];
  upTo: number;
}

export interface StretchOf {
  tenantId: string;
  after: number;
  upTo: number;
  /** Places to look at, at most. */
  places: number;
  where: Sql;
}

/** About so much text is read at once: events are long or short, and memory is to be the same. */
const BYTES = 1_000_000;

const EVERY_COLUMN: LeafFormat = { plain: [...new Set(Object.values(FORMATS).flatMap(columnsIn))], groups: { actor: [], target: [], text: [] } };
const COLUMN_NAMES = new Map(Object.entries(FORMATS).map(([number, format]) => [Number(number), columnsIn(format)]));
const [TEXTS, OPENINGS, LONG] = [
  raw(columnTexts(EVERY_COLUMN)),
  raw(GROUPS.map((group) => `encode(c.${group}_opening, 'hex') as "${group}Opening"`).join(", ")),
  raw("octet_length(concat(a.metadata, a.fields, a.actor_fields, a.target_fields, a.description))"),
];
/** Of a salt there are as many again as of a hash. */
const ERASED_LENGTH = 64;

type Row = Record<`${Group}Opening`, string> & { position: number; format: number; chain: string; candidates: number } & ColumnTexts;

/** The doors of whoever has the address: that tenant's rows to read, and nothing else. Each statement has `operationMs`. */
export function doorsOf(house: House, tenantId: string, origin: RequestOrigin, operationMs: number): Doors {
  return openDoors(house, {
    principal: { kind: "user", subject: "system:export", name: null, roles: [], tenantId },
    origin,
    remainingMs: () => operationMs,
    committed: () => undefined,
  });
}

/** Null when there is no such tenant any more. */
export async function slugOf(doors: Doors, tenantId: string): Promise<string | null> {
  const [tenant] = await doors.read<{ slug: string }>(sql`select slug from tenants where id = ${tenantId}::uuid`);
  return tenant?.slug ?? null;
}

export async function extentOf(doors: Doors, tenantId: string): Promise<Extent> {
  const [row] = await doors.read<Extent>(sql`
    select coalesce(k.position, 0)::float8 as purged, k.signed as base,
      greatest(k.position, (select c.position from audit_chain c where c.tenant_id = ${tenantId}::uuid order by c.position desc limit 1), 0)::float8 as head
    from (select) one
    left join lateral (
      -- A hold that came between signing and deleting leaves events behind a purge's checkpoint: the log then begins at the one before it.
      select k.position, k.signed from audit_checkpoints k
      where k.tenant_id = ${tenantId}::uuid and k.kind = ${AuditCheckpointKind.PURGE} and k.position < coalesce((
        select c.position from audit_chain c
        where c.tenant_id = ${tenantId}::uuid and exists (select from audit_log a where a.id = c.event and a.created_at = c.event_at)
        order by c.position limit 1), 9223372036854775807)
      order by k.position desc, k.number desc limit 1
    ) k on true`);
  return row ?? { purged: 0, base: null, head: 0 };
}

/** Hashes of the complete subtrees of what was purged, in hex. Throws when they have gone with it. */
export async function frontierOf(doors: Doors, tenantId: string, purged: number): Promise<string[]> {
  const hashes = await hashesOf(doors, tenantId, subtreesOf(purged));
  if (!hashes) throw new Error(`the tree of tenant ${tenantId} lacks hashes at place ${purged}`);
  return hashes.map((hash) => hash.toString("hex"));
}

/** What holds of rows of chain `c` and log `a`. Times are a place's too, so that of other times no event is looked up. */
export function holding({ filter, query }: Asked): Sql {
  const times = [filter ?? {}, query == null ? {} : parseQuery(query)].flatMap(({ from, until }) => [
    ...(from == null ? [] : [sql`c.event_at >= ${from}`]),
    ...(until == null ? [] : [sql`c.event_at < ${until}`]),
  ]);
  return conjunction([...times, ...conditions({ filter, query })]);
}

/**
 * The next stretch of the chain, and of it the events that the conditions hold for. Fewer than asked for when they are long. The places of
 * a stretch are one range of the chain's key, and each of its events one look-up in one part of the log.
 */
export async function stretchOf(doors: Doors, { tenantId, after, upTo, places, where }: StretchOf): Promise<Stretch> {
  const end = Math.min(upTo, after + places);
  const rows = await doors.read<Row>(sql`
    select * from (
      select r.*, count(*) over ()::int as candidates, sum("longBytes") over (order by position rows between unbounded preceding and 1 preceding) as "bytesBefore"
      from (
        select c.position::float8 as position, c.format, ${OPENINGS}, encode(c.chain, 'hex') as chain, ${LONG} as "longBytes", ${TEXTS}
        from audit_chain c cross join lateral (select * from audit_log l where l.id = c.event and l.created_at = c.event_at offset 0) a
        where c.tenant_id = ${tenantId}::uuid and c.position > ${after} and c.position <= ${end} and ${where}
      ) r
    ) t where coalesce("bytesBefore", 0) < ${BYTES} order by position`);
  const events = rows.map(placedIn);
  const all = events.length === (rows[0]?.candidates ?? 0);
  return { events, upTo: all ? end : (events.at(-1)?.position ?? end) };
}

/** Of which checkpoint on a file tells them: the first one that reaches to where it begins. */
export async function firstCheckpoint(doors: Doors, tenantId: string, purged: number): Promise<number> {
  const [row] = await doors.read<{ number: number }>(sql`
    select min(k.number)::float8 as number from audit_checkpoints k where k.tenant_id = ${tenantId}::uuid and k.position >= ${purged}`);
  return row?.number ?? 1;
}

/** The tenant's last event that the notary has not come to yet; null when there is none. */
export async function lastUnsettled(doors: Doors, tenantId: string, { xid, event }: { xid: string; event: string }): Promise<{ xid: string; event: string } | null> {
  const [last] = await doors.read<{ xid: string; event: string }>(sql`
    select a.xid::text as xid, a.id::text as event from audit_log a
    where a.tenant_id = ${tenantId}::uuid and (a.xid, a.id) > (${xid}::bigint, ${event}::bigint) order by a.xid desc, a.id desc limit 1`);
  return last ?? null;
}

/** Has somebody been erased by an event that the chain does not have yet? */
export async function hasUnsettledErasure(doors: Doors, tenantId: string): Promise<boolean> {
  const [row] = await doors.read<{ found: boolean }>(sql`
    select exists (select from audit_log a where a.tenant_id = ${tenantId}::uuid and ${raw('a.action collate "C"')} = 'audit.erase_person'
                     and not exists (select from audit_chain c where c.event = a.id)) as found`);
  return row?.found ?? false;
}

function placedIn(row: Row): Placed {
  const { position, format, chain } = row;
  const names = COLUMN_NAMES.get(format);
  if (!names) throw new Error(`an event of the log has format ${format}, which is unknown`);
  const openings = Object.fromEntries(GROUPS.map((group) => [group, row[`${group}Opening`]])) as Record<Group, string>;
  const columns = Object.fromEntries(names.map((name) => [name, row[name] ?? null]));
  return { position, format, columns, openings, chain, erased: GROUPS.filter((group) => openings[group].length === ERASED_LENGTH) };
}
