/** Owns the counting of how much tenants use the registry: collected in memory while operations are answered, written afterwards, one tenant after the other. */
import type { FastifyBaseLogger } from "fastify";
import { dayOf } from "../kernel/days.js";
import { openDoors, type Doors, type House } from "../kernel/doors.js";
import { Fault } from "../kernel/fault.js";
import { REGISTRY_ITSELF } from "../kernel/principal.js";
import type { UsageNotes } from "../kernel/usage.js";
import { countDays, type Count } from "./tenant-usage.statements.js";

export interface TenantUsage extends UsageNotes {
  /** Write what has been counted so far. Never rejects: what cannot be written is kept for the next time. */
  flush(): Promise<void>;
  /** Write again and again from now on; without it only {@link TenantUsage.flush} writes. */
  start(): void;
  /** Write for the last time. */
  close(): Promise<void>;
}

export interface TenantUsageParts {
  house: House;
  now: () => Date;
  log: Pick<FastifyBaseLogger, "info" | "warn" | "error">;
  everyMs: number;
}

/** While nothing can be written, no more counts than these are remembered: some megabytes. */
const MOST = 50_000;
/** What the registry writes down by itself was asked for by nobody. */
const ORIGIN = { requestId: "tenant-usage", sourceIp: null, userAgent: null };
/** One tenant's writing takes one short transaction. */
const BUDGET_MS = 5_000;

/**
 * How many operations there were a day, and how many of them failed. An instance that is killed takes with it what it counted since it
 * last wrote; counts whose commit was not acknowledged are written again, so they may be there twice.
 */
export function openTenantUsage({ house, now, log, everyMs }: TenantUsageParts): TenantUsage {
  const noted = new Map<string, Count>();
  let lastWriting: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let works = true;
  let dropping = false;

  function add({ tenantId, environment, day, operations, errors }: Count): void {
    const key = `${tenantId}/${environment}/${day}`;
    const count = noted.get(key);
    if (count) {
      count.operations += operations;
      count.errors += errors;
      return;
    }
    if (noted.size < MOST) {
      noted.set(key, { tenantId, environment, day, operations, errors });
      return;
    }
    if (!dropping) log.warn({ counts: noted.size }, "the use of no more tenants can be remembered until it can be written; that of others is not counted");
    dropping = true;
  }

  /** What is counted of a tenant while it is being written waits for the next time. */
  async function writeTenant(tenantId: string, counts: readonly Count[]): Promise<void> {
    for (const { environment, day } of counts) noted.delete(`${tenantId}/${environment}/${day}`);
    try {
      await doorsFor(house).within(tenantId).change("usage.count", async (tx) => {
        await countDays(tx, tenantId, counts);
        return { value: null, unaudited: "bookkeeping" };
      });
    } catch (thrown) {
      if (isGone(thrown)) return;
      counts.forEach(add);
      throw thrown;
    }
  }

  async function write(): Promise<void> {
    const failures: unknown[] = [];
    for (const [tenantId, counts] of byTenant(noted.values())) {
      try {
        await writeTenant(tenantId, counts);
      } catch (thrown) {
        failures.push(thrown);
        // Nothing can be written now, whosever it is.
        if (thrown instanceof Fault && thrown.retryable) break;
      }
    }
    dropping &&= noted.size >= MOST;
    if (failures.length === 0 && !works) log.info("the use of tenants is written again");
    if (failures.length > 0 && works) log.warn({ err: failures[0] }, "the use of tenants could not be written; it is kept and written later");
    works = failures.length === 0;
  }

  const flush = () => (lastWriting = lastWriting.then(write));
  const rest = () => {
    timer = setTimeout(() => void flush().then(() => running && rest()), everyMs);
  };

  return {
    note: (tenantId, environment, failed) => add({ tenantId, environment, day: dayOf(now()), operations: 1, errors: failed ? 1 : 0 }),
    flush,
    start() {
      running = true;
      rest();
    },
    async close() {
      running = false;
      clearTimeout(timer);
      await flush();
      if (noted.size > 0) log.error({ counts: noted.size }, "the use of tenants could not be written before the end, and is lost");
    },
  };
}

function byTenant(counts: Iterable<Count>): ReadonlyMap<string, Count[]> {
  const tenants = new Map<string, Count[]>();
  for (const count of counts) tenants.set(count.tenantId, [...(tenants.get(count.tenantId) ?? []), count]);
  return tenants;
}

function doorsFor(house: House): Doors {
  const started = performance.now();
  return openDoors(house, { principal: REGISTRY_ITSELF, origin: ORIGIN, remainingMs: () => BUDGET_MS - (performance.now() - started), committed: () => undefined });
}

/** An archived tenant's use is counted no more, and of one that is gone nothing is left to count for. */
function isGone(thrown: unknown): boolean {
  return thrown instanceof Fault && (thrown.code === "TENANT_READ_ONLY" || thrown.code === "NOT_FOUND");
}
