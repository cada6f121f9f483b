/** Owns how tests make sure of a tenant's chain: what was stored is computed once more from the rows of the log, by nothing but the encoding. */
import { expect } from "vitest";
import { columnTexts } from "../../src/audit-chain/audit-chain.columns.js";
import { FORMATS, genesisOf, leafOf, linkOf, type ColumnTexts, type LeafFormat } from "../../src/audit-proof/audit-proof.encoding.js";
import { TreeBuilder } from "../../src/audit-proof/audit-proof.tree.js";
import type { Registry } from "./registry.js";

interface Place {
  position: string;
  event: string;
  actor: Buffer;
  target: Buffer;
  text: Buffer;
  leaf: Buffer;
  chain: Buffer;
}

/** Positions from 1 without gaps, each event once and unchanged, every link from the one before. The root of the tree over them. */
export async function expectWholeChain({ sql }: Pick<Registry, "sql">, tenantId: string): Promise<{ size: number; root: string; uids: string[] }> {
  const [log] = await sql<{ id: string }>("select log_id as id from audit_settlement");
  const rows = await sql<Place & ColumnTexts>(
    `select c.position, c.event, c.actor_opening as actor, c.target_opening as target, c.text_opening as text, c.leaf, c.chain, ${columnTexts(FORMATS[1] as LeafFormat)}
     from audit_chain c join audit_log a on a.id = c.event and a.created_at = c.event_at where c.tenant_id = $1 order by c.position`,
    [tenantId],
  );
  let link = genesisOf(log?.id ?? "", tenantId);
  const tree = new TreeBuilder(0, []);
  const mistakes: string[] = [];
  for (const [index, row] of rows.entries()) {
    const position = index + 1;
    if (row.position !== String(position)) mistakes.push(`${row.position} instead of ${position}`);
    const leaf = leafOf(FORMATS[1] as LeafFormat, row, row);
    link = linkOf(link, position, leaf);
    tree.add(leaf);
    if (!leaf.equals(row.leaf)) mistakes.push(`leaf of ${position}`);
    if (!link.equals(row.chain)) mistakes.push(`link of ${position}`);
  }
  expect(mistakes).toEqual([]);
  const uids = rows.map((row) => row["uid"] as string);
  expect(new Set(uids).size).toBe(rows.length);
  return { size: rows.length, root: tree.root().toString("hex"), uids };
}
