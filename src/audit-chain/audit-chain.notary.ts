/** Owns the notary: who settles the log, when, and what is signed of it. What a batch is, and what a checkpoint says, are files of their own. */
import { setImmediate as nextTurn, setTimeout as rest } from "node:timers/promises";
import type { FastifyBaseLogger } from "fastify";
import type { SigningKey } from "../audit-proof/audit-proof.keys.js";
import type { House } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import { inNotary } from "../kernel/notary-door.js";
import { following, grownChains, signCheckpoint, type CheckpointParts, type StoredCheckpoint, type Wanted } from "./audit-chain.checkpoints.js";
import { openCheckpointKeeper } from "./audit-chain.keep.js";
import { nextTransaction, settleBatch, waitsBefore } from "./audit-chain.settle.js";
import { readerOf } from "./audit-chain.tree.js";
import { AuditCheckpointKind } from "./audit-checkpoint.entity.js";

declare module "../kernel/request.js" {
  interface Facilities {
    notary: Pick<Notary, "settle" | "cursor" | "logId" | "checkpoint" | "checkpointAt">;
    /** The public halves of the keys that checkpoints are or were signed with; the first one's signs. */
    auditKeys: readonly SigningKey["publicJwk"][];
  }
}

export interface Notary {
  /** Settle again and again from now on. */
  start(): void;
  /** Settle no more; the batch that is under way is finished first. */
  close(): Promise<void>;
  /**
   * Settle everything that was recorded before. While another instance is at it, wait until it has got as far; while a transaction that
   * is still open holds some of it up, wait for that too, but not for long: what it holds is left.
   *
   * Faults  UNAVAILABLE when there is too much of it; those of the database.
   */
  settle(): Promise<void>;
  /** Transaction and number of the event that was settled last, of whichever tenant. */
  cursor(): Promise<{ xid: string; event: string }>;
  /** Which log this is: every chain begins with it. */
  logId(): Promise<string>;
  /**
   * Sign how far the tenant's chain has come. When it was signed so at that place before, told is that checkpoint; null when the chain is
   * empty.
   */
  checkpoint(tenantId: string, kind: AuditCheckpointKind.INTERVAL | AuditCheckpointKind.EXPORT): Promise<StoredCheckpoint | null>;
  /** Sign the chain as it was at a place that it still has, before what is up to there goes. */
  checkpointAt(tenantId: string, position: number, kind: AuditCheckpointKind.PURGE): Promise<StoredCheckpoint>;
  /** A checkpoint for every chain that has grown since its last one. */
  checkpointGrown(): Promise<void>;
}

export interface NotaryParts {
  house: Pick<House, "dataSource" | "limits">;
  /** The first one signs. */
  keys: readonly [SigningKey, ...SigningKey[]];
  /** Where checkpoints are kept as files besides. */
  checkpointDirectory: string | null;
  now: () => Date;
  log: Pick<FastifyBaseLogger, "info" | "warn" | "error">;
  everyMs?: number;
  /** How long {@link Notary.settle} waits for transactions of others. */
  patienceMs?: number;
}

const EVERY_MS = 500;
const PATIENCE_MS = 5_000;
/** After so many batches on end requests are let in for a moment. */
const BATCHES_ON_END = 20;
const MOMENT_MS = 10;
/** Between looks at whether others have got as far. */
const POLL_MS = 20;
const LONGEST_WAIT_MS = 30_000;
const [FIRST_BACK_OFF_MS, LONGEST_BACK_OFF_MS] = [1_000, 30_000];
/** Our own transactions end long before. */
const LONG_HELD_SECONDS = 60;
const KEPT_AT_ONCE = 100;

export function openNotary({ house, keys: [key], checkpointDirectory, now, log, everyMs = EVERY_MS, patienceMs = PATIENCE_MS }: NotaryParts): Notary {
  const parts: CheckpointParts = { house, key, now };
  const keep = openCheckpointKeeper({
    directory: checkpointDirectory,
    following: (tenantId, after) => inNotary(house, { readOnly: true }, (db) => following(readerOf(db), tenantId, after, KEPT_AT_ONCE)),
    log,
  });
  const ending = new AbortController();
  let working: Promise<void> | undefined;
  let isHeld = false;

  /** One batch. "more" when the next one may find something at once. */
  async function batch(): Promise<"more" | "busy" | "done"> {
    const outcome = await settleBatch(house);
    if (outcome === "busy") return "busy";
    if (outcome.restarted) log.warn("the audit log comes from a server that had counted its transactions further than this one; it is looked through once more for events that have no place in their chain yet");
    const held = (outcome.heldForSeconds ?? 0) > LONG_HELD_SECONDS;
    if (held && !isHeld) log.warn({ seconds: Math.round(outcome.heldForSeconds ?? 0) }, "audit events cannot be chained: a transaction that has written is still open, in this or another database of the server; events are recorded and read meanwhile");
    if (!held && isHeld && outcome.heldForSeconds === null) log.info("audit events are chained again");
    isHeld = held;
    return outcome.more ? "more" : "done";
  }

  async function batches(): Promise<void> {
    for (let count = 1; !ending.signal.aborted && (await batch()) === "more"; count++) {
      await (count % BATCHES_ON_END === 0 ? rest(MOMENT_MS) : nextTurn());
    }
  }

  /** Until the end. A failure is told once, and tried again later and later. */
  async function work(): Promise<void> {
    let failures = 0;
    while (!ending.signal.aborted) {
      try {
        await batches();
        if (failures > 0) log.info("the audit log is settled again");
        failures = 0;
      } catch (err) {
        if (failures === 0) log.error({ err }, "the audit log could not be settled; it is tried again");
        failures++;
      }
      const pauseMs = failures === 0 ? everyMs : Math.min(FIRST_BACK_OFF_MS * 2 ** (failures - 1), LONGEST_BACK_OFF_MS);
      await rest(pauseMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
  }

  async function signed(wanted: Wanted): Promise<StoredCheckpoint | null> {
    const made = await signCheckpoint(parts, wanted);
    if (made?.isNew) await keep(wanted.tenantId);
    return made && made.checkpoint;
  }

  const settlement = async () => {
    const [row] = await inNotary(house, { readOnly: true }, (db) => db.query<{ logId: string; xid: string; event: string }>('select log_id as "logId", xid, event from audit_settlement'));
    if (!row) throw new Error("audit_settlement is empty");
    return row;
  };

  return {
    start() {
      working ??= work();
    },
    async close() {
      ending.abort();
      await working;
    },
    async settle() {
      const startedAt = performance.now();
      const later = await nextTransaction(house);
      for (;;) {
        const outcome = await batch();
        const tookMs = performance.now() - startedAt;
        if (outcome === "done" && (tookMs >= patienceMs || !(await waitsBefore(house, later)))) return;
        if (tookMs > LONGEST_WAIT_MS) throw new Fault("UNAVAILABLE", "The audit log is still being settled; try again later");
        await (outcome === "more" ? nextTurn() : rest(POLL_MS));
      }
    },
    cursor: settlement,
    logId: async () => (await settlement()).logId,
    checkpoint: (tenantId, kind) => signed({ tenantId, kind }),
    async checkpointAt(tenantId, position, kind) {
      const checkpoint = await signed({ tenantId, position, kind });
      if (!checkpoint) throw new Error(`the chain of tenant ${tenantId} has no place ${position}`);
      return checkpoint;
    },
    async checkpointGrown() {
      for (const tenantId of await grownChains(house)) await signed({ tenantId, kind: AuditCheckpointKind.INTERVAL });
    },
  };
}
