/**
 * Owns for how long what was read of keys and tenants may be told without reading it again: what the database tells of changes, and what
 * holds while it tells nothing. Who remembers what is the features' business; the connection is `notices.connection.ts`.
 */
import type { FastifyBaseLogger } from "fastify";
import { isUuid } from "./id.js";
import { listen, type BeatTiming } from "./notices.connection.js";

export type Notice =
  /** A key's row has changed, or is gone. */
  | { kind: "key"; lookupId: string }
  /** What decides about a tenant has changed: its own row, or those of its entitlements and projects. */
  | { kind: "tenant"; tenantId: string }
  /** Anything may have changed: what was read before, or is being read, is to be read again. */
  | { kind: "all" };

/** When something began to be read. Both are taken before the read. */
export interface ReadMark {
  /** {@link Notices.epoch} */
  epoch: number;
  /** `performance.now()` */
  readAtMs: number;
}

export interface Notices {
  /** Is every change heard of that was acknowledged longer ago than {@link Notices.maxStalenessMs}? */
  readonly live: boolean;
  /** A change that was acknowledged longer ago than this is known here, or what was read before it is not trusted any more. */
  readonly maxStalenessMs: number;
  /** Another one after each time that notices may have been missed. */
  readonly epoch: number;
  /** May what was read then still be told? */
  trusts(read: ReadMark): boolean;
  on(hear: (notice: Notice) => void): void;
  start(): void;
  /** Resolves when nothing of it is left: no connection, no timer. */
  close(): Promise<void>;
}

export interface NoticeTiming extends BeatTiming {
  /** How long after a beat was sent that came back, nothing can have been missed without its being noticed here. */
  leaseMs: number;
  /** How long what was read is told while no notices come. */
  downTtlMs: number;
  /** How long it is told at most, although nothing was heard of a change. */
  oldestMs: number;
  firstRetryMs: number;
  lastRetryMs: number;
}

const TIMING: NoticeTiming = {
  connectTimeoutMs: 2_000,
  beatMs: 1_000,
  beatTimeoutMs: 1_000,
  leaseMs: 3_000,
  downTtlMs: 1_000,
  oldestMs: 60_000,
  firstRetryMs: 100,
  lastRetryMs: 5_000,
};

export interface NoticeParts {
  /** Null: a database with a single session, in which nobody can listen. Then it is as if no notices ever came. */
  url: string | null;
  role: string;
  log: Pick<FastifyBaseLogger, "info" | "warn">;
  timing?: Partial<NoticeTiming>;
}

/**
 * What is kept in memory is told without asking the database, so somebody must say when it no longer holds: the database does, at every
 * commit that matters. That notices come is believed for the time of a lease only, which each beat that comes back renews; without a lease
 * everything is read again after `downTtlMs`. Ages are measured on the monotonic clock, which nobody sets.
 */
export function openNotices({ url, role, log, timing: changed = {} }: NoticeParts): Notices {
  const timing = { ...TIMING, ...changed };
  const hearers: ((notice: Notice) => void)[] = [];
  let epoch = 0;
  let leaseUntilMs = -Infinity;
  let end: (() => Promise<void>) | undefined;
  let retry: NodeJS.Timeout | undefined;
  let failures = 0;

  const isLive = () => performance.now() < leaseUntilMs;
  const tell = (notice: Notice) => {
    if (notice.kind === "all") epoch++;
    for (const hear of hearers) hear(notice);
  };

  function connect(connectionUrl: string): void {
    let heardBefore = false;
    end = listen({
      url: connectionUrl,
      role,
      timing,
      listening: () => tell({ kind: "all" }),
      heard: (payload) => tell(noticeFrom(payload)),
      beaten(sentAtMs) {
        leaseUntilMs = sentAtMs + timing.leaseMs;
        if (!heardBefore) log.info("the database tells of changes to keys and tenants");
        heardBefore = true;
        failures = 0;
      },
      lost(err) {
        leaseUntilMs = -Infinity;
        if (failures === 0) log.warn({ err }, `the database does not tell of changes to keys and tenants: what is known of them is read again after ${timing.downTtlMs} ms`);
        retry = setTimeout(() => connect(connectionUrl), restAfter(failures++, timing));
      },
    });
  }

  return {
    get live() {
      return isLive();
    },
    get maxStalenessMs() {
      return isLive() ? timing.leaseMs : timing.downTtlMs;
    },
    get epoch() {
      return epoch;
    },
    trusts(read) {
      const now = performance.now();
      const ageMs = now - read.readAtMs;
      return now < leaseUntilMs ? read.epoch === epoch && ageMs < timing.oldestMs : ageMs < timing.downTtlMs;
    },
    on: (hear) => void hearers.push(hear),
    start() {
      if (url !== null && end === undefined) connect(url);
    },
    async close() {
      clearTimeout(retry);
      leaseUntilMs = -Infinity;
      await end?.();
    },
  };
}

/** `k <look-up id>` or `t <tenant's id>`, by the triggers of migration 11. What a newer version tells is not known here: then it may be anything. */
function noticeFrom(payload: string): Notice {
  const [kind, name = ""] = payload.split(" ", 2);
  if (kind === "k" && name !== "") return { kind: "key", lookupId: name };
  if (kind === "t" && isUuid(name)) return { kind: "tenant", tenantId: name.toLowerCase() };
  return { kind: "all" };
}

/** Twice as long after each failure, up to `lastRetryMs`; half of it by chance, so that not every instance comes at once. */
function restAfter(failures: number, { firstRetryMs, lastRetryMs }: NoticeTiming): number {
  const rest = Math.min(firstRetryMs * 2 ** failures, lastRetryMs);
  return rest * (0.5 + Math.random() / 2);
}
