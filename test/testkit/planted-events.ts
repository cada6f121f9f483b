/** Owns planting audit events with any of their columns, as the owner, and settling them: with the notary, or without. */
import { expect, vi } from "vitest";
import type { Registry } from "./registry.js";

/** Insert an event; values are given as their column's text. Its id. */
export async function plantEvent(app: Pick<Registry, "sql">, tenantId: string | null, columns: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const given: Record<string, unknown> = { action: "test.happened", ...columns };
  const names = Object.keys(given);
  const [row] = await app.sql<{ id: string }>(
    `insert into audit_log (tenant_id, ${names.join(", ")}) values ($1, ${names.map((_, position) => `$${position + 2}`).join(", ")}) returning uid as id`,
    [tenantId, ...Object.values(given)],
  );
  return row?.id ?? "";
}

/** Give an event the next place of its tenant's chain, with hashes of nothing: for tests of reading along the chain, not of what it proves. */
export async function settleEvent(app: Pick<Registry, "sql">, id: string): Promise<void> {
  await app.sql(
    `insert into audit_chain (tenant_id, position, event, event_at, format, actor_opening, target_opening, text_opening, leaf, chain)
     select tenant_id, coalesce((select max(position) from audit_chain c where c.tenant_id = a.tenant_id), 0) + 1, id, created_at, 1, '', '', '', '', '' from audit_log a where uid = $1`,
    [id],
  );
}

/**
 * Have everything settled that is committed now. On a server that others use too it takes as long as their transactions: the notary goes
 * no further than the oldest one that writes, in whichever database.
 */
export async function settleAll(app: Pick<Registry, "sql" | "service">): Promise<void> {
  const [now] = await app.sql<{ xid: string }>("select pg_current_xact_id()::text as xid");
  await vi.waitFor(async () => {
    await app.service.audit.settle();
    const waiting = await app.sql("select id from audit_log where (xid, id) > (select xid, event from audit_settlement) and xid < $1::bigint limit 1", [now?.xid]);
    expect(waiting, "a transaction of another database has been under way all the time").toEqual([]);
  }, { timeout: 10_000, interval: 20 });
}
