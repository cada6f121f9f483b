/** Owns how the process ends: signals, draining, and what nobody caught. What is closed, and in which order, is the caller's. */
import type { Logger } from "pino";

export interface Ending {
  /** From now on a signal lets `close` finish what is under way before the process leaves. */
  drainWith(close: () => Promise<void>): void;
}

/**
 * Take over SIGTERM, SIGINT, and errors that nobody caught.
 *
 * A signal during the start leaves at once, with exit code 0: nothing has been acknowledged yet, and what is half done is rolled
 * back. Later ones drain: exit code 0 when all is closed, 1 when that fails or takes longer than `drainMs`. Further signals change
 * nothing, because npm passes on a Ctrl-C that the terminal has already sent. After an uncaught error nothing in this process can
 * be trusted, so it leaves at once with exit code 1; what was acknowledged is in the database.
 */
export function takeOverEnding(log: Logger, drainMs: number): Ending {
  let close: (() => Promise<void>) | undefined;
  let draining = false;

  const fatal = (err: unknown) => {
    log.fatal({ err }, "uncaught error");
    process.exit(1);
  };
  process.on("uncaughtException", fatal);
  process.on("unhandledRejection", fatal);

  const onSignal = (signal: NodeJS.Signals) => {
    if (draining) return;
    draining = true;
    if (close === undefined) {
      log.info({ signal }, "told to stop before the start was complete");
      process.exit(0);
    }
    log.info({ signal }, "draining");
    setTimeout(() => {
      log.error({ drainMs }, "drain time is over; what is still under way is cut off");
      process.exit(1);
    }, drainMs).unref();
    close().then(
      () => {
        log.info("drained");
        process.exit(0);
      },
      (err: unknown) => {
        log.error({ err }, "closing failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);

  return {
    drainWith(work) {
      close = work;
    },
  };
}
