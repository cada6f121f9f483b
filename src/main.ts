/** Owns the start and the end of the process: configuration, composition, listening, draining. */
import { pino } from "pino";
import { BOUNDS, ConfigError, readConfig } from "./config.js";
import { up } from "./database/migrate.js";
import { asOwner, openService, openServiceDataSource } from "./service.js";

const REDACTED = ["req.headers.authorization", "headers.authorization", "*.password", "*.secret", "*.token"];

async function main(): Promise<void> {
  const config = readConfig();
  const log = pino({ level: config.logLevel, redact: REDACTED });
  const development = config.environment === "dev" ? await import("./development/start.js") : null;
  const brought = (await development?.bringAlong(config)) ?? {};
  if (config.migrateOnStart) {
    const { applied, adopted, version } = await asOwner(config, brought.embedded, (owner) => up(owner));
    log.info({ applied, adopted, version }, "database migrated");
  }
  await development?.seed(config, brought);
  const dataSource = await openServiceDataSource(config, brought.embedded, log);
  const service = await openService({ config, log, dataSource, ...brought });
  await development?.furnish(service.app, config, brought);
  drainOnSignal(async () => {
    await service.close();
    await brought.embedded?.close();
  }, log);
  await service.app.listen(config.listen);
  await development?.greet(config, brought);
}

/** Finish what is under way, then leave; whoever still waits after the drain time is cut off. */
function drainOnSignal(close: () => Promise<void>, log: { info(message: string): void; error(fields: object, message: string): void }): void {
  let draining = false;
  const drain = (signal: NodeJS.Signals) => {
    if (draining) return;
    draining = true;
    log.info(`${signal}: draining`);
    setTimeout(() => {
      log.error({ drainMs: BOUNDS.drainMs }, "drain time is over");
      process.exit(1);
    }, BOUNDS.drainMs).unref();
    close().then(
      () => process.exit(0),
      (err: unknown) => {
        log.error({ err }, "closing failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", drain);
  process.on("SIGINT", drain);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});

/** What an operator can mend is said in one sentence; only a surprise shows its stack. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

