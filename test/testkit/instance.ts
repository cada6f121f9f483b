/** Owns a second instance of the service on the database of a registry under test. */
import { loadCatalog } from "../../src/catalog/catalog.file.js";
import type { Config } from "../../src/config.js";
import { loadDemo } from "../../src/demo/demo.file.js";
import { loadPlatform } from "../../src/platform/platform.file.js";
import { openLog } from "../../src/process/log.js";
import { openService, type Service } from "../../src/service.js";
import type { Registry } from "./registry.js";

/** It shares the registry's database connections, which are the registry's to close; it answers nobody unless it is told to listen. */
export async function anotherInstance({ config: own, dataSource, clock, keycloak }: Registry, changes: Partial<Config> = {}): Promise<Service> {
  const config = { ...own, ...changes };
  const catalog = await loadCatalog(config.catalogFile);
  return openService({
    config,
    log: openLog("silent"),
    dataSource,
    catalog,
    demo: await loadDemo(config, catalog),
    platform: await loadPlatform(config.platformFile),
    now: () => clock.now ?? new Date(),
    keycloak: keycloak.client,
  });
}
