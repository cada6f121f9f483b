/** Owns the answer to "can this instance do its work now?": named checks, bounded in time, and few of them however many ask. */
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { within } from "../kernel/within.js";

/** Name → check; each rejects with what is missing. */
export type ReadinessChecks = Readonly<Record<string, () => Promise<void>>>;

export interface ReadinessBounds {
  /** A check that takes longer has failed. */
  timeoutMs: number;
  /** So long an answer is given again without checking anew. */
  rememberMs: number;
}

/**
 * Returns a function that resolves to the names of the checks that fail, sorted; it never rejects and takes at most `timeoutMs`.
 *
 * Probes are not to become load: all that ask at one time share one round, its outcome is remembered for `rememberMs`, and a check that
 * hangs is waited for again rather than started again, so that it holds one connection and not one for each probe.
 */
export function openReadiness(checks: ReadinessChecks, { timeoutMs, rememberMs }: ReadinessBounds, log: Logger): () => Promise<string[]> {
  const underWay = new Map<string, Promise<void>>();
  let round: { failed: Promise<string[]>; endedAtMs: number } | undefined;

  async function holds(name: string, check: () => Promise<void>): Promise<boolean> {
    const running = underWay.get(name) ?? started(check).finally(() => underWay.delete(name));
    underWay.set(name, running);
    try {
      await within(running, timeoutMs);
      return true;
    } catch (err) {
      log.warn({ err, check: name }, "not ready");
      return false;
    }
  }

  async function failing(): Promise<string[]> {
    const names = Object.keys(checks).sort();
    const outcomes = await Promise.all(names.map((name) => holds(name, checks[name] as () => Promise<void>)));
    return names.filter((_, index) => !outcomes[index]);
  }

  return () => {
    if (round && performance.now() - round.endedAtMs < rememberMs) return round.failed;
    const begun = { failed: failing(), endedAtMs: Number.POSITIVE_INFINITY };
    round = begun;
    void begun.failed.then(() => (begun.endedAtMs = performance.now()));
    return begun.failed;
  };
}

/** `/healthz`: the process answers. `/readyz`: it can do its work; names what is missing, without details. Returns what begins draining. */
export function healthEndpoints(app: FastifyInstance, failing: () => Promise<string[]>): () => void {
  let draining = false;
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const failed = draining ? ["draining"] : await failing();
    return failed.length > 0 ? reply.code(503).send({ status: "unavailable", failed }) : { status: "ready" };
  });
  app.addHook("onSend", async (_request, reply) => {
    // A connection that is kept alive would hold the server open until its caller lets go.
    if (draining) reply.header("connection", "close");
  });
  return () => {
    draining = true;
  };
}

/** A check that throws instead of rejecting has failed just the same. */
async function started(check: () => Promise<void>): Promise<void> {
  await check();
}
