/** Owns the composition root: configuration, what development brings along, migrations, the service, listening. How it ends is `process/ending.ts`. */
import { loadCatalog } from "./catalog/catalog.file.js";
import { BOUNDS, readConfig } from "./config.js";
import { up } from "./database/migrate.js";
import { loadDemo } from "./demo/demo.file.js";
import { loadPlatform } from "./platform/platform.file.js";
import { takeOverEnding } from "./process/ending.js";
import { explain } from "./process/explain.js";
import { openLog } from "./process/log.js";
import { asOwner, openService, openServiceDataSource } from "./service.js";

async function main(): Promise<void> {
  const config = readConfig();
  const catalog = await loadCatalog(config.catalogFile);
  const demo = await loadDemo(config, catalog);
  const platform = await loadPlatform(config.platformFile);
  const log = openLog(config.logLevel);
  const ending = takeOverEnding(log, BOUNDS.drainMs);
  for (const misspelling of config.misspelt) log.warn(misspelling, "a variable is set that nothing reads; it looks misspelt");
  const development = config.environment === "dev" ? await import("./development/start.js") : null;
  const brought = (await development?.bringAlong(config)) ?? {};
  try {
    if (config.migrateOnStart) {
      const { applied, adopted, version } = await asOwner(config, brought.embedded, (owner) => up(owner));
      log.info({ applied, adopted, version }, "database migrated");
    }
    await development?.seed(config, brought);
    const dataSource = await openServiceDataSource(config, brought.embedded, log);
    const service = await openService({ config, log, dataSource, catalog, demo, platform, ...brought });
    await development?.furnish(service.app, config, brought);
    ending.drainWith(async () => {
      await service.close();
      await brought.embedded?.close();
    });
    await service.app.listen(config.listen);
    service.jobs.start();
    service.keys.start();
    service.usage.start();
    void service.lookAround();
  } catch (error) {
    await brought.embedded?.close();
    throw error;
  }
  await development?.greet(config);
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(1);
});
