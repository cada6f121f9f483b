/** Owns how hashes of a tenant's tree are read and stored: leaves are with the chain, and of the levels above every eighth is kept. */
import sql, { type Sql } from "sql-template-tag";
import { treeLeaf } from "../audit-proof/audit-proof.encoding.js";
import { combine, rootOf, sourceOf, STORED_EVERY, type Subtree } from "../audit-proof/audit-proof.tree.js";
import type { NotaryDb } from "../kernel/notary-door.js";

/** The read door, or the notary's own. */
export interface TreeReader {
  read<Row>(statement: Sql): Promise<Row[]>;
}

/** So many hashes of one stored level become one of the next. */
const TILE = 2 ** STORED_EVERY;

export interface TreeNode {
  level: number;
  number: number;
  hash: Buffer;
}

export function readerOf(db: NotaryDb): TreeReader {
  return { read: (statement) => db.query(statement.text, statement.values) };
}

/** The hashes of these subtrees, in one statement; null when leaves of theirs have been purged, or are not there yet. */
export async function hashesOf(reader: TreeReader, tenantId: string, subtrees: readonly Subtree[]): Promise<Buffer[] | null> {
  const runs = await runsOf(reader, tenantId, subtrees.map(sourceOf));
  return runs && runs.map(combine);
}

/** Neighbours among the stored hashes of a level; at level 0 they are made of the leaves. */
interface Run {
  level: number;
  first: number;
  count: number;
}

async function runsOf(reader: TreeReader, tenantId: string, runs: readonly Run[]): Promise<Buffer[][] | null> {
  const rows = await reader.read<{ level: number; number: string; hash: Buffer }>(sql`
    with wanted as (
      select * from unnest(${runs.map(({ level }) => level)}::int[], ${runs.map(({ first }) => first)}::bigint[], ${runs.map(({ count }) => count)}::bigint[]) as w (level, first, count)
    )
    select 0 as level, c.position - 1 as number, c.leaf as hash from wanted w
      join audit_chain c on c.tenant_id = ${tenantId}::uuid and c.position > w.first and c.position <= w.first + w.count where w.level = 0
    union all
    select n.level, n.number, n.hash from wanted w
      join audit_nodes n on n.tenant_id = ${tenantId}::uuid and n.level = w.level and n.number >= w.first and n.number < w.first + w.count where w.level > 0`);
  const stored = new Map(rows.map(({ level, number, hash }) => [`${level}/${number}`, level === 0 ? treeLeaf(hash) : hash]));
  const found = runs.map(({ level, first, count }) => Array.from({ length: count }, (_, index) => stored.get(`${level}/${first + index}`)));
  return allThere(found) ? found : null;
}

/** The siblings of a proof, each of which is made of some subtrees; null as in {@link hashesOf}. */
export async function siblingsOf(reader: TreeReader, tenantId: string, path: readonly (readonly Subtree[])[]): Promise<Buffer[] | null> {
  const hashes = await hashesOf(reader, tenantId, path.flat());
  if (hashes === null) return null;
  let from = 0;
  return path.map(({ length }) => rootOf(hashes.slice(from, (from += length))));
}

/** What a tree of `size` leaves is to store besides when these leaves are added. */
export async function nodesGrown(reader: TreeReader, tenantId: string, size: number, leaves: readonly Buffer[]): Promise<TreeNode[]> {
  const grown: TreeNode[] = [];
  let [level, count, added] = [0, size, leaves.map(treeLeaf)];
  for (;;) {
    const begun = count - (count % TILE);
    const full = count + added.length - ((count + added.length) % TILE);
    if (full <= count) return grown;
    const [earlier] = (await runsOf(reader, tenantId, [{ level, first: begun, count: count - begun }])) ?? [];
    if (!earlier) throw new Error(`the tree of tenant ${tenantId} lacks hashes of level ${level} from ${begun} on`);
    const row = [...earlier, ...added].slice(0, full - begun);
    level += STORED_EVERY;
    count = begun / TILE;
    added = Array.from({ length: row.length / TILE }, (_, index) => combine(row.slice(index * TILE, (index + 1) * TILE)));
    for (const [index, hash] of added.entries()) grown.push({ level, number: count + index, hash });
  }
}

function allThere(runs: (Buffer | undefined)[][]): runs is Buffer[][] {
  return !runs.flat().includes(undefined);
}
